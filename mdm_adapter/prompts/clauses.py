"""A sentence cut at everything that may separate two actions, and each piece read as a clause."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mdm_adapter.prompts import words
from mdm_adapter.prompts.verbs import Form, is_motion
from mdm_adapter.prompts.word import (
    Word,
    is_body_part,
    is_compound_move,
    is_subject,
    lowers,
    modifies_noun,
    move_head,
    nouns_before,
)


class Joiner(enum.IntEnum):
    """What stands before a clause; where several stand together, the greatest counts."""

    START = 0
    AND = 1
    OR = 2
    COMMA = 3
    COMMA_AND = 4
    THEN = 5
    WITH = 6
    AFTER = 7
    BEFORE = 8


COMMAS, ORDERED = (Joiner.COMMA, Joiner.COMMA_AND), (Joiner.AFTER, Joiner.BEFORE)


@dataclass(eq=False)
class Clause:
    """A run of words between two joiners, and how it is read; as an action it takes in what follows it.

    It is finite ("walks"), a gerund ("walking"), the name of a move ("a slow walk"), or it does not act at all.
    """

    joiner: Joiner = Joiner.START
    joined_by: list[Word] = field(default_factory=list)  # the words of the joiner
    words: list[Word] = field(default_factory=list)
    fronted: bool = False  # opens a sentence or stands where one could: "After jumping, he bows"
    verb: Word | None = None  # the main verb; of a move its noun, None for a posture ("arms up")
    subject: tuple[Word, ...] = ()  # who acts, empty when the clause does not say it
    insert: Word | None = None  # the word before which a subject is put that comes from elsewhere
    dropped: tuple[Word, ...] = ()  # left out of the text, such as "who" of a caption without another verb
    moves: bool = False  # this is the name of a move
    beside: list[Word] = field(default_factory=list)  # further verbs, "waves" of "walks and waves"
    open: bool = False  # a subordinate clause is open at its end ("walks while waving"); "and" adds to it
    anchor: Clause | None = None  # whose subject this one takes, the main clause of "before running, he bows"
    previous: Clause | None = None  # what the text said before
    shared: bool = False  # has taken its verb from the clause before it

    @property
    def acts(self) -> bool:
        return self.moves or self.verb is not None

    @property
    def form(self) -> Form | None:
        return self.verb.form if self.verb is not None and not self.moves else None

    @property
    def finite(self) -> bool:
        return self.form not in (None, "ing")

    @property
    def gerund(self) -> bool:
        return self.form == "ing"

    @property
    def base(self) -> str:
        return self.verb.base if self.verb is not None and not self.moves else ""

    @property
    def progressive(self) -> bool:
        """True for "is walking"."""
        ws = [w for w in self.words if not w.is_adverb]
        return any(w is self.verb and w.lower in words.BE and b.form == "ing" for w, b in pairwise(ws))

    @property
    def spoken(self) -> list[Word]:
        """The words without the marks."""
        return [w for w in self.words if w.is_word]

    @property
    def seconds(self) -> float | None:
        """The duration written in the words."""
        given = [w.seconds for w in self.words if w.seconds is not None]
        return max(given or [w.ended for w in self.words if w.ended is not None], default=None)

    def named(self, subject: Iterable[Word]) -> None:
        """Put a subject before the clause."""
        self.subject = tuple(subject)
        self.words = [*self.subject, *self.words]
        self.insert = next(iter(self.subject), self.insert)


def cut(ws: Sequence[Word]) -> list[Clause]:
    """The clauses of a parsed sentence."""
    clauses = [Clause(fronted=True)]
    starts = {v.subject[0] if v.subject else v: v for v in ws if v.is_finite and not v.relative}
    i = 0
    while i < len(ws):
        current = clauses[-1]
        full = any(w.is_word for w in current.words)
        joiner, length = (Joiner.START, 0) if ws[i].inside == "subject" else _joiner(ws, i)
        found = list(ws[i : i + length])
        if length == 0:
            if full and ws[i] in starts and _runs_on(current, ws[i], starts[ws[i]]):
                clauses.append(Clause(Joiner.COMMA))
            clauses[-1].words.append(ws[i])
        elif joiner is Joiner.THEN and found[0].inside == "gap":
            current.joiner = max(current.joiner, joiner)  # "the man then bows"
        elif full:
            clauses.append(Clause(joiner, found))
            if found[-1].lower in words.RELATIVES or length > 1:
                clauses[-1].named(w.copy() for w in nouns_before(ws, i))  # "who then"
        else:
            _add_joiner(current, joiner, found)
        i += length or 1
    if not any(w.is_word for w in clauses[-1].words):
        clauses.pop()  # "then" at the end
    for n, clause in enumerate(clauses):
        _read(clause)
        if clause.joiner in ORDERED and any(w.lower in words.THINGS for w in clause.subject[-1:]):
            clause.joiner = Joiner.WITH  # "after the bell rings": nobody's movement
        elif clause.joiner in ORDERED and clause.subject and clause.insert is not clause.words[0]:
            clause.joiner = Joiner.COMMA if n else Joiner.START  # "before the start he stretches"
            clause.words.insert(0, clause.joined_by.pop())
    return clauses


def _runs_on(clause: Clause, first: Word, verb: Word) -> bool:
    """ "After jumping he bows", "he walks he stops", "walk forward turn left": a clause begins without a comma."""
    before = clause.words[-1]
    acts = [w for w in clause.words if w.is_finite and not w.relative]
    if clause.joiner in (Joiner.WITH, *ORDERED) or clause.words[0].lower == "having":
        acts += [w for w in clause.words if w.form == "ing"]
    reported = bool(acts) and acts[0].base in words.REPORTING and acts[0].is_finite
    if not acts or reported or before.lower in words.CONTENT_MARKERS:
        return False
    if first is not verb:
        pronoun = first.lower in words.SUBJECT_PRONOUNS
        plain = first.lower in words.DETERMINERS and verb.form == "s" and verb.tag.startswith("VB")
        return pronoun or plain or clause.joiner in (Joiner.WITH, *ORDERED)
    # without a subject: only a verb like the one before it, behind something that ends a clause
    noun = verb.form == "base" and verb.base in words.NOT_MOVES
    if verb.form != acts[0].form or not is_motion(verb.lower) or noun:
        return False
    ends = before.lower in words.DIRECTIONS | words.ENDS or before.lower.endswith("ly")
    return (ends and before is not acts[0]) or before.form == verb.form == "s"


def _add_joiner(clause: Clause, joiner: Joiner, found: list[Word]) -> None:
    """Another joiner before the first word of a clause: "and", "then", "while"."""
    if joiner in (Joiner.WITH, *ORDERED) and clause.joiner in (Joiner.THEN, Joiner.COMMA_AND):
        clause.fronted = True
    if {clause.joiner, joiner} in ({Joiner.COMMA, Joiner.AND}, {Joiner.COMMA, Joiner.OR}):
        joiner = Joiner.COMMA_AND
    clause.joiner = max(clause.joiner, joiner)
    clause.joined_by += [*clause.words, *found]
    clause.words = []


def _joiner(ws: Sequence[Word], i: int) -> tuple[Joiner, int]:
    """The joiner that begins at word `i` and how many words it has; length 0 when there is none."""
    low = "" if ws[i].guarded else ws[i].lower
    before = [w.lower for w in ws[max(i - 2, 0) : i]]
    after = [w.lower for w in ws[i + 1 : i + 3]]
    last = before[-1] if before else ""
    if turn := _turn(ws, i):
        return Joiner.THEN, turn
    if low in words.SOFT_STOPS:
        return Joiner.COMMA, 1
    if low == "so" and i and {*after[:1]} & words.SUBJECT_PRONOUNS:
        return Joiner.COMMA, 1
    if low == "and" and not _pair(ws, i):
        return Joiner.AND, 1
    if low in ("or", "but", "nor"):
        return Joiner.OR, 1
    first = low == "first" and ws[i].inside == "gap"  # "the man first bows"
    if (first or low in words.SEQUENCE_WORDS) and last not in words.NOT_THEN and before != ["now", "and"]:
        return Joiner.THEN, 1
    if low in ("before", "after") and last != "right":  # "turns right after jumping" may mean either
        return (Joiner.BEFORE if low == "before" else Joiner.AFTER), 1
    pronoun = bool(words.SUBJECT_PRONOUNS & {*after[:1]})
    opens = {"once", "like"} if pronoun else {"once"} if i == 0 else set()
    if low in opens or (low in words.SUBORDINATORS and last != "a"):
        return Joiner.WITH, 1
    return Joiner.START, 0


def _turn(ws: Sequence[Word], i: int) -> int:
    """How long the joiner is in "is pushed by a friend who falls", ", who (then) falls": what another one does next."""
    aside = ws[i].text == ","
    other, found = nouns_before(ws, i), lowers(ws[i + aside : i + aside + 2])
    if not other or found[:1] not in (["who"], ["which"]) or len(found) < 2:
        return 0
    verb, before = ws[i + aside + 1], ws[: ws.index(other[0])]
    did = next((w for w in before if w.is_finite and w.subject), None)
    if found[1] == "then":
        return aside + 2
    if did is None or verb.form != "s" or verb.base in words.STATIVES:
        return 0
    given = {*lowers(ws[i + aside + 2 : i + aside + 3])} & {"it", "him", "her", "them"}
    near = before[-1].is_finite or (aside and given)
    near = near and did.base not in words.REPORTING | words.STATIVES
    named = found[0] == "who" or other[-1].lower in words.ACTORS
    return aside + 1 if named and (near or before[-1].lower in ("by", "into")) else 0


def _pair(ws: Sequence[Word], i: int) -> bool:
    """True for the "and" of "up and down", not for that of "up, left and right"."""
    if i == 0 or i + 1 == len(ws) or (i > 1 and ws[i - 2].text == ","):
        return False
    first, second = (words.OPPOSITES.get(ws[j].lower, 0) for j in (i - 1, i + 1))
    return first != 0 and first + second == 0


def _read(clause: Clause) -> None:
    """Find the verb of a clause, who acts, and where a subject would stand."""
    toks = clause.words
    start = next((i for i, w in enumerate(toks) if w.is_word), len(toks))
    first = start
    while first + 1 < len(toks) and _skippable(toks[first]):
        first += 1
    if clause.subject:
        clause.verb = next((w for w in toks if w.is_finite), None)
    elif first < len(toks) and not all(w.guarded for w in toks) and toks[first].lower not in ("who", "which"):
        clause.insert, head = toks[start], toks[first]
        after = toks[first + 1] if first + 1 < len(toks) else None
        if head.form == "base" and is_compound_move(head, after):
            clause.verb, clause.moves, clause.insert = after, True, head
        elif head.lower in words.VERB_PREFIXES and after is not None and after.form == "ing":
            clause.verb = after  # "tap dancing"
        elif head.form is not None and not modifies_noun(head, after, end=len(clause.spoken) == 2):
            clause.verb = head
        elif not _read_subject(clause, start, first):
            rest = toks[first:]
            nouns = [w for w in rest if w.is_noun]
            move = move_head(rest) or next((w for w in nouns if w.lower in words.MOVE_NOUNS), None)
            owned = any(w.lower == "'s" for w in rest)  # "child's pose"
            if move is not None and (owned or not (nouns and nouns[0].lower in words.PEOPLE)):
                clause.verb, clause.moves = move, True


def _read_subject(clause: Clause, start: int, first: int) -> bool:
    """Read a clause that names who acts, or that a phrase such as "with his left hand" opens."""
    toks = clause.words
    finite = [w for w in toks[first + 1 :] if w.is_finite]
    main = [w for w in finite if not w.relative and not w.inside]
    verb = next(iter([*main, *(w for w in finite if w.relative)]), None)
    opens = toks[first].lower in words.PREPOSITIONS or toks[first].tag == "IN"
    if verb is None:
        return not opens and _read_gerund(clause, first)
    subject, k = verb.subject, toks.index(verb)
    if verb.relative:
        # "a man who walks": the caption has no other verb, so this one becomes the main verb
        who = max((i for i in range(k) if toks[i].lower in words.RELATIVES), default=k)
        subject, clause.dropped = tuple(nouns_before(toks, who)), tuple(toks[who : who + 1])
    alone = subject[0].lower if len(subject) == 1 else ""
    if not subject or (opens and subject[0] is toks[first]):
        prefixed = k == first + 1 and toks[first].lower in words.VERB_PREFIXES
        if not prefixed and not (opens and is_motion(verb.lower)):
            return False
        clause.insert = toks[start] if prefixed else verb  # "shadow box", "with both hands waves"
    elif alone in words.BODY and verb.form == "s" and not subject[0].is_plural:
        clause.moves = True  # "leg kicks", "arm circles"
    elif is_body_part(subject) and verb.form == "past":
        return False  # "his arms raised": a posture beside the action
    elif alone not in words.VERB_PREFIXES | words.UNCOUNTED:
        clause.subject, clause.insert = subject, subject[0]
    clause.verb = verb
    return True


def _read_gerund(clause: Clause, first: int) -> bool:
    """Read "a man walking"."""
    toks = clause.words[first:]
    if move_head(toks) is not None and not any(w.lower in words.ACTORS for w in toks):
        return False
    k = next((i for i, w in enumerate(toks) if i and w.form == "ing"), 0)
    subject = toks[:k]
    while len(subject) > 1 and subject[-1].is_adverb:
        subject.pop()
    if is_body_part(subject) or not is_subject(subject):
        return False
    clause.verb, clause.subject, clause.insert = toks[k], tuple(subject), subject[0]
    return True


def _skippable(word: Word) -> bool:
    """Adverbs and polite words before the verb or the subject."""
    adverb = word.is_adverb and not word.form and word.lower not in words.DIRECTIONS | words.MANNERS
    return adverb or word.lower in ("so", "or", "and", "but", "kindly")
