"""Actions written out by the user: "a | b [3s] | c", JSON or CSV, which no parser of English touches."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mdm_adapter.prompts.action import (
    Action,
    check_bounds,
    check_count,
    check_seconds,
    clean,
    has_letter,
    shorten,
)
from mdm_adapter.prompts.splitter import EnglishSplitter, Split, Splitter
from motioncollage.files import read_text

MAX_BYTES = 1_000_000

_KEYS = ("text", "seconds", "start", "transition", "guidance")
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,4})?|[+-]?(?:nan|inf(?:inity)?)"
_UNIT = r"(?:s|secs?|seconds?)"
# a part ends in "for 4 seconds", "[4s]" or "(4 s)"; anything else is the user's own wording
_BAR_SECONDS = re.compile(
    rf"(?:\bfor\s+(?P<plain>{_NUMBER})\s*{_UNIT}|\[\s*(?P<square>{_NUMBER})\s*{_UNIT}\s*\]"
    rf"|\(\s*(?P<round>{_NUMBER})\s*{_UNIT}\s*\))\s*[.,;]?$",
    re.IGNORECASE,
)
_LOOKS_LIKE_JSON = re.compile(r"\s*(?:\{|\[\s*[\[\]{\"])")


def read_prompt(text: str, *, splitter: Splitter | None = None) -> list[Action]:
    """The actions of whatever the user wrote: a .json or .csv path, JSON, "a | b | c", or a prompt to be split.

    `splitter` takes plain English apart; None for `EnglishSplitter`.
    """
    return list(read_split(text, splitter=splitter).actions)


def read_split(text: str, *, splitter: Splitter | None = None) -> Split:
    """The actions as `read_prompt` gives them, and notes on what the splitter could have read otherwise.

    A timeline is taken at its word and has no notes.
    """
    if not isinstance(text, str):
        raise ValueError(f"the prompt is of type {type(text).__name__}; give a string")
    if _is_path(text) or _LOOKS_LIKE_JSON.match(text) or "|" in text:
        return Split(tuple(parse_timeline(text)))
    return (splitter or EnglishSplitter()).split(text)


def parse_timeline(text: str | Path) -> list[Action]:
    """Read a timeline: bars, JSON or CSV.

    Bars: "walk forward for 4 seconds | wave [3s] | bow"; each part is kept in the user's words, less a
    duration at its end in the form "for 4 seconds", "[4s]" or "(4 s)".
    JSON: [{"text": "wave", "seconds": 3}], given as a text or as the path of a .json file. CSV: the path of a .csv file
    with a row for each action, text and seconds, or the columns that its first row names.

    Rows may also have `start` (seconds from the beginning: before the row above ends, both are seen for a while;
    after it, the model fills the gap), `transition` (seconds over which it passes into the next) and `guidance`. A row
    without text is a gap of its seconds.

    Raises:
        ValueError: names the part (counted from 1), the item (timeline[0] is the first) or the line that is wrong.
    """
    if isinstance(text, Path):
        return _from_file(text)
    if _is_path(text):
        return _from_file(Path(text.strip()))
    if _LOOKS_LIKE_JSON.match(text):
        return _from_json(text)
    return _from_bars(text)


def _from_file(path: Path) -> list[Action]:
    text = _read_file(path)
    return _from_csv(text, path.name) if path.suffix.lower() == ".csv" else _from_json(text)


def _is_path(text: str) -> bool:
    bare = text.strip()
    return (
        bare.lower().endswith((".json", ".csv")) and "\n" not in bare and "|" not in bare and len(bare) < 4096
    )


def _from_bars(text: str) -> list[Action]:
    parts = clean(text).split("|")
    check_count(len(parts))
    actions: list[Action] = []
    for position, part in enumerate(parts, start=1):
        words = " ".join(part.split())
        seconds: float | None = None
        match = _BAR_SECONDS.search(words)
        if match:
            written = match["plain"] or match["square"] or match["round"]
            seconds = check_seconds(float(written), f"part {position} ({shorten(words)!r})")
            words = words[: match.start()].rstrip(" ,;:-")
        if not has_letter(words):
            what = "has a duration but no action" if match else "has no words" if words else "is empty"
            raise ValueError(f"part {position} of {len(parts)} {what}; write an action between the bars")
        actions.append(Action(words, seconds))
    return actions


def _read_file(path: Path) -> str:
    try:
        return read_text(path, "timeline file", most=MAX_BYTES)
    except FileNotFoundError as error:
        raise ValueError(f"there is no timeline file {shorten(str(path))!r}; check the path") from error


def _from_json(text: str) -> list[Action]:
    if len(text) > MAX_BYTES:
        raise ValueError(
            f"the JSON timeline has {len(text)} characters, the limit is {MAX_BYTES}; shorten it"
        )
    try:
        items = json.loads(text, object_pairs_hook=tuple)  # arrays are lists, objects keep repeated keys
    except RecursionError as error:
        raise ValueError("the JSON timeline is nested too deeply; give a flat list of objects") from error
    except ValueError as error:
        raise ValueError(f"the timeline is not JSON: {shorten(str(error), 120)}; correct it there") from error
    if not isinstance(items, list):
        kind = "an object" if isinstance(items, tuple) else f"a {type(items).__name__}"
        raise ValueError(
            f'the JSON timeline is {kind}; give a list such as [{{"text": "wave", "seconds": 3}}]'
        )
    if not items:
        raise ValueError('the JSON timeline is an empty list; give at least one {"text": ...}')
    check_count(len(items))
    return [_item(index, item) for index, item in enumerate(items)]


def _item(index: int, item: object) -> Action:
    if not isinstance(item, tuple):
        raise ValueError(f'timeline[{index}] is no object; write {{"text": ..., "seconds": ...}}')
    _check_names([key for key, _ in item], f"timeline[{index}] has", "key")
    return _row(dict(item), f"timeline[{index}]")


def _check_names(names: Sequence[str], where: str, kind: str) -> None:
    for name in names:
        if name not in _KEYS:
            raise ValueError(f"{where} the unknown {kind} {shorten(name)!r}; use {', '.join(_KEYS)}")
        if names.count(name) > 1:
            raise ValueError(f"{where} the {kind} {name!r} twice; keep one")


def _row(values: dict[str, Any], where: str) -> Action:
    """One action from its named values, absent ones None."""
    text, seconds = values.get("text"), values.get("seconds")
    if text is not None and not isinstance(text, str):
        raise ValueError(f'{where} has no "text" that is a string; describe the action there')
    words = clean(text or "").strip()
    if seconds is not None:
        seconds = check_seconds(seconds, where)
    if words and not has_letter(words):
        raise ValueError(f'"text" of {where} has no words; describe the action there')
    if not words and seconds is None:
        raise ValueError(f'{where} has no "text"; describe the action there, or give a gap its seconds')
    check_bounds(values, where)
    return Action(**{**values, "text": words, "seconds": seconds})


def _from_csv(text: str, name: str) -> list[Action]:
    """Rows of a table; the first may name its columns."""
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=_delimiter(text), skipinitialspace=True, strict=True
        )
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise ValueError(
            f"{shorten(name)} is not CSV ({error}); save it as a table of text,seconds"
        ) from error
    lines = [(number, row) for number, row in lines if any(row)]
    columns: Sequence[str] = _KEYS[:2]
    if lines and "text" in (names := [cell.lower() for cell in lines[0][1]]):
        _check_names(names, f"line {lines[0][0]} of {shorten(name)} names", "column")
        columns, lines = names, lines[1:]
    if not lines:
        raise ValueError(f"{shorten(name)} has no rows; write one for each action: text,seconds")
    check_count(len(lines))
    return [_csv_row(columns, row, f"line {number} of {shorten(name)}") for number, row in lines]


def _delimiter(text: str) -> str:
    """Semicolons in a table that Excel saved where the comma is in numbers: they set off columns, not parts of a text."""
    first = re.sub(r'"[^"]*"', "a", text.lstrip().partition("\n")[0])
    cells = [cell.strip().lower() for cell in first.split(";")]
    told = "text" in cells or all(re.fullmatch(r"[\d.,]*", cell) for cell in cells[1:])
    return ";" if len(cells) > 1 and told else ","


def _csv_row(columns: Sequence[str], row: Sequence[str], where: str) -> Action:
    if len(row) > len(columns):
        raise ValueError(
            f"{where} has {len(row)} cells for {len(columns)} columns; put a text with commas into quotes"
        )
    values: dict[str, Any] = dict(zip(columns, row))
    for column in values.keys() - {"text"}:
        cell = values[column]
        try:
            # "1,5" of a table with semicolons.
            values[column] = float(cell.replace(",", ".")) if cell else None
        except ValueError as error:
            raise ValueError(f"{column} of {where} is {shorten(cell)!r}, not a number; correct it") from error
    return _row(values, where)
