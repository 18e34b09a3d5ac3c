"""SMPL parameters: the template's joints go where the motion's bones point, as AMASS stores it."""

from pathlib import Path

import numpy as np
import pytest
from bodies import Motion
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import FIXTURES

from mdm_adapter.io.smpl import SMPL_REST, smpl_joints, write_smpl
from mdm_adapter.representation.skeleton import PARENTS

STANDING = SMPL_REST - [SMPL_REST[0, 0], SMPL_REST[10, 1], SMPL_REST[0, 2]]


def written(path: Path, joints: np.ndarray, **options: object) -> dict[str, np.ndarray]:
    (target,) = write_smpl(path, Motion(joints[None]), force=True, **options)  # type: ignore[arg-type]
    with np.load(target, allow_pickle=False) as file:
        return {key: file[key] for key in file.files}


def directions(joints: np.ndarray) -> np.ndarray:
    bones = joints[:, 1:] - joints[:, list(PARENTS[1:])]
    return bones / np.linalg.norm(bones, axis=-1, keepdims=True)


def test_the_template_itself_has_no_rotations(tmp_path: Path) -> None:
    found = written(tmp_path / "t.npz", np.repeat(STANDING[None], 3, axis=0), up="y")
    np.testing.assert_allclose(found["poses"], 0, atol=1e-7)
    np.testing.assert_allclose(found["trans"], np.repeat(STANDING[:1] - SMPL_REST[:1], 3, axis=0), atol=1e-6)


def test_a_file_looks_like_those_of_amass(tmp_path: Path) -> None:
    found = written(tmp_path / "t.npz", np.repeat(STANDING[None], 5, axis=0), fps=60)
    shapes = {key: value.shape for key, value in found.items()}
    assert shapes == {
        "poses": (13, 156), "trans": (13, 3), "betas": (16,), "dmpls": (13, 8), "gender": (), "mocap_framerate": (),
    }  # fmt: skip
    assert str(found["gender"]) == "neutral"
    assert float(found["mocap_framerate"]) == 60
    # z up: the body stands along z, so that its root is turned a quarter about x.
    np.testing.assert_allclose(found["poses"][:, :3], np.tile([np.pi / 2, 0, 0], (13, 1)), atol=1e-7)
    np.testing.assert_allclose(found["poses"][:, 3:], 0, atol=1e-7)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31 - 1), st.sampled_from(["y", "z"]))
def test_joints_of_random_parameters_come_back(tmp_path: Path, seed: int, up: str) -> None:
    rng = np.random.default_rng(seed)
    poses = rng.uniform(-0.5, 0.5, (3, 66))
    joints = smpl_joints(poses, rng.normal(size=(3, 3)))
    found = written(tmp_path / "r.npz", joints, up=up)
    back = smpl_joints(found["poses"], found["trans"])
    if up == "z":
        back = back[..., [0, 2, 1]] * [1, 1, -1]
    np.testing.assert_allclose(back, joints, atol=1e-4)


def test_bodies_of_other_proportions_stand_as_high(tmp_path: Path) -> None:
    steps = np.linspace(0, 2, 30)[:, None, None] * [0, 0, 1]
    found = written(tmp_path / "tall.npz", 1.3 * (STANDING + steps), up="y")
    back = smpl_joints(found["poses"], found["trans"])
    np.testing.assert_allclose(back, STANDING + steps, atol=1e-4)


def test_a_clip_of_the_dataset_bends_as_smpl_does(tmp_path: Path) -> None:
    with np.load(FIXTURES / "hml_official_012314.npz", allow_pickle=False) as file:
        joints = file["new_joints"].astype(np.float64)
    found = written(tmp_path / "clip.npz", joints, up="y")
    back = smpl_joints(found["poses"], found["trans"])
    off = np.degrees(np.arccos(np.clip((directions(back) * directions(joints)).sum(-1), -1, 1)))
    assert off.max() < 4
    # A body that lies and sits on the floor is nowhere far below it.
    assert back[..., 1].min() > -0.05


def test_refusals(tmp_path: Path) -> None:
    joints = np.repeat(STANDING[None], 3, axis=0)
    with pytest.raises(ValueError, match=r"must be named \.npz"):
        write_smpl(tmp_path / "a.pkl", Motion(joints[None]))
    with pytest.raises(ValueError, match="choose y or z"):
        write_smpl(tmp_path / "a.npz", Motion(joints[None]), up="x")
    assert list(tmp_path.iterdir()) == []
    two = Motion(np.stack((joints, joints)))
    assert [path.name for path in write_smpl(tmp_path / "a.npz", two)] == ["a.npz", "a-2.npz"]
    with pytest.raises(FileExistsError, match="exists already"):
        write_smpl(tmp_path / "a.npz", two)
