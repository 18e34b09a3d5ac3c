"""Samplers by name: settings in, sample out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor

from motioncollage import plugins
from motioncollage.collage.denoiser import Composed, NoiseLevel
from motioncollage.collage.guidance import Guidance
from motioncollage.sampling.levels import Levels
from motioncollage.sampling.noise import NoiseSource, OnStep
from motioncollage.sampling.samplers import Run, Sampler, scaled

MAX_STEPS = 10_000


def sampler(name: str) -> Sampler:
    """A sampler by its name.

    Raises:
        ValueError: an unknown name.
    """
    found: Sampler = plugins.load("samplers", name)
    return found


def _options(name: str) -> frozenset[str]:
    """What a sampler takes; nothing where it cannot be loaded."""
    try:
        return sampler(name).options
    except ImportError:
        return frozenset()


@dataclass(frozen=True)
class SamplerSettings:
    """Which sampler, how many steps, how much noise is renewed.

        model.generate("a person walks", sampler=mc.SamplerSettings("ddim", steps=50))

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
        options = sampler(self.name).options
        if not 1 <= self.steps <= MAX_STEPS:
            raise ValueError(f"steps is {self.steps}; a sampler needs at least 1, and at most {MAX_STEPS}")
        if not 0 <= self.eta <= 1:
            raise ValueError(f"eta is {self.eta}; choose between 0 (deterministic) and 1 (ancestral)")
        for option in ("eta", "churn"):
            if getattr(self, option) > 0 and option not in options:
                takers = [name for name in plugins.available("samplers") if option in _options(name)]
                raise ValueError(
                    f"{option} is {getattr(self, option)} but the sampler is {self.name!r}; only"
                    f" {', '.join(takers)} {'takes' if len(takers) == 1 else 'take'} {option}"
                )
        if not 0.2 <= self.spacing <= 10:
            raise ValueError(f"spacing is {self.spacing}; choose between 0.2 and 10, 1 for even steps")
        if not 0 <= self.churn < math.inf:
            raise ValueError(f"churn is {self.churn}; choose 0 (deterministic) or more")


@dataclass(frozen=True)
class Preset:
    """How to sample, by a name.

    Attributes:
        sampler: of which `steps` counts only without `every`.
        every: visit every level of the model's schedule.
        guidance: of texts; None for the model's own.
        precision: as in `MethodSettings`.
    """

    sampler: SamplerSettings
    every: bool = False
    guidance: Guidance | None = None
    precision: str = "auto"


PRESETS = {
    # Chosen on the val split of the starter pack: what 50 even steps of DDIM do, and better, in 10 evaluations.
    "fast": Preset(SamplerSettings("dpm++", 10, spacing=3.0)),
    "paper": Preset(SamplerSettings("ddim", 50)),
    # As MDM's own code samples; 1000 for most of its checkpoints, 50 for the quicker one.
    "mdm": Preset(SamplerSettings("ddpm", 1000), every=True, guidance=Guidance(2.5), precision="float32"),
}


def named_preset(name: str) -> Preset:
    """Raises ValueError for an unknown name."""
    if name not in PRESETS:
        raise ValueError(f"preset {name!r} is unknown; choose one of {', '.join(PRESETS)}")
    return PRESETS[name]


def preset(
    name: str, *, levels: Levels | None = None, sampler: str | None = None, **changes: object
) -> SamplerSettings:
    """Settings by name, with another sampler and changes that are not None.

    Args:
        levels: the model's, for presets that visit all of them.

    Raises:
        ValueError: an unknown name, or settings that make no sense.
    """
    chosen = named_preset(name)
    own = chosen.sampler
    if chosen.every and levels is not None and (most := getattr(levels, "most", None)) is not None:
        own = replace(own, steps=most)
    wanted = {"name": sampler, **changes}
    given = {key: value for key, value in wanted.items() if value is not None}
    return replace(own, **given)  # type: ignore[arg-type]


def sample(
    denoiser: Composed,
    start: Tensor,
    levels: Levels,
    settings: SamplerSettings,
    noise: NoiseSource,
    *,
    on_step: OnStep | None = None,
) -> Tensor:
    """Sample from standard normal noise.

        clean = mc.sample(whole, torch.randn(1, 180, 263), levels, mc.SamplerSettings("heun", 20), noise)

    Args:
        start: standard normal noise [batch, ...]; it is scaled to the first level.
        levels: the model's noise levels.
        noise: where renewed noise comes from; read by samplers that renew some.

    Returns:
        A clean sample, same shape.
    """
    visited = levels.levels(settings.steps)
    return sample_from(denoiser, scaled(start, visited[0]), visited, levels, settings, noise, on_step=on_step)


def sample_from(
    denoiser: Composed,
    x: Tensor,
    visited: Sequence[NoiseLevel],
    levels: Levels,
    settings: SamplerSettings,
    noise: NoiseSource,
    *,
    on_step: OnStep | None = None,
) -> Tensor:
    """Sample from a sample x [batch, ...] at the first of the given levels: all the way, or the rest of one (SDEdit)."""
    run = Run(denoiser, x, list(visited), levels.at, settings.eta, settings.churn, noise, on_step)
    return sampler(settings.name).run(run)
