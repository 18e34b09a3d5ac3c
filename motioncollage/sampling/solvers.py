"""Samplers over any composed denoiser, a screen each; further multistep solvers are in `multistep`.

The eta family covers DDIM (Song et al. 2021), DDPM's ancestral sampling (eta 1), Euler and Euler-ancestral: with
x = alpha x0 + sigma eps they are one formula. The stochastic Heun sampler is algorithm 2 of Karras et al. 2022.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import torch
from torch import Tensor

from motioncollage.collage.denoiser import CLEAN, Composed, NoiseLevel
from motioncollage.sampling.schedules import SigmaSchedule, VPSchedule

OnStep = Callable[[int, int], None]
NoiseSource = Callable[[Tensor], Tensor]


class Levels(Protocol):
    """Where a sampler's noise levels come from: a model's discrete schedule or a continuous one."""

    def levels(self, steps: int) -> list[NoiseLevel]:
        """`steps` levels from noisy to nearly clean."""
        ...

    def at(self, sigma: float) -> NoiseLevel:
        """The level whose noise-to-signal ratio sigma / alpha is `sigma`."""
        ...


@dataclass(frozen=True)
class DiscreteLevels:
    """Levels of a variance-preserving schedule.

    Attributes:
        schedule: of the model.
        power: 1 spaces steps evenly, as DDIM does where a whole stride exists; above 1 they stand densely at high
            noise, t = (T - 1) (1 - (i / n) ** power). Motion is decided there: with few even steps it is mush.
    """

    schedule: VPSchedule
    power: float = 1.0

    def levels(self, steps: int) -> list[NoiseLevel]:
        if not 1 <= steps <= len(self.schedule):
            raise ValueError(
                f"steps is {steps}; this model was trained with {len(self.schedule)}, so use 1 to that"
            )
        total = len(self.schedule)
        if self.power != 1:
            places: list[int] = []
            for i in range(steps):
                wanted = round((total - 1) * (1 - (i / steps) ** self.power))
                # Where steps stand closer than levels, and at the clean end, each still gets a level of its own.
                places.append(max(steps - 1 - i, min(wanted, places[-1] - 1 if places else total - 1)))
            return [level_of(self.schedule, place) for place in places]
        exact = any(len(range(0, total, stride)) == steps for stride in range(1, total))
        return levels_of(self.schedule.respaced(f"ddim{steps}" if exact and steps < total else str(steps)))

    def at(self, sigma: float) -> NoiseLevel:
        alpha = 1 / math.hypot(1.0, sigma)
        ratios = ((1 - self.schedule.alphas_cumprod) / self.schedule.alphas_cumprod).sqrt()
        nearest = int((ratios.log() - math.log(max(sigma, 1e-12))).abs().argmin())
        return NoiseLevel(alpha, sigma * alpha, float(self.schedule.timesteps[nearest]))


@dataclass(frozen=True)
class ContinuousLevels:
    """Levels of the alpha = 1 convention."""

    schedule: SigmaSchedule = field(default_factory=SigmaSchedule)

    def levels(self, steps: int) -> list[NoiseLevel]:
        return [NoiseLevel.exploding(float(sigma)) for sigma in self.schedule.sigmas(steps)]

    def at(self, sigma: float) -> NoiseLevel:
        return NoiseLevel.exploding(sigma)


def levels_of(schedule: VPSchedule) -> list[NoiseLevel]:
    """All levels of a (respaced) schedule, noisy first."""
    return [level_of(schedule, place) for place in reversed(range(len(schedule)))]


def level_of(schedule: VPSchedule, place: int) -> NoiseLevel:
    """The level at one place of a schedule, 0 the cleanest."""
    signal = float(schedule.alphas_cumprod[place])
    return NoiseLevel(math.sqrt(signal), math.sqrt(1 - signal), float(schedule.timesteps[place]))


def gaussian(generator: torch.Generator) -> NoiseSource:
    """Fresh standard normal noise like a sample, drawn on the generator's device."""
    return lambda like: torch.randn(
        like.shape, generator=generator, device=generator.device, dtype=like.dtype
    ).to(like.device)


@torch.no_grad()
def sample_eta(
    denoiser: Composed,
    x: Tensor,
    levels: Sequence[NoiseLevel],
    *,
    eta: float = 0.0,
    noise: NoiseSource | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """The eta family: one prediction a step, then to the next level with part of the noise renewed.

    eta 0 is DDIM (on alpha = 1: Euler), eta 1 ancestral sampling with the small posterior variance (DDPM).

    Args:
        x: noisy sample [batch, ...] at the first level.
        levels: noisy to clean; a last step to no noise is added.
        noise: where renewed noise comes from; needed when eta > 0.
    """
    if eta > 0 and noise is None:
        raise ValueError(f"eta is {eta}; pass noise=gaussian(generator) for a stochastic sampler")
    for i, (level, after) in enumerate(pairwise([*levels, CLEAN])):
        clean = denoiser(x, level)
        eps = (x - level.alpha * clean) / level.sigma
        ratio = level.alpha / after.alpha
        renewed = (
            eta * after.sigma / level.sigma * math.sqrt(max(0.0, level.sigma**2 - ratio**2 * after.sigma**2))
        )
        kept = math.sqrt(max(0.0, after.sigma**2 - renewed**2))
        x = after.alpha * clean + kept * eps
        if eta > 0 and noise is not None:
            # Drawn at the last step too, as the published loops do, so that streams of noise stay aligned.
            x = x + renewed * noise(x)
        if on_step:
            on_step(i + 1, len(levels))
    return x


@torch.no_grad()
def sample_dpm(
    denoiser: Composed, x: Tensor, levels: Sequence[NoiseLevel], *, on_step: OnStep | None = None
) -> Tensor:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2): one prediction a step, extrapolated with the one before.

    In lambda = log(alpha / sigma) the clean prediction is nearly straight, so the line through two of them is followed.

    Args:
        x: noisy sample [batch, ...] at the first level.
        levels: noisy to clean; the last prediction is the sample.
    """
    before, step_before = None, 0.0
    for i, (level, after) in enumerate(pairwise([*levels, CLEAN])):
        clean = denoiser(x, level)
        if on_step:
            on_step(i + 1, len(levels))
        if after is CLEAN:
            return clean
        step = math.log(after.alpha / after.sigma) - math.log(level.alpha / level.sigma)
        ahead = clean if before is None else clean + step / (2 * step_before) * (clean - before)
        x = after.sigma / level.sigma * x - after.alpha * math.expm1(-step) * ahead
        before, step_before = clean, step
    raise ValueError("no levels to visit; a sampler needs at least one")


@dataclass(frozen=True)
class Churn:
    """Stochasticity of Karras et al. 2022, algorithm 2: how much noise is added back, between which levels."""

    amount: float = 10.0
    sigma_min: float = 0.05
    sigma_max: float = 50.0
    noise_scale: float = 1.003


@torch.no_grad()
def sample_heun(
    denoiser: Composed,
    x: Tensor,
    sigmas: Sequence[float],
    at: Callable[[float], NoiseLevel],
    *,
    churn: Churn | None = None,
    noise: NoiseSource | None = None,
    on_step: OnStep | None = None,
) -> Tensor:
    """Karras et al. 2022, algorithm 2: churn, an Euler step, Heun's correction.

    Args:
        x: sample [batch, ...] in the alpha = 1 convention at the first sigma (for VP models divide by alpha).
        sigmas: descending; a last value of 0 ends without correction, as published.
        at: turns a sigma into the level that the model is asked at; x is scaled by its alpha.
        churn: None for the deterministic sampler.
    """
    if churn is not None and churn.amount > 0 and noise is None:
        raise ValueError("churn needs noise; pass noise=gaussian(generator)")

    def slope(x: Tensor, sigma: float) -> Tensor:
        level = at(sigma)
        return (x - denoiser(x * level.alpha, level)) / sigma

    for i, (sigma, after) in enumerate(pairwise(sigmas)):
        if churn is not None and churn.amount > 0 and churn.sigma_min < sigma < churn.sigma_max:
            gamma = min(churn.amount / len(sigmas), math.sqrt(2) - 1)
            raised = sigma * (1 + gamma)
            assert noise is not None
            x = x + math.sqrt(raised**2 - sigma**2) * churn.noise_scale * noise(x)
            sigma = raised
        first = slope(x, sigma)
        x_next = x + (after - sigma) * first
        if after > 0:
            x_next = x + (after - sigma) * (first + slope(x_next, after)) / 2
        x = x_next
        if on_step:
            on_step(i + 1, len(sigmas) - 1)
    return x
