"""Does a comma or an "and" begin a new action, or does it go on with the one before?"""

from __future__ import annotations

from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.chunks import Chunk, Joiner
from mdm_adapter.prompts.clauses import Clause, Kind
from mdm_adapter.prompts.nouns import is_body_part, move_head
from mdm_adapter.prompts.verbs import readings

_LISTING = (Joiner.COMMA, Joiner.COMMA_AND, Joiner.AND)


def continues(clause: Clause, chunks: Sequence[Chunk]) -> bool:
    """True when the first of `chunks`, which follows a comma, is the next action after `clause`.

    The rest of `chunks` is the rest of the sentence.
    """
    new = chunks[0].clause
    if new.kind is Kind.FULL:
        # "he walks, his left arm swings": one picture
        return not is_body_part(new.subject)
    if new.kind is Kind.VERB:
        return _same_verb_form(clause, new)
    if new.kind is Kind.GERUND:
        if clause.kind is Kind.GERUND:
            return True
        if clause.kind is Kind.GERUND_FULL or clause.progressive is not None:
            # one gerund describes ("is walking, swinging his arms"), two or more are a list
            return sum(c.clause.kind is Kind.GERUND and c.joiner in _LISTING for c in chunks) >= 2
        return False
    if new.kind is Kind.GERUND_FULL:
        return clause.kind in (Kind.GERUND, Kind.GERUND_FULL) and not is_body_part(new.subject)
    return new.kind is Kind.MOVE and clause.kind in (Kind.MOVE, Kind.GERUND)


def splits_and(clause: Clause, new: Clause) -> bool:
    """True when both sides of an "and" are actions of the same shape, so that they may be told apart."""
    if new.kind is Kind.FULL:
        return not is_body_part(new.subject)
    if new.kind is Kind.VERB:
        return new.form == clause.form and not _lists_nouns(clause, new)
    if new.kind is Kind.GERUND:
        return clause.form == "ing" or clause.progressive is not None
    return new.kind is clause.kind is Kind.MOVE


def chain_of_and(clause: Clause, chunks: Sequence[Chunk]) -> int:
    """How many verbs follow `clause` by "and" before anything else separates actions."""
    count = 0
    for chunk in chunks:
        if chunk.joiner in (Joiner.SEQUENCE, Joiner.FOLLOWED, Joiner.BEFORE, Joiner.AFTER):
            break
        if not chunk.clause.acts:
            continue
        if chunk.joiner is Joiner.AND and splits_and(clause, chunk.clause):
            count += 1
        elif chunk.joiner in (Joiner.COMMA, Joiner.COMMA_AND) and chunk.clause.kind in (Kind.FULL, Kind.VERB):
            break
    return count


def _same_verb_form(clause: Clause, new: Clause) -> bool:
    """True when a verb behind a comma can be coordinated with the main verb of `clause`."""
    verb = new.verb
    if verb is None or _lists_nouns(clause, new):
        return False
    if clause.kind not in (Kind.FULL, Kind.VERB):
        return new.form in ("s", "base")
    if clause.form == new.form:
        return new.form != "part"
    if clause.form == "past" and new.form == "part":
        return verb.lower.endswith("ed")  # "leaned back, stretched": past and participle look the same
    if not readings(verb.lower) and not verb.is_auxiliary:
        return False
    size = sum(t.is_word for t in new.tokens)
    if new.form == "base":
        # "a person walks, wave hands": not English, but what people write
        return clause.form in ("s", "past")
    if new.form == "s":
        return clause.form == "past" or size > 1
    return new.form == "past" and verb.tag == "VBD"


def _lists_nouns(clause: Clause, new: Clause) -> bool:
    """True for "does a jump, spin and kick": what follows are objects, although each could be a verb."""
    if clause.base not in words.LIGHT_VERBS or clause.verb is None:
        return False
    verb_at = next(i for i, t in enumerate(clause.tokens) if t is clause.verb)
    named = move_head(clause.tokens[verb_at + 1 :])
    if named is None or named is clause.verb:
        return False
    alone = sum(t.is_word for t in new.tokens) == 1
    if new.form == "s" and not named.lower.endswith("s"):
        return False  # "takes a step, falls"
    return alone or (new.form != clause.form and new.form == "base")
