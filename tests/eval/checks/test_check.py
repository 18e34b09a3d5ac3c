"""Readings, verdicts, moments and turns: which frame is chosen, and what it says."""

import numpy as np
import pytest
from figures import Figure, constant
from hypothesis import given
from hypothesis import strategies as st

from eval.checks.check import (
    ActionCheck,
    Anywhere,
    Condition,
    Verdict,
    at_least,
    at_most,
    best,
    in_turn,
    moment,
    within,
)
from eval.checks.kinematics import Take


def test_margins_are_shares_of_the_threshold() -> None:
    assert at_least("height", 0.6, 0.5).margin == pytest.approx(0.2)
    assert at_most("height", 0.6, 0.5).margin == pytest.approx(-0.2)
    assert at_least("height", 0.02, 0.0).margin == pytest.approx(0.02)
    assert at_least("height", 9.0, 0.5).margin == 1.0
    assert at_least("height", 0.5, 0.5).happened


def test_a_verdict_is_as_good_as_its_worst_reading() -> None:
    verdict = within("turn", 40.0, 30.0, 100.0) & at_least("steps", 1, 2)
    assert not verdict.happened
    assert verdict.decisive.name == "steps"
    assert "steps 1 (at least 2)" in str(verdict)
    assert bool(within("turn", 40.0, 30.0, 100.0))


def test_the_best_candidate_and_none() -> None:
    found = best([at_least("a", 1, 4), at_least("b", 3, 4)], "flights")
    assert found.decisive.name == "b"
    assert not best([], "flights").happened
    assert best([], "flights").decisive.name == "flights"


def test_all_conditions_must_hold_at_the_same_moment() -> None:
    high, fast = np.array([1.0, 0.0, 0.0, 1.0]), np.array([0.0, 1.0, 0.0, 0.9])
    assert moment(Condition("high", high, 0.8), Condition("fast", fast, 0.8)).happened
    assert not moment(Condition("high", high[:3], 0.8), Condition("fast", fast[:3], 0.8)).happened


def test_stages_must_come_in_their_order_and_apart() -> None:
    first, second = np.zeros(20), np.zeros(20)
    first[5], second[9] = 1.0, 1.0
    stages = [Condition("first", first, 0.5)], [Condition("second", second, 0.5)]
    assert in_turn(*stages).happened
    assert in_turn(*stages, gap=0.2).happened
    assert not in_turn(*stages, gap=0.25).happened
    assert not in_turn(*reversed(stages)).happened
    assert [reading.value for reading in in_turn(*stages).readings] == [1.0, 1.0]


VALUES = st.lists(st.floats(-2, 2), min_size=8, max_size=8).map(np.array)


@given(VALUES, VALUES, VALUES, st.integers(0, 3))
def test_in_turn_finds_the_best_choice_of_frames(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, wait: int
) -> None:
    stages = [[Condition(name, series, 1.0)] for name, series in (("a", a), ("b", b), ("c", c))]
    found = in_turn(*stages, gap=wait / 20.0)
    frames = range(8)
    possible = [
        min(at_least("", a[i], 1.0).margin, at_least("", b[j], 1.0).margin, at_least("", c[k], 1.0).margin)
        for i in frames for j in frames for k in frames if j - i >= wait and k - j >= wait
    ]  # fmt: skip
    if possible:
        assert found.margin == pytest.approx(max(possible))
    else:
        assert not found.happened


def test_anywhere_looks_into_stretches() -> None:
    body = Figure(160)
    body.root[:80] += constant(80, 0.0, -0.4, 0.0)

    def always_up(take: Take) -> Verdict:
        return at_least("height of the hips, legs", float(take.height("pelvis").min()), 0.9)

    take = Take(body.joints())
    assert not always_up(take).happened
    assert Anywhere(always_up)(take).happened
    assert not Anywhere(always_up, seconds=(7.0,))(take).happened


def test_a_check_judges_joints_and_needs_a_label() -> None:
    def upright(take: Take) -> Verdict:
        return at_most("tilt of the trunk, degrees", float(take.tilt.max()), 10.0)

    check = ActionCheck("stand", ("stand",), upright)
    assert check(Figure(20).joints()).happened
    with pytest.raises(ValueError, match="judges no action"):
        ActionCheck("nothing", (), upright)
