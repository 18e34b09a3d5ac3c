"""The text of an action: the subject put in, verbs made to agree, one capital letter and one full stop."""

from __future__ import annotations

import re

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import Clause, Kind
from mdm_adapter.prompts.order import Group
from mdm_adapter.prompts.parse import Word
from mdm_adapter.prompts.subjects import Cast, Subject, standing
from mdm_adapter.prompts.verbs import Form, inflect

_CONTRACTED = {"'m": "is", "'re": "is", "'ve": "has", "'ll": "will", "'d": "would"}


def render(group: Group, cast: Cast) -> str:
    """The full sentence of one action."""
    subject = cast.subjects.get(group)
    clause = group.clause
    if clause is None or subject is None:
        return sentence_case("".join(t.text + (" " if t.space else "") for t in group.words))
    replaced = _verbs(group, clause, subject, cast)
    pieces: list[str] = []
    own = set(clause.subject)
    lead = cast.lead(group) + " "
    if clause.kind is Kind.MOVE:
        lead += _light_verb(clause, subject)
    # the first words of the phrase as they stand give the subject's place
    place = clause.subject[0] if clause.subject else clause.insert
    dropped = set(clause.dropped)
    for i, word in enumerate(group.words):
        if word is place:
            pieces.append(lead)
        if word in own or word in dropped:
            continue
        following = group.words[i + 1] if i + 1 < len(group.words) else None
        text = replaced.get(word) or standing(word, following)
        if word is not group.words[0] or not pieces:
            pieces.append(text)
        else:
            # no longer the first word of its sentence
            proper = word.tag.startswith("NNP") and word.lower not in words.MOVE_NOUNS
            name = proper or text[1:2] == "-"
            pieces.append(text if name else text[:1].lower() + text[1:])
        pieces.append(" " if word.space else "")
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


def _verbs(group: Group, clause: Clause, subject: Subject, cast: Cast) -> dict[Word, str]:
    """The verbs of an action that change their form, with the new form."""
    verb = clause.verb
    replaced: dict[Word, str] = {}
    if verb is None or clause.form is None or clause.kind is Kind.MOVE:
        return replaced
    if clause.form == "ing":
        auxiliary = _inherited_auxiliary(group, subject, cast)
        if auxiliary:
            replaced[verb] = f"{auxiliary} {verb.lower}"
            return replaced
        tense = _tense(group)
        for gerund in (verb, *(c.verb for c in group.coordinated if c.verb is not None)):
            replaced[gerund] = _finite(gerund.base, tense, subject.plural)
        return replaced
    for word, form in ((verb, clause.form), *((c.verb, c.form) for c in group.coordinated)):
        if word is None or form is None:
            continue
        following = _next_word(group.words, word)
        changed = _agree(word, form, subject, following)
        if changed is not None:
            replaced[word] = changed
    return replaced


def _agree(verb: Word, form: Form, subject: Subject, following: Word | None) -> str | None:
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
    return inflect(verb.base, wanted)


def _expanded(low: str, subject: Subject, following: Word | None) -> str | None:
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
    if not before.clause.progressive or before.clause.verb is None:
        return ""
    table = words.BE_PLURAL if subject.plural else words.BE
    return table.get(before.clause.verb.lower, "is")


def _tense(group: Group) -> Form:
    """The past when the clause that carries the gerund is in the past: "after jumping, he bowed"."""
    anchor = group.anchor.clause if group.anchor is not None else None
    return "past" if anchor is not None and anchor.form == "past" else "s"


def _finite(base: str, tense: Form, plural: bool) -> str:
    if base == "be":
        table = {("past", True): "were", ("past", False): "was", ("s", True): "are", ("s", False): "is"}
        return table[tense, plural]
    return inflect(base, "base" if plural and tense == "s" else tense)


def _light_verb(clause: Clause, subject: Subject) -> str:
    """ "does a " for the name of a move, with an article where it has none."""
    head = clause.verb
    if head is None:
        verb = "move" if clause.words[0].lower in words.OPPOSITES and len(clause.words) == 1 else "hold"
    else:
        verb = "take" if head.lower in words.TAKEN else "do"
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


def _next_word(words: list[Word], word: Word) -> Word | None:
    position = next((i for i, t in enumerate(words) if t is word), len(words)) + 1
    while position < len(words) and (words[position].is_adverb or not words[position].is_word):
        position += 1
    return words[position] if position < len(words) else None
