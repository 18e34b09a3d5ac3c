"""What a model says that it knows: written, read, and looked up by meaning."""

import json
from pathlib import Path

import pytest
import torch

from mdm_adapter.data.datasets import Clip
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import Matcher, Vocabulary


def clip(action: str, frames: int, *captions: str) -> Clip:
    return Clip(action, torch.zeros(frames, 263), captions, action)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(
        (
            clip("walk", 60, "a person walks forward.", "someone walks ahead."),
            clip("walk", 80, "a person walks forward."),
            clip("wave", 100, "a person waves with the right hand."),
            clip("wave-left", 30, "a person waves with the left hand."),
            clip("dance", 400, "a person dances salsa."),
        )
    )


@pytest.fixture(scope="module")
def matcher(vocabulary: Vocabulary) -> Matcher:
    return Matcher(vocabulary, load_text_encoder("static"))


def test_actions_are_counted(vocabulary: Vocabulary) -> None:
    first = vocabulary.actions[0]
    assert (first.action, first.clips, first.seconds) == ("walk", 2, 4.0)
    assert first.captions == ("a person walks forward.", "someone walks ahead.")
    assert len(vocabulary.actions) == 4


def test_written_and_read(vocabulary: Vocabulary, tmp_path: Path) -> None:
    assert Vocabulary.read(tmp_path) is None
    vocabulary.write(tmp_path)
    assert Vocabulary.read(tmp_path) == vocabulary


@pytest.mark.parametrize("contents", ["", "{", "3", '[{"action": "walk"}]', "[[1, 2]]", "null"])
def test_damaged_file_is_named(contents: str, tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_text(contents)
    with pytest.raises(ValueError, match=r"vocabulary\.json is no vocabulary .*; install the model again"):
        Vocabulary.read(tmp_path)


def test_huge_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_text(json.dumps(["x" * 5_000_000]))
    with pytest.raises(ValueError, match="larger than 4 MB"):
        Vocabulary.read(tmp_path)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("A man is walking forward", "walk"),
        ("The person waves the left hand", "wave-left"),
        ("the person waves his right hand", "wave"),
        ("somebody dances", "dance"),
    ],
)
def test_nearest_action(matcher: Matcher, text: str, action: str) -> None:
    match = matcher.match(text)
    assert match.nearest[0][0].action == action
    assert match.familiar


def test_unknown_actions_are_told_from_known_ones(matcher: Matcher) -> None:
    for text in ("a person swims the crawl", "he juggles three balls", "somebody repairs a bicycle"):
        assert not matcher.match(text).familiar


def test_lengths_stay_sensible(matcher: Matcher) -> None:
    assert matcher.match("a person dances salsa").seconds == 6.0
    assert matcher.match("a person waves with the left hand").seconds == 3.0
    assert matcher.match("a person walks forward").seconds == 4.0
