"""A sentence cut at everything that may separate two actions, and each piece read as a clause."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from mdm_adapter.prompts import words
from mdm_adapter.prompts.parse import Word
from mdm_adapter.prompts.verbs import Form, is_motion, parts_of_speech, readings


class Kind(enum.Enum):
    """The kinds of clause."""

    FULL = "a man walks"
    GERUND_FULL = "a man walking"
    VERB = "walks / walk / walked"
    GERUND = "walking"
    MOVE = "a jump / slow walk"
    FRAGMENT = "with his left arm"


class Joiner(enum.IntEnum):
    """What stands before a chunk; where several stand together, the greatest counts."""

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


FINITE = (Kind.FULL, Kind.VERB)
COMMAS = (Joiner.COMMA, Joiner.COMMA_AND)
ORDERED = (Joiner.AFTER, Joiner.BEFORE)


@dataclass
class Clause:
    """The reading of a list of words; it points at words, since positions change when clauses merge."""

    kind: Kind
    words: list[Word]
    verb: Word | None = None
    form: Form | None = None
    subject: tuple[Word, ...] = ()
    # where a carried subject is inserted: the verb, or the adverbs before it
    insert: Word | None = None
    # words to leave out of the text: "who" of a caption without a main verb, "to" of an infinitive
    dropped: tuple[Word, ...] = ()

    @property
    def acts(self) -> bool:
        """True for everything but a fragment."""
        return self.kind is not Kind.FRAGMENT

    @property
    def base(self) -> str:
        return self.verb.base if self.verb is not None else ""

    @property
    def progressive(self) -> bool:
        """True for "is walking"."""
        if self.verb is None or self.verb.lower not in words.BE:
            return False
        after = self.words[self.words.index(self.verb) + 1 :]
        following = next((w for w in after if not w.is_adverb), None)
        return following is not None and following.form == "ing"


@dataclass
class Chunk:
    """A run of words between two joiners. `fronted` ones open a sentence: "After jumping, he bows"."""

    joiner: Joiner = Joiner.START
    joined_by: list[Word] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    fronted: bool = False
    # "who" of ", who then laughs" stands for these words
    antecedent: tuple[Word, ...] = ()
    clause: Clause = field(init=False)

    @property
    def aside(self) -> bool:
        """True for "then, slowly" and "and, slowly": a comma behind the connector opens an aside."""
        connected = self.joiner in (Joiner.THEN, Joiner.COMMA_AND)
        return connected and len(self.joined_by) > 1 and self.joined_by[-1].text == ","


class Sentence:
    """One parsed sentence: its chunks, and the subject of each of its verbs."""

    def __init__(self, ws: Sequence[Word]) -> None:
        self.words = list(ws)
        self._at = {word: i for i, word in enumerate(self.words)}
        self._edges = self._left_edges()
        # verb: where its subject begins, where it ends, and whether it belongs to a relative clause
        self._subjects = {w: self._subject(i) for i, w in enumerate(self.words) if w.is_finite}
        self._relative = {w for w in self._subjects if self._is_relative(w)}
        self.chunks = self._cut()
        for n, chunk in enumerate(self.chunks):
            chunk.fronted = chunk.fronted or n == 0
            chunk.clause = self._read(chunk)
            if chunk.joiner in ORDERED and self._about_thing(chunk):
                chunk.joiner = Joiner.WITH
            if chunk.joiner in ORDERED and chunk.clause.kind is Kind.FULL and chunk.clause.insert is not chunk.words[0]:
                # "before the start he stretches"
                chunk.joiner = Joiner.COMMA if n else Joiner.START
                chunk.words.insert(0, chunk.joined_by.pop())

    # --- who acts ---

    def _left_edges(self) -> list[int]:
        """The first word of what depends on each word."""
        edges = list(range(len(self.words)))
        for i, word in enumerate(self.words):
            above = word.head
            for _ in range(len(self.words)):
                if above is None or above not in self._at or edges[self._at[above]] <= i:
                    break
                edges[self._at[above]] = i
                above = above.head
        return edges

    def _subject(self, i: int) -> tuple[int, int] | None:
        """The span of the subject before the verb at `i`: by the tree, or else the nouns that stand there."""
        verb = self.words[i]
        end = i
        while end and _belongs_to_verb(self.words[end - 1]):
            end -= 1
        carrier = verb
        while carrier.dep in ("aux", "auxpass") and carrier.head is not None and carrier.head is not verb:
            carrier = carrier.head
        for j in range(end - 1, -1, -1):
            word = self.words[j]
            if word.dep in ("nsubj", "nsubjpass", "expl") and word.head in (verb, carrier):
                span = (self._edges[j], end)
                if self._plausible(span, i):
                    return span
                break
        return self._nouns_before(end)

    def _plausible(self, span: tuple[int, int], verb: int) -> bool:
        """True when a span of the tree reads like one subject."""
        phrase = self.words[span[0] : span[1]]
        if phrase[-1].text == "," and sum(w.text == "," for w in phrase) < 2:
            return False
        if self.words[verb].form == "base" and not _may_take_base(phrase):
            return False
        if any(_sequence(w) for w in self.words[span[1] : verb]):
            # "a man walking, then stops", "karate kata then bow"
            known = phrase[0].lower in words.DETERMINERS | words.POSSESSIVES | words.SUBJECT_PRONOUNS | words.NUMBERS
            known = known or phrase[0].tag == "NNP" or any(w.lower in words.ACTORS for w in phrase)
            if not known or any(w.form == "ing" for w in phrase):
                return False
        open_clause = False
        for word in phrase:
            if word.lower in words.RELATIVES:
                open_clause = True
            elif word.is_finite and not open_clause:
                return False
            elif _sequence(word) or word.lower in ("before", "after", "while", "as"):
                return False
        return is_subject(phrase) and (phrase[-1].is_word or open_clause or len(phrase) > 2)

    def _nouns_before(self, end: int) -> tuple[int, int] | None:
        start = end
        while start and (w := self.words[start - 1]).is_word and _in_noun_phrase(w):
            start -= 1
            if w.lower in words.DETERMINERS | words.POSSESSIVES | words.SUBJECT_PRONOUNS:
                break
        phrase = self.words[start:end]
        if not is_subject(phrase):
            return None
        verb = next((w for w in self.words[end:] if w.form), None)
        if verb is not None and verb.form == "base" and not verb.is_auxiliary and not _may_take_base(phrase):
            return None
        before = self.words[start - 1] if start else None
        pronoun = self.words[start].lower in words.SUBJECT_PRONOUNS
        inner = before is not None and (before.lower in words.PREPOSITIONS or before.form is not None)
        return None if inner and not pronoun else (start, end)

    def _is_relative(self, verb: Word) -> bool:
        span = self._subjects[verb]
        i = self._at[verb]
        start = span[0] if span else i
        while i and _belongs_to_verb(self.words[i - 1]):
            i -= 1
        before = {self.words[j].lower for j in (i - 1, start - 1) if j >= 0}
        return bool(before & words.RELATIVES) or (span is not None and self.words[span[0]].lower == "who")

    # --- where it is cut ---

    def _cut(self) -> list[Chunk]:
        ws = self.words
        owner = self._inside_subjects()
        chunks = [Chunk()]
        i = 0
        while i < len(ws):
            current = chunks[-1]
            joiner, length = _joiner_at(ws, i, at_start=not any(w.is_word for w in current.words))
            if length == 0 or owner[i] == "subject":
                current.words.append(ws[i])
                i += 1
                continue
            found = ws[i : i + length]
            if owner[i] == "gap" and joiner is Joiner.THEN:
                # "the man then bows": the connector belongs to the clause that "the man" has begun
                current.joiner = max(current.joiner, joiner)
                i += length
                continue
            i += length
            if joiner in ORDERED:
                while current.words and current.words[-1].lower in _CLOSE_TO:
                    found.insert(0, current.words.pop())
            if any(w.is_word for w in current.words):
                chunks.append(Chunk(joiner, found))
                if found[-1].lower == "then" and ws[i - 2 : i - 1] and ws[i - 2].lower in ("who", "which"):
                    chunks[-1].antecedent = self._antecedent(i - 2)
            else:
                _add_joiner(current, joiner, found)
        if not any(w.is_word for w in chunks[-1].words):
            _drop_empty_end(chunks)
        return [part for chunk in chunks for part in self._run_on(chunk)]

    def _inside_subjects(self) -> list[str]:
        """For each word whether it stands in a subject, or between a subject and its verb."""
        inside = [""] * len(self.words)
        for verb, span in self._subjects.items():
            if span is None or verb in self._relative:
                continue
            for i in range(span[0] + 1, span[1]):
                inside[i] = "subject"
            for i in range(span[1], self._at[verb]):
                inside[i] = "gap"
        return inside

    def _antecedent(self, end: int) -> tuple[Word, ...]:
        """The noun phrase before ", who then"."""
        while end and not self.words[end - 1].is_word:
            end -= 1
        span = self._nouns_before(end)
        return tuple(w.copy() for w in self.words[span[0] : span[1]]) if span else ()

    def _run_on(self, chunk: Chunk) -> list[Chunk]:
        """ "After jumping he bows", "he walks he stops", "walk forward turn left": cut without a comma."""
        toks = chunk.words
        seen: Word | None = None
        for k, word in enumerate(toks):
            if word.form == "ing" and seen is None and chunk.joiner in ORDERED:
                seen = word
            if not word.is_finite or word in self._relative:
                continue
            span = self._subjects[word]
            start = toks.index(self.words[span[0]]) if span and self.words[span[0]] in toks else k
            if seen is not None and start > 0 and self._new_clause(toks, start, k, seen, chunk):
                rest = Chunk(Joiner.COMMA, [], toks[start:])
                return [Chunk(chunk.joiner, chunk.joined_by, toks[:start], chunk.fronted), *self._run_on(rest)]
            if seen is None and word.base in words.REPORTING:
                return [chunk]
            seen = seen or word
        return [chunk]

    def _new_clause(self, toks: list[Word], start: int, k: int, seen: Word, chunk: Chunk) -> bool:
        before, verb = toks[start - 1], toks[k]
        if before.lower in words.CONTENT_MARKERS or not before.is_word:
            return False
        if start < k:
            first = toks[start].lower
            if first in words.SUBJECT_PRONOUNS or chunk.joiner in (Joiner.WITH, *ORDERED):
                return True
            return first in words.DETERMINERS and verb.form == "s" and verb.tag.startswith("VB")
        # without a subject: only a verb like the one before it, behind something that ends a clause
        ends = before.lower in words.DIRECTIONS | {"it", "them", "him", "away", "off", "over"}
        moves = is_motion(verb.lower) and verb.base not in words.NOT_MOVES
        return ends and verb.form == seen.form and moves and before is not seen

    # --- what each piece is ---

    def _read(self, chunk: Chunk) -> Clause:
        toks = chunk.words
        fragment = Clause(Kind.FRAGMENT, toks)
        start = next((i for i, w in enumerate(toks) if w.is_word), len(toks))
        first = start
        while first < len(toks) and _skippable(toks, first):
            first += 1
        if first == len(toks):
            return fragment
        insert, head = toks[start], toks[first]
        if chunk.antecedent:
            verb = next((w for w in toks if w.is_finite), None)
            if verb is not None:
                chunk.words = toks = [*chunk.antecedent, *toks]
                return Clause(Kind.FULL, toks, verb, verb.form, chunk.antecedent, insert=toks[0])
        if head.lower == "to" and chunk.joiner in (Joiner.THEN, Joiner.START) and first + 1 < len(toks):
            verb = toks[first + 1]
            if any(form == "base" for _, form in readings(verb.lower)):
                verb.form, verb.base = "base", verb.lower
                return Clause(Kind.VERB, toks, verb, "base", insert=insert, dropped=(head,))
        if head.lower in words.RELATIVES and head.lower != "that":
            return fragment
        form = head.form
        if form is None and chunk.joiner is Joiner.THEN and _unknown_verb(head):
            form = head.form = "s"  # "then shimmies": a plural alone behind "then" is an unknown verb
            head.base = head.lower[:-1]
        if form == "base" and _compound_move(toks[first:]):
            return Clause(Kind.MOVE, toks, toks[first + 1], insert=head)
        if form is not None and not _modifies_noun(toks[first:], form):
            kind = Kind.GERUND if form == "ing" else Kind.VERB
            return Clause(kind, toks, head, form, insert=insert)
        return self._with_subject(toks, start, first) or self._named_move(toks, first, insert) or fragment

    def _with_subject(self, toks: list[Word], start: int, first: int) -> Clause | None:
        """A clause that names who acts, or that a phrase such as "with his left hand" opens."""
        finite = [w for w in toks[first + 1 :] if w.is_finite and self._main(w, toks)]
        relative = [w for w in toks[first + 1 :] if w.is_finite and w in self._relative]
        verb = next(iter(finite), None) or next(iter(relative), None)
        opens = toks[first].lower in words.PREPOSITIONS or toks[first].tag == "IN"
        there = toks[first].lower == "there"
        if verb is not None and not there:
            k = toks.index(verb)
            span = self._subjects[verb]
            subject = tuple(w for w in self.words[slice(*span)] if w in toks) if span else ()
            hi = toks.index(subject[-1]) + 1 if subject else k
            dropped: tuple[Word, ...] = ()
            if verb in self._relative:
                # "a man who walks": the caption has no other verb, so this one becomes the main verb
                cut = max((i for i in range(k) if toks[i].lower in words.RELATIVES), default=k)
                span_before = self._nouns_before(self._at[toks[cut]]) if cut < k else None
                if span_before is None:
                    return None
                subject, dropped = tuple(self.words[span_before[0] : span_before[1]]), (toks[cut],)
            prefixed = k == first + 1 and toks[first].lower in words.VERB_PREFIXES
            if not subject and prefixed and verb.base in words.NOT_MOVES:
                return Clause(Kind.VERB, toks, verb, verb.form, insert=toks[start])  # "shadow box"
            if not subject or (opens and subject[0] is toks[first]):
                plain = opens and verb.form in ("s", "base") and is_motion(verb.lower)
                return Clause(Kind.VERB, toks, verb, verb.form, insert=toks[hi]) if plain else None
            alone = subject[0].lower if len(subject) == 1 else ""
            if alone in words.VERB_PREFIXES | words.UNCOUNTED:
                return Clause(Kind.VERB, toks, verb, verb.form, insert=toks[start])
            if alone in words.BODY and verb.form == "s" and not subject[0].is_plural:
                return Clause(Kind.MOVE, toks, verb, insert=toks[start])  # "leg kicks", "arm circles"
            if is_body_part(subject) and verb.form in ("past", "part"):
                return None  # "his arms raised": a posture beside the action
            return Clause(Kind.FULL, toks, verb, verb.form, subject, insert=subject[0], dropped=dropped)
        return self._gerund_with_subject(toks, first + 2 if there else first, first) if not opens else None

    def _main(self, verb: Word, toks: list[Word]) -> bool:
        """True when a finite verb is not hidden in a relative clause or in somebody else's subject."""
        if verb in self._relative or toks[toks.index(verb) - 1].lower in ("having", "being", "to"):
            return False
        i = self._at[verb]
        return not any(
            span is not None and span[0] <= i < span[1] for other, span in self._subjects.items() if other is not verb
        )

    def _gerund_with_subject(self, toks: list[Word], start: int, first: int) -> Clause | None:
        """ "a man walking", "there is a man walking"."""
        if move_head(toks[start:]) is not None and toks[start].lower not in words.ACTORS:
            nouns = [w for w in toks[start:] if w.is_noun]
            if not (nouns and nouns[0].lower in words.ACTORS):
                return None
        for i in range(start + 1, len(toks)):
            if toks[i].form == "ing":
                subject = toks[start:i]
                while len(subject) > 1 and subject[-1].is_adverb:
                    subject.pop()
                if is_body_part(subject) or not is_subject(subject):
                    return None
                kind, dropped = Kind.GERUND_FULL, tuple(toks[first:start])
                return Clause(kind, toks, toks[i], "ing", tuple(subject), insert=toks[start], dropped=dropped)
        return None

    def _named_move(self, toks: list[Word], first: int, insert: Word) -> Clause | None:
        head = move_head(toks[first:]) or next((w for w in toks[first:] if w.lower in words.MOVE_NOUNS and w.is_noun), None)
        nouns = [w for w in toks[first:] if w.is_noun]
        if head is None or (nouns and nouns[0].lower in words.PEOPLE):
            return None
        return Clause(Kind.MOVE, toks, head, None, insert=insert)

    def _about_thing(self, chunk: Chunk) -> bool:
        """True for "after the bell rings": nobody's movement."""
        return any(w.lower in words.THINGS for w in chunk.clause.subject[-1:])


def is_body_part(subject: Sequence[Word]) -> bool:
    """True for "his left arm": such a subject moves with the person, it is nobody of its own."""
    head: Word | None = None
    for word in subject:
        if head is not None and (word.lower in words.PREPOSITIONS or word.tag in ("IN", "WP", "WDT")):
            break
        if word.is_noun:
            head = word
    return head is not None and head.lower in words.BODY


def move_head(toks: Sequence[Word]) -> Word | None:
    """The noun of "a slow jump to the left" if it names a move."""
    head = noun_head(toks)
    return head if head is not None and names_move(head) else None


def noun_head(toks: Sequence[Word]) -> Word | None:
    """The last word before the first preposition, relative or direction."""
    head: Word | None = None
    for word in toks:
        if not word.is_word or word.lower in words.PREPOSITIONS or word.tag in ("IN", "TO", "WDT", "WP"):
            break
        if head is not None and (word.lower in words.DIRECTIONS or word.is_adverb):
            if word.lower not in ("left", "right", "back", "side"):
                break
            continue
        head = word
        if head.tag == "VBG" and names_move(head) and word is not toks[0]:
            break
    return head


def names_move(word: Word) -> bool:
    """True when a noun may be the name of a move: "cartwheel", "jump", "cycle"."""
    low = word.lower
    name = low in words.NAMES and word.tag == "NNP" and word.text[0].isupper()
    if name or (low in words.ADJECTIVE_VERBS and low != "idle"):
        return False
    if low in words.MOVE_NOUNS | words.MOVE_COMPOUNDS or (low[-1:] == "s" and low[:-1] in words.MOVE_NOUNS):
        return True
    return is_motion(low) and any(f in ("base", "s") and b not in words.NOT_MOVES for b, f in readings(low))


def _belongs_to_verb(word: Word) -> bool:
    """True for "slowly" and "side" in "a man slowly side steps"."""
    if word.lower in words.VERB_PREFIXES or _sequence(word):
        return True
    return word.is_adverb and word.lower not in words.DIRECTIONS


def _sequence(word: Word) -> bool:
    return word.lower in words.SEQUENCE_WORDS


def _in_noun_phrase(word: Word) -> bool:
    low = word.lower
    if low in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS | words.SUBJECT_PRONOUNS:
        return True
    return (word.is_noun or word.tag[:2] in ("JJ", "CD", "VB", "PR")) and not word.is_finite and low != "to"


def is_subject(phrase: Sequence[Word]) -> bool:
    if not phrase:
        return False
    low = phrase[0].lower
    if low in words.SUBJECT_PRONOUNS:
        return len(phrase) == 1 or any(w.lower == "and" for w in phrase)
    if low in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS:
        return len(phrase) > 1 or low in words.STANDALONE
    return any(w.is_noun or w.tag in ("CD", "PRP", "NNP") for w in phrase)


def _may_take_base(phrase: Sequence[Word]) -> bool:
    """A plain verb needs several who act, a pronoun, or a person in bad grammar."""
    return any(
        w.lower == "and" or w.is_plural or w.lower in words.NUMBERS | words.SUBJECT_PRONOUNS | words.ACTORS
        for w in phrase
    )


def _skippable(toks: list[Word], i: int) -> bool:
    """Adverbs and polite words before the verb or the subject."""
    word = toks[i]
    if word.lower in ("please", "so", "or", "and", "but", "kindly"):
        return True
    return word.is_adverb and word.lower not in words.DIRECTIONS and i + 1 < len(toks)


def _unknown_verb(word: Word) -> bool:
    return word.tag == "NNS" and not names_move(word) and word.lower not in words.BODY


def _compound_move(toks: Sequence[Word]) -> bool:
    """True for "dodge roll left" and "spin kick", which name a move; "go walk" and "try to jump" do not."""
    if len(toks) < 2 or toks[0].is_auxiliary or toks[0].base in words.TAKES_VERB | words.LIGHT_VERBS:
        return False
    if parts_of_speech(toks[0].lower) == {"VERB"}:
        return False  # "regain balance"
    after = toks[1].lower
    return after not in words.NEVER_VERBS | words.ADJECTIVE_VERBS and is_motion(after) and (after, "base") in readings(after)


def _modifies_noun(toks: Sequence[Word], form: Form) -> bool:
    """True for the first word of "walking man waves" and "jumping jacks"."""
    if form not in ("ing", "part", "past") or len(toks) < 2:
        return False
    after = toks[1]
    if after.lower in words.MOVE_NOUNS and after.is_noun and form == "ing":
        return after.lower in words.GERUND_MOVES
    return after.lower in words.PEOPLE


# "now and then", "since then"
_NOT_THEN = ("now", "since", "even", "by", "until", "till", "every")
_CLOSE_TO = ("just", "shortly", "immediately", "soon", "directly", "straight")
_FOLLOWED: tuple[tuple[str, ...], ...] = tuple(
    (*which, *be, *soon, "followed", "by")
    for which in ((), ("which",), ("that",))
    for be in ((), ("is",), ("are",), ("was",))
    for soon in ((), ("immediately",), ("then",), ("quickly",), ("directly",), ("closely",))
)


def _joiner_at(ws: Sequence[Word], i: int, *, at_start: bool) -> tuple[Joiner, int]:
    """The joiner that begins at word `i` and how many words it has; length 0 when there is none."""
    none = (Joiner.START, 0)
    word = ws[i]
    if word.guarded:
        return none
    low = word.lower
    before = ws[i - 1].lower if i else ""
    lowers = [w.lower for w in ws[i : i + 6]]
    length = max((len(p) for p in _FOLLOWED if tuple(lowers[: len(p)]) == p), default=0)
    if length:
        return Joiner.FOLLOWED, length
    if low in words.SOFT_STOPS:
        who_then = len(lowers) > 2 and lowers[1] in ("who", "which") and lowers[2] == "then"
        return (Joiner.THEN, 3) if who_then else (Joiner.COMMA, 1)
    if low in ("and", "&"):
        return none if _pair(ws, i) else (Joiner.AND, 1)
    if low in ("or", "but", "nor"):
        return Joiner.OR, 1
    if _sequence(word) and before not in _NOT_THEN and not (i > 1 and ws[i - 2].lower in _NOT_THEN):
        return Joiner.THEN, 1
    if low == "so" and before == "," and i + 1 < len(ws) and ws[i + 1].lower in words.SUBJECT_PRONOUNS:
        return Joiner.THEN, 1
    if low in words.LEADING_SEQUENCE and at_start and _leads(ws, i):
        return Joiner.THEN, 1
    if low in ("before", "after"):
        # "turns right after jumping" may mean either, so it is left alone
        return none if before == "right" else (Joiner.BEFORE if low == "before" else Joiner.AFTER, 1)
    clause_follows = i + 1 < len(ws) and ws[i + 1].lower in words.SUBJECT_PRONOUNS
    if low in words.SUBORDINATORS or (low == "once" and ((at_start and i == 0) or clause_follows)):
        return Joiner.WITH, 1
    return none


def _pair(ws: Sequence[Word], i: int) -> bool:
    """True for the "and" of "up and down", not for that of "up, left and right"."""
    if i == 0 or i + 1 == len(ws) or (i > 1 and ws[i - 2].text == ","):
        return False
    first, second = (words.OPPOSITES.get(ws[j].lower, 0) for j in (i - 1, i + 1))
    return first != 0 and first + second == 0


def _leads(ws: Sequence[Word], i: int) -> bool:
    """True for "next, he bows" and "first walk", not for "next to" or "first step"."""
    if i + 1 == len(ws):
        return False
    after = ws[i + 1]
    if after.lower in ("to", "of") or (after.is_noun and not after.form):
        return after.lower in words.PEOPLE and ws[i].lower not in ("next", "last")
    return True


def _add_joiner(chunk: Chunk, joiner: Joiner, found: list[Word]) -> None:
    """Another joiner before the first word of a chunk: "and", "then", "while"."""
    subordinate = joiner in (Joiner.WITH, *ORDERED)
    if subordinate and chunk.joiner in (Joiner.THEN, Joiner.COMMA_AND, Joiner.START):
        chunk.fronted = True
    if {chunk.joiner, joiner} in ({Joiner.COMMA, Joiner.AND}, {Joiner.COMMA, Joiner.OR}):
        joiner = Joiner.COMMA_AND
    chunk.joiner = max(chunk.joiner, joiner)
    chunk.joined_by += [*chunk.words, *found]
    chunk.words = []


def _drop_empty_end(chunks: list[Chunk]) -> None:
    """A connector with nothing behind it: "then" and punctuation go, "and so on as before" stays as it is."""
    last = chunks.pop()
    dropped = last.joiner in (Joiner.THEN, Joiner.FOLLOWED, Joiner.AND, Joiner.COMMA_AND)
    if chunks and any(w.is_word for w in last.joined_by) and not dropped:
        chunks[-1].words += [*last.joined_by, *last.words]
