"""Constructed motions by name, each the plainest form of an action."""

from collections.abc import Callable

import numpy as np
from figures import (
    ANKLE,
    HIP_WIDTH,
    HIPS,
    SIGNS,
    Array,
    Figure,
    constant,
    jumping,
    ramp,
    there_and_back,
    times,
    travelling,
)

UP, AHEAD, LEFT = np.eye(3)[[1, 2, 0]]


def to(body: Figure, side: str, target: tuple[float, float, float], share: Array) -> None:
    """Move a wrist from where it is to a place from the shoulder (outward, up, forward) and as far as
    `share` [T] says."""
    goal = np.array(target) * (SIGNS[side], 1.0, 1.0)
    body.wrists[side] = body.wrists[side] + share[:, None] * (goal - body.wrists[side])


def raised(*sides: str) -> Array:
    body = Figure(60)
    for side in sides:
        to(body, side, (0.08, 0.42, 0.1), there_and_back(times(3.0), 0.5, 1.2, 2.4))
    return body.joints()


def waved(*sides: str) -> Array:
    at = times(4.0)
    body = Figure(80)
    for side in sides:
        to(body, side, (0.08, 0.40, 0.1), there_and_back(at, 0.3, 0.8, 3.8))
        shake = 0.12 * np.sin(2 * np.pi * 1.5 * at) * (body.wrists[side][:, 1] > 0.3)
        body.wrists[side] = body.wrists[side] + np.outer(shake, LEFT)
    return body.joints()


def kicked(side: str, *, seconds: float = 0.3, height: float = 0.75) -> Array:
    """A foot goes up and out to the front and back."""
    at = times(3.0)
    body = Figure(60)
    bent = there_and_back(at, 0.9, 1.2, 1.2 + 2 * seconds + 0.3)
    out = there_and_back(at, 1.1, 1.1 + seconds, 1.1 + 2 * seconds)
    body.ankles[side] = (
        body.ankles[side] + np.outer(bent, 0.4 * UP) + np.outer(out, (height - 0.4) * UP + 0.72 * AHEAD)
    )
    return body.joints()


def guarded(frames: int, lead: str) -> Figure:
    """Feet apart, fists before the chin, one side leading."""
    body = Figure(frames)
    body.root = body.root - 0.06 * UP
    for side in SIGNS:
        sign = 1.0 if side == lead else -1.0
        body.ankles[side] = body.ankles[side] + 0.25 * sign * AHEAD
        body.wrists[side] = constant(frames, -SIGNS[side] * 0.08, -0.05, 0.2)
    return body


def punched(side: str) -> Array:
    at = times(2.5)
    body = guarded(50, side)
    to(body, side, (-0.05, 0.02, 0.48), there_and_back(at, 1.0, 1.15, 1.5))
    return body.joints()


def turned_around(way: int) -> Array:
    at = times(5.0)
    body = Figure(100)
    body.yaw = way * np.pi * ramp(at, 0.5, 4.5)
    for side, sign in SIGNS.items():
        body.ankles[side] = body.turned(constant(100, sign * HIP_WIDTH, ANKLE, 0.0))
    return body.joints()


def glided() -> Array:
    body = Figure(80)
    way = np.outer(times(4.0), 1.2 * AHEAD)
    body.root = body.root + way
    body.ankles = {side: ankle + way for side, ankle in body.ankles.items()}
    return body.joints()


def bowed() -> Array:
    body = Figure(80)
    body.lean = np.radians(45) * there_and_back(times(4.0), 0.8, 1.8, 3.2)
    return body.joints()


def sunk(depth: float, *, back: bool = False, seat: float = 0.0) -> Array:
    """Hips go down by so many metres, and up again where `back`; `seat`: how far behind the feet they end."""
    at = times(4.0)
    share = there_and_back(at, 0.8, 1.8, 3.2) if back else ramp(at, 0.8, 2.0)
    body = Figure(80)
    body.root = body.root - np.outer(share, depth * UP + seat * AHEAD)
    return body.joints()


def lain_down() -> Array:
    """Falls on the face as a board would, slowly."""
    share = ramp(times(5.0), 1.0, 3.0)
    points = Figure(100).joints() - (0.0, 0.03, 0.0)
    angle = np.radians(90) * share
    up, ahead = points[..., 1].copy(), points[..., 2].copy()
    points[..., 1] = up * np.cos(angle)[:, None] - ahead * np.sin(angle)[:, None] + 0.15 * share[:, None]
    points[..., 2] = up * np.sin(angle)[:, None] + ahead * np.cos(angle)[:, None]
    return points


def boxed() -> Array:
    at = times(4.0)
    body = guarded(80, "left")
    for number, start in enumerate(np.arange(0.3, 3.4, 0.4)):
        to(
            body,
            ("left", "right")[number % 2],
            (-0.05, 0.0, 0.47),
            there_and_back(at, start, start + 0.14, start + 0.35),
        )
    return body.joints()


def swayed() -> Array:
    at = times(5.0)
    body = Figure(100)
    aside = 0.08 * np.sin(2 * np.pi * 0.5 * at)
    body.root = body.root + np.outer(aside, LEFT)
    points = body.joints()
    # The trunk leans with the hips: what is over them goes further.
    over = np.clip(points[..., 1] - HIPS, 0.0, None)
    points[..., 0] += over * (aside / 0.35)[:, None]
    return points


def walked_and_stood() -> Array:
    """Walks for 2 s and stands for 2 s."""
    body = travelling(2.0, (0.0, 1.1))
    joints = body.joints()
    rest = Figure(40).joints() + joints[-1, 0] * (1.0, 0.0, 1.0)
    share = ramp(np.arange(40) / 20.0, 0.0, 0.4)[:, None, None]
    return np.concatenate((joints, joints[-1] * (1 - share) + rest * share))


MOVES: dict[str, Callable[[], Array]] = {
    "walk": lambda: travelling(4.0, (0.0, 1.2)).joints(),
    "walk-back": lambda: travelling(4.0, (0.0, -1.0)).joints(),
    "walk-diagonal-left": lambda: travelling(4.0, (0.7, 0.9)).joints(),
    "walk-diagonal-right": lambda: travelling(4.0, (-0.7, 0.9)).joints(),
    "walk-turn-left": lambda: travelling(
        6.0, (0.0, 1.2), yaw=lambda at: np.radians(90) * ramp(at, 2, 4)
    ).joints(),
    "walk-turn-right": lambda: travelling(
        6.0, (0.0, 1.2), yaw=lambda at: -np.radians(90) * ramp(at, 2, 4)
    ).joints(),
    "side-step-left": lambda: travelling(3.0, (0.8, 0.0)).joints(),
    "side-step-right": lambda: travelling(3.0, (-0.8, 0.0)).joints(),
    "run": lambda: travelling(3.0, (0.0, 3.2), cadence=3.0).joints(),
    "run-back": lambda: travelling(3.0, (0.0, -2.6), cadence=3.0).joints(),
    "stop-walking": walked_and_stood,
    "glide": glided,
    "stand": lambda: Figure(80).joints(),
    "turn-around-left": lambda: turned_around(1),
    "turn-around-right": lambda: turned_around(-1),
    "jump": lambda: jumping(1.0, 0.5, 3.0).joints(),
    "jump-forward": lambda: jumping(1.0, 0.5, 3.0, ahead=0.8).joints(),
    "raise-up-left-hand": lambda: raised("left"),
    "raise-up-right-hand": lambda: raised("right"),
    "raise-up-both-hands": lambda: raised("left", "right"),
    "wave-left-hand": lambda: waved("left"),
    "wave-right-hand": lambda: waved("right"),
    "wave-both-hands": lambda: waved("left", "right"),
    "kick-front": lambda: kicked("left"),
    "slow kick": lambda: kicked("left", seconds=0.9),
    "low kick": lambda: kicked("left", height=0.2),
    "punch-jab-left": lambda: punched("left"),
    "punch-jab-right": lambda: punched("right"),
    "box": boxed,
    "bow": bowed,
    "squat": lambda: sunk(0.52, back=True),
    "crouch": lambda: sunk(0.52),
    "sit-down": lambda: sunk(0.4, seat=0.35),
    "lie-down": lain_down,
    "sway": swayed,
}
