"""Training of the starter evaluator on arrays in memory: what is minimised, by the trainer that everything has."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from eval.judges.starter import (
    StarterConfig,
    StarterEvaluator,
    Vocabulary,
    contrastive_loss,
    feature_statistics,
)
from eval.judges.training_data import BatchSampler, EvaluatorData, TrainingSettings, step_seed
from motioncollage.training import Trainer
from motioncollage.training import TrainingSettings as HowToOptimise

FORMAT = "motioncollage evaluator training 2"


def train_evaluator(
    data: EvaluatorData,
    settings: TrainingSettings | None = None,
    config: StarterConfig | None = None,
    *,
    device: torch.device | str = "cpu",
    checkpoint: Path | None = None,
    run: Callable[[Trainer], object] = Trainer.run,
) -> StarterEvaluator:
    """Train a starter evaluator.

    All chance of a step is seeded by (seed, step), so a run that is resumed from its checkpoint takes the
    very steps that an undisturbed one takes. Global random state is left as it was.

    Args: data: the training clips; the statistics and the vocabulary come from them. settings: how to train.
        config: sizes of the network. device: where all data and the network live. checkpoint: file to resume
        from if it is there, written every `checkpoint_every` steps and at the end. It is
            refused if it belongs to other settings or data.
        run: runs the trainer: with a bar and a log, for instance (`motioncollage.shell.training.run_trainer`).

    Returns:
        the trained evaluator (averaged weights if `ema`), in evaluation mode, on `device`.
    """
    settings, config, device = settings or TrainingSettings(), config or StarterConfig(), torch.device(device)
    settings.check()
    data.check(config.pose, settings.shortest)
    with _seeded(device, settings.seed, 0):
        vocabulary = Vocabulary.of(caption for captions in data.captions for caption in captions)
        evaluator = StarterEvaluator(config, vocabulary, *feature_statistics(data.features)).to(device)
    objective = Contrast(BatchSampler(data, settings, evaluator, device), settings, device)
    about = _identity(data, settings, config)
    trainer = Trainer(evaluator, objective, how_to_optimise(settings), checkpoint=checkpoint, about=about)
    run(trainer)
    average = trainer.average
    assert isinstance(average, StarterEvaluator)
    return average


def how_to_optimise(settings: TrainingSettings) -> HowToOptimise:
    """Warm-up and a cosine to zero; weight decay for matrices, none for biases, norms and the temperature."""
    return HowToOptimise(
        steps=settings.steps, learning_rate=settings.learning_rate, warmup=settings.warmup, schedule="cosine",
        betas=(0.9, 0.98), weight_decay=settings.weight_decay, decay_vectors=False, ema_decay=settings.ema,
        checkpoint_seconds=float("inf"), checkpoint_steps=settings.checkpoint_every, validate_every=0,
        seed=settings.seed, precision=settings.precision,
    )  # fmt: skip


class Contrast:
    """Matching texts and motions come close, others and spoilt motions go away (`contrastive_loss`)."""

    def __init__(self, sampler: BatchSampler, settings: TrainingSettings, device: torch.device) -> None:
        self.sampler, self.settings, self.device = sampler, settings, device

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """The loss of the batch of a step, all of whose chance is (seed, step): batch, spoilt versions, dropout."""
        assert isinstance(model, StarterEvaluator)
        settings = self.settings
        with _seeded(self.device, settings.seed, step + 1):
            with torch.autocast(self.device.type, enabled=False):
                batch = self.sampler.draw(step)
            text = model.forward_rows(batch.rows, batch.row_lengths)
            motions = forward_sorted(model, batch.features, batch.lengths)
        with torch.autocast(self.device.type, enabled=False):
            motion, *spoilt = motions.float().split(settings.batch)
            versions = torch.stack(spoilt) if spoilt else None
            scale = model.log_scale.exp().clamp(max=100.0)
            loss = contrastive_loss(text, motion, batch.same, scale, versions, settings.spoilt_weight)
        return {"contrast": loss}

    def validation_loss(self, model: nn.Module) -> float:
        """Nothing is held out: how well a judge judges is measured by `eval.judges.probes`."""
        return float("nan")


def forward_sorted(evaluator: StarterEvaluator, features: Tensor, lengths: Tensor, chunk: int = 64) -> Tensor:
    """Embed motions [B, T, 263] in chunks of similar length, in the input's order: padding costs no time."""
    order = lengths.argsort()
    parts = [
        evaluator.forward_motion(features[rows, : int(lengths[rows].max())], lengths[rows])
        for rows in order.split(chunk)
    ]
    return torch.cat(parts)[order.argsort()]


@contextmanager
def _seeded(device: torch.device, seed: int, step: int) -> Iterator[None]:
    """Global torch randomness (dropout, initial weights) seeded inside, untouched outside."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(step_seed(seed, step))
        yield


def _identity(data: EvaluatorData, settings: TrainingSettings, config: StarterConfig) -> dict[str, str]:
    """What a checkpoint must agree with to be resumed."""
    digest = hashlib.blake2b()
    for motion, captions, label in zip(data.features, data.captions, data.labels):
        digest.update(np.ascontiguousarray(torch.as_tensor(motion).float().cpu().numpy()).data)
        digest.update(repr((list(captions), label)).encode())
    return {
        "format": FORMAT,
        # how often it is saved changes nothing
        "settings": json.dumps({k: v for k, v in asdict(settings).items() if k != "checkpoint_every"}),
        "config": json.dumps(asdict(config)),
        "data": digest.hexdigest(),
    }
