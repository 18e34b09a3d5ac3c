"""Noise levels: the published numbers, visited steps, and one update of the sampler."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from paths import golden

from mdm_adapter.models.kimodo.schedule import KimodoLevels, squared_signal, visited_steps
from motioncollage.collage.denoiser import CLEAN
from motioncollage.sampling.eta import sample_eta
from motioncollage.sampling.schedules import cosine_betas

STEPS = (5, 10, 50, 100, 1000)


def test_published_betas() -> None:
    data = np.load(golden("kimodo_schedule.npz"))
    assert np.abs(cosine_betas(1000).numpy() - data["betas_base"]).max() < 1e-7
    assert np.abs(squared_signal(1000).numpy() - data["alphas_cumprod_base"]).max() < 1e-6


@pytest.mark.parametrize("steps", STEPS)
def test_published_levels(steps: int) -> None:
    data = np.load(golden("kimodo_schedule.npz"))
    assert visited_steps(steps).tolist() == data[f"n{steps}_map"].tolist()
    signal = squared_signal(steps).numpy()
    assert np.abs(signal - data[f"n{steps}_alphas_cumprod"]).max() < 1e-6
    assert (
        np.abs(signal / data[f"n{steps}_alphas_cumprod"] - 1).max() < 1e-5
    )  # the floor of the noisiest, too
    levels = KimodoLevels().levels(steps)
    for level, place in zip(levels, reversed(range(steps))):
        assert 1 / level.alpha == pytest.approx(data[f"n{steps}_sqrt_recip_alphas_cumprod"][place], rel=1e-5)
        ratio = data[f"n{steps}_sqrt_recipm1_alphas_cumprod"][place]
        assert level.sigma / level.alpha == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize("steps", STEPS)
def test_published_updates(steps: int) -> None:
    data = np.load(golden("kimodo_schedule.npz"))
    x, clean = torch.tensor(data["step_x_t"]).double(), torch.tensor(data["step_pred_x0"]).double()
    levels = KimodoLevels().levels(steps)
    for row, place in enumerate(data[f"n{steps}_step_t"]):
        level = levels[steps - 1 - int(place)]
        after = levels[steps - int(place)] if place else CLEAN
        noise = (x[row] - level.alpha * clean[row]) / level.sigma
        found = after.alpha * clean[row] + after.sigma * noise
        assert np.abs(found.numpy() - data[f"n{steps}_step_out"][row]).max() < 1e-4 * (
            1 + np.abs(found.numpy()).max()
        )


def test_published_noising() -> None:
    data = np.load(golden("kimodo_schedule.npz"))
    levels = KimodoLevels().levels(1000)
    for row, step in enumerate(data["q_t"]):
        level = levels[999 - int(step)]
        found = level.alpha * data["step_pred_x0"][row] + level.sigma * data["q_noise"][row]
        assert np.abs(found - data["q_sample"][row]).max() < 1e-5


@given(st.integers(2, 1000))
def test_both_ends_are_always_visited(steps: int) -> None:
    places = visited_steps(steps).tolist()
    assert (places[0], places[-1]) == (0, 999)
    assert places == sorted(set(places))
    levels = KimodoLevels().levels(steps)
    assert all(level.alpha**2 + level.sigma**2 == pytest.approx(1) for level in levels)
    assert [level.timestep for level in levels] == places[::-1]


def test_one_step_and_impossible_ones() -> None:
    assert visited_steps(1).tolist() == [0]
    for steps in (0, 1001):
        with pytest.raises(ValueError, match=f"steps is {steps}; this model was trained with 1000"):
            visited_steps(steps)


def test_denser_levels_and_levels_by_ratio() -> None:
    dense = KimodoLevels(power=3.0).levels(10)
    assert dense[0].timestep == 999
    assert dense[1].timestep > KimodoLevels().levels(10)[1].timestep
    level = KimodoLevels().at(1.0)
    assert level.alpha == pytest.approx(math.sqrt(0.5))
    assert 400 < level.timestep < 600


def test_the_last_prediction_is_the_sample() -> None:
    x = torch.randn(2, 3, generator=torch.Generator().manual_seed(0))
    made = sample_eta(lambda x, level: torch.full_like(x, level.timestep), x, KimodoLevels().levels(7))
    assert torch.equal(made, torch.zeros(2, 3))
