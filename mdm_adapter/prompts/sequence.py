"""Chunks put together again as actions, in order of time."""

from __future__ import annotations

from mdm_adapter.prompts import words
from mdm_adapter.prompts.chunks import Chunk, Joiner
from mdm_adapter.prompts.clauses import Clause, Kind, analyse
from mdm_adapter.prompts.groups import (
    Group,
    append_words,
    belongs_back,
    from_subordinator,
    is_prefix,
    own_subject,
)
from mdm_adapter.prompts.joining import chain_of_and, continues, splits_and
from mdm_adapter.prompts.nouns import is_body_part

_FINITE = (Kind.FULL, Kind.VERB)
_COMMAS = (Joiner.COMMA, Joiner.COMMA_AND)


class Sequencer:
    """Reads sentence after sentence; `timeline` is in order of time, `reading` in the order of the text."""

    def __init__(self) -> None:
        self.timeline: list[Group] = []
        self.reading: list[Group] = []
        self._begin([])

    def sentence(self, chunks: list[Chunk], *, hard: bool) -> None:
        """Add the actions of one sentence; `hard` says that a line, a number or an arrow came before it."""
        if not chunks:
            return
        self._begin(chunks)
        for n, chunk in enumerate(chunks):
            self._place(n, chunk)
        self._close(hard)

    def _begin(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._current: Group | None = None
        self._main: Group | None = None
        self._held: list[Group] = []
        self._waiting: list[Group] = []

    def _place(self, n: int, chunk: Chunk) -> None:
        current = self._current
        if current is None:
            self._open(n, chunk)
        elif current.needs_main:
            self._toward_main(current, n, chunk)
        elif current.clause is None:
            self._grow(current, n, chunk)
        elif not self._completes(current, chunk):
            self._decide(current, current.clause, n, chunk)

    def _open(self, n: int, chunk: Chunk) -> None:
        """The first chunk of a sentence, or one that begins anew in its middle: "then, after jumping"."""
        acts = chunk.clause.acts
        self._main = None
        if acts and chunk.joiner in (Joiner.AFTER, Joiner.BEFORE):
            group = self._new(chunk, n)
            self._waiting.append(group)
            # what comes before something is told first but happens last
            (self._held if chunk.joiner is Joiner.BEFORE else self.timeline).append(group)
        elif chunk.joiner is Joiner.WITH and acts:
            group = self._new(chunk, n)
            group.tokens = [*from_subordinator(chunk.joined_by), *chunk.tokens]
            group.clause = None
            group.needs_main = True
            self.timeline.append(group)
        elif acts and chunk.clause.kind is Kind.GERUND and self._describes(n):
            # "walking forward, he waves" is one picture, "having climbed the stairs, he waves" are two
            group = self._new(chunk, n)
            if chunk.clause.base == "have":
                self._waiting.append(group)
            else:
                group.clause = None
                group.needs_main = True
            self.timeline.append(group)
        elif acts:
            self._add_main(self._new(chunk, n))
        else:
            group = self._new(chunk, n)
            group.clause = None
            if chunk.joiner in (Joiner.WITH, Joiner.AFTER, Joiner.BEFORE):
                group.tokens = [*from_subordinator(chunk.joined_by), *chunk.tokens]
            else:
                group.led_by = [t for t in chunk.joined_by if t.is_word]
            self._insert_after_main(group)

    def _toward_main(self, group: Group, n: int, chunk: Chunk) -> None:
        """After "while walking": the main clause, or more of the subordinate one."""
        clause = chunk.clause
        acts = clause.acts and chunk.joiner in (*_COMMAS, Joiner.SEQUENCE, Joiner.FOLLOWED)
        if acts and (clause.kind in _FINITE or not self._finite_follows(n)):
            group.tokens += [*(t for t in chunk.joined_by if t.text == ","), *chunk.tokens]
            group.clause = clause
            group.needs_main = False
            self._became_main(group)
        else:
            group.tokens += [*chunk.joined_by, *chunk.tokens]

    def _grow(self, group: Group, n: int, chunk: Chunk) -> None:
        """A group that has no verb yet takes the next chunk: "a man" and "a woman dance"."""
        clause = chunk.clause
        joined = [*group.tokens, *chunk.joined_by, *chunk.tokens]
        if chunk.joiner in (Joiner.SEQUENCE, Joiner.FOLLOWED, Joiner.BEFORE, Joiner.AFTER) and clause.acts:
            if chunk.joiner is Joiner.SEQUENCE and is_prefix(group.tokens):
                joined = [*group.tokens, *chunk.tokens]
            else:
                self._resolve(group)
                self._decide_or_open(n, chunk)
                return
        group.tokens = joined
        if not clause.acts or chunk.joiner is Joiner.WITH:
            return
        prefix = is_prefix(group.tokens) or own_subject(clause)
        if prefix and chunk.joiner not in (Joiner.AND, Joiner.OR):
            group.clause = clause
        else:
            whole = analyse(joined)
            if not whole.acts and clause.kind is Kind.MOVE and chunk.joiner is Joiner.AND:
                return
            group.clause = whole if whole.acts else clause
        self._became_main(group)

    def _completes(self, group: Group, chunk: Chunk) -> bool:
        """ "A man, walking forward, waves": the finite verb that a noun with a gerund was waiting for."""
        clause = group.clause
        if clause is None or clause.kind is not Kind.GERUND_FULL or chunk.joiner is not Joiner.COMMA:
            return False
        inner = any(t.text == "," for t in clause.subject)
        if not inner or chunk.clause.kind is not Kind.VERB:
            return False
        whole = analyse([*group.tokens, *chunk.joined_by, *chunk.tokens])
        if whole.kind is not Kind.FULL:
            return False
        group.tokens, group.clause = whole.tokens, whole
        return True

    def _decide(self, group: Group, clause: Clause, n: int, chunk: Chunk) -> None:
        """Attach a chunk to the action so far, or begin the next action with it."""
        joiner, new = chunk.joiner, chunk.clause
        if not new.acts:
            if self._leads_on(n, chunk):
                self._open(n, chunk)
            else:
                self._attach(group, chunk)
            return
        if chunk.fronted and joiner in (Joiner.WITH, Joiner.AFTER, Joiner.BEFORE) and self._finite_follows(n):
            self._open(n, chunk)
        elif joiner is Joiner.BEFORE:
            self._add_main(self._new(chunk, n, anchor=group.anchor or group))
        elif joiner is Joiner.AFTER:
            self._insert_before(self._main or group, self._new(chunk, n, anchor=self._main or group))
        elif group in self._waiting:
            self._after_fronted(group, n, chunk)
        elif self._begins_action(group, clause, n, chunk):
            if group is not self._main and self._main is not None and new.kind is Kind.GERUND:
                # one more gerund of "he bows after jumping, spinning"
                position = self.timeline.index(group) + 1
                self.timeline.insert(position, self._new(chunk, n, anchor=group.anchor))
            else:
                self._add_main(self._new(chunk, n))
        else:
            self._attach(group, chunk)

    def _begins_action(self, group: Group, clause: Clause, n: int, chunk: Chunk) -> bool:
        joiner, new = chunk.joiner, chunk.clause
        if joiner is Joiner.FOLLOWED:
            # "followed by a dog" and "followed by a woman walking" are company, not actions
            return new.kind is not Kind.GERUND_FULL
        if joiner is Joiner.SEQUENCE:
            return True
        if joiner in _COMMAS:
            return continues(clause, self._chunks[n:])
        if joiner is Joiner.AND and not group.dependent:
            timed = any(t.seconds is not None for t in group.tokens)
            # the end of a list: "walks, turns and sits", "walks and turns and sits"
            listed = group.origin in (*_COMMAS, Joiner.AND) and not clause.subject
            chained = chain_of_and(clause, self._chunks[group.began + 1 :]) >= 2
            return splits_and(clause, new) and (timed or listed or chained)
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
            (self._held if group in self._held else self.timeline).append(listed)
        else:
            self._add_main(self._new(chunk, n))

    def _decide_or_open(self, n: int, chunk: Chunk) -> None:
        current = self._current
        if current is None or current.clause is None:
            self._open(n, chunk)
        else:
            self._decide(current, current.clause, n, chunk)

    def _attach(self, group: Group, chunk: Chunk) -> None:
        group.tokens += [*chunk.joined_by, *chunk.tokens]
        new = chunk.clause
        if not new.acts or group.clause is None:
            return
        if chunk.joiner is Joiner.WITH:
            group.dependent = True
            return
        beside = chunk.joiner in (Joiner.AND, Joiner.OR, *_COMMAS) and not group.dependent
        if beside and new.kind in (Kind.VERB, Kind.GERUND) and new.form == group.clause.form:
            group.coordinated.append(new)

    def _leads_on(self, n: int, chunk: Chunk) -> bool:
        """True for "then suddenly, he jumps": words without a verb that belong to the next chunk."""
        if n + 1 == len(self._chunks) or self._chunks[n + 1].joiner is not Joiner.COMMA:
            return False
        following = self._chunks[n + 1].clause.kind
        if chunk.joiner in (Joiner.WITH, Joiner.AFTER, Joiner.BEFORE):
            return chunk.fronted and following in _FINITE
        adverbs = all(t.is_adverb and t.lower not in words.DIRECTIONS for t in chunk.tokens if t.is_word)
        waits = self._current in self._waiting and is_prefix(chunk.tokens)
        if chunk.aside or (adverbs and chunk.joiner is Joiner.SEQUENCE):
            return following in _FINITE
        return (adverbs or waits) and (following is Kind.FULL or (waits and following is Kind.VERB))

    def _finite_follows(self, n: int) -> bool:
        """True when a comma and a clause with a finite verb come later in this sentence."""
        for chunk in self._chunks[n + 1 :]:
            if chunk.joiner is Joiner.SEQUENCE and chunk.clause.acts:
                return chunk.clause.kind is Kind.FULL
            if chunk.joiner is Joiner.COMMA and chunk.clause.kind in _FINITE:
                return True
        return False

    def _describes(self, n: int) -> bool:
        """True when the next chunk is the clause that a gerund at the beginning of a sentence describes."""
        following = self._chunks[n + 1] if n + 1 < len(self._chunks) else None
        return (
            following is not None
            and following.joiner is Joiner.COMMA
            and following.clause.kind is Kind.FULL
            and not is_body_part(following.clause.subject)
        )

    def _new(self, chunk: Chunk, n: int, anchor: Group | None = None) -> Group:
        group = Group(list(chunk.tokens), chunk.joiner, chunk.clause, anchor=anchor, began=n)
        group.previous = self.reading[-1] if self.reading else None
        self.reading.append(group)
        self._current = group
        return group

    def _add_main(self, group: Group) -> None:
        self._insert_after_main(group)
        self._became_main(group)

    def _insert_after_main(self, group: Group) -> None:
        position = len(self.timeline) if self._main is None else self.timeline.index(self._main) + 1
        self.timeline.insert(position, group)

    def _insert_before(self, group: Group, new: Group) -> None:
        if group in self.timeline:
            self.timeline.insert(self.timeline.index(group), new)
        else:
            self.timeline.append(new)

    def _became_main(self, group: Group) -> None:
        self._main = group
        for side in self._waiting:
            if side is not group:
                side.anchor = group
        self._waiting = []

    def _resolve(self, group: Group) -> None:
        """A group that found no verb is attached to the action before it, or left as an action of its own."""
        self.reading.remove(group)
        if group in self.timeline:
            self.timeline.remove(group)
        before = self.reading[-1] if self.reading else None
        if before is None or before.needs_main:
            self.reading.append(group)
            self.timeline.append(group)
            return
        append_words(before, [*group.led_by, *group.tokens])
        self._current = before

    def _close(self, hard: bool) -> None:
        """The end of a sentence: what has found no verb by now is attached, read again, or left as it is."""
        group = self._current
        self.timeline += self._held
        if group is None or group.clause is not None:
            return
        alone = len(self.reading) == 1 or (hard and group.began == 0)
        if group.needs_main:
            group.needs_main = False
            if not alone:
                self._resolve(group)
                return
            # "while jumping" is all there is
            group.tokens = group.tokens[1:]
            group.clause = analyse(group.tokens)
            return
        whole = analyse(group.tokens)
        if whole.acts:
            group.clause = whole
        elif not alone or belongs_back(group.tokens):
            self._resolve(group)
