"""The stochastic Heun sampler, algorithm 2 of Karras et al. 2022: what the paper samples images with."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Composed, NoiseLevel
from motioncollage.sampling.noise import NoiseSource, OnStep


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
