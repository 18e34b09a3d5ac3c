from dataclasses import replace

import numpy as np
import pytest
import torch

from eval.judges.starter import StarterConfig, StarterEvaluator, Vocabulary
from eval.judges.training import (
    forward_sorted,
    how_to_optimise,
    train_evaluator,
)
from eval.judges.training_data import BatchSampler, EvaluatorData, TrainingSettings, step_seed
from motioncollage.precision import supports_bfloat16

CONFIG = StarterConfig(hidden=24, word=12, text_hidden=16, embedding=16, buckets=4)
SETTINGS = TrainingSettings(
    steps=6, batch=8, warmup=2, shortest=24, spoilt_per_step=1, precision="float32", checkpoint_every=2
)
WORDS = ["walks", "runs", "waves", "jumps", "bows"]


def data(clips: int = 30, seed: int = 0) -> EvaluatorData:
    """Clips of five actions: the action is a mean of the features and a direction in time."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(5, 263)) * 2
    features, captions, labels = [], [], []
    for i in range(clips):
        frames = int(rng.integers(24, 90))
        ramp = np.linspace(-1, 1, frames)[:, None]
        noise = rng.normal(size=(frames, 263))
        features.append((noise + centres[i % 5] + ramp * np.roll(centres[i % 5], 7)).astype(np.float32))
        captions.append([f"a person {WORDS[i % 5]}", f"the man {WORDS[i % 5]}"])
        labels.append((WORDS[i % 5], ""))
    return EvaluatorData(features, captions, labels)


def parameters(evaluator: StarterEvaluator) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in evaluator.parameters()])


def test_training_learns_to_match() -> None:
    settings = replace(
        SETTINGS, steps=60, batch=16, learning_rate=3e-3, warmup=5, ema=0.9, spoilt=("reversed",)
    )
    losses: dict[int, float] = {}
    report = lambda step, figures: losses.update({step: figures["loss"]})
    evaluator = train_evaluator(data(), settings, CONFIG, run=lambda trainer: trainer.run(report))
    assert list(losses) == list(range(1, 61))
    seen = list(losses.values())
    assert np.mean(seen[-10:]) < 0.5 * np.mean(seen[:5])
    test = data(seed=5)
    lengths = torch.tensor([len(f) for f in test.features])
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(f) for f in test.features], batch_first=True)
    motion = evaluator.embed_motion(padded, lengths)
    text = evaluator.embed_text([f"a person {word}" for word in WORDS])
    nearest = torch.cdist(motion, text).argmin(dim=1)
    assert (nearest == torch.arange(30) % 5).float().mean() > 0.9
    assert not evaluator.training


def test_an_interrupted_run_takes_the_same_steps(tmp_path) -> None:
    whole = train_evaluator(data(), SETTINGS, CONFIG)

    class Stop(Exception):
        pass

    def interrupt(step: int, figures: dict[str, float]) -> None:
        if step == 5:  # one step after the checkpoint of step 4
            raise Stop

    path = tmp_path / "training.pt"
    with pytest.raises(Stop):
        train_evaluator(data(), SETTINGS, CONFIG, checkpoint=path, run=lambda trainer: trainer.run(interrupt))
    steps: list[int] = []
    report = lambda step, figures: steps.append(step)
    resumed = train_evaluator(
        data(), SETTINGS, CONFIG, checkpoint=path, run=lambda trainer: trainer.run(report)
    )
    assert steps == [5, 6]
    torch.testing.assert_close(parameters(resumed), parameters(whole), rtol=0, atol=0)
    # a finished run is only loaded
    again = train_evaluator(
        data(),
        SETTINGS,
        CONFIG,
        checkpoint=path,
        run=lambda trainer: trainer.run(lambda *_: pytest.fail("trained")),
    )
    torch.testing.assert_close(parameters(again), parameters(whole), rtol=0, atol=0)
    assert [p.name for p in tmp_path.iterdir()] == ["training.pt"]


def test_a_checkpoint_of_something_else_is_refused(tmp_path) -> None:
    path = tmp_path / "training.pt"
    train_evaluator(data(), SETTINGS, CONFIG, checkpoint=path)
    with pytest.raises(ValueError, match="other settings"):
        train_evaluator(data(), replace(SETTINGS, seed=1), CONFIG, checkpoint=path)
    with pytest.raises(ValueError, match="other data"):
        train_evaluator(data(seed=3), SETTINGS, CONFIG, checkpoint=path)
    with pytest.raises(ValueError, match="other config"):
        train_evaluator(data(), SETTINGS, replace(CONFIG, dropout=0.3), checkpoint=path)
    train_evaluator(data(), replace(SETTINGS, checkpoint_every=3), CONFIG, checkpoint=path)
    path.write_bytes(b"nonsense")
    with pytest.raises(ValueError, match="move it away"):
        train_evaluator(data(), SETTINGS, CONFIG, checkpoint=path)


def test_global_randomness_is_left_alone_and_not_used() -> None:
    settings = replace(SETTINGS, steps=2)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = train_evaluator(data(), settings, CONFIG)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    np.random.seed(0)  # noqa: NPY002
    second = train_evaluator(data(), settings, CONFIG)
    torch.testing.assert_close(parameters(first), parameters(second), rtol=0, atol=0)
    other = train_evaluator(data(), replace(settings, seed=7), CONFIG)
    assert not torch.equal(parameters(other), parameters(first))


def test_without_average_and_without_spoilt_motions() -> None:
    settings = replace(SETTINGS, steps=2, ema=0.0, spoilt_per_step=0)
    assert torch.isfinite(parameters(train_evaluator(data(), settings, CONFIG))).all()


@pytest.mark.skipif(not supports_bfloat16(torch.device("cpu")), reason="no bfloat16 in hardware")
def test_bfloat16() -> None:
    settings = replace(SETTINGS, steps=3, precision="bfloat16")
    assert torch.isfinite(parameters(train_evaluator(data(), settings, CONFIG))).all()


def sampler(settings: TrainingSettings = SETTINGS, clips: EvaluatorData | None = None) -> BatchSampler:
    clips = clips or data()
    vocabulary = Vocabulary.of(c for captions in clips.captions for c in captions)
    return BatchSampler(clips, settings, StarterEvaluator(CONFIG, vocabulary), torch.device("cpu"))


def test_batches_are_crops_of_the_clips() -> None:
    clips = data()
    batch = sampler(replace(SETTINGS, crop=1.0, spoilt_per_step=2)).draw(0)
    assert batch.features.shape[0] == 24
    assert (batch.lengths % 4 == 0).all()
    assert (batch.lengths >= 24).all()
    assert batch.same.shape == (8, 8)
    assert batch.same.diagonal().all()
    for row, length in zip(batch.features[:8], batch.lengths):
        assert (row[length:] == 0).all()
        found = [
            any(np.array_equal(f[s : s + length], row[:length]) for s in range(len(f) - length + 1))
            for f in clips.features
        ]
        assert sum(found) == 1


def test_whole_clips_are_floored_and_cut_at_the_longest() -> None:
    clips = data()
    settings = replace(SETTINGS, crop=0.0, longest=48)
    batch = sampler(settings).draw(0)
    allowed = {min(len(f), 48) // 4 * 4 for f in clips.features}
    assert set(batch.lengths.tolist()) <= allowed


def test_batches_depend_on_the_step_alone() -> None:
    first, again, other = sampler().draw(3), sampler().draw(3), sampler().draw(4)
    torch.testing.assert_close(first.features, again.features, rtol=0, atol=0)
    assert torch.equal(first.rows, again.rows)
    assert first.features.shape != other.features.shape or not torch.equal(first.features, other.features)


def test_a_shared_caption_matches_across_labels() -> None:
    features = [np.random.default_rng(i).normal(size=(24, 263)).astype(np.float32) for i in range(3)]
    clips = EvaluatorData(
        features, [["a man walks"], ["A man walks"], ["a man runs"]], ["walk", "stroll", "run"]
    )
    batch = sampler(replace(SETTINGS, batch=3), clips).draw(0)
    assert batch.same.sum() == 3 + 2


def test_balance_draws_labels_alike() -> None:
    features = [np.zeros((24, 263), np.float32)] * 100
    clips = EvaluatorData(features, [["x"]] * 100, ["often"] * 99 + ["rare"])
    weights = [sampler(replace(SETTINGS, balance=b), clips).weights[-1] for b in (0.0, 0.5, 1.0)]
    assert weights[0] == pytest.approx(0.01)
    assert weights[2] == pytest.approx(0.5)
    assert weights[0] < weights[1] < weights[2]


def test_unknown_words_train_their_buckets() -> None:
    words = len(Vocabulary.of(c for captions in data().captions for c in captions).words)
    everything = sampler(replace(SETTINGS, unknown_words=1.0)).draw(0).rows
    assert ((everything == 0) | (everything > words)).all()
    nothing = sampler(replace(SETTINGS, unknown_words=0.0)).draw(0).rows
    assert (nothing <= words).all()


def test_sorted_chunks_change_nothing() -> None:
    torch.manual_seed(0)
    evaluator = StarterEvaluator(CONFIG, Vocabulary(("a",))).eval()
    features, lengths = torch.randn(20, 60, 263), torch.randint(6, 16, (20,)) * 4
    together = evaluator.forward_motion(features, lengths)
    torch.testing.assert_close(forward_sorted(evaluator, features, lengths, chunk=7), together)


def test_unusable_clips_are_counted() -> None:
    good = data(4)
    features = [good.features[0], good.features[1][:10], np.full((30, 263), np.nan), np.zeros((30, 200))]
    bad = EvaluatorData(features, [["a"], ["b"], ["c"], []], ["w"] * 4)
    with pytest.raises(ValueError, match="clips that cannot be used") as error:
        train_evaluator(bad, SETTINGS, CONFIG)
    for text in (
        "1 are shorter than 24",
        "1 hold NaN",
        "1 are not [frames, 263]",
        "1 have no list of captions",
    ):
        assert text in str(error.value)
    with pytest.raises(ValueError, match="one of each"):
        EvaluatorData(good.features, good.captions[:2], good.labels).check(263, 24)
    with pytest.raises(ValueError, match="at least 2 clips"):
        EvaluatorData(good.features[:1], good.captions[:1], good.labels[:1]).check(263, 24)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shortest": 30}, "multiples of 4"),
        ({"spoilt": ("upside down",)}, "upside down"),
        ({"spoilt": ("noisy",), "spoilt_per_step": 2}, "cannot be drawn"),
        ({"batch": 1}, "at least 2 clips"),
    ],
)
def test_bad_settings_are_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        train_evaluator(data(), replace(SETTINGS, **change), CONFIG)


def test_learning_rate_and_seeds() -> None:
    how = how_to_optimise(replace(SETTINGS, steps=100, warmup=10, learning_rate=1.0))
    shares = [how.learning_rate_at(s) for s in range(101)]
    assert shares[0] == 0.1
    assert max(shares) == shares[9] == shares[10] == 1.0
    assert shares[100] == pytest.approx(0.0)
    assert len({step_seed(s, t) for s in range(20) for t in range(20)}) == 400
