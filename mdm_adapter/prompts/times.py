"""Durations in plain words ("for about two seconds") and timetables ("0-3 s: run"), taken out of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mdm_adapter.prompts.action import check_seconds, has_letter, shorten

# The action before the words, the action that follows them, or the action that they put an end to.
Owner = Literal["before", "following", "ended"]


@dataclass(frozen=True)
class Duration:
    """`seconds` for the action at `offset`, a character position in the text without durations."""

    offset: int
    seconds: float
    owner: Owner


_UNITS_AND_TEENS = (
    "zero one two three four five six seven eight nine ten "
    "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_DECADES = "twenty thirty forty fifty sixty seventy eighty ninety"
SMALL = {word: number for number, word in enumerate(_UNITS_AND_TEENS.split())}
TENS = {word: 10 * number for number, word in enumerate(_DECADES.split(), start=2)}

_DIGITS = r"\d+(?:[.,]\d+)?(?:e[+-]?\d{1,3})?|\.\d+"
_TEENS = "|".join(sorted(SMALL, key=len, reverse=True))
_NUMBER_WORD = rf"(?:{'|'.join(TENS)})(?:[-\s](?:{_TEENS}))?|(?:{_TEENS})"
_VAGUE = r"half\s+an?|an?\s+half|a\s+quarter\s+of\s+an?|an?\s+couple\s+of|an?"
_BIG_UNIT = r"minutes?|mins?|hours?|hrs?"
_UNIT = r"milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|hours?|hrs?"


def _amount_of(unit: str) -> str:
    """The pattern of one number with a unit."""
    return (
        rf"(?:(?:{_DIGITS})\s*(?:-|–|to)\s*(?:{_DIGITS})[\s-]*(?:{unit})"
        rf"|(?:{_DIGITS})[\s-]*(?:{unit})"
        rf"|(?:{_NUMBER_WORD})(?:\s+and\s+an?\s+half)?[\s-]+(?:{unit})"
        rf"|(?:{_VAGUE})\s+(?:{unit}))(?![\w-])(?:\s+and\s+a\s+half(?!\w))?"
    )


_AMOUNT = _amount_of(_UNIT)
# "one minute and 30 seconds" is one length, "2 seconds, 3 seconds" are two
_TOTAL = rf"(?:{_amount_of(_BIG_UNIT)}(?:\s*,)?\s*(?:and\s+)?(?!a\s){_AMOUNT}|{_AMOUNT})"
_ABOUT = (
    r"(?:(?:about|around|roughly|approximately|approx\.?|exactly|at\s+least|up\s+to|another|some"
    r"|a\s+total\s+of|(?:the\s+)?(?:first|next|last|remaining)|the)\s+|~\s*)*"
)
_LINK = r"(?:then|and|while|whilst|as|before|after|followed|next|finally)\b"
# What may stand behind a duration that has no "for": the end, a stop, or a connector.
_CLOSES = r"(?=\s*(?:$|[,.;:!?)\]\n–—]|-\s|" + _LINK + "))"
# Where a clause may begin.
_OPENS = r"(?:^|(?<=\n)|(?<=[,;.:] )|(?<=\bthen )|(?<=\band ))"

_PATTERN = re.compile(
    rf"(?P<article>\ban?\s+|\bthe\s+)(?P<compound>(?:{_DIGITS}|{_NUMBER_WORD})[\s-](?:second|minute|sec|min))"
    rf"(?=\s+[a-z])(?!\s+(?:of|and|then|while)\b)"
    rf"|\b(?:for\s+)?(?P<of>{_ABOUT}{_TOTAL})\s+of\s+(?=[a-z])"
    rf"|\b(?P<ended>after\s+{_ABOUT}{_TOTAL})(?!\s+of\b)(?:\s*,)?(?!\w)"
    rf"|(?P<later>(?<![\w.]){_TOTAL}\s+later\b)"
    rf"|\b(?:for|lasting|during|over)\s+(?P<sign>-\s*)?(?P<plain>{_ABOUT}{_TOTAL})(?:\s+long\b)?"
    rf"|[\[(]\s*(?:for\s+)?(?P<bracket>{_ABOUT}{_TOTAL})\s*[\])]"
    rf"|{_OPENS}\s*(?P<label>{_ABOUT}{_TOTAL})\s*(?:[:,–-]\s+|[:–-]?\s*)(?=[a-z])(?!{_LINK}|later\b)"
    rf"|\s*[:=@]\s*(?P<tail>{_TOTAL})(?=\s*(?:[,;.\n]|$))"
    rf"|(?<=[\s,–-])(?P<bare>(?:about\s+|~\s*)?{_TOTAL}){_CLOSES}",
    re.IGNORECASE,
)
# "every 2 seconds" and "in 2 seconds" say when or how often, not how long the action lasts
_NOT_A_LENGTH = re.compile(
    r"\b(?:every|each|per|in|within|at|than|until|by|of|every\s+other)\s+$", re.IGNORECASE
)
_ORDINAL = re.compile(rf"^\s*(?!{_LINK})\w", re.IGNORECASE)


_CLOCK = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:\.\d+)?"
_S = r"\s*(?:seconds?|secs?|s)\b"
_STAMP = rf"(?:{_CLOCK}|\d+(?:\.\d+)?)"
_RANGE = re.compile(
    rf"{_OPENS}(?:(?:from|between)\s+)?(?P<unit0>seconds?\s+)?(?P<open>[\[(])?\s*(?P<first>{_STAMP})(?P<unit1>{_S})?"
    rf"\s*(?:-+|–|—|to|until|and)>?\s*(?P<last>{_STAMP})(?P<unit2>{_S})?\s*(?P<close>[\])])?\s*[:,–-]*\s*(?=[a-z\"'])"
    rf"|[\[(]\s*(?P<first2>{_STAMP})(?:{_S})?\s*(?:-|–|—|to)\s*(?P<last2>{_STAMP})(?:{_S})?\s*[\])]\s*[:–-]?\s*(?=[a-z])",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    rf"\s*(?:[\[(]\s*(?P<first>{_STAMP})(?:{_S})?\s*(?:-|–|—|to)\s*(?P<last>{_STAMP})(?:{_S})?\s*[\])]"
    rf"|\bfrom\s+(?P<first2>{_STAMP})(?:{_S})?\s+(?:-|–|—|to|until)\s+(?P<last2>{_STAMP}){_S})"
    rf"(?=\s*(?:$|[,.;\n]|{_LINK}))\s*[,.;]?",
    re.IGNORECASE,
)
_POINT = re.compile(
    rf"{_OPENS}[\[(]?\s*(?:(?:at|@|t\s*=|from)\s*(?P<named>{_STAMP})(?:{_S})?|(?P<first>{_CLOCK})|(?P<weak>\d+(?:\.\d+)?){_S})"
    rf"\s*[\])]?\s*[:,–-]*\s*(?=[a-z\"'])"
    rf"|[\[(]\s*(?P<boxed>{_CLOCK})\s*[\])]\s*(?=[a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Stretch:
    """A part of a prompt, from `start` to `end` seconds if it is a line of a timetable."""

    text: str
    start: float | None = None
    end: float | None = None


def stretches(text: str) -> list[Stretch]:
    """Cut a text at its time marks, "0-3 s: run" or "0:05 jump"; a text without them is one stretch.

    Marks must run forward. What stands before the first belongs to the first stretch.
    """
    behind_text = [(m, *_bounds(m)) for m in _BEHIND.finditer(text)]
    if behind_text and not has_letter(text[behind_text[-1][0].end() :]):
        ends = [0, *(m.end() for m, _, _ in behind_text)]
        found = [Stretch(text[a : m.start()], *when) for a, (m, *when) in zip(ends, behind_text)]
        if all(has_letter(s.text) and s.end is not None and s.end > (s.start or 0) for s in found):
            return found
    for pattern in (_RANGE, _POINT):
        marks = [(m, *_bounds(m)) for m in pattern.finditer(text)]
        starts = [start for _, start, _ in marks]
        alone = len(marks) == 1 and (pattern is _POINT or starts[0] != 0.0)
        # "3s walk, 2s run" are lengths; "0s walk, 3s run" cannot be
        weak = pattern is _POINT and any(m["weak"] for m, _, _ in marks) and starts[:1] != [0.0]
        if not marks or alone or weak or starts != sorted(set(starts)):
            continue
        bare = pattern is _RANGE and not all(_has_unit(m) for m, _, _ in marks)
        if bare and (
            len(marks) < 2 or any(end != start for (_, _, end), (_, start, _) in zip(marks, marks[1:]))
        ):
            continue  # "1 - 2" alone may be anything
        found = []
        for n, (match, start, end) in enumerate(marks):
            behind = marks[n + 1][0].start() if n + 1 < len(marks) else len(text)
            piece = text[match.end() : behind].strip(" ,;\n")
            if n == 0:
                piece = f"{text[: match.start()].rstrip(' ')} {piece}".strip()
            following = starts[n + 1] if n + 1 < len(marks) else None
            found.append(Stretch(piece, start, following if end is None else end))
        if all(has_letter(s.text) and (s.end is None or s.end > (s.start or 0)) for s in found):
            return found
    return [Stretch(text)]


def _has_unit(match: re.Match[str]) -> bool:
    """True for a range that says that it is one of seconds."""
    if match["first2"] or (":" in match["first"] and ":" in match["last"]):
        return True
    return bool(match["unit0"] or match["unit1"] or match["unit2"] or (match["open"] and match["close"]))


def _bounds(match: re.Match[str]) -> tuple[float, float | None]:
    if match.re is _POINT:
        return _clock(match["named"] or match["first"] or match["boxed"] or match["weak"]), None
    return _clock(match["first"] or match["first2"]), _clock(match["last"] or match["last2"])


def _clock(stamp: str) -> float:
    return sum(float(part) * 60.0**power for power, part in enumerate(reversed(stamp.split(":"))))


def take_durations(text: str) -> tuple[str, list[Duration]]:
    """Split a text into the text without durations and the durations, in order.

    "jumps for 2 seconds" gives "jumps" and 2 s for the action before; "3 seconds of walking" gives 3 s for
    the action that follows; "after 2 seconds he bows" gives "then he bows" and 2 s for the action that ended.
    """
    if re.match(_AMOUNT, text, re.IGNORECASE):
        # "5s run 3s walk 2s stop"
        text = re.sub(rf"(?<=[a-z]) (?={_DIGITS}\s?{_S} [a-z])", ", ", text)
    pieces: list[str] = []
    length = 0
    last = 0
    found: list[Duration] = []
    for match in _PATTERN.finditer(text):
        name = match.lastgroup or ""
        if name == "bare" and _NOT_A_LENGTH.search(text[max(0, match.start() - 20) : match.start()]):
            continue
        if name in ("plain", "ended") and _is_ordinal(match[name], text[match.end() : match.end() + 20]):
            continue
        kept = text[last : match.start()]
        kept, replacement, owner = _replacement(name, match, kept)
        pieces += [kept, replacement]
        length += len(kept)
        if match["sign"]:
            raise ValueError(f"{shorten(match[0])!r} is below 0; give a finite number of seconds above 0")
        words = match["compound"] if name == "compound" else match[name]
        found.append(Duration(length, check_seconds(_seconds(words), f"{shorten(match[0])!r}"), owner))
        length += len(replacement)
        last = match.end()
    return "".join([*pieces, text[last:]]), found


def _replacement(name: str, match: re.Match[str], kept: str) -> tuple[str, str, Owner]:
    if name == "compound":
        # "an 8 second walk" becomes "a walk"
        following = match.string[match.end() :].lstrip()[:1].lower()
        article = match["article"].lower().strip()
        if article != "the":
            article = "an" if following in tuple("aeiou") else "a"
        return kept, article, "following"
    if name in ("ended", "later"):
        return kept, " then ", "ended"
    if name in ("of", "label"):
        return kept, " " if name == "of" else "", "following"
    return kept.rstrip(" ") + (" " if kept.endswith((" ", "\t")) else ""), "", "before"


def _is_ordinal(words: str, rest: str) -> bool:
    """True for "for a second" in "for a second time": not a length."""
    return bool(re.fullmatch(r"an?\s+second|the\s+.*second", words, re.IGNORECASE) and _ORDINAL.match(rest))


def _seconds(words: str) -> float:
    """The number of seconds that a matched run of words means."""
    return sum(_amount(m[0]) for m in re.finditer(_AMOUNT, words, re.IGNORECASE))


def _amount(words: str) -> float:
    words = re.sub(r"[\s]+", " ", words.lower())
    half = 0.5 if re.search(r"and an? half", words) else 0.0
    words = re.sub(r" and an? half", "", words)
    numbers = [float(n.replace(",", ".")) for n in re.findall(_DIGITS, words)]
    if numbers:
        value = sum(numbers) / len(numbers)
    elif "half" in words:
        value = 0.5
    elif "quarter" in words:
        value = 0.25
    elif "couple" in words:
        value = 2.0
    else:
        spoken = [w for w in re.split(r"[\s-]", words) if w in SMALL or w in TENS]
        value = float(sum(SMALL.get(w, 0) + TENS.get(w, 0) for w in spoken)) if spoken else 1.0
    unit = re.search(rf"(?:{_UNIT})$", words)
    name = unit[0] if unit else "s"
    scale = 0.001 if name.startswith("mil") or name.startswith("ms") else 1.0
    if name.startswith("min"):
        scale = 60.0
    elif name.startswith("h"):
        scale = 3600.0
    return (value + half) * scale
