"""Punches: a fist moves fast; along which line, with which arm and how bent it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, best, moment
from eval.checks.kinematics import SIDES, Side, Take, other, remembered
from eval.checks.series import Array, least, most, swings
from eval.checks.stance import aimed

NEAR = 0.4  # seconds around the frame that is judged


@dataclass(frozen=True)
class Arm:
    """An arm that may strike, frame by frame [T], as seen towards `aim`.

    ahead, up: of the wrist from the shoulder, arm lengths; speed_ahead, speed_up, speed_in, speed: of the
    wrist from the pelvis, legs/s, `in` towards the other side; elbow: angle, degrees; lead: this side's foot
    before the other, legs; turn: of the body within 0.8 s, degrees; guard: height of the other wrist over the
    hips, legs.
    """

    ahead: Array
    up: Array
    inward: Array
    speed_ahead: Array
    speed_up: Array
    speed_in: Array
    speed: Array
    elbow: Array
    lead: Array
    turn: Array
    guard: Array


@remembered
def striking_arm(take: Take, side: Side) -> Arm:
    sign = 1.0 if side == "left" else -1.0
    wrist = f"{side}_wrist"
    place = aimed(take, take.place(wrist, f"{side}_shoulder")) / take.arm
    velocity = aimed(take, take.velocity(wrist, "pelvis"))
    feet = aimed(take, take.place(f"{side}_ankle", f"{other(side)}_ankle"))
    return Arm(
        place[:, 2],
        place[:, 1],
        -sign * place[:, 0],
        velocity[:, 2],
        velocity[:, 1],
        -sign * velocity[:, 0],
        take.speed(wrist, "pelvis"),
        take.elbow(side),
        feet[:, 2],
        most(take.yaw, 0.8) - least(take.yaw, 0.8),
        take.place(f"{other(side)}_wrist")[:, 1],
    )


Style = Callable[[Arm], list[Condition]]


def strikes(take: Take, sides: tuple[Side, ...], style: Style, speed: float = 2.3) -> Verdict:
    """A fist comes up fast, the other hand at the hips or higher; and does what the style asks for.

    Thresholds: within 0.2 s of the frame that is judged the wrist moves at `speed` legs (2.1 m) a second, as
    seen from the hips; it is between 0.85 arm lengths under the shoulder and 0.6 over it; the trunk leans by
    55 degrees at most.
    """
    verdicts = []
    for side in sides:
        arm = striking_arm(take, side)
        verdicts.append(
            moment(
                Condition(f"speed of the {side} wrist, legs/s", most(arm.speed, NEAR), speed),
                Condition("wrist over the shoulder, arms", arm.up, -0.85),
                Condition("other hand over the hips, legs", most(arm.guard, NEAR), -0.05),
                Condition("tilt of the trunk, degrees", take.tilt, 55.0, "at most"),
                *style(arm),
            )
        )
    return best(verdicts, "arms")


def straight(arm: Arm) -> list[Condition]:
    """The arm goes out to the front and comes back: wrist 0.75 arm lengths ahead of the shoulder and
    within 0.45 of its height, elbow at 140 degrees or straighter, 1.8 legs a second ahead; 0.25 arm
    lengths closer within 0.75 s of that."""
    return [
        Condition("wrist ahead of the shoulder, arms", arm.ahead, 0.75),
        Condition("wrist over the shoulder, arms", arm.up, -0.45),
        Condition("wrist over the shoulder at most, arms", arm.up, 0.45, "at most"),
        Condition("angle of the elbow, degrees", arm.elbow, 140.0),
        Condition("speed ahead, legs/s", most(arm.speed_ahead, 0.5), 1.8),
        Condition("back within 0.75 s, arms", arm.ahead - least(arm.ahead, 1.5), 0.25),
    ]


def _jab(arm: Arm) -> list[Condition]:
    return [
        Condition("angle of the elbow, degrees", arm.elbow, 125.0),
        Condition("speed ahead, legs/s", most(arm.speed_ahead, NEAR), 2.3),
        Condition("turn of the body, degrees", arm.turn, 48.0, "at most"),
        Condition("foot of this side before the other, legs", arm.lead, 0.1),
    ]


def _cross(arm: Arm) -> list[Condition]:
    return [
        Condition("angle of the elbow, degrees", arm.elbow, 125.0),
        Condition("speed ahead, legs/s", most(arm.speed_ahead, NEAR), 2.8),
        Condition("turn of the body, degrees", arm.turn, 45.0),
        Condition("foot of this side behind the other, legs", -arm.lead, 0.1),
    ]


def _to_the_head(arm: Arm) -> list[Condition]:
    return [
        Condition("wrist ahead of the shoulder, arms", arm.ahead, 0.78),
        Condition("wrist over the shoulder, arms", arm.up, -0.22),
    ]


def _to_the_body(arm: Arm) -> list[Condition]:
    return [
        Condition("wrist ahead of the shoulder, arms", arm.ahead, 0.57),
        Condition("wrist under the shoulder, arms", -arm.up, 0.26),
    ]


def jab(arm: Arm) -> list[Condition]:
    """Straight out from the leading side: elbow at 125 degrees, 2.3 legs a second ahead; the body turns by
    48 degrees at most; the foot of that side is 0.1 legs before the other; the wrist ends at shoulder
    height (0.22 arms)."""
    return _jab(arm) + _to_the_head(arm)


def body_jab(arm: Arm) -> list[Condition]:
    """A jab that ends 0.26 arm lengths or more under the shoulder."""
    return _jab(arm) + _to_the_body(arm)


def cross(arm: Arm) -> list[Condition]:
    """Straight out from the rear side: elbow at 125 degrees, 2.8 legs a second ahead; the body turns by 45
    degrees at least; the foot of that side is 0.1 legs behind the other; the wrist ends at shoulder height
    (0.22 arms)."""
    return _cross(arm) + _to_the_head(arm)


def body_cross(arm: Arm) -> list[Condition]:
    """A cross that ends 0.26 arm lengths or more under the shoulder."""
    return _cross(arm) + _to_the_body(arm)


def _hook(arm: Arm) -> list[Condition]:
    return [
        Condition("speed inward, legs/s", most(arm.speed_in, NEAR), 3.5),
        Condition("speed ahead, legs/s", most(arm.speed_ahead, 0.6), 2.6),
        Condition("speed up at most, legs/s", most(arm.speed_up, NEAR), 4.0, "at most"),
        Condition("angle of the elbow, degrees", arm.elbow, 125.0, "at most"),
        Condition("angle of the elbow at least, degrees", arm.elbow, 60.0),
        Condition("turn of the body, degrees", arm.turn, 35.0),
    ]


def hook(arm: Arm) -> list[Condition]:
    """Round from outside with a bent arm: 3.5 legs a second inward, 2.6 ahead, elbow at 60 to 125 degrees;
    the body turns by 35; the wrist comes up to 0.27 arm lengths under the shoulder or higher."""
    return [*_hook(arm), Condition("highest wrist over the shoulder, arms", most(arm.up, 0.5), -0.27)]


def body_hook(arm: Arm) -> list[Condition]:
    """A hook that stays 0.27 arm lengths or more under the shoulder."""
    return [*_hook(arm), Condition("highest wrist under the shoulder, arms", -most(arm.up, 0.5), 0.27)]


def uppercut(arm: Arm) -> list[Condition]:
    """Straight up with a bent arm: 3.8 legs a second up, elbow at 110 degrees at most, from 0.3 arm
    lengths under the shoulder to 0.1 over it."""
    return [
        Condition("speed up, legs/s", most(arm.speed_up, NEAR), 3.8),
        Condition("angle of the elbow, degrees", most(arm.elbow, NEAR), 110.0, "at most"),
        Condition("highest wrist over the shoulder, arms", most(arm.up, 0.6), 0.1),
        Condition("lowest wrist under the shoulder, arms", -least(arm.up, 0.8), 0.3),
        Condition("speed inward at most, legs/s", most(arm.speed_in, NEAR), 4.0, "at most"),
    ]


def backfist(arm: Arm) -> list[Condition]:
    """In and out again with the forearm from the leading side: 2.6 legs a second inward, within 0.5 s 1.8
    outward, 3.2 ahead at most; elbow at 130 degrees at most; the body turns by 35 at most; wrist 0.4 arm
    lengths ahead of the shoulder."""
    return [
        Condition("speed outward, legs/s", most(-arm.speed_in, 0.2), 1.8),
        Condition("speed inward, legs/s", most(arm.speed_in, 1.0), 2.6),
        Condition("speed ahead at most, legs/s", most(arm.speed_ahead, NEAR), 3.2, "at most"),
        Condition("angle of the elbow, degrees", arm.elbow, 130.0, "at most"),
        Condition("turn of the body, degrees", arm.turn, 35.0, "at most"),
        Condition("wrist ahead of the shoulder, arms", arm.ahead, 0.4),
        Condition("foot of this side before the other, legs", arm.lead, 0.1),
    ]


def boxes(take: Take) -> Verdict:
    """Punches again and again.

    Thresholds: the wrists make six swings of 0.3 arm lengths ahead or back, both together, 0.9 a second or
    more; the fastest at 2.6 legs a second; elbows bent to 100 degrees on average; wrists over the hips for
    0.7 of the time; the body at 1.2 legs a second at most (median).
    """
    arms = [striking_arm(take, side) for side in SIDES]
    count = sum(swings(arm.ahead, 0.3) for arm in arms)
    bend = float(np.mean([arm.elbow.mean() for arm in arms]))
    up = float(np.mean([(arm.guard > 0.0).mean() for arm in arms]))
    return (
        at_least("swings of the wrists", count, 6)
        & at_least("swings of the wrists a second", count / take.seconds, 0.9)
        & at_least("speed ahead, legs/s", max(float(arm.speed_ahead.max()) for arm in arms), 2.6)
        & at_most("mean angle of the elbows, degrees", bend, 100.0)
        & at_least("share of time with the hands up", up, 0.7)
        & at_most("pace, legs/s", float(np.median(take.pace)), 1.2)
    )
