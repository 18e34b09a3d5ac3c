"""Blocks, dodges, ducks; into a fighter's stance, about in it and out of it."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, best, in_turn, moment
from eval.checks.kinematics import SIDES, Side, Take, other
from eval.checks.locomotion import turned
from eval.checks.measures import feet_apart
from eval.checks.punches import striking_arm
from eval.checks.series import RATE, Array, averaged, frames, gain, least, most, recent, swings
from eval.checks.stance import aimed, in_guard

HIGH, MIDDLE, LOW = "high", "middle", "low"


def blocks(take: Take, sides: tuple[Side, ...], kinds: tuple[str, ...] = (HIGH, MIDDLE, LOW)) -> Verdict:
    """One forearm flies into the way and stays there.

    Thresholds: a wrist as fast as 3 legs (2.4 m) a second, and within the next 0.45 s slower than 0.9 for
    0.15 s; it was faster than the other wrist (low: 0.7 times as fast, a karateka draws that one back) and
    does not strike (2.6 legs a second ahead at most); the other elbow is bent to 125 degrees, the feet are
    0.35 legs apart. It stands high (0.35 arm lengths over the shoulder), in the middle (within 0.35 of the
    shoulder's height and 0.35 across to the other side) or low (0.5 under the shoulder, 0.2 ahead, elbow 115
    degrees or straighter).
    """
    verdicts = []
    for side in sides:
        arm, rest = striking_arm(take, side), striking_arm(take, other(side))
        here = (
            Condition(f"speed of the {side} wrist before, legs/s", recent(arm.speed, 0.45), 3.0),
            Condition("speed at rest, legs/s", averaged(arm.speed, 0.15), 0.9, "at most"),
            Condition("speed ahead before, legs/s", recent(arm.speed_ahead, 0.45), 2.6, "at most"),
            Condition("bend of the other elbow, degrees", take.elbow(other(side)), 125.0, "at most"),
            Condition("pace, legs/s", take.pace, 1.5, "at most"),
            Condition("tilt of the trunk, degrees", take.tilt, 35.0, "at most"),
            Condition("feet apart, legs", feet_apart(take), 0.35),
        )
        by_other = recent(arm.speed, 0.45) / np.maximum(recent(rest.speed, 0.45), 1.0)
        faster = Condition("speed by the other wrist's", by_other, 1.0)
        places = {
            HIGH: (
                faster,
                Condition("wrist over the shoulder, arms", arm.up, 0.35),
                Condition("angle of the elbow, degrees", arm.elbow, 135.0, "at most"),
            ),
            MIDDLE: (
                faster,
                Condition("wrist across, arms", arm.inward, 0.35),
                Condition("wrist off the shoulder's height, arms", np.abs(arm.up), 0.35, "at most"),
            ),
            LOW: (
                Condition("speed by the other wrist's", by_other, 0.7),
                Condition("wrist under the shoulder, arms", -arm.up, 0.5),
                Condition("wrist ahead of the shoulder, arms", arm.ahead, 0.2),
                Condition("angle of the elbow, degrees", arm.elbow, 115.0),
                Condition("speed down before, legs/s", recent(-arm.speed_up, 0.45), 1.8),
            ),
        }
        verdicts += [moment(*here, *places[kind]) for kind in kinds]
    return best(verdicts, "arms")


def blocks_with_both(take: Take) -> Verdict:
    """Both forearms go up or down together into the way and stay.

    Thresholds: both wrists as fast as 1.5 legs a second within 0.5 s, then slower than 0.8; both 0.08 arm
    lengths across or more, 0.4 ahead, 0.1 or more over the shoulders, or 0.5 or more under, and level with
    each other within 0.35.
    """
    left, right = (striking_arm(take, side) for side in SIDES)
    slower = np.minimum(recent(left.speed, 0.5), recent(right.speed, 0.5))
    rest = np.maximum(averaged(left.speed, 0.2), averaged(right.speed, 0.2))
    middle = (left.up + right.up) / 2
    away = np.maximum(middle / 0.1, -middle / 0.5)
    return moment(
        Condition("speed of the slower wrist before, legs/s", slower, 1.5),
        Condition("speed at rest, legs/s", rest, 0.8, "at most"),
        Condition("wrists across, arms", np.minimum(left.inward, right.inward), 0.08),
        Condition("wrists ahead, arms", np.minimum(left.ahead, right.ahead), 0.4),
        Condition("wrists apart in height, arms", np.abs(left.up - right.up), 0.35, "at most"),
        Condition("up or down", away, 1.0),
        Condition("pace, legs/s", take.pace, 1.2, "at most"),
        Condition("feet apart, legs", feet_apart(take), 0.4),
    )


def _aside(take: Take, joint: str) -> Array:
    """Way of a joint to the left as the opponent is faced [T], legs."""
    return np.cumsum(aimed(take, take.velocity(joint))[:, 0]) / RATE


def dodges(take: Take, way: int) -> Verdict:
    """The head goes aside and back over feet that stay.

    way: 1 left, -1 right. Thresholds: head 0.22 legs (0.18 m) to that side of where it was 0.8 s before and
    0.15 or more of that back within 1 s, the hips 0.2 at most; it is 0.05 legs lower; hips at 0.9; in guard
    for half the time; the body turns by 42 degrees at most.
    """
    head, hips = way * _aside(take, "head"), way * _aside(take, "pelvis")
    lean = head - hips
    before, after = recent(-lean, 0.8) + lean, lean + recent(-lean[::-1], 1.0)[::-1]
    height = take.height("head")
    return moment(
        Condition("head aside, legs", before, 0.22),
        Condition("and back, legs", after, 0.15),
        Condition("way of the hips, legs", most(hips, 1.6) - least(hips, 1.6), 0.2, "at most"),
        Condition("height of the hips, legs", take.height("pelvis"), 0.9),
        Condition("head lower, legs", recent(height, 0.8) - height, 0.05),
        Condition("turn of the body, degrees", most(take.yaw, 1.2) - least(take.yaw, 1.2), 42.0, "at most"),
        Condition("share of time in guard", averaged(in_guard(take), 2.0), 0.5),
    )


def ducks(take: Take, way: int) -> Verdict:
    """The head dives and comes up on one side.

    way: 1 left, -1 right. Thresholds: head 0.25 legs (0.2 m) lower than within 0.8 s before and after; within
    1.4 s around that the hips go 0.28 legs to that side; in guard for half the time; hips at 0.7.
    """
    height = take.height("head")
    hips = way * _aside(take, "pelvis")
    half = frames(0.7)
    path = np.pad(hips, half, mode="edge")
    return moment(
        Condition("fall of the head, legs", recent(height, 0.8) - height, 0.25),
        Condition("rise of the head, legs", recent(height[::-1], 0.8)[::-1] - height, 0.25),
        Condition("way aside, legs", path[2 * half :] - path[: -2 * half], 0.28),
        Condition("share of time in guard", averaged(in_guard(take), 2.0), 0.5),
        Condition("height of the hips, legs", take.height("pelvis"), 0.7),
        Condition("pace, legs/s", averaged(take.pace, 2.0), 0.8, "at most"),
    )


def turns_in_place(take: Take, way: int, degrees: float = 120.0) -> Verdict:
    """Turns round on the spot.

    way: 1 left, -1 right. Thresholds: the body turns by `degrees` within 7 s, never back by more than 45
    within 3 s; the hips stay within 1 leg of ground, at 0.5 legs a second for no second.
    """
    turn = way * turned(take, 7.0)
    back = gain(-way * take.turning, 3.0)
    path = take.at("pelvis")[:, [0, 2]] / take.leg
    spread = float(np.hypot(*np.ptp(path, axis=0)))
    return (
        moment(Condition("turn of the body, degrees", turn, degrees))
        & at_most("turn back, degrees", back, 45.0)
        & at_most("spread of the path, legs", spread, 1.0)
        & at_most("pace, legs/s", float(averaged(take.pace, 1.0).max()), 0.5)
    )


def takes_guard(take: Take) -> Verdict:
    """The hands come up and the feet go apart: 0.3 s out of guard with the hands under the hips and the
    elbows at 135 degrees, later 0.8 s in it, slow (0.4 legs a second), feet 0.5 legs apart, elbows at 130
    degrees or less."""
    guard = in_guard(take)
    return in_turn(
        [
            Condition("guard before", most(guard, 0.3), 0.5, "at most"),
            Condition("hands over the hips, legs", most(_hands(take), 0.3), 0.0, "at most"),
            Condition("angle of the elbows, degrees", _elbows(take), 135.0),
        ],
        [
            Condition("share of time in guard", averaged(guard, 0.8), 0.8),
            Condition("feet apart, legs", least(feet_apart(take), 0.5), 0.5),
            Condition("pace at rest, legs/s", averaged(take.pace, 0.6), 0.4, "at most"),
            Condition("angle of the elbows, degrees", _elbows(take), 130.0, "at most"),
        ],
        gap=0.3,
    )


def leaves_guard(take: Take) -> Verdict:
    """In guard for 0.5 s with the feet 0.4 legs apart, later 0.5 s with a hand no higher than 0.15
    legs over the hips and the elbows at 125 degrees, walking at 0.6 legs a second."""
    guard = in_guard(take)
    return in_turn(
        [
            Condition("share of time in guard", averaged(guard, 0.5), 0.8),
            Condition("feet apart, legs", averaged(feet_apart(take), 0.5), 0.4),
            Condition("pace at rest, legs/s", averaged(take.pace, 0.5), 0.6, "at most"),
            Condition("angle of the elbows, degrees", _elbows(take), 130.0, "at most"),
        ],
        [
            Condition("hands over the hips, legs", most(_hands(take), 0.5), 0.15, "at most"),
            Condition("pace, legs/s", averaged(take.pace, 0.8), 0.6),
            Condition("angle of the elbows, degrees", averaged(_elbows(take), 0.5), 125.0),
        ],
        gap=0.5,
    )


def switches_guard(take: Take) -> Verdict:
    """The other foot comes to the front, hands up for three quarters of the time: 0.3 legs before the
    other, each for 0.3 s; no foot over 0.35 legs, no hand faster than 3 legs a second, the body at 0.45 at
    most."""
    lead = aimed(take, take.place("left_ankle", "right_ankle"))[:, 2]
    guard = averaged(in_guard(take), 0.6)
    feet = np.maximum(take.lift[:, 0], take.lift[:, 1])

    def ahead(sign: int) -> list[Condition]:
        return [
            Condition("foot before the other, legs", least(sign * lead, 0.3), 0.3),
            Condition("share of time in guard", guard, 0.8),
        ]

    changes = best((in_turn(ahead(sign), ahead(-sign), gap=0.2) for sign in (1, -1)), "changes")
    return (
        changes
        & at_most("height of a foot, legs", feet.max(), 0.35)
        & at_most("pace, legs/s", float(averaged(take.pace, 1.5).max()), 0.45)
        & at_least("share of time in guard", float(in_guard(take).mean()), 0.75)
        & at_most(
            "speed of the hands, legs/s", max(striking_arm(take, side).speed.max() for side in SIDES), 3.0
        )
    )


def bounces(take: Take) -> Verdict:
    """Up and down on the feet in guard: the hips make 2.2 swings of 0.025 legs a second or more; feet 0.45
    legs apart; on the spot (0.4 legs a second)."""
    count = swings(take.height("pelvis"), 0.025)
    return (
        at_least("swings of the hips a second", count / take.seconds, 2.2)
        & at_least("share of time in guard", float(in_guard(take).mean()), 0.6)
        & at_least("feet apart, legs", float(np.median(feet_apart(take))), 0.45)
        & at_most("pace, legs/s", float(np.median(take.pace)), 0.4)
    )


def _hands(take: Take) -> Array:
    """Height of the lower wrist over the hips [T], legs."""
    return np.minimum(take.place("left_wrist")[:, 1], take.place("right_wrist")[:, 1])


def _elbows(take: Take) -> Array:
    return (take.elbow("left") + take.elbow("right")) / 2
