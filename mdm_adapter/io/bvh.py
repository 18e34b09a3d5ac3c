"""Motion as BVH, for Blender, MotionBuilder, Maya and everything else that animates.

A file holds one sample: the T-pose of `rig` as its hierarchy (standing on the ground), then a line of numbers for
every key. Joints turn by Z, then X, then Y; position channels replace an OFFSET, as Blender and MotionBuilder read
them. BVH has no place for captions: they lie beside it, in a `.json` of the same name.
"""

import json
import math
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mdm_adapter.io.baking import Baked, BakeSettings, bake, rig_of
from mdm_adapter.io.geometry import Floats
from mdm_adapter.io.motion_view import MotionLike, views
from mdm_adapter.io.paths import named, numbered, refuse_existing
from mdm_adapter.io.rig import NAMES, ORDER, TIPS, Rig
from mdm_adapter.motion import Writer
from mdm_adapter.representation.skeleton import PARENTS
from motioncollage.files import atomic_path

ORDER_OF_AXES = "ZXY"
_POSITIONS = "Xposition Yposition Zposition"
_ROTATIONS = " ".join(f"{axis}rotation" for axis in ORDER_OF_AXES)
_CHUNK = 2048  # keys turned into text at a time


def write_bvh(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    scale: float = 1.0,
    up: str = "y",
    positions: bool | None = None,
    between: str = "cubic",
    loop: bool = False,
    cycles: int = 1,
    in_place: bool = False,
) -> tuple[Path, ...]:
    """Write every sample of a motion as `.bvh`, with its captions and seams in a `.json` beside it.

    Args:
        path: the file of the first sample; those of others are called `name-2.bvh` and so on.
        motion: joints [samples, frames, 22, 3], metres, y up (see `MotionLike`).
        force: replace files that exist.
        fps, positions, between, loop, cycles, in_place: see `BakeSettings`.
        scale: units of the file in a metre: 1 for metres, 100 for centimetres.
        up: `y` or `z`; a body then faces +z or -y at first.

    Returns:
        The `.bvh` files.

    Raises:
        ValueError: an argument or the motion is unusable; one line.
        FileExistsError: a file exists and `force` is false; nothing has been written then.
        OSError: a file cannot be written.
    """
    path = named(path, ".bvh")
    check_axes(scale, up)
    settings = BakeSettings(fps, positions, between, loop, cycles, in_place)
    samples = views(motion, name=path.stem)
    targets = numbered(path, len(samples))
    refuse_existing([*targets, *(target.with_suffix(".json") for target in targets)], force)
    rig = rig_of(samples)
    for target, sample in zip(targets, samples):
        baked = bake(sample, settings, rig=rig)
        captions = json.dumps(about(baked, scale=scale, up=up), indent=2) + "\n"
        # Both are written before either takes its name.
        with (
            atomic_path(target.with_suffix(".json"), force=force) as beside,
            atomic_path(target, force=force) as temporary,
            temporary.open("w", encoding="ascii", newline="\n") as file,
        ):
            beside.write_text(captions, encoding="utf-8")
            file.writelines(bvh_lines(baked, scale=scale, up=up))
    return targets


def check_axes(scale: float, up: str) -> None:
    """ValueError for a scale or an axis that no file can have."""
    if not (math.isfinite(scale) and 1e-3 <= scale <= 1e4):
        raise ValueError(f"scale is {scale}: give units in a metre, such as 1 (metres) or 100 (centimetres)")
    if up not in ("y", "z"):
        raise ValueError(f"up is {up!r}: choose y or z")


def upright(points: Floats, up: str) -> Floats:
    """Points [..., 3] with y up, in axes of which `up` points up: x stays."""
    return points if up == "y" else points[..., [0, 2, 1]] * np.array([1.0, -1.0, 1.0])


def about(baked: Baked, *, scale: float, up: str) -> dict[str, object]:
    """What a BVH file cannot say about its motion, as JSON."""
    return {
        "name": baked.name,
        "frames": len(baked.root),
        "fps": baked.fps,
        "units_per_metre": scale,
        "up": up,
        "loop": baked.loop,
        "position_channels": "hips" if baked.places is None else "all joints",
        "segments": [
            {
                "text": s.text,
                "start": s.start,
                "end": s.end,
                "seconds": [s.start / baked.fps, s.end / baked.fps],
            }
            for s in baked.segments
        ],
        "seams": list(baked.seams),
    }


def bvh_lines(baked: Baked, *, scale: float, up: str) -> Iterator[str]:
    """The text of a BVH file, some lines at a time."""
    yield "HIERARCHY\n"
    yield from _hierarchy(baked.rig, baked.places is not None, scale, up)
    yield f"MOTION\nFrames: {len(baked.root)}\nFrame Time: {1 / baked.fps:.10g}\n"
    order = list(ORDER)
    angles = euler_angles(_reaxed(baked.rotations[:, order], up))
    places = upright((baked.root[:, None] if baked.places is None else baked.places[:, order]) * scale, up)
    # Micrometres, whatever the unit; angles that move a toe by less.
    digits = max(2, 6 - round(math.log10(scale)))
    moved, turned = (" ".join([f"%.{n}f"] * 3) for n in (digits, 5))
    if baked.places is None:
        row = " ".join([moved, *[turned] * len(order)])
        values = np.concatenate((places[:, 0], angles.reshape(len(angles), -1)), axis=1)
    else:
        row = " ".join([f"{moved} {turned}"] * len(order))
        values = np.concatenate((places, angles), axis=-1).reshape(len(angles), -1)
    for start in range(0, len(values), _CHUNK):
        yield "".join(row % tuple(line) + "\n" for line in values[start : start + _CHUNK].tolist())


def _hierarchy(rig: Rig, positions: bool, scale: float, up: str) -> Iterator[str]:
    offsets = upright(rig.offsets * scale, up)
    tips = {joint: tip for (_, joint), tip in zip(TIPS, upright(rig.tip_offsets * scale, up))}

    def joint(index: int, depth: int) -> Iterator[str]:
        indent = "\t" * depth
        root = PARENTS[index] < 0
        channels = f"6 {_POSITIONS} {_ROTATIONS}" if root or positions else f"3 {_ROTATIONS}"
        yield f"{indent}{'ROOT' if root else 'JOINT'} {NAMES[index]}\n{indent}{{\n"
        yield f"{indent}\tOFFSET {_numbers(offsets[index])}\n{indent}\tCHANNELS {channels}\n"
        for child in ORDER:
            if PARENTS[child] == index:
                yield from joint(child, depth + 1)
        if index in tips:
            yield f"{indent}\tEnd Site\n{indent}\t{{\n{indent}\t\tOFFSET {_numbers(tips[index])}\n{indent}\t}}\n"
        yield f"{indent}}}\n"

    yield from joint(0, 0)


def _numbers(values: Floats) -> str:
    return " ".join(f"{value:.8g}" for value in (np.round(values, 9) + 0.0).tolist())


def _reaxed(quaternions: Floats, up: str) -> Floats:
    """The same turns [..., 4] in axes of which `up` points up."""
    if up == "y":
        return quaternions
    return np.concatenate((upright(quaternions[..., :3], up), quaternions[..., 3:]), axis=-1)


def euler_angles(quaternions: Floats) -> Floats:
    """Angles [K, J, 3] in degrees about Z, X and Y of rotations [K, J, 4], each near the ones before.

    Every rotation has two triples of angles within a turn, and any number beyond: the nearest to the previous key is
    taken, so that a program that draws curves through the numbers sees no jump.
    """
    shape = quaternions.shape[:-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # at a pole one angle is free, and scipy says so
        angles = Rotation.from_quat(quaternions.reshape(-1, 4)).as_euler(ORDER_OF_AXES, degrees=True)
    angles = angles.reshape(*shape, 3)
    other = (angles + 180.0) * [1, -1, 1] + [0.0, 360.0, 0.0]
    before = np.zeros((*shape[1:], 3))
    for key in range(len(angles)):
        one, two = (a + 360 * np.round((before - a) / 360) for a in (angles[key], other[key]))
        nearer = np.abs(two - before).sum(axis=-1, keepdims=True) < np.abs(one - before).sum(
            axis=-1, keepdims=True
        )
        before = angles[key] = np.where(nearer, two, one)
    return angles


WRITER = Writer(write_bvh, together=True, loops=True)
