"""Arms and hands of somebody who stands: raised, waved, pointed, swung; bows."""

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, best, moment
from eval.checks.kinematics import SIDES, Side, Take, other, remembered
from eval.checks.measures import feet_apart, forearm_up, hands_low, over_shoulder, pitch, reach_level, roll
from eval.checks.series import RATE, averaged, least, most, recent, stretches, swings

RAISED = -0.1  # legs over the shoulder, of a raised wrist: the shy raise a bent arm, the hand to the chin


def standing(take: Take) -> tuple[Condition, ...]:
    return (
        Condition("pace, legs/s", averaged(take.pace, 0.5), 0.5, "at most"),
        Condition("height of the hips, legs", take.height("pelvis"), 0.75),
        Condition("tilt of the trunk, degrees", take.tilt, 35.0, "at most"),
        # Who stands with the feet apart and the fists up fights.
        Condition("feet apart, legs", averaged(feet_apart(take), 0.5), 0.5, "at most"),
    )


def raises(take: Take, sides: tuple[Side, ...], low: float = RAISED) -> Verdict:
    """Holds up one hand, or both, and not the other.

    Thresholds: for 0.25 s the wrist is no lower than 0.1 legs (8 cm) under the shoulder, the forearm pointing
    up by 0.12 legs or more; a hand that is not asked for stays 0.2 legs under its shoulder; at no time for
    0.25 s within 0.15; on the spot (0.5 legs a second), upright, feet 0.5 legs apart at most. Somewhere in
    the take that hand is 0.25 legs lower: it goes up or comes down.
    """
    conditions = list(standing(take))
    for side in SIDES:
        if side in sides:
            conditions.append(
                Condition(
                    f"{side} wrist over the shoulder, legs", least(over_shoulder(take, side), 0.25), low
                )
            )
            conditions.append(
                Condition(f"{side} forearm up, legs", least(forearm_up(take, side), 0.25), 0.12)
            )
        else:
            under = -most(over_shoulder(take, side), 0.25)
            conditions.append(Condition(f"{side} wrist under the shoulder, legs", under, 0.2))
    verdict = moment(*conditions)
    for side in SIDES:
        if side in sides:
            verdict &= at_least(
                f"way of the {side} wrist, legs", float(np.ptp(over_shoulder(take, side))), 0.25
            )
        else:
            # The other hand must not come up at another time either.
            held = float(least(over_shoulder(take, side), 0.25).max())
            verdict &= at_most(f"{side} wrist over the shoulder at any time, legs", held, -0.15)
    return verdict


@remembered
def shakes(take: Take, side: Side, low: float, size: float) -> tuple[int, float]:
    """Swings to and fro of a hand that is held up, and their seconds, in the best stretch of 0.4 s or
    more."""
    wrist, elbow, shoulder = f"{side}_wrist", f"{side}_elbow", f"{side}_shoulder"
    found = (0, 0.0)
    for up in stretches(over_shoulder(take, side) > low, 0.4):
        # The way up and the way down are no waving.
        inner = slice(up.start + 3, max(up.start + 4, up.stop - 3))
        reach, bend = take.place(wrist, shoulder)[inner], take.place(wrist, elbow)[inner]
        count = max(swings(reach[:, 0], size), swings(reach[:, 2], size), swings(bend[:, 0], size))
        found = max(found, (count, (up.stop - up.start) / RATE))
    return found


def waves(
    take: Take, sides: tuple[Side, ...], times: int = 3, low: float = -0.15, size: float = 0.04
) -> Verdict:
    """Raises one hand, or both, see `raises`, and swings it to and fro: `times` turns of `size` legs (3
    cm) or more."""
    verdict = raises(take, sides)
    for side in sides:
        verdict &= at_least(f"turns of the {side} hand", shakes(take, side, low, size)[0], times)
    return verdict


def says_goodbye(take: Take, both: bool) -> Verdict:
    """Stands and moves a hand that is held up (or both): the small goodbyes too.

    Thresholds: for 0.8 s a wrist is no lower than 0.25 legs under the shoulder and 0.02 over the elbow; it
    turns once in the air by 0.035 legs (3 cm); for nine tenths of the time the body goes no faster than 0.2
    legs a second, trunk within 25 degrees of upright. One hand: the other stays 0.15 legs under its shoulder.
    """
    verdicts = []
    for side in SIDES:
        verdict = (
            moment(
                Condition(
                    f"{side} wrist over the shoulder, legs", least(over_shoulder(take, side), 0.8), -0.25
                ),
                Condition(f"{side} forearm up, legs", averaged(forearm_up(take, side), 0.8), 0.02),
            )
            & at_least(f"turns of the {side} hand", shakes(take, side, -0.28, 0.035)[0], 1)
            & at_most("pace, legs/s", float(np.percentile(take.pace, 90)), 0.2)
            & at_most("tilt of the trunk, degrees", float(np.percentile(take.tilt, 90)), 25.0)
            & at_most("feet apart, legs", float(np.median(feet_apart(take))), 0.8)
        )
        if not both:
            rest = float(least(over_shoulder(take, other(side)), 0.25).max())
            verdict &= at_most(f"{other(side)} wrist over the shoulder, legs", rest, -0.15)
        verdicts.append(verdict)
    return verdicts[0] & verdicts[1] if both else best(verdicts, "hands")


def points(take: Take) -> Verdict:
    """Stretches out one arm and leaves it there, the other hanging: shows the way.

    Thresholds: for 0.4 s the wrist is 0.58 arm lengths from the shoulder along the ground, between 0.45 legs
    under it and 0.2 over it, the forearm no steeper than 0.2 legs; the other wrist 0.13 legs under its
    shoulder; the hand at 0.4, the body at 0.25 legs a second, both feet down; within 1 s the wrist is never
    0.25 legs over the shoulder.
    """
    verdicts = []
    for side in SIDES:
        verdicts.append(
            moment(
                *standing(take),
                Condition(f"reach of the {side} hand, arms", least(reach_level(take, side), 0.4), 0.58),
                Condition(f"{side} wrist over the shoulder, legs", over_shoulder(take, side), 0.2, "at most"),
                Condition(f"{side} wrist over the shoulder at least, legs", over_shoulder(take, side), -0.45),
                Condition(f"{side} forearm up, legs", most(forearm_up(take, side), 0.4), 0.2, "at most"),
                Condition(
                    f"{other(side)} wrist under the shoulder, legs", -over_shoulder(take, other(side)), 0.13
                ),
                Condition("mean pace, legs/s", averaged(take.pace, 1.2), 0.25, "at most"),
                Condition(
                    "speed of the hand, legs/s",
                    averaged(take.speed(f"{side}_wrist", "pelvis"), 0.4),
                    0.4,
                    "at most",
                ),
                Condition("height of a foot, legs", most(take.lift.max(axis=1), 0.8), 0.15, "at most"),
                Condition(
                    "highest wrist over the shoulder, legs",
                    most(over_shoulder(take, side), 2.0),
                    0.25,
                    "at most",
                ),
            )
        )
    return best(verdicts, "arms")


def bows(take: Take) -> Verdict:
    """The trunk goes forward and comes up over straight legs, hands down.

    Thresholds: the trunk leans forward by 20 degrees or more, 13 more than within 2 s before and 2.5 s after,
    aside by 16 at most; knees at 130 degrees, hips at 0.95 legs and both feet down all the while; wrists 0.08
    legs or more under the shoulders, 0.85 over the floor; slower than 0.5 legs a second.
    """
    lean = averaged(pitch(take), 0.2)
    hands = np.maximum(over_shoulder(take, "left"), over_shoulder(take, "right"))
    return moment(
        Condition("lean forward, degrees", lean, 20.0),
        Condition("more than before, degrees", lean + recent(-lean, 2.0), 13.0),
        Condition("more than after, degrees", lean + recent(-lean[::-1], 2.5)[::-1], 13.0),
        Condition("angle of the knees, degrees", np.minimum(take.knee("left"), take.knee("right")), 130.0),
        Condition("height of the hips, legs", least(take.height("pelvis"), 1.6), 0.95),
        Condition("height of a foot, legs", most(take.lift.max(axis=1), 1.2), 0.12, "at most"),
        Condition("wrists over the shoulders, legs", hands, -0.08, "at most"),
        Condition("height of the hands, legs", hands_low(take), 0.85),
        Condition("pace, legs/s", averaged(take.pace, 0.6), 0.5, "at most"),
        Condition("feet apart, legs", averaged(feet_apart(take), 0.5), 0.5, "at most"),
        Condition("lean aside, degrees", np.abs(roll(take)), 16.0, "at most"),
    )


def reaches_up(take: Take) -> Verdict:
    """Stretches a hand up as far as it goes: wrist 0.36 legs over the head, elbow at 135 degrees, and
    rises for it: on the toes or in a jump the hips come 0.05 legs over their middle height; at 0.9 legs a
    second at most."""
    hips = take.height("pelvis")
    verdicts = []
    for side in SIDES:
        head = (take.at(f"{side}_wrist")[:, 1] - take.at("head")[:, 1]) / take.leg
        verdicts.append(
            moment(
                Condition(f"{side} wrist over the head, legs", head, 0.36),
                Condition("angle of the elbow, degrees", take.elbow(side), 135.0),
                Condition(
                    "hips over their middle height, legs", most(hips, 0.5) - float(np.median(hips)), 0.05
                ),
                Condition("pace, legs/s", averaged(take.pace, 0.5), 0.9, "at most"),
                Condition("tilt of the trunk, degrees", take.tilt, 40.0, "at most"),
            )
        )
    return best(verdicts, "hands")


def circles_arms(take: Take) -> Verdict:
    """Both straight arms go round: each wrist up and down by 0.4 legs three times, forward and back by 0.2
    legs three times, elbows at 130 degrees on average; hips still (0.12 legs up and down, 0.4 legs a
    second), trunk upright (20 degrees)."""
    verdict = (
        at_most("height of the hips from first to last, legs", float(np.ptp(take.height("pelvis"))), 0.12)
        & at_most("pace, legs/s", float(take.pace.max()), 0.4)
        & at_most("tilt of the trunk, degrees", float(np.percentile(take.tilt, 90)), 20.0)
    )
    for side in SIDES:
        reach = take.place(f"{side}_wrist", f"{side}_shoulder")
        verdict &= at_least(f"swings up and down of the {side} hand", swings(reach[:, 1], 0.4), 3)
        verdict &= at_least(f"swings forward and back of the {side} hand", swings(reach[:, 2], 0.2), 3)
        verdict &= at_least(f"mean angle of the {side} elbow, degrees", float(take.elbow(side).mean()), 130.0)
    return verdict


def swings_arms(take: Take) -> Verdict:
    """Both arms swing forward and back over feet that stay: each wrist by 0.1 legs three times, under the
    shoulders but for a tenth of the time; the feet do not step, the body goes 0.35 legs a second at most;
    less aside than ahead (0.9)."""
    steps = sum(len(take.steps(side)) for side in SIDES)
    verdict = (
        at_most("steps", steps, 1)
        & at_most("pace, legs/s", float(take.pace.max()), 0.35)
        & at_most("tilt of the trunk, degrees", float(np.percentile(take.tilt, 90)), 25.0)
        & at_most("feet apart, legs", float(np.median(feet_apart(take))), 0.75)
    )
    for side in SIDES:
        reach = take.place(f"{side}_wrist", f"{side}_shoulder")
        verdict &= at_least(f"swings forward and back of the {side} hand", swings(reach[:, 2], 0.1), 3)
        up = float(np.percentile(over_shoulder(take, side), 90))
        verdict &= at_most(f"{side} wrist over the shoulder, legs", up, 0.0)
        aside = float(np.ptp(reach[:, 0]) / max(np.ptp(reach[:, 2]), 1e-6))
        verdict &= at_most("swing aside by swing ahead", aside, 0.9)
    return verdict


def signals(take: Take) -> Verdict:
    """Stands upright and gives signs with stretched arms, one after another.

    Thresholds: a wrist 0.5 arm lengths from the shoulder along the ground for 0.5 s; together the wrists go
    out and in by 0.3 arm lengths or up and down by 0.25 legs four times or more, one every 2.5 s or more
    often; trunk within 24 degrees of upright for three quarters of the time, hips within 0.15 legs of height,
    body at 0.6 legs a second at most.
    """
    count, reach = 0, 0.0
    for side in SIDES:
        level = reach_level(take, side)
        count += max(swings(level, 0.3), swings(over_shoulder(take, side), 0.25))
        reach = max(reach, float(least(level, 0.5).max()))
    return (
        at_least("reach of a hand, arms", reach, 0.5)
        & at_least("changes of the arms", count, 4)
        & at_least("changes a second", count / take.seconds, 0.4)
        & at_most("tilt of the trunk, degrees", float(np.percentile(take.tilt, 75)), 24.0)
        & at_most("height of the hips from first to last, legs", float(np.ptp(take.height("pelvis"))), 0.15)
        & at_most("pace, legs/s", float(np.percentile(take.pace, 90)), 0.6)
        & at_most("feet apart, legs", float(np.median(feet_apart(take))), 0.75)
    )
