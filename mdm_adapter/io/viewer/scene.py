"""What a page shows, as numbers: bodies, movements, joins, footprints. `assets/viewer/source/data.js` reads it.

Joints are kept beside the root of their frame as 16 bit integers (finer than 0.1 mm for a person), rotations as
integers too, everything else as float32. Buffers are base64, or follow the JSON (`scene_bytes`), and none is written
twice: the triangles of all bodies are the same.
"""

import base64
import json
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.baking import rig_of
from mdm_adapter.io.contacts import stands
from mdm_adapter.io.drawing import headings, smooth, stature
from mdm_adapter.io.geometry import Floats, continuous, to_quaternions
from mdm_adapter.io.mannequin import mannequin
from mdm_adapter.io.motion_view import Cycle, MotionView, views
from mdm_adapter.io.rig import Rig
from mdm_adapter.io.solve import solve
from mdm_adapter.motion import Motion

MOST_FIGURES = 8
MOST_FRAMES = 60_000  # of all figures: 50 minutes at 20 frames a second, 25 MB
JERK_SECONDS = (
    1.5  # on both sides of a join: the windows of 60 frames at 20 a second that FlowMDM measures in
)
_FULL = 32767


@dataclass
class _Buffers:
    """Arrays as bytes, each of them once."""

    parts: list[bytes] = field(default_factory=list)
    numbers: dict[bytes, int] = field(default_factory=dict)

    def add(self, array: NDArray[Any], kind: str) -> int:
        """The number of the buffer that holds an array as `kind`, such as `<f4`."""
        part = np.ascontiguousarray(array, dtype=kind).tobytes()
        if part not in self.numbers:
            self.numbers[part] = len(self.parts)
            self.parts.append(part)
        return self.numbers[part]


def scene(motions: Sequence[tuple[str, Motion]]) -> dict[str, Any]:
    """Everything that a page shows of named motions, all samples of each, as JSON types.

    Raises:
        ValueError: no motion, more than 8 figures or 60,000 frames in all, or a motion breaks a rule of `MotionView`.
    """
    shown, buffers = _shown(motions)
    return {**shown, "buffers": [base64.b64encode(part).decode("ascii") for part in buffers.parts]}


def scene_bytes(motions: Sequence[tuple[str, Motion]]) -> bytes:
    """The same for a page that a server sends it to: `MCS1`, the length of a JSON head (uint32), the head, and the
    buffers, of which the head says where they begin and how long they are; all begin at multiples of 8.

    Raises:
        ValueError: as `scene`.
    """
    shown, buffers = _shown(motions)
    spans, at = [], 0
    for part in buffers.parts:
        spans.append([at, len(part)])
        at += len(part) + -len(part) % 8
    head = json.dumps({**shown, "buffers": spans}, allow_nan=False).encode()
    head += b" " * (-len(head) % 8)
    body = b"".join(part + b"\0" * (-len(part) % 8) for part in buffers.parts)
    return b"MCS1" + struct.pack("<I", len(head)) + head + body


def _shown(motions: Sequence[tuple[str, Motion]]) -> tuple[dict[str, Any], _Buffers]:
    count = sum(len(motion.joints) for _, motion in motions)
    if not 1 <= count <= MOST_FIGURES:
        raise ValueError(
            f"{count} motions for one page: give 1 to {MOST_FIGURES}, files or samples (--samples 1,2)"
        )
    frames = sum(motion.joints.shape[0] * motion.joints.shape[1] for _, motion in motions)
    if frames > MOST_FRAMES:
        raise ValueError(f"{frames:,} frames for one page: give at most {MOST_FRAMES:,}, or render videos")
    buffers = _Buffers()
    bodies: list[dict[str, Any]] = []
    figures: list[dict[str, Any]] = []
    for name, motion in motions:
        samples = views(motion, name=name)
        rig = rig_of(samples)
        bodies.append(_body(rig, buffers))
        figures += [_figure(view, rig, len(bodies) - 1, buffers) for view in samples]
    return {"bodies": bodies, "figures": figures}, buffers


def peak_jerk(joints: Floats, fps: float, frame: int) -> float:
    """Largest jerk of any joint around a frame, m/s^3, as FlowMDM's peak jerk is defined: the sum of the absolute
    third differences of x, y and z, the largest of all joints and of the frames 1.5 s to either side.

    Args:
        joints: [F, 22, 3], metres.
        frame: of the join; it lies between the frames `frame - 1` and `frame`.

    Returns:
        0 where there are fewer than four frames.
    """
    half = max(2, round(JERK_SECONDS * fps))
    window = joints[max(0, frame - half) : frame + half]
    if len(window) < 4:
        return 0.0
    return float(np.abs(np.diff(window, n=3, axis=0)).sum(axis=-1).max()) * fps**3


def _join(joints: Floats, fps: float, at: int, frame: int) -> dict[str, float]:
    """A join: its frame, its peak jerk, and the larger one of the stretches of the same length before and after it, which
    tells whether the join is rougher than what it joins."""
    beside = [at + way * round(2 * JERK_SECONDS * fps) for way in (-1, 1)]
    before_after = [peak_jerk(joints, fps, other) for other in beside if 0 <= other < len(joints)]
    found = {"frame": frame, "jerk": peak_jerk(joints, fps, at), "beside": max(before_after, default=0.0)}
    return {name: round(value, 1) for name, value in found.items()}


def _body(rig: Rig, buffers: _Buffers) -> dict[str, Any]:
    """The mannequin of a rig, its parts one after the other in the order of `mannequin.MATERIALS`."""
    surfaces = mannequin(rig)
    first = np.cumsum([0, *(len(s.points) for s in surfaces)])
    points = np.concatenate([s.points for s in surfaces]).astype(np.float64)
    unit = float(np.abs(points).max()) / _FULL
    return {
        "unit": unit,
        "points": buffers.add(np.rint(points / unit), "<i2"),
        "normals": buffers.add(np.rint(np.concatenate([s.normals for s in surfaces]) * 127), "i1"),
        # Two joints at most carry a point, and their shares sum to 255.
        "carriers": buffers.add(np.concatenate([s.joints[:, :2] for s in surfaces]), "u1"),
        "share": buffers.add(np.concatenate([s.weights[:, 1] for s in surfaces]), "u1"),
        "triangles": buffers.add(np.concatenate([s.triangles + n for s, n in zip(surfaces, first)]), "<u2"),
        "parts": [len(s.triangles) for s in surfaces],
        "rest": buffers.add(rig.rest, "<f4"),
    }


def _figure(view: MotionView, rig: Rig, body: int, buffers: _Buffers) -> dict[str, Any]:
    joints, frames = view.joints, len(view.joints)
    world = solve(joints, rig.rest, fps=view.fps, periodic=view.cycle is not None)
    rotations = continuous(to_quaternions(world))
    beside = joints - joints[:, :1]
    unit = max(float(np.abs(beside).max()), 1e-3) / _FULL
    height = stature(joints)
    around, middle = joints, 0
    if view.cycle is not None:
        around, middle = _repeated(joints, view.cycle), frames
    # Half way along with rises and falls, as in our videos: a jump stays visible as a jump.
    targets = smooth(around[:, 0], 0.6 * view.fps)
    rise = smooth(around[:, 0, 1:2], 1.2 * view.fps)[:, 0] - 0.54 * height
    targets[:, 1] = 0.5 * height + rise - np.clip(0.5 * rise, -0.5 * height, 0.5 * height)
    ahead = headings(joints, view.fps)[: max(1, round(2 * view.fps))]
    return {
        "name": view.name,
        "body": body,
        "fps": view.fps,
        "frames": frames,
        "height": height,
        "heading": math.atan2(float(np.sin(ahead).mean()), float(np.cos(ahead).mean())),
        "unit": unit,
        "joints": buffers.add(np.rint(beside / unit), "<i2"),
        "root": buffers.add(joints[:, 0], "<f4"),
        "rotations": buffers.add(np.rint(rotations * _FULL), "<i2"),
        "targets": buffers.add(targets[middle : middle + frames], "<f4"),
        "segments": [{"text": s.text, "start": s.start, "end": s.end} for s in view.segments],
        "joins": [_join(around, view.fps, middle + seam, seam) for seam in view.seams],
        "cycle": None if view.cycle is None else _step(view.cycle, joints[0, 0]),
        **_prints(around, view.fps, height, middle, frames, buffers),
    }


def _step(cycle: Cycle, start: Floats) -> dict[str, float]:
    """From one cycle to the next: turned about y by `turn` radians, then moved by x and z."""
    cos, sin = math.cos(cycle.turn), math.sin(cycle.turn)
    x, z = float(start[0]), float(start[2])
    # A cycle is turned about the place where it began.
    moved = (x + cycle.shift[0] - (cos * x + sin * z), z + cycle.shift[1] - (cos * z - sin * x))
    return {"turn": cycle.turn, "x": moved[0], "z": moved[1]}


def _repeated(joints: Floats, cycle: Cycle) -> Floats:
    """Three cycles [3 F, 22, 3]; the joints given are the middle one."""
    step = _step(cycle, joints[0, 0])
    cos, sin = math.cos(step["turn"]), math.sin(step["turn"])
    forth = np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    moved = np.array([step["x"], 0.0, step["z"]])
    return np.concatenate(((joints - moved) @ forth, joints, joints @ forth.T + moved))


def _prints(
    around: Floats, fps: float, height: float, middle: int, frames: int, buffers: _Buffers
) -> dict[str, Any]:
    """Where feet stood, and when; of a loop those that begin in its middle cycle."""
    found = stands(around, fps, height)
    first, last = found.first - middle, found.last - middle
    always = (first < 0) & (last >= frames - 1)  # a foot that never moves stands anew in every cycle
    first, last = np.where(always, 0, first), np.where(always, frames - 1, last)
    kept = (first >= 0) & (first < frames)
    spans = np.stack((first, last, found.foot), axis=1)[kept]
    return {
        "prints": buffers.add(found.places[kept].reshape(-1, 4), "<f4"),
        "stood": buffers.add(spans, "<i4"),
    }
