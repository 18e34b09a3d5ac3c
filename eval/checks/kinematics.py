"""Small kinematic measurements of one take, in units of its own body: what every check is made of.

Lengths are in leg lengths (thigh and shin; 0.8 m in a body of 1.7 m), so that a child and a giant are judged
alike. Directions are the body's own: left, up, forward. Time is in seconds, angles are in degrees.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, wraps
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np
from scipy.ndimage import gaussian_filter1d

from eval.checks.series import RATE, Array, Mask, frames, smooth, stretches
from eval.metrics.metric import to_float64

Side = Literal["left", "right"]
Result = TypeVar("Result")
SIDES: tuple[Side, Side] = ("left", "right")

MIN_SECONDS = 0.5
MAX_FRAMES = 100_000
LIMBS = ("hip", "knee", "ankle", "foot", "shoulder", "elbow", "wrist")
NEEDED = ("pelvis", "neck", "head", "spine3", *(f"{side}_{part}" for side in SIDES for part in LIMBS))


class Skeleton(Protocol):
    """What a check must know of a skeleton: which row of the joints carries which name, and how fast they
    come."""

    @property
    def joints(self) -> Sequence[str]:
        """Names in the order of the rows: `pelvis`, `left_hip`, ..., as SMPL calls them; more than needed
        is fine."""
        ...

    @property
    def fps(self) -> float:
        """Frames a second."""
        ...


@dataclass(frozen=True)
class NamedJoints:
    """A `Skeleton` of nothing but its two values."""

    joints: tuple[str, ...]
    fps: float = RATE


SMPL_22 = NamedJoints(
    (
        "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
        "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
        "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    )
)  # fmt: skip


def other(side: Side) -> Side:
    return "right" if side == "left" else "left"


@lru_cache(maxsize=16)
def _index(joints: tuple[str, ...]) -> dict[str, int]:
    index = {name: row for row, name in enumerate(joints)}
    missing = [name for name in NEEDED if name not in index]
    if missing:
        raise ValueError(
            f"skeleton lacks {', '.join(missing)}; name its joints as SMPL does, or judge another"
        )
    return index


def remembered(measure: Callable[..., Result]) -> Callable[..., Result]:
    """A measurement of a take that is made once for each take and each choice of arguments."""

    @wraps(measure)
    def recall(take: "Take", *arguments: Any) -> Result:
        key = (measure, arguments)
        if key not in take.memory:
            take.memory[key] = measure(take, *arguments)
        return cast(Result, take.memory[key])

    return recall


class Take:
    """One motion, measured when asked and remembered."""

    def __init__(self, joints: Any, skeleton: Skeleton = SMPL_22) -> None:
        """Args:
            joints: [T, J, 3] metres, y up, left is +x for a body that faces +z; NumPy, torch or nested lists.
            skeleton: names of the J joints and frames a second.

        Raises:
            ValueError: a shape or number that is none of a motion, a joint missing, shorter than half a
            second.
        """
        points = to_float64(joints, "joints", 3)
        names, fps = tuple(skeleton.joints), float(skeleton.fps)
        if points.shape[1:] != (len(names), 3):
            raise ValueError(
                f"joints have shape {points.shape}; the skeleton names {len(names)} joints of 3 numbers"
            )
        if not 1.0 <= fps <= 1000.0:
            raise ValueError(f"fps is {fps:g}; give the frames a second, from 1 to 1000")
        if len(points) > MAX_FRAMES:
            raise ValueError(f"joints have {len(points)} frames; judge {MAX_FRAMES} at a time")
        if len(points) < MIN_SECONDS * fps:
            raise ValueError(
                f"joints last {len(points) / fps:.2f} s; an action needs {MIN_SECONDS:g} s at least"
            )
        self.index = _index(names)
        self.skeleton = NamedJoints(names)
        self.memory: dict[Any, Any] = {}  # of `remembered`
        self.points = points if abs(fps - RATE) < 1e-6 else _resampled(points, fps)

    def __len__(self) -> int:
        return len(self.points)

    @property
    def seconds(self) -> float:
        return len(self.points) / RATE

    @remembered
    def stretches(self, seconds: tuple[float, ...], hop: float) -> list["Take"]:
        """Every stretch of so many seconds, `hop` apart, as takes of their own; none as long as this one."""
        found = []
        for length in map(frames, seconds):
            starts = range(0, len(self) - length + 1, frames(hop)) if length < len(self) else range(0)
            found += [Take(self.points[start : start + length], self.skeleton) for start in starts]
        return found

    def at(self, joint: str) -> Array:
        """Where a joint is [T, 3] metres."""
        return self.points[:, self.index[joint]]

    # --- the body ---

    @cached_property
    def leg(self) -> float:
        """Metres of thigh and shin, the unit of length."""
        total = 0.0
        for side in SIDES:
            hip, knee, ankle = (self.at(f"{side}_{part}") for part in ("hip", "knee", "ankle"))
            total += float(np.median(_norm(hip - knee)) + np.median(_norm(knee - ankle))) / 2
        if total < 1e-3:
            raise ValueError(f"legs are {total:.2g} m long; joints must be in metres")
        return total

    @cached_property
    def arm(self) -> float:
        """Upper arm and forearm, in legs."""
        total = 0.0
        for side in SIDES:
            shoulder, elbow, wrist = (self.at(f"{side}_{part}") for part in ("shoulder", "elbow", "wrist"))
            total += float(np.median(_norm(shoulder - elbow)) + np.median(_norm(elbow - wrist))) / 2
        return max(total / self.leg, 1e-3)

    @cached_property
    def floor(self) -> float:
        """Metres: where the lowest joint is, but for the lowest twentieth of the frames."""
        return float(np.percentile(self.points[..., 1].min(axis=1), 5))

    @cached_property
    def yaw(self) -> Array:
        """Where hips and shoulders face [T], degrees, unwrapped; 0 is +z, more is to the left."""
        across = (
            self.at("left_hip") - self.at("right_hip") + self.at("left_shoulder") - self.at("right_shoulder")
        )
        across = smooth(across, 0.05)
        return np.degrees(np.unwrap(np.arctan2(-across[:, 2], across[:, 0])))

    @cached_property
    def axes(self) -> Array:
        """Left, up and forward of the body [T, 3, 3], a row each."""
        yaw = np.radians(self.yaw)
        nought, one = np.zeros_like(yaw), np.ones_like(yaw)
        left = np.stack((np.cos(yaw), nought, -np.sin(yaw)), axis=-1)
        forward = np.stack((np.sin(yaw), nought, np.cos(yaw)), axis=-1)
        return np.stack((left, np.stack((nought, one, nought), axis=-1), forward), axis=1)

    # --- where things are ---

    def height(self, joint: str) -> Array:
        """Above the floor [T], legs."""
        return (self.at(joint)[:, 1] - self.floor) / self.leg

    @remembered
    def place(self, joint: str, origin: str = "pelvis") -> Array:
        """From one joint to another [T, 3] as left, up, forward of the body, legs."""
        return np.asarray(np.einsum("tij,tj->ti", self.axes, self.at(joint) - self.at(origin)) / self.leg)

    def distance(self, first: str, second: str) -> Array:
        """Between two joints [T], legs."""
        return _norm(self.at(first) - self.at(second)) / self.leg

    @remembered
    def angle(self, first: str, middle: str, last: str) -> Array:
        """At the middle joint [T]; 180 is straight."""
        return _angle(self.at(first) - self.at(middle), self.at(last) - self.at(middle))

    def knee(self, side: Side) -> Array:
        return self.angle(f"{side}_hip", f"{side}_knee", f"{side}_ankle")

    def elbow(self, side: Side) -> Array:
        return self.angle(f"{side}_shoulder", f"{side}_elbow", f"{side}_wrist")

    @cached_property
    def trunk(self) -> Array:
        """Unit vector from pelvis to neck [T, 3] as left, up, forward of the body."""
        place = self.place("neck")
        return place / np.maximum(_norm(place), 1e-9)[:, None]

    @cached_property
    def tilt(self) -> Array:
        """Of the trunk from the vertical [T]; 0 is upright, 90 lies."""
        return np.degrees(np.arccos(np.clip(self.trunk[:, 1], -1.0, 1.0)))

    # --- how they move ---

    @remembered
    def velocity(self, joint: str, origin: str | None = None) -> Array:
        """Of a joint [T, 3], from that of the origin where there is one, as left, up, forward; legs a
        second."""
        path = self.at(joint) if origin is None else self.at(joint) - self.at(origin)
        return np.asarray(np.einsum("tij,tj->ti", self.axes, _rate(path)) / self.leg)

    def speed(self, joint: str, origin: str | None = None) -> Array:
        """Length of `velocity` [T]."""
        return _norm(self.velocity(joint, origin))

    @cached_property
    def travel(self) -> Array:
        """Velocity of the pelvis [T, 3] without its sway at each step, as left, up, forward; legs a
        second."""
        path = smooth(self.at("pelvis"), 0.25)
        return np.einsum("tij,tj->ti", self.axes, _rate(path)) / self.leg

    @cached_property
    def pace(self) -> Array:
        """Level speed of `travel` [T]."""
        return np.hypot(self.travel[:, 0], self.travel[:, 2])

    @remembered
    def steps(self, side: Side) -> list[slice]:
        """Frames in which a foot swings: faster than the body and than 0.6 legs a second, for 0.1 s at
        least."""
        velocity = self.velocity(f"{side}_ankle")
        speed = np.hypot(velocity[:, 0], velocity[:, 2])
        return stretches(speed > np.maximum(0.6, 1.15 * self.pace), 0.1)

    @cached_property
    def turning(self) -> Array:
        """Yaw without the swing of shoulders and hips at each step [T], degrees."""
        return smooth(self.yaw, 0.2)

    @cached_property
    def lift(self) -> Array:
        """Of each foot [T, 2] (left, right) above where it stands, legs: the lower of ankle and toes."""
        rises = []
        for part in ("ankle", "foot"):
            heights = np.stack([self.height(f"{side}_{part}") for side in SIDES], axis=1)
            # Of the foot that stands lower: the other one may be in the air all the time.
            rises.append(heights - np.percentile(heights, 5, axis=0).min())
        return np.minimum(*rises)

    @cached_property
    def falling(self) -> Array:
        """Downward acceleration of the middle of the body [T], in g; 1 is free flight."""
        names = ("pelvis", "spine3", "head", "left_hip", "right_hip")
        middle = np.mean([self.at(name)[:, 1] for name in names], axis=0)
        return -_rate(_rate(middle)) / 9.81

    @cached_property
    def flight(self) -> Mask:
        """Both feet off the ground [T] by 0.03 legs and the body in free fall for the most part."""
        return (self.lift.min(axis=1) > 0.03) & (self.falling > 0.4)


def _resampled(points: Array, fps: float) -> Array:
    """Points [T, J, 3] at `RATE`, linear between frames; averaged first where frames are dropped."""
    if fps > RATE:
        points = np.asarray(gaussian_filter1d(points, 0.3 * fps / RATE, axis=0, mode="nearest"))
    times = np.arange(int((len(points) - 1) / fps * RATE + 1e-9) + 1) * fps / RATE
    before = np.minimum(times.astype(np.int64), len(points) - 2)
    share = (times - before)[:, None, None]
    return points[before] * (1 - share) + points[before + 1] * share


def _norm(vectors: Array) -> Array:
    return np.sqrt(np.einsum("...i,...i->...", vectors, vectors))


def _angle(first: Array, second: Array) -> Array:
    """Between vectors [..., 3], degrees."""
    lengths = np.maximum(_norm(first) * _norm(second), 1e-12)
    return np.degrees(np.arccos(np.clip(np.einsum("...i,...i->...", first, second) / lengths, -1.0, 1.0)))


def _rate(path: Array) -> Array:
    """Central differences over two frames, a second; one-sided at the ends."""
    return np.gradient(path, axis=0) * RATE
