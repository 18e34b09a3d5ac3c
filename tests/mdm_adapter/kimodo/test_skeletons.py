"""Bodies: SOMA's tables, its fingers, and joints that a user brings."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from kimodo_toys import arrays, skeleton
from paths import golden

from mdm_adapter.models.kimodo.skeletons import (
    SOMA30,
    SOMA77,
    read_neutral_joints,
    smplx22,
    with_fingers,
    without_fingers,
)
from mdm_adapter.representation.skeleton import PARENTS


def random_rotations(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    matrix = torch.linalg.qr(torch.randn(*shape, 3, 3, generator=generator, dtype=torch.float64))[0]
    return matrix * torch.linalg.det(matrix)[..., None, None]


@pytest.mark.parametrize("name", ["soma30", "soma77", "smplx22"])
def test_tables_are_the_published_ones(name: str) -> None:
    data = arrays("kimodo_skeletons.npz")
    with np.load(golden("kimodo_skeletons.npz")) as archive:
        names = [str(joint) for joint in archive[f"{name}/names"]]
    body = {"soma30": SOMA30, "soma77": SOMA77}.get(name) or skeleton("smplx22")
    assert list(body.joints) == names
    assert list(body.parents) == data[f"{name}/parents"].tolist()
    assert list(body.hips) == data[f"{name}/hip_right_left"].tolist()
    neutral = data[f"{name}/neutral_joints"]
    assert torch.allclose(body.neutral, neutral - neutral[:1], atol=1e-7)
    for limb, chain in zip(("left_foot", "right_foot", "left_hand", "right_hand"), body.limbs):
        assert list(chain) == data[f"{name}/{limb}"].tolist()


def test_fingers_at_rest() -> None:
    data = arrays("kimodo_skeletons.npz")
    wide = with_fingers(data["convert_local_rot_mats_30"])
    assert torch.allclose(wide, data["convert_local_rot_mats_77"], atol=2e-6)
    _, joints = SOMA77.forward_kinematics(wide, data["convert_root"])
    assert torch.allclose(joints, data["convert_posed_joints_77"], atol=2e-6)


def test_fingers_move_nothing_but_the_ends_of_hands() -> None:
    local = random_rotations(2, 4, 30)
    root = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    wide = with_fingers(local)
    assert torch.equal(without_fingers(wide), local)
    _, narrow_joints = SOMA30.forward_kinematics(local, root)
    _, wide_joints = SOMA77.forward_kinematics(wide, root)
    apart = (narrow_joints - wide_joints[..., [SOMA77.joints.index(n) for n in SOMA30.joints], :]).norm(
        dim=-1
    )
    ends = [i for i, name in enumerate(SOMA30.joints) if name.endswith("End")]
    others = [i for i in range(30) if i not in ends]
    assert len(ends) == 4
    assert apart[..., others].max() < 1e-7
    assert apart[..., ends].min() > 0.005
    assert apart[..., ends].max() < 0.2


def test_kinematics_keep_bones_and_come_back() -> None:
    local, root = random_rotations(3, 30), torch.zeros(3, 3, dtype=torch.float64)
    turned, joints = SOMA30.forward_kinematics(local, root)
    assert torch.allclose(SOMA30.local_rotations(turned), local, atol=1e-12)
    parents = list(SOMA30.parents[1:])
    lengths = (joints[:, 1:] - joints[:, parents]).norm(dim=-1)
    assert torch.allclose(lengths, SOMA30.offsets[1:].norm(dim=-1).expand(3, -1), atol=1e-12)
    at_rest = torch.eye(3, dtype=torch.float64).expand(30, 3, 3)
    assert torch.allclose(
        SOMA30.forward_kinematics(at_rest, torch.zeros(3).double())[1], SOMA30.neutral, atol=1e-12
    )


def body_file(folder: Path, suffix: str) -> tuple[Path, torch.Tensor]:
    """Joints of a stick figure that hangs together like SMPL's."""
    generator = torch.Generator().manual_seed(2)
    joints = torch.zeros(22, 3, dtype=torch.float64)
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            step = torch.randn(3, generator=generator, dtype=torch.float64)
            joints[joint] = joints[parent] + 0.2 * step / step.norm()
    path = folder / f"joints{suffix}"
    if suffix == ".npy":
        np.save(path, joints.numpy())
    else:
        torch.save(joints[None], path)
    return path, joints


@pytest.mark.parametrize("suffix", [".npy", ".p"])
def test_joints_of_a_file(tmp_path: Path, suffix: str) -> None:
    path, joints = body_file(tmp_path, suffix)
    found = read_neutral_joints(path)
    assert torch.equal(found, joints)
    body = smplx22(found + 1.0)
    assert torch.allclose(body.neutral, joints - joints[0])


def test_files_that_hold_no_joints(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing.npy do not exist; give kimodo/assets"):
        read_neutral_joints(tmp_path / "nothing.npy")
    path = tmp_path / "joints.npy"
    np.save(path, np.zeros((5, 3)))
    with pytest.raises(ValueError, match=r"has shape \[5, 3\]"):
        read_neutral_joints(path)
    np.save(path, np.zeros((22, 3)))
    with pytest.raises(ValueError, match="has bones of 0 to 0 m"):
        read_neutral_joints(path)
    path.write_bytes(b"no such file")
    with pytest.raises(ValueError, match="holds no joints"):
        read_neutral_joints(path)
    pickled = tmp_path / "joints.p"
    pickled.write_bytes(pickle.dumps(Path("anything"), protocol=2))
    with pytest.raises(ValueError, match="holds no joints"):
        read_neutral_joints(pickled)
    with open(tmp_path / "big.npy", "wb") as file:
        file.truncate(2 << 20)
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        read_neutral_joints(tmp_path / "big.npy")
    with pytest.raises(ValueError, match=r"expected \[22, 3\]"):
        smplx22(torch.zeros(21, 3))
