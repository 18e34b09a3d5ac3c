"""Clauses put together as actions, in order of time.

What stays together: verbs joined by a bare "and" ("walks and waves" may be at once), unless there are three
or more of them, or they end a list of commas, or a duration stands between them; what "while", "as", "until"
and "when" join; gerunds that describe ("walks, swinging his arms"); everything without a verb.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import (
    COMMAS,
    FINITE,
    ORDERED,
    Chunk,
    Clause,
    Joiner,
    Kind,
    Sentence,
    is_body_part,
    is_subject,
    move_head,
    noun_head,
)
from mdm_adapter.prompts.parse import Word
from mdm_adapter.prompts.sharing import repeats, share, there_and_back

_COUNTS = words.NUMBERS | frozenset("23456789") | {"twice", "thrice"}
_LISTING = (Joiner.COMMA, Joiner.COMMA_AND, Joiner.AND)


@dataclass(eq=False)
class Group:
    """The words of one action. `clause` is its main clause, None as long as no verb has come."""

    words: list[Word]
    origin: Joiner
    clause: Clause | None = None
    # further verbs of the same clause: "walks and waves"
    coordinated: list[Clause] = field(default_factory=list)
    # words that led to a group without a verb, used if it has to be attached: "then" of "then right"
    led_by: list[Word] = field(default_factory=list)
    # the group whose subject this one takes: the main clause of "before running, a man bows"
    anchor: Group | None = None
    previous: Group | None = None
    began: int = 0
    # a subordinate clause is open: at the end ("while waving"), or at the beginning and waits for a main one
    dependent: bool = False
    needs_main: bool = False
    listed: bool = False

    @property
    def seconds(self) -> float | None:
        """The duration written in the words of this action."""
        given = [w.seconds for w in self.words if w.seconds is not None]
        ended = [w.ended for w in self.words if w.ended is not None]
        return max(given or ended, default=None)


class Order:
    """Reads sentence after sentence; `line` is in order of time, `told` in the order of the text."""

    def __init__(self) -> None:
        self.line: list[Group] = []
        self.told: list[Group] = []
        self.notes: list[str] = []
        self._begin([])

    def add(self, sentence: Sentence, *, hard: bool) -> None:
        """Add the actions of one sentence; `hard` says that a line, a number or an arrow came before it."""
        if not any(chunk.clause.acts for chunk in sentence.chunks):
            _read_postures(sentence.chunks, alone=not self.told)
        self._begin(sentence.chunks)
        for n, chunk in enumerate(sentence.chunks):
            self._place(n, chunk)
        self._close(hard)

    def _begin(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._listing = _is_list(chunks)
        self._first = len(self.line)
        self._current: Group | None = None
        self._main: Group | None = None
        self._held: list[Group] = []
        self._waiting: list[Group] = []

    def _place(self, n: int, chunk: Chunk) -> None:
        current = self._current
        more = repeats(chunk, current.words if current else ())
        counts = chunk.words[0].lower not in _COUNTS or len(self.line) - self._first > 1
        if more and self.line and counts:
            self._repeat(more, chunk)
        elif current is None:
            self._open(n, chunk)
        elif current.needs_main:
            self._toward_main(current, n, chunk)
        elif current.clause is None:
            self._grow(current, n, chunk)
        else:
            self._decide(current, current.clause, n, chunk)

    def _repeat(self, more: int, chunk: Chunk) -> None:
        """Add what came before once more, or several times: the sentence so far, or everything before it."""
        again = [w.lower for w in chunk.words if w.is_word] == ["again"]
        if again:
            span = self.line[-1:]
        else:
            span = self.line[self._first :] or self.line[:]
        self.line += span * more
        self._main = None
        self.notes.append(f"{_quote(chunk.words)} taken as {_count(len(span), more)}")

    def _open(self, n: int, chunk: Chunk) -> None:
        """The first chunk of a sentence, or one that begins anew in its middle: "then, after jumping"."""
        acts = chunk.clause.acts
        self._main = None
        group = self._new(chunk, n)
        if chunk.clause.kind is Kind.VERB and len(self.told) == 2 and self.told[0].clause is None and is_subject(self.told[0].words):
            # "a man:" on a line before "walks"
            named = self.told.pop(0)
            self.line.remove(named)
            group.words = [*named.words, *chunk.words]
            group.clause = _with_subject(chunk.clause, named.words)
            self._add_main(group)
        elif acts and chunk.joiner in ORDERED:
            self._waiting.append(group)
            # what comes before something is told first but happens last
            (self._held if chunk.joiner is Joiner.BEFORE else self.line).append(group)
        elif acts and chunk.joiner is Joiner.WITH:
            group.words = [*from_subordinator(chunk.joined_by), *chunk.words]
            group.clause = None
            group.needs_main = True
            self.line.append(group)
        elif acts and chunk.clause.kind is Kind.GERUND and self._describes(n):
            # "walking forward, he waves" is one picture, "having climbed the stairs, he waves" are two
            if chunk.clause.base == "have":
                self._waiting.append(group)
            else:
                group.clause = None
                group.needs_main = True
            self.line.append(group)
        elif acts:
            self._add_main(group)
        else:
            group.clause = None
            if chunk.joiner in (Joiner.WITH, *ORDERED):
                group.words = [*from_subordinator(chunk.joined_by), *chunk.words]
            else:
                group.led_by = [w for w in chunk.joined_by if w.is_word]
            self._insert_after_main(group)

    def _toward_main(self, group: Group, n: int, chunk: Chunk) -> None:
        """After "while walking": the main clause, or more of the subordinate one."""
        clause = chunk.clause
        acts = clause.acts and chunk.joiner in (*COMMAS, Joiner.THEN, Joiner.FOLLOWED)
        if acts and (clause.kind in FINITE or not self._finite_follows(n)):
            if any(not w.is_word for w in chunk.joined_by):
                group.words[-1].space = False
                group.words.append(Word(","))
            group.words += chunk.words
            group.clause = clause
            group.needs_main = False
            self._became_main(group)
        else:
            group.words += [*chunk.joined_by, *chunk.words]

    def _grow(self, group: Group, n: int, chunk: Chunk) -> None:
        """A group that has no verb yet takes the next chunk: "with both hands up," and "he walks"."""
        clause = chunk.clause
        joined = [*group.words, *chunk.joined_by, *chunk.words]
        if chunk.joiner in (Joiner.THEN, Joiner.FOLLOWED, *ORDERED) and clause.acts:
            if chunk.joiner is not Joiner.THEN or not is_prefix(group.words):
                self._resolve(group)
                self._decide_or_open(n, chunk)
                return
            joined = [*group.words, *chunk.words]
        if clause.acts and chunk.joiner is not Joiner.WITH:
            if clause.kind is Kind.VERB and is_subject(group.words) and not is_prefix(group.words):
                # "The character: walks"
                joined = [*group.words, *chunk.words]
                clause = _with_subject(clause, group.words)
            group.clause = clause
            self._became_main(group)
        group.words = joined

    def _decide(self, group: Group, clause: Clause, n: int, chunk: Chunk) -> None:
        """Attach a chunk to the action so far, or begin the next action with it."""
        joiner, new = chunk.joiner, chunk.clause
        if self._listing or (new.kind is Kind.MOVE and chunk.joined_by[-1:] and chunk.joined_by[-1].text == ":"):
            self._add_main(self._new(chunk, n))
            return
        if new.kind in (Kind.FRAGMENT, Kind.MOVE) and self._shares(group, clause, n, chunk):
            return
        if not new.acts:
            if self._leads_on(n, chunk):
                self._open(n, chunk)
            elif joiner in (Joiner.THEN, Joiner.FOLLOWED) and _names_thing([w for w in chunk.words if w.is_word]):
                chunk.clause = _as_move(chunk)
                self._add_main(self._new(chunk, n))
            else:
                self._attach(group, chunk)
            return
        if chunk.fronted and joiner in (Joiner.WITH, *ORDERED) and self._finite_follows(n):
            self._open(n, chunk)
        elif joiner is Joiner.BEFORE:
            self._add_main(self._new(chunk, n, anchor=group.anchor or group))
        elif joiner is Joiner.AFTER or (new.kind is Kind.GERUND and new.base == "have" and joiner in COMMAS):
            self._insert_before(self._main or group, self._new(chunk, n, anchor=self._main or group))
        elif group in self._waiting:
            self._after_fronted(group, n, chunk)
        elif self._begins_action(group, clause, n, chunk):
            if group is not self._main and self._main is not None and new.kind is Kind.GERUND:
                # one more gerund of "he bows after jumping, spinning"
                position = self.line.index(group) + 1
                self.line.insert(position, self._new(chunk, n, anchor=group.anchor))
            else:
                self._add_main(self._new(chunk, n))
        else:
            self._attach(group, chunk)

    def _shares(self, group: Group, clause: Clause, n: int, chunk: Chunk) -> bool:
        """ "leans left and then right": what follows takes the verb of what came before."""
        shared = None if group.dependent else share(group.words, clause, chunk, self._chunks[n:], group.listed)
        if shared is None:
            return False
        if there_and_back(group.words, clause, chunk, self._chunks[n + 1 :]):
            self.notes.append(f"{_quote(chunk.words)} kept with what comes before: one way there and back")
            return False
        self.notes.append(f"{_quote(chunk.words)} read as {_quote(shared.words)}")
        chunk.words, chunk.clause = shared.words, shared
        new = self._new(chunk, n)
        new.listed = True
        self._add_main(new)
        return True

    def _begins_action(self, group: Group, clause: Clause, n: int, chunk: Chunk) -> bool:
        joiner, new = chunk.joiner, chunk.clause
        if joiner is Joiner.FOLLOWED:
            # "followed by a dog" and "followed by a woman walking" are company, not actions
            return new.kind is not Kind.GERUND_FULL
        if joiner is Joiner.THEN:
            return True
        if joiner in COMMAS:
            return _continues(clause, self._chunks[n:])
        if joiner is Joiner.AND and not group.dependent:
            timed = any(w.seconds is not None for w in group.words)
            # the end of a list: "walks, turns and sits", "walks and turns and sits"
            same = [w.lower for w in clause.subject] == [w.lower for w in new.subject]
            listed = group.origin in (*COMMAS, Joiner.AND) and (same or not clause.subject)
            chained = _chain_of_and(clause, self._chunks[group.began + 1 :]) >= 2
            return _same_shape(clause, self._chunks[n:]) and (timed or listed or chained)
        return False

    def _after_fronted(self, group: Group, n: int, chunk: Chunk) -> None:
        """After "after jumping": more of it, or the main clause."""
        joiner, kind = chunk.joiner, chunk.clause.kind
        more = kind is Kind.GERUND and self._finite_follows(n)
        if joiner in (Joiner.AND, Joiner.OR, Joiner.WITH) or (joiner is Joiner.COMMA_AND and more):
            self._attach(group, chunk)
        elif joiner is Joiner.COMMA and more:
            listed = self._new(chunk, n)
            self._waiting.append(listed)
            (self._held if group in self._held else self.line).append(listed)
        else:
            self._add_main(self._new(chunk, n))

    def _decide_or_open(self, n: int, chunk: Chunk) -> None:
        current = self._current
        if current is None or current.clause is None:
            self._open(n, chunk)
        else:
            self._decide(current, current.clause, n, chunk)

    def _attach(self, group: Group, chunk: Chunk) -> None:
        new = chunk.clause
        first = group.clause.subject if group.clause else ()
        if chunk.joiner is Joiner.AND and len(first) == len(new.subject) == 1 and first[0].lower == new.subject[0].lower:
            # "I walk and I wave"
            chunk.words = [w for w in chunk.words if w is not new.subject[0]]
            new = replace(new, kind=Kind.VERB, words=chunk.words, subject=(), insert=new.verb)
        group.words += [*chunk.joined_by, *chunk.words]
        if not new.acts or group.clause is None:
            return
        if chunk.joiner is Joiner.WITH:
            group.dependent = True
            return
        beside = chunk.joiner in (Joiner.AND, Joiner.OR, *COMMAS) and not group.dependent
        if beside and new.kind in (Kind.VERB, Kind.GERUND) and new.form == group.clause.form:
            group.coordinated.append(new)
            if chunk.joiner is Joiner.AND:
                self.notes.append(f"'and' before {_quote(chunk.words)} taken as: at the same time")

    def _leads_on(self, n: int, chunk: Chunk) -> bool:
        """True for "then suddenly, he jumps": words without a verb that belong to the next chunk."""
        if n + 1 == len(self._chunks) or self._chunks[n + 1].joiner is not Joiner.COMMA:
            return False
        following = self._chunks[n + 1].clause.kind
        if chunk.joiner in (Joiner.WITH, *ORDERED):
            return chunk.fronted and following in FINITE
        adverbs = all(w.is_adverb and w.lower not in words.DIRECTIONS for w in chunk.words if w.is_word)
        waits = self._current in self._waiting and is_prefix(chunk.words)
        if chunk.aside or (adverbs and chunk.joiner is Joiner.THEN):
            return following in FINITE
        return (adverbs or waits) and (following is Kind.FULL or (waits and following is Kind.VERB))

    def _finite_follows(self, n: int) -> bool:
        """True when a comma and a clause with a finite verb come later in this sentence."""
        for chunk in self._chunks[n + 1 :]:
            if chunk.joiner is Joiner.THEN and chunk.clause.acts:
                return chunk.clause.kind is Kind.FULL
            if chunk.joiner is Joiner.COMMA and chunk.clause.kind in FINITE:
                return True
        return False

    def _describes(self, n: int) -> bool:
        """True when a gerund that opens a sentence describes the clause behind the next comma."""
        for chunk in self._chunks[n + 1 :]:
            if chunk.joiner is Joiner.COMMA:
                order = chunk.clause.kind is Kind.VERB and chunk.clause.form == "base"
                return order or (chunk.clause.kind is Kind.FULL and not is_body_part(chunk.clause.subject))
            if chunk.joiner is not Joiner.AND or chunk.clause.kind is not Kind.GERUND:
                return False
        return False

    def _new(self, chunk: Chunk, n: int, anchor: Group | None = None) -> Group:
        group = Group(list(chunk.words), chunk.joiner, chunk.clause, anchor=anchor, began=n)
        group.previous = self.told[-1] if self.told else None
        self.told.append(group)
        self._current = group
        return group

    def _add_main(self, group: Group) -> None:
        self._insert_after_main(group)
        self._became_main(group)

    def _insert_after_main(self, group: Group) -> None:
        position = len(self.line) if self._main is None else self.line.index(self._main) + 1
        self.line.insert(position, group)

    def _insert_before(self, group: Group, new: Group) -> None:
        self.line.insert(self.line.index(group) if group in self.line else len(self.line), new)

    def _became_main(self, group: Group) -> None:
        self._main = group
        for side in self._waiting:
            if side is not group:
                side.anchor = group
        self._waiting = []

    def _resolve(self, group: Group) -> None:
        """A group that found no verb is attached to the action before it, or left as an action of its own."""
        self.told.remove(group)
        if group in self.line:
            self.line.remove(group)
        before = self.told[-1] if self.told else None
        if before is None or before.needs_main:
            self.told.append(group)
            self.line.append(group)
            return
        _append_words(before, [*group.led_by, *group.words])
        self._current = before

    def _close(self, hard: bool) -> None:
        """The end of a sentence: what has found no verb by now is attached, read again, or left as it is."""
        group = self._current
        self.line += self._held
        if group is None or group.clause is not None:
            return
        alone = len(self.told) == 1 or (hard and group.began == 0)
        if group.needs_main:
            group.needs_main = False
            if not alone:
                self._resolve(group)
                return
            # "while jumping" is all there is
            group.words = group.words[1:]
            group.clause = self._chunks[0].clause
        elif not alone or _belongs_back(group.words):
            self._resolve(group)


def _read_postures(chunks: Sequence[Chunk], *, alone: bool) -> None:
    """ "arms up, then arms down" and "left, right, left": sentences without a verb, which a person can but do."""
    for chunk in chunks:
        ws = [w for w in chunk.words if w.is_word]
        body = any(w.lower in words.BODY for w in ws[:3]) and not is_prefix(ws) and len(ws) > 1
        way = len(chunks) > 1 and len(ws) == 1 and ws[0].lower in words.OPPOSITES
        if not alone or not (body or way):
            return
    for chunk in chunks:
        chunk.clause = Clause(Kind.MOVE, chunk.words, None, None, insert=next(w for w in chunk.words if w.is_word))


def _is_list(chunks: Sequence[Chunk]) -> bool:
    """True for "jab, cross, hook": a row of short names, of which one at least is known as a move."""
    if len(chunks) < 2 or not any(c.clause.acts for c in chunks):
        return False
    for n, chunk in enumerate(chunks):
        clause, ws = chunk.clause, [w for w in chunk.words if w.is_word]
        bare = clause.kind is Kind.MOVE or (clause.kind in (Kind.VERB, Kind.GERUND) and len(ws) == 1)
        named = clause.kind is Kind.FRAGMENT and _names_thing(ws)
        if (n and chunk.joiner not in (*COMMAS, Joiner.THEN)) or len(ws) > 4 or not (bare or named):
            return False
    for chunk in chunks:
        if not chunk.clause.acts:
            chunk.clause = _as_move(chunk)
    return True


def _names_thing(ws: Sequence[Word]) -> bool:
    """True for a thing that a person can only do: "a ginga"."""
    head = noun_head(ws)
    if head is None or head.lower in words.BODY | words.DIRECTIONS | words.ACTORS or is_prefix(ws):
        return False
    return head.tag.startswith("NN") or head.tag in ("JJ", "FW")


def from_subordinator(ws: Sequence[Word]) -> list[Word]:
    keep = (*words.SUBORDINATORS, "before", "after", "once")
    first = next((i for i, w in enumerate(ws) if w.lower in keep), 0)
    return list(ws[first:])


def is_prefix(ws: Iterable[Word]) -> bool:
    """True for words that may stand before a clause: "with his left hand", "slowly"."""
    head = next((w for w in ws if w.is_word), None)
    return head is not None and (
        head.lower in words.PREPOSITIONS or head.tag == "IN" or head.is_adverb or head.tag == "UH"
    )


def _belongs_back(ws: Sequence[Word]) -> bool:
    """True for a line without a verb that goes on with the line before it: "left", "with both hands"."""
    head = next((w for w in ws if w.is_word), None)
    return head is None or is_prefix(ws) or head.lower in words.DIRECTIONS or is_body_part(ws[:3])


def _append_words(group: Group, ws: list[Word]) -> None:
    """Attach words of another sentence behind a comma."""
    if group.words:
        group.words[-1].space = False
    if not ws[0].tag.startswith("NNP"):
        ws[0].text = ws[0].text[:1].lower() + ws[0].text[1:]
    group.words += [Word(","), *ws]


def _with_subject(clause: Clause, subject: list[Word]) -> Clause:
    return replace(clause, kind=Kind.FULL, words=[*subject, *clause.words], subject=tuple(subject), insert=subject[0])


def _as_move(chunk: Chunk) -> Clause:
    ws = [w for w in chunk.words if w.is_word]
    return Clause(Kind.MOVE, chunk.words, noun_head(ws), None, insert=ws[0])


def _continues(clause: Clause, chunks: Sequence[Chunk]) -> bool:
    """True when the first of `chunks`, which follows a comma, is the next action after `clause`.

    The rest of `chunks` is the rest of the sentence.
    """
    new = chunks[0].clause
    if new.kind is Kind.FULL:
        # "he walks, his left arm swings": one picture
        return not is_body_part(new.subject)
    if new.kind is Kind.VERB:
        return _same_verb_form(clause, chunks)
    if new.kind is Kind.GERUND:
        if clause.kind is Kind.GERUND:
            return True
        if clause.kind is Kind.GERUND_FULL or clause.progressive:
            # one gerund describes ("is walking, swinging his arms"), two or more are a list
            return sum(c.clause.kind is Kind.GERUND and c.joiner in _LISTING for c in chunks) >= 2
        return False
    if new.kind is Kind.GERUND_FULL:
        return clause.kind in (Kind.GERUND, Kind.GERUND_FULL) and not is_body_part(new.subject)
    return new.kind is Kind.MOVE and clause.kind in (Kind.MOVE, Kind.GERUND)


def _same_shape(clause: Clause, chunks: Sequence[Chunk]) -> bool:
    """True when both sides of an "and" are actions of the same shape, so that they may be told apart."""
    new = chunks[0].clause
    if new.kind is Kind.FULL:
        return not is_body_part(new.subject)
    if new.kind is Kind.VERB:
        return new.form == clause.form and not _lists_nouns(clause, chunks)
    if new.kind is Kind.GERUND:
        return clause.form == "ing" or clause.progressive
    return new.kind is clause.kind is Kind.MOVE


def _chain_of_and(clause: Clause, chunks: Sequence[Chunk]) -> int:
    """How many verbs follow `clause` by "and" before anything else separates actions."""
    count = 0
    for n, chunk in enumerate(chunks):
        if chunk.joiner in (Joiner.THEN, Joiner.FOLLOWED, *ORDERED):
            break
        if not chunk.clause.acts:
            continue
        if chunk.joiner is Joiner.AND and _same_shape(clause, chunks[n:]):
            count += 1
        elif chunk.joiner in COMMAS and chunk.clause.kind in FINITE:
            break
    return count


def _same_verb_form(clause: Clause, chunks: Sequence[Chunk]) -> bool:
    """True when a verb behind a comma can be coordinated with the main verb of `clause`."""
    new = chunks[0].clause
    verb = new.verb
    if verb is None or clause.kind not in FINITE or _lists_nouns(clause, chunks):
        return verb is not None and clause.kind not in FINITE and new.form in ("s", "base")
    if clause.form == new.form:
        return new.form != "part"
    if clause.form == "past" and new.form == "part":
        return verb.lower.endswith("ed")  # "leaned back, stretched": past and participle look the same
    size = sum(w.is_word for w in new.words)
    if new.form == "base":
        # "a person walks, wave hands": not English, but what people write
        return clause.form in ("s", "past")
    if new.form == "s":
        return clause.form == "past" or size > 1
    return new.form == "past" and verb.tag == "VBD"


def _lists_nouns(clause: Clause, chunks: Sequence[Chunk]) -> bool:
    """True for "does a jump, spin and kick": what follows are objects, although each could be a verb."""
    new = chunks[0].clause
    if clause.base not in words.LIGHT_VERBS or clause.verb is None:
        return False
    if any(c.clause.form == new.form == clause.form and len(c.words) > 1 for c in chunks[1:]):
        return False  # "throw a punch, duck, throw a kick"
    named = move_head(clause.words[clause.words.index(clause.verb) + 1 :])
    if named is None or named is clause.verb:
        return False
    if new.form == "s" and not named.lower.endswith("s"):
        return False  # "takes a step, falls"
    return sum(w.is_word for w in new.words) == 1 or (new.form != clause.form and new.form == "base")


def _quote(ws: Sequence[Word]) -> str:
    from mdm_adapter.prompts.action import shorten

    return repr(shorten("".join(w.text + " " * w.space for w in ws).strip(" ,"), 40))


def _count(actions: int, more: int) -> str:
    what = "the action before" if actions == 1 else f"the {actions} actions before"
    return f"{what}, {'once' if more == 1 else f'{more} times'} more"
