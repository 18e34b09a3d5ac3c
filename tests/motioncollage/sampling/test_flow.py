"""Flow matching: the conversion of velocities, and samples, against a Gaussian whose flow is known."""

import math

import pytest
import torch
from torch import Tensor

from motioncollage.collage.denoiser import NoiseLevel, flow_prediction
from motioncollage.sampling.flow import FlowLevels
from motioncollage.sampling.noise import gaussian
from motioncollage.sampling.registry import SamplerSettings, sample

MEAN, STD = 1.5, 0.4


def variance(level: NoiseLevel) -> float:
    return level.alpha**2 * STD**2 + level.sigma**2


def posterior(x: Tensor, level: NoiseLevel) -> Tensor:
    """E[x0 | x] of data N(MEAN, STD^2)."""
    return MEAN + level.alpha * STD**2 / variance(level) * (x - level.alpha * MEAN)


def velocity(x: Tensor, level: NoiseLevel) -> Tensor:
    """E[x0 - eps | x], by the covariance of x0 - eps with x."""
    return MEAN + (level.alpha * STD**2 - level.sigma) / variance(level) * (x - level.alpha * MEAN)


def test_a_velocity_becomes_the_posterior_mean() -> None:
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    for level in FlowLevels().levels(9):
        found = flow_prediction(x, velocity(x, level), level)
        assert torch.allclose(found, posterior(x, level), atol=1e-9)


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_ddim_is_eulers_method_along_the_flow(power: float) -> None:
    start = torch.randn(5, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    levels = FlowLevels(power)
    asked = levels.levels(8)
    x = start
    for i, level in enumerate(asked):
        after = asked[i + 1].timestep if i + 1 < len(asked) else 1.0
        x = x + (after - level.timestep) * velocity(x, level)
    noise = gaussian(torch.Generator())
    made = sample(posterior, start, levels, SamplerSettings("ddim", 8), noise)
    assert torch.allclose(made, x, atol=1e-4)


@pytest.mark.parametrize("name", ["ddim", "heun", "dpm++", "euler", "deis", "unipc"])
def test_samplers_reach_the_end_of_the_flow(name: str) -> None:
    """A Gaussian's flow carries noise z to MEAN + STD z."""
    start = torch.randn(64, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    made = sample(posterior, start, FlowLevels(), SamplerSettings(name, 400), gaussian(torch.Generator()))
    assert torch.allclose(made, MEAN + STD * start, atol=0.02)


def test_levels() -> None:
    levels = FlowLevels().levels(4)
    assert [level.timestep for level in levels] == [0, 0.25, 0.5, 0.75]
    assert all(math.isclose(level.alpha + level.sigma, 1) for level in levels)
    at = FlowLevels().at(3.0)
    assert (at.alpha, at.sigma) == pytest.approx((0.25, 0.75))
    assert [level.timestep for level in FlowLevels().part(0.5, 2)] == [0.5, 0.75]
    with pytest.raises(ValueError, match="steps is 0"):
        FlowLevels().levels(0)


def test_what_a_network_says_of_pure_noise_counts_little() -> None:
    """No network is right there, and a correction over the step from there would multiply its error."""
    start = torch.randn(64, 1, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    guess = lambda x, level: posterior(x, level) + (0.1 if level.alpha < 0.015 else 0.0)
    made = sample(
        guess, start, FlowLevels(shift=3.0), SamplerSettings("heun", 20), gaussian(torch.Generator())
    )
    assert (made - MEAN - STD * start).abs().max() < 0.1


def test_shifted_levels() -> None:
    """s to shift s / (1 + (shift - 1) s), written out; the last one as asked."""
    noises = [1 - level.timestep for level in FlowLevels(shift=3.0).levels(4)]
    assert noises == pytest.approx([1, 3 * 0.75 / 2.5, 3 * 0.5 / 2, 3 * 0.25 / 1.5])
    noises = [1 - level.timestep for level in FlowLevels(shift=3.0, last=0.1).levels(4)]
    assert noises == pytest.approx([1, 3 * 0.7 / 2.4, 3 * 0.4 / 1.8, 3 * 0.1 / 1.2])
    assert [level.timestep for level in FlowLevels(last=0.1).levels(1)] == [0]
    assert FlowLevels(shift=3.0).at(3.0) == FlowLevels().at(3.0)
    assert 1 - FlowLevels(shift=3.0).part(0.5, 2)[0].timestep == pytest.approx(0.75)
    with pytest.raises(ValueError, match="the shift of the noise levels is 0; it must be above 0"):
        FlowLevels(shift=0.0)
    with pytest.raises(ValueError, match="the last level's noise is 1; it must lie between 0 and 1"):
        FlowLevels(last=1.0)
