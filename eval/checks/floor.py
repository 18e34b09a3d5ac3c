"""Low: lying, crawling, crouching, sitting, and the ways down and up."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, in_turn, moment
from eval.checks.kinematics import SIDES, Take, remembered
from eval.checks.series import RATE, Array, averaged, least, most, smooth, swings


@remembered
def steepest_thigh(take: Take) -> Array:
    """Cosine of the steeper thigh to the vertical [T]: 1 stands, 0 is level."""
    steep = []
    for side in SIDES:
        thigh = take.at(f"{side}_hip") - take.at(f"{side}_knee")
        steep.append(thigh[:, 1] / np.maximum(np.linalg.norm(thigh, axis=1), 1e-9))
    return np.maximum(*steep)


@remembered
def straighter_knee(take: Take) -> Array:
    return np.maximum(take.knee("left"), take.knee("right"))


@remembered
def feet_ahead(take: Take) -> Array:
    """Of the hips [T], the middle of the ankles, legs."""
    return (take.place("left_ankle")[:, 2] + take.place("right_ankle")[:, 2]) / 2


def lying(take: Take) -> list[Condition]:
    """Hips at 0.3 legs at most, head at 0.5, trunk 65 degrees or more from upright, for 0.6 s."""
    return [
        Condition("height of the hips, legs", averaged(take.height("pelvis"), 0.6), 0.3, "at most"),
        Condition("height of the head, legs", averaged(take.height("head"), 0.6), 0.5, "at most"),
        Condition("tilt of the trunk, degrees", averaged(take.tilt, 0.6), 65.0),
    ]


def crouching(take: Take) -> list[Condition]:
    """Hips at 0.62 legs at most, both knees bent to 75 degrees, the feet under the hips (0.3 legs ahead at
    most), trunk within 65 degrees of upright, for 0.3 s."""
    return [
        Condition("height of the hips, legs", averaged(take.height("pelvis"), 0.3), 0.62, "at most"),
        Condition(
            "angle of the straighter knee, degrees", averaged(straighter_knee(take), 0.3), 75.0, "at most"
        ),
        Condition("feet ahead of the hips, legs", averaged(feet_ahead(take), 0.3), 0.3, "at most"),
        Condition("tilt of the trunk, degrees", averaged(take.tilt, 0.3), 65.0, "at most"),
    ]


def sitting(take: Take, seconds: float = 0.4, tilt: float = 35.0, knee: float = 118.0) -> list[Condition]:
    """The thighs level (neither steeper than by a cosine of 0.72), the feet 0.1 legs or more ahead of the
    hips, hips at 0.5 legs or higher and slow (0.28 legs a second), knees at `knee` degrees or less, trunk
    within `tilt` degrees of upright."""
    return [
        Condition("cosine of the steeper thigh", averaged(steepest_thigh(take), seconds), 0.72, "at most"),
        Condition("feet ahead of the hips, legs", averaged(feet_ahead(take), seconds), 0.1),
        Condition("height of the hips, legs", averaged(take.height("pelvis"), seconds), 0.52),
        Condition("speed of the hips, legs/s", averaged(take.speed("pelvis"), seconds), 0.28, "at most"),
        Condition(
            "angle of the straighter knee, degrees", averaged(straighter_knee(take), seconds), knee, "at most"
        ),
        Condition("tilt of the trunk, degrees", averaged(take.tilt, seconds), tilt, "at most"),
    ]


def upright(take: Take, hips: float = 0.9) -> list[Condition]:
    """Hips at `hips` legs, thighs steep (a cosine of 0.8), trunk within 45 degrees of upright, for 0.2 s."""
    return [
        Condition("height of the hips, legs", averaged(take.height("pelvis"), 0.2), hips),
        Condition("cosine of the steeper thigh", averaged(steepest_thigh(take), 0.2), 0.8),
        Condition("tilt of the trunk, degrees", averaged(take.tilt, 0.2), 45.0, "at most"),
    ]


def lies(take: Take) -> Verdict:
    """Lies still: see `lying`, and slower than 0.12 legs a second for 1 s."""
    return moment(*lying(take), Condition("pace at rest, legs/s", most(take.pace, 1.0), 0.12, "at most"))


def lies_down(take: Take) -> Verdict:
    """Head at 0.75 legs or higher, later lying (see `lying`)."""
    return in_turn(
        [Condition("height of the head before, legs", take.height("head"), 0.75)], lying(take), gap=0.3
    )


def gets_up(take: Take) -> Verdict:
    """Lying (see `lying`), later head at 0.75 and hips at 0.38 legs or higher."""
    return in_turn(
        lying(take),
        [
            Condition("height of the head after, legs", take.height("head"), 0.75),
            Condition("height of the hips after, legs", take.height("pelvis"), 0.38),
        ],
        gap=0.3,
    )


def crawls(take: Take, way: int) -> Verdict:
    """Moves along the floor, head first or feet first.

    way: 1 forward, -1 backward. Thresholds over 1.5 s: 0.2 legs a second along the trunk, which is 50 degrees
    or more from upright; hips at 0.6 legs at most, head at 0.8; knees move: one bends by 25 degrees or more.
    """
    spine = smooth(take.at("neck") - take.at("pelvis"), 0.2)
    along = spine[:, [0, 2]] / np.maximum(np.linalg.norm(spine[:, [0, 2]], axis=1), 1e-9)[:, None]
    path = smooth(take.at("pelvis")[:, [0, 2]], 0.25) / take.leg
    speed = way * np.einsum("ti,ti->t", np.gradient(path, axis=0) * RATE, along)
    bends = [float(np.ptp(take.knee(side))) for side in SIDES]
    return moment(
        Condition("speed along the trunk, legs/s", averaged(speed, 1.5), 0.2),
        Condition("tilt of the trunk, degrees", averaged(take.tilt, 1.5), 50.0),
        Condition("height of the hips, legs", averaged(take.height("pelvis"), 1.5), 0.6, "at most"),
        Condition("height of the head, legs", averaged(take.height("head"), 1.5), 0.8, "at most"),
    ) & at_least("bend of a knee, degrees", max(bends), 25.0)


def crouches(take: Take) -> Verdict:
    """Stays down in a crouch: see `crouching`, 0.6 s of it slower than 0.4 legs a second in all
    directions."""
    return moment(
        *crouching(take),
        Condition("speed of the hips, legs/s", averaged(take.speed("pelvis"), 0.6), 0.4, "at most"),
    )


def rises(take: Take) -> Verdict:
    """In a crouch (see `crouching`), later upright: hips at 0.9 legs or higher."""
    return in_turn(crouching(take), upright(take), gap=0.3)


def squats(take: Take, times: int = 1) -> Verdict:
    """Down and up again over feet that stay.

    Thresholds: upright, in a crouch, upright again; the hips swing by 0.3 legs twice or more; the ankles stay
    within 0.35 legs along the ground and 0.15 above it.
    """
    spread = (
        max(float(np.hypot(*np.ptp(take.at(f"{side}_ankle")[:, [0, 2]], axis=0))) for side in SIDES)
        / take.leg
    )
    return (
        in_turn(upright(take), crouching(take), upright(take), gap=0.2)
        & at_least("swings of the hips", swings(take.height("pelvis"), 0.3), 2 * times)
        & at_most("spread of an ankle, legs", spread, 0.4)
        & at_most("height of the lower foot, legs", float(take.lift.min(axis=1).max()), 0.15)
    )


def sits(take: Take) -> Verdict:
    """Stays seated: see `sitting`, for 0.8 s, hips slower than 0.15 legs a second."""
    return moment(
        *sitting(take, 0.8),
        Condition("speed of the hips, legs/s", averaged(take.speed("pelvis"), 0.8), 0.15, "at most"),
    )


def sits_down(take: Take) -> Verdict:
    """Upright with hips at 1 leg, later seated (see `sitting`), the hips 0.06 legs or more lower."""
    return in_turn(upright(take, 1.0), [*sitting(take), *_lower(take)], gap=0.3)


def stands_up(take: Take) -> Verdict:
    """Seated (see `sitting`; who is about to rise leans up to 62 degrees, knees up to 145), later upright
    with hips at 1 leg, 0.06 legs or more higher."""
    return in_turn([*sitting(take, 0.2, 62.0, 145.0), *_lower(take)], upright(take, 1.0), gap=0.3)


def _lower(take: Take) -> list[Condition]:
    hips = averaged(take.height("pelvis"), 0.2)
    return [Condition("hips under their highest, legs", float(hips.max()) - hips, 0.06)]


def swings_legs_seated(take: Take) -> Verdict:
    """Seated for most of the time (see `sits`), an ankle swings to and fro under the knee by 0.08 legs
    three times."""
    turns = max(swings(take.place(f"{side}_ankle", f"{side}_knee")[:, 2], 0.08) for side in SIDES)
    return moment(*sitting(take, 0.8)) & at_least("swings of a foot", turns, 3)


def cartwheels(take: Take) -> Verdict:
    """Over the hands, sideways or not: trunk 100 degrees or more from upright, a hand at 0.3 legs over the
    floor or lower, a foot at 1.3 legs; upright before and after."""
    hands = np.minimum(take.height("left_wrist"), take.height("right_wrist"))
    feet = np.maximum(take.height("left_ankle"), take.height("right_ankle"))
    over = [
        Condition("tilt of the trunk, degrees", take.tilt, 100.0),
        Condition("height of the lower hand, legs", hands, 0.3, "at most"),
        Condition("height of the upper foot, legs", feet, 1.3),
        Condition("height of the head at least, legs", least(take.height("head"), 0.5), 0.3),
    ]
    up = [Condition("tilt of the trunk, degrees", take.tilt, 45.0, "at most")]
    return in_turn(up, over, up, gap=0.1)


def rolls(take: Take) -> Verdict:
    """Dives and rolls over the back: off the ground or leaning over by 90 degrees, then head and neck at
    0.5 legs or lower with the feet higher than the head, then up again (head at 1.2 legs); at 1 leg a
    second or faster."""
    feet = np.maximum(take.height("left_ankle"), take.height("right_ankle"))
    over = [
        Condition("height of the head, legs", take.height("head"), 0.5, "at most"),
        Condition("feet over the head, legs", feet - take.height("head"), 0.1),
        Condition("height of the hips, legs", take.height("pelvis"), 1.0, "at most"),
        Condition("tilt of the trunk, degrees", take.tilt, 80.0),
        Condition("pace, legs/s", averaged(take.pace, 0.6), 1.0),
    ]
    down = [
        Condition("height of the hips, legs", take.height("pelvis"), 0.45, "at most"),
        Condition("height of the neck, legs", take.height("neck"), 0.8, "at most"),
    ]
    return in_turn(
        over, down, [Condition("height of the head after, legs", take.height("head"), 1.2)], gap=0.05
    )
