"""What a prompt becomes: a list of actions, and the checks that every way of writing one shares."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any

MAX_WORDS = 2_000
MAX_CHARACTERS = 40_000
MAX_ACTIONS = 200
_BOUNDS = {"start": (0.0, 3600.0), "transition": (0.05, 3600.0), "guidance": (0.0, 100.0)}


@dataclass(frozen=True)
class Action:
    """One sentence for one stretch of motion.

    Attributes:
        text: empty for a gap, which the model fills as it likes; a gap needs `seconds`.
        seconds: None lets the planner choose the length.
        start: second at which it begins; None: when the action before it ends.
        transition: seconds over which it passes into the next; None for the usual overlap.
        guidance: scale of classifier-free guidance of this text; None for that of all.
    """

    text: str
    seconds: float | None = None
    start: float | None = None
    transition: float | None = None
    guidance: float | None = None

    def __post_init__(self) -> None:
        if not self.text.strip() and (self.text or self.seconds is None):
            raise ValueError("an action needs a text; describe the movement, such as 'A person walks.'")
        where = f"the action {shorten(self.text)!r}" if self.text else "a gap"
        if self.seconds is not None:
            check_seconds(self.seconds, where)
        check_bounds(vars(self), where)


def check_seconds(seconds: float, where: str) -> float:
    """Return `seconds` as a float if it is a finite positive number of seconds, else say what is wrong."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ValueError(f"seconds of {where} is {shorten(repr(seconds))}, not a number; give one such as 4")
    try:
        value = float(seconds)
    except OverflowError:
        value = math.inf
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{where} lasts {value:g} seconds; give a finite number above 0, or leave it out")
    return value


def check_bounds(values: Mapping[str, Any], where: str) -> None:
    """Refuse a start, a transition or a guidance that is no number or outside what is possible."""
    for name, (low, high) in _BOUNDS.items():
        what, value = f"{name} of {where}", values.get(name)
        if isinstance(value, bool) or not isinstance(value, (int, float, NoneType)):
            given = shorten(repr(value))
            raise ValueError(f"{what} is {given}, not a number; give one from {low:g} to {high:g}")
        if value is not None and not low <= value <= high:
            raise ValueError(f"{what} is {shorten(str(value))}; give a number from {low:g} to {high:g}")


def check_count(count: int) -> None:
    """Refuse more actions than anybody plans by hand: each one costs a network evaluation per step."""
    if count > MAX_ACTIONS:
        raise ValueError(f"the prompt has {count} actions, the limit is {MAX_ACTIONS}; split it into parts")


def clean(text: str) -> str:
    """Drop control and invisible characters (newlines and tabs stay) and check the size of a prompt."""
    if not isinstance(text, str):
        raise ValueError(f"the prompt is of type {type(text).__name__}; give a string")
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the prompt has {len(text)} characters, the limit is {MAX_CHARACTERS}; shorten it")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    text = unicodedata.normalize("NFC", text)
    text = "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _UNWANTED)
    words = len(text.split())
    if words > MAX_WORDS:
        raise ValueError(f"the prompt has {words} words, the limit is {MAX_WORDS}; split it into parts")
    return text


def has_letter(text: str) -> bool:
    """True when the text holds at least one letter of any script."""
    return any(c.isalpha() for c in text)


def shorten(text: str, limit: int = 60) -> str:
    """The beginning of a text, for an error message of one line."""
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 3] + "..."


# control, format (zero-width joiners, direction marks), lone surrogates, private use, unassigned
_UNWANTED = ("Cc", "Cf", "Cs", "Co", "Cn")
