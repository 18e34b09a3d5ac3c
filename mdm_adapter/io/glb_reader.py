"""Motion out of GLB files of any humanoid: where its joints are at every frame, and the 22 SMPL joints of it."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.bvh_parser import MAX_FRAMES
from mdm_adapter.io.bvh_reader import FARTHEST, check_sides, find_metres_per_unit, named_error
from mdm_adapter.io.geometry import Floats, continuous, to_matrices, unit
from mdm_adapter.io.gltf_parts import Channel, Glb
from mdm_adapter.io.name_maps import Names, match_joints, read_names
from mdm_adapter.io.recorded import recorded
from mdm_adapter.motion import Motion
from mdm_adapter.representation.features import FPS

MAX_VALUES = 40_000_000  # joints times frames
_CHUNK = 2**20  # nodes times frames of a step: bounds the memory of the matrices


@dataclass(frozen=True, eq=False)
class GlbMotion:
    """Joints of a GLB file, F frames, J joints.

    Attributes:
        names: J names, as they are in the file.
        positions: float64 [F, J, 3], world coordinates, y up, in the file's unit (metres, if it keeps to the format).
        fps: frames a second.
        animation: the name of the animation; empty where it has none, or the file shows a still pose.
    """

    names: tuple[str, ...]
    positions: Floats
    fps: float
    animation: str


def read_glb(path: Path | str, *, animation: str | int = 0, fps: float = 20.0) -> GlbMotion:
    """Read where the joints of a GLB file are over time.

    Joints are those of the skin with most of them; of a file without skins, all nodes.

    Args:
        animation: its number or its name. A file without animations gives one frame, its pose.
        fps: frames a second of the result, from 0 s to the end of the animation.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no sound GLB file of at most 512 MB, 20,000 nodes, 1,000,000 frames and 40,000,000 joints times
            frames, or there is no such animation. One line, with the file and a remedy.
    """
    glb = Glb(Path(path))
    if not (math.isfinite(fps) and 0 < fps <= 1000):
        raise ValueError(f"fps is {fps}: give a number above 0, at most 1000")
    parents, names = glb.parents(), glb.names()
    number, label = _choose(glb, animation)
    channels = [] if number is None else glb.channels(number)
    end = max((channel.times[-1] for channel in channels), default=0.0)
    frames = math.floor(end * fps + 1e-3) + 1
    if frames > MAX_FRAMES:
        raise glb.error(f"{end:g} s at {fps:g} fps are more than {MAX_FRAMES:,} frames", "give a lower fps")
    joints = _joints(glb)
    if frames * len(joints) > MAX_VALUES:
        raise glb.error(
            f"{frames:,} frames of {len(joints):,} joints are more than {MAX_VALUES:,}", "give a lower fps"
        )
    positions = _positions(glb, parents, channels, joints, np.minimum(np.arange(frames) / fps, end))
    return GlbMotion(tuple(names[joint] for joint in joints), positions, fps, label)


def import_glb(
    path: Path | str,
    *,
    animation: str | int = 0,
    fps: float = 20.0,
    metres_per_unit: float | None = None,
    names: Names | None = None,
) -> NDArray[np.float32]:
    """Read a GLB file as the motion of the 22 SMPL joints.

    Args:
        metres_per_unit: the unit of the file; None finds it from the size of the body.
        names: which joint of the file is which (`read_names`); None finds it by their usual names.

    Returns:
        float32 [T, 22, 3], metres, y up, left +x for a body that faces +z, in the proportions of the source. The
        first root lies at x = z = 0, the lowest joint of the whole motion at y = 0.

    Raises:
        OSError, ValueError: as `read_glb`; ValueError also for an unknown skeleton (joints are found by their names,
            see `io.families`), a body of no plausible size, or left and right exchanged.
    """
    motion = read_glb(path, animation=animation, fps=fps)
    if metres_per_unit is not None and not 1e-6 <= metres_per_unit <= 1e6:
        raise ValueError(f"metres_per_unit is {metres_per_unit}; it must be positive, such as 0.01 for cm")
    try:
        match = match_joints(motion.names, motion.positions[0], names)
        joints = match.weights[:, match.used] @ motion.positions[:, match.used]
        check_sides(joints)
        joints = joints * (find_metres_per_unit(joints) if metres_per_unit is None else metres_per_unit)
    except ValueError as error:
        raise named_error(error, path) from None
    joints -= [joints[0, 0, 0], joints[..., 1].min(), joints[0, 0, 2]]
    return joints.astype(np.float32)


def _choose(glb: Glb, animation: str | int) -> tuple[int | None, str]:
    """Number and name of the animation that is meant; None where there is none at all."""
    names = [entry.get("name") for entry in glb.entries("animations")]
    found = [name if isinstance(name, str) else "" for name in names]
    if not found and animation == 0:
        return None, ""
    if isinstance(animation, str) and animation in found:
        return found.index(animation), animation
    if isinstance(animation, int) and 0 <= animation < len(found):
        return animation, found[animation]
    listed = ", ".join(ascii(name[:40]) for name in found[:8]) or "none"
    raise glb.error(f"there is no animation {animation!r}", f"it has {len(found)}: {listed}")


def _joints(glb: Glb) -> list[int]:
    nodes = len(glb.entries("nodes"))
    best: list[int] = []
    for number, skin in enumerate(glb.entries("skins")):
        joints = skin.get("joints")
        if not isinstance(joints, list) or len(joints) > nodes:
            raise glb.error(f"skin {number}: joints is no list of nodes")
        joints = [glb.whole(joint, f"skin {number}: joint", 0, nodes - 1) for joint in joints]
        best = max(best, joints, key=len)
    return best or list(range(nodes))


def _positions(
    glb: Glb, parents: list[int], channels: list[Channel], joints: list[int], times: Floats
) -> Floats:
    """World positions [F, J, 3] at times [F]."""
    needed = set(joints)
    for joint in joints:
        above = parents[joint]
        while above >= 0 and above not in needed:
            needed.add(above)
            above = parents[above]
    order = _parents_first(parents, needed)
    moving: dict[int, dict[str, Channel]] = {}
    for channel in channels:
        moving.setdefault(channel.node, {})[channel.path] = channel
    rest = {node: _rest(glb, node) for node in order}
    out = np.empty((len(times), len(joints), 3))
    chunk = max(16, _CHUNK // len(order))
    for start in range(0, len(times), chunk):
        some = times[start : start + chunk]
        linear: dict[int, Floats] = {-1: np.broadcast_to(np.eye(3), (len(some), 3, 3))}
        placed: dict[int, Floats] = {-1: np.zeros((len(some), 3))}
        with np.errstate(all="ignore"):  # absurd but finite numbers overflow here and are refused below
            for node in order:
                own, place = _local(rest[node], moving.get(node, {}), some)
                above = parents[node]
                placed[node] = placed[above] + (linear[above] @ place[..., None])[..., 0]
                linear[node] = linear[above] @ own
            for k, joint in enumerate(joints):
                out[start : start + chunk, k] = placed[joint]
    if not np.abs(out).max() < FARTHEST:  # also refuses nan
        raise glb.error(f"a joint is {FARTHEST:g} units away or more", "the file is damaged, export it again")
    return out


def _parents_first(parents: list[int], needed: set[int]) -> list[int]:
    depth: dict[int, int] = {-1: 0}
    for node in needed:
        way = []
        while node not in depth:
            way.append(node)
            node = parents[node]
        for step in reversed(way):
            depth[step] = depth[parents[step]] + 1
    return sorted(needed, key=lambda node: depth[node])


def _rest(glb: Glb, number: int) -> tuple[Floats, Floats, Floats, Floats | None]:
    """Translation [3], rotation [4], scale [3] of a node, and its linear part [3, 3] if it is given as a matrix."""
    node, what = glb.entries("nodes")[number], f"node {number}"
    if "matrix" in node:
        matrix = glb.numbers(node, "matrix", [0.0] * 16, what).reshape(4, 4).T
        return matrix[:3, 3], np.array([0.0, 0, 0, 1]), np.ones(3), matrix[:3, :3]
    rotation = glb.numbers(node, "rotation", [0.0, 0, 0, 1], what)
    if np.linalg.norm(rotation) < 1e-6:
        raise glb.error(f"{what}: rotation is zero")
    return (
        glb.numbers(node, "translation", [0.0] * 3, what),
        rotation,
        glb.numbers(node, "scale", [1.0] * 3, what),
        None,
    )


def _local(
    rest: tuple[Floats, Floats, Floats, Floats | None], moving: dict[str, Channel], times: Floats
) -> tuple[Floats, Floats]:
    """Linear parts [F, 3, 3] and translations [F, 3] of a node relative to its parent."""
    translation, rotation, scale, matrix = rest
    place = np.broadcast_to(translation, (len(times), 3))
    if "translation" in moving:
        place = _at(moving["translation"], times)
    if matrix is not None and not {"rotation", "scale"} & set(moving):
        return np.broadcast_to(matrix, (len(times), 3, 3)), place
    turned = (
        to_matrices(rotation) if "rotation" not in moving else to_matrices(_at(moving["rotation"], times))
    )
    sized = scale if "scale" not in moving else _at(moving["scale"], times)
    return np.broadcast_to(turned * sized[..., None, :], (len(times), 3, 3)), place


def _at(channel: Channel, times: Floats) -> Floats:
    """Values [F, n] of a channel; before its first and after its last key it stands still."""
    keys, values = channel.times, channel.values
    turning = channel.path == "rotation"
    if channel.interpolation != "CUBICSPLINE" and turning:
        values = continuous(_sound(values))
    times = np.clip(times, keys[0], keys[-1])
    after = np.clip(np.searchsorted(keys, times, side="right"), 1, max(len(keys) - 1, 1))
    before = after - 1
    if len(keys) == 1:
        return np.broadcast_to(
            values[0] if values.ndim == 2 else values[0, 1], (len(times), values.shape[-1])
        )
    length = (keys[after] - keys[before])[:, None]
    share = (times - keys[before])[:, None] / length
    if channel.interpolation == "STEP":
        return np.where(share < 1, values[before], values[after])
    if channel.interpolation == "LINEAR":
        start, end = values[before], values[after]
        if not turning:
            return (1 - share) * start + share * end
        angle = np.arccos(np.clip((start * end).sum(axis=-1, keepdims=True), -1, 1))
        even = np.where(angle < 1e-4, 1.0, angle)
        weight = np.where(angle < 1e-4, share, np.sin(share * even) / np.sin(even))
        other = np.where(angle < 1e-4, 1 - share, np.sin((1 - share) * even) / np.sin(even))
        return other * start + weight * end
    start, end = values[before, 1], values[after, 1]
    leaving, arriving = values[before, 2] * length, values[after, 0] * length
    s2, s3 = share**2, share**3
    curve = (2 * s3 - 3 * s2 + 1) * start + (s3 - 2 * s2 + share) * leaving
    curve = curve + (3 * s2 - 2 * s3) * end + (s3 - s2) * arriving
    return _sound(curve) if turning else curve


def _sound(quaternions: Floats) -> Floats:
    """Quaternions [K, 4] of length 1; no turn where there is no length."""
    found = unit(quaternions)
    return np.where(np.linalg.norm(found, axis=-1, keepdims=True) > 0.5, found, [0.0, 0, 0, 1])


def read_glb_motion(path: Path | str, *, map: Path | str | None = None) -> Motion:
    """The first animation of a GLB file as a motion of one sample (`motioncollage.readers`).

    map: a file that says which joint is which (`name_maps`).
    """
    names = None if map is None else read_names(map)
    return recorded(import_glb(path, fps=FPS, names=names), Path(path).name)
