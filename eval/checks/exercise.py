"""Exercises on the spot: bends, twists, knees, balance; swaying and standing."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, best, in_turn, moment
from eval.checks.kinematics import SIDES, Side, Take, other
from eval.checks.measures import over_shoulder, pitch, roll, spread, twist
from eval.checks.series import averaged, least, most, swings


def bends_over_twisting(take: Take) -> Verdict:
    """Bends down and turns the shoulders: a lean of 55 degrees forward, within 0.5 s a hand 0.75 legs or
    less from the other side's ankle and the hands 0.6 legs apart in height; the shoulders twist by 32
    degrees in all; knees at 125; on the spot (0.6 legs)."""
    near = np.minimum(take.distance("left_wrist", "right_ankle"), take.distance("right_wrist", "left_ankle"))
    knees = np.minimum(take.knee("left"), take.knee("right"))
    apart = np.abs(take.at("left_wrist")[:, 1] - take.at("right_wrist")[:, 1]) / take.leg
    return (
        moment(
            Condition("lean forward, degrees", pitch(take), 55.0),
            Condition("hand to the other foot, legs", least(near, 1.0), 0.75, "at most"),
            Condition("hands apart in height, legs", most(apart, 0.5), 0.6),
            Condition("angle of the knees, degrees", knees, 125.0),
        )
        & at_least("twist of the trunk in all, degrees", float(np.ptp(twist(take))), 32.0)
        & at_most("spread of the path, legs", spread(take), 0.6)
    )


def reaches_up_and_down(take: Take) -> Verdict:
    """Both hands over the head by 0.15 legs, then a lean of 55 degrees forward with the hands under the
    hips; legs at 110 degrees or straighter."""
    top = np.minimum(*(take.at(f"{side}_wrist")[:, 1] for side in SIDES)) - take.at("head")[:, 1]
    hands = np.maximum(*(take.place(f"{side}_wrist")[:, 1] for side in SIDES))
    return in_turn(
        [Condition("wrists over the head, legs", top / take.leg, 0.15)],
        [
            Condition("lean forward, degrees", pitch(take), 55.0),
            Condition("wrists under the hips, legs", -hands, 0.0),
            Condition(
                "angle of the knees, degrees", np.minimum(take.knee("left"), take.knee("right")), 110.0
            ),
        ],
        gap=0.3,
    )


def stretches_aside(take: Take) -> Verdict:
    """Leans aside by 28 degrees for 0.4 s, forward by 32 at most, the upper wrist 0.2 legs over its
    shoulder within 0.5 s; the feet stay down (0.25 legs), the body at 0.3 legs a second."""
    verdicts = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        lean = sign * roll(take)
        upper = "right" if side == "left" else "left"
        verdicts.append(
            moment(
                Condition(f"lean to the {side}, degrees", least(lean, 0.4), 28.0),
                Condition("lean forward, degrees", np.abs(pitch(take)), 32.0, "at most"),
                Condition("upper wrist over the shoulder, legs", most(over_shoulder(take, upper), 1.0), 0.2),
                Condition("height of the hips, legs", take.height("pelvis"), 0.85),
                Condition("pace, legs/s", averaged(take.pace, 1.0), 0.3, "at most"),
            )
            & at_most("height of the lower foot, legs", float(take.lift.max()), 0.25)
        )
    return best(verdicts, "sides")


def twists(take: Take) -> Verdict:
    """The shoulders turn over the hips from side to side: by 30 degrees twice or more, 50 in all; hips on
    the spot (0.28 legs), feet down."""
    return (
        at_least("twists", swings(twist(take), 30.0), 2)
        & at_least("twist of the trunk in all, degrees", float(np.ptp(twist(take))), 50.0)
        & at_most("spread of the path, legs", spread(take), 0.28)
        & at_most("height of a foot, legs", float(take.lift.max()), 0.25)
    )


def raises_knees(take: Take, elbows: bool = False) -> Verdict:
    """Pulls up one knee, then the other, standing on the other leg.

    Thresholds: each knee comes to 0.9 legs (hips: 1.1), while the foot is slower than 3.75 legs a second and
    the other one down; on the spot (0.6 legs). elbows: each knee comes within 0.4 legs of the opposite elbow,
    the trunk twisting by 45 degrees in all.
    """
    verdict = at_most("spread of the path, legs", spread(take), 0.6)
    for side in SIDES:
        foot = take.lift[:, SIDES.index(other(side))]
        conditions = [
            Condition(f"height of the {side} knee, legs", take.height(f"{side}_knee"), 0.9),
            Condition("speed of the foot, legs/s", most(take.speed(f"{side}_ankle"), 0.3), 3.75, "at most"),
            Condition("height of the other foot, legs", foot, 0.15, "at most"),
            Condition("angle of the knee, degrees", take.knee(side), 115.0, "at most"),
            Condition("tilt of the trunk, degrees", take.tilt, 50.0, "at most"),
        ]
        if elbows:
            near = take.distance(f"{side}_knee", f"{other(side)}_elbow")
            conditions.append(Condition("knee to the other elbow, legs", least(near, 0.3), 0.4, "at most"))
        verdict &= moment(*conditions)
    if elbows:
        verdict &= at_least("twist of the trunk in all, degrees", float(np.ptp(twist(take))), 45.0)
    return verdict


def balances(take: Take, side: Side) -> Verdict:
    """Stands on one leg: the other foot 0.2 legs up for 1.5 s while this one stays down (0.05) and the
    hips on the spot (0.25 legs a second)."""
    free = take.lift[:, SIDES.index(other(side))]
    own = take.lift[:, SIDES.index(side)]
    return moment(
        Condition("height of the free foot, legs", least(free, 1.5), 0.2),
        Condition("height of the standing foot, legs", most(own, 1.5), 0.06, "at most"),
        Condition("speed of the hips, legs/s", averaged(take.speed("pelvis"), 1.5), 0.25, "at most"),
        Condition(
            "speed of the free foot, legs/s",
            averaged(take.speed(f"{other(side)}_ankle"), 1.5),
            0.6,
            "at most",
        ),
        Condition("height of the hips, legs", least(take.height("pelvis"), 1.5), 0.9),
    )


def sways(take: Take) -> Verdict:
    """Hips and trunk go from side to side over feet that stay: the hips by 0.06 legs three times, the
    trunk by 5 degrees twice; hands 0.2 legs under the shoulders and slow (0.9 legs a second), trunk
    upright (20 degrees), the feet never up by 0.12 legs."""
    hips = take.at("pelvis") - (take.at("left_ankle") + take.at("right_ankle")) / 2
    aside = np.einsum("ti,ti->t", hips, take.axes[:, 0]) / take.leg
    hands = float(np.percentile(np.maximum(*(over_shoulder(take, side) for side in SIDES)), 90))
    return (
        at_least("swings of the hips", swings(aside, 0.06), 3)
        & at_least("swings of the trunk", swings(roll(take), 5.0), 2)
        & at_most("height of a foot, legs", float(take.lift.max()), 0.12)
        & at_most("spread of the path, legs", spread(take), 0.4)
        & at_most("wrists over the shoulders, legs", hands, -0.2)
        & at_most("tilt of the trunk, degrees", float(np.percentile(take.tilt, 90)), 20.0)
        & at_most(
            "speed of a hand, legs/s",
            max(float(np.percentile(take.speed(f"{s}_wrist"), 90)) for s in SIDES),
            0.9,
        )
    )


def stands_still(take: Take) -> Verdict:
    """Stands: for 2.5 s nothing moves faster than 0.4 legs a second, hands down, hips at 0.9 legs, upright;
    the body turns by 20 degrees at most."""
    names = (
        "pelvis",
        "head",
        "left_wrist",
        "right_wrist",
        "left_ankle",
        "right_ankle",
        "left_knee",
        "right_knee",
    )
    fastest = np.max([take.speed(name) for name in names], axis=0)
    hands = np.maximum(*(over_shoulder(take, side) for side in SIDES))
    return moment(
        Condition("fastest joint, legs/s", most(fastest, 2.5), 0.4, "at most"),
        Condition("wrists over the shoulders, legs", hands, -0.3, "at most"),
        Condition("height of the hips, legs", take.height("pelvis"), 0.9),
        Condition("tilt of the trunk, degrees", take.tilt, 20.0, "at most"),
        Condition(
            "turn of the body, degrees", most(take.turning, 2.5) - least(take.turning, 2.5), 20.0, "at most"
        ),
    )


def laughs(take: Take) -> Verdict:
    """Throws the trunk and the arms about: it leans forward and back by 25 degrees twice or more, the
    hands go up and down by 0.5 legs three times; hips at 0.95 legs, knees at 105 degrees for nine tenths
    of the time, feet down (0.35 legs), within 2.3 legs of ground."""
    hands = (over_shoulder(take, "left") + over_shoulder(take, "right")) / 2
    return (
        at_least("swings of the trunk", swings(pitch(take), 25.0), 2)
        & at_least("swings of the hands", swings(hands, 0.5), 3)
        & at_least(
            "least knee bend, degrees",
            min(float(np.percentile(take.knee(side), 10)) for side in SIDES),
            105.0,
        )
        & at_most("height of a foot, legs", float(take.lift.max()), 0.35)
        & at_most("spread of the path, legs", spread(take), 2.3)
        & at_least("height of the hips, legs", float(take.height("pelvis").min()), 0.95)
    )
