"""What a model says that it knows: written, read, and looked up by meaning."""

import json
import math
from pathlib import Path

import pytest
import torch

from mdm_adapter.data.datasets import Clip
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import MAX_BYTES, WRITTEN_BYTES, KnownAction, Matcher, Vocabulary


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
    with (tmp_path / "vocabulary.json").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ValueError, match="larger than 64 MB"):
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


def test_ways_that_no_recording_goes() -> None:
    walk = KnownAction("walk", ("a person walks forward.",), 200, 3.0, speed=1.2)
    curve = KnownAction("walk-curve", ("a person walks in a slight curve to the left.",), 200, 3.0, speed=1.2)
    stand = KnownAction("arms", ("a person holds both arms out and circles them.",), 200, 3.0, speed=0.0)
    matcher = Matcher(Vocabulary((walk, curve, stand)), load_text_encoder("static"))
    asked = {
        "A person walks forward in a square.": "in a square", "A person walks in a wide curve to the left.": None,
        "A person walks forward.": None, "A person circles both arms in circles.": None,
    }  # fmt: skip
    for text, words in asked.items():
        way = matcher.match(text).other_way
        assert (way and way.words) == words, text


def test_the_common_is_meant_where_others_are_nearly_as_near(vocabulary: Vocabulary) -> None:
    rare = KnownAction("run-stop-run", ("the person runs, stops and runs again.",), 2, 3.0)
    common = KnownAction("run", ("a person runs forward.",), 200, 3.0)
    found = Matcher(Vocabulary((rare, common)), load_text_encoder("static")).match("A person runs.")
    assert [entry.action for entry, _ in found.nearest] == ["run", "run-stop-run"]
    assert found.action is common
    assert found.familiar


def walking(frames: int, speed: float, stride: int = 22) -> torch.Tensor:
    """Features of a body that goes ahead, metres a second, lifting one foot and then the other."""
    features = torch.zeros(frames, 263)
    features[:, 2] = speed / 20
    phase = torch.arange(frames) / stride * 2 * math.pi
    features[:, 4 + 3 * 6 + 2] = 0.3 * phase.sin()  # an ankle swings
    features[:, 259:261] = (phase.sin() > 0).float()[:, None]
    features[:, 261:263] = (phase.sin() <= 0).float()[:, None]
    return features


def test_speeds_and_steps_are_measured() -> None:
    clips = tuple(Clip(f"w{n}", walking(n, speed), ("a person walks.",), "walk") for n, speed in
                  ((88, 1.0), (110, 1.2), (132, 1.5)))  # fmt: skip
    known = Vocabulary.of(clips).actions[0]
    assert known.seconds == 5.5
    assert known.shortest == 4.4
    assert known.speed == pytest.approx(1.2, abs=0.01)
    assert known.fastest == pytest.approx(1.5, abs=0.01)
    assert known.unit == pytest.approx(1.1, abs=0.15)  # a stride
    assert known.step == pytest.approx(0.55, abs=0.08)


def test_what_stands_has_no_steps_and_captions_may_count() -> None:
    clips = (
        clip("kick-double", 80, "a person kicks twice."),
        clip("stairs", 60, "someone walks up three steps."),
    )
    kick, stairs = sorted(Vocabulary.of(clips).actions, key=lambda entry: entry.action)
    assert (kick.unit, kick.step, kick.speed) == (2.0, None, 0.0)
    assert stairs.step is None  # it went nowhere
    moved = Vocabulary.of(
        (Clip("s", walking(60, 0.5), ("someone walks up three steps.",), "stairs"),)
    ).actions[0]
    assert moved.step == 1.0


def test_frequent_captions_are_kept_whoever_they_are_about() -> None:
    odd = [clip("walk", 60, f"a person walks in manner {n}.") for n in range(100)]
    plain = [clip("walk", 60, f"{who} walks.") for who in ("a man", "someone", "a figure", "the person")]
    captions = Vocabulary.of((*odd, *plain)).actions[0].captions
    assert captions[0] == "a man walks."
    assert len(captions) <= 24
    assert not {"someone walks.", "a figure walks.", "the person walks."} & set(captions)


def test_older_files_lack_what_is_measured(tmp_path: Path) -> None:
    row = {"action": "walk", "captions": ["he walks"], "clips": 3, "seconds": 4.0}
    (tmp_path / "vocabulary.json").write_text(json.dumps([row]))
    old = Vocabulary.read(tmp_path)
    assert old is not None
    assert (old.actions[0].speed, old.actions[0].unit, old.actions[0].shortest) == (None, None, None)


@pytest.mark.parametrize("speed", ["fast", -1, True, "NaN"])
def test_measures_that_are_none(speed: object, tmp_path: Path) -> None:
    row = {"action": "walk", "captions": ["he walks"], "clips": 3, "seconds": 4.0, "speed": speed}
    (tmp_path / "vocabulary.json").write_text(json.dumps([row]).replace('"NaN"', "NaN"))
    with pytest.raises(ValueError, match="is no vocabulary"):
        Vocabulary.read(tmp_path)


def test_labels_are_looked_up_as_sentences_but_not_said(vocabulary: Vocabulary) -> None:
    crawling = clip("crawl-forward", 80, "a figure moves low above the ground, like a baby.")
    encoder = load_text_encoder("static")
    known = Vocabulary((*vocabulary.actions, KnownAction.of("crawl-forward", [crawling], 20.0)))
    matcher = Matcher(known, encoder)
    match = matcher.match("A person crawls forward.")
    assert (match.action.action, match.action.sentence) == ("crawl-forward", "a person crawls forward.")
    words = matcher.in_known_words("A person crawls forward.")
    assert words is not None
    sentence, caption = (
        torch.nn.functional.normalize(encoder.encode([text]).tokens[0, 0], dim=-1)
        for text in ("A person crawls forward.", crawling.captions[0])
    )
    # Half its own, half the action's only caption: as far from the one as from the other.
    torch.testing.assert_close(words @ sentence, words @ caption)
    torch.testing.assert_close(words.norm(), torch.tensor(1.0))


def test_known_words_stay_as_they_are_and_others_too(matcher: Matcher) -> None:
    known = matcher.in_known_words("a person dances salsa.")
    assert known is not None
    torch.testing.assert_close(known, matcher._embed(["a person dances salsa."])[0], atol=1e-3, rtol=0)
    assert matcher.in_known_words("a person repairs a bicycle") is None
    twins = Vocabulary((KnownAction("a", ("he bows.",), 1, 2.0), KnownAction("b", ("he bows.",), 1, 2.0)))
    assert Matcher(twins, matcher.encoder).in_known_words("he bows") is None


def unlabelled(count: int) -> tuple[Clip, ...]:
    """Clips without labels, hardly two of which have a caption in common."""
    features = torch.zeros(20, 263)
    return tuple(
        Clip(
            f"{number:06d}",
            features,
            (f"a person does thing number {number} near the door.", "somebody moves."),
        )
        for number in range(count)
    )


def test_forty_thousand_captions_without_labels_make_a_file_that_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mdm_adapter.models.vocabulary.MOST_ACTIONS", 300)
    clips = unlabelled(40_000)
    often = tuple(Clip("x", clip.features, ("a person waits.",)) for clip in clips[:3])
    seen: list[tuple[int, int]] = []
    vocabulary = Vocabulary.of((*clips, *often), progress=lambda *state: seen.append(state))
    assert len(vocabulary.actions) == 300
    assert seen[-1] == (300, 300)
    assert vocabulary.actions[0].action == "a person waits."
    # Those kept are from everywhere, not the first that came.
    numbers = [int(entry.action.split()[5]) for entry in vocabulary.actions[1:]]
    assert max(numbers) > 39_000
    vocabulary.write(tmp_path)
    assert Vocabulary.read(tmp_path) == vocabulary


def test_a_file_never_outgrows_what_is_written(tmp_path: Path) -> None:
    entries = tuple(
        KnownAction(f"action {number}", (f"{number} " + "x" * 2000,) * 24, 3, 2.0) for number in range(200)
    )
    Vocabulary(entries).write(tmp_path)
    assert (tmp_path / "vocabulary.json").stat().st_size <= WRITTEN_BYTES + 2
    known = Vocabulary.read(tmp_path)
    assert known is not None
    assert known.actions == entries[: len(known.actions)]
    assert 50 < len(known.actions) < 200
