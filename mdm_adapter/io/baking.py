"""A motion as an animated rig: rotations of every joint at the frame rate that a file is to have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline

from mdm_adapter.io.geometry import Floats, about, continuous, to_matrices, to_quaternions, transpose, turn
from mdm_adapter.io.lengths import keep_lengths
from mdm_adapter.io.motion_view import MAX_FPS, MAX_FRAMES, Cycle, MotionView
from mdm_adapter.io.rig import Rig, fit_rig
from mdm_adapter.io.solve import solve, to_local, to_world
from mdm_adapter.representation.skeleton import JOINT_COUNT, PARENTS
from mdm_adapter.segments import Segment

AGREEMENT = 0.002  # metres that joints may be off before bones are allowed to change their length
MARGIN = 4  # frames of a loop's neighbouring cycles that its curves are drawn through
FIT_FRAMES = 20_000  # a rig is measured on at most so many
_ABOVE = list(PARENTS[1:])


@dataclass(frozen=True)
class BakeSettings:
    """How a motion becomes keys.

    Attributes:
        fps: keys a second; None for those of the motion.
        positions: keys for the place of every joint, not only the hips, so that bones may change their length as
            they do in generated motion; None: where joints would otherwise be more than 2 mm off. Without them hands
            and feet stay in place, knees and elbows give way.
        between: `cubic` draws smooth curves through the frames (for more keys than frames), `slerp` turns evenly from
            frame to frame.
        loop: write whole cycles of a loop, the last key equal to the first one (but for where a loop travels or
            turns to).
        cycles: how many of them.
        in_place: take the way of a travelling loop out of it, so that it can be repeated on the spot.
    """

    fps: float | None = None
    positions: bool | None = None
    between: str = "cubic"
    loop: bool = False
    cycles: int = 1
    in_place: bool = False

    def __post_init__(self) -> None:
        if self.fps is not None and not (math.isfinite(self.fps) and 0 < self.fps <= MAX_FPS):
            raise ValueError(f"fps is {self.fps}: give a number above 0, at most {MAX_FPS:g}, such as 30")
        if self.between not in ("cubic", "slerp"):
            raise ValueError(f"between is {self.between!r}: choose cubic or slerp")
        if not 1 <= self.cycles <= 1000:
            raise ValueError(f"cycles is {self.cycles}: write 1 to 1000")
        if not self.loop and (self.cycles != 1 or self.in_place):
            raise ValueError("cycles and in_place are for loops: give loop=True as well")


@dataclass(frozen=True, eq=False)
class Baked:
    """Keys of one sample, K of them, `fps` a second from 0 s on.

    Attributes:
        rig: the skeleton and its rest pose.
        rotations: [K, 22, 4] relative to the parent, x y z w, without jumps of sign.
        root: [K, 3], places of the hips, metres.
        places: [K, 22, 3], places relative to the parent; None where every joint keeps its place in the rest pose.
        residual: [F, 22], metres by which joints of the motion's frames are missed.
    """

    rig: Rig
    rotations: Floats
    root: Floats
    places: Floats | None
    residual: Floats
    fps: float
    name: str
    segments: tuple[Segment, ...] = ()
    seams: tuple[int, ...] = ()
    loop: bool = False

    def joints(self) -> Floats:
        """Where the joints are at every key, [K, 22, 3] metres: forward kinematics."""
        world = to_world(self.rotations)
        joints = np.empty((len(self.root), JOINT_COUNT, 3))
        joints[:, 0] = self.root
        steps = np.broadcast_to(self.rig.offsets, joints.shape) if self.places is None else self.places
        for joint in range(1, JOINT_COUNT):
            parent = PARENTS[joint]
            joints[:, joint] = joints[:, parent] + turn(world[:, parent], steps[:, joint])
        return joints


def rig_of(samples: Sequence[MotionView]) -> Rig:
    """One rig for all samples of a motion."""
    total = sum(len(view.joints) for view in samples)
    step = max(1, total // FIT_FRAMES)
    return fit_rig(np.concatenate([view.joints[::step] for view in samples]))


def bake(view: MotionView, settings: BakeSettings | None = None, *, rig: Rig | None = None) -> Baked:
    """Solve the rotations of a motion and bring them to a frame rate.

    Raises:
        ValueError: a loop is asked of a motion that is none, or more than 4,000,000 keys; one line.
    """
    settings = settings or BakeSettings()
    rig = rig or rig_of([view])
    if settings.loop and view.cycle is None:
        raise ValueError(f"{view.name} is no loop: make one with `motioncollage loop`, or leave loop out")
    fps, ratio = _rate(view, settings)
    curves, residual = _solved(view, rig, settings)

    frames = len(view.joints) * settings.cycles
    if settings.loop:
        assert view.cycle is not None
        # A period that is no whole number of keys is stretched to one, by less than half a key.
        keys = max(1, round(frames * ratio))
        times: Floats = np.arange(keys + 1, dtype=np.float64) * (frames / keys)
        curves = curves.unrolled(view.cycle, settings)
        baked = curves.at(times + MARGIN, settings.between)
    else:
        times = np.arange(math.floor((frames - 1) * ratio + 1e-6) + 1, dtype=np.float64) / ratio
        baked = curves.at(times, settings.between)
    return Baked(
        rig, *baked, residual, fps, view.name,
        segments=_segments(view, settings.cycles, times), seams=_seams(view, settings.cycles, times),
        loop=settings.loop,
    )  # fmt: skip


def resampled(view: MotionView, settings: BakeSettings) -> MotionView:
    """The joints themselves at another frame rate, along smooth curves; loops are left as they are."""
    fps, ratio = _rate(view, settings)
    times = np.arange(math.floor((len(view.joints) - 1) * ratio + 1e-6) + 1, dtype=np.float64) / ratio
    return MotionView(
        joints=_sampled(view.joints, times, settings.between),
        fps=fps,
        name=view.name,
        segments=_segments(view, 1, times),
        seams=_seams(view, 1, times),
    )


def _rate(view: MotionView, settings: BakeSettings) -> tuple[float, float]:
    """Keys a second, and keys per frame."""
    fps = view.fps if settings.fps is None else settings.fps
    ratio = fps / view.fps
    if len(view.joints) * settings.cycles * ratio > MAX_FRAMES:
        raise ValueError(f"{fps:g} fps makes more than {MAX_FRAMES:,} keys: give fewer, or split the motion")
    return fps, ratio


def _solved(view: MotionView, rig: Rig, settings: BakeSettings) -> tuple["_Curves", Floats]:
    """The rotations of the motion's own frames, and by how much its joints are missed [F, 22]."""
    world = solve(view.joints, rig.rest, fps=view.fps, periodic=settings.loop)
    residual = np.zeros(view.joints.shape[:2])
    if settings.positions is not True:
        stiff = keep_lengths(view.joints, rig.rest, world)
        missed = np.linalg.norm(stiff - view.joints, axis=-1)
        if settings.positions is False or missed.max() <= AGREEMENT:
            world = solve(stiff, rig.rest, fps=view.fps, periodic=settings.loop)
            return _Curves(to_local(world), stiff[:, 0], None), missed
    return _Curves(to_local(world), view.joints[:, 0], _places(view.joints, world)), residual


class _Curves(NamedTuple):
    """Keys at whole frames: rotations [F, 22, 4], root [F, 3], places [F, 22, 3] or None."""

    rotations: Floats
    root: Floats
    places: Floats | None

    def at(self, times: Floats, between: str) -> "_Curves":
        """The curves at times [K], in frames."""
        rotations = _sampled(self.rotations, times, between)
        places = None if self.places is None else _sampled(self.places, times, between)
        return _Curves(
            continuous(rotations / np.linalg.norm(rotations, axis=-1, keepdims=True)),
            _sampled(self.root, times, between),
            places,
        )

    def unrolled(self, cycle: Cycle, settings: BakeSettings) -> "_Curves":
        """The cycles of a loop one after the other, with `MARGIN` frames more at both ends."""
        period = len(self.root)
        if settings.in_place and abs(math.remainder(cycle.turn, 2 * math.pi)) > 1e-3:
            raise ValueError(
                f"a cycle turns by {math.degrees(cycle.turn):.0f} degrees and cannot be in place: leave in_place out"
            )
        number = np.arange(-MARGIN, period * settings.cycles + MARGIN + 1)
        count, frame = number // period, number % period
        angles, offsets = _repeated(cycle, int(count[0]), int(count[-1]))
        angle, offset = angles[count - count[0]], offsets[count - count[0]]
        start = self.root[0] * [1.0, 0.0, 1.0]
        yaw = about(np.array([0.0, 1.0, 0.0]), angle)
        root = turn(yaw, self.root[frame] - start) + start + offset
        if settings.in_place:
            root[:, [0, 2]] -= np.asarray(cycle.shift) * (number / period)[:, None]
        rotations = self.rotations[frame]
        rotations[:, 0] = to_quaternions(yaw @ to_matrices(rotations[:, 0]))
        return _Curves(continuous(rotations), root, None if self.places is None else self.places[frame])


def _repeated(cycle: Cycle, first: int, last: int) -> tuple[Floats, Floats]:
    """Angles [n] and offsets [n, 3] after `first` to `last` cycles; first <= 0 <= last."""
    shift = np.array([cycle.shift[0], 0.0, cycle.shift[1]])
    up = np.array([0.0, 1.0, 0.0])
    forth, back = about(up, np.asarray(cycle.turn)), about(up, np.asarray(-cycle.turn))
    offsets = [np.zeros(3)]
    for _ in range(last):
        offsets.append(forth @ offsets[-1] + shift)
    for _ in range(-first):
        offsets.insert(0, back @ (offsets[0] - shift))
    return cycle.turn * np.arange(first, last + 1, dtype=np.float64), np.array(offsets)


def _sampled(values: Floats, times: Floats, between: str) -> Floats:
    """Values [F, ...] at times [K] in frames; quaternions (of 4 numbers, signs continuous) come out unnormalised."""
    nearest = np.rint(times).astype(np.int64)
    if np.abs(times - nearest).max() < 1e-9:
        return values[np.minimum(nearest, len(values) - 1)]
    if between == "cubic":
        sampled: Floats = CubicSpline(np.arange(len(values)), values)(times)
        return sampled
    before = np.minimum(times.astype(np.int64), len(values) - 2)
    share = (times - before).reshape(-1, *[1] * (values.ndim - 1))
    start, end = values[before], values[before + 1]
    if values.shape[-1] != 4:
        return (1 - share) * start + share * end
    angle = np.arccos(np.clip((start * end).sum(axis=-1, keepdims=True), -1, 1))
    small = angle < 1e-6
    angle = np.where(small, 1.0, angle)
    weights = [np.where(small, part, np.sin(part * angle) / np.sin(angle)) for part in (1 - share, share)]
    result: Floats = weights[0] * start + weights[1] * end
    return result


def _places(joints: Floats, world: Floats) -> Floats:
    """Places [F, 22, 3] of joints [F, 22, 3] as their parents, turned by world [F, 22, 3, 3], see them."""
    places = joints.copy()
    places[:, 1:] = turn(transpose(world[:, _ABOVE]), joints[:, 1:] - joints[:, _ABOVE])
    return places


def _segments(view: MotionView, cycles: int, times: Floats) -> tuple[Segment, ...]:
    """The captions in keys; those of a loop come back in every cycle."""
    period, found = len(view.joints), []
    for cycle in range(cycles):
        for segment in view.segments:
            start, end = np.searchsorted(
                times, [cycle * period + n - 0.5 for n in (segment.start, segment.end)]
            )
            # The key that ends a loop, or the last of a motion, still belongs to what it shows.
            end = len(times) if cycle * period + segment.end >= cycles * period else end
            if end > start:
                found.append(Segment(segment.text, int(start), int(end)))
    return tuple(found)


def _seams(view: MotionView, cycles: int, times: Floats) -> tuple[int, ...]:
    period = len(view.joints)
    wanted = [cycle * period + seam for cycle in range(cycles) for seam in view.seams]
    return tuple(int(np.abs(times - seam).argmin()) for seam in wanted)
