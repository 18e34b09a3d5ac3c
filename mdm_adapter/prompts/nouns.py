"""Questions about noun phrases: parts of the body, groups of people, names of moves."""

from __future__ import annotations

from collections.abc import Sequence

from mdm_adapter.prompts import words
from mdm_adapter.prompts.tokens import Token
from mdm_adapter.prompts.verbs import readings


def is_body_part(subject: Sequence[Token]) -> bool:
    """True for "his left arm": such a subject moves with the person, it is nobody of its own."""
    head: Token | None = None
    for token in subject:
        if head is not None and (token.lower in words.PREPOSITIONS or token.tag in ("IN", "WP", "WDT")):
            break
        if token.is_noun:
            head = token
    return head is not None and head.is_body


def is_group_noun(token: Token) -> bool:
    """True for "pair", "crowd": nouns whose verb may be singular or plural."""
    return token.lower in words.GROUPS


def move_head(tokens: Sequence[Token]) -> Token | None:
    """The noun of "a slow jump to the left" if it names a move."""
    head: Token | None = None
    for token in tokens:
        if not token.is_word or token.lower in words.PREPOSITIONS or token.tag in ("IN", "TO", "WDT", "WP"):
            break
        if head is not None and (token.lower in words.DIRECTIONS or token.is_adverb):
            if token.lower not in ("left", "right", "back", "side"):
                break
            continue
        head = token
        if head.tag == "VBG" and names_move(head) and token is not tokens[0]:
            break
    return head if head is not None and names_move(head) else None


def names_move(token: Token) -> bool:
    """True when a noun may be the name of a move: "cartwheel", "jump", "cycle"."""
    low = token.lower
    name = low in words.NAMES and token.tag == "NNP" and token.text[0].isupper()
    if name or (low in words.ADJECTIVE_VERBS and low != "idle"):
        return False
    if low in words.MOVE_NOUNS | words.MOVE_COMPOUNDS or (low[-1:] == "s" and low[:-1] in words.MOVE_NOUNS):
        return True
    return any(form in ("base", "s") and base not in words.NOT_MOVES for base, form in readings(low))
