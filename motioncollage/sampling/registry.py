"""Samplers by name: settings in, sample out."""

import math
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Composed
from motioncollage.sampling.solvers import (
    Churn,
    Levels,
    OnStep,
    gaussian,
    sample_dpm,
    sample_eta,
    sample_heun,
)

SOLVERS = ("deis", "dpm++sde", "unipc")  # of diffusers
SAMPLERS = ("ddim", "ddpm", "euler", "heun", "dpm++", *SOLVERS)


@dataclass(frozen=True)
class SamplerSettings:
    """Which sampler, how many steps, how much noise is renewed.

    Attributes:
        name: `ddim` (any eta; 0 is the probability-flow ODE, the paper's choice for motion), `ddpm` (ancestral, eta
            1), `euler` (first order in sigma: DDIM without renewed noise), `heun` (Karras et al. 2022, algorithm 2:
            two evaluations a step), and the multistep solvers `dpm++`, `deis`, `dpm++sde`, `unipc` (one evaluation a
            step; the last three from `diffusers`).
        steps: noise levels visited.
        eta: for `ddim` only.
        churn: for `heun` only; 0 is deterministic.
        spacing: of the levels of a discrete schedule; 1 is even, above 1 dense at high noise (`DiscreteLevels`).
    """

    name: str = "ddim"
    steps: int = 50
    eta: float = 0.0
    churn: float = 0.0
    spacing: float = 1.0

    def __post_init__(self) -> None:
        if self.name not in SAMPLERS:
            raise ValueError(f"sampler {self.name!r} is unknown; choose one of {', '.join(SAMPLERS)}")
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; a sampler needs at least 1")
        if not 0 <= self.eta <= 1:
            raise ValueError(f"eta is {self.eta}; choose between 0 (deterministic) and 1 (ancestral)")
        if self.eta > 0 and self.name != "ddim":
            raise ValueError(f"eta is {self.eta} but the sampler is {self.name!r}; only ddim takes eta")
        if self.churn > 0 and self.name != "heun":
            raise ValueError(f"churn is {self.churn} but the sampler is {self.name!r}; only heun takes churn")
        if not 0.2 <= self.spacing <= 10:
            raise ValueError(f"spacing is {self.spacing}; choose between 0.2 and 10, 1 for even steps")
        if not 0 <= self.churn < math.inf:
            raise ValueError(f"churn is {self.churn}; choose 0 (deterministic) or more")


PRESETS = {
    # Chosen on the val split of the starter pack: what 50 even steps of DDIM do, and better, in 10 evaluations.
    "fast": SamplerSettings("dpm++", 10, spacing=3.0),
    "paper": SamplerSettings("ddim", 50),
}


def preset(name: str, *, sampler: str | None = None, **changes: object) -> SamplerSettings:
    """Settings by name, with another sampler and changes that are not None.

    Raises:
        ValueError: an unknown name, or settings that make no sense.
    """
    if name not in PRESETS:
        raise ValueError(f"preset {name!r} is unknown; choose one of {', '.join(PRESETS)}")
    wanted = {"name": sampler, **changes}
    given = {key: value for key, value in wanted.items() if value is not None}
    return replace(PRESETS[name], **given)  # type: ignore[arg-type]


def sample(
    denoiser: Composed,
    start: Tensor,
    levels: Levels,
    settings: SamplerSettings,
    generator: torch.Generator,
    *,
    on_step: OnStep | None = None,
) -> Tensor:
    """Sample from standard normal noise.

    Args:
        start: standard normal noise [batch, ...]; it is scaled to the first level.
        levels: the model's noise levels.
        generator: source of renewed noise.

    Returns:
        A clean sample, same shape.
    """
    visited = levels.levels(settings.steps)
    noise = gaussian(generator)
    if settings.name == "heun":
        ratios = [level.sigma / level.alpha for level in visited]
        churn = Churn(settings.churn) if settings.churn > 0 else None
        run = partial(sample_heun, churn=churn, noise=noise, on_step=on_step)
        return run(denoiser, start * math.hypot(1, ratios[0]), [*ratios, 0.0], levels.at)
    scale = math.hypot(visited[0].alpha, visited[0].sigma)
    if settings.name == "dpm++":
        return sample_dpm(denoiser, start * scale, visited, on_step=on_step)
    if settings.name in SOLVERS:
        from motioncollage.sampling.multistep import sample_multistep

        return sample_multistep(
            denoiser, start * scale, visited, name=settings.name, noise=noise, on_step=on_step
        )
    eta = {"ddpm": 1.0, "euler": 0.0}.get(settings.name, settings.eta)
    return sample_eta(denoiser, start * scale, visited, eta=eta, noise=noise, on_step=on_step)
