"""Kicks: a foot goes up fast; which way it goes, and how, tells one from the other."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, best, moment
from eval.checks.kinematics import SIDES, Side, Take, remembered
from eval.checks.series import RATE, Array, averaged, least, most, stretches, swings
from eval.checks.stance import aimed

FOOT_HEIGHT = 0.55  # legs, of the ankle: 0.45 m
FOOT_SPEED = 3.75  # legs a second: 3 m/s
NEAR = 0.5  # seconds around the frame that is judged


@dataclass(frozen=True)
class Leg:
    """A leg that may kick, frame by frame [T].

    height: of the ankle, legs; reach: of the ankle from the hip along the ground, legs; ahead: speed of the
    ankle towards `aim`, legs/s, and speed: its length; thrust: rate of the reach, legs/s; outward, inward:
    speed of the ankle round the hip, away from the other leg and towards it, legs/s; bearing: of the ankle
    from the hip as the body sees it, degrees, outward positive; aside: the same as the opponent sees it;
    knee: angle, degrees. Rates count while the ankle is at `FOOT_HEIGHT` only.
    """

    height: Array
    reach: Array
    ahead: Array
    speed: Array
    rise: Array
    thrust: Array
    outward: Array
    inward: Array
    bearing: Array
    aside: Array
    knee: Array


@remembered
def kicking_leg(take: Take, side: Side) -> Leg:
    sign = 1.0 if side == "left" else -1.0
    ankle, hip = f"{side}_ankle", f"{side}_hip"
    height = take.height(ankle)
    up = height >= FOOT_HEIGHT
    apart = (take.at(ankle) - take.at(hip))[:, [0, 2]] / take.leg
    reach = np.hypot(apart[:, 0], apart[:, 1])
    rate = np.gradient(apart, axis=0) * RATE
    sweep = sign * (apart[:, 1] * rate[:, 0] - apart[:, 0] * rate[:, 1]) / np.maximum(reach, 1e-3)
    velocity = take.velocity(ankle)
    near = most(up.astype(np.float64), 0.2) > 0
    place = take.place(ankle, hip)
    seen = aimed(take, place)
    return Leg(
        height,
        reach,
        np.where(near, aimed(take, velocity)[:, 2], 0.0),
        np.where(near, take.speed(ankle), 0.0),
        np.where(near, velocity[:, 1], 0.0),
        np.where(near, np.gradient(reach) * RATE, 0.0),
        np.where(up, sweep, 0.0),
        np.where(up, -sweep, 0.0),
        np.degrees(np.arctan2(sign * place[:, 0], place[:, 2])),
        np.degrees(np.arctan2(sign * seen[:, 0], seen[:, 2])),
        take.knee(side),
    )


@remembered
def spin(take: Take) -> Array:
    """How far the body turns within 1.2 s around a frame [T], degrees, either way."""
    return most(take.yaw, 1.2) - least(take.yaw, 1.2)


def kicks(
    take: Take,
    sides: tuple[Side, ...],
    style: Callable[[Take, Leg], list[Condition]],
    speed: float = FOOT_SPEED,
) -> Verdict:
    """A foot goes up, out and fast; and does what the style asks for.

    Thresholds: the ankle at 0.55 legs (0.45 m), 0.65 legs from the hip along the ground, the knee at 115
    degrees or straighter, and within 0.25 s the ankle as fast as `speed` legs a second (3 m/s).
    """
    verdicts = []
    for side in sides:
        leg = kicking_leg(take, side)
        verdicts.append(
            moment(
                Condition(f"height of the {side} ankle, legs", leg.height, FOOT_HEIGHT),
                Condition("reach of the foot, legs", leg.reach, 0.65),
                Condition("angle of the knee, degrees", leg.knee, 115.0),
                Condition("speed of the foot, legs/s", most(leg.speed, NEAR), speed),
                *style(take, leg),
            )
        )
    return best(verdicts, "legs")


def any_way(take: Take, leg: Leg) -> list[Condition]:
    """Forward, sideways, or leaning: not the heel of a runner. Slower than 2.5 legs a second over the
    floor."""
    return [
        Condition("pace, legs/s", averaged(take.pace, NEAR), 2.5, "at most"),
        Condition(
            "forward or lean", np.maximum(130.0 / np.maximum(np.abs(leg.bearing), 1.0), take.tilt / 35.0), 1.0
        ),
    ]


def front(take: Take, leg: Leg) -> list[Condition]:
    """Thrust at the opponent: within 40 degrees of straight ahead, 3.75 legs a second that way and 3.5
    away from the hip; round the hip 2.6 at most; the body turns by 75 degrees at most, the ankle stays
    under 1.75 legs."""
    return [
        Condition("off straight ahead, degrees", np.abs(leg.aside), 40.0, "at most"),
        Condition("off the front of the body, degrees", np.abs(leg.bearing), 55.0, "at most"),
        Condition("speed ahead, legs/s", most(leg.ahead, NEAR), FOOT_SPEED),
        Condition("thrust, legs/s", most(leg.thrust, NEAR), 3.5),
        Condition("round the hip, legs/s", most(np.maximum(leg.outward, leg.inward), NEAR), 2.6, "at most"),
        Condition("turn of the body, degrees", spin(take), 75.0, "at most"),
        Condition("height of the ankle at most, legs", most(leg.height, 1.0), 1.75, "at most"),
    ]


def push(take: Take, leg: Leg) -> list[Condition]:
    """A slow kick with the sole: leg nearly straight (140 degrees) and level (ankle at 0.75 legs),
    straight ahead within 35 degrees, 1.2 to 4 legs a second away from the hip, 6.5 in all."""
    return [
        Condition("height of the ankle, legs", leg.height, 0.75),
        Condition("reach of the foot, legs", leg.reach, 0.85),
        Condition("angle of the knee, degrees", leg.knee, 140.0),
        Condition("off straight ahead, degrees", np.abs(leg.aside), 35.0, "at most"),
        Condition("off the front of the body, degrees", np.abs(leg.bearing), 60.0, "at most"),
        Condition("thrust, legs/s", most(leg.thrust, 1.0), 1.2),
        Condition("thrust at most, legs/s", most(leg.thrust, 1.2), 4.0, "at most"),
        Condition("speed of the foot at most, legs/s", most(leg.speed, 1.2), 6.5, "at most"),
        Condition("round the hip, legs/s", most(np.maximum(leg.outward, leg.inward), 0.8), 1.5, "at most"),
        Condition("turn of the body, degrees", spin(take), 60.0, "at most"),
    ]


def sideways(take: Take, leg: Leg) -> list[Condition]:
    """Thrust out of the side of the body: 62 to 125 degrees from its front, ankle at 0.8 legs, leaning by
    25; the body turns by 75 at most."""
    return [
        Condition("from the front of the body, degrees", leg.bearing, 62.0),
        Condition("from the front of the body at most, degrees", leg.bearing, 125.0, "at most"),
        Condition("height of the ankle, legs", leg.height, 0.8),
        Condition("angle of the knee, degrees", leg.knee, 135.0),
        Condition("thrust, legs/s", most(leg.thrust, NEAR), 2.5),
        Condition("tilt of the trunk, degrees", take.tilt, 25.0),
        Condition("turn of the body, degrees", spin(take), 75.0, "at most"),
    ]


def roundhouse(take: Take, leg: Leg) -> list[Condition]:
    """Swings round from outside in: 2.8 legs a second round the hip, ankle at 0.8 legs, the foot within 75
    degrees of the body's front; the body turns by 60 degrees or leans by 45, and turns by 220 at most."""
    return [
        Condition("height of the ankle, legs", leg.height, 0.8),
        Condition("inward round the hip, legs/s", most(leg.inward, NEAR), 2.8),
        Condition("from the front of the body at most, degrees", np.abs(leg.bearing), 75.0, "at most"),
        Condition("outward round the hip, legs/s", most(leg.outward, NEAR), 4.5, "at most"),
        Condition("turn of the body, degrees", spin(take), 220.0, "at most"),
        Condition("turn or lean of the body", np.maximum(spin(take) / 60.0, take.tilt / 45.0), 1.0),
    ]


def crescent(take: Take, leg: Leg) -> list[Condition]:
    """A straight leg rises and swings from inside out: 4.2 legs a second round the hip, ankle at 1.15
    legs; the trunk within 40 degrees of upright, the body turns by 150 at most."""
    return [
        Condition("height of the ankle, legs", most(leg.height, NEAR), 1.15),
        Condition("outward round the hip, legs/s", most(leg.outward, NEAR), 4.2),
        Condition("tilt of the trunk, degrees", take.tilt, 40.0, "at most"),
        Condition("turn of the body, degrees", spin(take), 150.0, "at most"),
    ]


def spinning_crescent(take: Take, leg: Leg) -> list[Condition]:
    """The same out of a turn of the body by 180 degrees or more, 5.5 legs a second round the hip, with a
    leg that is never bent under 92 degrees."""
    return [
        Condition("height of the ankle, legs", most(leg.height, NEAR), 1.1),
        Condition("outward round the hip, legs/s", most(leg.outward, NEAR), 5.5),
        Condition("least angle of the knee, degrees", least(leg.knee, 0.4), 92.0),
        Condition("tilt of the trunk, degrees", take.tilt, 45.0, "at most"),
        Condition("turn of the body, degrees", spin(take), 180.0),
    ]


def spinning_back(take: Take, leg: Leg) -> list[Condition]:
    """Out of a turn by 180 degrees or more a kick to the side or back (70 to 180 degrees from the body's
    front) of a leg that was bent under 92 degrees; the trunk leans by 30."""
    return [
        Condition("height of the ankle, legs", leg.height, 0.8),
        Condition("from the front of the body, degrees", np.abs(leg.bearing), 70.0),
        Condition("least angle of the knee, degrees", least(leg.knee, 0.8), 92.0, "at most"),
        Condition("angle of the knee, degrees", leg.knee, 130.0),
        Condition("tilt of the trunk, degrees", take.tilt, 30.0),
        Condition("tilt of the trunk at most, degrees", take.tilt, 80.0, "at most"),
        Condition("turn of the body, degrees", spin(take), 180.0),
    ]


def backward(take: Take, leg: Leg) -> list[Condition]:
    """Out behind the body: 125 degrees or more from its front, ankle at 0.8 legs, trunk leaning by 35 to
    85 degrees; the body turns by 170 at most."""
    return [
        Condition("height of the ankle, legs", leg.height, 0.8),
        Condition("from the front of the body, degrees", np.abs(leg.bearing), 125.0),
        Condition("angle of the knee, degrees", leg.knee, 135.0),
        Condition("thrust, legs/s", most(leg.thrust, NEAR), 2.5),
        Condition("tilt of the trunk, degrees", take.tilt, 35.0),
        Condition("tilt of the trunk at most, degrees", take.tilt, 85.0, "at most"),
        Condition("turn of the body, degrees", spin(take), 170.0, "at most"),
    ]


def axe(take: Take, leg: Leg) -> list[Condition]:
    """A straight leg goes up over the hips (ankle at 1.5 legs, knee never under 105 degrees) and comes
    down at 4.5 legs a second; 3 at most round the hip."""
    return [
        Condition("height of the ankle, legs", most(leg.height, NEAR), 1.5),
        Condition("least angle of the knee, degrees", least(leg.knee, NEAR), 105.0),
        Condition("speed down, legs/s", most(-leg.rise, 0.8), 4.5),
        Condition("round the hip, legs/s", most(np.maximum(leg.outward, leg.inward), NEAR), 3.0, "at most"),
        Condition("off the front of the body, degrees", np.abs(leg.bearing), 50.0, "at most"),
        Condition("tilt of the trunk, degrees", take.tilt, 40.0, "at most"),
        Condition("turn of the body, degrees", spin(take), 90.0, "at most"),
    ]


def inverted(take: Take, leg: Leg) -> list[Condition]:
    """Over the head, hands down: the trunk leans by 85 degrees or more, ankle at 1.1 legs, hands at 0.5;
    the body turns by 150."""
    hands = np.minimum(take.height("left_wrist"), take.height("right_wrist"))
    return [
        Condition("tilt of the trunk, degrees", most(take.tilt, NEAR), 85.0),
        Condition("height of the ankle, legs", most(leg.height, NEAR), 1.1),
        Condition("height of the lower hand, legs", least(hands, NEAR), 0.5, "at most"),
        Condition("turn of the body, degrees", spin(take), 150.0),
    ]


def in_the_air(take: Take, leg: Leg) -> list[Condition]:
    """Both feet at 0.3 legs at once."""
    return [Condition("height of the lower foot, legs", most(take.lift.min(axis=1), NEAR), 0.3)]


def kicks_twice(take: Take) -> Verdict:
    """One leg kicks twice without coming down between.

    Thresholds: for 0.5 s the ankle stays at 0.55 legs, meanwhile the knee opens and closes by 25 degrees five
    times or more (bent, out, bent, out, bent); the foot as fast as 3.75 legs a second.
    """
    verdicts = []
    for side in SIDES:
        leg = kicking_leg(take, side)
        for up in stretches(leg.height >= FOOT_HEIGHT, 0.35):
            near = slice(max(up.start - 4, 0), up.stop + 4)
            verdicts.append(
                at_least(f"turns of the {side} knee", swings(leg.knee[near], 25.0), 5)
                & at_least("reach of the foot, legs", leg.reach[near].max(), 0.75)
                & at_least("speed of the foot, legs/s", leg.speed[near].max(), FOOT_SPEED)
                & at_least("time up, s", (up.stop - up.start) / RATE, 0.5)
            )
    return best(verdicts, "times a foot was up")


def kicks_ball(take: Take) -> Verdict:
    """Swings a foot forward, low and fast, as at a ball.

    Thresholds: the toes pass the hips at 6 legs (4.8 m) a second, 1.3 times as fast as the other foot ever,
    while no higher than 0.5 legs, and are 0.75 legs ahead of the hips within 0.4 s; hips at 0.8 legs, trunk
    within 45 degrees of upright.
    """
    verdicts = []
    for side in SIDES:
        toes = f"{side}_foot"
        ahead = take.velocity(toes, "pelvis")[:, 2]
        rest = take.velocity("right_foot" if side == "left" else "left_foot", "pelvis")[:, 2].max()
        verdicts.append(
            moment(
                Condition(f"speed of the {side} toes, legs/s", ahead, 6.0),
                Condition("height of the toes, legs", take.height(toes), 0.5, "at most"),
                Condition("toes ahead of the hips, legs", most(take.place(toes)[:, 2], 0.8), 0.75),
                Condition("height of the hips, legs", take.height("pelvis"), 0.8),
                Condition("tilt of the trunk, degrees", take.tilt, 45.0, "at most"),
                Condition("times as fast as the other foot", ahead / max(rest, 1.0), 1.3),
            )
        )
    return best(verdicts, "legs")
