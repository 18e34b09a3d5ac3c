"""Factor graphs: which overlapping pieces cover a big thing, and how often each of them counts.

A big thing lives on *sites* (frames, pixels); a region is an ordered set of sites. Every node carries a counting
number c such that, on every site, the counting numbers of the nodes that cover it sum to 1. Then

    D(u) = sum_n c_n scatter(D_n(u[n]))        (DiffCollage, Zhang et al. 2023, eq. 10)

composes clean predictions, scores, noise predictions and velocities alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

MAX_REGIONS = 20_000


@dataclass(frozen=True)
class Region:
    """An ordered piece of the big thing: flat site numbers in the shape that the piece has.

    Attributes:
        sites: row-major site numbers, flattened; no site twice.
        shape: shape of the piece over the site axes.
    """

    sites: tuple[int, ...]
    shape: tuple[int, ...]

    @classmethod
    def line(cls, sites: Sequence[int]) -> "Region":
        """A piece over one site axis."""
        return cls(tuple(sites), (len(sites),))

    def __len__(self) -> int:
        return len(self.sites)


@dataclass(frozen=True)
class Node:
    """A region and its counting number: +1 for the paper's factors, 1 - d for its variables.

    Attributes:
        weights: a weight for every site of the region in place of the counting number, where pieces fade in and out
            (`layouts.chain`'s taper); None weighs all sites alike.
    """

    region: Region
    counting_number: int
    weights: tuple[float, ...] | None = None

    def site_weights(self) -> Tensor:
        """How much the node counts on each of its sites, [sites], float64."""
        if self.weights is None:
            return torch.full((len(self.region),), float(self.counting_number), dtype=torch.float64)
        return torch.tensor(self.weights, dtype=torch.float64)


@dataclass(frozen=True)
class FactorGraph:
    """Nodes over the sites of a tensor; the factors come first, in the order of the big thing.

        graph = mc.FactorGraph.from_regions(regions, (180,))  # or a layout: mc.chain, mc.cycle, mc.grid

    Attributes:
        site_shape: sizes of the site axes, such as (frames,) or (height, width).
        nodes: factors, then overlaps.
        factors: how many of the nodes are the pieces that the graph was made from.

    Raises:
        ValueError: a site is not covered, or its counting numbers do not sum to 1.
    """

    site_shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    factors: int

    def __post_init__(self) -> None:
        sites = 1
        for size in self.site_shape:
            sites *= size
        total = torch.zeros(sites, dtype=torch.float64)
        for number, node in enumerate(self.nodes):
            index = torch.tensor(node.region.sites)
            if not len(index):
                raise ValueError(f"node {number} is empty; every region needs at least one site")
            if int(index.min()) < 0 or int(index.max()) >= sites:
                raise ValueError(f"node {number} reaches site {int(index.max())}, outside the {sites} sites")
            if len(index.unique()) != len(index):
                raise ValueError(
                    f"node {number} visits a site twice; a piece must be shorter than the cycle it lies on"
                )
            if node.weights is not None and len(node.weights) != len(index):
                raise ValueError(f"node {number} has {len(node.weights)} weights for {len(index)} sites")
            total[index] += node.site_weights()
        # Whole numbers add up exactly, faded weights up to rounding.
        wrong = ((total - 1).abs() > 1e-9).nonzero().flatten()
        if len(wrong):
            site = int(wrong[0])
            raise ValueError(
                f"counting numbers sum to {float(total[site]):g} on site {site} ({len(wrong)} sites are wrong); they must sum"
                " to 1 everywhere: cover every site, and add the overlaps (or build with FactorGraph.from_regions)"
            )

    @classmethod
    def from_regions(
        cls, regions: Sequence[Region], site_shape: tuple[int, ...], *, connected: bool = True
    ) -> "FactorGraph":
        """Counting numbers for any cover: c_r = 1 - sum of c_s over regions s that strictly contain r.

        The regions are closed under intersection first (Kikuchi's region graph; Yedidia et al. 2005).

        Args:
            regions: the pieces, in any order; they may differ in length and overlap in any way.
            site_shape: sizes of the site axes.
            connected: split an intersection that falls apart (two pieces of a cycle that meet at both ends) into
                its connected parts; False keeps it whole, as one node with disconnected sites.
        """
        found: list[tuple[frozenset[int], Region]] = []
        for number, region in enumerate(regions):
            if any(region == other for _, other in found):
                raise ValueError(f"region {number} is the same as another; give each piece once")
            found.append((frozenset(region.sites), region))
        pieces = len(found)
        # Pieces may share all their sites (two halves of a circle that each go all the way round); parts may not.
        known = {key for key, _ in found}
        frontier = list(found)
        while frontier:
            fresh: list[tuple[frozenset[int], Region]] = []
            for key, region in frontier:
                for other_key, other in found:
                    if region is other or key.isdisjoint(other_key):
                        continue
                    for part in _intersect(region, other, key & other_key, connected):
                        part_key = frozenset(part.sites)
                        if part_key not in known:
                            known.add(part_key)
                            fresh.append((part_key, part))
            found += fresh
            if len(found) > MAX_REGIONS:
                raise ValueError(f"the cover has more than {MAX_REGIONS} intersections; use less overlap")
            frontier = fresh
        counts = _counting_numbers([key for key, _ in found])
        nodes = [Node(region, count) for (_, region), count in zip(found, counts)]
        kept = nodes[:pieces] + [node for node in nodes[pieces:] if node.counting_number != 0]
        return cls(site_shape, tuple(kept), pieces)

    @cached_property
    def overlaps(self) -> tuple[Node, ...]:
        """The nodes that are not pieces."""
        return self.nodes[self.factors :]

    def cover_counts(self) -> Tensor:
        """How many *factors* cover each site, shape `site_shape` (what plain averaging divides by)."""
        counts = torch.zeros(self.site_shape, dtype=torch.int64).flatten()
        for node in self.nodes[: self.factors]:
            counts[torch.tensor(node.region.sites)] += 1
        return counts.reshape(self.site_shape)


def _intersect(a: Region, b: Region, common: frozenset[int], connected: bool) -> list[Region]:
    """Intersection in the order of the first region, in connected runs if asked for (one site axis only)."""
    sites = [site for site in a.sites if site in common]
    if len(a.shape) > 1:
        return [Region(tuple(sites), _product_shape(a, sites))]
    if not connected:
        return [Region.line(sites)]
    place_a = {site: place for place, site in enumerate(a.sites)}
    place_b = {site: place for place, site in enumerate(b.sites)}
    runs = [[sites[0]]]
    for previous, site in zip(sites, sites[1:]):
        follows = place_a[site] == place_a[previous] + 1 and place_b[site] == place_b[previous] + 1
        if follows:
            runs[-1].append(site)
        else:
            runs.append([site])
    return [Region.line(run) for run in runs]


def _product_shape(region: Region, sites: list[int]) -> tuple[int, ...]:
    """Shape of a sub-box of a box-shaped region, refused if the sites are no box."""
    places = torch.zeros(len(region), dtype=torch.bool)
    wanted = set(sites)
    places[[i for i, site in enumerate(region.sites) if site in wanted]] = True
    box = places.reshape(region.shape)
    shape = []
    for axis in range(box.ndim):
        others = [other for other in range(box.ndim) if other != axis]
        shape.append(int(box.any(dim=others[0]).sum()) if len(others) == 1 else int(box.flatten().sum()))
    if shape[0] * shape[1] != len(sites) or box.ndim != 2:
        raise ValueError(
            "two regions meet in something that is no box; give regions over one site axis instead"
        )
    return tuple(shape)


def _counting_numbers(keys: list[frozenset[int]]) -> list[int]:
    counts = [0] * len(keys)
    members: dict[int, list[int]] = {}
    # Largest first: every strict superset of a region is done before it, and is found through any of its sites.
    for number in sorted(range(len(keys)), key=lambda n: len(keys[n]), reverse=True):
        key = keys[number]
        above = [other for other in members.get(next(iter(key)), []) if key < keys[other]]
        counts[number] = 1 - sum(counts[other] for other in above)
        for site in key:
            members.setdefault(site, []).append(number)
    return counts
