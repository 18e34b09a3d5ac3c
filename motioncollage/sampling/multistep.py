"""DEIS, DPM-Solver++ (SDE) and UniPC: a bridge to the solvers of `diffusers`.

Each solver is given exactly the levels that the other samplers visit, as if they were its whole training schedule.
Imported only when asked for: `diffusers` takes as long to import as PyTorch.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Composed, NoiseLevel
from motioncollage.sampling.noise import NoiseSource, OnStep

STOCHASTIC = ("dpm++sde",)


def solver_of(name: str, levels: Sequence[NoiseLevel]) -> Any:
    """A scheduler of `diffusers` whose timesteps count the levels, 0 the cleanest.

    DEIS: Zhang & Chen 2023; DPM-Solver++: Lu et al. 2022; UniPC: Zhao et al. 2023; all of order 2, multistep.

    Raises:
        ImportError: `diffusers` is not installed.
    """
    try:
        import diffusers
    except ImportError as error:
        raise ImportError(
            f"sampler {name!r} needs diffusers: pip install diffusers, or use dpm++, ddim or heun"
        ) from error
    # Betas that lead through the levels, signal by signal: beta_i = 1 - abar_i / abar_{i-1}.
    signal = [level.alpha**2 / (level.alpha**2 + level.sigma**2) for level in reversed(levels)]
    betas = [1 - after / before for before, after in zip([1.0, *signal], signal)]
    common = {
        "num_train_timesteps": len(levels),
        "trained_betas": betas,
        "prediction_type": "sample",
        "timestep_spacing": "trailing",
        "solver_order": 2,
    }
    ends = {"final_sigmas_type": "sigma_min"}
    if name == "deis":
        scheduler: Any = diffusers.DEISMultistepScheduler(**common)
    elif name == "unipc":
        scheduler = diffusers.UniPCMultistepScheduler(**common, **ends)
    elif name == "dpm++sde":
        scheduler = diffusers.DPMSolverMultistepScheduler(**common, **ends, algorithm_type="sde-dpmsolver++")
    else:
        raise ValueError(f"diffusers solver {name!r} is unknown; choose one of deis, dpm++sde, unipc")
    scheduler.set_timesteps(len(levels))
    return scheduler


@torch.no_grad()
def sample_multistep(
    denoiser: Composed,
    x: Tensor,
    levels: Sequence[NoiseLevel],
    *,
    name: str,
    noise: NoiseSource,
    on_step: OnStep | None = None,
) -> Tensor:
    """Sample with one evaluation per level; the last one's clean prediction is the sample.

    Args:
        x: noisy sample [batch, ...] at the first level, x = alpha x0 + sigma eps.
        levels: noisy to clean.
        name: `deis`, `dpm++sde` or `unipc`.
        noise: renewed noise of the stochastic solver.
    """
    solver = solver_of(name, levels)
    # The solvers count in variance-preserving units: x / sqrt(alpha^2 + sigma^2).
    scales = [math.hypot(level.alpha, level.sigma) for level in levels]
    state = x / scales[0]
    for i, (level, scale) in enumerate(zip(levels, scales)):
        clean = denoiser(state * scale, level)
        if on_step:
            on_step(i + 1, len(levels))
        if i + 1 == len(levels):
            return clean
        drawn = {"variance_noise": noise(state)} if name in STOCHASTIC else {}
        state = solver.step(clean, solver.timesteps[i], state, **drawn).prev_sample.to(x.dtype)
    raise ValueError("no levels to visit; a sampler needs at least one")
