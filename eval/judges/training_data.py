"""What the starter evaluator is trained on: captioned motions, settings, and the batch of each step."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eval.judges.corruptions import CORRUPTIONS
from eval.judges.starter import StarterEvaluator
from motioncollage.sequences import Sequences


@dataclass(frozen=True)
class EvaluatorData:
    """Captioned motions.

    features: [T_i, 263] each, in the units of the features; captions: one or more for each motion; labels:
    what makes two motions a right match for each other's text, e.g. (action, style). Motions that share a
    caption match as well. release: gives the memory of motions back that lie in a mapped file.
    """

    features: Sequence[Any]
    captions: Sequence[Sequence[str]]
    labels: Sequence[Hashable]
    release: Callable[[], None] | None = None

    def check(self, width: int, shortest: int) -> None:
        """Refuse what cannot be trained on, naming the first case and the number of them."""
        if not len(self.features) == len(self.captions) == len(self.labels):
            raise ValueError(
                f"{len(self.features)} motions, {len(self.captions)} lists of captions and "
                f"{len(self.labels)} labels: one of each is needed for every clip"
            )
        if len(self.features) < 2:
            raise ValueError(f"contrastive training needs at least 2 clips, there are {len(self.features)}")
        problems: dict[str, list[int]] = {}
        for index, (motion, captions) in enumerate(zip(self.features, self.captions)):
            if motion.ndim != 2 or motion.shape[1] != width:
                problems.setdefault(f"are not [frames, {width}]", []).append(index)
            elif len(motion) < shortest:
                problems.setdefault(f"are shorter than {shortest} frames", []).append(index)
            elif not bool(torch.isfinite(torch.as_tensor(motion)).all()):
                problems.setdefault("hold NaN or infinity", []).append(index)
            if not len(captions) or isinstance(captions, str):
                problems.setdefault("have no list of captions", []).append(index)
        if problems:
            text = "; ".join(f"{len(found)} {what} (first: {found[0]})" for what, found in problems.items())
            raise ValueError(f"clips that cannot be used: {text}. Leave them out and report how many")


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    steps: optimiser steps; batch: clips in one; learning_rate: highest, reached after `warmup` steps, then a
    cosine to zero; ema: decay of the averaged weights that are returned, 0 for none; spoilt: kinds of spoilt
    motions (`eval.judges.corruptions`), `spoilt_per_step` of them drawn for each step, 0 for none; spoilt_weight:
    how many ordinary negatives each counts as; crop: probability that a clip is cropped; shortest, longest:
    frames, multiples of 4; balance: a clip is drawn with probability ~ (clips of its label)^-balance, 0 as
    they come, 1 labels alike; unknown_words: share of words replaced by their bucket, which trains the
    buckets; precision: "auto" takes bfloat16 where the machine multiplies it fast.

    `spoilt_weight` is how strict the judge becomes, and should stay small. Frechet distances of starter
    test clips with 4, 8, 16 and 32 mm of noise on every joint: 0, 0, 0.03 and 0.4 with spoilt_per_step = 0;
    0.5, 8, 59 and 137 as set here; 40, 119, 155 and 170 with a weight of 4, two kinds a step and 1,500 steps:
    there all that is spoilt falls on one spot and imperfect methods can no longer be told apart.
    """

    steps: int = 800
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: int = 100
    ema: float = 0.998
    spoilt: tuple[str, ...] = tuple(CORRUPTIONS)
    spoilt_per_step: int = 1
    spoilt_weight: float = 0.15
    crop: float = 0.5
    shortest: int = 24
    longest: int = 196
    balance: float = 0.5
    unknown_words: float = 0.05
    seed: int = 0
    precision: str = "auto"
    checkpoint_every: int = 100

    def check(self) -> None:
        if self.shortest % 4 or self.longest % 4 or not 4 <= self.shortest <= self.longest:
            raise ValueError(
                f"lengths {self.shortest} to {self.longest} must be multiples of 4, from short to long"
            )
        unknown = set(self.spoilt) - set(CORRUPTIONS)
        if unknown:
            raise ValueError(f"no spoilt motion is called {sorted(unknown)}; there are {sorted(CORRUPTIONS)}")
        if self.spoilt_per_step > len(self.spoilt):
            raise ValueError(
                f"{self.spoilt_per_step} of {len(self.spoilt)} kinds of spoilt motion cannot be drawn"
            )
        if self.batch < 2 or self.steps < 1:
            raise ValueError(
                f"batch {self.batch} and steps {self.steps}: at least 2 clips and 1 step are needed"
            )


@dataclass(frozen=True)
class Batch:
    """features [(1 + K) B, T, 263], the K spoilt versions behind the clean ones; lengths [(1 + K) B]; rows
    [B, L] of words; row_lengths [B]; same [B, B]."""

    features: Tensor
    lengths: Tensor
    rows: Tensor
    row_lengths: Tensor
    same: Tensor


class BatchSampler:
    """Draws the batch of a step (clips, crops, captions, spoilt versions) from (seed, step) alone."""

    def __init__(
        self,
        data: EvaluatorData,
        settings: TrainingSettings,
        evaluator: StarterEvaluator,
        device: torch.device,
    ) -> None:
        self.settings, self.evaluator, self.device = settings, evaluator, device
        motions = [torch.as_tensor(motion) for motion in data.features]
        self.motions = Sequences(motions, device, release=data.release)
        self.lengths, self.starts = self.motions.lengths.numpy(), np.array(self.motions.starts)
        self.captions = data.captions
        label_numbers: dict[Hashable, int] = {}
        self.labels = np.array([label_numbers.setdefault(x, len(label_numbers)) for x in data.labels])
        weights = np.bincount(self.labels)[self.labels] ** -float(settings.balance)
        self.weights = weights / weights.sum()
        # which captions a motion has, so that another motion with the same words is no wrong match
        numbers: dict[str, int] = {}
        self.caption_numbers = [
            [numbers.setdefault(caption.lower(), len(numbers)) for caption in captions]
            for captions in data.captions
        ]

    def draw(self, step: int) -> Batch:
        settings = self.settings
        rng = np.random.default_rng([settings.seed, step])
        size = settings.batch
        clips = rng.choice(len(self.captions), size, p=self.weights, replace=size > len(self.captions))
        whole = np.minimum(self.lengths[clips], settings.longest) // 4 * 4
        cropped = rng.integers(settings.shortest // 4, whole // 4 + 1) * 4
        lengths = np.where(rng.random(size) < settings.crop, cropped, whole)
        starts = rng.integers(0, self.lengths[clips] - lengths + 1)
        counts = torch.from_numpy(lengths).to(self.device)
        rows = torch.from_numpy(self.starts[clips] + starts).to(self.device)
        features, _ = self.motions.take(rows, counts, int(lengths.max()))

        generator = torch.Generator(self.device).manual_seed(step_seed(settings.seed, step))
        kinds = rng.choice(len(settings.spoilt), settings.spoilt_per_step, replace=False)
        versions = [features] + [
            CORRUPTIONS[settings.spoilt[kind]](features, counts, generator) for kind in kinds
        ]

        chosen = [int(rng.integers(len(self.captions[clip]))) for clip in clips]
        words, word_counts = self.evaluator.rows([self.captions[c][i] for c, i in zip(clips, chosen)])
        words = self._hide_words(words, rng)
        same = self.labels[clips][:, None] == self.labels[clips][None, :]
        said = np.array([self.caption_numbers[c][i] for c, i in zip(clips, chosen)])
        for j, clip in enumerate(clips):
            same[:, j] |= np.isin(said, self.caption_numbers[clip])
        return Batch(
            torch.cat(versions),
            counts.repeat(len(versions)),
            words.to(self.device),
            word_counts.to(self.device),
            torch.from_numpy(same).to(self.device),
        )

    def _hide_words(self, rows: Tensor, rng: np.random.Generator) -> Tensor:
        """Some known words replaced by the bucket they would fall into were they unknown."""
        vocabulary, buckets = self.evaluator.vocabulary, self.evaluator.config.buckets
        hidden = np.argwhere(rng.random(rows.shape) < self.settings.unknown_words)
        rows = rows.clone()
        for i, j in hidden:
            row = int(rows[i, j])
            if 0 < row <= len(vocabulary.words):
                rows[i, j] = vocabulary.bucket(vocabulary.words[row - 1], buckets)
        return rows


def step_seed(seed: int, step: int) -> int:
    """A seed for torch made of both numbers, so that neighbouring steps have nothing in common."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> np.uint64(1))
