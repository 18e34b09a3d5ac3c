"""BVH motion capture: forward kinematics, and the way from any skeleton to the 22 SMPL joints in metres.

Positions are what leaves this module: rotations mean different things on different skeletons, positions do
not.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.bvh_parser import MAX_FRAMES, BvhMotion, parse_bvh
from mdm_adapter.io.families import UnknownSkeleton
from mdm_adapter.io.name_maps import Names, match_joints, read_names
from mdm_adapter.io.recorded import recorded
from mdm_adapter.motion import Motion
from mdm_adapter.representation.resampling import resample
from mdm_adapter.representation.skeleton import JOINTS

__all__ = ["BvhMotion", "import_bvh", "local_translations", "parse_bvh", "to_smpl", "world_positions"]

Floats = NDArray[np.float64]

_AT = {name: index for index, name in enumerate(JOINTS)}
_CHUNK = 2**20  # joints times frames per step of the forward kinematics: bounds the memory of the rotations

# Metres in the units BVH files come in, likeliest first: m, cm, mm, inch, the CMU database's own, foot, dm.
METRES_PER_UNIT: tuple[float, ...] = (1.0, 0.01, 0.001, 0.0254, 0.056444, 0.3048, 0.1)
STATURES = (1.2, 2.3)  # metres, of the people one records
FARTHEST = 1e9  # file units


def import_bvh(
    path: str | Path,
    *,
    fps: float = 20.0,
    skip_rest_pose: bool = True,
    metres_per_unit: float | None = None,
    up: str = "auto",
    names: Names | None = None,
) -> NDArray[np.float32]:
    """Read a BVH file as the motion of the 22 SMPL joints.

    Args:
        fps: frames a second of the result.
        skip_rest_pose: drop a rest pose put before the recording (see `leading_rest_frames`).
        metres_per_unit: the unit of the file; None finds it from the size of the body.
        up: "y", "z", or "auto".
        names: which joint of the file is which (`read_names`); None finds it by their usual names.
    Returns:
        float32 [T, 22, 3], metres, y up, left +x for a body that faces +z, in the proportions of the source
        skeleton. The first root lies at x = z = 0, the lowest joint of the whole motion at y = 0; the heading
        stays what it was.
    Raises:
        OSError, ValueError: as `parse_bvh`; ValueError also for an unknown skeleton, a body of no plausible
            size, left and right exchanged, or an argument out of range. One line, with the file and a remedy.
    """
    motion = parse_bvh(path)
    try:
        return to_smpl(
            motion,
            fps=fps,
            skip_rest_pose=skip_rest_pose,
            metres_per_unit=metres_per_unit,
            up=up,
            names=names,
        )
    except ValueError as error:
        raise named_error(error, path) from None


def named_error(error: ValueError, path: str | Path) -> ValueError:
    """The same error with the file's name before it."""
    line = f"{ascii(Path(path).name)[1:-1]}: {error}"
    return UnknownSkeleton(line, error.names) if isinstance(error, UnknownSkeleton) else ValueError(line)


def to_smpl(
    motion: BvhMotion,
    *,
    fps: float = 20.0,
    skip_rest_pose: bool = True,
    metres_per_unit: float | None = None,
    up: str = "auto",
    names: Names | None = None,
) -> NDArray[np.float32]:
    """`import_bvh` for a file already parsed: float32 [T, 22, 3], metres. Raises ValueError."""
    if up not in ("auto", "y", "z"):
        raise ValueError(f"up is {up!r}; it must be 'auto', 'y' or 'z'")
    if metres_per_unit is not None and not 1e-6 <= metres_per_unit <= 1e6:
        raise ValueError(f"metres_per_unit is {metres_per_unit}; it must be positive, such as 0.01 for cm")
    first, rest = replace(motion, values=motion.values[:1]), replace(motion, values=0 * motion.values[:1])
    damaged = f"a joint is {FARTHEST:g} units away or more; the file is damaged, export it again"
    with np.errstate(all="ignore"):  # absurd but finite numbers overflow here and are refused below
        start = world_positions(first)[0]
        if not np.abs(start).max() < FARTHEST:  # also refuses nan
            raise ValueError(damaged)
        match = match_joints(motion.names, start, names)
        joints = match.weights[:, match.used] @ world_positions(motion, [int(k) for k in match.used])
        rest_pose = match.weights @ world_positions(rest)[0]
    if not (np.abs(joints).max() < FARTHEST and np.abs(rest_pose).max() < FARTHEST):
        raise ValueError(damaged)
    if up == "z" or (up == "auto" and find_up_axis(joints, rest_pose) == "z"):
        joints = joints[..., [0, 2, 1]] * np.array([1.0, 1.0, -1.0])  # a quarter turn about x
    check_sides(joints)
    scale = find_metres_per_unit(joints) if metres_per_unit is None else metres_per_unit
    if skip_rest_pose:
        joints = joints[leading_rest_frames(joints, motion.frame_time) :]
    joints = at_rate(joints, motion.frame_time, fps) * scale
    joints -= [joints[0, 0, 0], joints[..., 1].min(), joints[0, 0, 2]]
    return joints.astype(np.float32)


def local_translations(motion: BvhMotion) -> tuple[Floats, ...]:
    """For each joint its translation from its parent, in file units: [3], or [F, 3] where channels move it.

    Exporters disagree whether position channels replace the OFFSET or add to it. Each joint is taken the way
    that keeps it nearer to its OFFSET on average; an axis without a position channel keeps its OFFSET.
    """
    out = []
    for offset, names, start in zip(motion.offsets, motion.channels, motion.channel_starts):
        columns = [(start + k, "XYZ".index(c[0])) for k, c in enumerate(names) if c.endswith("position")]
        if not columns:
            out.append(offset)
            continue
        moved = np.tile(offset, (len(motion.values), 1))
        source, axes = (list(part) for part in zip(*columns))
        positions, rest = motion.values[:, source], offset[axes]
        mean = positions.mean(axis=0)
        replaces = np.linalg.norm(mean - rest) <= np.linalg.norm(mean)
        moved[:, axes] = positions if replaces else positions + rest
        out.append(moved)
    return tuple(out)


def world_positions(motion: BvhMotion, joints: Sequence[int] | None = None) -> Floats:
    """Forward kinematics, vectorised over frames.

    joints: the K joints wanted, all when None; only they and their ancestors are computed.
    Returns float64 [F, K, 3] in file units and axes. A joint's rotations act in file order on column vectors,
    R = R_first R_second ...; position channels as `local_translations` says.
    """
    wanted = range(len(motion.names)) if joints is None else joints
    needed = set(wanted)
    for joint in reversed(range(len(motion.names))):  # children come after their parents
        if joint in needed and motion.parents[joint] >= 0:
            needed.add(int(motion.parents[joint]))
    inner = {int(motion.parents[joint]) for joint in needed}  # the others need no rotation
    translations, starts = local_translations(motion), motion.channel_starts
    out = np.empty((len(motion.values), len(wanted), 3))
    chunk = max(16, _CHUNK // max(len(needed), 1))
    for begin in range(0, len(out), chunk):
        rows = slice(begin, begin + chunk)
        values = motion.values[rows]
        placed: dict[int, Floats] = {-1: np.zeros((len(values), 3))}
        turned: dict[int, Floats] = {-1: np.broadcast_to(np.eye(3), (len(values), 3, 3))}
        for joint in sorted(needed):
            parent, step = int(motion.parents[joint]), translations[joint]
            step = np.broadcast_to(step if step.ndim == 1 else step[rows], (len(values), 3))
            placed[joint] = placed[parent] + np.einsum("fij,fj->fi", turned[parent], step)
            if joint in inner:
                turned[joint] = turned[parent]
                for k, channel in enumerate(motion.channels[joint], starts[joint]):
                    if channel.endswith("rotation"):
                        turned[joint] = turned[joint] @ _axis_rotation(channel[0], values[:, k])
        for k, joint in enumerate(wanted):
            out[rows, k] = placed[joint]
    return out


def _axis_rotation(axis: str, degrees: Floats) -> Floats:
    """Matrices [F, 3, 3] of right-handed rotations about a coordinate axis."""
    i, j = {"X": (1, 2), "Y": (2, 0), "Z": (0, 1)}[axis]
    angle = np.deg2rad(degrees)
    out = np.tile(np.eye(3), (len(angle), 1, 1))
    out[:, i, i] = out[:, j, j] = np.cos(angle)
    out[:, j, i] = np.sin(angle)
    out[:, i, j] = -out[:, j, i]
    return out


def at_rate(joints: Floats, frame_time: float, fps: float) -> Floats:
    """`resample`, after a look at how many frames there would be: files lie about their frame time.

    Raises ValueError for a rate that is not positive or makes more than MAX_FRAMES frames.
    """
    last = (len(joints) - 1) * frame_time * fps
    if 0 < fps < math.inf and last + 1e-3 >= MAX_FRAMES:
        why = (
            f"a frame time of {frame_time:g} s makes {last:.3g} frames at {fps:g} fps, more than {MAX_FRAMES}"
        )
        raise ValueError(f"{why}; correct Frame Time in the file")
    return resample(joints, frame_time, fps)


def leading_rest_frames(joints: Floats, frame_time: float) -> int:
    """How many frames of joints [F, 22, 3] come before the recording: a rest pose, and what leads out of it.

    0, unless the change from frame 0 to 1 (relative to the root, mean over joints) is 2 % of the stature, 1.2
    times the largest and 4 times the median of the next 30. Then frame 0, and those of the next 0.1 s that
    still change by more than 4 times the median: some converters blend from the T-pose over a few frames. A
    false alarm costs these few frames.
    """
    if len(joints) < 3:
        return 0
    early = joints[:32] - joints[:32, :1]
    change = np.linalg.norm(np.diff(early, axis=0), axis=-1).mean(axis=1)
    height, usual = stature(joints), 4 * float(np.median(change[1:]))
    if change[0] <= max(0.02 * height, 1.2 * change[1:].max(), usual):
        return 0
    blend = change[1 : 1 + round(min(0.1 / frame_time, len(change) - 2))] > max(usual, 0.002 * height)
    return 1 + int(np.argmin([*blend, False]))


def stature(joints: Floats) -> float:
    """How tall the body of joints [F, 22, 3] is, in their unit; along the bones, whatever the pose.

    Legs and trunk up to the head joint are 81 % of it on the SMPL body; soles and skull are the rest.
    """
    total = 0.0
    for part, share in (
        ("left_hip left_knee left_ankle", 0.5),
        ("right_hip right_knee right_ankle", 0.5),
        ("pelvis spine1 spine2 spine3 neck head", 1.0),
    ):
        points = joints[:, [_AT[name] for name in part.split()]]
        total += share * float(np.median(np.linalg.norm(np.diff(points, axis=1), axis=-1).sum(axis=1)))
    return total / 0.81


def find_metres_per_unit(joints: Floats) -> float:
    """The unit of joints [F, 22, 3]: the first of METRES_PER_UNIT that makes the body 1.2 to 2.3 m tall.

    Raises ValueError where none does.
    """
    height = stature(joints)
    for unit in METRES_PER_UNIT:
        if STATURES[0] <= height * unit <= STATURES[1]:
            return unit
    problem = f"the body is {height:.4g} units tall, which is no person in m, cm, mm, inches or feet"
    raise ValueError(f"{problem}; pass metres_per_unit")


def find_up_axis(joints: Floats, rest: Floats) -> str:
    """ "y" or "z". joints: [F, 22, 3]; rest: [22, 3], the pose with all rotations zero.

    A body upright along y most of the time settles it. So does one that travels along y while it is upright along
    z: nobody rises lying down. Else the rest pose decides if it stands straight, since a body may lie down for
    nearly a whole clip. Else z is believed of a body upright along z.
    """

    def line(points: Floats) -> Floats:
        return points[:, _AT["head"]] - points[:, [_AT["left_ankle"], _AT["right_ankle"]]].mean(axis=1)

    upward = line(joints)
    upward = upward / np.maximum(np.linalg.norm(upward, axis=1, keepdims=True), 1e-12)
    typical = np.median(upward, axis=0)
    if typical[1] >= 0.5:
        return "y"
    # Only while it is upright along z: whoever lies down comes from higher up, and whoever gets up goes there.
    if typical[2] >= 0.9 and np.ptp(joints[upward[:, 2] >= 0.9, 0, 1]) >= 0.3 * stature(joints):
        return "z"
    standing = line(rest[None])[0]
    if np.linalg.norm(standing) >= 0.7 * stature(joints):
        return "z" if standing[2] > abs(standing[1]) else "y"
    return "z" if typical[2] >= 0.9 else "y"


def check_sides(joints: Floats) -> None:
    """Raise ValueError where toes and knees of joints [F, 22, 3] both point backwards.

    Left x up is forward on a body in right-handed axes. A file that fails has left-handed axes or exchanged
    names and would come out mirrored. Both are asked because toes alone do point backwards while kneeling.
    """
    at = {name: joints[:, k] for name, k in _AT.items()}
    forward = np.cross(at["left_hip"] - at["right_hip"], at["neck"] - at["pelvis"])
    signs = []
    for side in ("left", "right"):
        hip, knee, ankle, foot = (at[f"{side}_{name}"] for name in ("hip", "knee", "ankle", "foot"))
        signs += [(forward * v).sum(axis=1).mean() for v in (foot - ankle, knee - (hip + ankle) / 2)]
    if max(signs) < 0:
        problem = "toes and knees point backwards: left and right are exchanged or the axes are left-handed"
        raise ValueError(f"{problem}; export the file with right-handed axes")


def read_bvh(path: Path | str, *, map: Path | str | None = None) -> Motion:
    """A BVH file as a motion of one sample in HumanML3D's features (`motioncollage.readers`).

    map: a file that says which joint is which (`name_maps`).
    """
    names = None if map is None else read_names(map)
    return recorded(import_bvh(path, names=names), Path(path).name)
