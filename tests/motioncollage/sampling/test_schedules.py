"""Schedules against the published arrays and against their definitions."""

import numpy as np
import pytest
import torch
from paths import golden

from motioncollage.sampling.schedules import SigmaSchedule, VPSchedule, spaced_steps


def load(name: str) -> dict[str, np.ndarray]:
    with np.load(golden(name)) as archive:
        return dict(archive)


@pytest.mark.parametrize("length", ["short", "long"])
def test_cosine_schedule_is_the_published_one(length: str) -> None:
    published = load(f"diffusion_schedule_{length}.npz")
    schedule = VPSchedule.named(str(published["schedule"]), int(published["num_steps"]))
    of_clean, of_noisy = schedule.posterior_mean_coefficients
    alpha, sigma = schedule.alpha_sigma(torch.arange(len(schedule)))
    ours = {
        "betas": schedule.betas,
        "alphas_cumprod": schedule.alphas_cumprod,
        "alphas_cumprod_prev": schedule.alphas_cumprod_prev,
        "posterior_variance": schedule.posterior_variance,
        "posterior_log_variance_clipped": schedule.posterior_log_variance_clipped,
        "posterior_mean_coef1": of_clean,
        "posterior_mean_coef2": of_noisy,
        "sqrt_alphas_cumprod": alpha,
        "sqrt_one_minus_alphas_cumprod": sigma,
    }
    for name, values in ours.items():
        assert values.dtype == torch.float64
        np.testing.assert_allclose(values.numpy(), published[name], atol=1e-12, rtol=1e-12, err_msg=name)
    assert torch.equal(schedule.timesteps, torch.arange(len(schedule)))


@pytest.mark.parametrize("case", range(6))
def test_respaced_schedules_are_the_published_ones(case: int) -> None:
    published = load("diffusion_respace.npz")
    assert int(published["n_cases"]) == 6
    part = {key.split("_", 1)[1]: value for key, value in published.items() if key.startswith(f"case{case}_")}
    respaced = VPSchedule.named("cosine", int(part["base"])).respaced(str(part["spec"]))
    assert respaced.timesteps.tolist() == part["timestep_map"].tolist()
    for name in ("betas", "alphas_cumprod", "posterior_variance", "posterior_log_variance_clipped"):
        np.testing.assert_allclose(
            getattr(respaced, name).numpy(), part[name], atol=1e-12, rtol=1e-12, err_msg=name
        )


def test_respacing_keeps_the_noise_levels_of_the_steps_it_visits() -> None:
    schedule = VPSchedule.named("cosine", 1000)
    respaced = schedule.respaced("ddim50")
    assert respaced.timesteps.tolist() == list(range(0, 1000, 20))
    torch.testing.assert_close(respaced.alphas_cumprod, schedule.alphas_cumprod[respaced.timesteps])
    twice = respaced.respaced([5])
    assert twice.timesteps.tolist() == respaced.timesteps[spaced_steps(50, [5])].tolist()
    torch.testing.assert_close(twice.alphas_cumprod, schedule.alphas_cumprod[twice.timesteps])


def test_sections_include_both_ends() -> None:
    assert spaced_steps(10, "4").tolist() == [0, 3, 6, 9]
    assert spaced_steps(10, "1,2").tolist() == [0, 5, 9]
    assert spaced_steps(10, [10]).tolist() == list(range(10))


@pytest.mark.parametrize("sections", ["ddim11", "ddim", "ddim-1", "x", "", "0", "51", "20,40", [0], [26, 25]])
def test_impossible_respacings_are_refused_in_a_line(sections: str | list[int]) -> None:
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        VPSchedule.named("cosine", 50).respaced(sections)


@pytest.mark.parametrize(
    ("name", "steps"),
    [("cosine", 1), ("cosine", 10), ("cosine", 50), ("cosine", 1000), ("linear", 50), ("linear", 1000)],
)
def test_signal_falls_and_levels_are_variance_preserving(name: str, steps: int) -> None:
    schedule = VPSchedule.named(name, steps)
    alpha, sigma = schedule.alpha_sigma(torch.arange(steps).reshape(1, steps))
    assert alpha.shape == (1, steps)
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(1, steps, dtype=torch.float64))
    assert (alpha.diff() < 0).all()
    assert alpha.min() > 0
    assert torch.isfinite(schedule.posterior_log_variance_clipped[1:]).all()


@pytest.mark.parametrize(
    ("name", "steps"), [("quadratic", 10), ("cosine", 0), ("cosine", 10**6), ("linear", 20)]
)
def test_unknown_schedules_are_refused(name: str, steps: int) -> None:
    with pytest.raises(ValueError, match="noise schedule"):
        VPSchedule.named(name, steps)


def test_posterior_is_the_gaussian_that_bayes_gives() -> None:
    schedule = VPSchedule.named("cosine", 50)
    of_clean, of_noisy = schedule.posterior_mean_coefficients
    before, beta = schedule.alphas_cumprod_prev[1:], schedule.betas[1:]
    # q(x_{t-1} | x0) = N(sqrt(before) x0, 1 - before) and q(x_t | x_{t-1}) = N(sqrt(1 - beta) x_{t-1}, beta)
    precision = 1 / (1 - before) + (1 - beta) / beta
    torch.testing.assert_close(schedule.posterior_variance[1:], 1 / precision)
    torch.testing.assert_close(of_clean[1:], before.sqrt() / (1 - before) / precision)
    torch.testing.assert_close(of_noisy[1:], (1 - beta).sqrt() / beta / precision)


def test_sigma_schedule_is_that_of_karras() -> None:
    sigmas = SigmaSchedule().sigmas(80)
    assert sigmas.dtype == torch.float64
    torch.testing.assert_close(sigmas[[0, -1]], torch.tensor([80.0, 0.002], dtype=torch.float64))
    roots = sigmas ** (1 / 7)
    torch.testing.assert_close(roots.diff(), roots.diff().mean().expand(79))
    with pytest.raises(ValueError, match="at least 2"):
        SigmaSchedule().sigmas(1)
    with pytest.raises(ValueError, match="sigma_min"):
        SigmaSchedule(sigma_min=0.0)
