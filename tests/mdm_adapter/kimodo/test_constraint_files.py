"""Constraint files: there and back, with fingers or without, and files that are none."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_adapter.models.kimodo.constraint_files import TYPES, read_constraints, write_constraints
from mdm_adapter.models.kimodo.constraints import Constraint, GroundPath, Poses
from mdm_adapter.models.kimodo.geometry import axis_angle_to_matrix
from mdm_adapter.models.kimodo.skeletons import SOMA30, SOMA77


def poses(limbs: tuple[str, ...] | None = None) -> Poses:
    generator = torch.Generator().manual_seed(0)
    local = axis_angle_to_matrix(torch.randn(2, 30, 3, generator=generator, dtype=torch.float64) * 0.4)
    rotations, joints = SOMA30.forward_kinematics(local, torch.randn(2, 3, generator=generator).double())
    return Poses(
        torch.tensor([3, 8]), joints, rotations, torch.tensor([[0.0, 1.0], [2.0, 3.0]]).double(), limbs
    )


CONSTRAINTS: list[Constraint] = [
    GroundPath(torch.tensor([0, 4]), torch.tensor([[0.0, 1.0], [2.0, 3.0]]).double()),
    GroundPath(torch.tensor([1]), torch.zeros(1, 2).double(), torch.tensor([[0.0, 1.0]]).double()),
    poses(),
    poses(("LeftHand",)),
    poses(("RightHand",)),
    poses(("LeftFoot",)),
    poses(("RightFoot",)),
    poses(("LeftHand", "Hips")),
]


def test_there_and_back(tmp_path: Path) -> None:
    path = tmp_path / "constraints.json"
    write_constraints(path, CONSTRAINTS, SOMA30, force=False)
    entries = json.loads(path.read_text())
    assert {entry["type"] for entry in entries} == set(TYPES)
    assert len(entries[2]["local_joints_rot"][0]) == len(SOMA77)
    found = read_constraints(path, SOMA30)
    for one, other in zip(found, CONSTRAINTS):
        assert type(one) is type(other)
        assert torch.equal(one.frames, other.frames)
        if isinstance(one, Poses) and isinstance(other, Poses):
            assert torch.allclose(one.joints, other.joints, atol=1e-9)
            assert torch.allclose(one.rotations, other.rotations, atol=1e-9)
            assert one.limbs == other.limbs
        for name in ("ground", "heading"):
            mine, theirs = getattr(one, name, None), getattr(other, name, None)
            assert (mine is None) == (theirs is None)
            assert mine is None or torch.allclose(mine, theirs)
    with pytest.raises(FileExistsError):
        write_constraints(path, CONSTRAINTS, SOMA30, force=False)


def test_thirty_joints_do_as_well(tmp_path: Path) -> None:
    entry = {
        "type": "fullbody", "frame_indices": [2], "local_joints_rot": [[[0.0, 0.0, 0.0]] * 30],
        "root_positions": [[0.0, 1.0, 0.0]],
    }  # fmt: skip
    path = tmp_path / "one.json"
    path.write_text(json.dumps([entry]))
    (found,) = read_constraints(path, SOMA30)
    assert isinstance(found, Poses)
    assert found.ground is None
    assert torch.allclose(found.joints[0], SOMA30.neutral + torch.tensor([0.0, 1.0, 0.0]).double())


GOOD = {"type": "root2d", "frame_indices": [0], "smooth_root_2d": [[0.0, 0.0]]}
POSE = {
    "type": "fullbody", "frame_indices": [0], "local_joints_rot": [[[0.0] * 3] * 77], "root_positions": [[0.0] * 3],
}  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (3, "constraint 0: it is a int, not an object"),
        ({**GOOD, "type": "tail"}, "type 'tail' is unknown; supported: root2d, fullbody"),
        ({"type": "root2d", "frame_indices": [0]}, "lacks 'smooth_root_2d'"),
        ({**GOOD, "smooth_root_2d": [[0.0, 1.0, 2.0]]}, r"ground has shape \[1, 3\] for 1 frames"),
        ({**GOOD, "smooth_root_2d": [[0.0], [1.0, 2.0]]}, "smooth_root_2d holds something else than numbers"),
        ({**GOOD, "smooth_root_2d": "far"}, "smooth_root_2d is no list"),
        ({**GOOD, "frame_indices": [0.0, -3.0]}, "frames have shape"),
        ({**GOOD, "smooth_root_2d": [[float("inf"), 0.0]]}, "not finite"),
        ({**POSE, "local_joints_rot": [[[0.0] * 3] * 5]}, "it has 5 joints; soma30 has 30"),
        ({**POSE, "root_positions": [[0.0] * 2]}, r"root_positions have shape \[1, 2\]"),
        ({**POSE, "type": "end-effector"}, "lacks 'joint_names'"),
        ({**POSE, "type": "end-effector", "joint_names": ["Tail"]}, "limb 'Tail' is unknown"),
    ],
)
def test_entries_that_are_none(tmp_path: Path, entry: Any, message: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps([entry]))
    with pytest.raises(ValueError, match=message):
        read_constraints(path, SOMA30)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.json do not exist"):
        read_constraints(tmp_path / "nothing.json", SOMA30)
    path = tmp_path / "wrong.json"
    for text, message in (("{", "is not JSON"), ("{}", "holds no list"), ("[" * 100_000, "is not JSON")):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_constraints(path, SOMA30)


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from([*GOOD, *POSE, "joint_names", "other"]), inner, max_size=5)
        ),
        max_leaves=12,
    ),
    st.sampled_from(TYPES),
)
def test_whatever_is_in_a_file_the_answer_is_a_line(tmp_path_factory: Any, entry: Any, kind: str) -> None:
    path = tmp_path_factory.mktemp("any") / "any.json"
    wanted = {**entry, "type": kind} if isinstance(entry, dict) else entry
    path.write_text(json.dumps([wanted]))
    said = ""
    try:
        found = read_constraints(path, SOMA30)
    except ValueError as error:
        said = str(error)
    # Either it is one constraint, or one line says why not.
    assert len(found) == 1 if not said else (str(path) in said and "\n" not in said)
