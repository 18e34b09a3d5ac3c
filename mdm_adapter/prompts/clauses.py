"""A sentence cut at everything that may separate two actions, and each piece read as a clause."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mdm_adapter.prompts import words
from mdm_adapter.prompts.parse import Word, is_subject, nouns_before
from mdm_adapter.prompts.verbs import is_motion, parts_of_speech, readings


class Joiner(enum.IntEnum):
    """What stands before a clause; where several stand together, the greatest counts."""

    START = 0
    AND = 1
    OR = 2
    COMMA = 3
    COMMA_AND = 4
    FOLLOWED = 5
    THEN = 6
    WITH = 7
    AFTER = 8
    BEFORE = 9


COMMAS = (Joiner.COMMA, Joiner.COMMA_AND)
ORDERED = (Joiner.AFTER, Joiner.BEFORE)


@dataclass(eq=False)
class Clause:
    """A run of words between two joiners, and how it is read; as an action it takes in what follows it.

    It is finite ("a man walks", "walks"), a gerund ("a man walking", "walking"), the name of a move ("a slow
    walk"), or it does not act at all ("with his left arm").

    Attributes:
        joined_by: the words of the joiner.
        fronted: opens a sentence or stands where one could: "After jumping, he bows".
        verb: the main verb; of a move its noun, None for a posture ("arms up").
        subject: who acts, empty when the clause does not say it.
        insert: the word before which a subject is put that comes from elsewhere.
        dropped: words left out of the text, such as "who" of a caption without another verb.
        moves: this is the name of a move.
        beside: further verbs with the same subject, "waves" of "walks and waves".
        open: a subordinate clause is open at its end ("walks while waving"), which takes what "and" adds.
        anchor: the clause whose subject this one takes, the main clause of "before running, a man bows".
        previous: what the text said before.
        shared: has taken its verb from the clause before it.
    """

    joiner: Joiner = Joiner.START
    joined_by: list[Word] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    fronted: bool = False
    verb: Word | None = None
    subject: tuple[Word, ...] = ()
    insert: Word | None = None
    dropped: tuple[Word, ...] = ()
    moves: bool = False
    beside: list[Word] = field(default_factory=list)
    open: bool = False
    anchor: Clause | None = None
    previous: Clause | None = None
    shared: bool = False

    @property
    def acts(self) -> bool:
        return self.moves or self.verb is not None

    @property
    def finite(self) -> bool:
        return not self.moves and self.verb is not None and self.verb.form != "ing"

    @property
    def gerund(self) -> bool:
        return not self.moves and self.verb is not None and self.verb.form == "ing"

    @property
    def base(self) -> str:
        return self.verb.base if self.verb is not None and not self.moves else ""

    @property
    def progressive(self) -> bool:
        """True for "is walking"."""
        if not self.finite or self.verb is None or self.verb.lower not in words.BE:
            return False
        after = self.words[self.words.index(self.verb) + 1 :]
        return next((w.form for w in after if not w.is_adverb), None) == "ing"

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
    clauses = [Clause()]
    starts = {
        verb.subject[0] if verb.subject else verb: verb for verb in ws if verb.is_finite and not verb.relative
    }
    marked = any(not w.is_word or w.lower in words.LINKS | {"and", "or", "but"} for w in ws)
    loose = not marked and sum(w.form == "base" and is_motion(w.lower) for w in ws) > 2
    i = 0
    while i < len(ws):
        current = clauses[-1]
        full = any(w.is_word for w in current.words)
        joiner, length = (Joiner.START, 0) if ws[i].inside == "subject" else _joiner(ws, i, at_start=not full)
        found = list(ws[i : i + length])
        i += length
        if length == 0:
            if full and ws[i] in starts and _runs_on(current, ws[i], starts[ws[i]], loose=loose):
                current = Clause(Joiner.COMMA)
                clauses.append(current)
            current.words.append(ws[i])
            i += 1
        elif joiner is Joiner.THEN and found[0].inside == "gap":
            current.joiner = max(current.joiner, joiner)  # "the man then bows"
        elif full:
            while joiner in ORDERED and current.words and current.words[-1].lower in _CLOSE_TO:
                found.insert(0, current.words.pop())
            if not any(w.is_word for w in current.words):
                clauses.pop()
                found = [*current.joined_by, *found]
            clauses.append(Clause(joiner, found, fronted=len(clauses) == 0))
            if any(w.lower in ("who", "which") for w in found[1:2]):
                clauses[-1].named(w.copy() for w in nouns_before(ws, i - length))
        else:
            _add_joiner(current, joiner, found)
    if not any(w.is_word for w in clauses[-1].words):
        # "and so on as before" stays, "then" at the end goes
        last = clauses.pop()
        loose = last.joiner in (Joiner.THEN, Joiner.FOLLOWED, Joiner.AND, Joiner.COMMA_AND)
        if clauses and not loose and any(w.is_word for w in last.joined_by):
            clauses[-1].words += [*last.joined_by, *last.words]
    for n, clause in enumerate(clauses):
        clause.fronted = clause.fronted or n == 0
        before = clauses[n - 1] if n and clause.joiner is Joiner.THEN else None
        if (
            before
            and before.joiner is Joiner.COMMA
            and before.words[0].lower == "who"
            and clause.joined_by[0].is_word
        ):
            # "pushes a man, who stumbles and then falls"
            clause.named(w.copy() for w in nouns_before(ws, ws.index(before.joined_by[0])))
        _read(clause)
        thing = clause.joiner in ORDERED and any(w.lower in words.THINGS for w in clause.subject[-1:])
        if thing:
            clause.joiner = Joiner.WITH  # "after the bell rings": nobody's movement
        elif (
            clause.joiner in ORDERED
            and clause.finite
            and clause.subject
            and clause.insert is not clause.words[0]
        ):
            # "before the start he stretches"
            clause.joiner = Joiner.COMMA if n else Joiner.START
            clause.words.insert(0, clause.joined_by.pop())
    return clauses


def _runs_on(clause: Clause, first: Word, verb: Word, *, loose: bool) -> bool:
    """ "After jumping he bows", "he walks he stops", "walk forward turn left": a clause begins without a comma.

    `loose` says that the sentence is a row of orders without any mark or connector.
    """
    gerund = clause.joiner in ORDERED
    seen = next(
        (w for w in clause.words if (w.is_finite and not w.relative) or (gerund and w.form == "ing")), None
    )
    before = clause.words[-1]
    if (
        seen is None
        or seen.base in words.REPORTING
        or before.lower in words.CONTENT_MARKERS
        or not before.is_word
    ):
        return False
    if first is not verb:
        pronoun = first.lower in words.SUBJECT_PRONOUNS
        plain = first.lower in words.DETERMINERS and verb.form == "s" and verb.tag.startswith("VB")
        return pronoun or plain or clause.joiner in (Joiner.WITH, *ORDERED)
    # without a subject: only a verb like the one before it, behind something that ends a clause
    if verb.form != seen.form or not is_motion(verb.lower) or verb.base in words.NOT_MOVES:
        return False
    ends = (
        before.lower in words.DIRECTIONS | {"it", "them", "him", "away", "off", "over"} and before is not seen
    )
    beside = before.form == verb.form and (loose or verb.form == "s")
    return ends or beside or (loose and (before.is_adverb or before.lower in words.BODY))


def _add_joiner(clause: Clause, joiner: Joiner, found: list[Word]) -> None:
    """Another joiner before the first word of a clause: "and", "then", "while"."""
    if joiner in (Joiner.WITH, *ORDERED) and clause.joiner in (Joiner.THEN, Joiner.COMMA_AND, Joiner.START):
        clause.fronted = True
    if {clause.joiner, joiner} in ({Joiner.COMMA, Joiner.AND}, {Joiner.COMMA, Joiner.OR}):
        joiner = Joiner.COMMA_AND
    clause.joiner = max(clause.joiner, joiner)
    clause.joined_by += [*clause.words, *found]
    clause.words = []


def _read(clause: Clause) -> None:
    """Find the verb of a clause, who acts, and where a subject would stand."""
    toks = clause.words
    start = next((i for i, w in enumerate(toks) if w.is_word), len(toks))
    first = start
    while first < len(toks) and _skippable(toks, first):
        first += 1
    if clause.subject:
        clause.verb = next((w for w in toks if w.is_finite), None)
        return
    if first == len(toks) or toks[first].lower in words.RELATIVES - {"that"}:
        return
    clause.insert, head = toks[start], toks[first]
    after = toks[first + 1] if first + 1 < len(toks) else None
    leads = head.lower == "to" and clause.joiner in (Joiner.THEN, Joiner.START)
    if leads and after is not None and any(form == "base" for _, form in readings(after.lower)):
        after.form, after.base = "base", after.lower
        clause.verb, clause.dropped = after, (head,)
        return
    if head.form == "base" and _compound_move(head, after):
        clause.verb, clause.moves, clause.insert = after, True, head
    elif head.form is not None and not _modifies_noun(head, after, end=len(clause.spoken) == 2):
        clause.verb = head
    elif not _read_subject(clause, start, first):
        move = move_head(toks[first:]) or next(
            (w for w in toks[first:] if w.lower in words.MOVE_NOUNS and w.is_noun), None
        )
        nouns = [w for w in toks[first:] if w.is_noun]
        if move is not None and not (nouns and nouns[0].lower in words.PEOPLE):
            clause.verb, clause.moves = move, True


def _read_subject(clause: Clause, start: int, first: int) -> bool:
    """Read a clause that names who acts, or that a phrase such as "with his left hand" opens."""
    toks = clause.words
    finite = [w for w in toks[first + 1 :] if w.is_finite]
    main = [
        w
        for w in finite
        if not w.relative and not w.inside and toks[toks.index(w) - 1].lower not in _NO_VERB_AFTER
    ]
    verb = next(iter([*main, *(w for w in finite if w.relative)]), None)
    opens = toks[first].lower in words.PREPOSITIONS or toks[first].tag == "IN"
    if verb is None or toks[first].lower == "there":
        return not opens and _read_gerund(clause, first)
    k = toks.index(verb)
    subject: tuple[Word, ...] = verb.subject
    dropped: tuple[Word, ...] = ()
    if verb.relative:
        # "a man who walks": the caption has no other verb, so this one becomes the main verb
        who = max((i for i in range(k) if toks[i].lower in words.RELATIVES), default=k)
        subject, dropped = tuple(nouns_before(toks, who)), tuple(toks[who : who + 1])
    alone = subject[0].lower if len(subject) == 1 else ""
    prefixed = k == first + 1 and toks[first].lower in words.VERB_PREFIXES and verb.base in words.NOT_MOVES
    if not subject or (opens and subject[0] is toks[first]):
        if not prefixed and not (opens and verb.form in ("s", "base") and is_motion(verb.lower)):
            return False
        clause.insert = toks[start] if prefixed else verb
    elif alone in words.BODY and verb.form == "s" and not subject[0].is_plural:
        clause.moves = True  # "leg kicks", "arm circles"
    elif is_body_part(subject) and verb.form in ("past", "part"):
        return False  # "his arms raised": a posture beside the action
    elif alone not in words.VERB_PREFIXES | words.UNCOUNTED:
        clause.subject, clause.insert, clause.dropped = subject, subject[0], dropped
    clause.verb = verb
    return True


def _read_gerund(clause: Clause, first: int) -> bool:
    """ "a man walking", "there is a man walking"."""
    there = clause.words[first].lower == "there"
    toks = clause.words[first + 2 if there else first :]
    nouns = [w for w in toks if w.is_noun]
    if toks and move_head(toks) is not None and not (nouns and nouns[0].lower in words.ACTORS):
        return False
    k = next((i for i, w in enumerate(toks) if i and w.form == "ing"), 0)
    subject = toks[:k]
    while len(subject) > 1 and subject[-1].is_adverb:
        subject.pop()
    if is_body_part(subject) or not is_subject(subject):
        return False
    clause.verb, clause.subject, clause.insert = toks[k], tuple(subject), subject[0]
    clause.dropped = tuple(clause.words[first : first + 2]) if there else ()
    return True


def is_body_part(ws: Sequence[Word]) -> bool:
    """True for "his left arm": such a subject moves with the person, it is nobody of its own."""
    end = next(
        (
            i
            for i, w in enumerate(ws)
            if i and (w.lower in words.PREPOSITIONS or w.tag in ("IN", "WP", "WDT"))
        ),
        len(ws),
    )
    nouns = [w for w in ws[:end] if w.is_noun]
    return bool(nouns) and nouns[-1].lower in words.BODY


def is_prefix(ws: Iterable[Word]) -> bool:
    """True for words that may stand before a clause: "with his left hand", "slowly"."""
    head = next((w for w in ws if w.is_word), None)
    return head is not None and (
        head.lower in words.PREPOSITIONS or head.tag in ("IN", "UH") or head.is_adverb
    )


def move_head(ws: Sequence[Word]) -> Word | None:
    """The noun of "a slow jump to the left" if it names a move."""
    head = noun_head(ws)
    return head if head is not None and names_move(head) else None


def noun_head(ws: Sequence[Word]) -> Word | None:
    """The last word before the first preposition, relative or direction."""
    head: Word | None = None
    for word in ws:
        if not word.is_word or word.lower in words.PREPOSITIONS or word.tag in ("IN", "TO", "WDT", "WP"):
            break
        if head is not None and (word.lower in words.DIRECTIONS or word.is_adverb):
            if word.lower not in words.SIDES:
                break
            continue
        head = word
        if head.tag == "VBG" and names_move(head) and word is not ws[0]:
            break
    return head


def names_move(word: Word) -> bool:
    """True when a noun may be the name of a move: "cartwheel", "jump", "cycle"."""
    low = word.lower
    if (low in words.NAMES and word.tag == "NNP") or (low in words.ADJECTIVE_VERBS and low != "idle"):
        return False
    if low in words.MOVE_NOUNS | words.MOVE_COMPOUNDS or (low[-1:] == "s" and low[:-1] in words.MOVE_NOUNS):
        return True
    return is_motion(low) and any(f in ("base", "s") and b not in words.NOT_MOVES for b, f in readings(low))


def _skippable(toks: list[Word], i: int) -> bool:
    """Adverbs and polite words before the verb or the subject."""
    polite = toks[i].lower in ("please", "so", "or", "and", "but", "kindly")
    return polite or (toks[i].is_adverb and toks[i].lower not in words.DIRECTIONS and i + 1 < len(toks))


def _compound_move(head: Word, after: Word | None) -> bool:
    """True for "dodge roll left" and "spin kick", which name a move; "go walk" and "regain balance" do not."""
    if after is None or head.base in words.TAKES_VERB | words.LIGHT_VERBS | words.AUXILIARIES:
        return False
    names = (
        parts_of_speech(head.lower) != {"VERB"}
        and after.lower not in words.NEVER_VERBS | words.ADJECTIVE_VERBS
    )
    return names and is_motion(after.lower) and (after.lower, "base") in readings(after.lower)


def _modifies_noun(head: Word, after: Word | None, *, end: bool) -> bool:
    """True for the first word of "walking man waves" and "jumping jacks"."""
    if head.form not in ("ing", "part", "past") or after is None:
        return False
    if (
        head.form == "ing"
        and end
        and is_motion(after.lower)
        and (after.lower, "base") in readings(after.lower)
    ):
        return True  # "running jump"
    return after.lower in words.PEOPLE or (
        head.form == "ing" and after.is_noun and after.lower in words.GERUND_MOVES
    )


# "now and then", "since then"
_NOT_THEN = ("now", "since", "even", "by", "until", "till", "every")
_CLOSE_TO = ("just", "shortly", "immediately", "soon", "directly", "straight")
_NO_VERB_AFTER = ("having", "being", "to")


def _joiner(ws: Sequence[Word], i: int, *, at_start: bool) -> tuple[Joiner, int]:
    """The joiner that begins at word `i` and how many words it has; length 0 when there is none."""
    lowers = ["" if w.guarded else w.lower for w in ws[i : i + 6]]
    low = lowers[0]
    before, after = ws[i - 1].lower if i else "", lowers[1] if len(lowers) > 1 else ""
    if (
        "followed" in lowers[:5]
        and (k := lowers.index("followed")) + 1 < len(lowers)
        and lowers[k + 1] == "by"
        and set(lowers[:k]) <= words.BEFORE_FOLLOWED
    ):
        return Joiner.FOLLOWED, k + 2
    if low in words.SOFT_STOPS:
        who_then = after in ("who", "which") and lowers[2:3] == ["then"]
        return (Joiner.THEN, 3) if who_then else (Joiner.COMMA, 1)
    if low in ("and", "&"):
        return (Joiner.START, 0) if _pair(ws, i) else (Joiner.AND, 1)
    if low in ("or", "but", "nor"):
        return Joiner.OR, 1
    if (
        low in words.SEQUENCE_WORDS
        and before not in _NOT_THEN
        and not (i > 1 and ws[i - 2].lower in _NOT_THEN)
    ):
        return Joiner.THEN, 1
    if (low == "so" and before == "," and after in words.SUBJECT_PRONOUNS) or (
        low in words.LEADING_SEQUENCE and at_start and i + 1 < len(ws) and _leads(ws[i], ws[i + 1])
    ):
        return Joiner.THEN, 1
    if low in ("before", "after") and before != "right":  # "turns right after jumping" may mean either
        return (Joiner.BEFORE if low == "before" else Joiner.AFTER), 1
    if low in words.SUBORDINATORS or (low == "once" and (i == 0 or after in words.SUBJECT_PRONOUNS)):
        return Joiner.WITH, 1
    return Joiner.START, 0


def _pair(ws: Sequence[Word], i: int) -> bool:
    """True for the "and" of "up and down", not for that of "up, left and right"."""
    if i == 0 or i + 1 == len(ws) or (i > 1 and ws[i - 2].text == ","):
        return False
    first, second = (words.OPPOSITES.get(ws[j].lower, 0) for j in (i - 1, i + 1))
    return first != 0 and first + second == 0


def _leads(word: Word, after: Word) -> bool:
    """True for "next, he bows" and "first walk", not for "next to" or "first step"."""
    if after.lower in ("to", "of") or (after.is_noun and not after.form):
        return after.lower in words.PEOPLE and word.lower not in ("next", "last")
    return True
