"""A long prompt in plain English -> one full sentence for each action, in order of time.

The prompt is cut where its characters say so (lines, list numbers, arrows, semicolons: `segments`), spaCy
tags each piece (`tokens`), each sentence is cut at everything that may separate actions (`chunks`), the
chunks are read (`clauses`), put together as actions (`sequence`, `joining`), and written out (`subjects`,
`render`).

What stays together: verbs joined by a bare "and" ("walks and waves" may be at once), unless there are three
or more of them, or they end a list of commas, or a duration stands between them; what "while", "as", "until"
and "when" join; gerunds that describe ("walks, swinging his arms"); everything without a verb.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import Action, check_count, clean, has_letter
from mdm_adapter.prompts.chunks import split_chunks
from mdm_adapter.prompts.durations import Duration, take_durations
from mdm_adapter.prompts.render import render
from mdm_adapter.prompts.segments import hard_segments
from mdm_adapter.prompts.sequence import Sequencer
from mdm_adapter.prompts.subjects import Cast
from mdm_adapter.prompts.tokens import Token, read_tokens

_CONNECTORS = (words.SEQUENCE_WORDS | words.SUBORDINATORS | {"and", "next", "before", "after", "by"}) - {
    "while"
}


def split_prompt(text: str) -> list[Action]:
    """Split a prompt into actions: "A person runs, then waves" -> "A person runs.", "A person waves."

    Durations ("for 4 seconds") leave the text and become `seconds`; one without a subject gets "A person".
    Raises ValueError for a text without letters, with over 2,000 words, or with over 200 actions.
    """
    text = clean(text)
    if not has_letter(text):
        raise ValueError("the prompt has no words; describe a movement, such as 'A person walks forward'")
    sequencer = Sequencer()
    last: Token | None = None
    for segment in hard_segments(text):
        shorter, durations = take_durations(segment)
        tokens = read_tokens(shorter)
        last = _assign(tokens, durations, last)
        for n, sentence in enumerate(_sentences(tokens)):
            sequencer.sentence(split_chunks(sentence), hard=n == 0)
    groups = [g for g in sequencer.timeline if any(t.is_word for t in g.tokens)]
    check_count(len(groups))
    cast = Cast(sequencer.reading)
    actions = [Action(render(group, cast), group.seconds) for group in groups]
    if not actions:
        raise ValueError("the prompt names no movement; describe one, such as 'A person walks forward'")
    return actions


def _sentences(tokens: Sequence[Token]) -> list[list[Token]]:
    sentences: list[list[Token]] = [[]]
    for token in tokens:
        if token.text and not token.guarded and re.fullmatch(r"[.!?…]+", token.text):
            sentences.append([])
        elif token.text:
            sentences[-1].append(token)
    return [s for s in sentences if any(t.is_word for t in s)]


def _assign(tokens: Sequence[Token], durations: Sequence[Duration], last: Token | None) -> Token | None:
    """Hang each duration on the word that it belongs to; returns the last word, for the next segment."""
    spoken = [t for t in tokens if t.is_word]
    for duration in durations:
        before = [t for t in spoken if t.start < duration.offset]
        behind = [t for t in spoken if t.start >= duration.offset]
        if duration.owner == "ended":
            ended = before[-1] if before else last
            if ended is not None:
                ended.ended = duration.seconds
            continue
        follows = bool(behind) and (duration.owner == "following" or _opens(tokens, duration.offset))
        if follows:
            owner = next((t for t in behind if t.lower not in _CONNECTORS), behind[0])
        elif before or behind:
            owner = before[-1] if before else behind[0]
        else:
            continue
        owner.seconds = max(duration.seconds, owner.seconds or 0.0)
    return spoken[-1] if spoken else last


def _opens(tokens: Sequence[Token], offset: int) -> bool:
    """True when a duration at `offset` stands at the beginning of a clause: "then for 2 seconds he waves"."""
    before = [t for t in tokens if t.start < offset]
    behind = [t for t in tokens if t.start >= offset]
    if not before or before[-1].lower in _CONNECTORS or re.fullmatch(r"[.!?]+", before[-1].text):
        return True
    return (
        before[-1].text == "," and bool(behind) and behind[0].is_word and behind[0].lower not in _CONNECTORS
    )
