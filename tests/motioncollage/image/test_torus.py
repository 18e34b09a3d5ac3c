"""Covers of a torus: counting numbers, what shares what, rolling, and closed forms."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.collage.graph import FactorGraph
from motioncollage.image.pipelines import ImagePipeline
from motioncollage.image.plans import SITE_AXES, PieceSettings
from motioncollage.image.torus import OFFSETS, Offset, TorusPlan, plan_torus, tiled

AXES = SITE_AXES


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_counting_numbers_of_every_torus_sum_to_one(data: st.DataObject) -> None:
    offset = data.draw(st.sampled_from(OFFSETS))
    size = 8 * data.draw(st.integers(4, 8))
    overlap = 8 * data.draw(st.integers(1, size // 16))
    height, width = (8 * data.draw(st.integers(size // 8, size // 2)) for _ in range(2))
    taper = data.draw(st.sampled_from((0.0, 0.5, 1.0)))
    plan = plan_torus(height, width, PieceSettings(size, overlap, taper), offset)
    total = torch.zeros(height * width, dtype=torch.float64)
    for node in plan.graph.nodes:
        total.index_add_(0, node.region.sites, node.site_weights())
        assert all(side % 8 == 0 for side in node.region.shape)
    assert torch.allclose(total, torch.ones_like(total), atol=1e-9)
    assert {node.region.shape for node in plan.graph.nodes[: plan.graph.factors]} == {(size, size)}
    assert int(plan.graph.cover_counts().min()) >= 1


def test_pieces_edges_and_corners_of_a_plain_torus() -> None:
    graph = plan_torus(96, 96, PieceSettings(40, 8, taper=0)).graph
    assert [n.counting_number for n in graph.nodes].count(1) == 9 + 9
    assert [n.counting_number for n in graph.nodes].count(-1) == 18
    assert sum(1 for n in graph.nodes if n.region.shape == (8, 8)) == 9
    corner = {s for n in graph.nodes if n.region.shape == (8, 8) for s in n.region.sites.tolist()}
    assert {0, 7, 7 * 96 + 7} <= corner  # the one where all four corners of the picture meet


@pytest.mark.parametrize("offset", ["brick", "hexagonal"])
def test_shifted_rows_are_kikuchis(offset: Offset) -> None:
    plan = plan_torus(128, 128, PieceSettings(48, 16, taper=0), offset)
    pieces = plan.graph.nodes[: plan.graph.factors]
    tops = sorted({int(n.region.sites[0]) // 128 for n in pieces})
    lefts = [
        {int(n.region.sites[0]) % 128 for n in pieces if int(n.region.sites[0]) // 128 == t} for t in tops
    ]
    assert lefts == [{0, 32, 64, 96}, {16, 48, 80, 112}] * (len(tops) // 2)
    assert len(tops) == (4 if offset == "brick" else 6)
    if offset == "brick":
        # The closure under intersection, made without knowing of rows, counts every site alike.
        found = {(frozenset(n.region.sites.tolist()), n.counting_number) for n in plan.graph.nodes}
        expected = _kikuchi([frozenset(n.region.sites.tolist()) for n in pieces])
        assert found == expected


def _kikuchi(pieces: Sequence[frozenset[int]]) -> set[tuple[frozenset[int], int]]:
    """c = 1 - sum over strict supersets, over all intersections of sets."""
    regions = set(pieces)
    fresh = set(pieces)
    while fresh:
        fresh = {a & b for a in fresh for b in regions if a & b} - regions
        regions |= fresh
    counts: dict[frozenset[int], int] = {}
    for region in sorted(regions, key=len, reverse=True):
        counts[region] = 1 - sum(count for other, count in counts.items() if other > region)
    return {(region, count) for region, count in counts.items() if count}


class Smoothing:
    """A denoiser of pieces that depends on neighbours and on the place in a piece."""

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        ramp = torch.linspace(-1, 1, x.shape[-1], dtype=x.dtype)
        return (x + x.mean(dim=(2, 3), keepdim=True)).tanh() * (2 + ramp) / (1 + level.sigma)


@pytest.mark.parametrize("offset", OFFSETS)
def test_rolling_by_whole_pieces_rolls_the_result(offset: Offset) -> None:
    plan = plan_torus(128, 96, PieceSettings(48, 16), offset)
    whole = CollageDenoiser(Smoothing(), plan.graph, [None] * len(plan.graph.nodes), axes=AXES)
    x = torch.randn(1, 3, 128, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    level = NoiseLevel.exploding(0.7)
    turns = [(0, 32), (64, 0), (64, 64)] if offset == "brick" else [(0, 32)]
    if offset == "none":
        turns += [(32, 0), (32, 32)]
    if offset == "brick":
        turns.append((32, 16))  # down a row, and along by the shift of that row
    for turn in turns:
        assert torch.allclose(whole(x.roll(turn, AXES), level), whole(x, level).roll(turn, AXES), atol=1e-12)


def gaussian(sites: Tensor, shape: tuple[int, int], decay: float) -> Tensor:
    """Covariance of a product of two stationary Markov chains round circles (nearest way both ways)."""
    rows, columns = sites // shape[1], sites % shape[1]

    def chain(a: Tensor, n: int) -> Tensor:
        precision = torch.eye(n, dtype=torch.float64) * (1 + decay**2)
        for i in range(n):
            precision[i, (i + 1) % n] -= decay
            precision[(i + 1) % n, i] -= decay
        return torch.linalg.inv(precision)[a][:, a]

    return chain(rows, shape[0]) * chain(columns, shape[1])


class Gaussian:
    """The exact denoiser of every node of a graph: each node is told which sites it has."""

    def __init__(self, shape: tuple[int, int], decay: float) -> None:
        self.shape, self.decay = shape, decay

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        made = []
        for one, sites in zip(x, conditions, strict=True):
            assert isinstance(sites, Tensor)
            covariance = gaussian(sites, self.shape, self.decay)
            noisy = covariance + level.sigma**2 * torch.eye(len(sites), dtype=torch.float64)
            made.append((covariance @ torch.linalg.solve(noisy, one.flatten())).reshape(one.shape))
        return torch.stack(made)


def _error(plan_of: FactorGraph, sigma: float, decay: float, *, plain: bool = False) -> float:
    """Largest difference of the collage's score from the exact one, relative to the largest score."""
    shape = (plan_of.site_shape[0], plan_of.site_shape[1])
    conditions = [node.region.sites for node in plan_of.nodes]
    composition = "average" if plain else "collage"
    whole = CollageDenoiser(Gaussian(shape, decay), plan_of, conditions, axes=AXES, composition=composition)  # type: ignore[arg-type]
    x = torch.randn(1, 1, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    level = NoiseLevel.exploding(sigma)
    exact = Gaussian(shape, decay)(x, level, [torch.arange(shape[0] * shape[1])])
    score, wanted = (whole(x, level) - x) / sigma**2, (exact - x) / sigma**2
    return float((score - wanted).abs().max() / wanted.abs().max())


def test_gaussian_whose_overlaps_separate_is_exact_without_noise() -> None:
    """Overlaps wider than the Markov order separate pieces; circles of three pieces and more add next to nothing."""
    plan = plan_torus(24, 24, PieceSettings(12, 4, taper=0, multiple=4))
    # What a circle adds is a correlation all the way round, decay^24.
    assert _error(plan.graph, 1e-4, 0.2) < 1e-6
    assert _error(plan.graph, 1e-4, 0.2, plain=True) > 0.05
    assert _error(plan.graph, 0.5, 0.2) < 0.02  # with noise Bethe's form is an approximation


@pytest.mark.parametrize("offset", ["brick", "hexagonal"])
def test_shifted_gaussians_are_exact_too(offset: Offset) -> None:
    plan = plan_torus(24, 24, PieceSettings(12, 4, taper=0, multiple=2), offset)
    assert _error(plan.graph, 1e-4, 0.2) < 1e-6


@pytest.mark.parametrize(
    ("height", "width", "offset", "reason"),
    [
        (60, 64, "none", "height is 60; a texture of pieces of 32 needs a multiple of 8 from 32"),
        (64, 24, "none", "width is 24"),
        (1 << 14, 1 << 14, "none", "more than 64 million"),
    ],
)
def test_what_no_torus_is_made_of(height: int, width: int, offset: Offset, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        plan_torus(height, width, PieceSettings(32, 8), offset)


def test_no_half_to_shift_by() -> None:
    with pytest.raises(ValueError, match="use less overlap"):
        plan_torus(64, 64, PieceSettings(32, 24), "brick")


def test_tiled_is_the_picture_nine_times() -> None:
    picture = torch.arange(24.0).reshape(3, 2, 4)
    assert torch.equal(tiled(picture).unfold(1, 2, 2).unfold(2, 4, 4)[:, 2, 1], picture)


def test_nodes_know_how_near_they_are_seen_but_no_place() -> None:
    class Model:
        least_extent = 0.125

        def condition(self, vector: object, extent: object, labels: object = None) -> object:
            return vector, extent

    plan = plan_torus(64, 64, PieceSettings(32, 8))
    assert isinstance(plan, TorusPlan)
    told = ImagePipeline(Model(), name="").conditions(plan, None)  # type: ignore[arg-type]
    for node, condition in zip(plan.graph.nodes, told, strict=True):
        vector, (top, bottom) = condition  # type: ignore[misc]
        assert vector is None
        assert bottom - top == max(0.125, node.region.shape[0] / 64)
        assert top + bottom == 1
