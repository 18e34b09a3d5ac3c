"""A sentence cut at everything that may separate two actions: commas, "and", "then", "before", "while"..."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field

from mdm_adapter.prompts import words
from mdm_adapter.prompts.clauses import Clause, Kind, analyse
from mdm_adapter.prompts.tokens import Token, verb_form


class Joiner(enum.IntEnum):
    """What stands before a chunk; where several stand together, the greatest counts."""

    START = 0
    AND = 1
    OR = 2
    COMMA = 3
    COMMA_AND = 4
    FOLLOWED = 5
    SEQUENCE = 6
    WITH = 7
    AFTER = 8
    BEFORE = 9


@dataclass
class Chunk:
    """A run of words between two joiners. `fronted` ones open a sentence: "After jumping, he bows"."""

    joiner: Joiner = Joiner.START
    joined_by: list[Token] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)
    fronted: bool = False
    clause: Clause = field(init=False)

    def read(self) -> None:
        """Fill in the clause, once all tokens are there."""
        self.clause = analyse(self.tokens, after_sequence=self.joiner is Joiner.SEQUENCE)

    @property
    def aside(self) -> bool:
        """True for "then, slowly" and "and, slowly": a comma behind the connector opens an aside."""
        connected = self.joiner in (Joiner.SEQUENCE, Joiner.COMMA_AND)
        return connected and len(self.joined_by) > 1 and self.joined_by[-1].text == ","


_MOMENT = ("while", "moment", "bit", "pause", "beat", "time")
_MOMENTS = ("seconds", "moments", "minutes", "beats", "time")
_SEQUENCE_PHRASES: tuple[tuple[str, ...], ...] = (
    *(("after", "a", m) for m in _MOMENT),
    *(("after", "a", s, m) for s in ("short", "brief", "little", "small", "long") for m in _MOMENT),
    *(("after", *few, m) for few in (("a", "few"), ("some",), ("several",)) for m in _MOMENTS),
    *(("a", "moment", w) for w in ("later", "after")),
    ("after", "doing", "so"),
    *(("after", w) for w in ("that", "this", "which")),
    *((w, d) for w in ("once", "when") for d in ("done", "finished")),
    ("following", "that"),
    ("before", "finally"),
)
_LEADING_PHRASES: tuple[tuple[str, ...], ...] = (
    ("in", "the", "end"),
    ("at", "the", "end"),
    ("in", "the", "beginning"),
    ("at", "the", "beginning"),
    ("at", "the", "start"),
    ("at", "first"),
    ("at", "last"),
    ("to", "finish"),
    ("to", "end"),
    ("to", "start", "with"),
    ("to", "begin", "with"),
    ("to", "start"),
    ("to", "begin"),
    ("from", "there"),
    ("from", "here"),
    ("last", "of", "all"),
    ("first", "of", "all"),
    *((w, p) for w in ("starting", "beginning") for p in ("with", "by")),
)
_FOLLOWED_PHRASES: tuple[tuple[str, ...], ...] = tuple(
    (*which, *be, *soon, "followed", "by")
    for which in ((), ("which",), ("that",))
    for be in ((), ("is",), ("are",), ("was",))
    for soon in ((), ("immediately",), ("then",), ("quickly",), ("directly",), ("closely",))
) + tuple((w, p) for w in ("ending", "finishing", "concluding") for p in ("with", "by", "in"))
# "now and then", "since then"
_NOT_THEN = ("now", "since", "even", "by", "until", "till", "every")
_CLOSE_TO = ("just", "shortly", "immediately", "soon", "directly", "straight")


def split_chunks(tokens: Sequence[Token]) -> list[Chunk]:
    """Cut one sentence into chunks, each with its joiner and its reading; wordless chunks are dropped."""
    chunks = [Chunk()]
    current = chunks[0]
    i = 0
    while i < len(tokens):
        joiner, length = _joiner_at(tokens, i, at_start=not any(t.is_word for t in current.tokens))
        if length == 0:
            current.tokens.append(tokens[i])
            i += 1
            continue
        found = list(tokens[i : i + length])
        i += length
        if joiner is Joiner.SEQUENCE and _follows_subject(current, tokens, i):
            # "the man then bows": the connector belongs to the clause that "the man" has begun
            current.joiner = max(current.joiner, joiner)
            continue
        if joiner in (Joiner.AFTER, Joiner.BEFORE):
            while current.tokens and current.tokens[-1].lower in _CLOSE_TO:
                found.insert(0, current.tokens.pop())
        if any(t.is_word for t in current.tokens):
            current = Chunk(joiner, found)
            chunks.append(current)
        else:
            _add_joiner(current, joiner, found)
    if not any(t.is_word for t in chunks[-1].tokens):
        _drop_empty_end(chunks)
    chunks[:] = [part for chunk in chunks for part in _split_run_on(chunk)]
    for n, chunk in enumerate(chunks):
        chunk.fronted = chunk.fronted or n == 0
        chunk.read()
    return chunks


def _add_joiner(chunk: Chunk, joiner: Joiner, found: list[Token]) -> None:
    """Another joiner before the first word of a chunk: "and", "then", "while"."""
    subordinate = joiner in (Joiner.WITH, Joiner.AFTER, Joiner.BEFORE)
    if subordinate and chunk.joiner in (Joiner.SEQUENCE, Joiner.COMMA_AND, Joiner.START):
        chunk.fronted = True
    pair = {chunk.joiner, joiner}
    if pair == {Joiner.COMMA, Joiner.AND} or pair == {Joiner.COMMA, Joiner.OR}:
        joiner = Joiner.COMMA_AND
    chunk.joiner = max(chunk.joiner, joiner)
    chunk.joined_by += [*chunk.tokens, *found]
    chunk.tokens = []


def _drop_empty_end(chunks: list[Chunk]) -> None:
    """A connector with nothing behind it: "then" and punctuation go, "and so on as before" stays as it is."""
    last = chunks.pop()
    kept = [t for t in last.joined_by if t.is_word]
    if (
        chunks
        and kept
        and last.joiner not in (Joiner.SEQUENCE, Joiner.FOLLOWED, Joiner.AND, Joiner.COMMA_AND)
    ):
        chunks[-1].tokens += [*last.joined_by, *last.tokens]


def _joiner_at(tokens: Sequence[Token], i: int, *, at_start: bool) -> tuple[Joiner, int]:
    """The joiner that begins at word `i` and how many words it has; length 0 when there is none."""
    none = (Joiner.START, 0)
    token = tokens[i]
    if token.guarded:
        return none
    low = token.lower
    before = tokens[i - 1].lower if i else ""
    lowers = [t.lower for t in tokens[i : i + 6]]
    length = _longest(lowers, _FOLLOWED_PHRASES)
    if length:
        return Joiner.FOLLOWED, length
    if before != "right" or at_start:
        length = _longest(lowers, _SEQUENCE_PHRASES)
        if length:
            return Joiner.SEQUENCE, length
    if at_start and (length := _longest(lowers, _LEADING_PHRASES)):
        return Joiner.SEQUENCE, length
    if low in words.SOFT_STOPS:
        return Joiner.COMMA, 1
    if low in ("and", "&"):
        return Joiner.AND, 1
    if low in ("or", "but", "nor"):
        return Joiner.OR, 1
    if low in words.SEQUENCE_WORDS and before not in _NOT_THEN and not _now_and(tokens, i):
        return Joiner.SEQUENCE, 1
    if low in words.LEADING_SEQUENCE and at_start and _leads(tokens, i):
        return Joiner.SEQUENCE, 1
    if low in ("before", "after"):
        # "turns right after jumping" may mean either, so it is left alone
        return none if before == "right" else (Joiner.BEFORE if low == "before" else Joiner.AFTER, 1)
    if low in words.SUBORDINATORS or (low == "once" and at_start and i == 0):
        return Joiner.WITH, 1
    return none


def _now_and(tokens: Sequence[Token], i: int) -> bool:
    """True for the end of "now and then"."""
    return i > 1 and tokens[i - 1].lower == "and" and tokens[i - 2].lower in _NOT_THEN


def _longest(lowers: list[str], phrases: tuple[tuple[str, ...], ...]) -> int:
    return max((len(p) for p in phrases if tuple(lowers[: len(p)]) == p), default=0)


def _leads(tokens: Sequence[Token], i: int) -> bool:
    """True for "next, he bows" and "first walk", not for "next to" or "first step"."""
    if i + 1 == len(tokens):
        return False
    after = tokens[i + 1]
    if after.lower in ("to", "of") or (after.is_noun and verb_form(tokens[i + 1 :], 0) is None):
        return after.lower in words.PEOPLE and tokens[i].lower not in ("next", "last")
    return True


def _follows_subject(chunk: Chunk, tokens: Sequence[Token], i: int) -> bool:
    """True when the chunk so far is a bare subject (or ends in "is") and a verb comes next."""
    toks = [t for t in chunk.tokens if t.is_word]
    while i < len(tokens) and tokens[i].is_adverb:
        i += 1
    if not toks or i >= len(tokens):
        return False
    last = toks[-1]
    if last.lower in words.BE_PLURAL and last.is_auxiliary:
        return True
    opens = toks[0].lower in words.DETERMINERS | words.POSSESSIVES | words.SUBJECT_PRONOUNS | words.NUMBERS
    if not (opens or toks[0].tag.startswith("NNP") or toks[0].lower in words.PEOPLE):
        return False
    if not (last.is_noun or last.lower in words.SUBJECT_PRONOUNS):
        return False
    finite = verb_form([last, *tokens[i:]], 1) in ("s", "base", "past", "part")
    return finite and analyse(toks).kind in (Kind.FRAGMENT, Kind.MOVE)


def _split_run_on(chunk: Chunk) -> list[Chunk]:
    """ "After jumping he bows" has no comma: cut before a pronoun with a verb, if a verb came before it."""
    toks = chunk.tokens
    seen = None
    for i in range(len(toks) - 1):
        token = toks[i]
        pronoun = token.lower in ("he", "she", "they", "i", "we")
        noun_phrase = (
            chunk.joiner in (Joiner.AFTER, Joiner.BEFORE, Joiner.WITH)
            and token.lower in ("a", "the")
            and toks[i + 1].lower in words.PEOPLE
        )
        if i and seen is not None and (pronoun or noun_phrase) and _opens_clause(toks, i):
            first = Chunk(chunk.joiner, chunk.joined_by, toks[:i], chunk.fronted)
            return [first, Chunk(Joiner.COMMA, [], toks[i:])]
        form = verb_form(toks, i)
        if form is not None and seen is None:
            seen = token
            if token.base(form) in words.REPORTING:
                return [chunk]
    return [chunk]


def _opens_clause(toks: list[Token], i: int) -> bool:
    if toks[i - 1].lower in ("that", "what", "how", "way", "who", "which", "like", "than", "and"):
        return False
    j = i + 1
    if toks[i].lower in ("a", "the"):
        j += 1
    while j < len(toks) and toks[j].is_adverb:
        j += 1
    return j < len(toks) and verb_form(toks, j) in ("s", "base", "past")
