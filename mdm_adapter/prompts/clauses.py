"""What a run of words is: a clause with a subject, a bare verb, a gerund, a move's name, or a fragment."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from mdm_adapter.prompts import words
from mdm_adapter.prompts.nouns import is_body_part, move_head, names_move
from mdm_adapter.prompts.tokens import Token, verb_form
from mdm_adapter.prompts.verbs import Form, readings


class Kind(enum.Enum):
    """The kinds of clause; see `Clause`."""

    FULL = "a man walks"
    GERUND_FULL = "a man walking"
    VERB = "walks / walk / walked"
    GERUND = "walking"
    MOVE = "a jump / slow walk"
    FRAGMENT = "with his left arm"


@dataclass
class Clause:
    """The reading of a list of tokens; it points at tokens, since positions change when clauses merge."""

    kind: Kind
    tokens: list[Token]
    verb: Token | None = None
    form: Form | None = None
    subject: tuple[Token, ...] = ()
    # where a carried subject is inserted: the verb, or the adverbs before it
    insert: Token | None = None
    # words to leave out of the text: "who" of a caption without a main verb, "to" of an infinitive
    dropped: tuple[Token, ...] = ()

    @property
    def acts(self) -> bool:
        """True for everything but a fragment."""
        return self.kind is not Kind.FRAGMENT

    @property
    def base(self) -> str:
        return self.verb.base(self.form) if self.verb is not None and self.form is not None else ""

    @property
    def progressive(self) -> Token | None:
        """The auxiliary of "is walking", or None."""
        if self.verb is None or self.verb.lower not in words.BE_PLURAL:
            return None
        position = _index(self.tokens, self.verb) + 1
        while position < len(self.tokens) and self.tokens[position].is_adverb:
            position += 1
        if position < len(self.tokens):
            token = self.tokens[position]
            if token.tag == "VBG" or any(f == "ing" for _, f in readings(token.lower)):
                return self.verb
        return None


def analyse(tokens: Sequence[Token], *, after_sequence: bool = False) -> Clause:
    """Read a run of tokens that holds at most one main clause.

    `after_sequence` says that "then" or its like stood before, where "to run" may be short for "runs".
    """
    toks = list(tokens)
    fragment = Clause(Kind.FRAGMENT, toks)
    start = 0
    while start < len(toks) and not toks[start].is_word:
        start += 1
    first = start
    while first < len(toks) and _skippable(toks, first):
        first += 1
    if first == len(toks):
        return fragment
    insert = toks[start]
    head = toks[first]
    if head.lower == "to" and after_sequence and first + 1 < len(toks) and _is_base(toks[first + 1]):
        return Clause(Kind.VERB, toks, toks[first + 1], "base", insert=insert, dropped=(head,))
    if head.lower in words.RELATIVES and head.lower != "that":
        return fragment
    view = toks[first:]
    form = verb_form(view, 0)
    if form is None and after_sequence and head.tag == "NNS" and not names_move(head) and not head.is_body:
        form = "s"  # "then shimmies": a plural alone behind "then" is an unknown verb
    if form == "base" and _compound_move(view):
        return Clause(Kind.MOVE, toks, view[1], insert=head)
    if form is not None and not _modifies_noun(view, form):
        kind = Kind.GERUND if form == "ing" else Kind.VERB
        return Clause(kind, toks, head, form, insert=insert)
    if head.lower in words.PREPOSITIONS or head.tag == "IN":
        return _after_preposition(toks, first) or fragment
    return _noun_led(toks, first, insert) or fragment


def _skippable(toks: list[Token], i: int) -> bool:
    """Adverbs and polite words before the verb or the subject."""
    token = toks[i]
    if token.lower in ("please", "so", "or", "and", "but", "kindly"):
        return True
    return token.is_adverb and token.lower not in words.DIRECTIONS and i + 1 < len(toks)


def _is_base(token: Token) -> bool:
    return (
        token.tag == "VB" or any(form == "base" for _, form in readings(token.lower)) or token.lower == "be"
    )


def _compound_move(view: list[Token]) -> bool:
    """True for "dodge roll left" and "spin kick", which name a move; "go walk" and "try to jump" do not."""
    if len(view) < 2 or view[0].is_auxiliary or view[0].base("base") in words.TAKES_VERB:
        return False
    return (
        any(form == "base" for _, form in readings(view[1].lower)) and view[1].lower not in words.NEVER_VERBS
    )


def _modifies_noun(view: list[Token], form: Form) -> bool:
    """True for the first word of "walking man waves" and "jumping jacks"."""
    if form not in ("ing", "part", "past") or len(view) < 2:
        return False
    after = view[1]
    if after.lower in words.MOVE_NOUNS and after.is_noun and form == "ing":
        return after.lower in ("jack", "jacks", "lunge", "lunges", "squat", "squats", "pose", "stance")
    return after.lower in words.PEOPLE


def _after_preposition(toks: list[Token], first: int) -> Clause | None:
    """ "with his left hand he waves", "from a sitting position a man stands up" """
    # the subject is the last noun phrase or pronoun before the verb, if a noun stands before it
    for i in range(first + 1, len(toks)):
        form = verb_form(toks, i)
        if form not in ("s", "base", "past"):
            continue
        j = i - 1
        while j > first and toks[j].is_adverb and toks[j].lower not in words.DIRECTIONS:
            j -= 1
        verb_start = j + 1
        if toks[j].lower in words.SUBJECT_PRONOUNS and j > first + 1:
            return Clause(Kind.FULL, toks, toks[i], form, (toks[j],), insert=toks[j])
        k = j
        while k > first and toks[k].lower not in words.DETERMINERS | words.POSSESSIVES:
            k -= 1
        if k > first + 1 and toks[k - 1].is_noun:
            return Clause(Kind.FULL, toks, toks[i], form, tuple(toks[k:verb_start]), insert=toks[k])
        if form in ("s", "base") and readings(toks[i].lower) and toks[j].is_noun and not toks[j].is_plural:
            return Clause(Kind.VERB, toks, toks[i], form, insert=toks[verb_start])
        return None
    return None


def _noun_led(toks: list[Token], first: int, insert: Token) -> Clause | None:
    """A run that begins with a noun phrase: with a finite verb, a gerund, or neither."""
    start = first
    if toks[first].lower == "there" and first + 1 < len(toks) and toks[first + 1].lower in words.BE_PLURAL:
        # "there is a man walking": the man walks
        start = first + 2
        if start >= len(toks):
            return None
    finite = _finite_verb(toks, start)
    if finite is not None and toks[finite].lower not in words.RELATIVES:
        end = finite
        while end > start + 1 and _belongs_to_verb(toks[end - 1]):
            end -= 1
        if end > start + 1 and toks[end - 1].lower in words.SUBJECT_PRONOUNS and toks[end - 2].lower != "and":
            start = end - 1  # '"Jump!" he shouts'
        subject = tuple(toks[start:end])
        if not _plausible_subject(subject):
            return None
        form = verb_form(toks, finite)
        if len(subject) == 1 and subject[0].lower in words.VERB_PREFIXES | words.UNCOUNTED:
            return Clause(Kind.VERB, toks, toks[finite], form, insert=insert)
        if len(subject) == 1 and subject[0].is_body and form == "s" and not subject[0].is_plural:
            return Clause(Kind.MOVE, toks, toks[finite], insert=insert)  # "leg kicks", "arm circles"
        if is_body_part(subject) and form in ("past", "part"):
            return None  # "his arms raised": a posture beside the action
        dropped = tuple(toks[first:start]) if toks[first].lower == "there" else ()
        relative = [t for t in subject if t.lower in ("who", "which") or t.tag in ("WDT", "WP")]
        if relative and _relative_only(toks, start, finite):
            # "a man who walks": the caption has no other verb, so this one becomes the main verb
            cut = _index(toks, relative[-1])
            subject, dropped = tuple(toks[start:cut]), (*dropped, relative[-1])
            if not subject:
                return None
        return Clause(Kind.FULL, toks, toks[finite], form, subject, insert=toks[start], dropped=dropped)
    head = move_head(toks[start:])
    nouns = [t for t in toks[start:] if t.is_noun]
    if head is not None and not (nouns and nouns[0].lower in words.PEOPLE):
        return Clause(Kind.MOVE, toks, head, None, insert=insert)
    for i in range(start + 1, len(toks)):
        if verb_form(toks, i) == "ing":
            subject = tuple(toks[start:i])
            while len(subject) > 1 and subject[-1].is_adverb:
                subject = subject[:-1]
            if is_body_part(subject) or not _plausible_subject(subject):
                return None
            dropped = tuple(toks[first:start])
            return Clause(
                Kind.GERUND_FULL, toks, toks[i], "ing", subject, insert=toks[start], dropped=dropped
            )
    return None


def _belongs_to_verb(token: Token) -> bool:
    """True for "slowly" and "side" in "a man slowly side steps"."""
    if token.lower in words.VERB_PREFIXES:
        return True
    return token.is_adverb and token.lower not in words.DIRECTIONS


def _finite_verb(toks: list[Token], start: int) -> int | None:
    """The position of the main verb after a noun phrase; verbs of relative clauses come second."""
    waiting = False
    in_relative: int | None = None
    participle: int | None = None
    i = start
    while i < len(toks):
        token = toks[i]
        if i > start and (token.lower in ("who", "which") or token.tag in ("WDT", "WP")):
            waiting = True
        form = verb_form(toks, i) if i > start else None
        if form in ("past", "part") and toks[i - 1].lower in ("having", "being"):
            form = None
        if form in ("s", "base", "past", "part"):
            if form == "base" and not token.is_auxiliary and not _may_take_base(toks, start, i):
                form = None
            elif waiting:
                waiting = False
                in_relative = i
                i = _skip_chain(toks, i)
                continue
            elif form == "part" or (form == "past" and token.tag == "VBN"):
                participle = i if participle is None else participle
            elif form is not None:
                return i
        i += 1
    if participle is not None and (in_relative is None or participle > in_relative):
        return participle
    return in_relative


def _skip_chain(toks: list[Token], i: int) -> int:
    """The position behind an auxiliary and what belongs to it, such as "can walk"."""
    chain = toks[i].is_auxiliary
    i += 1
    while (
        chain
        and i < len(toks)
        and (toks[i].is_adverb or toks[i].is_auxiliary or toks[i].tag in ("VB", "VBG"))
    ):
        chain = toks[i].is_adverb or toks[i].is_auxiliary
        i += 1
    return i


def _relative_only(toks: list[Token], start: int, finite: int) -> bool:
    """True when the verb found is the one of the relative clause itself."""
    between = toks[start:finite]
    position = max(i for i, t in enumerate(between) if t.lower in ("who", "which") or t.tag in ("WDT", "WP"))
    return all(t.is_adverb for t in between[position + 1 :])


def _may_take_base(toks: list[Token], start: int, i: int) -> bool:
    """A plain verb needs a plural subject, a pronoun, "do" before it, or a person in bad grammar."""
    phrase = toks[start:i]
    if any(t.lower == "and" or t.is_plural or t.lower in words.NUMBERS for t in phrase):
        return True
    return any(t.lower in words.SUBJECT_PRONOUNS or t.lower in words.PEOPLE for t in phrase)


def _plausible_subject(subject: Sequence[Token]) -> bool:
    if not subject:
        return False
    head = subject[0]
    if head.lower in words.SUBJECT_PRONOUNS:
        return len(subject) == 1 or any(t.lower == "and" for t in subject)
    if head.lower in words.DETERMINERS | words.POSSESSIVES | words.NUMBERS:
        return len(subject) > 1 or head.lower in (
            "this",
            "that",
            "these",
            "those",
            "each",
            "another",
            *words.NUMBERS,
        )
    return any(t.is_noun or t.tag in ("CD", "PRP", "NNP") for t in subject)


def _index(tokens: Sequence[Token], token: Token) -> int:
    return next(i for i, t in enumerate(tokens) if t is token)
