"""Off the ground: jumps, hops, skips, leaps."""

from dataclasses import dataclass

import numpy as np

from eval.checks.check import Condition, Verdict, at_least, at_most, best, in_turn, within
from eval.checks.kinematics import SIDES, Side, Take, other, remembered
from eval.checks.locomotion import RUNNING, run_index
from eval.checks.series import RATE, averaged, frames, stretches, swings


@dataclass(frozen=True)
class Flight:
    """One time in the air.

    start, end: frames; seconds; lift: of the lower foot above the floor at the highest, legs; lift_apart: how
    much higher the other foot is then, legs; forward, aside: path of the feet from before to after, legs, in
    the body's directions at the take-off; path: its length; same_foot: the foot that left last comes down
    first; pace: of the body before, legs a second.
    """

    start: int
    end: int
    seconds: float
    lift: float
    lift_apart: float
    forward: float
    aside: float
    same_foot: bool
    pace: float

    @property
    def path(self) -> float:
        return float(np.hypot(self.forward, self.aside))


@remembered
def flights(take: Take, seconds: float = 0.1) -> list[Flight]:
    """The flights that last at least so long, in order."""
    found = []
    feet = (take.at("left_ankle") + take.at("right_ankle")) / 2
    for part in stretches(take.flight, seconds):
        top = part.start + int(take.lift[part].min(axis=1).argmax())
        before, after = max(part.start - 3, 0), min(part.stop + 2, len(take) - 1)
        path = take.axes[part.start] @ (feet[after] - feet[before]) / take.leg
        leaves = int(take.lift[max(part.start - 2, 0)].argmin())
        lands = int(take.lift[min(part.stop + 1, len(take) - 1)].argmin())
        found.append(
            Flight(
                part.start,
                part.stop,
                (part.stop - part.start) / RATE,
                float(take.lift[top].min()),
                float(np.ptp(take.lift[top])),
                float(path[2]),
                float(path[0]),
                leaves == lands,
                float(take.pace[before]),
            )
        )
    return found


def _two_footed(flight: Flight) -> Verdict:
    return at_most("feet apart in height, legs", flight.lift_apart, 0.12)


def jumps(
    take: Take, path: tuple[float, float] = (-9.0, 9.0), seconds: float = 0.25, lift: float = 0.12
) -> Verdict:
    """Both feet leave the ground together.

    Thresholds: in the air for `seconds`, the lower foot at `lift` legs (0.1 m), the feet level within 0.12
    legs; the feet come down within `path`: legs ahead of where they left; 0.5 aside at most.
    """
    return best(
        (
            at_least("time in the air, s", f.seconds, seconds)
            & at_least("height of the lower foot, legs", f.lift, lift)
            & _two_footed(f)
            & within("jumped ahead, legs", f.forward, *path)
            & at_most("jumped aside, legs", abs(f.aside), 0.5)
            for f in flights(take)
        ),
        "flights",
    )


def hops_forward(take: Take, times: int = 2) -> Verdict:
    """Jumps ahead with the feet together, more than once.

    Thresholds: `times` flights of 0.2 s, lower foot at 0.1 legs, 0.4 legs ahead, feet level within 0.12 legs.
    """
    good = [f for f in flights(take) if f.seconds >= 0.2 and f.lift >= 0.1 and f.lift_apart <= 0.12]
    ahead = sum(f.forward >= 0.4 for f in good)
    return at_least("jumps ahead on both feet", ahead, times)


def hops_on(take: Take, side: Side, times: int = 2) -> Verdict:
    """Hops on one foot.

    Thresholds: `times` flights of 0.15 s within which and 0.15 s around which the other foot stays 0.1 legs
    up.
    """
    free = take.lift[:, SIDES.index(other(side))]
    own = take.lift[:, SIDES.index(side)]
    count = 0
    for f in flights(take, 0.15):
        around = slice(max(f.start - 3, 0), f.end + 3)
        count += bool(free[around].min() >= 0.1 and own[around].min() <= 0.06)
    return at_least(f"hops on the {side} foot", count, times)


def jumping_jacks(take: Take) -> Verdict:
    """Legs and arms open and close in jumps.

    Thresholds: the ankles' distance sideways swings by 0.3 legs three times, the hands' height by 0.5 legs
    three times; two flights of 0.15 s.
    """
    width = take.place("left_ankle")[:, 0] - take.place("right_ankle")[:, 0]
    hands = (take.place("left_wrist")[:, 1] + take.place("right_wrist")[:, 1]) / 2
    return (
        at_least("swings of the legs", swings(width, 0.3), 3)
        & at_least("swings of the arms", swings(hands, 0.5), 3)
        & at_least("flights", len(flights(take, 0.15)), 2)
    )


def squat_jumps(take: Take) -> Verdict:
    """Jumps up out of a squat: hips at 0.7 legs, within 1 s a flight of 0.3 s, feet level at 0.2 legs."""
    hips = take.height("pelvis")
    return best(
        (
            at_least("time in the air, s", f.seconds, 0.3)
            & at_least("height of the lower foot, legs", f.lift, 0.2)
            & _two_footed(f)
            & at_most(
                "height of the hips before, legs",
                hips[max(f.start - frames(1.0), 0) : f.start + 1].min(),
                0.7,
            )
            for f in flights(take)
        ),
        "flights",
    )


def skips(take: Take) -> Verdict:
    """Skips: each hop leaves and lands on the same foot, on and on.

    Thresholds: a flight of 0.15 s that lands on the foot it left, 0.6 legs ahead, the other foot 0.07 legs
    higher, neither over 0.3; one flight from foot to foot at most.
    """
    good = [
        f
        for f in flights(take, 0.15)
        if f.same_foot and f.forward >= 0.6 and f.lift_apart >= 0.07 and f.lift <= 0.3
    ]
    others = [f for f in flights(take, 0.15) if not f.same_foot]
    return at_least("hops ahead on one foot", len(good), 1) & at_most(
        "flights from foot to foot", len(others), 1
    )


def leaps(
    take: Take,
    seconds: float = 0.3,
    lift: float = 0.35,
    path: float = 1.2,
    pace: float = 1.5,
    index: float = 0.0,
) -> Verdict:
    """A long bound out of a walk or run.

    Thresholds: in the air for `seconds`, lower foot at `lift` legs, `path` legs ahead, coming at `pace` legs
    a second; somewhere a run index of `index`.
    """
    bound = best(
        (
            at_least("time in the air, s", f.seconds, seconds)
            & at_least("height of the lower foot, legs", f.lift, lift)
            & at_least("bound ahead, legs", f.forward, path)
            & at_least("pace before, legs/s", f.pace, pace)
            for f in flights(take)
        ),
        "flights",
    )
    return bound & at_least("run index", run_index(take).max(), index)


def clears(take: Take, lift: float = 0.22) -> Verdict:
    """Runs over something low: at a run, at a run index of 0.8 or more, both feet are `lift` legs up at
    once."""
    low = take.lift.min(axis=1)
    return at_least("run index", run_index(take).max(), RUNNING) & at_least(
        "height of the lower foot, legs", low[run_index(take) >= 0.8].max(initial=0.0), lift
    )


def runs_jumps_stops(take: Take) -> Verdict:
    """Runs, bounds for 0.3 s (lower foot at 0.3 legs), slows down to 0.8 legs a second for 0.4 s, goes on
    at 1.1."""
    in_air = np.zeros(len(take))
    for f in flights(take, 0.3):
        in_air[f.start : f.end] = f.lift
    pace = averaged(take.pace, 0.4)
    return in_turn(
        [Condition("run index", run_index(take), RUNNING)],
        [Condition("height of the lower foot, legs", in_air, 0.3)],
        [Condition("pace at rest, legs/s", pace, 0.8, "at most")],
        [Condition("pace again, legs/s", pace, 1.1)],
    )
