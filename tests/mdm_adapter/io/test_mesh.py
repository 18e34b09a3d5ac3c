"""Meshes of a user's body model: where smplx puts the vertices, and the same skin on bones in a GLB."""

from pathlib import Path

import numpy as np
import pytest
from bodies import Motion
from body_models import write_body_model
from other_programs import validate
from paths import FIXTURES

from mdm_adapter.bodies import Bodies
from mdm_adapter.io.glb_reader import read_glb
from mdm_adapter.io.gltf_parts import Glb
from mdm_adapter.io.mesh import surface_of, write_body_glb, write_obj
from mdm_adapter.io.rig import NAMES
from mdm_adapter.io.smpl import SMPL_REST, smpl_joints
from mdm_adapter.representation.skeleton import PARENTS


def clip(frames: int = 12) -> Motion:
    with np.load(FIXTURES / "hml_official_012314.npz", allow_pickle=False) as file:
        return Motion(file["new_joints"][None, 40 : 40 + frames])


def meshes(files: tuple[Path, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Vertices [F, V, 3] and the faces of the first file."""
    found = []
    for file in files:
        lines = [line.split() for line in file.read_text(encoding="ascii").splitlines()]
        found.append([[float(x) for x in line[1:]] for line in lines if line[0] == "v"])
        faces = [[int(x) for x in line[1:]] for line in lines if line[0] == "f"]
    return np.array(found), np.array(faces)


@pytest.mark.parametrize("kind", ["smplh", "smplx", "smpl"])
def test_meshes_carry_the_joints_of_the_fit(tmp_path: Path, kind: str) -> None:
    pytest.importorskip("smplx")
    write_body_model(tmp_path, kind, posedirs=None)
    with pytest.raises(ValueError, match="'posedirs' is missing"):
        write_obj(tmp_path / "walk.obj", clip(), body_model=tmp_path)
    path = write_body_model(tmp_path, kind)
    with np.load(path, allow_pickle=True) as file:
        arrays = {key: file[key] for key in file.files}
    np.savez(path, **{**arrays, "posedirs": np.zeros_like(arrays["posedirs"])})
    files = write_obj(tmp_path / "walk.obj", clip(), body_model=tmp_path)
    assert [file.name for file in files[:2]] == ["walk-00001.obj", "walk-00002.obj"]
    assert len(files) == 12
    vertices, faces = meshes(files)
    np.testing.assert_array_equal(faces, arrays["f"] + 1)
    # Of every cube the half that goes with its own joint alone turns about the joint.
    own = vertices.reshape(12, -1, 8, 3)[:, :22, 4:]
    motion = clip().joints[0]
    mesh = write_body_glb(tmp_path / "walk.glb", clip(), body_model=tmp_path)
    read = read_glb(mesh, fps=20.0)
    joints = read.positions[:, [read.names.index(name) for name in NAMES]]
    assert np.linalg.norm(own - joints[:, :, None], axis=-1).max() < 0.0175  # a corner is 0.0173 m away
    bones = [points[:, 1:] - points[:, list(PARENTS[1:])] for points in (joints, motion)]
    one, other = (bone / np.linalg.norm(bone, axis=-1, keepdims=True) for bone in bones)
    assert np.degrees(np.arccos(np.clip((one * other).sum(-1), -1, 1))).max() < 4


def test_the_skin_on_bones_is_the_mesh_without_correctives(tmp_path: Path) -> None:
    pytest.importorskip("smplx")
    write_body_model(tmp_path, "smplh")
    body = Bodies(tmp_path).body()
    surface = surface_of(body, body.shaped(np.zeros(0))[0])
    assert (surface.weights.astype(int).sum(axis=1) == 255).all()
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1, atol=1e-5)
    own = surface.joints[np.arange(len(surface.points)), 0]
    assert (own[: 8 * 22].reshape(22, 8)[:, 4:] == np.arange(22)[:, None]).all()
    assert set(own[8 * 22 :]) <= {20, 21}  # fingers go with the wrists


def test_the_validator_finds_nothing(tmp_path: Path) -> None:
    write_body_model(tmp_path, "smplx")
    report = validate(write_body_glb(tmp_path / "walk.glb", clip(), body_model=tmp_path, ground=True))
    assert report["issues"]["numErrors"] == report["issues"]["numWarnings"] == 0, report["issues"]


def test_a_fitted_body_has_the_joints_of_the_motion(tmp_path: Path) -> None:
    """Of a motion in the body's own proportions."""
    write_body_model(tmp_path, "smplh")
    rng = np.random.default_rng(0)
    poses = np.cumsum(rng.normal(0, 0.02, (20, 66)), axis=0)
    joints = smpl_joints(poses, np.tile([0.0, 1.2, 0.0], (20, 1)), SMPL_REST)
    read = read_glb(write_body_glb(tmp_path / "a.glb", Motion(joints[None]), body_model=tmp_path), fps=20.0)
    found = read.positions[:, [read.names.index(name) for name in NAMES]]
    assert np.linalg.norm(found - joints, axis=-1).max() < 2e-4


def test_the_skin_stands_on_the_ground_at_rest(tmp_path: Path) -> None:
    write_body_model(tmp_path, "smplh")
    glb = Glb(write_body_glb(tmp_path / "walk.glb", clip(), body_model=tmp_path))
    primitive = glb.entries("meshes")[0]["primitives"][0]
    assert glb.accessor(primitive["attributes"]["POSITION"])[:, 1].min() == pytest.approx(0, abs=1e-6)


def test_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        ValueError, match=r"no body model neutral SMPL\+H: put smplh/neutral/model\.npz into"
    ) as error:
        write_obj(tmp_path / "walk.obj", clip(), body_model=tmp_path)
    assert "\n" not in str(error.value)
    write_body_model(tmp_path, "smplh")
    with pytest.raises(ValueError, match="gender is 'robot'"):
        write_body_glb(tmp_path / "walk.glb", clip(), body_model=tmp_path, gender="robot")
    monkeypatch.setattr("mdm_adapter.io.mesh.MAX_MESHES", 5)
    with pytest.raises(ValueError, match="12 meshes are more than 5"):
        write_obj(tmp_path / "walk.obj", clip(), body_model=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["smplh"]
