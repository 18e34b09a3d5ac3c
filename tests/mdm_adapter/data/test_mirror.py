"""Captions in a mirror."""

import pytest

from mdm_adapter.data.mirror import mirror_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a person raises the left hand.", "a person raises the right hand."),
        ("Left foot first, then right!", "Right foot first, then left!"),
        ("steps leftwards and turns rightward", "steps rightwards and turns leftward"),
        ("he turns clockwise", "he turns counterclockwise"),
        ("he turns counterclockwise", "he turns clockwise"),
        ("he turns counter-clockwise", "he turns clockwise"),
        ("he turns anticlockwise, anti-clockwise", "he turns clockwise, clockwise"),
        ("a left-handed throw", "a right-handed throw"),
        ("raise-up-left-hand", "raise-up-right-hand"),
        ("walk-turn-right", "walk-turn-left"),
    ],
)
def test_sides_are_exchanged(text: str, expected: str) -> None:
    assert mirror_text(text) == expected


@pytest.mark.parametrize(
    "text", ["", "a person walks forward.", "an upright, leftover brightness", "both hands"]
)
def test_other_words_stay(text: str) -> None:
    assert mirror_text(text) == text


def test_twice_is_the_sentence_itself() -> None:
    text = "The left leg, the right arm; Right after that a counterclockwise turn, then clockwise."
    assert mirror_text(mirror_text(text)) == text
    assert mirror_text(text) != text
