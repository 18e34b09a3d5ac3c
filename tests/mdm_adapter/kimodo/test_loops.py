"""Cycles of windows: rolling by pieces, closed ways, ways that lead on, and whole turns."""

import math

import pytest
import torch
from kimodo_toys import FPS, LEVEL, WalkingLaw, sentence, toy_network, toy_statistics
from torch import Tensor

from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.geometry import wrapped
from mdm_adapter.models.kimodo.guidance import KimodoGuidance
from mdm_adapter.models.kimodo.loops import KEPT, LoopingCollage, played, unroll
from mdm_adapter.models.kimodo.schedule import KimodoLevels
from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.collage.layouts import cycle
from motioncollage.sampling.eta import sample_eta

PIECE, OVERLAP, PIECES = 120, 30, 4
STRIDE = PIECE - OVERLAP
GRAPH = cycle([PIECE] * PIECES, [OVERLAP] * PIECES)
FRAMES = GRAPH.site_shape[0]
GROUND = [0, 2]


def law_start(rows: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, FRAMES, WalkingLaw.WIDTH, generator=generator, dtype=torch.float64)


def loop_of(law: WalkingLaw, **changes: object) -> LoopingCollage:
    return LoopingCollage(law, GRAPH, [None] * PIECES, **changes)  # type: ignore[arg-type]


def toy_loop(conditions: list[Condition | None], **changes: object) -> LoopingCollage:
    graph = cycle([12] * len(conditions), [4] * len(conditions))
    denoiser = KimodoDenoiser(toy_network().double())
    return LoopingCollage(denoiser, graph, conditions, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("travel", [True, False])
def test_sampling_commutes_with_rolling_by_pieces(travel: bool) -> None:
    """A network with texts, headings and guidance, through a whole sample; texts roll with the pieces."""
    texts: list[Condition | None] = [sentence("walk"), None, sentence("wave")]
    x = torch.randn(2, 24, 369, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    levels = KimodoLevels().levels(5)
    made = sample_eta(toy_loop(texts, travel=travel), x, levels)
    rolled = [texts[-1], *texts[:-1]]
    again = sample_eta(toy_loop(rolled, travel=travel), x.roll(8, 1), levels)
    assert torch.allclose(again, made.roll(8, 1), atol=1e-7)
    assert not torch.allclose(made, made.roll(8, 1), atol=1e-3)


def test_a_walk_leads_on_by_as_much_in_every_cycle() -> None:
    """12 s at 1 m/s: the mean way, the law's spread of speed at every frame, and no join that shows."""
    law = WalkingLaw()
    loop = loop_of(law)
    features, way = loop.unrolled(sample_eta(loop, law_start(150), KimodoLevels().levels(30)))
    assert (way.mean(0) - FRAMES / FPS).abs().max() < 0.6
    assert 0.7 < float(way.std()) < 3.0
    path = played(features, way, 2)[..., GROUND]
    assert path[:, 0].abs().max() < 1e-9
    speed = path.diff(dim=1) * FPS
    spread = speed.std(dim=(0, 2))
    assert spread.min() > 0.4
    assert spread.max() < 0.75
    jerk = speed.diff(dim=1).std(dim=(0, 2))
    assert jerk.max() < 1.35 * jerk.median()


def test_a_closed_walk_comes_back() -> None:
    law = WalkingLaw()
    loop = loop_of(law, travel=False)
    features, way = loop.unrolled(sample_eta(loop, law_start(60), KimodoLevels().levels(20)))
    assert torch.equal(way, torch.zeros(60, 2).double())
    path = played(features, way, 2)[..., GROUND]
    assert torch.equal(path[:, :FRAMES], path[:, FRAMES:])
    speed = path.diff(dim=1) * FPS
    assert 0.35 < float(speed.std()) < 0.7
    wrap = speed[:, FRAMES - 1].norm(dim=-1).mean()
    assert wrap < 2 * speed.norm(dim=-1).mean()


def test_the_way_is_kept_in_the_mean_and_comes_back_from_it() -> None:
    statistics = toy_statistics()
    cyclic = torch.randn(2, 40, 369, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    scale = statistics.scale[GROUND].double()
    wanted = torch.tensor([[3.0, -1.0], [0.0, 2.0]]).double()
    cyclic[..., GROUND] += (wanted / scale / KEPT - cyclic[..., GROUND].mean(1))[:, None]
    features, way = unroll(cyclic, statistics, travel=True)
    assert torch.allclose(way, wanted, atol=1e-9)
    plain = statistics.undo(cyclic)[..., GROUND]
    ramp = torch.arange(40).double()[None, :, None] / 40 * wanted[:, None]
    found = features[..., GROUND] - ramp
    assert torch.allclose(found - found[:, :1], plain - plain[:, :1], atol=1e-9)
    assert torch.equal(features[..., 3:], statistics.undo(cyclic)[..., 3:])
    # Played from another piece on it is the same walk, from its own beginning.
    later, same = unroll(cyclic.roll(-7, 1), statistics, travel=True)
    assert torch.allclose(same, way, atol=1e-9)
    twice = played(features, way, 2)[:, 7:47, GROUND]
    assert torch.allclose(later[..., GROUND], twice - twice[:, :1], atol=1e-9)


class Turning(WalkingLaw):
    """Windows that turn by a given angle a frame from wherever they are told to begin, as far as noise is large."""

    def __init__(self, per_frame: float) -> None:
        super().__init__()
        self.per_frame, self.told = per_frame, torch.zeros(0)

    def __call__(self, x, level, conditions, *, headings=None, observed=None):  # type: ignore[no-untyped-def]
        self.told = headings
        clean = super().__call__(x, level, conditions)
        facing = headings[:, None] + self.per_frame * torch.arange(x.shape[1])
        statistics = self.statistics
        clean[..., 3] = (facing.cos() - statistics.mean[3]) / statistics.scale[3]
        clean[..., 4] = (facing.sin() - statistics.mean[4]) / statistics.scale[4]
        return clean


@pytest.mark.parametrize(
    ("per_frame", "turns"), [(0.0, 0), (0.004, 0), (2 * math.pi / FRAMES, 1), (0.012, 1), (0.0, -1)]
)
def test_headings_come_round(per_frame: float, turns: int) -> None:
    """However much each window turns, a cycle makes whole turns, and its headings do not wander from call to call."""
    law = Turning(per_frame)
    loop = loop_of(law, turns=turns, heading=0.7)
    x, level = law_start(1), NoiseLevel(0.1, 0.99, 900.0)
    for _ in range(6):
        loop(x, level)
    assert loop.origins is not None
    headings = torch.stack([origin.heading[0] for origin in loop.origins])
    steps = wrapped(headings.roll(-1) - headings)
    assert torch.allclose(steps, torch.full_like(steps, 2 * math.pi * turns / PIECES), atol=1e-6)
    assert float(wrapped(headings[0] - 0.7)) == pytest.approx(0, abs=1e-6)


def test_noise_that_rises_begins_anew() -> None:
    x = torch.randn(1, 24, 369, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    loop = toy_loop([sentence("walk"), None, None])
    noisy, faint = NoiseLevel(0.1, 0.995, 900.0), NoiseLevel(0.995, 0.1, 40.0)
    first = loop(x, noisy)
    loop(x, faint)
    assert torch.equal(loop(x, noisy), first)
    assert loop(x.expand(3, -1, -1), noisy).shape == (3, 24, 369)


def test_constraints_of_a_loop_leave_its_place_free() -> None:
    mask = torch.zeros(1, 24, 369, dtype=torch.bool)
    mask[:, 5, 80:90] = True
    values = torch.ones(1, 24, 369, dtype=torch.float64)
    x = torch.randn(1, 24, 369, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    texts: list[Condition | None] = [None] * 3
    given = toy_loop(texts, observed=Observed(values, mask), guidance=KimodoGuidance())(x, LEVEL)
    assert not torch.allclose(given, toy_loop(texts)(x, LEVEL), atol=1e-3)
    mask[:, 5, 0] = True
    with pytest.raises(ValueError, match="a loop stands nowhere"):
        toy_loop(texts, observed=Observed(values, mask))


def test_misfits_are_refused() -> None:
    loop = toy_loop([None] * 3)
    with pytest.raises(ValueError, match="the sample has 9 frames; the graph covers 24"):
        loop(torch.zeros(1, 9, 369), LEVEL)
    with pytest.raises(ValueError, match="cycles is 0; play at least 1"):
        played(torch.zeros(1, 4, 9), torch.zeros(1, 2), 0)
    with pytest.raises(ValueError, match="begins at frame 0, which no window before it shares"):
        LoopingCollage(KimodoDenoiser(toy_network()), cycle([12, 12], [0, 0]), [None] * 2)
