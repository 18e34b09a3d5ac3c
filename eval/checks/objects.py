"""Hands at work: boxes, balls, clubs, swords, mops, windows, cups. The things themselves are not seen, the
hands are."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, best, in_turn, moment
from eval.checks.jumps import flights
from eval.checks.kinematics import SIDES, Side, Take, other, remembered
from eval.checks.locomotion import stepping
from eval.checks.measures import feet_apart, over_shoulder, pitch, spread, twist
from eval.checks.series import RATE, Array, averaged, frames, least, most, recent, stretches, swings


@remembered
def hands_apart(take: Take) -> Array:
    """Between the wrists [T], legs."""
    return take.distance("left_wrist", "right_wrist")


@remembered
def hands_height(take: Take) -> Array:
    """Of the middle of the wrists over the floor [T], legs."""
    return (take.height("left_wrist") + take.height("right_wrist")) / 2


@remembered
def hands_ahead(take: Take) -> Array:
    """Of the wrist that is less far ahead of the hips [T], legs."""
    return np.minimum(take.place("left_wrist")[:, 2], take.place("right_wrist")[:, 2])


def _unequal(take: Take) -> Array:
    """Between the heights of the wrists [T], legs."""
    return np.abs(take.height("left_wrist") - take.height("right_wrist"))


def _unequal_ahead(take: Take) -> Array:
    """Between the wrists ahead [T], legs."""
    return np.abs(take.place("left_wrist")[:, 2] - take.place("right_wrist")[:, 2])


def _held(take: Take, seconds: float) -> tuple[Condition, ...]:
    """For so long until now both hands kept their distance within 0.19 legs (15 cm), at most 0.8 apart and
    0.28 unequal in height, 0.05 ahead of the hips."""
    change = recent(hands_apart(take), seconds) + recent(-hands_apart(take), seconds)
    return (
        Condition("change of the hands' distance, legs", change, 0.19, "at most"),
        Condition("hands apart, legs", recent(hands_apart(take), seconds), 0.8, "at most"),
        Condition("hands unequal in height, legs", recent(_unequal(take), seconds), 0.28, "at most"),
        Condition("hands ahead of the hips, legs", -recent(-hands_ahead(take), seconds), 0.05),
    )


def lifts_box(take: Take) -> Verdict:
    """Both hands go up together as if something were between them: by 0.22 legs (18 cm) within 1 s, see
    `_held`, 0.33 legs apart or more; bent by 20 degrees or with the feet 0.35 legs apart at most; no jump
    (0.12 legs)."""
    up = hands_height(take) + recent(-hands_height(take), 1.0)
    return moment(
        Condition("rise of the hands, legs", up, 0.22),
        *_held(take, 0.8),
        Condition("height of the lower foot, legs", most(take.lift.min(axis=1), 1.5), 0.12, "at most"),
        Condition("hands apart at least, legs", hands_apart(take), 0.33),
        Condition("angle of the elbows, degrees", np.minimum(take.elbow("left"), take.elbow("right")), 60.0),
        Condition(
            "head over the hands or bend", np.maximum(take.tilt / 20.0, (0.5 - feet_apart(take)) / 0.15), 1.0
        ),
    )


def puts_down_box(take: Take) -> Verdict:
    """Both hands go down together as if something were between them, by 0.3 legs within 1.2 s, see
    `_held`, to 0.8 legs over the floor or lower; later the body is upright (40 degrees) and goes off at
    0.6 legs a second."""
    down = recent(hands_height(take), 1.2) - hands_height(take)
    return in_turn(
        [
            Condition("fall of the hands, legs", down, 0.3),
            Condition("height of the hands, legs", hands_height(take), 0.8, "at most"),
            *_held(take, 0.8),
            Condition("hands apart at least, legs", hands_apart(take), 0.3),
        ],
        [
            Condition("tilt of the trunk, degrees", averaged(take.tilt, 0.2), 40.0, "at most"),
            Condition("height of the hips, legs", take.height("pelvis"), 0.85),
            Condition("pace, legs/s", averaged(take.pace, 0.6), 0.6),
        ],
    )


def carries(take: Take) -> Verdict:
    """Walks or runs with both hands held still before the body.

    Thresholds over 1 s: 0.6 legs a second; the hands' distance within 0.13 legs, the wrists' speed from the
    hips 1.5 legs a second at most on average, both no more than 0.05 legs behind the hips and 0.22 under the
    shoulder, elbows at 60 to 150 degrees; hands 0.35 to 0.68 apart, 0.25 unequal in height and 0.2 ahead.
    """
    seconds = 1.0
    change = most(hands_apart(take), seconds) - least(hands_apart(take), seconds)
    speed = np.maximum(take.speed("left_wrist", "pelvis"), take.speed("right_wrist", "pelvis"))
    elbows = np.maximum(take.elbow("left"), take.elbow("right"))
    return stepping(take, 2) & moment(
        Condition("pace, legs/s", averaged(take.pace, seconds), 0.6),
        Condition("change of the hands' distance, legs", change, 0.13, "at most"),
        Condition("speed of the hands from the hips, legs/s", averaged(speed, seconds), 1.5, "at most"),
        Condition("hands ahead of the hips, legs", least(hands_ahead(take), seconds), -0.05),
        Condition("angle of the straighter elbow, degrees", averaged(elbows, seconds), 150.0, "at most"),
        Condition("hands unequal in height, legs", most(_unequal(take), seconds), 0.25, "at most"),
        Condition("hands apart, legs", averaged(hands_apart(take), seconds), 0.35),
        Condition("hands apart at most, legs", averaged(hands_apart(take), seconds), 0.68, "at most"),
        Condition("angle of the elbows, degrees", averaged(elbows, seconds), 60.0),
        Condition("hands unequal ahead, legs", averaged(_unequal_ahead(take), seconds), 0.2, "at most"),
        Condition("hands under the shoulders, legs", -averaged(over_shoulder(take, "left"), seconds), 0.22),
    )


def picks_up(take: Take) -> Verdict:
    """A hand goes down to the floor and later up over the head.

    Thresholds: a wrist at 0.6 legs over the floor with the trunk leaning 45 degrees or the hips at 0.8 legs,
    later the same wrist 0.15 over the head while upright (30 degrees), the other under its shoulder; no jump
    (0.1 legs).
    """
    verdicts = []
    for side in SIDES:
        wrist = take.height(f"{side}_wrist")
        bent = np.maximum(take.tilt / 45.0, 0.8 / np.maximum(take.height("pelvis"), 0.05))
        verdicts.append(
            in_turn(
                [
                    Condition(f"height of the {side} wrist, legs", wrist, 0.6, "at most"),
                    Condition("trunk or knees bent", bent, 1.0),
                ],
                [
                    Condition(f"{side} wrist over the head, legs", wrist - take.height("head"), 0.15),
                    Condition("tilt of the trunk, degrees", take.tilt, 30.0, "at most"),
                    Condition(
                        f"{other(side)} wrist over the shoulder, legs",
                        over_shoulder(take, other(side)),
                        0.0,
                        "at most",
                    ),
                ],
                gap=0.3,
            )
        )
    return best(verdicts, "hands") & at_most(
        "height of the lower foot, legs", float(take.lift.min(axis=1).max()), 0.1
    )


def together(take: Take) -> Verdict:
    """For 0.85 of the time the wrists are within 0.33 legs of each other: both hands on one handle."""
    return at_least("share of time with the hands together", float((hands_apart(take) < 0.33).mean()), 0.85)


def swings_club(take: Take) -> Verdict:
    """Both hands on one handle swing up and through: the hands' height goes by 0.6 legs twice or more, as
    fast as 2 legs a second; the shoulders turn over the hips by 45 degrees in all; the feet stay (0.8
    legs)."""
    fast = max(float(take.speed(f"{side}_wrist", "pelvis").max()) for side in SIDES)
    return (
        together(take)
        & at_least("swings of the hands", swings(hands_height(take), 0.6), 2)
        & at_least("speed of the hands, legs/s", fast, 2.0)
        & at_least("twist of the trunk in all, degrees", float(np.ptp(twist(take))), 45.0)
        & at_most("spread of the path, legs", spread(take), 0.8)
    )


def slashes(take: Take) -> Verdict:
    """Both hands on one handle go over the head and cut down before the body: from 0.02 legs over the head
    down by 0.5 legs within 0.9 s, ahead by 0.5 arm lengths."""
    head = take.height("head")
    down = recent(hands_height(take), 0.9) - hands_height(take)
    ahead = np.minimum(*(take.place(f"{side}_wrist", f"{side}_shoulder")[:, 2] for side in SIDES)) / take.arm
    return together(take) & moment(
        Condition("hands over the head before, legs", recent(hands_height(take) - head, 1.0), 0.02),
        Condition("fall of the hands, legs", down, 0.5),
        Condition("hands ahead of the shoulders, arms", recent(ahead, 0.5), 0.5),
    )


def pitches(take: Take) -> Verdict:
    """Throws overhand: one wrist as fast as 5 legs (4 m) a second from the hips, over the shoulder by 0 or
    more within 0.4 s before; the other leg was lifted by 0.25 legs within 1.8 s before and within 0.5 s
    the feet are 0.8 legs apart; hips at 0.75."""
    verdicts = []
    for side in SIDES:
        free = take.lift[:, SIDES.index(other(side))]
        stride = np.hypot(*take.place("left_ankle", "right_ankle")[:, [0, 2]].T)
        verdicts.append(
            moment(
                Condition(f"speed of the {side} wrist, legs/s", take.speed(f"{side}_wrist", "pelvis"), 5.0),
                Condition(
                    "wrist over the shoulder before, legs", recent(over_shoulder(take, side), 0.4), 0.0
                ),
                Condition("lift of the other foot before, legs", recent(free, 1.8), 0.25),
                Condition("stride, legs", most(stride, 1.0), 0.8),
                Condition("height of the hips, legs", take.height("pelvis"), 0.75),
            )
        )
    return best(verdicts, "arms") & at_most("pace, legs/s", float(np.median(take.pace)), 1.0)


def dribbles(take: Take) -> Verdict:
    """One hand pumps up and down beside the hips.

    Thresholds: for 2 s a wrist makes 1.9 swings of 0.08 legs a second up or down, 0.9 times as far as ahead
    and back and further than the other wrist; 0.1 legs under the shoulder, 0.15 aside of the hips; trunk
    within 45 degrees of upright.
    """
    verdicts = []
    for side in SIDES:
        place = take.place(f"{side}_wrist")
        rest = take.place(f"{other(side)}_wrist")
        window = frames(2.0)
        candidates = []
        for start in range(0, max(1, len(take) - window + 1), 10):
            part = slice(start, start + window)
            count = swings(place[part, 1], 0.08)
            seconds = min(window, len(take)) / RATE
            height, way = float(np.std(place[part, 1])), float(np.std(place[part, 2]))
            candidates.append(
                at_least(f"swings of the {side} wrist a second", count / seconds, 1.9)
                & at_least("up and down by ahead and back", height / max(way, 1e-3), 0.9)
                & at_least("this wrist by the other", height / max(float(np.std(rest[part, 1])), 1e-3), 1.0)
                & at_most("wrist over the shoulder, legs", float(over_shoulder(take, side)[part].max()), -0.1)
                & at_most("tilt of the trunk, degrees", float(take.tilt[part].mean()), 45.0)
                & at_least("wrist aside of the hips, legs", float(np.abs(place[part, 0]).mean()), 0.15)
            )
        verdicts.append(best(candidates, "windows"))
    return best(verdicts, "hands")


def shoots(take: Take) -> Verdict:
    """Both hands go up with a jump: in a flight of 0.2 s or 0.3 s around it both wrists are over the head
    and within 0.5 legs of each other, having risen by 0.5 legs within 1.2 s; two flights at most, each 0.5
    legs long at most."""
    top = np.minimum(take.height("left_wrist"), take.height("right_wrist")) - take.height("head")
    rise = hands_height(take) + recent(-hands_height(take), 1.2)
    candidates = []
    for f in flights(take, 0.2):
        near = slice(max(f.start - 6, 0), f.end + 6)
        candidates.append(
            at_least("time in the air, s", f.seconds, 0.2)
            & at_least("wrists over the head, legs", float(top[near].max()), 0.0)
            & at_most("hands apart, legs", float(hands_apart(take)[near].min()), 0.5)
            & at_least("rise of the hands, legs", float(rise[near].max()), 0.5)
            & at_most("way of the jump, legs", f.path, 0.5)
        )
    return best(candidates, "flights") & at_most("flights", len(flights(take, 0.2)), 2)


def wipes_window(take: Take) -> Verdict:
    """One hand, stretched out to the front, wipes up and down or from side to side.

    Thresholds: for 1.5 s a wrist is 0.4 arm lengths ahead of its shoulder, no more than 0.3 legs under it,
    and there swings by 0.09 legs four times or more; at its best 0.65 arm lengths ahead and 0.1 legs over the
    shoulder; the other wrist stays under the head; at 0.45 legs a second and 39 degrees of tilt at most.
    """
    verdicts = []
    for side in SIDES:
        reach = take.place(f"{side}_wrist", f"{side}_shoulder")
        out = (reach[:, 2] / take.arm > 0.4) & (over_shoulder(take, side) > -0.3)
        count, seconds = 0, 0.0
        for part in stretches(out, 0.8):
            turns = max(swings(reach[part][:, axis], 0.09) for axis in (0, 1))
            count, seconds = max(count, turns), max(seconds, (part.stop - part.start) / RATE)
        verdicts.append(
            at_least(f"turns of the {side} hand", count, 4)
            & at_least("time of the hand out in front, s", seconds, 1.5)
            & at_least("reach ahead, arms", float(least(reach[:, 2] / take.arm, 0.3).max()), 0.65)
            & at_least("hand over the shoulder, legs", float(over_shoulder(take, side).max()), 0.1)
            & at_most(
                f"{other(side)} wrist over the head, legs",
                float((take.height(f"{other(side)}_wrist") - take.height("head")).max()),
                0.0,
            )
        )
    return (
        best(verdicts, "hands")
        & at_most("pace, legs/s", float(np.percentile(take.pace, 90)), 0.45)
        & at_most("tilt of the trunk, degrees", float(np.percentile(take.tilt, 75)), 39.0)
    )


def drinks(take: Take) -> Verdict:
    """A hand goes to the mouth and stays: for 0.5 s a wrist is within 0.55 legs of the head, before the
    face (0.12 arm lengths out from the shoulder at most, 0.35 ahead), 0.05 legs over the shoulder, at 0.8
    legs a second at most; the other hand hangs 0.2 legs under its shoulder; elbow bent to 110 degrees; the
    body at 0.3 legs a second."""
    verdicts = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        rest: Side = "right" if side == "left" else "left"
        this: Side = "left" if side == "left" else "right"
        reach = take.place(f"{side}_wrist", f"{side}_shoulder") / take.arm
        verdicts.append(
            moment(
                Condition(
                    f"{side} wrist from the head, legs",
                    most(take.distance(f"{side}_wrist", "head"), 0.5),
                    0.55,
                    "at most",
                ),
                Condition("wrist ahead of the shoulder, arms", least(reach[:, 2], 0.5), 0.35),
                Condition(
                    "wrist out from the shoulder, arms", most(sign * reach[:, 0], 0.5), 0.12, "at most"
                ),
                Condition("wrist over the shoulder, legs", least(over_shoulder(take, this), 0.5), 0.05),
                Condition("angle of the elbow, degrees", take.elbow(this), 110.0, "at most"),
                Condition(
                    f"{rest} wrist under the shoulder, legs", -most(over_shoulder(take, rest), 0.5), 0.2
                ),
                Condition("pace, legs/s", most(take.pace, 0.5), 0.3, "at most"),
                Condition(
                    "speed of the wrist, legs/s", averaged(take.speed(f"{side}_wrist"), 0.4), 0.8, "at most"
                ),
            )
        )
    return best(verdicts, "hands")


def mops(take: Take) -> Verdict:
    """Leans over and pushes both hands to and fro, low.

    Thresholds: trunk 20 to 65 degrees forward for half of the time or more; hands 0.1 legs under the
    shoulders, within 0.7 legs of each other, their distance within 0.25; their middle swings by 0.25 legs
    ahead or aside three times; hips at 0.9 legs, at 0.8 legs a second at most.
    """
    middle = (take.place("left_wrist") + take.place("right_wrist")) / 2
    turns = max(swings(middle[:, axis], 0.25) for axis in (0, 2))
    up = max(float(over_shoulder(take, side).max()) for side in SIDES)
    return (
        at_least("lean forward, degrees", float(np.percentile(pitch(take), 25)), 20.0)
        & at_most("lean forward at most, degrees", float(np.percentile(pitch(take), 75)), 65.0)
        & at_least("turns of the hands", turns, 3)
        & at_most("wrists over the shoulders, legs", up, -0.1)
        & at_most("hands apart, legs", float(np.percentile(hands_apart(take), 90)), 0.7)
        & at_most(
            "change of the hands' distance, legs",
            float(np.ptp(np.percentile(hands_apart(take), (10, 90)))),
            0.25,
        )
        & at_least("height of the hips, legs", float(np.median(take.height("pelvis"))), 0.9)
        & at_most("pace, legs/s", float(np.percentile(take.pace, 90)), 0.8)
    )
