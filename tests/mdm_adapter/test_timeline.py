"""Timelines written by hand: bars and JSON, with errors that name the part that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.prompts import Action, parse_timeline, read_prompt
from mdm_adapter.prompts.timeline import MAX_JSON_BYTES


def test_bars_keep_the_words_of_the_user() -> None:
    assert parse_timeline("  walk   forward | Wave!|he bows, then claps ") == [
        Action("walk forward"),
        Action("Wave!"),
        Action("he bows, then claps"),
    ]


@pytest.mark.parametrize(
    ("part", "text", "seconds"),
    [
        ("walk forward for 4 seconds", "walk forward", 4.0),
        ("walk for 2.5s", "walk", 2.5),
        ("wave [3s]", "wave", 3.0),
        ("wave [ 3 sec ]", "wave", 3.0),
        ("wave (4 s)", "wave", 4.0),
        ("wave, for 1 second.", "wave", 1.0),
        ("wave for four seconds", "wave for four seconds", None),
        ("wave for 4 seconds with the left hand", "wave for 4 seconds with the left hand", None),
        ("run : 2.5", "run : 2.5", None),
        ("wave [left hand]", "wave [left hand]", None),
    ],
)
def test_bar_durations(part: str, text: str, seconds: float | None) -> None:
    assert parse_timeline(f"{part} | bow") == [Action(text, seconds), Action("bow")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("walk | | wave", "part 2 of 3 is empty"),
        ("| walk", "part 1 of 2 is empty"),
        ("walk |", "part 2 of 2 is empty"),
        ("walk | 123", "part 2 of 2 has no words"),
        ("walk | for 4 seconds", "part 2 of 2 has a duration but no action"),
        ("walk | wave [0s]", r"part 2 .* lasts 0 seconds; give a finite number above 0"),
        ("walk [-3s] | wave", r"part 1 .* lasts -3 seconds"),
        ("walk [nan s] | wave", r"part 1 .* lasts nan seconds"),
        ("walk for 1e999 seconds | wave", r"part 1 .* lasts inf seconds"),
        ("|".join(["walk"] * 201), "201 actions, the limit is 200"),
    ],
)
def test_bars_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_prompt(text)
    assert "\n" not in str(caught.value)


def test_json_text_and_file(tmp_path: Path) -> None:
    items = [{"text": " wave | bow "}, {"seconds": 3, "text": "run"}, {"text": "sit", "seconds": None}]
    expected = [Action("wave | bow"), Action("run", 3.0), Action("sit")]
    text = json.dumps(items)
    file = tmp_path / "Timeline.JSON"
    file.write_text("\ufeff" + text, encoding="utf-8")
    assert parse_timeline(text) == expected
    assert parse_timeline(file) == expected
    assert read_prompt(f" {file} ") == expected
    assert read_prompt("\n" + json.dumps(items, indent=2)) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"text": "walk"}, {"text": "wave", "secs": 3}]', r"timeline\[1\] has the unknown key 'secs'"),
        ('[{"text": "walk", "text": "run"}]', r"timeline\[0\] has the key 'text' twice"),
        ('[{"text": "  "}]', r'"text" of timeline\[0\] is empty'),
        ('[{"text": 5}]', r'timeline\[0\] has no "text" that is a string'),
        ('[{"seconds": 5}]', r'timeline\[0\] has no "text"'),
        ('[{"text": "walk", "seconds": true}]', r"timeline\[0\] is True, not a number"),
        ('[{"text": "walk", "seconds": "3"}]', r"timeline\[0\] is '3', not a number"),
        ('[{"text": "walk", "seconds": 0}]', r"timeline\[0\] lasts 0 seconds"),
        ('[{"text": "walk", "seconds": -1.5}]', r"timeline\[0\] lasts -1.5 seconds"),
        ('[{"text": "walk", "seconds": NaN}]', r"timeline\[0\] lasts nan seconds"),
        ('[{"text": "walk", "seconds": Infinity}]', r"timeline\[0\] lasts inf seconds"),
        ('[{"text": "walk", "seconds": 1%s}]' % ("0" * 400), r"timeline\[0\] lasts inf seconds"),
        ('["walk"]', r"timeline\[0\] is no object"),
        ('{"text": "walk"}', "is an object; give a list"),
        ("[]", "empty list"),
        ('[{"text": "walk"},]', "is not JSON"),
        ('[{"text": "walk", "seconds": %s}]' % ("9" * 5000), "is not JSON"),
        ("[[" * 100_000, "nested too deeply|is not JSON"),
        (json.dumps([{"text": "walk"}] * 201), "201 actions, the limit is 200"),
        ('[{"text": "%s"}]' % ("a" * MAX_JSON_BYTES), "characters, the limit is"),
    ],
)
def test_json_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_prompt(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_files_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no timeline file"):
        read_prompt(str(tmp_path / "missing.json"))
    with pytest.raises(ValueError, match="there is no timeline file"):
        parse_timeline(tmp_path)
    latin = tmp_path / "latin.json"
    latin.write_bytes('[{"text": "pirouetté"}]'.encode("latin-1"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        parse_timeline(latin)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (MAX_JSON_BYTES + 1))
    with pytest.raises(ValueError, match="is over 1000000 bytes"):
        parse_timeline(str(large))


def test_read_prompt_splits_what_is_no_timeline() -> None:
    assert read_prompt("walk, then wave") == [Action("A person walks."), Action("A person waves.")]
    # a bracket alone is no JSON
    assert read_prompt("[4s] walk, then wave") == [Action("A person walks.", 4.0), Action("A person waves.")]


@pytest.mark.parametrize("value", [None, 5, b"walk"])
def test_read_prompt_wants_a_string(value: object) -> None:
    with pytest.raises(ValueError, match="give a string"):
        read_prompt(value)  # type: ignore[arg-type]


def test_action_checks_itself() -> None:
    with pytest.raises(ValueError, match="an action needs a text"):
        Action("  ")
    for seconds in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="give a finite number above 0"):
            Action("walk", seconds)
    with pytest.raises(ValueError, match="True, not a number"):
        Action("walk", True)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=5))
def test_any_bars_parse_or_are_refused(parts: list[str]) -> None:
    try:
        actions = parse_timeline("|".join(parts))
    except ValueError:
        return
    assert all(action.text.strip() == action.text != "" for action in actions)


def test_json_round_trip() -> None:
    actions = [Action("wave", 2.5), Action("walk to the left")]
    assert parse_timeline(json.dumps([{"text": a.text, "seconds": a.seconds} for a in actions])) == actions
