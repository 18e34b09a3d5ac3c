"""The words that belong to one action, and questions about loose words that may join them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from mdm_adapter.prompts import words
from mdm_adapter.prompts.chunks import Joiner
from mdm_adapter.prompts.clauses import Clause
from mdm_adapter.prompts.nouns import is_body_part
from mdm_adapter.prompts.tokens import Token


@dataclass(eq=False)
class Group:
    """The words of one action. `clause` is its main clause, None as long as no verb has come."""

    tokens: list[Token]
    origin: Joiner
    clause: Clause | None = None
    # further verbs of the same clause: "walks and waves"
    coordinated: list[Clause] = field(default_factory=list)
    # words that led to a group without a verb, used if it has to be attached: "then" of "then right"
    led_by: list[Token] = field(default_factory=list)
    # the group whose subject this one takes: the main clause of "before running, a man bows"
    anchor: Group | None = None
    previous: Group | None = None
    began: int = 0
    # a subordinate clause is open: at the end ("while waving"), or at the beginning and waits for a main one
    dependent: bool = False
    needs_main: bool = False

    @property
    def seconds(self) -> float | None:
        """The duration written in the words of this action."""
        given = [t.seconds for t in self.tokens if t.seconds is not None]
        ended = [t.ended for t in self.tokens if t.ended is not None]
        return max(given or ended, default=None)


def from_subordinator(tokens: Sequence[Token]) -> list[Token]:
    keep = (*words.SUBORDINATORS, "before", "after", "once")
    first = next((i for i, t in enumerate(tokens) if t.lower in keep), 0)
    return list(tokens[first:])


def own_subject(clause: Clause) -> bool:
    """True for "a man walks", not for "thin man walks", which goes on with "a tall," """
    if not clause.subject:
        return False
    return clause.subject[0].lower in words.DETERMINERS | words.POSSESSIVES | words.SUBJECT_PRONOUNS


def is_prefix(tokens: Iterable[Token]) -> bool:
    """True for words that may stand before a clause: "with his left hand", "slowly"."""
    head = next((t for t in tokens if t.is_word), None)
    return head is not None and (
        head.lower in words.PREPOSITIONS or head.tag == "IN" or head.is_adverb or head.tag == "UH"
    )


def belongs_back(tokens: Sequence[Token]) -> bool:
    """True for a line without a verb that goes on with the line before it: "left", "with both hands"."""
    head = next((t for t in tokens if t.is_word), None)
    if head is None:
        return True
    return is_prefix(tokens) or head.lower in words.DIRECTIONS or is_body_part(tokens[:3])


def append_words(group: Group, tokens: list[Token]) -> None:
    """Attach words of another sentence behind a comma."""
    if group.tokens:
        group.tokens[-1].space = False
    first = tokens[0]
    if not first.tag.startswith("NNP"):
        first.text = first.text[:1].lower() + first.text[1:]
    group.tokens += [Token(",", ",", ",", ",", True), *tokens]
