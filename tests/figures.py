"""Motions of a stick figure in closed form: paths of hips, feet and hands are given, knees and elbows
follow."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FPS = 20.0
GRAVITY = 9.81

LEG, SHIN, ARM = 0.8, 0.4, 0.5  # metres
HIPS, ANKLE = 0.9, 0.1  # height of the hips when standing, of the ankles always
HIP_WIDTH, SHOULDER_WIDTH, SHOULDER_HEIGHT = 0.1, 0.17, 0.45  # from the pelvis
SIGNS = {"left": 1.0, "right": -1.0}
JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle", "right_ankle",
    "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head", "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip


def times(seconds: float) -> Array:
    """Of the frames of a motion [T], seconds."""
    return np.arange(round(seconds * FPS)) / FPS


def ramp(at: Array, start: float, end: float) -> Array:
    """From 0 before `start` to 1 after `end`, smooth."""
    share = np.clip((at - start) / (end - start), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share))


def there_and_back(at: Array, start: float, top: float, end: float) -> Array:
    """From 0 to 1 at `top` and to 0 again."""
    return ramp(at, start, top) * (1 - ramp(at, top, end))


def constant(frames: int, *numbers: float) -> Array:
    """The same vector [T, 3] in every frame."""
    return np.tile(np.array(numbers, dtype=np.float64), (frames, 1))


@dataclass
class Figure:
    """A body of 22 joints, by default standing with the arms hanging.

    Vectors [T, 3] are left, up, forward of the body (x, y, z at yaw 0), metres. root: the pelvis in the
    world; yaw: [T] radians, more is to the left; lean: [T] radians of the trunk forward; ankles: in the
    world, by side; wrists: from the shoulder, by side.
    """

    frames: int
    root: Array = field(init=False)
    yaw: Array = field(init=False)
    lean: Array = field(init=False)
    ankles: dict[str, Array] = field(init=False)
    wrists: dict[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        self.root = constant(self.frames, 0.0, HIPS, 0.0)
        self.yaw, self.lean = np.zeros(self.frames), np.zeros(self.frames)
        self.ankles = {
            side: constant(self.frames, sign * HIP_WIDTH, ANKLE, 0.0) for side, sign in SIGNS.items()
        }
        self.wrists = {side: constant(self.frames, sign * 0.05, -0.49, 0.05) for side, sign in SIGNS.items()}

    def turned(self, vectors: Array) -> Array:
        """Vectors of the body's directions [T, 3] in the world."""
        cos, sin = np.cos(self.yaw), np.sin(self.yaw)
        left, up, forward = vectors.T
        return np.stack((left * cos + forward * sin, up, -left * sin + forward * cos), axis=1)

    def trunk(self, aside: float, up: float) -> Array:
        """A point of the trunk in the world [T, 3]: so far to the left of the spine, so far up along it."""
        along = np.stack(
            (np.full(self.frames, aside), up * np.cos(self.lean), up * np.sin(self.lean)), axis=1
        )
        return self.root + self.turned(along)

    def joints(self) -> Array:
        """[T, 22, 3] metres."""
        heights = {"spine1": 0.1, "spine2": 0.22, "spine3": 0.3, "neck": 0.5, "head": 0.62}
        points = {"pelvis": self.root} | {name: self.trunk(0.0, up) for name, up in heights.items()}
        ahead = self.turned(constant(self.frames, 0.0, 0.0, 1.0))
        for side, sign in SIGNS.items():
            hip = self.root + self.turned(constant(self.frames, sign * HIP_WIDTH, 0.0, 0.0))
            shoulder = self.trunk(sign * SHOULDER_WIDTH, SHOULDER_HEIGHT)
            ankle = _reachable(hip, self.ankles[side], LEG)
            wrist = _reachable(shoulder, shoulder + self.turned(self.wrists[side]), ARM)
            points |= {
                f"{side}_hip": hip,
                f"{side}_knee": _joint(hip, ankle, SHIN, ahead),
                f"{side}_ankle": ankle,
                f"{side}_foot": ankle + self.turned(constant(self.frames, 0.0, -0.07, 0.13)),
                f"{side}_collar": self.trunk(sign * 0.06, 0.43),
                f"{side}_shoulder": shoulder,
                f"{side}_elbow": _joint(shoulder, wrist, ARM / 2, -ahead),
                f"{side}_wrist": wrist,
            }
        return np.stack([points[name] for name in JOINTS], axis=1)


def _reachable(start: Array, end: Array, length: float) -> Array:
    """`end`, or the point on the way there that a limb of such a length reaches."""
    way = end - start
    distance = np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-9)
    return start + way * np.minimum(1.0, 0.999 * length / distance)


def _joint(start: Array, end: Array, half: float, towards: Array) -> Array:
    """Knee or elbow [T, 3] of a limb of two equal parts, bent towards a direction."""
    way = end - start
    distance = np.linalg.norm(way, axis=1, keepdims=True)
    along = way / np.maximum(distance, 1e-9)
    aside = towards - np.sum(towards * along, axis=1, keepdims=True) * along
    aside /= np.maximum(np.linalg.norm(aside, axis=1, keepdims=True), 1e-9)
    return start + way / 2 + aside * np.sqrt(np.maximum(half**2 - (distance / 2) ** 2, 0.0))


def travelling(
    seconds: float,
    velocity: tuple[float, float],
    *,
    yaw: Callable[[Array], Array] = np.zeros_like,
    cadence: float = 2.0,
) -> Figure:
    """A figure that walks: the feet swing in turn and stand still between.

    velocity: to the left and forward of the body, m/s; yaw: radians at each time; cadence: steps a second.
    """
    at = times(seconds)
    body = Figure(len(at))
    body.yaw = yaw(at)
    step = body.turned(constant(len(at), velocity[0], 0.0, velocity[1])) / FPS
    path = np.cumsum(step, axis=0) - step[0]
    body.root = body.root + path
    period = 2 / cadence
    for side, sign in SIGNS.items():
        phase = at / period + (0.0 if side == "left" else 0.5)
        share = phase % 1.0  # the first half swings, the second stands
        shift = np.where(share < 0.5, ramp(share, 0.0, 0.5) - 0.5, 0.5) - share
        stride = np.asarray(velocity) * period
        aside = constant(len(at), sign * HIP_WIDTH, 0.0, 0.0)
        offset = np.stack((stride[0] * (shift + 0.25), np.zeros(len(at)), stride[1] * (shift + 0.25)), axis=1)
        lift = np.where(share < 0.5, 0.08 * np.sin(np.pi * share / 0.5) ** 2, 0.0)
        body.ankles[side] = path + body.turned(aside + offset) + np.outer(ANKLE + lift, (0.0, 1.0, 0.0))
    return body


def jumping(start: float, seconds: float, total: float, *, ahead: float = 0.0) -> Figure:
    """A figure that leaves the ground at `start` with both feet for so many seconds, in free fall;
    `ahead`: metres."""
    at = times(total)
    body = Figure(len(at))
    air = np.clip(at - start, 0.0, seconds)
    rise = np.where((at > start) & (at < start + seconds), GRAVITY / 2 * air * (seconds - air), 0.0)
    way = np.outer(rise, (0.0, 1.0, 0.0)) + np.outer(ahead * air / seconds, (0.0, 0.0, 1.0))
    # Bent knees before and after: nobody jumps from straight legs, and acceleration would jump too.
    crouch = 0.12 * (
        there_and_back(at, start - 0.5, start - 0.2, start)
        + there_and_back(at, start + seconds, start + seconds + 0.2, start + seconds + 0.6)
    )
    body.root = body.root + way - np.outer(crouch, (0.0, 1.0, 0.0))
    for side in SIGNS:
        body.ankles[side] = body.ankles[side] + way
    return body


def mirrored(joints: Array) -> Array:
    """The motion [T, 22, 3] seen in a mirror: x is negated, left and right joints change places."""
    swap = {"left": "right", "right": "left"}
    order = []
    for name in JOINTS:
        side, _, part = name.partition("_")
        order.append(JOINTS.index(f"{swap[side]}_{part}") if side in swap else JOINTS.index(name))
    return joints[:, order] * np.array([-1.0, 1.0, 1.0])
