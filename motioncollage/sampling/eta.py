"""The eta family: DDIM (Song et al. 2021), DDPM's ancestral sampling (eta 1), Euler and Euler-ancestral are one formula.

With x = alpha x0 + sigma eps it fits a screen, in the notation of the paper's equation 1.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from motioncollage.collage.denoiser import CLEAN, Composed, NoiseLevel
from motioncollage.sampling.noise import NoiseSource, OnStep


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
