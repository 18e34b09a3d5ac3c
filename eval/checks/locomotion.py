"""Walking and running: which way, how fast, from what to what."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, moment
from eval.checks.kinematics import SIDES, Take, remembered
from eval.checks.series import Array, averaged, frames, swings

WALK_SECONDS, RUN_SECONDS = 2.0, 0.8
RUNNING, STILL = 1.0, 0.35
STRIDE = 0.3


@remembered
def course(take: Take, seconds: float) -> Array:
    """Mean velocity of a window of time [T, 2] as left and forward of the body, legs a second."""
    return averaged(take.travel[:, [0, 2]], seconds)


@remembered
def bearing(take: Take, seconds: float) -> Array:
    """Where that goes as seen by the body [T], degrees: 0 forward, 90 left, -90 right, 180 backward."""
    mean = course(take, seconds)
    return np.degrees(np.arctan2(mean[:, 0], mean[:, 1]))


@remembered
def run_index(take: Take) -> Array:
    """1 where walking becomes running [T], in windows of 0.8 s.

    That is at 2.2 legs (1.8 m) a second, or at 1.3 where both feet are off the ground for a twentieth of the
    time.
    """
    pace, flight = averaged(take.pace, RUN_SECONDS), averaged(take.flight, RUN_SECONDS)
    return np.maximum(pace / 2.2, np.minimum(pace / 1.3, flight / 0.05))


@remembered
def turned(take: Take, seconds: float) -> Array:
    """How far the body turns in a window around each frame [T], degrees, more is to the left."""
    half = frames(seconds / 2)
    padded = np.pad(take.turning, half, mode="edge")
    return padded[2 * half :] - padded[: -2 * half]


@remembered
def path_turned(take: Take, seconds: float) -> Array:
    """How far the path over the floor bends in a window [T], degrees, more is to the left; 0 where the body
    stands.

    Of two ways round, the one nearer to the turn of the body.
    """
    moving = take.pace > 0.4
    if not moving.any():
        return np.zeros(len(take))
    # Where the body stands it has no course: the last one holds.
    last = np.maximum.accumulate(np.where(moving, np.arange(len(take)), -1))
    last[last < 0] = np.flatnonzero(moving)[0]
    aside = np.degrees(np.arctan2(take.travel[:, 0], take.travel[:, 2]))[last]
    facing = take.turning[last]
    half = frames(seconds / 2)
    aside, facing = np.pad(aside, half, mode="edge"), np.pad(facing, half, mode="edge")
    change = (aside[2 * half :] - aside[: -2 * half] + 180.0) % 360.0 - 180.0
    return facing[2 * half :] - facing[: -2 * half] + change


def stepping(take: Take, steps: int = 2) -> Verdict:
    """Both feet swing, and together so many times: a body that glides does not walk."""
    counts = [len(take.steps(side)) for side in SIDES]
    return at_least("steps", sum(counts), steps) & at_least("steps of the lazier foot", min(counts), 1)


def striding(take: Take, strides: int = 4) -> Verdict:
    """The feet pass each other so many times, 0.3 legs apart before and after: no shuffling of a fighter."""
    apart = take.place("left_ankle")[:, 2] - take.place("right_ankle")[:, 2]
    return at_least("strides", swings(apart, STRIDE), strides)


def upright(take: Take) -> Condition:
    return Condition("height of the hips, legs", averaged(take.height("pelvis"), 0.8), 0.75)


def off(angles: Array, centre: float) -> Array:
    """Distance of angles [T] from another, 0 to 180 degrees."""
    return np.abs((angles - centre + 180.0) % 360.0 - 180.0)


def walks(take: Take, centre: float = 0.0, tolerance: float = 30.0, pace: float = 0.6) -> Verdict:
    """Goes at walking pace in one direction of its own for 2 s.

    Thresholds: `pace` legs (0.8 m) a second at least; bearing within `tolerance` of `centre` degrees; not
    running (`run_index` under 1); hips at 0.75 legs; the body turns less than 60 degrees meanwhile; four
    strides of 0.3 legs.
    """
    return (
        stepping(take, 4)
        & striding(take)
        & moment(
            Condition("walking pace, legs/s", averaged(take.pace, WALK_SECONDS), pace),
            Condition(
                "off the bearing, degrees", off(bearing(take, WALK_SECONDS), centre), tolerance, "at most"
            ),
            Condition("run index", run_index(take), RUNNING, "at most"),
            Condition("turn meanwhile, degrees", np.abs(turned(take, WALK_SECONDS)), 60.0, "at most"),
            upright(take),
        )
    )


def runs(
    take: Take, centre: float = 0.0, tolerance: float = 30.0, pace: float = 0.0, index: float = 1.0
) -> Verdict:
    """Runs in one direction of its own for 0.8 s.

    Thresholds: `run_index` 1 at least; bearing within `tolerance` of `centre` degrees; `pace` legs a second;
    three steps.
    """
    return stepping(take, 3) & moment(
        Condition("run index", run_index(take), index),
        Condition("running pace, legs/s", averaged(take.pace, RUN_SECONDS), pace),
        Condition("off the bearing, degrees", off(bearing(take, RUN_SECONDS), centre), tolerance, "at most"),
        upright(take),
    )


def bends(take: Take, way: int, degrees: float, limit: float = 1000.0, running: bool = False) -> Verdict:
    """Walks or runs on in another direction.

    way: 1 left, -1 right, 0 either. Thresholds: within 4 s (2 s running) the body turns by `degrees` at least
    and by `limit` at most, the path over the floor by 0.6 of that.
    """
    seconds = 2.0 if running else 4.0
    body, path = turned(take, seconds), path_turned(take, seconds)
    sign = way if way else np.sign(body)
    body, path = sign * body, sign * path
    return moment(
        Condition("turn of the body, degrees", body, degrees),
        Condition("turn of the path, degrees", path, 0.6 * degrees),
        Condition("turn at most, degrees", body, limit, "at most"),
    )


def walks_bending(take: Take, way: int, degrees: float, limit: float = 1000.0) -> Verdict:
    """Walks forward within 45 degrees, see `walks`, and turns on the way, see `bends`."""
    return walks(take, tolerance=45.0) & bends(take, way, degrees, limit)


def runs_bending(take: Take, way: int, degrees: float, limit: float = 1000.0) -> Verdict:
    """Runs forward within 45 degrees, see `runs`, and turns on the way, see `bends`."""
    return runs(take, tolerance=45.0) & bends(take, way, degrees, limit, running=True)
