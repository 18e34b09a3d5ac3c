"""The text of each action: who acts, verbs made to agree, one capital letter and one full stop."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import Clause
from mdm_adapter.prompts.verbs import Form, inflect
from mdm_adapter.prompts.word import Word, is_body_part

_THEIRS = dict.fromkeys(("my", "your", "our"), "their") | dict.fromkeys(("me", "us"), "them")
_THEIRS |= dict.fromkeys(("myself", "yourself", "ourselves", "yourselves"), "themselves")
_CONTRACTED = {"'s": "is", "'m": "is", "'re": "is", "'ve": "has", "'ll": "will", "'d": "would"}


@dataclass(frozen=True)
class Subject:
    """A noun phrase in the words in which it was first used.

    Attributes:
        person: False for a pronoun without antecedent and for a part of the body, to which no "he" refers.
        name: True for "Anna".
    """

    text: str
    plural: bool = False
    head: str = ""
    person: bool = True
    name: bool = False


SOMEBODY = Subject("a person", False, "person")
PEOPLE = Subject("people", True, "people")


class Cast:
    """The subjects of a prompt, resolved in the order in which the text names them."""

    def __init__(self, told: Sequence[Clause]) -> None:
        self.subjects: dict[Clause, Subject] = {}
        self._named: dict[Clause, str] = {}
        self._people: list[Subject] = []
        self._others: list[Subject] = []
        self._last = SOMEBODY
        for clause in told:
            if clause.acts:
                self._resolve(clause, ())
        named = {s for s in self.subjects.values() if s.name}
        together = any(s.plural and any(n.text in s.text for n in named) for s in self.subjects.values())
        others = {w.text for clause in told for w in clause.words if w not in clause.subject}
        together |= bool(others & {n.text for n in named})  # "Tom jogs past Mary. Mary waves."
        # names that act in turn are parts that one figure plays; together they tell people apart
        self.in_turn = len(named) > 1 and not together

    def lead(self, clause: Clause) -> str:
        """The subject as it stands in the sentence of this action: in full where it is named first."""
        subject = self.subjects[clause]
        return SOMEBODY.text if self.in_turn and subject.name else self._named.get(clause) or subject.text

    def _resolve(self, clause: Clause, active: tuple[Clause, ...]) -> Subject:
        """`active` are being resolved: in "before jumping, before bowing" two clauses wait for each other."""
        if clause in self.subjects:
            return self.subjects[clause]
        own = [w for w in clause.subject if w.is_word]
        anchor = clause.anchor if clause.anchor not in active else None
        above = anchor if anchor is not None and anchor.acts else None
        if len(own) == 1 and own[0].lower in words.SUBJECT_PRONOUNS:
            low = own[0].lower
            subject = self._pronoun(low) or Subject(low, low == "they", person=False)
            named = above.subject if above is not None and not subject.person else ()
            if above is not None and named and named[0].lower not in words.SUBJECT_PRONOUNS:
                subject = self._resolve(above, (*active, clause))
        elif own:
            plain = clause.verb is not None and clause.verb.form == "base"
            subject = self._noun_phrase(clause.subject, plain_verb=plain)
            if subject.head == describe(clause.subject).head and not _definite(own):
                text = plain_text(clause.subject)
                self._named[clause] = text + "," if "," in text and clause.subject[-1].text == "," else text
        else:
            subject = self._resolve(above, (*active, clause)) if above is not None else self._last
        self.subjects[clause] = self._last = subject
        if subject.person and subject not in self._people:
            self._people.append(subject)
        self._note_others(clause)
        return subject

    def _pronoun(self, low: str) -> Subject | None:
        if low in ("i", "you", "we"):
            return PEOPLE if low == "we" else SOMEBODY
        for known in (self._people, self._others):
            for subject in reversed(known):
                # "her friend, she"
                other = subject.text.startswith({"he": "his ", "she": "her "}.get(low, "-"))
                if subject.plural == (low == "they") and not other and _agrees(subject.head, low):
                    return subject
        if low != "they" or not self._people:
            return None
        singles = [s for s in self._people if not s.plural]
        if len(singles) == 1 and (singles[0].head in words.MALE | words.FEMALE or " " in singles[0].head):
            # "a man meets a woman, they hug"; one "person" alone may well be "they"
            singles += [s for s in self._others[-1:] if s != singles[0] and not s.plural]
        if len(singles) >= 2:
            return Subject(f"{singles[-2].text} and {singles[-1].text}", True, "people")
        return singles[-1] if singles else None

    def _noun_phrase(self, ws: Sequence[Word], *, plain_verb: bool) -> Subject:
        subject = describe(ws, plain_verb=plain_verb)
        if subject.head in words.PICTURES:
            return SOMEBODY
        if subject.person and _definite([w for w in ws if w.is_word]):
            for known in reversed([*self._others, *self._people]):
                if known.head == subject.head and known.plural == subject.plural:
                    return known
        return subject

    def _note_others(self, clause: Clause) -> None:
        """Remember people who are not the subject: "a man meets a woman. She waves." """
        ws = clause.words
        named = [w for w in ws if " " in w.text and w not in clause.subject]
        self._others += [Subject(w.text, False, w.lower) for w in named]
        for i, word in enumerate(ws):
            if word in clause.subject or word.lower not in words.POSSESSIVES | {"a", "an", "the", "another"}:
                continue
            j = next((j for j in range(i + 1, min(i + 4, len(ws))) if not ws[j].tag.startswith("JJ")), i)
            if ws[j].lower in words.PEOPLE:
                self._others.append(describe(ws[i : j + 1]))


def describe(ws: Sequence[Word], *, plain_verb: bool = False) -> Subject:
    """What a noun phrase names; an aside behind a comma is left out."""
    ws = list(ws)[: _core_length(ws)]
    noun_at = [i for i, w in enumerate(ws) if w.is_noun]
    first = noun_at[0] if noun_at else 0
    ends = (i for i, w in enumerate(ws) if i > first and w.tag in ("IN", "WP", "WDT", "VBG", "VBN"))
    end = next(ends, len(ws))
    head = ws[max((i for i in noun_at if i < end), default=len(ws) - 1)]
    low = ws[0].lower
    second = ws[1].lower if len(ws) > 1 else ""
    several = words.NUMBERS | {"these", "those", "both", "all"}
    counted = {low, second} & several or (ws[0].tag == "CD" and low not in ("one", "1"))
    joined = any(w.lower == "and" and not before.tag.startswith("JJ") for before, w in zip(ws, ws[1:end]))
    # "a pair of dancers spin": the verb knows
    plural = joined or bool(counted) or head.is_plural or (plain_verb and head.lower in words.GROUPS)
    name = ws[0].tag == "NNP" and ws[0].text.istitle() and not plural
    return Subject(plain_text(ws), plural, head.lower, person=not is_body_part(ws), name=name)


def _core_length(ws: Sequence[Word]) -> int:
    """How many words to repeat of "the man, who is tall," or "a man sitting on a chair": up to the noun.

    What a person is or wears goes with them; where they sat when they were first named does not.
    """
    named = False
    for i, word in enumerate(ws):
        after = ws[i + 1] if i + 1 < len(ws) else None
        more = after is not None and after.lower not in words.BODY and (after.opens_noun or after.is_noun)
        if named and ((word.text == "," and not more) or word.tag in ("WP", "WDT")):
            return i
        named = named or word.is_noun
    return len(ws)


def plain_text(ws: Sequence[Word]) -> str:
    """A noun phrase as text for the middle of a sentence."""
    text = "".join(_standing(w, None) + " " * w.space for w in ws).strip(" ,:;-–—")
    if ws and ws[0].lower in ("my", "our") and not is_body_part(ws):
        text = _article(text.split(" ", 1)[-1]) + text.split(" ", 1)[-1]
    return text if not ws or ws[0].tag.startswith("NNP") else text[:1].lower() + text[1:]


def _definite(core: Sequence[Word]) -> bool:
    """True for "the man": two words that point at somebody already named."""
    return len(core) == 2 and core[0].lower in ("the", "this", "that", "these", "those")


def _agrees(head: str, pronoun: str) -> bool:
    others = {"he": words.FEMALE | words.THINGS, "she": words.MALE | words.THINGS}
    return head not in {**others, "it": words.MALE | words.FEMALE}.get(pronoun, ())


def _standing(word: Word, following: Word | None) -> str:
    """The word with the first and second person turned into the third."""
    low = word.lower
    if word.guarded or low not in (*_THEIRS, "i", "you"):
        return word.text
    acts = low == "i" or (low == "you" and following is not None and following.tag[:2] in ("VB", "MD"))
    return _THEIRS.get(low) or ("they" if acts else "them")


def write(clause: Clause, cast: Cast) -> str:
    """The full sentence of one action."""
    subject = cast.subjects.get(clause)
    if subject is None:
        return _sentence_case("".join(w.text + " " * w.space for w in clause.words))
    replaced = _verbs(clause, subject, cast)
    lead = cast.lead(clause) + " " + (_light_verb(clause, subject) if clause.moves else "")
    # the first words of the phrase as they stand give the subject's place
    place = clause.subject[0] if clause.subject else clause.insert
    pieces: list[str] = []
    for i, word in enumerate(clause.words):
        if word is place:
            pieces.append(lead)
        if word in clause.subject or word in clause.dropped:
            continue
        following = clause.words[i + 1] if i + 1 < len(clause.words) else None
        text = replaced.get(word) or _standing(word, following)
        name = (word.tag.startswith("NNP") and word.lower not in words.MOVE_NOUNS) or text[1:2] == "-"
        if i == 0 and pieces and not name:
            text = text[:1].lower() + text[1:]  # no longer the first word of its sentence
        pieces += [text, " " * word.space]
    return _sentence_case("".join(pieces))


def _sentence_case(text: str) -> str:
    """Single spaces, no stray marks at the ends, a capital first letter and one full stop."""
    text = re.sub(r"\s+([,.;:!?)\]])", r"\1", " ".join(text.split()))
    text = re.sub(r"([(\[])\s+", r"\1", text)
    text = re.sub(r"\s+('(?:s|m|re|ve|ll|d)|n't)(?!\w)", r"\1", text)
    text = re.sub(r",(?:\s*,)+", ",", text).strip(" ,;:-–—.!?…/&*_~+=<>|")
    first = next((i for i, c in enumerate(text) if c.isalnum()), 0)
    return f"{text[:first]}{text[first : first + 1].upper()}{text[first + 1 :]}."


def _verbs(clause: Clause, subject: Subject, cast: Cast) -> dict[Word, str]:
    """The verbs of an action that change their form, with the new form."""
    verb = clause.verb
    if verb is None or clause.moves:
        return {}
    verbs = (verb, *clause.beside)
    if verb.form == "ing":
        auxiliary = _inherited_auxiliary(clause, subject, cast)
        if auxiliary:
            return {verb: f"{auxiliary} {verb.lower}"}
        # the past when the clause that carries the gerund is in the past: "after jumping, he bowed"
        anchor = clause.anchor.verb if clause.anchor is not None else None
        past = anchor is not None and anchor.form == "past"
        return {v: _finite(v.base, "past" if past else "s", subject.plural) for v in verbs}
    changed = {v: _agree(v, subject, clause.words) for v in verbs}
    return {v: text for v, text in changed.items() if text}


def _finite(base: str, tense: Form, plural: bool) -> str:
    if base == "be":
        return words.BE_PLURAL[inflect(base, tense)] if plural else inflect(base, tense)
    return inflect(base, "base" if plural and tense == "s" else tense)


def _agree(verb: Word, subject: Subject, ws: Sequence[Word]) -> str:
    """The form of a finite verb that agrees with the subject, empty when it does so already."""
    low, plural = verb.lower, subject.plural
    if low in _CONTRACTED:
        # behind a pronoun that has become a noun phrase "he's walking" is "a man is walking"
        if not subject.person and low == "'s":
            return ""
        text = _CONTRACTED[low]
        return " " + ({"is": "are", "has": "have"}.get(text, text) if plural else text)
    if low in words.BE or low == "be":
        return words.BE_PLURAL.get(low, "are") if plural else words.BE.get(low, "is")
    if low in words.MODALS or verb.form in ("past", "part"):
        return ""
    return verb.base if plural else inflect(verb.base, "s")


def _inherited_auxiliary(clause: Clause, subject: Subject, cast: Cast) -> str:
    """ "is" for the second part of "a person is walking, then jumping"; empty when there is none."""
    before = clause.previous
    if clause.anchor is not None or clause.subject:
        return ""
    while before is not None and before.gerund and not before.subject:
        before = before.previous
    if before is None or before.verb is None or not before.progressive:
        return ""
    return (words.BE_PLURAL if subject.plural else words.BE)[before.verb.lower]


def _light_verb(clause: Clause, subject: Subject) -> str:
    """ "does a " for the name of a move, with an article where it has none."""
    head, first = clause.verb, clause.insert
    if head is None or first is None:
        verb, article = ("move" if len(clause.spoken) == 1 else "hold"), ""
    else:
        verb = "take" if head.lower in words.TAKEN else "do"
        plural = head.lower.endswith("s") and not head.lower.endswith("ss")
        bare = plural or first.opens_noun or first.tag == "CD" or head.lower in words.UNCOUNTED
        article = "" if bare else _article(first.lower)
    return f"{verb if subject.plural else inflect(verb, 's')} {article}"


def _article(text: str) -> str:
    return "an " if text[:1] in tuple("aeiou") else "a "
