"""Long motion of windows that stand somewhere: sums by hand, exact answers of a known law, published sampling, edits."""

import math
from collections.abc import Sequence

import pytest
import torch
from kimodo_toys import (
    FPS,
    LEVEL,
    VARIANTS,
    WalkingLaw,
    arrays,
    golden_network,
    plain,
    sentence,
    text_rows,
    toy_network,
)
from torch import Tensor

from mdm_adapter.models.kimodo.collage import TravellingCollage
from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.guidance import KimodoGuidance
from mdm_adapter.models.kimodo.schedule import KimodoLevels
from mdm_adapter.models.kimodo.windows import Origin, moved
from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import CLEAN, NoiseLevel, PerSample
from motioncollage.collage.layouts import chain, cycle
from motioncollage.collage.outpaint import SlidingWindow, outpaint
from motioncollage.sampling.eta import sample_eta

BARE = KimodoGuidance("nocfg")
PIECE, OVERLAP, PIECES = 120, 30, 5
GRAPH = chain([PIECE] * PIECES, [OVERLAP] * (PIECES - 1))
FRAMES = GRAPH.site_shape[0]
GROUND = [0, 2]


def test_a_chain_of_gaussian_networks_is_the_sum_by_hand() -> None:
    """Windows one by one with the bare network: where the second begins, and that the overlap begins there as well."""
    network = toy_network().double()
    statistics = network.statistics
    x = torch.randn(2, 22, 369, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    start = Origin(torch.tensor([[0.5, -1.0], [2.0, 0.0]]).double(), torch.tensor([0.3, -2.0]).double())
    walk, wave = sentence("walk"), sentence("wave")
    weights = KimodoGuidance(text=3.0)

    def window(piece: Tensor, origin: Origin, text: object) -> Tensor:
        seen = moved(piece, -origin.ground, statistics, signal=LEVEL.alpha)
        clean = plain(network, seen, origin.heading, None)
        if text is not None:
            clean = clean + 3.0 * (plain(network, seen, origin.heading, text) - clean)  # type: ignore[arg-type]
        return moved(clean, origin.ground, statistics)

    first = window(x[:, :12], start, walk)
    joined = Origin.of(statistics.undo(first[:, 8]))
    expected = torch.zeros_like(x)
    expected[:, :12] += first
    expected[:, 8:] += window(x[:, 8:], joined, wave)
    expected[:, 8:12] -= window(x[:, 8:12], joined, None)
    collage = TravellingCollage(
        KimodoDenoiser(network), chain([12, 14], [4]), [walk, wave], guidance=weights, start=start
    )
    assert torch.allclose(collage(x, LEVEL), expected, atol=1e-9)


class World:
    """The same law on windows where they stand: conditions are where they begin, [2] metres."""

    def __init__(self, law: WalkingLaw) -> None:
        self.law = law

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Tensor]) -> Tensor:
        clean = self.law(x, level, conditions)
        begins = torch.stack(list(conditions))
        for axis, channel in enumerate(GROUND):
            clean[..., channel] = self.law.posterior(x[..., channel], level, channel, begins[:, axis])
        return clean


def walk_of(law: WalkingLaw, seed: int, frames: int = FRAMES) -> Tensor:
    """A clean walk [1, frames, 9] of the law, normalised."""
    mean, covariance = law.law(frames)
    generator = torch.Generator().manual_seed(seed)
    root = torch.linalg.cholesky(covariance[1:, 1:] + 1e-15 * torch.eye(frames - 1, dtype=torch.float64))
    features = torch.zeros(1, frames, law.WIDTH, dtype=torch.float64)
    features[..., 3] = 1.0
    for channel in GROUND:
        path = mean.clone()
        path[1:] += root @ torch.randn(frames - 1, generator=generator, dtype=torch.float64)
        features[0, :, channel] = path
    return law.statistics.apply(features)


def noised(clean: Tensor, ratio: float, seed: int = 1) -> tuple[Tensor, NoiseLevel]:
    alpha = 1 / math.hypot(1, ratio)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return alpha * clean + alpha * ratio * noise, NoiseLevel(alpha, alpha * ratio, 500.0)


@pytest.mark.parametrize("ratio", [0.01, 0.3, 3.0, 100.0])
def test_windows_in_their_own_frame_are_windows_where_they_stand(ratio: float) -> None:
    """Carrying windows there and back changes nothing, at any noise: the plain collage of the law where it stands."""
    law = WalkingLaw()
    x, level = noised(walk_of(law, 0), ratio)
    found = TravellingCollage(law, GRAPH, [None] * PIECES)(x, level)  # type: ignore[arg-type]
    # Where each window begins, from the prediction: no other window has anything to say of that frame.
    begins = [law.statistics.undo(found)[0, n.region.sites[0], GROUND] for n in GRAPH.nodes]
    begins[0] = torch.zeros(2, dtype=torch.float64)
    expected = CollageDenoiser(World(law), GRAPH, begins, axes=(1,))(x, level)
    assert torch.allclose(found, expected, atol=1e-9)


@pytest.mark.parametrize(("ratio", "share"), [(1.0, 3e-2), (0.1, 3e-3), (0.01, 3e-6)])
def test_the_collage_is_the_exact_answer(ratio: float, share: float) -> None:
    """The posterior mean of the whole walk, whose windows determine it; the error dies out faster than the noise."""
    law = WalkingLaw()
    x, level = noised(walk_of(law, 0), ratio)
    found = TravellingCollage(law, GRAPH, [None] * PIECES)(x, level)  # type: ignore[arg-type]
    for channel in GROUND:
        exact = law.posterior(x[..., channel], level, channel)
        told = (exact - x[..., channel] / level.alpha).abs().max()
        assert (found[..., channel] - exact).abs().max() < share * told


def test_samples_go_as_far_as_the_law_says() -> None:
    """16 s at 1 m/s are 16 m, with the law's local spread; windows placed each by itself would come a third as far."""
    law = WalkingLaw()
    levels = KimodoLevels().levels(30)
    start = torch.randn(
        150, FRAMES, law.WIDTH, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )
    collage = TravellingCollage(law, GRAPH, [None] * PIECES)  # type: ignore[arg-type]
    walks = law.statistics.undo(sample_eta(collage, start, levels))[..., GROUND]
    wanted = (FRAMES - 1) / FPS
    assert (walks[:, -1].mean(0) - wanted).abs().max() < 0.3
    speed = walks.diff(dim=1) * FPS
    assert abs(float(speed.std()) - 0.6) < 0.1  # few steps narrow what is sampled, wherever windows begin
    # At the joins it walks as it does between them.
    joins = [int(node.region.sites[0]) + shift for node in GRAPH.nodes[1:PIECES] for shift in (0, OVERLAP)]
    jerk = speed.diff(dim=1).std(dim=(0, 2))
    assert jerk[[j - 1 for j in joins]].max() < 1.15 * jerk.median()
    # The flow is affine, so its mean is what it makes of no noise at all.
    mean = law.statistics.undo(sample_eta(collage, torch.zeros_like(start[:1]), levels))[0, :, 0]
    assert (mean - torch.arange(FRAMES) / FPS).abs().max() < 0.02

    class Alone:
        """Windows that know of their beginning only that it lies within some metres of the origin."""

        def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[float]) -> Tensor:
            clean = law(x, level, conditions)
            for channel in GROUND:
                scale, middle = law.statistics.scale[channel], law.statistics.mean[channel]
                expected = (law.law(x.shape[1])[0] - middle) / scale
                gain = law.gain(x.shape[1], level, channel, doubt=25.0 * conditions[0])
                clean[..., channel] = expected + (x[..., channel] - level.alpha * expected) @ gain
            return clean

    free = [0.0] + [1.0] * (len(GRAPH.nodes) - 1)
    lost = CollageDenoiser(Alone(), GRAPH, free, axes=(1,), batch_limit=1)
    mean = law.statistics.undo(sample_eta(lost, torch.zeros_like(start[:1]), levels))[0, :, 0]
    assert mean[-1] < 0.5 * wanted


@pytest.mark.parametrize("variant", VARIANTS)
def test_published_sampling(variant: str) -> None:
    """One piece, with and without constraints, against the states of the published loop."""
    network, _ = golden_network(variant)
    data = arrays(f"kimodo_loop_{variant}.npz")
    valid = data["pad_mask"].bool()
    text = PerSample(tuple(text_rows(data["text_feat"], data["text_pad_mask"].bool())))
    start = Origin(torch.zeros(2, 2), data["first_heading_angle"])
    known = Observed(data["observed_motion"], data["motion_mask"].bool())

    class Padded(KimodoDenoiser):
        """Tells the network which frames of the fixture's ragged batch count."""

        def __call__(self, x, level, conditions, *, headings=None, observed=None):  # type: ignore[no-untyped-def]
            rows = len(x) // 2
            given = {} if observed is None else {"observed": observed.values, "mask": observed.mask}
            steps = torch.full((len(x),), round(level.timestep))
            return self.network(
                x, steps, self._text(conditions, x), headings.to(x), valid=valid.repeat(rows, 1), **given
            )

    def states(steps: int, guidance: KimodoGuidance, observed: Observed | None) -> Tensor:
        collage = TravellingCollage(
            Padded(network), chain([12], []), [text], guidance=guidance, observed=observed, start=start
        )
        levels, x, found = KimodoLevels().levels(steps), data["noise"], []
        for level, after in zip(levels, [*levels[1:], CLEAN]):
            clean = collage(x, level)
            x = after.alpha * clean + after.sigma * (x - level.alpha * clean) / level.sigma
            found.append(x)
        assert torch.allclose(sample_eta(collage, data["noise"], levels), x, atol=1e-3)
        return torch.stack(found)

    def far(found: Tensor, wanted: Tensor) -> float:
        return float(((found - wanted).abs() * valid[..., None]).max())

    published = KimodoGuidance()
    five = states(5, published, known)
    assert far(five, data["n5_states"]) < 2e-4
    if "n10_states" in data:
        assert far(states(10, published, known), data["n10_states"]) < 2e-4
    bare = states(5, BARE, None)
    assert far(bare[[0, -1]], data["n5_nocfg_states"]) < 2e-4
    regular = states(5, KimodoGuidance("regular", 2.5), known)
    assert far(regular[-1], data["n5_regular_final"]) < 2e-4
    assert far(states(5, published, None)[-1], data["n5_separated_no_constraint_final"]) < 2e-4
    pose = network.representation.decode(network.statistics.undo(five[-1]))
    assert far(pose.root, data["n5_root_positions"]) < 1e-3
    assert torch.equal(pose.contacts[valid], data["n5_foot_contacts"].bool()[valid])
    joints = (pose.joints - data["n5_posed_joints"]).abs() * valid[..., None, None]
    assert joints.max() < 1e-3


def toy_collage(**changes: object) -> TravellingCollage:
    graph = chain([12, 12, 12], [4, 4])
    given = {"guidance": KimodoGuidance(), **changes}
    texts = [sentence("walk"), sentence("turn"), None]
    return TravellingCollage(KimodoDenoiser(toy_network()), graph, texts, **given)  # type: ignore[arg-type]


def toy_noise(rows: int = 1) -> Tensor:
    return torch.randn(rows, 28, 369, generator=torch.Generator().manual_seed(rows))


def test_results_do_not_depend_on_batching_and_calls_are_bounded() -> None:
    x, sizes = toy_noise(3), []

    class Counted(KimodoDenoiser):
        def __call__(self, x, level, conditions, **given):  # type: ignore[no-untyped-def]
            sizes.append(len(x))
            return super().__call__(x, level, conditions, **given)

    graph, texts = chain([12, 12, 12], [4, 4]), [sentence("walk"), None, sentence("bow")]
    made = []
    for limit in (1, 4, 100):
        sizes.clear()
        collage = TravellingCollage(Counted(toy_network().double()), graph, texts, batch_limit=limit)
        made.append(collage(x.double(), LEVEL))
        assert max(sizes) <= max(limit, 3)
    assert torch.allclose(made[0], made[1], atol=1e-9)
    assert torch.allclose(made[0], made[2], atol=1e-9)
    alone = TravellingCollage(KimodoDenoiser(toy_network().double()), graph, texts)(x[1:2].double(), LEVEL)
    assert torch.allclose(made[0][1:2], alone, atol=1e-9)
    # Two windows have a text and so two passes; the rest has one: five windows, seven evaluations of three samples.
    assert sum(sizes) == 3 * 7


def test_average_composition_counts_pieces_only() -> None:
    x = toy_noise()
    collage = toy_collage(composition="average", guidance=BARE)
    total = sum(node.weights.sum() for node in collage.windows.nodes)
    assert len(collage.windows.nodes) == 3
    assert float(total) == pytest.approx(28)
    assert collage(x, LEVEL).shape == x.shape


def test_known_frames_say_where_windows_begin_and_reach_the_network() -> None:
    x, statistics = toy_noise(), toy_network().statistics
    features = torch.zeros(1, 28, 369)
    features[:, 8, 0], features[:, 8, 2], features[:, 8, 3] = 3.0, -4.0, 1.0
    features[:, 0, 0], features[:, 0, 4] = 1.0, 1.0
    mask = torch.zeros(1, 28, 369, dtype=torch.bool)
    mask[:, [0, 8], :5] = True
    observed = Observed(statistics.apply(features), mask)
    seen: list[tuple[Tensor, Tensor]] = []

    class Watched(KimodoDenoiser):
        def __call__(self, x, level, conditions, *, headings=None, observed=None):  # type: ignore[no-untyped-def]
            if observed is not None:
                seen.append((headings, statistics.undo(observed.values)))
            return super().__call__(x, level, conditions, headings=headings, observed=observed)

    collage = TravellingCollage(
        Watched(toy_network()), chain([12, 20], [4]), [None] * 2, guidance=BARE, observed=observed
    )
    collage(x, LEVEL)
    # Both windows begin over their own origin: what is known of their first frames is there, and their headings.
    (first, piece), (second, _), *_ = seen
    assert first.tolist() == pytest.approx([math.pi / 2], abs=1e-6)
    assert second.tolist() == pytest.approx([0.0], abs=1e-6)
    for _, values in seen:
        assert values[0, 0, GROUND].abs().max() < 1e-5
    assert piece[0, 8, GROUND].tolist() == pytest.approx([2.0, -4.0], abs=1e-5)


def test_edits_keep_what_is_known() -> None:
    collage, x = toy_collage(), toy_noise(2)
    value = torch.randn(2, 28, 369, generator=torch.Generator().manual_seed(5))
    known = torch.zeros(1, 28, 1, dtype=torch.bool)
    known[:, :6], known[:, -6:] = True, True
    levels = KimodoLevels().levels(4)
    kept = sample_eta(Replacement(collage, Mask(known), value * known), x, levels)
    assert torch.allclose(torch.where(known, kept, value), value, atol=1e-5)
    before = sample_eta(collage, x, levels)
    assert not torch.allclose(kept[:, 10:18], before[:, 10:18], atol=1e-3)
    # Reconstruction leads there, through the windows and the places where they begin.
    led = Reconstruction(collage, Mask(known), value * known)(x, LEVEL)
    assert ((led - value) * known).square().sum() < ((collage(x, LEVEL) - value) * known).square().sum()
    assert not torch.allclose(led[:, 10:18], collage(x, LEVEL)[:, 10:18], atol=1e-6)


def test_windows_that_slide() -> None:
    """The usual alternatives: each window begins where the known part of it does."""
    network, width = toy_network(), 369
    denoiser, statistics = KimodoDenoiser(network), network.statistics

    def sample_window(number: int, frames: int, mask: Mask | None, value: Tensor | None) -> Tensor:
        start = None if value is None else Origin.of(statistics.undo(value[:, 0]))
        graph = chain([frames], [])
        window = TravellingCollage(denoiser, graph, [sentence("walk")], start=start)
        noise = torch.randn(1, frames, width, generator=torch.Generator().manual_seed(number))
        guided = window if mask is None or value is None else Replacement(window, mask, value)
        return sample_eta(guided, noise, KimodoLevels().levels(3))

    spans = SlidingWindow(12, 6).spans(24)
    long = outpaint(sample_window, spans, axis=1)
    assert long.shape == (1, 24, width)
    assert torch.isfinite(long).all()


def test_misfits_are_refused() -> None:
    denoiser, graph = KimodoDenoiser(toy_network()), chain([12, 12], [4])
    with pytest.raises(ValueError, match="1 conditions for 2 factors and 3 nodes"):
        TravellingCollage(denoiser, graph, [None])
    with pytest.raises(ValueError, match="1 guidances for 3 nodes"):
        TravellingCollage(denoiser, graph, [None] * 2, guidance=[BARE])
    with pytest.raises(ValueError, match="a window wraps round the end; use a LoopingCollage"):
        TravellingCollage(denoiser, cycle([12, 12], [4, 4]), [None] * 2)
    with pytest.raises(ValueError, match="a window begins at frame 12, which no window before it shares"):
        TravellingCollage(denoiser, chain([12, 12], [0]), [None] * 2)
    with pytest.raises(ValueError, match="the sample has 5 frames; the graph covers 20"):
        TravellingCollage(denoiser, graph, [None] * 2)(torch.zeros(1, 5, 369), LEVEL)
    with pytest.raises(ValueError, match="batch_limit is 0"):
        TravellingCollage(denoiser, graph, [None] * 2, batch_limit=0)
    small = Observed(torch.zeros(1, 5, 369), torch.zeros(1, 5, 369).bool())
    with pytest.raises(ValueError, match=r"constraints have shape \[1, 5, 369\]"):
        TravellingCollage(denoiser, graph, [None] * 2, observed=small)
