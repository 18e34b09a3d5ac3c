"""DPM-Solver++(2M) (Lu et al. 2022), the default of motion and images: one prediction a step, second order."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from motioncollage.collage.denoiser import CLEAN, Composed, NoiseLevel
from motioncollage.sampling.noise import OnStep


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
