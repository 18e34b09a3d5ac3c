"""Constraints on disk, as Kimodo's own tools write them: a JSON list of {type, frame_indices, ...}."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.constraints import Constraint, GroundPath, Poses
from mdm_adapter.models.kimodo.geometry import axis_angle_to_matrix, matrix_to_axis_angle
from mdm_adapter.models.kimodo.skeletons import SOMA30, SOMA77, Skeleton, with_fingers, without_fingers
from motioncollage.files import read_json, write_text

MAX_BYTES = 256 << 20
MAX_CONSTRAINTS, MAX_KEYFRAMES = 10_000, 100_000
GROUND_TYPE, BODY_TYPE, ENDS_TYPE = "root2d", "fullbody", "end-effector"
LIMB_TYPES = {
    "left-hand": "LeftHand", "right-hand": "RightHand", "left-foot": "LeftFoot", "right-foot": "RightFoot",
}  # fmt: skip
TYPES = (GROUND_TYPE, BODY_TYPE, *LIMB_TYPES, ENDS_TYPE)


def read_constraints(path: Path | str, skeleton: Skeleton) -> list[Constraint]:
    """Constraints of a file, for a skeleton; poses of SOMA may have 77 joints or 30.

    Raises:
        ValueError: no such file, too large, or not of this format; one line that names the entry.
    """
    path = Path(path)
    remedy = "give a JSON list of constraints as Kimodo writes it"
    if not path.is_file():
        raise ValueError(f"constraints {path} do not exist; {remedy}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MiB; {remedy}")
    entries = read_json(path, remedy)
    if not isinstance(entries, list) or len(entries) > MAX_CONSTRAINTS:
        raise ValueError(f"{path} holds no list of at most {MAX_CONSTRAINTS} constraints; {remedy}")
    found: list[Constraint] = []
    for number, entry in enumerate(entries):
        try:
            found.append(_read(entry, skeleton))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            said = f"lacks {error}" if isinstance(error, KeyError) else str(error)[:200]
            raise ValueError(f"{path}, constraint {number}: {said}") from error
    return found


def write_constraints(
    path: Path | str, constraints: Sequence[Constraint], skeleton: Skeleton, *, force: bool
) -> None:
    """Write constraints, complete or not at all.

    Raises:
        FileExistsError: the file is there and `force` is false.
        OSError: it cannot be written.
    """
    text = json.dumps([_written(constraint, skeleton) for constraint in constraints], indent=1) + "\n"
    write_text(path, text, force=force)


def _read(entry: Any, skeleton: Skeleton) -> Constraint:
    if not isinstance(entry, dict):
        raise ValueError(f"it is a {type(entry).__name__}, not an object with type and frame_indices")
    kind = entry["type"]
    if kind not in TYPES:
        raise ValueError(f"type {str(kind)[:40]!r} is unknown; supported: {', '.join(TYPES)}")
    frames = _numbers(entry, "frame_indices", 1).long()
    if kind == GROUND_TYPE:
        heading = _numbers(entry, "global_root_heading", 2) if "global_root_heading" in entry else None
        return GroundPath(frames, _numbers(entry, "smooth_root_2d", 2), heading)
    local = axis_angle_to_matrix(_numbers(entry, "local_joints_rot", 3))
    if skeleton is SOMA30 and local.shape[1] == len(SOMA77):
        local = without_fingers(local)
    if local.shape[1:] != (len(skeleton), 3, 3):
        raise ValueError(f"it has {local.shape[1]} joints; {skeleton.name} has {len(skeleton)}")
    root = _numbers(entry, "root_positions", 2)
    if root.shape != (len(local), 3):
        raise ValueError(f"root_positions have shape {list(root.shape)}; expected {[len(local), 3]}")
    rotations, joints = skeleton.forward_kinematics(local, root)
    ground = _numbers(entry, "smooth_root_2d", 2) if "smooth_root_2d" in entry else None
    limbs: tuple[str, ...] | None = None
    if kind == ENDS_TYPE:
        limbs = tuple(str(name) for name in entry["joint_names"])
    elif kind in LIMB_TYPES:
        limbs = (LIMB_TYPES[kind],)
    return Poses(frames, joints, rotations, ground, limbs)


def _numbers(entry: dict[str, Any], key: str, axes: int) -> Tensor:
    """An entry's numbers with so many axes, float64."""
    value = entry[key]
    if not isinstance(value, list) or len(value) > MAX_KEYFRAMES:
        raise ValueError(f"{key} is no list of at most {MAX_KEYFRAMES} frames")
    try:
        numbers = torch.tensor(value, dtype=torch.float64)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{key} holds something else than numbers in rows of one length") from error
    if numbers.ndim != axes:
        raise ValueError(f"{key} has {numbers.ndim} axes; expected {axes}")
    if not torch.isfinite(numbers).all():
        raise ValueError(f"{key} holds numbers that are not finite")
    return numbers


def _written(constraint: Constraint, skeleton: Skeleton) -> dict[str, Any]:
    entry: dict[str, Any] = {"frame_indices": constraint.frames.tolist()}
    if isinstance(constraint, GroundPath):
        entry |= {"type": GROUND_TYPE, "smooth_root_2d": constraint.ground.tolist()}
        if constraint.heading is not None:
            entry["global_root_heading"] = constraint.heading.tolist()
        return entry
    local = skeleton.local_rotations(constraint.rotations.double())
    if skeleton is SOMA30:
        local = with_fingers(local)
    root = constraint.joints[:, 0]
    ground = root[:, [0, 2]] if constraint.ground is None else constraint.ground
    entry |= {
        "local_joints_rot": matrix_to_axis_angle(local).tolist(),
        "root_positions": root.tolist(),
        "smooth_root_2d": ground.tolist(),
    }
    if constraint.limbs is None:
        return {"type": BODY_TYPE, **entry}
    for kind, limb in LIMB_TYPES.items():
        if constraint.limbs == (limb,):
            return {"type": kind, **entry}
    return {"type": ENDS_TYPE, **entry, "joint_names": list(constraint.limbs)}
