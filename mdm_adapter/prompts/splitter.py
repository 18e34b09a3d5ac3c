"""A long prompt in plain English -> one full sentence for each action, in order of time.

The prompt is tidied (`cleanup`) and cut where its characters say so (lines, list numbers, arrows, time
marks: `segments`, `times`); spaCy parses each sentence (`parse`), which is cut into clauses (`clauses`), put
together as actions (`order`, `sharing`), and written out (`sentences`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import Action, check_count, clean, has_letter
from mdm_adapter.prompts.clauses import Clause, cut
from mdm_adapter.prompts.cleanup import tidy
from mdm_adapter.prompts.english import check_english
from mdm_adapter.prompts.order import Order
from mdm_adapter.prompts.parse import read_sentences
from mdm_adapter.prompts.segments import hard_segments
from mdm_adapter.prompts.sentences import Cast, write
from mdm_adapter.prompts.times import Duration, Stretch, stretches, take_durations
from mdm_adapter.prompts.word import Word

_CONNECTORS = (words.LINKS | words.SUBORDINATORS | {"and", "next", "by"}) - {"while"}


@dataclass(frozen=True)
class Split:
    """What a prompt was split into.

    Attributes:
        actions: in order of time, at least one.
        notes: a short sentence for each place where the prompt could have been read otherwise.
    """

    actions: tuple[Action, ...]
    notes: tuple[str, ...] = ()


class Splitter(Protocol):
    """Anything that makes actions of a prompt."""

    def split(self, prompt: str) -> Split:
        """Raises ValueError of one line for what is no prompt."""


class EnglishSplitter:
    """The splitter of plain English on spaCy's parse."""

    def split(self, prompt: str) -> Split:
        """Split a prompt: "A person runs, then waves" -> "A person runs.", "A person waves."

        Durations ("for 4 seconds") leave the text and become `seconds`; one without a subject gets "A person".
        Raises ValueError for a text without letters, in another language, with over 2,000 words, or with over
        200 actions.
        """
        text = clean(prompt)
        if not has_letter(text):
            raise ValueError("the prompt has no words; describe a movement, such as 'A person walks forward'")
        check_english(text)
        notes: list[str] = []
        tidied = tidy(text, notes)
        order = Order(notes, steps=len(re.findall(r"\w\W*[.;!?\n]", f"{tidied}.")) > 2)
        last: Word | None = None
        table = stretches(tidied)
        for k, stretch in enumerate(table):
            for segment in hard_segments(stretch.text):
                shorter, durations = take_durations(segment)
                sentences = read_sentences(shorter)
                last = _assign(shorter, sentences, durations, last)
                for n, sentence in enumerate(sentences):
                    for word in sentence:
                        word.stretch = k
                    order.add(cut(sentence), hard=n == 0)
        groups = [g for g in order.line if any(w.is_word for w in g.words)]
        check_count(len(groups))
        cast = Cast(order.told)
        actions = _timed([(g, write(g, cast)) for g in groups], table, order.notes)
        if not actions:
            raise ValueError("the prompt names no movement; describe one, such as 'A person walks forward'")
        return Split(tuple(actions), tuple(dict.fromkeys(order.notes)))


def split_prompt(text: str) -> list[Action]:
    """The actions of a prompt in plain English, see `EnglishSplitter`."""
    return list(EnglishSplitter().split(text).actions)


def _timed(lines: list[tuple[Clause, str]], table: Sequence[Stretch], notes: list[str]) -> list[Action]:
    """The actions with their seconds; those of one line of a timetable share its time evenly."""
    actions: list[Action] = []
    clock = table[0].start
    for k, stretch in enumerate(table):
        here = [(group, text) for group, text in lines if group.words[0].stretch == k]
        length = None if stretch.start is None or stretch.end is None else stretch.end - stretch.start
        for n, (group, text) in enumerate(here):
            late = n == 0 and stretch.start is not None and stretch.start != clock
            seconds = group.seconds if length is None else length / len(here)
            actions.append(Action(text, seconds, start=stretch.start if late else None))
        if length is not None and len(here) > 1:
            notes.append(f"{len(here)} actions share the {length:g} seconds from {stretch.start:g} on evenly")
        clock = stretch.end
    return actions


def _assign(
    text: str, sentences: Sequence[list[Word]], durations: Sequence[Duration], last: Word | None
) -> Word | None:
    """Hang each duration on the word that it belongs to; returns the last word, for the next segment."""
    spoken = [w for sentence in sentences for w in sentence if w.is_word]
    for duration in durations:
        before = [w for w in spoken if w.start < duration.offset]
        behind = spoken[len(before) :]
        if duration.owner == "ended":
            for ended in before[-1:] or filter(None, [last]):
                ended.ended = duration.seconds
            continue
        # at the beginning of a clause, "then for 2 seconds he waves", it belongs to what follows
        lead = text[: duration.offset].rstrip()
        opens = not before or before[-1].lower in _CONNECTORS or lead.endswith((".", "!", "?"))
        opens = opens or (lead.endswith(",") and behind[:1] != [] and behind[0].lower not in _CONNECTORS)
        owners = before[-1:]
        if behind and (duration.owner == "following" or opens):
            owners = [*(w for w in behind if w.lower not in _CONNECTORS), behind[0]][:1]
        for owner in owners:
            owner.seconds = max(duration.seconds, owner.seconds or 0.0)
    return spoken[-1] if spoken else last
