"""Durations and timetables in prompts."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdm_adapter.prompts import Action, read_split, split_prompt
from mdm_adapter.prompts.times import Stretch, stretches, take_durations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("walk, then run", [Stretch("walk, then run")]),
        ("0-3s: run\n3-5 s: stop", [Stretch("run", 0, 3), Stretch("stop", 3, 5)]),
        ("0:00 run, 0:05 jump", [Stretch("run", 0, 5), Stretch("jump", 5, None)]),
        ("1:30-2:00 walk\n2:00-2:10 sit", [Stretch("walk", 90, 120), Stretch("sit", 120, 130)]),
        ("[0-2] walk [2-4] run", [Stretch("walk", 0, 2), Stretch("run", 2, 4)]),
        ("a man: 0-2s walks, 2-4s runs", [Stretch("a man: walks", 0, 2), Stretch("runs", 2, 4)]),
        ("walk (0-2s), run (2-5s)", [Stretch("walk", 0, 2), Stretch("run", 2, 5)]),
        ("t=0 walk; t=2.5 run", [Stretch("walk", 0, 2.5), Stretch("run", 2.5, None)]),
        ("0s walk, 3s run", [Stretch("walk", 0, 3), Stretch("run", 3, None)]),
        ("0-1.5 crouch, 1.5-3 jump", [Stretch("crouch", 0, 1.5), Stretch("jump", 1.5, 3)]),
    ],
)
def test_timetables(text: str, expected: list[Stretch]) -> None:
    found = stretches(text)
    assert [(s.text.strip(" ,"), s.start, s.end) for s in found] == [
        (s.text, s.start, s.end) for s in expected
    ]


@pytest.mark.parametrize(
    "text",
    [
        "3s walk, 2s run",  # lengths
        "turn slowly for 1-2 seconds",
        "5-3s walk, 2-1s run",  # backwards
        "2-4 s walk",  # one range that does not begin at 0
        "1-2 walk, 5-6 run",  # no units, and not one after the other
        "walk 3-4 steps",
    ],
)
def test_no_timetable(text: str) -> None:
    assert stretches(text) == [Stretch(text)]


def test_a_gap_in_a_timetable_gives_a_start() -> None:
    assert split_prompt("0-2 s: walk\n5-6 s: wave") == [
        Action("A person walks.", 2.0),
        Action("A person waves.", 1.0, start=5.0),
    ]


def test_actions_of_one_line_share_its_time() -> None:
    split = read_split("0-4 s: walk, then turn\n4-5 s: stop")
    assert [action.seconds for action in split.actions] == [2.0, 2.0, 1.0]
    assert any("share the 4 seconds" in note for note in split.notes)


@pytest.mark.parametrize(
    ("text", "shorter", "seconds"),
    [
        ("walk for three seconds", "walk ", [3.0]),
        ("walks for 3 seconds to the door", "walks to the door", [3.0]),
        ("6 sec running, 2 sec resting", "running, resting", [6.0, 2.0]),
        ("walk: 3s, wave=2s", "walk, wave", [3.0, 2.0]),
        ("5s run 3s walk 2s stop", "run, walk, stop", [5.0, 3.0, 2.0]),
        ("a 5 second walk", "a walk", [5.0]),
        ("bow for a second time", "bow for a second time", []),
        ("clap every 2 seconds", "clap every 2 seconds", []),
    ],
)
def test_durations(text: str, shorter: str, seconds: list[float]) -> None:
    found, durations = take_durations(text)
    assert " ".join(found.split()) == " ".join(shorter.split())
    assert [duration.seconds for duration in durations] == seconds


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=6))
def test_any_timetable_keeps_its_lengths(lengths: list[int]) -> None:
    starts = [sum(lengths[:n]) for n in range(len(lengths))]
    text = "\n".join(f"{start}-{start + length}s: wave" for start, length in zip(starts, lengths))
    assert [(s.start, s.end) for s in stretches(text)] == [(a, a + b) for a, b in zip(starts, lengths)]
