"""Clauses put together as actions, in order of time.

What stays together: verbs joined by a bare "and" ("walks and waves" may be at once), unless there are three
or more of them, or they end a list of commas, or a duration stands between them; what "while", "as", "until"
and "when" join; gerunds that describe ("walks, swinging his arms"); everything without a verb.
"""

from __future__ import annotations

from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import shorten
from mdm_adapter.prompts.clauses import (
    COMMAS,
    ORDERED,
    Clause,
    Joiner,
    is_body_part,
    is_prefix,
    move_head,
    noun_head,
)
from mdm_adapter.prompts.parse import Word, is_subject
from mdm_adapter.prompts.sharing import repeats, share, there_and_back

_LISTING = (Joiner.COMMA, Joiner.COMMA_AND, Joiner.AND)


class Order:
    """Reads sentence after sentence; `line` is in order of time, `told` in the order of the text."""

    def __init__(self) -> None:
        self.line: list[Clause] = []
        self.told: list[Clause] = []
        self.notes: list[str] = []

    def add(self, clauses: Sequence[Clause], *, hard: bool) -> None:
        """Add the actions of one sentence; `hard` says that a line, a number or an arrow came before it."""
        self._first = len(self.line)
        self._current: Clause | None = None
        self._main: Clause | None = None
        # words that wait for the clause that they stand before, and whether they are a clause themselves
        self._prefix: list[Word] = []
        self._described = False
        # actions told before the main clause that they precede or follow, and those that follow it in time
        self._waiting: list[Clause] = []
        self._held: list[Clause] = []
        listing = _is_list(clauses) or (not self.told and _is_postures(clauses))
        for n, clause in enumerate(clauses):
            rest = clauses[n + 1 :]
            if self._repeat(clause):
                continue
            if listing:
                self._begin(clause)
            else:
                self._place(clause, rest)
        self._close(clauses, hard)

    def _place(self, clause: Clause, rest: Sequence[Clause]) -> None:
        current = self._current
        if self._prefix:
            self._behind_prefix(clause, rest)
        elif (
            current is None
            or (
                clause.fronted
                and clause.joiner in (Joiner.WITH, *ORDERED)
                and clause.acts
                and _finite_follows(rest)
            )
            or (not clause.acts and self._leads_on(clause, rest))
        ):
            self._open(clause, rest)
        elif current in self._waiting and clause.acts and clause.joiner not in ORDERED:
            self._after_fronted(current, clause, rest)
        else:
            self._decide(current, clause, rest)

    def _open(self, clause: Clause, rest: Sequence[Clause]) -> None:
        """The first clause of a sentence, or one that begins anew in its middle: "then, after jumping"."""
        describes = clause.gerund and not clause.subject and _describes(rest)
        if clause.acts and clause.joiner in ORDERED:
            self._wait(clause, self._held if clause.joiner is Joiner.BEFORE else self.line)
        elif describes and clause.base == "have":
            self._wait(clause, self.line)  # "having climbed the stairs, he waves" are two
        elif clause.joiner is Joiner.WITH or describes or not clause.acts:
            keeps = clause.joiner in (Joiner.WITH, *ORDERED)
            self._prefix = [*(_from_subordinator(clause.joined_by) if keeps else []), *clause.words]
            self._described = clause.acts
            self._lead = [] if keeps else [w for w in clause.joined_by if w.is_word]
            self._held_clause = clause
        else:
            self._begin(clause)

    def _behind_prefix(self, clause: Clause, rest: Sequence[Clause]) -> None:
        """The clause that words such as "while walking," or "with both hands" wait for, or more of them."""
        joiner = clause.joiner
        if self._described:
            main = joiner in (*COMMAS, Joiner.THEN, Joiner.FOLLOWED) and (
                clause.finite or not _finite_follows(rest)
            )
            marked = any(not w.is_word for w in clause.joined_by)
            between = [Word(",")] if main and marked else [] if main else clause.joined_by
            self._prefix[-1].space = self._prefix[-1].space and not (main and marked)
        else:
            if clause.acts and joiner in (Joiner.THEN, Joiner.FOLLOWED, *ORDERED):
                if joiner is not Joiner.THEN or not is_prefix(self._prefix):
                    self._flush()
                    self._place(clause, rest)
                    return
                clause.joined_by = []
            main = joiner is not Joiner.WITH
            between = clause.joined_by
        if clause.acts and main:
            before, self._prefix = self._prefix, []
            if (
                clause.finite
                and not clause.subject
                and not self._described
                and is_subject(before)
                and not is_prefix(before)
            ):
                clause.named(before)  # "The character: walks"
            else:
                clause.words = [*before, *between, *clause.words]
            self._begin(clause)
        else:
            self._prefix += [*between, *clause.words]

    def _after_fronted(self, current: Clause, clause: Clause, rest: Sequence[Clause]) -> None:
        """After "after jumping": more of it, or the main clause."""
        more = clause.gerund and _finite_follows(rest)
        if clause.joiner in (Joiner.AND, Joiner.OR, Joiner.WITH) or (
            clause.joiner is Joiner.COMMA_AND and more
        ):
            self._attach(current, clause)
        elif clause.joiner is Joiner.COMMA and more:
            self._wait(clause, self._held if current in self._held else self.line)
        else:
            self._begin(clause)

    def _decide(self, current: Clause, clause: Clause, rest: Sequence[Clause]) -> None:
        """Attach a clause to the action so far, or begin the next action with it."""
        perfect = clause.gerund and clause.base == "have" and clause.joiner in COMMAS
        listed = clause.moves and any(w.text == ":" for w in clause.joined_by[-1:])
        if not clause.finite and not clause.gerund and not listed and self._shares(current, clause, rest):
            return
        if (
            not clause.acts
            and clause.joiner in (Joiner.THEN, Joiner.FOLLOWED)
            and _names_thing(clause.spoken)
        ):
            _as_move(clause)
        if not clause.acts:
            self._attach(current, clause)
        elif clause.joiner is Joiner.AFTER or perfect:
            clause.anchor = self._main or current
            at = self.line.index(clause.anchor) if clause.anchor in self.line else len(self.line)
            self.line.insert(at, self._tell(clause))
        elif listed or clause.joiner is Joiner.BEFORE or _begins_action(current, clause, rest):
            self._begin(clause)
        else:
            self._attach(current, clause)

    def _shares(self, current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
        """ "leans left and then right": what follows takes the verb of what came before."""
        text = _quote(clause.words)
        shared = None if current.open else share(current, clause, rest)
        if shared is None:
            return False
        if there_and_back(current, clause, rest):
            self.notes.append(f"{text} kept with what comes before: one way there and back")
            return False
        self.notes.append(f"{text} read as {_quote(shared.words)}")
        self._begin(shared)
        return True

    def _repeat(self, clause: Clause) -> bool:
        """Add what came before once more, or several times: the sentence so far, or everything before it."""
        more = repeats(clause, self._current.words if self._current else (), len(self.line) - self._first)
        if not more or not self.line:
            return False
        lowers = [w.lower for w in clause.spoken]
        span = self.line[-1:] if lowers == ["again"] else self.line[self._first :] or self.line[:]
        self.line += span * more
        what = "the action before" if len(span) == 1 else f"the {len(span)} actions before"
        self.notes.append(f"{_quote(clause.words)} taken as {what}, {more} more time{'s' * (more > 1)}")
        return True

    def _attach(self, current: Clause, clause: Clause) -> None:
        same = (
            len(current.subject) == len(clause.subject) == 1
            and current.subject[0].lower == clause.subject[0].lower
        )
        if clause.joiner is Joiner.AND and same:
            # "I walk and I wave"
            clause.words = [w for w in clause.words if w not in clause.subject]
            clause.subject = ()
        current.words += [*clause.joined_by, *clause.words]
        if clause.verb is None or clause.moves or current.verb is None:
            return
        if clause.joiner is Joiner.WITH:
            current.open = True
            return
        listed = clause.joiner in (*_LISTING, Joiner.OR) and not current.open and not clause.subject
        if listed and clause.verb.form == current.verb.form:
            current.beside.append(clause.verb)
            if clause.joiner is Joiner.AND:
                self.notes.append(f"'and' before {_quote(clause.words)} taken as: at the same time")

    def _leads_on(self, clause: Clause, rest: Sequence[Clause]) -> bool:
        """True for "then suddenly, he jumps": words without a verb that belong to the next clause."""
        if not rest or rest[0].joiner is not Joiner.COMMA:
            return False
        following = rest[0].finite
        if clause.joiner in (Joiner.WITH, *ORDERED):
            return clause.fronted and following
        adverbs = all(w.is_adverb and w.lower not in words.DIRECTIONS for w in clause.spoken)
        waits = self._current in self._waiting and is_prefix(clause.words)
        aside = clause.joiner in (Joiner.THEN, Joiner.COMMA_AND) and len(clause.joined_by) > 1
        if (aside and clause.joined_by[-1].text == ",") or (adverbs and clause.joiner is Joiner.THEN):
            return following
        return following and (waits or (adverbs and bool(rest[0].subject)))

    def _tell(self, clause: Clause) -> Clause:
        clause.previous = self.told[-1] if self.told else None
        self.told.append(clause)
        self._current = clause
        return clause

    def _wait(self, clause: Clause, line: list[Clause]) -> None:
        self._waiting.append(self._tell(clause))
        line.append(clause)

    def _begin(self, clause: Clause) -> None:
        """A main clause: the next action."""
        lone = self.told[0] if len(self.told) == 1 else None
        if (
            lone is not None
            and not lone.acts
            and clause.finite
            and not clause.subject
            and any(w.lower in words.ACTORS for w in lone.words)
        ):
            # "a man:" on a line before "walks"
            self.told, self.line = [], []
            clause.named(lone.words)
        self.line.append(self._tell(clause))
        self._main = clause
        for side in self._waiting:
            side.anchor = clause
        self._waiting = []

    def _flush(self) -> None:
        """Words that found no verb are attached to the action before them, or left as an action of their own."""
        ws, self._prefix = self._prefix, []
        clause = self._held_clause
        clause.words = ws
        before = self.told[-1] if self.told else None
        if before is None:
            clause.verb = clause.verb if self._described else None
            self.line.append(self._tell(clause))
            return
        if before.words:
            before.words[-1].space = False
        if not ws[0].tag.startswith("NNP"):
            ws[0].text = ws[0].text[:1].lower() + ws[0].text[1:]
        before.words += [Word(","), *self._lead, *ws]
        self._current = before

    def _close(self, clauses: Sequence[Clause], hard: bool) -> None:
        """The end of a sentence: what has found no verb by now is attached, read again, or left as it is."""
        self.line += self._held
        if not self._prefix:
            return
        opens = hard and self._held_clause is clauses[0]
        if self._described and (opens or not self.told):
            # "while jumping" is all there is
            self._held_clause.words = self._prefix[1:]
            self._begin(self._held_clause)
        elif self._described or not self.told or not opens or _belongs_back(self._prefix):
            self._flush()
        else:
            self._held_clause.words = self._prefix
            self.line.append(self._tell(self._held_clause))


def _begins_action(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    joiner = clause.joiner
    if joiner is Joiner.FOLLOWED:
        # "followed by a dog" and "followed by a woman walking" are company, not actions
        return not (clause.gerund and clause.subject)
    if joiner in COMMAS:
        return _continues(current, clause, rest)
    if joiner is Joiner.AND and not current.open:
        timed = any(w.seconds is not None for w in current.words)
        # the end of a list: "walks, turns and sits", "walks and turns and sits"
        same = [w.lower for w in current.subject] == [w.lower for w in clause.subject]
        listed = current.joiner in (*COMMAS, Joiner.AND) and (same or not current.subject)
        return _same_shape(current, clause, rest) and (timed or listed or _chain_of_and(current, rest))
    return joiner is Joiner.THEN


def _continues(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True when a clause that follows a comma is the next action."""
    if clause.subject:
        # "he walks, his left arm swings" is one picture
        alike = clause.finite or current.gerund
        return alike and not is_body_part(clause.subject)
    if clause.moves:
        order = clause.insert is not None and clause.insert.form == "base" == _form(current)
        return current.moves or order or (current.gerund and not current.subject)
    if clause.gerund:
        # one gerund describes ("is walking, swinging his arms"), two or more are a list
        several = sum(c.gerund and not c.subject and c.joiner in _LISTING for c in rest) >= 1
        return (current.gerund and not current.subject) or (
            (current.gerund or current.progressive) and several
        )
    return _same_verb_form(current, clause, rest)


def _same_shape(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True when both sides of an "and" are actions of the same shape, so that they may be told apart."""
    if clause.moves or current.moves:
        return clause.moves and current.moves
    if clause.subject and clause.finite:
        return not is_body_part(clause.subject)
    if clause.gerund:
        return current.gerund or current.progressive
    return _form(clause) == _form(current) and not _lists_nouns(current, clause, rest)


def _chain_of_and(current: Clause, rest: Sequence[Clause]) -> bool:
    """True when one more verb follows by "and" before anything else separates actions."""
    for n, clause in enumerate(rest):
        if clause.joiner in (Joiner.THEN, Joiner.FOLLOWED, *ORDERED) or (
            clause.joiner in COMMAS and clause.finite
        ):
            return False
        if clause.acts and clause.joiner is Joiner.AND and _same_shape(current, clause, rest[n + 1 :]):
            return True
    return False


def _same_verb_form(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True when a verb behind a comma can be coordinated with the main verb of the action so far."""
    form, new = _form(current), _form(clause)
    if not current.finite:
        return new in ("s", "base")
    if clause.verb is None or _lists_nouns(current, clause, rest):
        return False
    if form == new:
        return new != "part"
    if new == "part":
        return form == "past" and clause.verb.lower.endswith("ed")  # "leaned back, stretched"
    if new == "base":
        return form in ("s", "past")  # "a person walks, wave hands": not English, but what people write
    return (new == "s" and (form == "past" or len(clause.spoken) > 1)) or (
        new == "past" and clause.verb.tag == "VBD"
    )


def _lists_nouns(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True for "does a jump, spin and kick": what follows are objects, although each could be a verb."""
    if current.base not in words.LIGHT_VERBS or current.verb is None:
        return False
    form, new = _form(current), _form(clause)
    if any(_form(c) == new == form and len(c.words) > 1 for c in rest):
        return False  # "throw a punch, duck, throw a kick"
    named = move_head(current.words[current.words.index(current.verb) + 1 :])
    if named is None or (new == "s" and not named.lower.endswith("s")):
        return False  # "takes a step, falls"
    return len(clause.spoken) == 1 or (new == "base" and new != form)


def _form(clause: Clause) -> str | None:
    return clause.verb.form if clause.verb is not None and not clause.moves else None


def _finite_follows(rest: Sequence[Clause]) -> bool:
    """True when a comma and a clause with a finite verb come later in this sentence."""
    for clause in rest:
        if clause.joiner is Joiner.THEN and clause.acts:
            return clause.finite and bool(clause.subject)
        if clause.joiner is Joiner.COMMA and clause.finite:
            return True
    return False


def _describes(rest: Sequence[Clause]) -> bool:
    """True when a gerund that opens a sentence describes the clause behind the next comma."""
    for clause in rest:
        if clause.joiner is Joiner.COMMA:
            order = not clause.subject and _form(clause) == "base"
            return order or (clause.finite and bool(clause.subject) and not is_body_part(clause.subject))
        if clause.joiner is not Joiner.AND or not clause.gerund:
            return False
    return False


def _is_postures(clauses: Sequence[Clause]) -> bool:
    """ "arms up, then arms down" and "left, right, left": sentences without a verb, which a person can but do."""
    for clause in clauses:
        ws = clause.spoken
        body = any(w.lower in words.BODY for w in ws[:3]) and ws[0].tag != "IN" and len(ws) > 1
        body = body and not any(w.lower in words.ACTORS for w in ws)
        way = len(clauses) > 1 and len(ws) == 1 and ws[0].lower in words.OPPOSITES
        if clause.acts or not (body or way):
            return False
    for clause in clauses:
        clause.moves, clause.insert = True, clause.spoken[0]
    return True


def _is_list(clauses: Sequence[Clause]) -> bool:
    """True for "jab, cross, hook": a row of short names, of which one at least is known as a move."""
    if len(clauses) < 2 or not any(c.acts for c in clauses) or clauses[0].joiner is Joiner.WITH:
        return False
    for n, clause in enumerate(clauses):
        ws = clause.spoken
        bare = clause.moves or (clause.acts and not clause.subject and len(ws) == 1)
        named = not clause.acts and _names_thing(ws)
        if (n and clause.joiner not in (*COMMAS, Joiner.THEN)) or len(ws) > 4 or not (bare or named):
            return False
    for clause in clauses:
        if not clause.acts:
            _as_move(clause)
    return True


def _as_move(clause: Clause) -> None:
    clause.verb, clause.moves, clause.insert = noun_head(clause.spoken), True, clause.spoken[0]


def _names_thing(ws: Sequence[Word]) -> bool:
    """True for a thing that a person can only do: "a ginga"."""
    head = noun_head(ws)
    nobody = words.BODY | words.DIRECTIONS | words.ACTORS | words.ADJECTIVE_VERBS
    if head is None or head.lower in nobody or is_prefix(ws):
        return False
    return head.tag.startswith("NN") or head.tag in ("JJ", "FW")


def _from_subordinator(ws: Sequence[Word]) -> list[Word]:
    keep = (*words.SUBORDINATORS, "before", "after", "once")
    return list(ws[next((i for i, w in enumerate(ws) if w.lower in keep), 0) :])


def _belongs_back(ws: Sequence[Word]) -> bool:
    """True for a line without a verb that goes on with the line before it: "left", "with both hands"."""
    head = next((w for w in ws if w.is_word), None)
    return head is None or is_prefix(ws) or head.lower in words.DIRECTIONS or is_body_part(ws[:3])


def _quote(ws: Sequence[Word]) -> str:
    return repr(shorten("".join(w.text + " " * w.space for w in ws).strip(" ,"), 40))
