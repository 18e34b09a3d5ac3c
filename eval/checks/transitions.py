"""From standing to walking to running and back, there and back again."""

import numpy as np

from eval.checks.check import Condition, Verdict, in_turn, moment
from eval.checks.kinematics import Take
from eval.checks.locomotion import (
    RUNNING,
    STILL,
    bearing,
    off,
    run_index,
    stepping,
    striding,
    turned,
    upright,
)
from eval.checks.series import averaged, most


def stands(take: Take, seconds: float = 0.3, pace: float = STILL) -> list[Condition]:
    """Stays for so long under `pace` legs a second, hips at 0.75 legs."""
    return [Condition("pace at rest, legs/s", most(take.pace, seconds), pace, "at most"), upright(take)]


def goes(
    take: Take, gait: str = "any", centre: float = 0.0, tolerance: float = 35.0, seconds: float = 0.8
) -> list[Condition]:
    """Goes on one bearing of its own for so long at 0.6 legs a second: walking (a run index under 1),
    running (a run index of 1), or either."""
    conditions = [
        Condition("pace, legs/s", averaged(take.pace, seconds), 0.6),
        Condition("off the bearing, degrees", off(bearing(take, seconds), centre), tolerance, "at most"),
        upright(take),
    ]
    if gait == "walk":
        conditions.append(Condition("run index", run_index(take), RUNNING, "at most"))
    elif gait == "run":
        conditions.append(Condition("run index", run_index(take), RUNNING))
    return conditions


def starts(take: Take, gait: str, strides: int = 3) -> Verdict:
    """Stands for 0.3 s (slower than 0.35 legs a second), then goes forward in that gait for 0.8 s
    (walking: 1.2 s), within 25 degrees of straight."""
    moving = goes(take, gait, tolerance=25.0, seconds=0.8 if gait == "run" else 1.2)
    return striding(take, strides) & in_turn(stands(take), moving, gap=0.3)


def stops(take: Take, gait: str, rest: float = STILL, strides: int = 3) -> Verdict:
    """Goes forward in that gait for 0.8 s (walking: 1.2 s), within 25 degrees of straight, then stands for
    0.3 s (slower than `rest` legs a second)."""
    moving = goes(take, gait, tolerance=25.0, seconds=0.8 if gait == "run" else 1.2)
    return striding(take, strides) & in_turn(moving, stands(take, pace=rest), gap=0.3)


def changes_gait(take: Take, first: str, second: str) -> Verdict:
    """Goes forward in one gait, then in the other, faster by a third or more (or slower)."""
    pace = averaged(take.pace, 0.8)
    ratio = np.maximum.accumulate(pace[::-1])[::-1] / np.maximum(pace, 0.3)
    if second == "walk":
        ratio = np.maximum.accumulate(pace) / np.maximum(pace, 0.3)
    change = Condition("faster pace by slower", ratio, 1.3)
    stages = [goes(take, first), goes(take, second)]
    stages[0 if second == "run" else 1].append(change)
    return stepping(take, 4) & in_turn(*stages, gap=0.3)


def pauses(take: Take, rest: float = 0.6) -> Verdict:
    """Runs, slows down to `rest` legs a second for 0.2 s, runs again."""
    return (
        stepping(take, 4)
        & in_turn(
            goes(take, "any"),
            [Condition("pace at rest, legs/s", averaged(take.pace, 0.2), rest, "at most")],
            goes(take, "any"),
            gap=0.3,
        )
        & moment(Condition("run index", run_index(take), RUNNING))
    )


def goes_back_and_forth(take: Take, gait: str, turn: bool) -> Verdict:
    """Goes backward, then forward.

    turn: whether it turns round for that (by 120 degrees at least in 4 s) or not (by 60 at most). Bearings
    within 45 degrees of straight backward and forward.
    """
    tail = "run" if gait == "run" else "walk"
    back, ahead = goes(take, gait, 180.0, 45.0), goes(take, tail)
    about = np.abs(turned(take, 4.0))
    if turn:
        return stepping(take, 4) & in_turn(
            back, [Condition("turn of the body, degrees", about, 120.0)], ahead
        )
    return (
        stepping(take, 4)
        & in_turn(back, ahead, gap=0.5)
        & moment(Condition("turn of the body, degrees", -most(about, 60.0), -60.0))
    )
