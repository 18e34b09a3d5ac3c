"""What a diffusion model is to this package: a function that guesses the clean thing from a noisy one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

# Anything a denoiser understands: a text embedding, a class, a segmentation map. None is the null token.
Condition = Any


@dataclass(frozen=True)
class NoiseLevel:
    """How noisy a sample alpha x0 + sigma eps is, and what the network is told about it.

    Variance-preserving models have alpha^2 + sigma^2 = 1 and whole timesteps; in the convention of Karras et al.
    2022 alpha is 1 and the timestep is sigma itself.
    """

    alpha: float
    sigma: float
    timestep: float

    @classmethod
    def exploding(cls, sigma: float) -> "NoiseLevel":
        """A level of the alpha = 1 convention."""
        return cls(1.0, sigma, sigma)


CLEAN = NoiseLevel(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class PerSample:
    """Conditions that differ within a batch: one for each sample, in the place of one for all."""

    conditions: tuple[Condition | None, ...]


def spread(condition: Condition | None, batch: int) -> list[Condition | None]:
    """One condition per sample of a batch.

    Raises:
        ValueError: a `PerSample` of another length.
    """
    if not isinstance(condition, PerSample):
        return [condition] * batch
    if len(condition.conditions) != batch:
        raise ValueError(
            f"{len(condition.conditions)} conditions for a batch of {batch} samples; give one for each"
        )
    return list(condition.conditions)


class Denoiser(Protocol):
    """A plain denoiser of independent samples.

    Samples of one call all have the same shape; different calls may have different shapes (pieces and overlaps).
    """

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, same shape as x [batch, ...], given one condition per sample (None: null token).

        Where x requires a gradient, the prediction must carry it: reconstruction guidance differentiates by x.
        """
        ...


class Composed(Protocol):
    """A denoiser whose conditions are settled; samplers take this."""

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Clean prediction of x [batch, ...]."""
        ...


def noise_prediction(x: Tensor, clean: Tensor, level: NoiseLevel) -> Tensor:
    """eps from x = alpha x0 + sigma eps."""
    return (x - level.alpha * clean) / level.sigma


def clean_prediction(x: Tensor, noise: Tensor, level: NoiseLevel) -> Tensor:
    """x0 from x = alpha x0 + sigma eps."""
    return (x - level.sigma * noise) / level.alpha


def flow_prediction(x: Tensor, velocity: Tensor, level: NoiseLevel) -> Tensor:
    """x0 from x = t x0 + (1 - t) eps and the velocity x0 - eps of flow matching; `level.sigma` is 1 - t."""
    return x + level.sigma * velocity


def score(x: Tensor, clean: Tensor, level: NoiseLevel) -> Tensor:
    """Gradient of the log density of the noisy sample: (alpha x0 - x) / sigma^2 (Tweedie)."""
    return (level.alpha * clean - x) / level.sigma**2
