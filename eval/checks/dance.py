"""Dances and forms: large rhythmic movement of the whole body, of which only the shape can be judged."""

import numpy as np

from eval.checks.check import Verdict, at_least, at_most, within
from eval.checks.kinematics import SIDES, Take
from eval.checks.measures import feet_apart, spread
from eval.checks.series import longest, smooth, swings


def _steps(take: Take) -> float:
    """Of both feet, a second."""
    return sum(len(take.steps(side)) for side in SIDES) / take.seconds


def _path(take: Take) -> tuple[float, float]:
    """Length of the way of the hips, legs a second, and how straight it is: from end to end by its length."""
    path = smooth(take.at("pelvis")[:, [0, 2]], 0.25) / take.leg
    length = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    return length / take.seconds, float(np.linalg.norm(path[-1] - path[0])) / max(length, 0.1)


def _elbows(take: Take) -> float:
    return float((take.elbow("left").mean() + take.elbow("right").mean()) / 2)


def dances(take: Take, steps: float = 1.5, turning: float = 12.0, elbows: float = 115.0) -> Verdict:
    """Steps about, turns and moves bent arms, without getting far.

    Thresholds: `steps` a second; `turning` degrees a second, both ways counted; wrists 0.4 legs a second from
    the hips on average; the way is no straighter than 0.97 or shorter than 0.45 legs a second; elbows bent to
    `elbows` degrees.
    """
    pace, straight = _path(take)
    turn = float(np.abs(np.diff(take.turning)).sum()) / take.seconds
    hands = float(np.mean([take.speed(f"{side}_wrist", "pelvis").mean() for side in SIDES]))
    return (
        at_least("steps a second", _steps(take), steps)
        & at_least("turning, degrees/s", turn, turning)
        & at_least("speed of the hands, legs/s", hands, 0.4)
        & at_most("straightness of the way", straight if pace > 0.45 else 0.0, 0.97)
        & within("mean angle of the elbows, degrees", _elbows(take), 66.0, elbows)
    )


def dances_salsa(take: Take) -> Verdict:
    """Small quick steps to and fro with turns, bent arms: 2.4 steps and 0.38 legs of way a second, no
    straighter than 0.6; the facing spans 80 degrees; elbows 66 to 106 degrees; no jumps."""
    pace, straight = _path(take)
    return (
        dances(take, 2.4, 25.0, 106.0)
        & at_least("way, legs/s", pace, 0.38)
        & at_most("straightness of the way", straight, 0.6)
        & at_least("span of the facing, degrees", float(np.ptp(take.turning)), 80.0)
        & at_most("share of time in the air", float(take.flight.mean()), 0.08)
        & at_most("height of a foot, legs", float(np.percentile(take.lift.max(axis=1), 90)), 0.3)
    )


def dances_charleston(take: Take) -> Verdict:
    """Kicks and steps forward and back on the spot: the ankles pass each other 1.2 times a second, 0.3
    legs apart; the hips go up and down by 0.04 legs 1.1 times a second and stay within 1 leg of ground;
    facing within 90 degrees."""
    apart = take.place("left_ankle")[:, 2] - take.place("right_ankle")[:, 2]
    return (
        at_least("strides a second", swings(apart, 0.3) / take.seconds, 1.2)
        & at_least("swings of the hips a second", swings(take.height("pelvis"), 0.04) / take.seconds, 1.1)
        & at_most("spread of the path, legs", spread(take), 1.0)
        & at_most("span of the facing, degrees", float(np.ptp(take.turning)), 90.0)
        & at_least("mean angle of the elbows, degrees", _elbows(take), 75.0)
        & at_most("share of time in the air", float(take.flight.mean()), 0.1)
    )


def dances_like_chicken(take: Take) -> Verdict:
    """Bent elbows (80 degrees on average), feet that stay, knees that dip: the hips go down and up by 0.25
    legs."""
    return (
        at_most("mean angle of the elbows, degrees", _elbows(take), 80.0)
        & at_most("steps a second", _steps(take), 0.3)
        & at_least("swings of the hips", swings(take.height("pelvis"), 0.25), 2)
        & at_most("height of a foot, legs", float(take.lift.max()), 0.2)
    )


def performs_form(take: Take) -> Verdict:
    """Wide stances and sharp arms: for 0.2 s on end the feet are 0.7 legs apart, over the whole 0.5 on
    average; a wrist is as fast as 1.4 legs a second, and the body stands (0.3 legs a second) for an eighth
    of the time; three steps or more."""
    fast = max(float(take.speed(f"{side}_wrist", "pelvis").max()) for side in SIDES)
    return (
        at_least("mean distance of the feet, legs", float(feet_apart(take).mean()), 0.5)
        & at_least("longest wide stance, s", longest(feet_apart(take) >= 0.7), 0.2)
        & at_least("speed of a wrist, legs/s", fast, 1.4)
        & at_least("share of time at rest", float((take.pace < 0.35).mean()), 0.12)
        & at_least("steps", _steps(take) * take.seconds, 3)
        & at_least("span of the facing, degrees", float(np.ptp(take.turning)), 30.0)
    )
