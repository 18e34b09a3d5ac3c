"""Chain, cycle, grid and cube map against the paper's figures."""

from collections import Counter
from itertools import accumulate, pairwise

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from motioncollage.collage.graph import FactorGraph
from motioncollage.collage.layouts import RINGS, chain, cube_directions, cube_map, cycle, grid, ring_sites


def numbers(graph: FactorGraph) -> list[tuple[tuple[int, ...], int]]:
    return [(tuple(node.region.sites.tolist()), node.counting_number) for node in graph.nodes]


def test_chain_is_the_papers() -> None:
    graph = chain([4, 4, 4], [2, 2])
    expected = [((0, 1, 2, 3), 1), ((2, 3, 4, 5), 1), ((4, 5, 6, 7), 1), ((2, 3), -1), ((4, 5), -1)]
    assert numbers(graph) == expected
    assert graph.cover_counts().tolist() == [1, 1, 2, 2, 2, 2, 1, 1]


def test_cycle_joins_its_ends_like_any_other_join() -> None:
    graph = cycle([4, 4, 4], [2, 2, 2])
    assert graph.site_shape == (6,)
    assert {sites for sites, count in numbers(graph) if count == -1} == {(2, 3), (4, 5), (0, 1)}
    assert graph.nodes[2].region.sites.tolist() == [4, 5, 0, 1]


def test_two_pieces_of_a_cycle_meet_twice() -> None:
    graph = cycle([6, 6], [2, 2])
    assert {sites for sites, count in numbers(graph) if count == -1} == {(4, 5), (0, 1)}


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_unequal_chains_and_large_overlaps(data: st.DataObject) -> None:
    overlaps = data.draw(st.lists(st.integers(0, 12), max_size=5))
    lengths, before = [], 0
    for after in [*overlaps, 0]:
        lengths.append(max(before, after) + data.draw(st.integers(1, 9)))
        before = after
    assume(all(overlap < min(pair) for overlap, pair in zip(overlaps, pairwise(lengths), strict=True)))
    starts = list(accumulate((n - o for n, o in zip(lengths, overlaps, strict=False)), initial=0))
    assume(all(b + m > a + n for (a, n), (b, m) in pairwise(zip(starts, lengths, strict=True))))
    graph = chain(lengths, overlaps)
    assert graph.cover_counts().min() > 0
    # The same counting numbers as the closure under intersection, where three pieces may share a site.
    closure = FactorGraph.from_regions(
        [node.region for node in graph.nodes[: graph.factors]], graph.site_shape
    )
    assert sorted(numbers(graph)) == sorted(numbers(closure))
    assert graph.site_shape == (sum(lengths) - sum(overlaps),)
    assert [len(node.region) for node in graph.nodes[: graph.factors]] == lengths


def test_grid_counts_edges_minus_and_corners_plus() -> None:
    graph = grid(chain([4, 4], [2]), cycle([4, 4], [1, 1]))
    assert graph.site_shape == (6, 6)
    assert graph.factors == 4
    kinds = Counter((node.region.shape, node.counting_number) for node in graph.nodes)
    assert kinds == {((4, 4), 1): 4, ((2, 4), -1): 2, ((4, 1), -1): 4, ((2, 1), 1): 2}


def test_cube_map_is_hierarchical_and_its_rings_close() -> None:
    graph = cube_map(4)
    assert graph.site_shape == (6, 4, 4)
    assert Counter((node.region.shape, node.counting_number) for node in graph.nodes) == {
        ((4, 4), 1): 24,
        ((4, 2), -1): 8,
        ((2, 4), -1): 16,
        ((4, 4), -1): 6,
    }
    assert graph.cover_counts().min() > 0


def test_covers_of_a_cube_must_fit() -> None:
    with pytest.raises(ValueError, match=r"around covers \(12,\); a cube with faces of 4 needs \(16,\)"):
        cube_map(4, around=cycle([4] * 6, [2] * 6))


@pytest.mark.parametrize("taper", [0.25, 0.5, 1.0])
def test_rings_fade_towards_the_edges_that_they_do_not_cross(taper: float) -> None:
    face = 8
    ring = cycle([face] * 8, [face // 2] * 8)
    graph = cube_map(face, around=ring, taper=taper)
    overlaps = len(ring.nodes) - ring.factors
    horizon = graph.nodes[: ring.factors] + graph.nodes[graph.factors : graph.factors + overlaps]
    faces = graph.nodes[graph.factors + 3 * overlaps :]
    counted = {"horizon": torch.zeros(6, face, face), "faces": torch.zeros(6, face, face)}
    for name, nodes in (("horizon", horizon), ("faces", faces)):
        for node in nodes:
            counted[name].view(-1)[node.region.sites] += node.site_weights().float()
    # From the upper edge of F, which the ring LFRB does not cross (0), to its right edge, which it crosses (1).
    wanted = torch.zeros(face, face)
    for y in range(face):
        for x in range(face):
            from_side, from_top = min(x + 0.5, face - x - 0.5), min(y + 0.5, face - y - 0.5)
            wanted[y, x] = min(1.0, from_top / (from_side + from_top) / taper)
    for number in range(4):
        assert torch.allclose(counted["horizon"][number], wanted)
    assert not counted["horizon"][4:].any()
    assert torch.allclose(counted["faces"], (1 - wanted - wanted.T).expand(6, face, face), atol=1e-6)
    assert len(faces) == (0 if taper == 1 else 6)  # a cross-fade needs no faces


def test_rings_of_the_cube_continue_across_edges() -> None:
    """Pixels beside each other in a ring are beside each other on the cube (checked in space)."""
    n = 5
    points = cube_directions(n).reshape(-1, 3)
    for ring in RINGS:
        strip = ring_sites(ring, n)
        gap = (points[strip] - points[strip.roll(-1, 1)]).norm(dim=-1)
        assert gap.max() < 2 / n + 1e-5, ring


@pytest.mark.parametrize(
    ("across", "around"),
    [
        (chain([8], []), cycle([8] * 8, [4] * 8, taper=0.5)),
        (chain([8, 8], [4], taper=0.5), cycle([8] * 12, [4] * 12, taper=0.5)),
        (chain([8, 8, 8], [6, 6]), cycle([8] * 24, [6] * 24)),
        (chain([8, 8], [2], taper=0.5), cycle([8] * 8, [1] * 8, taper=0.5)),  # pieces not in step with faces
    ],
)
def test_pieces_of_a_cube_stand_upright(across: FactorGraph, around: FactorGraph) -> None:
    """On the horizon, going down a piece is going down in space, and going right is going round to the right."""
    (face,) = across.site_shape
    graph = cube_map(face, across=across, around=around)  # the graph checks that all sites count once
    points = cube_directions(face).reshape(-1, 3)
    flat = points / points.norm(dim=-1, keepdim=True)
    turned = 0
    for node in graph.nodes[: graph.factors]:
        sites = node.region.sites.reshape(node.region.shape)
        corner = flat[sites]
        middle = corner.mean(dim=(0, 1))
        # Neighbours in a piece are neighbours on the cube.
        assert (points[sites[:, 1:]] - points[sites[:, :-1]]).norm(dim=-1).max() < 3 / face
        assert (points[sites[1:]] - points[sites[:-1]]).norm(dim=-1).max() < 3 / face
        if abs(float(middle[1])) > 0.6 * float(middle.norm()):
            continue  # above or below, nothing is upright
        turned += 1
        assert float(corner[0, :, 1].mean()) > float(corner[-1, :, 1].mean())
        ahead = torch.linalg.cross(torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64), middle)
        assert float((corner[:, -1].mean(dim=0) - corner[:, 0].mean(dim=0)) @ ahead) > 0
    assert turned >= 4 * across.factors


@pytest.mark.parametrize(
    ("lengths", "overlaps"), [([4, 4], [4]), ([4, 4], []), ([0], []), ([4, 4], [-1]), ([], [])]
)
def test_impossible_chains_are_refused(lengths: list[int], overlaps: list[int]) -> None:
    with pytest.raises(ValueError, match=r"piece|overlap"):
        chain(lengths, overlaps)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(12, 20), min_size=2, max_size=5),
    overlap=st.integers(0, 11),
    taper=st.floats(0.05, 1.0),
)
def test_tapered_pieces_fade_and_still_count_once(lengths: list[int], overlap: int, taper: float) -> None:
    # The graph itself checks that the weights of every site sum to 1.
    graph = chain(lengths, [overlap] * (len(lengths) - 1), taper=taper)
    for node in graph.nodes[: graph.factors]:
        weights = node.site_weights()
        assert weights.min() > 0
        assert weights.max() <= 1
    if 2 * overlap <= min(lengths):
        around = cycle(lengths, [overlap] * len(lengths), taper=taper)
        assert around.factors == len(lengths)


def test_taper_at_a_join() -> None:
    first, second, joint = chain([6, 6], [4], taper=0.5).nodes
    assert first.site_weights().tolist() == [1, 1, 1, 1, 0.75, 0.25]
    assert second.site_weights().tolist() == [0.25, 0.75, 1, 1, 1, 1]
    assert joint.site_weights().tolist() == [-0.25, -0.75, -0.75, -0.25]
    # A cross-fade needs no overlaps; without taper the counting numbers are whole.
    assert len(chain([6, 6], [4], taper=1.0).nodes) == 2
    assert all(node.weights is None for node in chain([6, 6], [4]).nodes)
    round_ = cycle([6, 6], [2, 2], taper=1.0)
    assert round_.nodes[0].site_weights().tolist() == [0.25, 0.75, 1, 1, 0.75, 0.25]


def test_tapered_grids_count_once() -> None:
    graph = grid(chain([6, 6], [4], taper=0.5), cycle([6, 6], [2, 2], taper=0.5))
    corner = graph.nodes[0].site_weights().reshape(6, 6)
    torch.testing.assert_close(corner[-1, 2:4], torch.full((2,), 0.25, dtype=torch.float64))


def test_tapers_that_make_no_sense() -> None:
    for taper in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="taper is"):
            chain([4, 4], [2], taper=taper)
    with pytest.raises(ValueError, match="the overlaps of piece 0 meet inside it"):
        cycle([6, 6, 6], [4, 4, 4], taper=0.5)
