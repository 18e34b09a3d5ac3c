"""Whether a clause is the next action, or goes on with the one before it.

What stays together: verbs joined by a bare "and" ("walks and waves" may be at once), unless there are three
or more of them, or they end a list of commas, or a duration stands between them; what "while", "as", "until"
and "when" join; gerunds that describe ("walks, swinging his arms"); everything without a verb.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import COMMAS, ORDERED, Clause, Joiner
from mdm_adapter.prompts.word import is_body_part, lowers, move_head

_LISTING = (*COMMAS, Joiner.AND)


def begins_action(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    joiner = clause.joiner
    if joiner in COMMAS:
        return _continues(current, clause, rest)
    if joiner is Joiner.AND and not current.open:
        timed = any(w.seconds is not None for w in current.words)
        # the end of a list: "walks, turns and sits", "walks and turns and sits"
        same = not current.subject or lowers(current.subject) == lowers(clause.subject)
        listed = current.joiner in _LISTING and same
        return _same_shape(current, clause, rest) and (timed or listed or _chain_of_and(current, rest))
    return joiner in (Joiner.THEN, Joiner.BEFORE)


def _continues(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True when a clause that follows a comma is the next action."""
    lone = current.gerund and not current.subject
    if clause.subject:
        # "he walks, his left arm swings" is one picture
        return not is_body_part(clause.subject)
    if clause.moves:
        order = clause.insert is not None and clause.insert.form == "base" == current.form
        return current.moves or order or lone
    if clause.gerund:
        # one gerund describes ("is walking, swinging his arms"), two or more are a list
        several = any(c.gerund and c.joiner in _LISTING for c in rest)
        return lone or ((current.gerund or current.progressive) and several)
    if _lists_nouns(current, clause, rest):
        return False
    # "leaned back, stretched", but not "walks, shoulders slumped"
    return clause.form != "part" or current.form == "past"


def _same_shape(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True when both sides of an "and" are actions of the same shape, so that they may be told apart."""
    return clause.form == current.form and not _lists_nouns(current, clause, rest)


def _chain_of_and(current: Clause, rest: Sequence[Clause]) -> bool:
    """True when one more verb follows by "and" before anything else separates actions."""
    for n, clause in enumerate(rest):
        if clause.joiner in (Joiner.THEN, *ORDERED):
            return False
        if clause.acts and clause.joiner is Joiner.AND and _same_shape(current, clause, rest[n + 1 :]):
            return True
    return False


def _lists_nouns(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True for "does a jump, spin and kick": what follows are objects, although each could be a verb."""
    if current.verb is None or current.base not in words.LIGHT_VERBS:
        return False
    old, new = current.form, clause.form
    if any(c.form == new == old and len(c.words) > 1 for c in rest):
        return False  # "throw a punch, duck, throw a kick"
    named = move_head(current.words[current.words.index(current.verb) + 1 :])
    if named is None or (new == "s" and not named.lower.endswith("s")):
        return False  # "takes a step, falls"
    return len(clause.spoken) == 1 or (new == "base" and new != old)


def alike(clause: Clause, current: Clause) -> bool:
    forms = {clause.form, current.form}
    return len(forms) == 1 or (forms == {"s", "base"} and current.base not in words.LIGHT_VERBS)
