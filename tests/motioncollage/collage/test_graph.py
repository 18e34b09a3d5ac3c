"""Counting numbers: the paper's graphs come out, anything else is checked by the invariant."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motioncollage.collage.graph import FactorGraph, Node, Region


def totals(graph: FactorGraph) -> torch.Tensor:
    total = torch.zeros(graph.site_shape, dtype=torch.int64).flatten()
    for node in graph.nodes:
        total[node.region.sites] += node.counting_number
    return total


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 15)), min_size=1, max_size=8, unique=True))
def test_any_cover_of_a_line_satisfies_the_invariant(arcs: list[tuple[int, int]]) -> None:
    covered = sorted({site for start, length in arcs for site in range(start, start + length)})
    number = {site: i for i, site in enumerate(covered)}
    regions = [Region.line([number[s] for s in range(start, start + length)]) for start, length in arcs]
    graph = FactorGraph.from_regions(regions, (len(covered),))
    assert (totals(graph) == 1).all()
    assert graph.factors == len(arcs)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=1, max_size=6))
def test_arbitrary_regions_satisfy_the_invariant(sets: list[set[int]]) -> None:
    regions = [Region.line(sorted(s)) for s in {frozenset(s) for s in sets}]
    covered = sorted(set().union(*sets))
    number = {site: i for i, site in enumerate(covered)}
    renamed = [Region.line([number[s] for s in region.sites.tolist()]) for region in regions]
    for connected in (True, False):
        graph = FactorGraph.from_regions(renamed, (len(covered),), connected=connected)
        assert (totals(graph) == 1).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 11), min_size=1), min_size=1, max_size=5, unique_by=frozenset),
    st.booleans(),
)
def test_counting_numbers_are_one_minus_those_of_all_that_contain_a_region(
    sets: list[set[int]], connected: bool
) -> None:
    size = max(max(s) for s in sets) + 1
    free = [{site} for site in range(size) if not any(site in s for s in sets)]
    regions = [Region.line(sorted(s)) for s in (*sets, *free)]
    graph = FactorGraph.from_regions(regions, (size,), connected=connected)
    assert [node.region for node in graph.nodes[: graph.factors]] == regions
    # Connected parts may also be parts of parts; those that count nothing are left out, which changes no sum.
    contents = [frozenset(node.region.sites.tolist()) for node in graph.nodes]
    assert len(set(contents)) == len(contents)
    for content, node in zip(contents, graph.nodes, strict=True):
        above = [other for other, larger in zip(graph.nodes, contents, strict=True) if content < larger]
        assert node.counting_number == 1 - sum(other.counting_number for other in above)
    for a in sets:
        for b in sets:
            if a & b and not connected:
                count = 1 - sum(
                    n.counting_number for n, c in zip(graph.nodes, contents, strict=True) if (a & b) < c
                )
                assert count == 0 or (a & b) in contents


def test_boxes_meet_in_boxes() -> None:
    field = torch.arange(36).reshape(6, 6)
    squares = [field[y : y + 4, x : x + 4] for y in (0, 2) for x in (0, 2)]
    graph = FactorGraph.from_regions([Region(square, (4, 4)) for square in squares], (6, 6))
    assert {(node.region.shape, node.counting_number) for node in graph.overlaps} == {
        ((4, 2), -1), ((2, 4), -1), ((2, 2), 1),
    }  # fmt: skip
    corner = torch.tensor([[0, 1], [6, 13]])
    with pytest.raises(ValueError, match="no box"):
        FactorGraph.from_regions([Region(field, (6, 6)), Region(corner, (2, 2))], (6, 6))


def test_regions_and_nodes_are_what_they_hold() -> None:
    line = Region.line([2, 0, 1])
    assert line.sites.dtype == torch.int64
    assert line == Region.line(torch.tensor([2, 0, 1], dtype=torch.int32))
    assert hash(line) == hash(Region.line((2, 0, 1)))
    assert line != Region.line([0, 1, 2])
    assert Region.line(range(4)) != Region(torch.arange(4), (2, 2))
    assert line != "a line"
    weighed = Node(line, 1, torch.tensor([0.5, 0.5, 1]))
    assert weighed.site_weights().dtype == torch.float64
    assert weighed == Node(Region.line([2, 0, 1]), 1, torch.tensor([0.5, 0.5, 1.0], dtype=torch.float64))
    assert weighed != Node(line, 1)
    assert weighed != Node(line, 1, torch.tensor([0.5, 0.5, 0.5]))
    assert Node(line, 1) == Node(line, 1)
    assert Node(line, 1) != Node(line, -1)
    assert Node(line, 1).site_weights().tolist() == [1, 1, 1]


def test_three_pieces_through_one_overlap_count_it_minus_two() -> None:
    regions = [Region.line([0, 1, 2]), Region.line([2, 3]), Region.line([2, 4])]
    graph = FactorGraph.from_regions(regions, (5,))
    assert [(n.region.sites.tolist(), n.counting_number) for n in graph.overlaps] == [([2], -2)]


def test_a_graph_that_breaks_the_invariant_is_refused_with_the_site() -> None:
    nodes = (Node(Region.line([0, 1, 2]), 1), Node(Region.line([2, 3]), 1))
    with pytest.raises(ValueError, match="sum to 2 on site 2"):
        FactorGraph((4,), nodes, 2)
    with pytest.raises(ValueError, match="sum to 0 on site 3"):
        FactorGraph((4,), nodes[:1], 1)


def test_sites_outside_or_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        FactorGraph((2,), (Node(Region.line([0, 1, 2]), 1),), 1)
    with pytest.raises(ValueError, match="twice"):
        FactorGraph((2,), (Node(Region.line([0, 1, 0]), 1),), 1)
    with pytest.raises(ValueError, match="reaches site -1, outside the 2 sites"):
        FactorGraph((2,), (Node(Region.line([0, -1]), 1),), 1)
    with pytest.raises(ValueError, match="2 weights for 3 sites"):
        FactorGraph((3,), (Node(Region.line([0, 1, 2]), 1, torch.ones(2)),), 1)
    for sites, message in (([], "node 1 is empty"), ([1, 1], "node 1 visits a site twice"), ([5], "outside")):
        with pytest.raises(ValueError, match=message):
            FactorGraph.from_regions([Region.line([0, 1]), Region.line(sites)], (2,))
    with pytest.raises(ValueError, match="sum to 0 on site 0"):
        FactorGraph.from_regions([], (2,))
    with pytest.raises(ValueError, match="same as another"):
        FactorGraph.from_regions([Region.line([0, 1]), Region.line([0, 1])], (2,))
