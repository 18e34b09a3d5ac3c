"""Who acts: the subject that each sentence carries, with pronouns replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import is_body_part
from mdm_adapter.prompts.order import Group
from mdm_adapter.prompts.parse import Word

_THEIRS = {"my": "their", "your": "their", "our": "their", "myself": "themselves", "yourself": "themselves"}
_THEIRS |= {"ourselves": "themselves", "yourselves": "themselves", "me": "them", "us": "them"}
_POSTURES = ("sit", "stand", "lie", "kneel", "crouch", "walk", "run")


@dataclass(frozen=True)
class Subject:
    """A noun phrase in the words in which it was first used."""

    text: str
    plural: bool = False
    head: str = ""
    # False for a pronoun without antecedent and for a part of the body, to which no "he" refers
    person: bool = True
    # True for "Anna"
    name: bool = False


SOMEBODY = Subject("a person", False, "person")
PEOPLE = Subject("people", True, "people")


class Cast:
    """The subjects of a prompt, resolved in the order in which the text names them."""

    def __init__(self, told: Sequence[Group]) -> None:
        self.subjects: dict[Group, Subject] = {}
        self._named: dict[Group, str] = {}
        # groups being resolved: "before jumping, before bowing" makes two groups wait for each other
        self._active: set[Group] = set()
        self._people: list[Subject] = []
        self._others: list[Subject] = []
        self._last: Subject | None = None
        for group in told:
            if group.clause is not None and group.clause.acts:
                self._resolve(group)
        named = {s for s in self.subjects.values() if s.name}
        together = any(s.plural and any(n.text in s.text for n in named) for s in self.subjects.values())
        # names that act in turn are parts that one figure plays; together they tell people apart
        self.in_turn = len(named) > 1 and not together

    def lead(self, group: Group) -> str:
        """The subject as it stands in the sentence of this group: in full where it is named first."""
        subject = self.subjects[group]
        if self.in_turn and subject.name:
            return SOMEBODY.text
        return self._named.get(group) or subject.text

    def _resolve(self, group: Group) -> Subject:
        if group in self.subjects:
            return self.subjects[group]
        clause = group.clause
        assert clause is not None
        self._active.add(group)
        own = [w for w in clause.subject if w.is_word]
        if len(own) == 1 and own[0].lower in words.SUBJECT_PRONOUNS:
            subject = self._pronoun(own[0].lower, group)
        elif own:
            subject = self._noun_phrase(clause.subject, clause.form == "base")
            if subject.head == describe(clause.subject)[1] and not _definite(own):
                text = plain_text(clause.subject)
                self._named[group] = text + "," if "," in text and clause.subject[-1].text == "," else text
        else:
            subject = self._carried(group)
        self._active.discard(group)
        self.subjects[group] = subject
        self._last = subject
        if subject.person and subject not in self._people:
            self._people.append(subject)
        self._note_others(group, clause.subject)
        return subject

    def _carried(self, group: Group) -> Subject:
        anchor = None if group.anchor in self._active else group.anchor
        if anchor is not None and anchor.clause is not None and anchor.clause.acts:
            return self._resolve(anchor)
        return self._last or SOMEBODY

    def _pronoun(self, low: str, group: Group) -> Subject:
        if low in ("i", "you"):
            return SOMEBODY
        if low == "we":
            return PEOPLE
        found = self._antecedent(low)
        anchor = None if group.anchor in self._active else group.anchor
        if found is None and anchor is not None and anchor.clause is not None:
            named = anchor.clause.subject
            if len(named) > 1 or (named and named[0].lower not in words.SUBJECT_PRONOUNS):
                found = self._resolve(anchor)
        return found or Subject(low, low == "they", low, person=False)

    def _antecedent(self, pronoun: str) -> Subject | None:
        for known in (self._people, self._others):
            for subject in reversed(known):
                if subject.plural == (pronoun == "they") and _agrees(subject.head, pronoun):
                    return subject
        if pronoun != "they" or not self._people:
            return None
        singles = [s for s in self._people if not s.plural]
        if len(singles) == 1 and (singles[0].head in words.MALE | words.FEMALE or " " in singles[0].head):
            # "a man meets a woman, they hug"; one "person" alone may well be "they"
            singles = [*singles, *(s for s in self._others[-1:] if s != singles[0] and not s.plural)]
        if len(singles) >= 2:
            return Subject(f"{singles[-2].text} and {singles[-1].text}", True, "people")
        return singles[-1]

    def _noun_phrase(self, ws: Sequence[Word], plain_verb: bool) -> Subject:
        text, head, plural = describe(ws, plain_verb=plain_verb)
        if head in words.PICTURES:
            return SOMEBODY
        if is_body_part(ws):
            return Subject(text, plural, head, person=False)
        if _definite([w for w in ws if w.is_word]):
            for subject in reversed([*self._others, *self._people]):
                if subject.head == head and subject.plural == plural:
                    return subject
        first = next(w for w in ws if w.is_word)
        return Subject(text, plural, head, name=first.tag == "NNP" and first.text.istitle() and not plural)

    def _note_others(self, group: Group, subject: Sequence[Word]) -> None:
        """Remember people who are not the subject: "a man meets a woman. She waves." """
        ws = group.words
        self._others += [Subject(w.text, False, w.lower) for w in ws if " " in w.text and w not in subject]
        for i in range(len(ws) - 1):
            if ws[i] in subject or ws[i].lower not in words.POSSESSIVES | {"a", "an", "the", "another"}:
                continue
            for j in range(i + 1, min(i + 4, len(ws))):
                if ws[j].lower in words.PEOPLE:
                    text, head, plural = describe(ws[i : j + 1])
                    self._others.append(Subject(text, plural, head))
                    break
                if not ws[j].tag.startswith("JJ"):
                    break


def describe(ws: Sequence[Word], *, plain_verb: bool = False) -> tuple[str, str, bool]:
    """Text, head noun and number of a noun phrase; an aside behind a comma is left out."""
    ws = list(ws)[: _core_length(ws)]
    nouns: list[Word] = []
    for word in ws:
        if nouns and (word.tag in ("IN", "WP", "WDT", "VBG", "VBN") or word.lower in words.PREPOSITIONS):
            break
        if word.is_noun:
            nouns.append(word)
    head = nouns[-1] if nouns else ws[-1]
    first = ws[0].lower
    counted = first in words.NUMBERS | {"these", "those", "both", "all"} or (
        ws[0].tag == "CD" and first not in ("one", "1")
    )
    plural = _conjoined(ws) or counted or head.is_plural
    # "a pair of dancers spin": the verb knows
    plural = plural or (plain_verb and head.lower in words.GROUPS)
    return plain_text(ws), head.lower, plural


def plain_text(ws: Sequence[Word]) -> str:
    """A noun phrase as text for the middle of a sentence."""
    text = "".join(standing(w, None) + (" " if w.space else "") for w in ws).strip(" ,:;-–—")
    if ws and ws[0].lower in ("my", "our") and not is_body_part(ws):
        rest = text.split(" ", 1)[-1]
        text = f"an {rest}" if rest[:1] in "aeiou" else f"a {rest}"
    return text if not ws or ws[0].tag.startswith("NNP") else text[:1].lower() + text[1:]


def standing(word: Word, following: Word | None) -> str:
    """The word with the first and second person turned into the third."""
    if word.guarded:
        return word.text
    low = word.lower
    if low in _THEIRS:
        return _THEIRS[low]
    if low == "i" or (low == "you" and following is not None and following.tag[:2] in ("VB", "MD")):
        return "they"
    return "them" if low == "you" else word.text


def _definite(core: Sequence[Word]) -> bool:
    """True for "the man": two words that point at somebody already named."""
    return len(core) == 2 and core[0].lower in ("the", "this", "that", "these", "those")


def _core_length(ws: Sequence[Word]) -> int:
    """How many words to repeat of "the man, who is tall," or "a man sitting on a chair": up to the noun.

    What a person is or wears goes with them; where they sat when they were first named does not.
    """
    named = False
    for i, word in enumerate(ws):
        posture = word.tag == "VBG" and word.base in _POSTURES
        after = ws[i + 1] if i + 1 < len(ws) else None
        aside = word.text == "," and (after is None or after.lower in words.BODY or not _begins_noun_phrase(after))
        if named and (aside or word.tag in ("WP", "WDT") or posture):
            return i
        named = named or word.is_noun
    return len(ws)


def _begins_noun_phrase(word: Word) -> bool:
    return word.lower in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS or word.is_noun


def _conjoined(ws: Sequence[Word]) -> bool:
    """True for "a man and a woman", not for "a man in black and white"."""
    for i, word in enumerate(ws):
        if word.tag in ("IN", "WP", "WDT") or word.lower in words.PREPOSITIONS:
            return False
        if word.lower == "and" and i:
            return ws[i - 1].is_noun or not ws[i - 1].is_word
    return False


def _agrees(head: str, pronoun: str) -> bool:
    if head in words.THINGS:
        return pronoun == "it"
    if pronoun == "he":
        return head not in words.FEMALE
    if pronoun == "she":
        return head not in words.MALE
    return pronoun == "they" or (head not in words.MALE and head not in words.FEMALE)
