"""Timelines written by hand: bars and JSON, with errors that name the part that is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.prompts import Action, parse_timeline, read_prompt
from mdm_adapter.prompts.timeline import MAX_BYTES


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
        (
            '[{"text": "  "}]',
            r'timeline\[0\] has no "text"; describe the action there, or give a gap its seconds',
        ),
        ('[{"text": "123", "seconds": 2}]', r'"text" of timeline\[0\] has no words'),
        ('[{"text": "walk", "start": -1}]', r"start of timeline\[0\] is -1; give a number from 0 to 3600"),
        ('[{"text": "walk", "transition": 0}]', r"transition of timeline\[0\] is 0; give a number from 0.05"),
        ('[{"text": "walk", "guidance": "2"}]', r"guidance of timeline\[0\] is '2', not a number"),
        ('[{"text": "walk", "guidance": NaN}]', r"guidance of timeline\[0\] is nan"),
        ('[{"text": 5}]', r'timeline\[0\] has no "text" that is a string'),
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
        ('[{"text": "%s"}]' % ("a" * MAX_BYTES), "characters, the limit is"),
    ],
)
def test_json_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_prompt(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_rows_in_full(tmp_path: Path) -> None:
    expected = [
        Action("walk, then stop", 4.0, guidance=3.0),
        Action("", 2.0),
        Action("wave", start=5.0, transition=0.5),
    ]
    items = [
        {"text": "walk, then stop", "seconds": 4, "guidance": 3},
        {"text": "", "seconds": 2},
        {"text": "wave", "start": 5, "transition": 0.5},
    ]
    assert parse_timeline(json.dumps(items)) == expected
    table = tmp_path / "rows.csv"
    table.write_text(
        '\ufeffText, seconds, start, transition, guidance\n"walk, then stop", 4,,, 3\n,2\n\nwave,,5,0.5\n',
        encoding="utf-8",
    )
    assert read_prompt(str(table)) == expected
    plain = tmp_path / "plain.CSV"
    plain.write_text("walk,4\r\nwave\r\n", encoding="utf-8")
    assert read_prompt(str(plain)) == [Action("walk", 4.0), Action("wave")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("walk,4\nwave,three\n", "seconds of line 2 of t.csv is 'three', not a number"),
        ("walk,4\n\nwave,-3\n", "line 3 of t.csv lasts -3 seconds"),
        (
            "walk, then wave, 4\n",
            "line 1 of t.csv has 3 cells for 2 columns; put a text with commas into quotes",
        ),
        ("text,second\nwalk,4\n", "line 1 of t.csv names the unknown column 'second'"),
        ("text,seconds,text\n", "line 1 of t.csv names the column 'text' twice"),
        ("text,seconds\n", "t.csv has no rows"),
        ("", "t.csv has no rows"),
        ("walk,4\n,\n,\nseconds\n,nan", "line 5 of t.csv lasts nan seconds"),
        ('walk,4\n"wave', "t.csv is not CSV"),
        ("text,start\n,3\n", 'line 2 of t.csv has no "text"'),
        ("walk,4\n" * 201, "201 actions, the limit is 200"),
    ],
)
def test_tables_refused(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "t.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message) as caught:
        read_prompt(str(table))
    assert "\n" not in str(caught.value)


def test_files_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no timeline file"):
        read_prompt(str(tmp_path / "missing.json"))
    with pytest.raises(ValueError, match="is a folder; give an ordinary file"):
        parse_timeline(tmp_path)
    latin = tmp_path / "latin.json"
    latin.write_bytes('[{"text": "pirouetté"}]'.encode("latin-1"))
    with pytest.raises(ValueError, match="is not UTF-8"):
        parse_timeline(latin)
    large = tmp_path / "large.json"
    large.write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match="more than 1,000,000"):
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


def test_tables_of_excel(tmp_path) -> None:
    """Semicolons between columns, commas in numbers, and the mark that Excel puts in front."""
    table = tmp_path / "scene.csv"
    table.write_text("\ufefftext;seconds;start\r\nwalks, slowly;2,5;0\r\nwaves;1;2,5\r\n", encoding="utf-8")
    found = read_prompt(str(table))
    assert [(a.text, a.seconds, a.start) for a in found] == [("walks, slowly", 2.5, 0.0), ("waves", 1.0, 2.5)]
    table.write_text("walks;2\nwaves;3\n")
    assert [a.seconds for a in read_prompt(str(table))] == [2, 3]
    # A semicolon within a text sets off nothing.
    table.write_text("walks; then stops,2\n")
    assert [(a.text, a.seconds) for a in read_prompt(str(table))] == [("walks; then stops", 2)]
