"""Training of the starter evaluator on arrays in memory: resumable, the same wherever it was interrupted."""

import copy
import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
from motioncollage.precision import supports_bfloat16

CHECKPOINT_FORMAT = "motioncollage evaluator training 1"


@dataclass(frozen=True)
class Progress:
    """Handed to the callback after every step: steps done, of how many, loss of this step, seconds a step."""

    step: int
    steps: int
    loss: float
    seconds_per_step: float


def train_evaluator(
    data: EvaluatorData,
    settings: TrainingSettings | None = None,
    config: StarterConfig | None = None,
    *,
    device: torch.device | str = "cpu",
    checkpoint: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> StarterEvaluator:
    """Train a starter evaluator.

    All chance of a step is seeded by (seed, step), so a run that is resumed from its checkpoint takes the
    very steps that an undisturbed one takes. Global random state is left as it was.

    Args: data: the training clips; the statistics and the vocabulary come from them. settings: how to train.
        config: sizes of the network. device: where all data and the network live. checkpoint: file to resume
        from if it is there, written every `checkpoint_every` steps and at the end. It is
            refused if it belongs to other settings or data.
        progress: called after every step.

    Returns:
        the trained evaluator (averaged weights if `ema`), in evaluation mode, on `device`.
    """
    settings, config, device = settings or TrainingSettings(), config or StarterConfig(), torch.device(device)
    settings.check()
    data.check(config.pose, settings.shortest)
    with _seeded(device, settings.seed, 0):
        vocabulary = Vocabulary.of(caption for captions in data.captions for caption in captions)
        evaluator = StarterEvaluator(config, vocabulary, *feature_statistics(data.features)).to(device)
    average = copy.deepcopy(evaluator).eval().requires_grad_(False)
    optimiser = torch.optim.AdamW(
        _decay_groups(evaluator, settings.weight_decay), lr=settings.learning_rate, betas=(0.9, 0.98)
    )
    identity = _identity(data, settings, config)
    done = _resume(checkpoint, identity, evaluator, average, optimiser)

    sampler = BatchSampler(data, settings, evaluator, device)
    bf16 = settings.precision == "bf16" or (settings.precision == "auto" and supports_bfloat16(device))
    evaluator.train()
    for step in range(done, settings.steps):
        began = time.perf_counter()
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * learning_rate_share(step, settings.steps, settings.warmup)
        with _seeded(device, settings.seed, step + 1):
            batch = sampler.draw(step)
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
                text = evaluator.forward_rows(batch.rows, batch.row_lengths)
                motions = forward_sorted(evaluator, batch.features, batch.lengths)
        motion, *spoilt = motions.float().split(settings.batch)
        loss = contrastive_loss(
            text,
            motion,
            batch.same,
            evaluator.log_scale.exp().clamp(max=100.0),
            torch.stack(spoilt) if spoilt else None,
            settings.spoilt_weight,
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(evaluator.parameters(), 1.0)
        optimiser.step()
        _update_average(average, evaluator, settings.ema, step)
        done = step + 1
        if checkpoint is not None and (done % settings.checkpoint_every == 0 or done == settings.steps):
            _save(checkpoint, identity, done, evaluator, average, optimiser)
        if progress is not None:
            progress(Progress(done, settings.steps, float(loss.detach()), time.perf_counter() - began))
    return average


def forward_sorted(evaluator: StarterEvaluator, features: Tensor, lengths: Tensor, chunk: int = 64) -> Tensor:
    """Embed motions [B, T, 263] in chunks of similar length, in the input's order: padding costs no time."""
    order = lengths.argsort()
    parts = [
        evaluator.forward_motion(features[rows, : int(lengths[rows].max())], lengths[rows])
        for rows in order.split(chunk)
    ]
    return torch.cat(parts)[order.argsort()]


def learning_rate_share(step: int, steps: int, warmup: int) -> float:
    """Share of the highest learning rate at a step: linear warm-up, then a cosine to zero."""
    if step < warmup:
        return (step + 1) / warmup
    return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


@contextmanager
def _seeded(device: torch.device, seed: int, step: int) -> Iterator[None]:
    """Global torch randomness (dropout, initial weights) seeded inside, untouched outside."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(step_seed(seed, step))
        yield


def _decay_groups(evaluator: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weight decay for matrices, none for biases, norms and the temperature."""
    matrices = [p for p in evaluator.parameters() if p.ndim >= 2]
    others = [p for p in evaluator.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


@torch.no_grad()
def _update_average(average: nn.Module, evaluator: nn.Module, decay: float, step: int) -> None:
    """Exponential moving average of the weights, shorter at the beginning."""
    decay = min(decay, (1 + step) / (10 + step)) if decay else 0.0
    for slow, fast in zip(average.parameters(), evaluator.parameters()):
        slow.lerp_(fast, 1 - decay)


def _identity(data: EvaluatorData, settings: TrainingSettings, config: StarterConfig) -> dict[str, str]:
    """What a checkpoint must agree with to be resumed."""
    digest = hashlib.blake2b()
    for motion, captions, label in zip(data.features, data.captions, data.labels):
        digest.update(np.ascontiguousarray(torch.as_tensor(motion).float().cpu().numpy()).data)
        digest.update(repr((list(captions), label)).encode())
    return {
        "format": CHECKPOINT_FORMAT,
        # how often it is saved changes nothing
        "settings": json.dumps({k: v for k, v in asdict(settings).items() if k != "checkpoint_every"}),
        "config": json.dumps(asdict(config)),
        "data": digest.hexdigest(),
    }


def _save(
    path: Path,
    identity: dict[str, str],
    step: int,
    evaluator: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> None:
    """Write a checkpoint under another name, then move it into place: it is whole or not there."""
    content = {
        "identity": identity,
        "step": step,
        "evaluator": evaluator.state_dict(),
        "average": average.state_dict(),
        "optimiser": optimiser.state_dict(),
    }
    temporary = path.with_name(path.name + ".part")
    torch.save(content, temporary)
    os.replace(temporary, path)


def _resume(
    path: Path | None,
    identity: dict[str, str],
    evaluator: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
) -> int:
    """Load a checkpoint if it is there; the number of steps done."""
    if path is None or not path.exists():
        return 0
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        found = content["identity"]
    except Exception as error:  # torch raises many kinds; each means the same to the caller
        raise ValueError(f"{path} is not a checkpoint of this training: {error}; move it away") from error
    differing = [name for name, value in identity.items() if found.get(name) != value]
    if differing:
        raise ValueError(
            f"{path} was made with other {' and '.join(differing)}: remove it to start anew, or choose "
            "another file"
        )
    evaluator.load_state_dict(content["evaluator"])
    average.load_state_dict(content["average"])
    optimiser.load_state_dict(content["optimiser"])
    return int(content["step"])
