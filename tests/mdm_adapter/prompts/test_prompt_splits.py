"""Splits: notes, splitters of one's own, and what holds for every text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mdm_adapter.prompts import (
    Action,
    EnglishSplitter,
    Split,
    Splitter,
    read_prompt,
    read_split,
    split_prompt,
)

CASES = Path(__file__).with_name("splitter_cases.txt")


@pytest.mark.parametrize(
    ("prompt", "note"),
    [
        ("a man walks and waves", "'and' before 'waves' taken as: at the same time"),
        ("a man kicks and spins", "'and' before 'spins' taken as: one after the other"),
        ("a man leaps and lands", "'and' before 'lands' taken as: one action"),
        ("he kicks, then bows and claps", "'and' before 'claps' taken as: one action"),
        ("he leans left and then right", "'right' read as 'leans right'"),
        ("turn left, then right", "'right' kept with what comes before: one way there and back"),
        (
            "squat, stand up, repeat three times",
            "'repeat three times' taken as the 2 actions before, 2 more times",
        ),
        ("he wlaks", "'wlaks' read as 'walks'"),
    ],
)
def test_notes_say_what_was_decided(prompt: str, note: str) -> None:
    assert read_split(prompt).notes == (note,)


def test_plain_prompts_and_timelines_have_no_notes() -> None:
    assert read_split("a man walks. He sits.").notes == ()
    assert read_split("walk | wave") == Split((Action("walk"), Action("wave")))


def test_a_splitter_of_ones_own() -> None:
    class Lines:
        def split(self, prompt: str) -> Split:
            return Split(tuple(Action(line) for line in prompt.splitlines()))

    splitter: Splitter = Lines()
    assert read_prompt("walk\nwave, then bow", splitter=splitter) == [
        Action("walk"),
        Action("wave, then bow"),
    ]
    assert isinstance(EnglishSplitter().split("walk"), Split)


def test_names_in_turn_are_one_figure() -> None:
    assert split_prompt("Anna waves, then Bob bows") == [Action("A person waves."), Action("A person bows.")]
    # who is who matters where they meet
    assert split_prompt("Jack walks. Jill runs. They hug.")[2] == Action("Jack and Jill hug.")


def test_repeats_take_their_seconds_along() -> None:
    assert (
        split_prompt("jog 30 seconds, rest 10 seconds, repeat")
        == [
            Action("A person jogs.", 30.0),
            Action("A person rests.", 10.0),
        ]
        * 2
    )


def _sentences_of_the_table() -> list[str]:
    lines = CASES.read_text(encoding="utf-8").splitlines()
    found = [re.sub(r" \[[\d.]+\]$", "", line.strip()) for line in lines if line.startswith("    ")]
    return sorted(set(found))


@pytest.mark.parametrize("sentence", _sentences_of_the_table())
def test_a_split_sentence_stays_as_it_is(sentence: str) -> None:
    assert split_prompt(sentence) == [Action(sentence)]


_FILLERS = """
a an the man woman person he she they it then and , . ; : -> - ( ) " ' ! ? after before while as soon until once
walks walking walk walked jumps jump left right up down forward back with his her arm leg both one other two 3
seconds for 0:05 0-3s repeat again times twice first finally starts by ends who that is was be not don't make let
him I you can please 1. 2) * idle_02 run_fwd plz n wlaks 🏃 there every someone Anna Bob cartwheel salsa slowly
"""


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(_FILLERS.split()), min_size=1, max_size=20).map(" ".join))
def test_any_words_give_sane_sentences_or_one_line(text: str) -> None:
    _check(text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=120))
@example("BjÇ-")
def test_any_text_gives_sane_sentences_or_one_line(text: str) -> None:
    _check(text)


def _check(text: str) -> None:
    split = _split_or_refusal(text)
    if isinstance(split, str):
        assert "\n" not in split
        assert len(split) < 250
        return
    assert split.actions
    for action in split.actions:
        assert re.search(r"\w", action.text)
        assert action.text.endswith(".")
        assert not re.search(r"\s{2}|\.\.$|\n|^\s|\s[,.;]", action.text)
        assert action.seconds is None or action.seconds > 0
    assert all(note and "\n" not in note for note in split.notes)


def _split_or_refusal(text: str) -> Split | str:
    try:
        return EnglishSplitter().split(text)
    except ValueError as error:
        return str(error)
