"""What a bare "and" between two verbs means; a model of one body cannot kick and spin at once."""

from __future__ import annotations

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import Clause
from mdm_adapter.prompts.word import Word, lowers

AT_ONCE, IN_TURN, AS_ONE = "at the same time", "one after the other", "one action"


def relation(current: Clause, verb: Word, clause: Clause, *, parted: bool) -> str:
    """AT_ONCE where the prompt says so, or where one thing is done during the other; else IN_TURN, or AS_ONE.

    `verb` is the last of `current`. `parted` says that other words ("then", many short sentences) part the
    actions, so that an "and" stands inside one of them; movements of the whole body are told apart even so.
    """
    after = current.words[current.words.index(verb) + 1 :]
    if verb.base in ("be", "have"):  # "is sitting", "is tripped by a dog", but "is tall"
        verb = next((w for w in after if w.form in ("ing", "part", "past")), verb)
        after = current.words[current.words.index(verb) + 1 :]
    legs, free = words.WHOLE_BODY, words.DURING
    tail, second = lowers([w for w in after if w.is_word]), clause.base
    first = "look" if verb.base == "turn" and words.BODY & {*tail[:2]} else verb.base  # "turns her head"
    behind = lowers(clause.spoken)[1:]
    if {"same", "simultaneously"} & {*lowers(clause.words)}:
        return AT_ONCE
    shared = not tail and behind != [] and {first, second} <= words.TAKES_OBJECT
    up = {*tail[:1]} & {"up", "down"} and second not in words.POSTURES  # "gets up and runs"
    goes = first in ("stand", "get", "come") if up else first in ("go", "come", "try") and not tail
    if shared or goes or first in words.PREPARING or second in words.CLOSING:
        return AS_ONE
    if first in legs and second == "turn" and {"left", "right"} & {*behind}:
        return AT_ONCE  # a curve
    ends = words.ENDED & {*tail} or {*tail[-1:]} & {"in", "out", "off"} or any(w.form == "ing" for w in after)
    lasting = first in words.CALM and not ends and second not in legs | words.POSTURES
    host = first in legs | words.LOW and not ends and second in free
    hosted = first in free and (second in free or (second in legs and not words.ENDED & {*tail, *behind}))
    if lasting or host or hosted:
        return AT_ONCE
    return AS_ONE if parted and not {first, second} <= legs | {"turn"} else IN_TURN
