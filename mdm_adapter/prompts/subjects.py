"""Who acts: the subject that each sentence carries, with pronouns replaced by what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mdm_adapter.prompts import words
from mdm_adapter.prompts.groups import Group
from mdm_adapter.prompts.nouns import is_body_part, is_group_noun
from mdm_adapter.prompts.tokens import Token

_THEIRS = {"my": "their", "your": "their", "our": "their", "myself": "themselves", "yourself": "themselves"}
_THEIRS |= {"ourselves": "themselves", "yourselves": "themselves", "me": "them", "us": "them"}


@dataclass(frozen=True)
class Subject:
    """A noun phrase in the words in which it was first used."""

    text: str
    plural: bool = False
    head: str = ""
    # False for a pronoun without antecedent and for a part of the body, to which no "he" refers
    person: bool = True


SOMEBODY = Subject("a person", False, "person")
PEOPLE = Subject("people", True, "people")


class Cast:
    """The subjects of a prompt, resolved in the order in which the text names them."""

    def lead(self, group: Group) -> str:
        """The subject as it stands in the sentence of this group: in full where it is named first."""
        return self._named.get(group) or self.subjects[group].text

    def __init__(self, reading: Sequence[Group]) -> None:
        self.subjects: dict[Group, Subject] = {}
        self._named: dict[Group, str] = {}
        # groups being resolved: "before jumping, before bowing" makes two groups wait for each other
        self._active: set[Group] = set()
        self._people: list[Subject] = []
        self._others: list[Subject] = []
        self._last: Subject | None = None
        for group in reading:
            if group.clause is not None and group.clause.acts:
                self._resolve(group)

    def _resolve(self, group: Group) -> Subject:
        if group in self.subjects:
            return self.subjects[group]
        clause = group.clause
        assert clause is not None
        self._active.add(group)
        own = [t for t in clause.subject if t.is_word]
        if len(own) == 1 and own[0].lower in words.SUBJECT_PRONOUNS:
            subject = self._pronoun(own[0], group)
        elif own:
            subject = self._noun_phrase(clause.subject, clause.form == "base")
            if subject.head == describe(clause.subject)[1] and not _definite(own):
                text = plain_text(clause.subject)
                aside = "," in text and clause.subject[-1].text == ","
                self._named[group] = text + "," if aside else text
        else:
            subject = self._carried(group)
        self._active.discard(group)
        self.subjects[group] = subject
        self._last = subject
        if subject.person and subject not in self._people:
            self._people.append(subject)
        self._note_others(group, clause.subject)
        return subject

    def _anchor(self, group: Group) -> Group | None:
        return None if group.anchor in self._active else group.anchor

    def _carried(self, group: Group) -> Subject:
        anchor = self._anchor(group)
        if anchor is not None and anchor.clause is not None and anchor.clause.acts:
            return self._resolve(anchor)
        return self._last or SOMEBODY

    def _pronoun(self, token: Token, group: Group) -> Subject:
        low = token.lower
        if low in ("i", "you"):
            return SOMEBODY
        if low == "we":
            return PEOPLE
        found = self._antecedent(low)
        anchor = self._anchor(group)
        if found is None and anchor is not None and anchor.clause is not None:
            named = anchor.clause.subject
            if len(named) > 1 or (named and named[0].lower not in words.SUBJECT_PRONOUNS):
                found = self._resolve(anchor)
        return found or Subject(low, low == "they", low, person=False)

    def _antecedent(self, pronoun: str) -> Subject | None:
        for known in (self._people, self._others):
            for subject in reversed(known):
                if pronoun == "they" and not subject.plural:
                    continue
                if pronoun != "they" and (subject.plural or not _agrees(subject.head, pronoun)):
                    continue
                return subject
        if pronoun != "they" or not self._people:
            return None
        singles = [s for s in self._people if not s.plural]
        if len(singles) == 1 and singles[0].head in words.MALE | words.FEMALE:
            # "a man meets a woman, they hug"; one "person" alone may well be "they"
            singles = [*singles, *(s for s in self._others[-1:] if s != singles[0] and not s.plural)]
        if len(singles) >= 2:
            return Subject(f"{singles[-2].text} and {singles[-1].text}", True, "people")
        return singles[-1]

    def _noun_phrase(self, tokens: Sequence[Token], plain_verb: bool) -> Subject:
        text, head, plural = describe(tokens, plain_verb=plain_verb)
        if is_body_part(tokens):
            return Subject(text, plural, head, person=False)
        core = [t for t in tokens if t.is_word]
        if _definite(core):
            for subject in reversed([*self._others, *self._people]):
                if subject.head == head and subject.plural == plural:
                    return subject
        return Subject(text, plural, head)

    def _note_others(self, group: Group, subject: Sequence[Token]) -> None:
        """Remember people who are not the subject: "a man meets a woman. She waves." """
        toks = group.tokens
        for i in range(len(toks) - 1):
            if toks[i] in subject or toks[i].lower not in ("a", "an", "the", "another"):
                continue
            for j in range(i + 1, min(i + 4, len(toks))):
                if toks[j].lower in words.PEOPLE:
                    text, head, plural = describe(toks[i : j + 1])
                    self._others.append(Subject(text, plural, head))
                    break
                if not toks[j].tag.startswith("JJ"):
                    break


def describe(tokens: Sequence[Token], *, plain_verb: bool = False) -> tuple[str, str, bool]:
    """Text, head noun and number of a noun phrase; an aside behind a comma is left out."""
    toks = list(tokens)
    toks = toks[: _core_length(toks)]
    text = plain_text(toks)
    nouns: list[Token] = []
    for token in toks:
        if nouns and (token.tag in ("IN", "WP", "WDT", "VBG", "VBN") or token.lower in words.PREPOSITIONS):
            break
        if token.is_noun:
            nouns.append(token)
    head = nouns[-1] if nouns else toks[-1]
    first = toks[0].lower
    counted = first in words.NUMBERS or first in ("these", "those", "both", "all") or (
        toks[0].tag == "CD" and first not in ("one", "1")
    )  # fmt: skip
    plural = _conjoined(toks) or counted or head.is_plural
    if is_group_noun(head) or (not plural and head.lower not in words.PEOPLE):
        # "a pair of dancers spin", "the sheep walk": the verb knows
        plural = plural or plain_verb
    return text, head.lower, plural


def plain_text(toks: Sequence[Token]) -> str:
    """A noun phrase as text for the middle of a sentence."""
    text = "".join(standing(t, None) + (" " if t.space else "") for t in toks).strip(" ,:;-–—")
    return text if not toks or toks[0].tag.startswith("NNP") else text[:1].lower() + text[1:]


def _definite(core: Sequence[Token]) -> bool:
    """True for "the man": two words that point at somebody already named."""
    return len(core) == 2 and core[0].lower in ("the", "this", "that", "these", "those")


def _core_length(toks: Sequence[Token]) -> int:
    """How many words to repeat of "the man, who is tall," or "a man sitting on a chair": up to the noun.

    What a person is or wears goes with them; where they sat when they were first named does not.
    """
    named = False
    for i, token in enumerate(toks):
        posture = token.tag == "VBG" and token.base("ing") in (
            "sit",
            "stand",
            "lie",
            "kneel",
            "crouch",
            "walk",
            "run",
        )
        aside = token.text == "," and not (i + 1 < len(toks) and _begins_noun_phrase(toks[i + 1]))
        if named and (aside or token.tag in ("WP", "WDT") or posture):
            return i
        named = named or token.is_noun
    return len(toks)


def _begins_noun_phrase(token: Token) -> bool:
    return token.lower in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS or token.is_noun


def _conjoined(toks: Sequence[Token]) -> bool:
    """True for "a man and a woman", not for "a man in black and white"."""
    for i, token in enumerate(toks):
        if token.tag in ("IN", "WP", "WDT") or token.lower in words.PREPOSITIONS:
            return False
        if token.lower == "and" and i:
            return True
    return False


def standing(token: Token, following: Token | None) -> str:
    """The word with the first and second person turned into the third."""
    if token.guarded:
        return token.text
    low = token.lower
    if low in _THEIRS:
        return _THEIRS[low]
    if low == "i" or (low == "you" and following is not None and following.tag[:2] in ("VB", "MD")):
        return "they"
    return "them" if low == "you" else token.text


def _agrees(head: str, pronoun: str) -> bool:
    if pronoun == "he":
        return head not in words.FEMALE
    if pronoun == "she":
        return head not in words.MALE
    return head not in words.MALE and head not in words.FEMALE
