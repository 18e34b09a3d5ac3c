"""Durations in plain words ("for about two seconds") and timetables ("0-3 s: run"), taken out of a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mdm_adapter.prompts.action import check_seconds, has_letter, shorten
from mdm_adapter.prompts.verbs import is_motion

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
_SCALES = {"milliseconds?|msecs?|ms": 1e-3, "seconds?|secs?|s": 1.0, "minutes?|mins?": 60.0}
_SCALES |= {"hours?|hrs?": 3600.0}
_VAGUE = {"half": 0.5, "quarter": 0.25, "couple": 2.0}

_DIGITS = r"\d+(?:[.,]\d+)?(?:e[+-]?\d{1,3})?|\.\d+"
_TEENS = "|".join(sorted(SMALL, key=len, reverse=True))
_NUMBER_WORD = rf"(?:{'|'.join(TENS)})(?:[-\s](?:{_TEENS}))?|(?:{_TEENS})"
_UNIT = "|".join(_SCALES)


def _amount_of(unit: str) -> str:
    """The pattern of one number with a unit."""
    return (
        rf"(?:(?:{_DIGITS})(?:\s*(?:-|–|to)\s*(?:{_DIGITS}))?[\s-]*(?:{unit})"
        rf"|(?:{_NUMBER_WORD})(?:\s+and\s+an?\s+half)?[\s-]+(?:{unit})"
        rf"|(?:half\s+an?|an?\s+half|a\s+quarter\s+of\s+an?|an?\s+couple\s+of|an?)\s+(?:{unit})"
        rf"|(?:(?<=first )|(?<=next )|(?<=last ))(?:{unit}))"
        r"(?![\w-])(?:\s+and\s+a\s+half(?!\w))?"
    )


_AMOUNT = _amount_of(_UNIT)
# "one minute and 30 seconds" is one length, "2 seconds, 3 seconds" are two
_TOTAL = re.compile(
    rf"(?<![\w.])(?:{_amount_of(r'minutes?|mins?|hours?|hrs?')}(?:\s*,)?\s*(?:and\s+)?(?!a\s){_AMOUNT}|{_AMOUNT})",
    re.IGNORECASE,
)
_LINK = r"(?:then|and|while|whilst|as|before|after|followed|next|finally)\b"
# Where a clause may begin.
_OPENS = r"(?:^|(?<=\n)|(?<=[,;.:] )|(?<=\bthen )|(?<=\band ))"
_ABOUT = (
    r"(?:(?:about|around|roughly|approximately|approx\.?|exactly|at\s+least|up\s+to|another|some"
    r"|a\s+total\s+of|an?\s+(?:good|full|whole|solid|further|additional)|(?:the\s+)?(?:first|next|last|remaining)|the)\s+|~\s*)*"
)
# What stands before a length, and what behind it. "every 2 seconds" and "in 2 seconds" say when or how often.
_BEFORE = re.compile(
    rf"(?<!\w)(?P<word>(?:for|lasting|during|over)\s+|after\s+)?(?P<sign>(?<=\s)-\s*)?(?P<about>{_ABOUT})$",
    re.I,
)
_MARK = re.compile(r"\s*[:=@]\s*$")
_ARTICLE = re.compile(r"\b(?P<article>an?|the)\s+$", re.I)
_BRACKET = re.compile(rf"[\[(]\s*(?:for\s+)?{_ABOUT}$", re.I)
_NOT_A_LENGTH = re.compile(r"\b(?:every|each|per|in|within|at|than|until|by|of|every\s+other)\s+$", re.I)
_BEHIND_LENGTH = {
    name: re.compile(rf"\s*(?:{pattern})", re.I)
    for name, pattern in {
        "noun": rf"(?<=\s)(?=[a-z])(?!(?:of|{_LINK})\b)",
        "of": r"(?<=\s)of\s+(?=[a-z])",
        "later": r"(?<=\s)later\b",
        "long": r"(?<=\s)long\b",
        "comma": r",",
        "bracket": r"[\])]",
        "label": rf"(?:[:,–-]\s+|[:–-]?\s*)(?=[a-z])(?!{_LINK}|later\b)",
        "end": r"[,;.\n]|$",
        # the end, a stop or a connector
        "stop": rf"$|[,.;:!?)\]\n–—]|-\s|{_LINK}",
    }.items()
}
_ORDINAL = re.compile(rf"\s*(?!{_LINK})\w", re.I)  # "for a second time"

_CLOCK = r"(?:\d{1,2}:)?\d{1,2}:\d{2}(?:\.\d+)?"
_S = r"\s*(?:seconds?|secs?|s)\b"
_STAMP = rf"(?:{_CLOCK}|\d+(?:\.\d+)?)"
# "[0-2] run", "from 0 to 2 seconds: run"; the same behind the action; "0:05 jump", "at 3 s: jump"
_RANGE = re.compile(
    rf"(?:{_OPENS}|(?=[\[(])|(?<=\s)(?={_CLOCK}\s?[-–—]))(?:(?:from|between)\s+)?(?P<unit0>seconds?\s+)?(?P<open>[\[(])?\s*(?P<first>{_STAMP})"
    rf"(?P<unit1>{_S})?\s*(?:-+|–|—|to|until|and)>?\s*(?P<last>{_STAMP})(?P<unit2>{_S})?\s*(?P<close>[\])])?"
    r"\s*[:,–-]*\s*(?=[a-z\"'])",
    re.I,
)
_BEHIND = re.compile(
    rf"\s*(?:[\[(]\s*|\bfrom\s+)(?P<first>{_STAMP})(?:{_S})?\s*(?:-|–|—|to|until)\s*(?P<last>{_STAMP})"
    rf"(?:{_S}|(?:{_S})?\s*[\])])(?=\s*(?:$|[,.;\n]|{_LINK}))\s*[,.;]?",
    re.I,
)
_POINT = re.compile(
    rf"(?:{_OPENS}|(?=[\[(])|(?<=\s)(?={_CLOCK}\s))[\[(]?\s*(?:(?:at|@|t\s*=|from)\s*(?P<named>{_STAMP})(?:{_S})?|(?P<clock>{_CLOCK})"
    rf"|(?P<weak>\d+(?:\.\d+)?){_S})\s*[\])]?\s*[:,–-]*\s*(?=[a-z\"'])",
    re.I,
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
    behind = list(_BEHIND.finditer(text))
    if behind and not has_letter(text[behind[-1].end() :]):
        ends = [0, *(m.end() for m in behind)]
        found = [Stretch(text[a : m.start()], *_bounds(m)) for a, m in zip(ends, behind)]
        if all(s.end is not None and _is_sound(s) for s in found):
            return found
    for pattern in (_RANGE, _POINT):
        marks = list(pattern.finditer(text))
        bounds = [_bounds(m) for m in marks]
        starts = [start for start, _ in bounds]
        if not marks or starts != sorted(set(starts)):
            continue
        if pattern is _POINT:
            # "3s walk, 2s run" are lengths; "0s walk, 3s run" cannot be
            doubtful = len(marks) == 1 or (starts[0] != 0.0 and any(m["weak"] for m in marks))
        else:
            # "1 - 2" alone may be anything
            gap = any(end != start for (_, end), start in zip(bounds, starts[1:]))
            doubtful = (len(marks) == 1 and starts[0] != 0.0) or (
                not all(_has_unit(m) for m in marks) and (len(marks) < 2 or gap)
            )
        stops: list[int | None] = [*(m.start() for m in marks[1:]), None]
        pieces = [text[a.end() : b].strip(" ,;\n") for a, b in zip(marks, stops)]
        pieces[0] = f"{text[: marks[0].start()].rstrip(' ')} {pieces[0]}".strip()
        following = [*starts[1:], None]
        found = [Stretch(p, a, b if b is not None else c) for p, (a, b), c in zip(pieces, bounds, following)]
        if not doubtful and all(_is_sound(s) for s in found):
            return found
    return [Stretch(text)]


def _is_sound(stretch: Stretch) -> bool:
    return has_letter(stretch.text) and (stretch.end is None or stretch.end > (stretch.start or 0))


def _has_unit(match: re.Match[str]) -> bool:
    """True for a range that says that it is one of seconds."""
    clocks = ":" in match["first"] and ":" in match["last"]
    named = match["unit0"] or match["unit1"] or match["unit2"] or (match["open"] and match["close"])
    return clocks or bool(named)


def _bounds(match: re.Match[str]) -> tuple[float, float | None]:
    if match.re is _POINT:
        return _clock(match["named"] or match["clock"] or match["weak"]), None
    return _clock(match["first"]), _clock(match["last"])


def _clock(stamp: str) -> float:
    return sum(float(part) * 60.0**power for power, part in enumerate(reversed(stamp.split(":"))))


def take_durations(text: str) -> tuple[str, list[Duration]]:
    """Split a text into the text without durations and the durations, in order.

    "jumps for 2 seconds" gives "jumps" and 2 s for the action before; "3 seconds of walking" gives 3 s for
    the action that follows; "after 2 seconds he bows" gives "then he bows" and 2 s for the action that ended.
    """
    if re.match(_AMOUNT, text, re.IGNORECASE):
        # "5s run 3s walk 2s stop"
        text = re.sub(
            rf"(?<=[a-z])(?<!\ba)(?<!\ban)(?<! the)(?<! for) (?={_DIGITS}\s?{_S} [a-z])", ", ", text
        )
    if each := re.fullmatch(rf"(.*?),?\s+(?:for\s+)?({_AMOUNT})\s+each", text, re.IGNORECASE):
        # "squats, lunges, 5 seconds each"
        text = re.sub(r"(?=,|\s+(?:and|then)\b|$)", f" for {each[2]}", each[1])
    if re.search(_AMOUNT, text, re.IGNORECASE):
        # "jumps for two seconds, sits for three"
        text = re.sub(
            rf"(?:(?<=\bfor )|(?<=\b(?:last|next) ))(?:{_DIGITS}|{_NUMBER_WORD})"
            rf"(?=\s*(?:$|[,.;](?!\d)|(?:he|she|they|it)\b|(?!and\s+an?\s+half){_LINK}))",
            r"\g<0> seconds",
            text,
        )
    shorter, last = "", 0
    found: list[Duration] = []
    for match in _TOTAL.finditer(text):
        taken = _context(text, last, match)
        if taken is None:
            continue
        start, end, put, owner = taken
        shorter += text[last:start]
        if owner == "before":
            shorter = shorter.rstrip(" ") + " " * shorter.endswith((" ", "\t"))
        parts = [m[0] for m in re.finditer(_AMOUNT, match[0], re.IGNORECASE)] or [match[0]]
        seconds = sum(_amount(part) for part in parts)
        what = repr(shorten(text[start:end]))
        if text[start : match.start()].rstrip().endswith("-"):
            raise ValueError(f"{what} is below 0; give a finite number of seconds above 0")
        found.append(Duration(len(shorter), check_seconds(seconds, what), owner))
        shorter += put
        last = end
    return shorter + text[last:], found


def _context(text: str, last: int, match: re.Match[str]) -> tuple[int, int, str, Owner] | None:
    """From where to where a length is taken out, what is put in its place, and whose it is; None to leave it.

    `last` is where the length before it ended.
    """
    at, end = match.span()
    left, right, length = text[max(last, at - 80) : at], text[end:], match[0].lower()
    before = _BEFORE.search(left)
    assert before is not None  # it matches nothing as well
    word = (before["word"] or "").strip().lower()
    start, about = at - len(left) + before.start(), at - len(left) + before.start("about")
    second = length == "a second" or (length.endswith("second") and "the" in before["about"].lower().split())
    ordinal = second and _ORDINAL.match(right)
    article, bracket, mark = (pattern.search(left) for pattern in (_ARTICLE, _BRACKET, _MARK))
    behind = {name: m.end() for name, pattern in _BEHIND_LENGTH.items() if (m := pattern.match(right))}
    if article and "noun" in behind and re.search(r"[\s-](?:second|minute|sec|min)$", length):
        # "an 8 second walk" becomes "a walk"
        an = "an" if right[behind["noun"]].lower() in "aeiou" else "a"
        put = "the" if article[1].lower() == "the" else an
        return at - len(left) + article.start(), end, put, "following"
    if "of" in behind and word in ("", "for", "after"):
        return (start if word == "for" else about), end + behind["of"], " ", "following"
    if word == "after":
        return start, end + behind.get("comma", 0), " then ", "ended"
    if "later" in behind:
        return at, end + behind["later"], " then ", "ended"
    if word not in ("", "after"):
        return None if ordinal else (start, end + behind.get("long", 0), "", "before")
    if bracket and "bracket" in behind:
        return at - len(left) + bracket.start(), end + behind["bracket"], "", "before"
    if mark and "end" in behind:
        return at - len(left) + mark.start(), end, "", "before"
    if "label" in behind and re.search(rf"{_OPENS}\s*$", text[:about]):
        return about, end + behind["label"], "", "following"
    if "stop" in behind and text[max(about - 1, 0)] in " \t\n,–-" and not _NOT_A_LENGTH.search(left):
        return about, end, "", "before"
    verb = re.match(r"\s+(?!\w+ing\b)(\w+)", right)
    single = re.search(r"[\s-](?:second|minute)$", length)
    if "noun" in behind and not single and verb and is_motion(verb[1].lower()):
        return about, end, ",", "before"  # "walk 3 secs turn 1 sec"
    return None


def _amount(words: str) -> float:
    """The seconds of one number with its unit."""
    words = " ".join(words.lower().split())
    bare = re.sub(r" and an? half", "", words)
    numbers = [float(n.replace(",", ".")) for n in re.findall(_DIGITS, bare)]
    spoken = [SMALL.get(w, 0) + TENS.get(w, 0) for w in re.split(r"[\s-]", bare) if w in SMALL or w in TENS]
    vague = [value for word, value in _VAGUE.items() if word in bare]
    value = 1.0
    if numbers:
        value = sum(numbers) / len(numbers)
    elif vague or spoken:
        value = float(sum(vague[:1] or spoken))
    unit = re.search(rf"(?:{_UNIT})$", bare)
    scale = next((scale for name, scale in _SCALES.items() if unit and re.fullmatch(name, unit[0])), 1.0)
    return (value + 0.5 * (words != bare)) * scale
