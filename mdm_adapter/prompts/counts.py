"""Counts in the text of an action: "jumps three times", "takes twenty steps", "does five jumping jacks", "bows twice"."""

import re
from dataclasses import dataclass
from typing import Literal

from mdm_adapter.prompts.times import SMALL, TENS

# What a count multiplies: steps of a gait, beats of a gesture (a wave holds several), repetitions of a movement, or
# the whole of it (to walk round twice is to walk twice as long, not two strides).
Counted = Literal["step", "beat", "repetition", "whole"]

_VAGUE = {"few": 3, "several": 5}  # at least what recordings of "several" last
_NUMBERS = {**SMALL, **TENS, "couple": 2, "dozen": 12, "hundred": 100}
_ADVERBS = {"once": 1, "twice": 2, "thrice": 3}

_NUMBER = (
    rf"(?:\d{{1,9}}|an?\s+couple(?:\s+of)?|couple(?:\s+of)?|an?\s+few|few|several|an?\s+dozen|an?\s+hundred|hundred"
    rf"|(?:{'|'.join(TENS)})(?:[-\s](?:{'|'.join(list(SMALL)[1:10])}))?"
    rf"|(?:{'|'.join(sorted(list(SMALL)[1:], key=len, reverse=True))}))"
)
_STEPS = r"steps?|paces?|strides?"
# Nouns of movements that are done so many times; each stands for its own plural with an s, but for those in _PLURALS.
_MOVES = (
    "jump hop leap skip kick punch jab cross hook uppercut block dodge bow squat lunge crunch burpee spin turn twirl"
    " pirouette circle roll cartwheel somersault flip handspring backflip swing throw pitch stomp rep repetition"
    " stretch twist bend lift rise slash strike lap circuit"
)
_PAIRS = (
    r"push[-\s]?ups?|pushups?|press[-\s]?ups?|sit[-\s]?ups?|pull[-\s]?ups?|chin[-\s]?ups?|jumping[-\s]jacks?|star[-\s]jumps?"
    r"|knee[-\s](?:raises?|lifts?)|arm[-\s]circles?|high[-\s]knees"
)
_ROUNDS = ("lap", "circuit")
_BEATS = "wave shake nod clap tap knock snap flap"
_GAITS = re.compile(
    r"\b(?:walk|run|jog|stroll|march|sprint|dash|crawl|sneak|carr|pace|wander|limp|shuffle|danc|climb)\w*",
    re.I,
)
_BOUNDS = re.compile(r"\b(?:jump|hop|skip|leap|kick|punch|turn|spin)", re.I)  # "runs and jumps twice"
_BEATING = re.compile(rf"\b(?:{'|'.join(_BEATS.split())}|wav|shak)(?:s|ed|ing|es|[pd]ing|[pd]ed)?\b", re.I)


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith(("ch", "sh", "ss")) else "s")


_NOUNS = {_plural(noun): noun for noun in (_MOVES + " " + _BEATS).split()}
_NOUN = "|".join(sorted((*_NOUNS, *_NOUNS.values()), key=len, reverse=True))
_TIMES = re.compile(
    rf"\s*,?\s*\b(?:(?P<number>{_NUMBER})(?:\s+more)?\s+times\b(?:\s+(?:in\s+a\s+row|over|more))?|(?P<adverb>once|twice|thrice)\b"
    rf"(?!\s+(?:again|more|upon|he|she|they|it|the|a)\b))",
    re.I,
)
_SO_MANY = re.compile(
    rf"\b(?P<number>{_NUMBER})\s+(?P<how>(?:(?!(?:and|of|with|to|in)\b)[a-z]+[-\s]+){{0,3}}?)"
    rf"(?P<noun>{_STEPS}|{_PAIRS}|{_NOUN})\b",
    re.I,
)


@dataclass(frozen=True)
class Count:
    """So many of something.

    Attributes:
        times: how many; 1 or more.
        what: what there are so many of.
        once: the sentence of a single one ("A person jumps three times." -> "A person jumps.").
        vague: "several" and "a few": no fewer, and perhaps more.
    """

    times: int
    what: Counted
    once: str
    vague: bool = False


def read_count(text: str) -> Count | None:
    """The count in the sentence of an action; None where there is none, or where it counts no movement ("two hands")."""
    what: Counted
    if match := _TIMES.search(text):
        adverb = match["adverb"]
        times, vague = (_ADVERBS[adverb.lower()], False) if adverb else _number(match["number"])
        once = _tidied(text[: match.start()] + text[match.end() :])
        if times < 1 or not re.search(r"[^\W\d_]", once):
            return None
        inner = read_count(once) if not match["adverb"] or times > 1 else None
        if inner and inner.what != "repetition":
            return Count(inner.times * times, inner.what, inner.once, vague)
        what = "repetition"
        if _BEATING.search(once):
            what = "beat"
        elif _GAITS.search(once) and not _BOUNDS.search(once):
            what = "whole"
        return Count(times, what, once, vague)
    for match in _SO_MANY.finditer(text):
        times, vague = _number(match["number"])
        noun = match["noun"].lower()
        if times < 1 or (times > 1) != noun.endswith("s"):
            continue
        if re.fullmatch(_STEPS, noun):
            return Count(times, "step", text, vague)
        single = _NOUNS.get(noun, noun.removesuffix("s"))
        how = match["how"]
        article = "an" if (how or single)[0].lower() in "aeiou" else "a"
        once = f"{text[: match.start()]}{article} {how}{single}{text[match.end() :]}"
        what = "beat" if single in _BEATS.split() else "whole" if single in _ROUNDS else "repetition"
        return Count(times, what, _tidied(once), vague)
    return None


def _number(words: str) -> tuple[int, bool]:
    """(how many, whether vaguely) of the words of a number."""
    plain = re.sub(r"^an?\s+|\s+of$", "", re.sub(r"\s+", " ", words.lower()))
    if plain in _VAGUE:
        return _VAGUE[plain], True
    parts = re.split(r"[-\s]", plain)
    return int(plain) if plain.isdigit() else sum(_NUMBERS.get(part, 0) for part in parts), False


def _tidied(text: str) -> str:
    """A sentence without the hole that a count left."""
    text = re.sub(r"\s+", " ", text).strip(" ,")
    return re.sub(r"\s+([.,;!?])", r"\1", text)
