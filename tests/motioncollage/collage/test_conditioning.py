"""Replacement and reconstruction against a Gaussian whose posterior is known, and their observations against algebra."""

import pytest
import torch
from torch import Tensor

from motioncollage.collage.conditioning import (
    BlockMean,
    Linear,
    Mask,
    Observation,
    Reconstruction,
    Replacement,
    posterior_weight,
)
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.sampling.eta import sample_eta
from motioncollage.sampling.levels import DiscreteLevels
from motioncollage.sampling.noise import gaussian
from motioncollage.sampling.schedules import VPSchedule

COVARIANCE = torch.tensor([[1.0, 0.8], [0.8, 1.0]], dtype=torch.float64)
LEVELS = DiscreteLevels(VPSchedule.named("cosine", 1000)).levels(200)
FIRST = Mask(torch.tensor([1.0, 0.0], dtype=torch.float64))
VALUE = torch.tensor([1.5, 0.0], dtype=torch.float64)


def noisy(level: NoiseLevel) -> Tensor:
    return level.alpha**2 * COVARIANCE + level.sigma**2 * torch.eye(2, dtype=torch.float64)


def denoise(x: Tensor, level: NoiseLevel) -> Tensor:
    return x @ torch.linalg.solve(noisy(level), level.alpha * COVARIANCE)


def exact_weight(level: NoiseLevel) -> float:
    """1 / (2 r^2) with the true variance r^2 of the observed entry given the noisy sample."""
    gain = level.alpha * COVARIANCE
    remaining = COVARIANCE - gain @ torch.linalg.solve(noisy(level), gain)
    return 0.5 / float(remaining[0, 0])


def run(denoiser: Reconstruction | Replacement, eta: float) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 2, dtype=torch.float64, generator=generator)
    return sample_eta(denoiser, x, LEVELS, eta=eta, noise=gaussian(generator))


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_reconstruction_samples_the_posterior(eta: float) -> None:
    """x2 given x1 = 1.5 is N(1.2, 0.36)."""
    out = run(Reconstruction(denoise, FIRST, VALUE, exact_weight), eta)
    assert (out[:, 0] - 1.5).abs().max() < 1e-3
    assert float(out[:, 1].mean()) == pytest.approx(1.2, abs=0.03)
    assert float(out[:, 1].var()) == pytest.approx(0.36, abs=0.03)


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_default_weight_comes_close_without_knowing_the_covariance(eta: float) -> None:
    out = run(Reconstruction(denoise, FIRST, VALUE), eta)
    assert float(out[:, 1].mean()) == pytest.approx(1.2, abs=0.1)
    assert float(out[:, 1].var()) == pytest.approx(0.36, abs=0.05)


def test_default_weight_is_exact_for_independent_data() -> None:
    """Data N(0, 1), observed through two orthonormal rows: the rest stays N(0, 1), the observed is met."""
    rotation = torch.linalg.qr(
        torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    )[0]
    rows = rotation[:2]
    observation = Linear(lambda x: x @ rows.T, lambda y: y @ rows)

    def standard(x: Tensor, level: NoiseLevel) -> Tensor:
        return x * level.alpha / (level.alpha**2 + level.sigma**2)

    value = torch.tensor([0.7, -1.1], dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(20_000, 4, dtype=torch.float64, generator=generator)
    out = sample_eta(Reconstruction(standard, observation, value), x, LEVELS) @ rotation.T
    torch.testing.assert_close(out[:, :2], value.expand(20_000, 2), atol=2e-2, rtol=0)
    assert out[:, 2:].mean(0).abs().max() < 0.03
    assert (out[:, 2:].var(0) - 1).abs().max() < 0.05


def test_the_sign_is_the_one_that_descends() -> None:
    x = torch.tensor([[0.3, -0.2]], dtype=torch.float64)
    level = NoiseLevel(0.8, 0.6, 300.0)
    plain = denoise(x, level)
    guided = Reconstruction(denoise, FIRST, VALUE)(x, level)
    assert (guided[0, 0] - 1.5).abs() < (plain[0, 0] - 1.5).abs()
    off = Reconstruction(denoise, FIRST, VALUE, posterior_weight(0.0))(x, level)
    assert torch.equal(off, plain)
    assert not guided.requires_grad


def test_replacement_keeps_what_is_known_and_moves_the_rest_towards_it() -> None:
    out = run(Replacement(denoise, FIRST, VALUE), 0.0)
    assert (out[:, 0] - 1.5).abs().max() < 1e-9
    # Only the noisy sample tells the rest of what is known: the paper's method is biased towards the prior.
    assert 0.3 < float(out[:, 1].mean()) < 1.2


def observations() -> dict[str, tuple[Observation, Tensor]]:
    generator = torch.Generator().manual_seed(3)
    matrix = torch.randn(5, 12, dtype=torch.float64, generator=generator)
    x = torch.randn(2, 12, 3, dtype=torch.float64, generator=generator)
    return {
        "mask": (Mask((torch.arange(12) < 5)[:, None]), x),
        "mean": (BlockMean(4, 1), x),
        "mean from the end": (BlockMean(3, -1), x),
        "matrix": (
            Linear(
                lambda v: torch.einsum("ij,bjf->bif", matrix, v),
                lambda y: torch.einsum("ij,bif->bjf", matrix, y),
            ),
            x,
        ),
    }


@pytest.mark.parametrize("name", observations())
def test_pseudo_inverses(name: str) -> None:
    """The four Penrose conditions, as far as they show on samples."""
    observation, x = observations()[name]
    y = observation.apply(x)
    back = observation.pseudo_inverse(y)
    torch.testing.assert_close(observation.apply(back), y, atol=1e-6, rtol=0)
    torch.testing.assert_close(observation.pseudo_inverse(observation.apply(back)), back, atol=1e-6, rtol=0)
    # H+ H is an orthogonal projection.
    assert float(((x - back) * back).sum()) == pytest.approx(0.0, abs=1e-5)


def test_replaced_predictions_agree_with_the_observation() -> None:
    for observation, x in observations().values():
        value = observation.apply(torch.ones_like(x))
        clean = Replacement(lambda x, level: x, observation, value)(x, NoiseLevel(0.8, 0.6, 0.0))
        torch.testing.assert_close(observation.apply(clean), value, atol=1e-6, rtol=0)


def test_blocks_must_fit() -> None:
    with pytest.raises(ValueError, match="block size is 0"):
        BlockMean(0, 1)
    with pytest.raises(ValueError, match="12 sites along axis 1 do not divide into blocks of 5"):
        BlockMean(5, 1).apply(torch.zeros(1, 12))


def test_a_model_without_gradients_is_told_of() -> None:
    @torch.no_grad()
    def denoiser(x: Tensor, level: NoiseLevel) -> Tensor:
        return 0.5 * x

    known = Mask(torch.tensor([True, False]))
    with pytest.raises(ValueError, match="carries no gradient, which reconstruction needs"):
        Reconstruction(denoiser, known, torch.zeros(2))(torch.ones(1, 2), NoiseLevel(0.8, 0.6, 10))
