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
    with pytest.raises(ValueError, match="same as another"):
        FactorGraph.from_regions([Region.line([0, 1]), Region.line([0, 1])], (2,))
