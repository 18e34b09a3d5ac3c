"""The composed denoiser: closed forms, batching, guidance, and the published workers."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from paths import golden
from torch import Tensor

from motioncollage.collage.compose import CollageDenoiser, crop, flatten_sites, unflatten_sites
from motioncollage.collage.denoiser import NoiseLevel, PerSample, noise_prediction
from motioncollage.collage.graph import FactorGraph, Node, Region
from motioncollage.collage.guidance import Conditioned
from motioncollage.collage.layouts import chain, cycle
from motioncollage.sampling.eta import sample_eta
from motioncollage.sampling.heun import Churn, sample_heun
from motioncollage.sampling.schedules import SigmaSchedule

Eps = Callable[[Tensor, float], Tensor]


class Local:
    """A denoiser whose answer depends on the whole piece, its length and its condition."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[float | None]) -> Tensor:
        self.calls.append((len(x), x.shape[1]))
        shift = torch.tensor([0.0 if c is None else c for c in conditions], dtype=x.dtype)[:, None, None]
        return torch.tanh(x.cumsum(1) / x.shape[1] + shift) * (1 - level.sigma / 100)


LEVEL = NoiseLevel.exploding(2.0)


def test_one_region_is_the_plain_denoiser() -> None:
    x = torch.randn(3, 10, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    collage = CollageDenoiser(Local(), chain([10], []), [0.3], axes=(1,), guidance=2.5)
    expected = Conditioned(Local(), 0.3, 2.5)(x, LEVEL)
    torch.testing.assert_close(collage(x, LEVEL), expected, rtol=0, atol=1e-12)


def test_sum_over_nodes_by_hand() -> None:
    x = torch.randn(2, 6, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    denoise = Local()
    collage = CollageDenoiser(denoise, chain([4, 4], [2]), [0.1, 0.2], axes=(1,), guidance=3.0)
    expected = torch.zeros_like(x)
    for start, condition in ((0, 0.1), (2, 0.2)):
        piece = x[:, start : start + 4]
        null, given = denoise(piece, LEVEL, [None] * 2), denoise(piece, LEVEL, [condition] * 2)
        expected[:, start : start + 4] += null + 3.0 * (given - null)
    expected[:, 2:4] -= denoise(x[:, 2:4], LEVEL, [None] * 2)
    torch.testing.assert_close(collage(x, LEVEL), expected, rtol=0, atol=1e-12)


def test_results_do_not_depend_on_batching_and_calls_are_bounded() -> None:
    x = torch.randn(3, 50, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    graph = chain([14] * 5, [5] * 4)
    outcomes = []
    for limit in (1, 4, 7, 1000):
        denoise = Local()
        outcomes.append(
            CollageDenoiser(
                denoise, graph, [0.1, 0.2, 0.3, 0.4, 0.5], axes=(1,), guidance=2.0, batch_limit=limit
            )(x, LEVEL)
        )
        assert max(n for n, _ in denoise.calls) <= limit
    for other in outcomes[1:]:
        torch.testing.assert_close(outcomes[0], other, rtol=0, atol=1e-12)
    # Five pieces with and without text and four overlaps without: one call for each shape.
    assert sorted(denoise.calls) == [(3 * 4, 5), (3 * 10, 14)]


def test_a_batch_beyond_the_limit_is_split_with_its_conditions() -> None:
    x = torch.randn(5, 20, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    told = [PerSample((0.1, 0.2, None, 0.4, 0.5)), 0.7]
    outcomes = []
    for limit in (2, 5):
        denoise = Local()
        outcomes.append(
            CollageDenoiser(denoise, chain([12, 12], [4]), told, axes=(1,), guidance=2.0, batch_limit=limit)(
                x, LEVEL
            )
        )
        assert max(n for n, _ in denoise.calls) <= limit
    torch.testing.assert_close(outcomes[0], outcomes[1], rtol=0, atol=1e-12)


def one_by_one(collage: CollageDenoiser, x: Tensor) -> Tensor:
    """The sum as it is defined, one term after the other."""
    flat, restore = flatten_sites(x, collage.axes, collage.graph.site_shape)
    total = torch.zeros_like(flat)
    for term in (term for group in collage.groups for term in group):
        sites = term.region.sites
        piece = unflatten_sites(flat[:, sites], collage.axes, term.region.shape)
        made = collage.denoiser(piece, LEVEL, [term.condition] * len(x))
        value = flatten_sites(made, collage.axes, term.region.shape)[0]
        total[:, sites] += term.weight.to(value)[:, None] * value
    return restore(total)


@pytest.mark.parametrize(
    "graph",
    [
        chain([14] * 5, [9] * 4, taper=0.5),
        cycle([10] * 4, [4] * 4, taper=0.5),
        cycle([6, 6, 6], [4, 4, 4]),
        chain([5], []),
    ],
)
def test_the_sum_has_one_order_to_the_bit_and_so_have_gradients(graph: FactorGraph) -> None:
    generator = torch.Generator().manual_seed(4)
    x = torch.randn(2, *graph.site_shape, 3, generator=generator)
    told = [0.1 * number for number in range(1, graph.factors + 1)]
    collage = CollageDenoiser(Local(), graph, told, axes=(1,), guidance=2.5, batch_limit=8)
    assert torch.equal(collage(x, LEVEL), one_by_one(collage, x))
    gradients = []
    for compute in (lambda given: collage(given, LEVEL), lambda given: one_by_one(collage, given)):
        given = x.clone().requires_grad_(True)
        compute(given).square().sum().backward()
        assert given.grad is not None
        gradients.append(given.grad)
    assert torch.equal(*gradients)


def test_site_axes_may_lie_anywhere() -> None:
    x = torch.randn(2, 3, 4, 5, 6, generator=torch.Generator().manual_seed(7))
    for axes, shape in (((1,), (3,)), ((-1,), (6,)), ((2, 3), (4, 5)), ((1, 3), (3, 5)), ((4, 1), (6, 3))):
        flat, restore = flatten_sites(x, axes, shape)
        assert flat.shape[min(axis % 5 for axis in axes)] == math.prod(shape)
        assert torch.equal(restore(flat), x)
        whole = Region(torch.arange(math.prod(shape)), shape)
        assert torch.equal(crop(x, whole, axes, shape), x)

        def double(piece: Tensor, level: NoiseLevel, conditions: Sequence[None]) -> Tensor:
            return 2 * piece

        graph = FactorGraph(shape, (Node(whole, 1),), 1)
        assert torch.equal(CollageDenoiser(double, graph, [None], axes=axes)(x, LEVEL), 2 * x)


def test_one_collage_serves_batches_and_numbers_of_any_kind() -> None:
    graph = chain([6, 6], [2])
    collage = CollageDenoiser(Local(), graph, [0.1, 0.2], axes=(1,))
    generator = torch.Generator().manual_seed(5)
    for batch, dtype in ((1, torch.float32), (3, torch.float32), (3, torch.float64), (1, torch.float32)):
        x = torch.randn(batch, 10, 2, dtype=dtype, generator=generator)
        assert torch.equal(collage(x, LEVEL), one_by_one(collage, x))


def test_a_cycle_commutes_with_rolling_by_whole_pieces() -> None:
    x = torch.randn(1, 30, 2, generator=torch.Generator().manual_seed(3))
    collage = CollageDenoiser(Local(), cycle([10] * 5, [4] * 5), [None] * 5, axes=(1,))
    torch.testing.assert_close(collage(x.roll(6, 1), LEVEL), collage(x, LEVEL).roll(6, 1), rtol=0, atol=1e-5)


def test_misfits_are_refused() -> None:
    graph = chain([4, 4], [2])
    for composition in ("collage", "average"):
        for count in (0, 1, 4):
            with pytest.raises(ValueError, match=f"{count} conditions for 2 factors and 3 nodes"):
                CollageDenoiser(Local(), graph, [None] * count, axes=(1,), composition=composition)
            with pytest.raises(ValueError, match=f"{count} guidance scales for 2 factors and 3 nodes"):
                CollageDenoiser(
                    Local(), graph, [None] * 2, axes=(1,), guidance=[1.0] * count, composition=composition
                )
    with pytest.raises(ValueError, match="sites"):
        CollageDenoiser(Local(), graph, [None] * 2, axes=(1,))(torch.zeros(1, 7, 1), LEVEL)


def test_averages_read_the_conditions_of_factors() -> None:
    x = torch.randn(1, 6, 1, generator=torch.Generator().manual_seed(6))
    made = [
        CollageDenoiser(Local(), chain([4, 4], [2]), told, axes=(1,), guidance=scales, composition="average")(
            x, LEVEL
        )
        for told, scales in (([0.1, 0.2], [2.0, 3.0]), ([0.1, 0.2, 0.9], [2.0, 3.0, 9.0]))
    ]
    assert torch.equal(*made)


def gaussian_denoiser(covariance: Tensor) -> Callable[[Tensor, NoiseLevel, Sequence[None]], Tensor]:
    """Exact posterior mean of a stationary zero-mean Gaussian process on pieces [batch, frames]."""

    def denoise(x: Tensor, level: NoiseLevel, conditions: Sequence[None]) -> Tensor:
        part = covariance[: x.shape[1], : x.shape[1]]
        noisy = level.alpha**2 * part + level.sigma**2 * torch.eye(len(part), dtype=x.dtype)
        return level.alpha * torch.linalg.solve(noisy, x.T).T @ part

    return denoise


def test_a_gaussian_chain_has_the_closed_form_moments() -> None:
    """A first-order autoregression is Markov, so pieces that share frames determine it: mean 0, covariance rho^|i-j|."""
    rho, frames = 0.5, 16
    place = torch.arange(frames, dtype=torch.float64)
    covariance = rho ** (place[:, None] - place).abs()
    collage = CollageDenoiser(gaussian_denoiser(covariance), chain([8, 8, 8], [4, 4]), [None] * 3, axes=(1,))
    generator = torch.Generator().manual_seed(0)
    sigmas = [*SigmaSchedule(sigma_min=0.002, sigma_max=40.0).sigmas(60).tolist(), 0.0]
    x = torch.randn(20_000, frames, dtype=torch.float64, generator=generator) * sigmas[0]
    out = sample_heun(collage, x, sigmas, NoiseLevel.exploding)
    # The flow is linear, so its own covariance is known exactly: push the identity through it.
    basis = torch.eye(frames, dtype=torch.float64) * sigmas[0]
    flow = sample_heun(collage, basis, sigmas, NoiseLevel.exploding)
    exact = flow.T @ flow
    assert out.mean(0).abs().max() < 4 / math.sqrt(len(out))
    assert (torch.cov(out.T, correction=0) - exact).abs().max() < 0.06
    # Noise blurs the Markov property on the way, so the join is exact only as overlaps outgrow the correlation.
    assert (exact - covariance).abs().max() < 0.01


VARIANTS = ("motion", "rect", "square")
WORKERS = ("condind_long", "condind_circle", "avg_long", "avg_circle")


def toy_models(variant: str) -> dict[str, Eps]:
    """The fixtures' two noise predictors, from their stored parameters."""
    p = np.load(golden(f"collage_{variant}_params.npz"))
    width = int(p["shape"][2])

    def gauss(x: Tensor, sigma: float) -> Tensor:
        covariance = torch.tensor(p["cov_full"] if x.shape[-1] == width else p["cov_half"])
        centred = (x.double() - torch.tensor(p["mu"])[:, None, None]).permute(0, 2, 1, 3).flatten(2)
        noisy = covariance + sigma**2 * torch.eye(len(covariance))
        eps = sigma * torch.linalg.solve(noisy, centred.transpose(1, 2)).transpose(1, 2)
        return eps.unflatten(2, (x.shape[1], x.shape[-1])).permute(0, 2, 1, 3).to(x.dtype)

    def conv(x: Tensor, sigma: float) -> Tensor:
        conv2d = torch.nn.functional.conv2d
        level = torch.full_like(x[:, :1], math.log(sigma) / 4)
        hidden = torch.cat((x / math.sqrt(1 + sigma**2), level), dim=1)
        w1, b1, w2, b2 = (torch.tensor(p[f"conv_{name}"]) for name in ("w1", "b1", "w2", "b2"))
        return conv2d(torch.nn.functional.silu(conv2d(hidden, w1, b1, padding=1)), w2, b2, padding=1)

    return {"gauss": gauss, "conv": conv}


def published(
    worker: str, eps: Eps, graph: FactorGraph, overlap: int
) -> Callable[[Tensor, NoiseLevel], Tensor]:
    """The released workers in our terms, oddities included: their circle averages its seam; their average adds up."""

    def denoise(x: Tensor, level: NoiseLevel, conditions: Sequence[None]) -> Tensor:
        return x - level.sigma * eps(x, level.sigma)

    nothing = [None] * graph.factors
    collage = CollageDenoiser(denoise, graph, nothing, axes=(-1,))
    average = CollageDenoiser(denoise, graph, nothing, axes=(-1,), composition="average")

    def compute(x: Tensor, level: NoiseLevel) -> Tensor:
        if worker == "condind_long":
            return collage(x, level)
        if worker == "condind_circle":
            seam = torch.arange(x.shape[-1]) < overlap
            return torch.where(seam, average(x, level), collage(x, level))
        if worker == "avg_long":
            return x - level.sigma * noise_prediction(x, average(x, level), level) * graph.cover_counts()
        return average(x, level)

    return compute


def layout(worker: str, count: int, width: int, overlap: int) -> FactorGraph:
    if worker.endswith("long"):
        return chain([width] * count, [overlap] * (count - 1))
    return cycle([width] * count, [overlap] * count)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("worker", WORKERS)
def test_published_workers(variant: str, worker: str) -> None:
    d = np.load(golden(f"collage_{variant}_{worker}.npz"))
    width, overlap = int(d["shape"][2]), int(d["overlap"])
    for name, eps in toy_models(variant).items():
        for count in d["nums"]:
            denoise = published(worker, eps, layout(worker, int(count), width, overlap), overlap)
            for i, sigma in enumerate(d["sigmas"]):
                level = NoiseLevel.exploding(float(sigma))
                key = f"n{count}_{name}"
                shift = int(d[f"{key}_shift"][i]) if f"{key}_shift" in d else 0
                x = torch.tensor(d[f"n{count}_x"][i]).roll(-shift, -1)
                ours = noise_prediction(x, denoise(x, level), level).roll(shift, -1)
                theirs = torch.tensor(d[f"{key}_eps"][i])
                assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max().clamp_min(1), (key, i)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("worker", WORKERS)
@pytest.mark.parametrize("churn", [0, 10])
def test_published_sampling(variant: str, worker: str, churn: int) -> None:
    d = np.load(golden(f"collage_{variant}_sampling.npz"))
    width, count = int(d["shape"][2]), int(d["num_img"])
    for name, eps in toy_models(variant).items():
        denoise = published(worker, eps, layout(worker, count, width, width // 2), width // 2)
        key = f"{worker}_{name}_churn{churn}"
        shifts = iter(d[f"{key}_shifts"].tolist()) if f"{key}_shifts" in d else None
        noise = iter(torch.tensor(d[f"{worker}_noise"]))

        def clipped(x: Tensor, level: NoiseLevel, denoise=denoise, shifts=shifts) -> Tensor:  # type: ignore[no-untyped-def]
            if shifts is not None:  # the averaging circle rolls at random and does not clip
                shift = next(shifts)
                return denoise(x.roll(-shift, -1), level).roll(shift, -1)
            return denoise(x, level).clamp(-1, 1)

        out = sample_heun(
            clipped,
            torch.tensor(d[f"{worker}_xT"]),
            [float(sigma) for sigma in d["rev_ts"]],
            NoiseLevel.exploding,
            churn=Churn(float(churn)) if churn else None,
            noise=lambda like, noise=noise: next(noise),
        )
        theirs = torch.tensor(d[f"{key}_out"])
        # Rounding of whole float32 loops grows step by step; one evaluation is held to 1e-5 above.
        assert (out - theirs).abs().max() <= 1e-4 * theirs.abs().max().clamp_min(1)


def test_eta_sampling_of_a_gaussian_is_exact_in_the_limit() -> None:
    """Ancestral sampling of a plain Gaussian ends with its variance."""
    sigmas = SigmaSchedule(sigma_min=0.01, sigma_max=30).sigmas(400).tolist()

    def denoise(x: Tensor, level: NoiseLevel) -> Tensor:
        return x * 4 / (4 + level.sigma**2)

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20_000, 1, dtype=torch.float64, generator=generator) * sigmas[0]
    for eta in (0.0, 1.0):
        out = sample_eta(
            denoise,
            x,
            [NoiseLevel.exploding(s) for s in sigmas],
            eta=eta,
            noise=lambda like: torch.randn(like.shape, dtype=like.dtype, generator=generator),
        )
        assert abs(float(out.std()) - 2.0) < 0.06
