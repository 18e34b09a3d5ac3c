import json
import os

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from eval.benchmark.judging import bundled_evaluator
from eval.judges.starter import (
    StarterConfig,
    StarterEvaluator,
    Vocabulary,
    contrastive_loss,
    feature_statistics,
    load_starter_evaluator,
    save_starter_evaluator,
    tokenise,
)

SMALL = StarterConfig(hidden=16, word=8, text_hidden=12, embedding=10, buckets=4)
# The first numbers of the bundled evaluator's embeddings of two sentences, as the file of its training gave them.
NUMBERS = (0.3622, 0.4341, -0.5802, 0.482, 0.2539, -0.0549, -1.2692, -0.2769)
CAPTIONS = ["A man walks forward.", "someone waves the left hand", "jumps"]


def make(config: StarterConfig = SMALL) -> StarterEvaluator:
    torch.manual_seed(0)
    mean, std = torch.randn(263), torch.rand(263) + 0.5
    return StarterEvaluator(config, Vocabulary.of(CAPTIONS), mean, std).eval()


def motions(count: int = 4, frames: int = 100) -> torch.Tensor:
    return torch.randn(count, frames, 263, generator=torch.Generator().manual_seed(1))


def test_tokens_are_lowercase_words() -> None:
    assert tokenise("A man's Walk, in 2 steps -- left/right!") == [
        "a",
        "man's",
        "walk",
        "in",
        "2",
        "steps",
        "left",
        "right",
    ]


def test_vocabulary_rows_and_buckets() -> None:
    vocabulary = Vocabulary(("left", "walks"))
    assert vocabulary.rows("walks left", 4, 10) == [2, 1]
    rows = vocabulary.rows("zebra walks", 4, 10)
    assert 3 <= rows[0] < 7
    assert rows[1] == 2
    assert vocabulary.rows("zebra", 4, 10) == vocabulary.rows("ZEBRA!", 4, 10)
    assert len(vocabulary.rows("walks " * 100, 4, 10)) == 10
    assert len(vocabulary.rows("", 4, 10)) == 1


def test_embeddings_lie_on_the_sphere_in_the_order_of_the_input() -> None:
    evaluator = make()
    features, lengths = motions(), torch.tensor([40, 100, 24, 77])
    together = evaluator.embed_motion(features, lengths)
    torch.testing.assert_close(together.norm(dim=1), torch.full((4,), 10.0))
    for i, length in enumerate(lengths):
        alone = evaluator.embed_motion(features[i : i + 1, :length], lengths[i : i + 1])
        torch.testing.assert_close(alone[0], together[i])
    words = evaluator.embed_text(CAPTIONS)
    torch.testing.assert_close(words.norm(dim=1), torch.full((3,), 10.0))
    for i, caption in enumerate(CAPTIONS):
        torch.testing.assert_close(evaluator.embed_text([caption])[0], words[i])
    assert evaluator.embed_text([]).shape == (0, 10)
    assert evaluator.embed_motion(features[:0], lengths[:0]).shape == (0, 10)


def test_padding_contacts_and_the_rest_of_a_unit_do_not_count() -> None:
    evaluator = make()
    features, lengths = motions(), torch.tensor([40, 100, 24, 77])
    expected = evaluator.embed_motion(features, lengths)
    other = features.clone()
    other[..., -4:] = 5.0
    other[0, 40:] = float("nan")
    other[3, 76:] = 7.0
    torch.testing.assert_close(evaluator.embed_motion(other, lengths), expected)


def test_time_and_words_in_order_matter() -> None:
    evaluator = make()
    features = motions()
    lengths = torch.full((4,), 100)
    assert (
        evaluator.embed_motion(features.flip(1), lengths) - evaluator.embed_motion(features, lengths)
    ).abs().max() > 1e-2
    first, second = evaluator.embed_text(["left hand waves", "waves hand left"])
    assert (first - second).abs().max() > 1e-3


def test_bad_input_names_the_value() -> None:
    evaluator = make()
    with pytest.raises(ValueError, match="263"):
        evaluator.embed_motion(torch.zeros(1, 40, 100), torch.tensor([40]))
    with pytest.raises(ValueError, match="between 4 and 40"):
        evaluator.embed_motion(torch.zeros(1, 40, 263), torch.tensor([41]))
    with pytest.raises(ValueError, match="2 motions but 1"):
        evaluator.embed_motion(torch.zeros(2, 40, 263), torch.tensor([40]))


@pytest.mark.parametrize("half", [True, False])
def test_saved_and_loaded_it_is_the_same(tmp_path, half) -> None:
    evaluator = make()
    path = tmp_path / "evaluator.safetensors"
    save_starter_evaluator(evaluator, path, half=half)
    assert os.listdir(tmp_path) == ["evaluator.safetensors"]
    loaded = load_starter_evaluator(path)
    assert loaded.config == evaluator.config
    assert loaded.vocabulary == evaluator.vocabulary
    lengths = torch.tensor([40, 100, 24, 77])
    tolerance = {"rtol": 0, "atol": 0.05 if half else 1e-5}
    torch.testing.assert_close(
        loaded.embed_motion(motions(), lengths), evaluator.embed_motion(motions(), lengths), **tolerance
    )
    torch.testing.assert_close(loaded.embed_text(CAPTIONS), evaluator.embed_text(CAPTIONS), **tolerance)
    assert not any(p.requires_grad for p in loaded.parameters())


def test_the_default_fits_in_ten_megabytes(tmp_path) -> None:
    vocabulary = Vocabulary(tuple(f"word{i}" for i in range(2000)))
    save_starter_evaluator(StarterEvaluator(StarterConfig(), vocabulary), tmp_path / "evaluator.safetensors")
    assert (tmp_path / "evaluator.safetensors").stat().st_size < 10e6


def test_other_files_are_refused(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist; check the path"):
        load_starter_evaluator(tmp_path / "none.safetensors")
    torch.save({"code": torch.nn.Linear}, tmp_path / "code.pt")
    with pytest.raises(ValueError, match="is no safetensors file"):
        load_starter_evaluator(tmp_path / "code.pt")
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="not a starter evaluator"):
        load_starter_evaluator(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        {"config": {"hidden": 10**7}},
        {"config": {"pose": 12}},
        {"config": {"unheard": 1}},
        {"words": 3},
        {"words": ["one"]},
    ],
)
def test_sizes_that_do_not_fit_are_refused_before_memory_is_taken(tmp_path, change) -> None:
    path = tmp_path / "evaluator.safetensors"
    save_starter_evaluator(make(), path)
    with safe_open(path, framework="pt") as file:
        metadata, state = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    about = json.loads(metadata["about"])
    about |= {"words": change.get("words", about["words"])}
    about["config"] |= change.get("config", {})
    save_file(state, path, {**metadata, "about": json.dumps(about)})
    with pytest.raises(ValueError, match="is damaged") as error:
        load_starter_evaluator(path)
    assert "\n" not in str(error.value)


def test_the_bundled_evaluator_judges_as_it_did() -> None:
    """Its figures of real motion are bundled, too; embeddings of its own texts must lie where they lay."""
    evaluator = load_starter_evaluator(bundled_evaluator())
    embedded = evaluator.embed_text(["a person walks forward", "a person waves with the left hand"])
    assert torch.allclose(embedded.norm(dim=1), torch.full((2,), 10.0))
    numbers = embedded[:, :4].flatten().tolist()
    assert numbers == pytest.approx(list(NUMBERS), abs=2e-4)


def test_statistics_average_over_a_kind() -> None:
    features = [torch.randn(5000, 263, generator=torch.Generator().manual_seed(0)) * torch.arange(263.0)]
    mean, std = feature_statistics(features)
    torch.testing.assert_close(mean, features[0].mean(0))
    assert std[4:67].unique().numel() == 1
    assert std[4].item() == pytest.approx(torch.arange(4.0, 67.0).mean().item(), rel=0.02)
    assert (std[-4:] == 1).all()
    assert (feature_statistics([torch.zeros(10, 263)])[1] > 0).all()  # a constant feature divides by no zero


def test_loss_is_the_closed_form() -> None:
    # orthogonal pairs: every negative has logit 0, the positive `scale`
    eye, scale = torch.eye(8), 3.0
    none = torch.zeros(8, 8, dtype=torch.bool)
    expected = -torch.tensor(scale) + torch.log(torch.tensor(scale).exp() + 7)
    torch.testing.assert_close(contrastive_loss(eye, eye * 5, none, scale), expected)
    # a spoilt version at a right angle is one more negative, or several, on the text's side only
    spoilt = torch.zeros(1, 8, 8)
    with_spoilt = -torch.tensor(scale) + torch.log(torch.tensor(scale).exp() + 7 + 4)
    torch.testing.assert_close(
        contrastive_loss(eye, eye, none, scale, spoilt, spoilt_weight=4.0), (expected + with_spoilt) / 2
    )
    torch.testing.assert_close(contrastive_loss(eye, eye, none, scale, spoilt, 0.0), expected)


def test_motions_of_the_same_label_are_no_negatives() -> None:
    text = torch.eye(4)
    motion = torch.eye(4)
    motion[1] = motion[0]  # a second clip of the same action: as near as the right one
    same = torch.eye(4, dtype=torch.bool)
    same[0, 1] = same[1, 0] = True
    plain = contrastive_loss(text[:2], motion[:2], torch.eye(2, dtype=torch.bool), 10.0)
    masked = contrastive_loss(text[:2], motion[:2], same[:2, :2], 10.0)
    assert plain > 0.3
    assert masked.item() == pytest.approx(0.0, abs=1e-6)


def test_loss_pushes_spoilt_versions_away() -> None:
    generator = torch.Generator().manual_seed(0)
    text, motion = torch.randn(2, 6, 10, generator=generator)
    spoilt = (text + 0.1 * torch.randn(6, 10, generator=generator))[None].clone().requires_grad_()
    contrastive_loss(text, motion, torch.eye(6, dtype=torch.bool), 5.0, spoilt).backward()
    moved = spoilt - 0.5 * spoilt.grad
    cosine = torch.nn.functional.cosine_similarity
    assert (cosine(text, moved[0], dim=1) < cosine(text, spoilt[0], dim=1)).all()
