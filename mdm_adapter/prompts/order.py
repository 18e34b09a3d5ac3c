"""Clauses put together as actions, in order of time.

What stays together: verbs joined by a bare "and" of which one is done during the other ("walks and waves"),
unless there are three or more of them, or they end a list of commas, or a duration stands between them; what
"while", "as", "until" and "when" join; gerunds that describe ("walks, swinging his arms"); what has no verb.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.action import shorten
from mdm_adapter.prompts.clauses import COMMAS, ORDERED, Clause, Joiner
from mdm_adapter.prompts.sharing import repeats, share, there_and_back
from mdm_adapter.prompts.together import AS_ONE, IN_TURN, relation
from mdm_adapter.prompts.word import Word, is_body_part, is_prefix, is_subject, lowers, move_head, noun_head

_LISTING = (*COMMAS, Joiner.AND)
_OPENING = (Joiner.WITH, *ORDERED)  # "then, after jumping, he bows"


class Order:
    """Reads sentence after sentence; `line` is in order of time, `told` in the order of the text."""

    def __init__(self, notes: list[str], *, steps: bool) -> None:
        """`steps` says that the prompt is a row of sentences, each a step of its own."""
        self.notes, self._steps = notes, steps
        self.line: list[Clause] = []
        self.told: list[Clause] = []

    def add(self, clauses: Sequence[Clause], *, hard: bool) -> None:
        """Add the actions of one sentence; `hard` says that a line, a number or an arrow came before it."""
        self._first = len(self.line)
        self._current: Clause | None = None
        # words that wait for the clause that they stand before; `open` when they are a clause themselves
        self._pending: Clause | None = None
        # clauses told before the main one, "after jumping, he bows", and those of them that happen after it
        self._waiting: list[Clause] = []
        self._held: list[Clause] = []
        fronted = [c for c in clauses if c.joiner is Joiner.WITH and c.fronted and c.subject]
        happens = any(not {*lowers(c.subject)} & words.THINGS for c in fronted)
        self._parted = self._steps or happens or any(c.joiner in (Joiner.THEN, *ORDERED) for c in clauses)
        listing = _is_list(clauses) or (not self.told and _is_postures(clauses))
        for n, clause in enumerate(clauses):
            if self._repeat(clause, clauses[n + 1 :]):
                continue
            if listing:
                self._begin(clause)
            else:
                self._place(clause, clauses[n + 1 :])
        self.line += self._held
        if self._pending is not None:
            self._settle(alone=hard or not self.told)

    def _place(self, clause: Clause, rest: Sequence[Clause]) -> None:
        current = self._current
        if self._pending is not None:
            self._join_pending(self._pending, clause, rest)
        elif current is None or (clause.acts and clause.fronted and clause.joiner in _OPENING):
            self._open(clause, rest)
        elif current in self._waiting and (clause.joiner not in ORDERED or _finite_follows(rest)):
            # after "after jumping": more of it, or the main clause
            if clause.joiner in ORDERED:
                self._wait(clause, self._held)
            elif clause.joiner in (Joiner.AND, Joiner.OR, Joiner.WITH):
                self._attach(current, clause)
            elif clause.gerund and _finite_follows(rest):
                self._wait(clause, self._held if current in self._held else self.line)
            else:
                self._begin(clause)
        else:
            self._decide(current, clause, rest)

    def _open(self, clause: Clause, rest: Sequence[Clause]) -> None:
        """The first clause of a sentence, or one that begins anew in its middle: "then, after jumping"."""
        describes = clause.gerund and not clause.subject and _describes(rest)
        if clause.acts and (clause.joiner in ORDERED or (describes and clause.base == "have")):
            # "having climbed the stairs, he waves" are two
            self._wait(clause, self._held if clause.joiner is Joiner.BEFORE else self.line)
        elif clause.joiner is Joiner.WITH or describes or not clause.acts:
            keep = (*words.SUBORDINATORS, "before", "after", "once")
            at = next((i for i, w in enumerate(clause.joined_by) if w.lower in keep), 0)
            if clause.joiner in _OPENING:
                clause.words, clause.joined_by = [*clause.joined_by[at:], *clause.words], []
            clause.open = clause.acts
            self._pending = clause
        else:
            self._begin(clause)

    def _join_pending(self, pending: Clause, clause: Clause, rest: Sequence[Clause]) -> None:
        """The clause that words such as "while walking," or "with both hands" wait for, or more of them."""
        joiner = clause.joiner
        main = clause.acts and joiner is not Joiner.WITH
        if pending.open:
            main = main and joiner in (*COMMAS, Joiner.THEN) and clause.finite
        elif main and (joiner in ORDERED or (joiner is Joiner.THEN and not is_prefix(pending.words))):
            self._settle(alone=False)
            self._place(clause, rest)
            return
        if not main:
            pending.words += [*clause.joined_by, *clause.words]
            return
        self._pending = None
        actor = any(w.opens_noun or w.tag == "NNP" or w.lower in words.ACTORS for w in pending.words)
        bare = not is_prefix(pending.words)
        label = bare and any(w.text in (":", "–", "-") for w in clause.joined_by[:1])
        label = label and not (actor and not clause.subject)  # "Kata one: he bows"
        if bare and not label and is_subject(pending.words) and not pending.open and not clause.subject:
            clause.named(pending.words)  # "The character: walks"
        elif not label:
            marked = any(not w.is_word for w in clause.joined_by)
            pending.words[-1].space = pending.words[-1].space and not marked
            clause.words = [*pending.words, *([Word(",")] if marked else clause.joined_by), *clause.words]
        self._begin(clause)

    def _decide(self, current: Clause, clause: Clause, rest: Sequence[Clause]) -> None:
        """Attach a clause to the action so far, or begin the next action with it."""
        listed = clause.moves and any(w.text == ":" for w in clause.joined_by)
        if not clause.finite and not clause.gerund and not listed and self._shares(current, clause, rest):
            return
        listed = listed or (current.moves and current.joiner in COMMAS and clause.joiner is Joiner.AND)
        ends = (clause.joiner is Joiner.THEN and not clause.acts) or (listed and len(clause.spoken) < 3)
        if ends and not clause.subject and _names_thing(clause.spoken):
            _as_move(clause)  # "arm circles, toe touches and lunges"
        if clause.acts and (clause.joiner is Joiner.AFTER or (clause.gerund and clause.base == "have")):
            clause.anchor = current
            at = self.line.index(current) if current in self.line else len(self.line)
            self.line.insert(at, self._tell(clause))
            return
        begins = listed or _begins_action(current, clause, rest) or self._follows(current, clause, rest)
        if clause.acts and begins:
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

    def _repeat(self, clause: Clause, rest: Sequence[Clause]) -> bool:
        """Add what came before once more, or several times: the sentence so far, or everything before it."""
        more = repeats(clause, self._current.words if self._current else ())
        other = clause.joiner is Joiner.WITH or any(c.joiner is Joiner.OR for c in rest[:1])
        if other or not more or not self.line:
            return False
        again = lowers(clause.spoken) == ["again"]
        span = self.line[-1:] if again else self.line[self._first :] or self.line[:]
        self.line += span * more
        what = "the action before" if len(span) == 1 else f"the {len(span)} actions before"
        self.notes.append(f"{_quote(clause.words)} taken as {what}, {more} more time{'s' * (more > 1)}")
        return True

    def _follows(self, current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
        """True when a bare "and" joins what is done one after the other."""
        if clause.joiner is not Joiner.AND or current.open or not clause.acts:
            return False
        same = not (current.subject and clause.subject) or lowers(current.subject) == lowers(clause.subject)
        if not same and current.words[-1].text == '"':
            return True  # "says "jump" and the girl jumps"
        bare = len(current.words) > 2 and current.words[-1].is_plural and not current.words[-2].opens_noun
        things = bare and len(clause.spoken) == 1 and current.words[-1] is not current.verb
        if things or _lists_nouns(current, clause):
            return False
        # the end of a list: "walks, turns and sits", "walks and turns and sits"
        parts = itertools.takewhile(lambda c: c.joiner not in (Joiner.THEN, *ORDERED), rest)
        chain = any(c.joiner is Joiner.AND and c.form == current.form and c.acts for c in parts)
        timed = any(w.seconds is not None for w in current.words)
        alone = same and bool(current.subject) == bool(clause.subject)
        if clause.form == current.form and (timed or chain or (current.joiner in _LISTING and alone)):
            return True
        if not (same and clause.form and current.form and _alike(clause, current)):
            return False
        verb = current.beside[-1] if current.beside else current.verb
        how = relation(current, verb, clause, parted=self._parted) if verb else AS_ONE
        self.notes.append(f"'and' before {_quote(clause.words)} taken as: {how}")
        return how == IN_TURN

    def _attach(self, current: Clause, clause: Clause) -> None:
        same = len(clause.subject) == 1 and lowers(current.subject) == lowers(clause.subject)
        if clause.joiner is Joiner.AND and same:
            # "I walk and I wave"
            clause.words = [w for w in clause.words if w not in clause.subject]
            clause.subject = ()
        current.words += [*clause.joined_by, *clause.words]
        if clause.joiner is Joiner.WITH:
            current.open = True
        elif clause.form and clause.verb and not (current.open or clause.subject) and _alike(clause, current):
            current.beside.append(clause.verb)

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
        lone = self.told[0] if len(self.told) == 1 and not self.told[0].acts else None
        if lone and clause.finite and not clause.subject and set(lowers(lone.words)) & words.ACTORS:
            self.told, self.line = [], []
            clause.named(lone.words)  # "a man:" on a line before "walks"
        self.line.append(self._tell(clause))
        for side in self._waiting:
            side.anchor = clause
        self._waiting = []

    def _settle(self, *, alone: bool) -> None:
        """Words that found no verb become an action of their own, or part of the one before."""
        clause, self._pending = self._pending, None
        assert clause is not None
        before = self.told[-1] if self.told else None
        named = before is not None and before.form == "base" and len(clause.spoken) == 1
        if named and _names_thing(clause.spoken):
            _as_move(clause)  # "Block. Parry. Riposte."
            self._begin(clause)
        elif clause.open and alone:
            clause.words, clause.open = clause.words[1:], False  # "while jumping" is all there is
            self._begin(clause)
        elif alone or before is None:
            self.line.append(self._tell(clause))
        else:
            before.words[-1].space = False
            if not clause.words[0].tag.startswith("NNP"):
                clause.words[0].text = clause.words[0].text[:1].lower() + clause.words[0].text[1:]
            before.words += [Word(","), *(w for w in clause.joined_by if w.is_word), *clause.words]
            self._current = before


def _finite_follows(rest: Sequence[Clause]) -> bool:
    """True when a comma and a clause with a finite verb come later in this sentence."""
    return any(clause.joiner is Joiner.COMMA and clause.finite for clause in rest)


def _describes(rest: Sequence[Clause]) -> bool:
    """True when a gerund that opens a sentence describes the clause behind the next comma."""
    clause = next((c for c in rest if c.joiner is not Joiner.AND or not c.gerund), None)
    if clause is None or clause.joiner is not Joiner.COMMA or not clause.finite:
        return False
    return not is_body_part(clause.subject) if clause.subject else clause.form == "base"


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
        # "spinning heel kick"
        nouns = all(w.is_noun or w.tag[:2] in ("JJ", "RB", "RP", "VB") for w in ws[1:])
        nouns = (
            nouns and n > 0 and len(ws) > 1 and clause.gerund and not clause.subject and not ws[-1].is_plural
        )
        named = (nouns or not clause.acts or _names_moves(clause, clauses)) and _names_thing(ws)
        listed = clause.joiner in (*COMMAS, Joiner.THEN) or (clause.joiner is Joiner.AND and n > 1)
        limb = len(ws) == 1 and ws[0].lower in words.BODY  # "jab, elbow, knee"
        if (n and not listed) or len(ws) > 4 or not (bare or named or limb):
            return False
    for clause in clauses:
        if not clause.acts or clause.subject:
            _as_move(clause)
    return True


def _names_moves(clause: Clause, clauses: Sequence[Clause]) -> bool:
    """True for "frog jumps" among names of moves, where nobody is called frog."""
    bare = len(clause.subject) == 1 and len(clause.spoken) == 2 and clause.form == "s"
    acting = {c.form for c in clauses if c.acts and not c.subject} == {"s"}
    return bare and clause.subject[0].tag == "NN" and (any(c.moves for c in clauses) or not acting)


def _as_move(clause: Clause) -> None:
    clause.verb, clause.moves, clause.insert = noun_head(clause.spoken), True, clause.spoken[0]
    clause.subject = ()


def _names_thing(ws: Sequence[Word]) -> bool:
    """True for a thing that a person can only do: "a ginga"."""
    head = noun_head(ws)
    if head is None or head.tag[:2] not in ("NN", "JJ", "FW") or is_prefix(ws):
        return False
    return head.lower not in words.BODY | words.DIRECTIONS | words.ACTORS | words.ADJECTIVE_VERBS


def _quote(ws: Sequence[Word]) -> str:
    return repr(shorten("".join(w.text + " " * w.space for w in ws).strip(" ,"), 40))


def _begins_action(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    joiner = clause.joiner
    if joiner in COMMAS:
        return _continues(current, clause, rest)
    return joiner in (Joiner.THEN, Joiner.BEFORE)


def _continues(current: Clause, clause: Clause, rest: Sequence[Clause]) -> bool:
    """True when a clause that follows a comma is the next action."""
    lone = current.gerund and not current.subject
    if clause.subject:
        # "he walks, his left arm swings" is one picture
        return not is_body_part(clause.subject)
    if clause.moves:
        return current.moves or lone or current.form == "base"  # "rest, side plank"
    if clause.gerund:
        # one gerund describes ("is walking, swinging his arms"), two or more are a list
        several = any(c.gerund and c.joiner in _LISTING for c in rest)
        return lone or ((current.gerund or current.progressive) and several)
    if _lists_nouns(current, clause):
        return False
    # "leaned back, stretched", but not "walks, shoulders slumped"
    return clause.form != "part" or current.form == "past"


def _lists_nouns(current: Clause, clause: Clause) -> bool:
    """True for "does a jump, spin and kick": what follows are objects, although each could be a verb."""
    if current.verb is None or current.base not in words.LIGHT_VERBS:
        return False
    old, new = current.form, clause.form
    named = move_head(current.words[current.words.index(current.verb) + 1 :])
    if named is None or (new == "s" and not named.lower.endswith("s")):
        return False  # "takes a step, falls"
    return len(clause.spoken) == 1 or (new == "base" and new != old)


def _alike(clause: Clause, current: Clause) -> bool:
    forms = {clause.form, current.form}
    return len(forms) == 1 or (forms == {"s", "base"} and current.base not in words.LIGHT_VERBS)
