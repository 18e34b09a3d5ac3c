"""Counts in sentences: what is counted, how often, and the sentence of a single one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.prompts.counts import read_count


@pytest.mark.parametrize(
    ("text", "times", "what", "once"),
    [
        ("A person jumps three times.", 3, "repetition", "A person jumps."),
        ("He jumps twice.", 2, "repetition", "He jumps."),
        ("A person bows once.", 1, "repetition", "A person bows."),
        ("jump twenty-five times in a row", 25, "repetition", "jump"),
        ("He kicks 3 times with his right leg.", 3, "repetition", "He kicks with his right leg."),
        ("A person does five jumping jacks.", 5, "repetition", "A person does a jumping jack."),
        ("She does ten push-ups.", 10, "repetition", "She does a push-up."),
        ("He throws two quick punches.", 2, "repetition", "He throws a quick punch."),
        ("He throws two uppercuts.", 2, "repetition", "He throws an uppercut."),
        ("he waves three times", 3, "beat", "he waves"),
        ("he claps his hands four times", 4, "beat", "he claps his hands"),
        ("a person walks in a circle twice", 2, "whole", "a person walks in a circle"),
        ("he runs three laps", 3, "whole", "he runs a lap"),
    ],
)
def test_what_is_counted(text: str, times: int, what: str, once: str) -> None:
    count = read_count(text)
    assert count is not None
    assert (count.times, count.what, count.once, count.vague) == (times, what, once, False)


@pytest.mark.parametrize(
    ("text", "times", "vague"),
    [
        ("A person takes twenty steps.", 20, False),
        ("A person walks three steps forward.", 3, False),
        ("he takes a couple of steps", 2, False),
        ("he takes two steps three times", 6, False),
        ("a figure takes several steps forward", 5, True),
        ("he walks a few steps", 3, True),
    ],
)
def test_steps_keep_their_sentence(text: str, times: int, vague: bool) -> None:
    count = read_count(text)
    assert count is not None
    assert (count.times, count.what, count.vague) == (times, "step", vague)
    assert "step" in count.once


@pytest.mark.parametrize(
    "text",
    [
        "A person walks.", "he lifts two hands", "a person turns 90 degrees", "two people walk", "he jumps 0 times",
        "he crawls on all fours", "he counts to three and jumps", "she jumps up once she sees it", "one turns",
        "a person dances once again", "he stands on one leg", "",
    ],
)  # fmt: skip
def test_numbers_that_count_no_movement(text: str) -> None:
    assert read_count(text) is None


@given(st.integers(1, 10**6))
def test_numbers_in_digits(times: int) -> None:
    count = read_count(f"he hops {times} times")
    assert count is not None
    assert count.times == times


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    count = read_count(text)
    assert count is None or count.times >= 1
