"""The text of an action: the subject put in, verbs made to agree, one capital letter and one full stop."""

from __future__ import annotations

import re

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import Clause, Kind
from mdm_adapter.prompts.groups import Group
from mdm_adapter.prompts.subjects import Cast, Subject, standing
from mdm_adapter.prompts.tokens import Token
from mdm_adapter.prompts.verbs import Form, base_of_gerund, inflect

_CONTRACTED = {"'m": "is", "'re": "is", "'ve": "has", "'ll": "will", "'d": "would"}


def render(group: Group, cast: Cast) -> str:
    """The full sentence of one action."""
    subject = cast.subjects.get(group)
    clause = group.clause
    if clause is None or subject is None:
        return sentence_case("".join(t.text + (" " if t.space else "") for t in group.tokens))
    replaced = _verbs(group, clause, subject, cast)
    pieces: list[str] = []
    own = set(clause.subject)
    lead = cast.lead(group) + " "
    if clause.kind is Kind.MOVE:
        lead += _light_verb(clause, subject)
    # the first words of the phrase as they stand give the subject's place
    place = clause.subject[0] if clause.subject else clause.insert
    dropped = set(clause.dropped)
    for i, token in enumerate(group.tokens):
        if token is place:
            pieces.append(lead)
        if token in own or token in dropped:
            continue
        following = group.tokens[i + 1] if i + 1 < len(group.tokens) else None
        text = replaced.get(token) or standing(token, following)
        if token is not group.tokens[0] or not pieces:
            pieces.append(text)
        else:
            # no longer the first word of its sentence
            proper = token.tag.startswith("NNP") and token.lower not in words.MOVE_NOUNS
            name = proper or text[1:2] == "-"
            pieces.append(text if name else text[:1].lower() + text[1:])
        pieces.append(" " if token.space else "")
    return sentence_case("".join(pieces))


def sentence_case(text: str) -> str:
    """Single spaces, no stray marks at the ends, a capital first letter and one full stop."""
    text = re.sub(r"\s+([,.;:!?)\]])", r"\1", " ".join(text.split()))
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r"\s+('(?:s|m|re|ve|ll|d)|n't)(?!\w)", r"\1", text)
    text = re.sub(r",(?:\s*,)+", ",", text)
    text = text.strip(" ,;:-–—.!?…/&*_~+=<>|")
    first = next((i for i, c in enumerate(text) if c.isalnum()), 0)
    return f"{text[:first]}{text[first : first + 1].upper()}{text[first + 1 :]}."


def _verbs(group: Group, clause: Clause, subject: Subject, cast: Cast) -> dict[Token, str]:
    """The verbs of an action that change their form, with the new form."""
    verb = clause.verb
    replaced: dict[Token, str] = {}
    if verb is None or clause.form is None or clause.kind is Kind.MOVE:
        return replaced
    if clause.form == "ing":
        auxiliary = _inherited_auxiliary(group, subject, cast)
        if auxiliary:
            replaced[verb] = f"{auxiliary} {verb.lower}"
            return replaced
        tense = _tense(group)
        for gerund in (verb, *(c.verb for c in group.coordinated if c.verb is not None)):
            replaced[gerund] = _finite(_gerund_base(gerund), tense, subject.plural)
        return replaced
    for token, form in ((verb, clause.form), *((c.verb, c.form) for c in group.coordinated)):
        if token is None or form is None:
            continue
        following = _next_word(group.tokens, token)
        changed = _agree(token, form, subject, following)
        if changed is not None:
            replaced[token] = changed
    return replaced


def _agree(verb: Token, form: Form, subject: Subject, following: Token | None) -> str | None:
    low = verb.lower
    if low == "be":
        return "are" if subject.plural else "is"
    if low == "'s" or low in _CONTRACTED:
        return _expanded(low, subject, following)
    if low in words.BE_PLURAL and verb.is_auxiliary:
        return words.BE_PLURAL[low] if subject.plural else words.BE[low]
    if low in words.MODALS or form in ("past", "part"):
        return None
    if low in ("have", "has"):
        return "have" if subject.plural else "has"
    if low in ("do", "does"):
        return "do" if subject.plural else "does"
    wanted: Form = "base" if subject.plural else "s"
    if form == wanted:
        return None
    return inflect(verb.base(form), wanted)


def _expanded(low: str, subject: Subject, following: Token | None) -> str | None:
    """A contraction behind a pronoun that has become a noun phrase: "he's walking" is "a man is walking"."""
    if not subject.person and low == "'s":
        return None
    perfect = following is not None and following.tag == "VBN" and not following.lower.endswith("ing")
    if low == "'s":
        return " has" if perfect else " is"
    if subject.plural:
        return {"'re": " are", "'m": " are", "'ve": " have"}.get(low, " " + _CONTRACTED[low])
    return " " + _CONTRACTED[low]


def _inherited_auxiliary(group: Group, subject: Subject, cast: Cast) -> str:
    """ "is" for the second part of "a person is walking, then jumping"; empty when there is none."""
    before = group.previous
    if group.anchor is not None or group.clause is None or group.clause.kind is not Kind.GERUND:
        return ""
    while before is not None and before.clause is not None and before.clause.kind is Kind.GERUND:
        before = before.previous
    if before is None or before.clause is None or cast.subjects.get(before) != subject:
        return ""
    auxiliary = before.clause.progressive
    if auxiliary is None:
        return ""
    table = words.BE_PLURAL if subject.plural else words.BE
    return table.get(auxiliary.lower, "is")


def _tense(group: Group) -> Form:
    """The past when the clause that carries the gerund is in the past: "after jumping, he bowed"."""
    anchor = group.anchor.clause if group.anchor is not None else None
    return "past" if anchor is not None and anchor.form == "past" else "s"


def _finite(base: str, tense: Form, plural: bool) -> str:
    if base == "be":
        table = {("past", True): "were", ("past", False): "was", ("s", True): "are", ("s", False): "is"}
        return table[tense, plural]
    return inflect(base, "base" if plural and tense == "s" else tense)


def _gerund_base(token: Token) -> str:
    base = token.base("ing")
    return (
        base_of_gerund(base)
        if base.endswith("ing") and base not in ("bring", "sing", "swing", "fling")
        else base
    )


def _light_verb(clause: Clause, subject: Subject) -> str:
    """ "does a " for the name of a move, with an article where it has none."""
    head = clause.verb
    verb = "take" if head is not None and head.lower in words.TAKEN else "do"
    verb = verb if subject.plural else inflect(verb, "s")
    first = clause.insert
    if first is None or head is None:
        return verb + " "
    low = first.lower
    named = low in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS or first.tag == "CD"
    plural = head.lower.endswith("s") and not head.lower.endswith("ss")
    if named or plural or head.lower in words.UNCOUNTED:
        return verb + " "
    return verb + (" an " if low[:1] in "aeiou" else " a ")


def _next_word(tokens: list[Token], token: Token) -> Token | None:
    position = next((i for i, t in enumerate(tokens) if t is token), len(tokens)) + 1
    while position < len(tokens) and (tokens[position].is_adverb or not tokens[position].is_word):
        position += 1
    return tokens[position] if position < len(tokens) else None
