"""Factor graphs: which overlapping pieces cover a big thing, and how often each of them counts.

A big thing lives on *sites* (frames, pixels); a region is an ordered set of sites. Every node carries a counting
number c such that, on every site, the counting numbers of the nodes that cover it sum to 1. Then

    D(u) = sum_n c_n scatter(D_n(u[n]))        (DiffCollage, Zhang et al. 2023, eq. 10)

composes clean predictions, scores, noise predictions and velocities alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

MAX_REGIONS = 20_000


@dataclass(frozen=True, eq=False)
class Region:
    """An ordered piece of the big thing: flat site numbers in the shape that the piece has.

    Two regions are equal where sites, order and shape are.

    Attributes:
        sites: row-major site numbers [sites], int64 on the CPU; no site twice. Regions share them: not to be changed.
        shape: shape of the piece over the site axes.
    """

    sites: Tensor
    shape: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", _flat(self.sites, torch.int64))

    @classmethod
    def line(cls, sites: Sequence[int] | Tensor) -> "Region":
        """A piece over one site axis."""
        return cls(torch.as_tensor(sites), (len(sites),))

    def __len__(self) -> int:
        return len(self.sites)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Region):
            return NotImplemented
        return self.shape == other.shape and torch.equal(self.sites, other.sites)

    def __hash__(self) -> int:
        return hash((self.shape, self.sites.numpy().tobytes()))


@dataclass(frozen=True, eq=False)
class Node:
    """A region and its counting number: +1 for the paper's factors, 1 - d for its variables.

    Attributes:
        weights: a weight for every site of the region [sites], float64, in place of the counting number, where pieces
            fade in and out (`layouts.chain`'s taper); None weighs all sites alike. Not to be changed.
    """

    region: Region
    counting_number: int
    weights: Tensor | None = None

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", _flat(self.weights, torch.float64))

    def site_weights(self) -> Tensor:
        """How much the node counts on each of its sites, [sites], float64."""
        if self.weights is None:
            return torch.full((len(self.region),), float(self.counting_number), dtype=torch.float64)
        return self.weights

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Node):
            return NotImplemented
        if (self.region, self.counting_number) != (other.region, other.counting_number):
            return False
        if self.weights is None or other.weights is None:
            return self.weights is other.weights
        return torch.equal(self.weights, other.weights)

    def __hash__(self) -> int:
        return hash((self.region, self.counting_number))


@dataclass(frozen=True)
class FactorGraph:
    """Nodes over the sites of a tensor; the factors come first, in the order of the big thing.

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
        sites = math.prod(self.site_shape)
        total = torch.zeros(sites, dtype=torch.float64)
        visits = torch.empty(sites, dtype=torch.int64)
        for number, node in enumerate(self.nodes):
            index = node.region.sites
            _check_sites(number, index, visits)
            if node.weights is not None and len(node.weights) != len(index):
                raise ValueError(f"node {number} has {len(node.weights)} weights for {len(index)} sites")
            total[index] += node.counting_number if node.weights is None else node.weights
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
        found = list(regions)
        seen: set[Region] = set()
        visits = torch.empty(math.prod(site_shape), dtype=torch.int64)
        for number, region in enumerate(found):
            if region in seen:
                raise ValueError(f"region {number} is the same as another; give each piece once")
            seen.add(region)
            _check_sites(number, region.sites, visits)
        pieces = len(found)
        # Pieces may share all their sites (two halves of a circle that each go all the way round); parts may not.
        known = {_content(region) for region in found}
        places = torch.full_like(visits, -1)
        frontier = range(pieces)
        while frontier:
            fresh: list[Region] = []
            cover = _Cover(found, len(places))
            for number in frontier:
                region = found[number]
                places[region.sites] = torch.arange(len(region))
                for other in cover.owners(region.sites).unique().tolist():
                    if other == number:
                        continue
                    for part in _intersect(region, found[other], places, connected):
                        content = _content(part)
                        if content not in known:
                            known.add(content)
                            fresh.append(part)
                places[region.sites] = -1
            frontier = range(len(found), len(found) + len(fresh))
            found += fresh
            if len(found) > MAX_REGIONS:
                raise ValueError(f"the cover has more than {MAX_REGIONS} intersections; use less overlap")
        counts = _counting_numbers(found, len(places))
        nodes = [Node(region, count) for region, count in zip(found, counts)]
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
            counts[node.region.sites] += 1
        return counts.reshape(self.site_shape)


def _flat(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Numbers in a row on the CPU, where graphs are built."""
    return torch.as_tensor(values, dtype=dtype, device="cpu").flatten().contiguous()


def _check_sites(number: int, index: Tensor, visits: Tensor) -> None:
    """Refuse sites [n] of node `number` that are none, outside, or visited twice; `visits` [all sites] is scratch."""
    if not len(index):
        raise ValueError(f"node {number} is empty; every region needs at least one site")
    least, most = (int(end) for end in index.aminmax())
    if least < 0 or most >= len(visits):
        outside = most if most >= len(visits) else least
        raise ValueError(f"node {number} reaches site {outside}, outside the {len(visits)} sites")
    # Every visit leaves its number; of two to the same site, one finds another's.
    own = torch.arange(len(index))
    visits[index] = own
    if not torch.equal(visits[index], own):
        raise ValueError(
            f"node {number} visits a site twice; a piece must be shorter than the cycle it lies on"
        )


def _content(region: Region) -> bytes:
    """Which sites a region has, in whatever order."""
    return region.sites.sort().values.numpy().tobytes()


class _Cover:
    """For every site the numbers of the regions that have it, as rows of one long list."""

    def __init__(self, regions: Sequence[Region], sites: int) -> None:
        sizes = torch.tensor([len(region) for region in regions])
        visited = torch.cat([region.sites for region in regions])
        order = visited.argsort(stable=True)
        self._owners = torch.arange(len(regions)).repeat_interleave(sizes)[order]
        self._counts = torch.bincount(visited, minlength=sites)
        self._starts = self._counts.cumsum(0) - self._counts

    def owners(self, sites: Tensor) -> Tensor:
        """The regions that have each of the sites, one after the other."""
        counts = self._counts[sites]
        before = counts.cumsum(0) - counts
        first = (self._starts[sites] - before).repeat_interleave(counts)
        return self._owners[first + torch.arange(len(first))]


def _intersect(a: Region, b: Region, places: Tensor, connected: bool) -> list[Region]:
    """Intersection in the order of the first region, in connected runs if asked for (one site axis only).

    Args:
        places: [all sites] place of each site in the first region, -1 elsewhere.
    """
    place_a = places[b.sites]
    place_b = (place_a >= 0).nonzero().flatten()
    place_a, order = place_a[place_b].sort()
    place_b = place_b[order]
    sites = a.sites[place_a]
    if len(a.shape) > 1:
        return [Region(sites, _product_shape(a, place_a))]
    if not connected:
        return [Region.line(sites)]
    follows = (place_a.diff() == 1) & (place_b.diff() == 1)
    ends = (~follows).nonzero().flatten() + 1
    return [Region.line(run) for run in sites.tensor_split(ends)]


def _product_shape(region: Region, places: Tensor) -> tuple[int, ...]:
    """Shape of a sub-box of a box-shaped region, given by its places in it; refused if they are no box."""
    inside = torch.zeros(len(region), dtype=torch.bool)
    inside[places] = True
    box = inside.reshape(region.shape)
    shape = []
    for axis in range(box.ndim):
        others = [other for other in range(box.ndim) if other != axis]
        shape.append(int(box.any(dim=others[0]).sum()) if len(others) == 1 else int(box.flatten().sum()))
    if shape[0] * shape[1] != len(places) or box.ndim != 2:
        raise ValueError(
            "two regions meet in something that is no box; give regions over one site axis instead"
        )
    return tuple(shape)


def _counting_numbers(regions: Sequence[Region], sites: int) -> list[int]:
    """1 minus the counting numbers of all strict supersets, for every region."""
    if not regions:
        return []
    cover = _Cover(regions, sites)
    sizes = torch.tensor([len(region) for region in regions])
    counts = torch.zeros(len(regions), dtype=torch.int64)
    # Largest first: every strict superset of a region is done before it.
    for number in sizes.argsort(descending=True, stable=True).tolist():
        region = regions[number]
        shared = torch.bincount(cover.owners(region.sites), minlength=len(regions))
        above = (shared == len(region)) & (sizes > len(region))
        counts[number] = 1 - counts[above].sum()
    found: list[int] = counts.tolist()
    return found
