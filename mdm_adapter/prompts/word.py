"""A word of a sentence with all that is known about it, and what may be said of a phrase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mdm_adapter.prompts import words
from mdm_adapter.prompts.verbs import Form, is_motion, is_order, parts_of_speech, readings


@dataclass(eq=False)
class Word:
    """One word or mark; compared by identity, since the same one may occur many times."""

    text: str
    tag: str = ""
    space: bool = True  # a blank follows
    start: int = 0  # position of its first character in the text
    guarded: bool = False  # stands in quotes or brackets, where nothing is split or rewritten
    form: Form | None = None  # as which form of a verb it may be read where it stands, None for no verb
    base: str = ""  # the plain form of that verb
    head: Word | None = None  # the word that it depends on in the tree, and how
    dep: str = ""
    first: Word | None = None  # the first of all words that depend on it
    subject: tuple[Word, ...] = ()  # who does what this verb says, as far as the sentence names them
    relative: bool = False  # this verb belongs to a clause with "who"
    inside: str = ""  # in the "subject" of a verb, or in the "gap" between them; nothing is cut there
    seconds: float | None = None  # a duration that stood behind this word
    ended: float | None = None  # one of the kind "after 2 seconds"
    stretch: int | None = None  # the line of a timetable ("0-3 s: run") in which it stands
    lower: str = field(init=False)

    def __post_init__(self) -> None:
        self.lower = self.text.lower()

    @property
    def is_word(self) -> bool:
        return any(c.isalnum() for c in self.text)

    @property
    def is_noun(self) -> bool:
        return self.tag.startswith("NN") or self.lower in words.BODY | words.PEOPLE

    @property
    def is_adverb(self) -> bool:
        return (self.tag.startswith("RB") or self.lower in words.ADVERBS) and self.lower not in words.BODY

    @property
    def is_plural(self) -> bool:
        if self.lower in words.PEOPLE:
            return self.lower in words.PLURAL_PEOPLE or self.lower[-1] == "s" != self.lower[-2]
        name = self.tag == "NNP" and self.text.islower()  # "the twins": no name, whatever the tagger thinks
        return self.tag in ("NNS", "NNPS") or (name and self.lower.endswith("s"))

    @property
    def is_finite(self) -> bool:
        return self.form in ("s", "base", "past")

    @property
    def opens_noun(self) -> bool:
        """True for "the", "his", "two"."""
        return self.lower in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS

    def copy(self) -> Word:
        """The same word for a second place, without its duration."""
        return Word(self.text, self.tag, self.space, form=self.form, base=self.base, stretch=self.stretch)


def phrase_end(ws: Sequence[Word]) -> int:
    """How many words stand before the first preposition or relative behind the first word."""
    for i, word in enumerate(ws):
        if i and (word.lower in words.PREPOSITIONS or word.tag in ("IN", "TO", "WP", "WDT")):
            return i
    return len(ws)


def is_subject(phrase: Sequence[Word]) -> bool:
    """True for words that may be said to act: "he", "the man", "two of them"."""
    opens = len(phrase) > 1 and phrase[0].opens_noun
    return opens or any(w.is_noun or w.tag in ("CD", "PRP", "DT") for w in phrase)


def nouns_before(ws: Sequence[Word], end: int) -> list[Word]:
    """The noun phrase that ends before `end`."""
    while end and ws[end - 1].tag == "RP":
        end -= 1  # "helps a woman up, who"
    first = ws[end - 1].first if end else None
    # Its first word may have been taken away as a connective ("then a who walks").
    return list(ws[ws.index(first) : end]) if first is not None and first in ws else []


def is_body_part(ws: Sequence[Word]) -> bool:
    """True for "his left arm": such a subject moves with the person, it is nobody of its own."""
    nouns = [w for w in ws[: phrase_end(ws)] if w.is_noun]
    return bool(nouns) and nouns[-1].lower in words.BODY


def is_prefix(ws: Iterable[Word]) -> bool:
    """True for words that may stand before a clause: "with his left hand", "slowly"."""
    head = next((w for w in ws if w.is_word), None)
    opens = head is not None and (head.lower in words.PREPOSITIONS or head.tag in ("IN", "UH"))
    return opens or (head is not None and head.is_adverb)


def move_head(ws: Sequence[Word]) -> Word | None:
    """The noun of "a slow jump to the left" if it names a move."""
    head = noun_head(ws)
    return head if head is not None and names_move(head) else None


def noun_head(ws: Sequence[Word]) -> Word | None:
    """The last word before the first preposition, relative or direction."""
    head: Word | None = None
    for word in ws[: phrase_end(ws)]:
        if not word.is_word or word.lower in words.PREPOSITIONS:
            break
        if head is not None and (word.lower in words.DIRECTIONS or word.is_adverb):
            if word.lower not in words.SIDES:
                break
            continue
        if head is not None and word.tag == "CD" and ws[-1].lower == "times":
            break  # "push-ups 10 times"
        head = word
    return head


def names_move(word: Word) -> bool:
    """True when a noun may be the name of a move: "cartwheel", "jump", "cycle"."""
    low = word.lower
    if {low, low.removesuffix("s")} & (words.MOVE_NOUNS | words.MOVE_COMPOUNDS):
        return True
    first, _, last = low.partition("-")
    if is_order(first) and last in words.PARTICLES:
        return True  # "a run-up"
    return is_motion(low) and any(f in ("base", "s") and b not in words.NOT_MOVES for b, f in readings(low))


def is_compound_move(head: Word, after: Word | None) -> bool:
    """True for "dodge roll left" and "spin kick", which name a move; "go walk" and "regain balance" do not."""
    if after is None or head.base in words.TAKES_VERB | words.LIGHT_VERBS | words.AUXILIARIES:
        return False
    plain = is_order(after.lower) and after.lower not in words.NEVER_VERBS | words.ADJECTIVE_VERBS
    return plain and parts_of_speech(head.lower) != {"verb"}


def modifies_noun(head: Word, after: Word | None, *, end: bool) -> bool:
    """True for the first word of "walking man waves", "jumping jacks" and, at the `end`, "running jump"."""
    if head.form not in ("ing", "part", "past") or after is None or head.base == "let":
        return False
    move = after.lower in words.GERUND_MOVES or (end and is_order(after.lower))
    return after.lower in words.PEOPLE or (head.form == "ing" and move)


def lowers(ws: Sequence[Word]) -> list[str]:
    return [w.lower for w in ws]
