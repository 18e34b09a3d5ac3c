"""Over stairs, ladders, rough ground and in a crouch; round others and under things."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, moment
from eval.checks.kinematics import SIDES, Take, remembered
from eval.checks.locomotion import (
    RUNNING,
    bearing,
    run_index,
    runs,
    stepping,
    striding,
    turned,
)
from eval.checks.series import Array, averaged, gain, smooth, stretches, swings


@remembered
def footholds(take: Take) -> Array:
    """Height of the ankle at each step [steps], legs, in order: while a foot is slower than 0.5 legs a
    second."""
    found = []
    for side in SIDES:
        rests = stretches(take.speed(f"{side}_ankle") < 0.5, 0.15)
        height = take.height(f"{side}_ankle")
        found += [(rest.start, float(np.median(height[rest]))) for rest in rests]
    return np.array([height for _, height in sorted(found)])


def climbs(take: Take, way: int, ladder: bool) -> Verdict:
    """Goes up or down, step by step.

    way: 1 up, -1 down. Thresholds: hips and footholds rise (or sink) by 0.4 legs (0.34 m: two stairs) and end
    there; two steps of 0.08 legs or more; upright. A ladder: 1.15 times as far along as up at most, stairs:
    at least.
    """
    hips = smooth(take.height("pelvis"), 0.3)
    holds = footholds(take)
    up = way * (hips[-1] - hips[0])
    path = take.at("pelvis")[-1] - take.at("pelvis")[0]
    along = float(np.hypot(path[0], path[2])) / take.leg
    verdict = (
        at_least("rise of the hips, legs", up, 0.4)
        & at_least("rise of the footholds, legs", way * (holds[-1] - holds[0]) if len(holds) else 0.0, 0.4)
        & at_least("steps up", sum(way * step >= 0.08 for step in np.diff(holds)), 2)
        & at_most("tilt of the trunk, degrees", float(np.median(take.tilt)), 45.0)
    )
    steepness = along / max(abs(up), 0.1)
    if ladder:
        return verdict & at_most("way along by way up", steepness, 1.15)
    return verdict & at_least("way along by way up", steepness, 1.15)


def walks_rough(take: Take) -> Verdict:
    """Walks over ground that goes up and down.

    Thresholds: 0.5 legs a second for 2 s, upright; footholds differ by 0.15 legs (0.12 m) or more, and two
    steps or more are 0.08 legs higher or lower than the one before; no stairs: the last is within 0.4 legs of
    the first.
    """
    holds = footholds(take)
    steps = np.diff(holds)
    return (
        stepping(take, 4)
        & at_least("spread of the footholds, legs", np.ptp(holds) if len(holds) else 0.0, 0.15)
        & at_least("uneven steps", int((np.abs(steps) >= 0.08).sum()), 2)
        & at_most("rise from first to last, legs", abs(holds[-1] - holds[0]) if len(holds) else 0.0, 0.4)
        & moment(
            Condition("walking pace, legs/s", averaged(take.pace, 2.0), 0.5),
            Condition("run index", run_index(take), RUNNING, "at most"),
            Condition("tilt of the trunk, degrees", averaged(take.tilt, 2.0), 40.0, "at most"),
            Condition("bearing, degrees", np.abs(bearing(take, 2.0)), 40.0, "at most"),
        )
    )


def sneaks(take: Take) -> Verdict:
    """Walks with bent knees, low.

    Thresholds over 2 s: 0.35 to 1.2 legs a second; mean height of the hips 1.0 legs at most and mean angle of
    a knee 112 degrees at most (walkers: 1.04, 130); no run; two strides.
    """
    bend = np.minimum(averaged(take.knee("left"), 2.0), averaged(take.knee("right"), 2.0))
    return striding(take, 2) & moment(
        Condition("walking pace, legs/s", averaged(take.pace, 2.0), 0.35),
        Condition("walking pace at most, legs/s", averaged(take.pace, 2.0), 1.2, "at most"),
        Condition("angle of the knee, degrees", bend, 112.0, "at most"),
        Condition("height of the hips, legs", averaged(take.height("pelvis"), 2.0), 1.0, "at most"),
        Condition("height of the hips at least, legs", averaged(take.height("pelvis"), 2.0), 0.6),
        Condition("bearing, degrees", np.abs(bearing(take, 2.0)), 45.0, "at most"),
        Condition("run index", run_index(take), 0.9, "at most"),
        Condition("turn meanwhile, degrees", np.abs(turned(take, 2.0)), 60.0, "at most"),
    )


def ducks_running(take: Take) -> Verdict:
    """Runs, and at a pace of 1.2 legs a second the head goes down to 1.35 legs (upright: 1.7) and comes up
    again by 0.3, or came down by that, within 1 s."""
    head = take.height("head")
    return (
        at_least("run index", run_index(take).max(), RUNNING)
        & moment(
            Condition("height of the head, legs", head, 1.35, "at most"),
            Condition("height of the hips, legs", take.height("pelvis"), 0.3),
            Condition("pace, legs/s", averaged(take.pace, 0.3), 1.2),
        )
        & at_least("fall of the head, legs", gain(-head, 1.0), 0.3)
    )


def cuts(take: Take, way: int) -> Verdict:
    """Dodges sideways at a run, and runs on in the old direction.

    way: 1 left, -1 right. Thresholds: the path ends 0.26 legs (0.2 m) or more to that side of the line of the
    first steps; the last steps go within 35 degrees of the first.
    """
    path = smooth(take.at("pelvis")[:, [0, 2]], 0.15) / take.leg
    velocity = np.gradient(path, axis=0)
    width = max(3, len(path) // 5)
    first, last = velocity[:width].sum(axis=0), velocity[-width:].sum(axis=0)
    length = max(float(np.hypot(*first)), 1e-9)
    left = np.array([first[1], -first[0]]) / length
    aside = way * (path - path[0]) @ left
    change = np.degrees(np.arctan2(last @ left, last @ first / length))
    return (
        runs(take, 0.0, 40.0)
        & at_least("aside of the first line, legs", float(aside[-width:].mean()), 0.26)
        & at_most("change of direction, degrees", abs(float(change)), 35.0)
    )


def jogs_in_place(take: Take) -> Verdict:
    """Runs without getting anywhere.

    Thresholds: the feet differ in height by 0.1 legs now one way, now the other, four times at least and 1.5
    a second, and each comes down (0.06); both are off the ground for 0.06 of the time; the body goes 0.35
    legs a second at most (median), the more bent knee at 128 degrees on average, the elbows at 115.
    """
    turns = swings(take.lift[:, 0] - take.lift[:, 1], 0.1)
    knees = np.minimum(take.knee("left"), take.knee("right"))
    elbows = (take.elbow("left") + take.elbow("right")) / 2
    return (
        at_least("swings of the feet", turns, 4)
        & at_least("swings of the feet a second", turns / take.seconds, 1.5)
        & at_most(
            "height of the feet when down, legs", float(np.percentile(take.lift, 20, axis=0).max()), 0.06
        )
        & at_least("share of time in the air", float(take.flight.mean()), 0.06)
        & at_most("pace, legs/s", float(np.median(take.pace)), 0.35)
        & at_most("mean angle of the bent knee, degrees", float(knees.mean()), 128.0)
        & at_most("mean angle of the elbows, degrees", float(elbows.mean()), 115.0)
    )
