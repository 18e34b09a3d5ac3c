"""The samplers that come along, each made into what the registry calls: `motioncollage.samplers` entry points."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from motioncollage.collage.denoiser import Composed, NoiseLevel
from motioncollage.sampling.dpm import sample_dpm
from motioncollage.sampling.eta import sample_eta
from motioncollage.sampling.heun import Churn, sample_heun
from motioncollage.sampling.noise import NoiseSource, OnStep
from motioncollage.sampling.schedules import SigmaSchedule

SIGMA_MAX = SigmaSchedule().sigma_max
NO_SIGNAL = 5e4  # noise over signal above which there is none but to divide by, as where a flow begins


@dataclass(frozen=True)
class Run:
    """One run of a sampler.

    Attributes:
        denoiser: what is asked at every level.
        x: noisy sample [batch, ...] at the first level.
        levels: noisy to clean, not empty.
        at: the level of a noise-to-signal ratio, for samplers that ask between the levels.
        eta: share of the noise that is renewed, for samplers that take it.
        churn: how much noise is added back, for samplers that take it.
        noise: where renewed noise comes from.
        on_step: called after every step.
    """

    denoiser: Composed
    x: Tensor
    levels: list[NoiseLevel]
    at: Callable[[float], NoiseLevel]
    eta: float
    churn: float
    noise: NoiseSource
    on_step: OnStep | None = None


@dataclass(frozen=True)
class Sampler:
    """What an entry point of `motioncollage.samplers` names.

    Attributes:
        run: samples; returns the clean sample, shape of x.
        options: which of `SamplerSettings.eta` and `.churn` it reads; others must be 0.
    """

    run: Callable[[Run], Tensor]
    options: frozenset[str] = frozenset()


def _eta(share: float | None) -> Callable[[Run], Tensor]:
    def run(r: Run) -> Tensor:
        eta = r.eta if share is None else share
        return sample_eta(r.denoiser, r.x, r.levels, eta=eta, noise=r.noise, on_step=r.on_step)

    return run


def _heun(r: Run) -> Tensor:
    ratios = [level.sigma / level.alpha for level in r.levels]
    exploding = r.x / r.levels[0].alpha if r.levels[0].alpha != 1 else r.x
    if ratios[0] > NO_SIGNAL and len(ratios) > 1:
        # The step has no length that a slope could be corrected over: what the network says there would count a thousand
        # times. As much noise as published, or twice the next level's, hides a sample as well.
        first = max(SIGMA_MAX, 2 * ratios[1])
        exploding, ratios[0] = exploding * (math.hypot(1, first) / math.hypot(1, ratios[0])), first
    churn = Churn(r.churn) if r.churn > 0 else None
    return sample_heun(
        r.denoiser, exploding, [*ratios, 0.0], r.at, churn=churn, noise=r.noise, on_step=r.on_step
    )


def _dpm(r: Run) -> Tensor:
    return sample_dpm(r.denoiser, r.x, r.levels, on_step=r.on_step)


def _diffusers(name: str) -> Callable[[Run], Tensor]:
    def run(r: Run) -> Tensor:
        from motioncollage.sampling.multistep import sample_multistep

        return sample_multistep(r.denoiser, r.x, r.levels, name=name, noise=r.noise, on_step=r.on_step)

    return run


DDIM = Sampler(_eta(None), frozenset({"eta"}))
DDPM = Sampler(_eta(1.0))
EULER = Sampler(_eta(0.0))
HEUN = Sampler(_heun, frozenset({"churn"}))
DPM = Sampler(_dpm)
DEIS = Sampler(_diffusers("deis"))
DPM_SDE = Sampler(_diffusers("dpm++sde"))
UNIPC = Sampler(_diffusers("unipc"))


def scaled(start: Tensor, level: NoiseLevel) -> Tensor:
    """Standard normal noise brought to a level."""
    return start * math.hypot(level.alpha, level.sigma)
