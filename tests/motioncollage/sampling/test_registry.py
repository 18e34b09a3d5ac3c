"""Every sampler by name, on a Gaussian whose score is known: all end with its mean and covariance."""

import sys

import pytest
import torch
from torch import Tensor

from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.plugins import available
from motioncollage.sampling.dpm import sample_dpm
from motioncollage.sampling.levels import ContinuousLevels, DiscreteLevels, Levels
from motioncollage.sampling.noise import gaussian
from motioncollage.sampling.registry import PRESETS, SamplerSettings, preset, sample
from motioncollage.sampling.schedules import VPSchedule

SAMPLERS = tuple(available("samplers"))
SOLVERS = ("deis", "dpm++sde", "unipc")  # of diffusers
MEAN = torch.tensor([1.0, -2.0, 0.0], dtype=torch.float64)
COVARIANCE = torch.tensor([[1.0, 0.6, 0.0], [0.6, 0.8, -0.2], [0.0, -0.2, 0.5]], dtype=torch.float64)


def denoise(x: Tensor, level: NoiseLevel) -> Tensor:
    """E[x0 | x] of the Gaussian above."""
    noisy = level.alpha**2 * COVARIANCE + level.sigma**2 * torch.eye(3, dtype=torch.float64)
    return MEAN + (x - level.alpha * MEAN) @ torch.linalg.solve(noisy, level.alpha * COVARIANCE)


LEVELS: dict[str, Levels] = {
    "discrete": DiscreteLevels(VPSchedule.named("cosine", 1000)),
    "continuous": ContinuousLevels(),
}


def run(name: str, levels: Levels, steps: int, *, count: int = 20_000, **changes: float) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    start = torch.randn(count, 3, dtype=torch.float64, generator=generator)
    return sample(
        denoise, start, levels, SamplerSettings(name=name, steps=steps, **changes), gaussian(generator)
    )


@pytest.mark.parametrize("levels", LEVELS.values(), ids=LEVELS)
@pytest.mark.parametrize("name", SAMPLERS)
def test_moments_of_a_gaussian(name: str, levels: Levels) -> None:
    out = run(name, levels, 100)
    assert (out.mean(0) - MEAN).abs().max() < 0.06
    assert (torch.cov(out.T) - COVARIANCE).abs().max() < 0.11


@pytest.mark.parametrize("name", ["deis", "dpm++", "unipc", "heun"])
def test_second_order_needs_fewer_steps(name: str) -> None:
    """On the same 20 levels the higher order is several times closer to the flow's end than Euler."""
    levels = LEVELS["continuous"]
    exact = run("heun", levels, 400, count=500)
    first = (run("euler", levels, 20, count=500) - exact).abs().mean()
    assert (run(name, levels, 20, count=500) - exact).abs().mean() < 0.5 * first


@pytest.mark.parametrize("spacing", [1.0, 3.0])
def test_our_solver_is_the_published_one(spacing: float) -> None:
    """DPM-Solver++(2M) against `diffusers`, which takes the authors' code as its reference."""
    from diffusers import DPMSolverMultistepScheduler

    levels = DiscreteLevels(VPSchedule.named("cosine", 1000), spacing).levels(20)
    signal = [level.alpha**2 for level in reversed(levels)]
    betas = [1 - after / before for before, after in zip([1.0, *signal], signal)]
    reference = DPMSolverMultistepScheduler(
        num_train_timesteps=20, trained_betas=betas, prediction_type="sample", timestep_spacing="trailing",
        solver_order=2, final_sigmas_type="sigma_min", algorithm_type="dpmsolver++",
    )  # fmt: skip
    reference.set_timesteps(20)
    start = torch.randn(50, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(4))
    state = start
    for timestep, level in zip(reference.timesteps, levels):
        clean = denoise(state, level)
        state = reference.step(clean, timestep, state).prev_sample
    assert torch.allclose(sample_dpm(denoise, start, levels), clean, atol=1e-5)


def test_presets() -> None:
    assert preset("paper") == SamplerSettings("ddim", 50)
    assert preset("mdm").steps == 1000
    quick = DiscreteLevels(VPSchedule.named("cosine", 50))
    assert preset("mdm", levels=quick) == SamplerSettings("ddpm", 50)
    assert preset("mdm", levels=quick, steps=7, sampler="ddim") == SamplerSettings("ddim", 7)
    assert preset("fast", levels=quick) == PRESETS["fast"].sampler
    assert preset("fast").steps <= 15
    assert preset("fast", steps=30, sampler=None) == SamplerSettings("dpm++", 30, spacing=3.0)
    with pytest.raises(ValueError, match="preset 'slow' is unknown; choose one of fast, paper"):
        preset("slow")
    with pytest.raises(ValueError, match="steps is 0"):
        preset("fast", steps=0)


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_step_is_the_clean_prediction_of_pure_noise(name: str) -> None:
    out = run(name, LEVELS["discrete"], 1, count=4000)
    assert torch.isfinite(out).all()


def test_spacing_puts_steps_at_high_noise() -> None:
    schedule = VPSchedule.named("cosine", 1000)
    even, dense = (DiscreteLevels(schedule, power).levels(20) for power in (1.0, 3.0))
    assert len(even) == len(dense) == 20
    assert dense[0].timestep == 999
    for steps in (1, 2, 999, 1000):
        assert len({level.timestep for level in DiscreteLevels(schedule, 3.0).levels(steps)}) == steps
    assert [level.timestep for level in dense] == sorted((level.timestep for level in dense), reverse=True)
    assert sum(level.timestep > 900 for level in dense) >= 8 > 3 > sum(level.timestep > 900 for level in even)
    for level in dense:
        signal = float(schedule.alphas_cumprod[int(level.timestep)])
        assert level.alpha**2 == pytest.approx(signal)
        assert level.alpha**2 + level.sigma**2 == pytest.approx(1.0)


@pytest.mark.parametrize("name", [*SAMPLERS, "churned"])
def test_same_seed_same_sample(name: str) -> None:
    changes = {"churn": 10.0} if name == "churned" else {}
    name = "heun" if name == "churned" else name
    first, second = (run(name, LEVELS["discrete"], 8, count=4, **changes) for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", SAMPLERS)
def test_progress_is_reported_once_a_step(name: str) -> None:
    seen: list[tuple[int, int]] = []
    sample(
        denoise,
        torch.zeros(1, 3, dtype=torch.float64),
        LEVELS["discrete"],
        SamplerSettings(name=name, steps=5),
        gaussian(torch.Generator()),
        on_step=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(i, 5) for i in range(1, 6)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"spacing": 0.0}, r"spacing is 0\.0"),
        ({"name": "plms"}, r"sampler 'plms' is unknown; choose one of ddim, ddpm"),
        ({"steps": 0}, r"steps is 0"),
        ({"eta": 1.5}, r"eta is 1\.5"),
        ({"eta": float("nan")}, r"eta is nan"),
        ({"name": "heun", "eta": 0.5}, r"only ddim takes eta"),
        ({"churn": 5.0}, r"only heun takes churn"),
        ({"name": "heun", "churn": float("inf")}, r"churn is inf"),
    ],
)
def test_settings_that_make_no_sense(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SamplerSettings(**changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SOLVERS)
def test_without_diffusers_the_message_says_what_to_install(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(ImportError, match=r"needs diffusers: pip install diffusers"):
        run(name, LEVELS["discrete"], 4, count=1)
