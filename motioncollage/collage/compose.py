"""The collage: a denoiser of big things made of a denoiser of small ones (DiffCollage eq. 7 and 10)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, Denoiser, NoiseLevel, spread
from motioncollage.collage.graph import FactorGraph, Node, Region
from motioncollage.collage.guidance import weighted_conditions

Composition = Literal["collage", "average"]


@dataclass(frozen=True)
class Term:
    """One evaluation of the small denoiser: where, under which condition, and with what weight it counts."""

    region: Region
    condition: Condition | None
    weight: Tensor  # for each site of the region, float64


class CollageDenoiser:
    """Clean prediction of a big thing: the sum of all nodes' predictions, times their counting numbers.

        whole = CollageDenoiser(denoiser, mc.chain([100, 100], [20]), [walks, waves], axes=(1,))

    Guidance multiplies further into the same sum, so a step is one list of evaluations. They are grouped by shape and
    evaluated in calls of at most `batch_limit` samples, which keeps memory flat however big the thing is.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        *,
        axes: tuple[int, ...],
        guidance: float | Sequence[float] = 1.0,
        composition: Composition = "collage",
        batch_limit: int = 64,
    ) -> None:
        """Args:
            denoiser: scores pieces and overlaps alike.
            graph: the cover.
            conditions: one per factor (overlaps then get the null token) or one per node; `PerSample` where samples
                of the batch differ. Averages have no overlaps and read the factors' only.
            axes: which axes of the tensor are the graph's site axes, such as (1,) for [batch, frames, features].
            guidance: scale of classifier-free guidance, one for all, one per factor (overlaps then get 1) or one per
                node.
            composition: `collage` subtracts the overlaps; `average` divides the sum of the factors by how many cover
                a site, which is the usual alternative (MultiDiffusion, Bar-Tal et al. 2023).
            batch_limit: most samples of one call.

        Raises:
            ValueError: numbers of conditions, scales or axes that do not fit the graph.
        """
        given = _one_per_node(conditions, None, graph, "conditions")
        scales = (
            [float(guidance)] * len(graph.nodes)
            if isinstance(guidance, (int, float))
            else _one_per_node(guidance, 1.0, graph, "guidance scales")
        )
        if len(axes) != len(graph.site_shape):
            raise ValueError(f"{len(axes)} axes for a graph over {len(graph.site_shape)} site axes")
        if batch_limit < 1:
            raise ValueError(f"batch_limit is {batch_limit}; at least 1 sample must fit into a call")
        self.denoiser, self.graph, self.axes, self.batch_limit = denoiser, graph, axes, batch_limit
        by_shape: dict[tuple[int, ...], list[Term]] = {}
        for (node, base), condition, scale in zip(weighted(graph, composition), given, scales):
            for evaluated, weight in weighted_conditions(condition, scale):
                term = Term(node.region, evaluated, base if weight == 1 else base * weight)
                by_shape.setdefault(node.region.shape, []).append(term)
        self.groups = list(by_shape.values())
        self._prepared: tuple[object, list[_Call]] | None = None

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Clean prediction of x [batch, ...] whose site axes have the graph's shape."""
        flat, restore = flatten_sites(x, self.axes, self.graph.site_shape)
        total = torch.zeros_like(flat)
        for call in self._calls(flat):
            self._add(flat, total, call, level)
        return restore(total)

    def _calls(self, flat: Tensor) -> "list[_Call]":
        """The calls of a step: the same throughout a sampling, so they are made at its first."""
        kind = (len(flat), flat.device, flat.dtype)
        prepared = self._prepared
        if prepared is None or prepared[0] != kind:
            prepared = self._prepared = kind, self._prepare(*kind)
        return prepared[1]

    def _prepare(self, batch: int, device: torch.device, dtype: torch.dtype) -> "list[_Call]":
        together = max(1, self.batch_limit // batch)
        times = torch.zeros(math.prod(self.graph.site_shape), dtype=torch.int64)
        calls = []
        for group in self.groups:
            for first in range(0, len(group), together):
                terms = group[first : first + together]
                shape = terms[0].region.shape
                places = [term.region.sites for term in terms]
                rounds = [some.to(device) for some in _rounds(places, times)]
                sites = torch.cat(places).to(device)
                weight = torch.stack([term.weight for term in terms]).to(device, dtype)
                conditions = [spread(term.condition, batch) for term in terms]
                for start in range(0, batch, self.batch_limit):
                    some = slice(start, min(start + self.batch_limit, batch))
                    told = [condition for row in conditions for condition in row[some]]
                    calls.append(_Call(shape, some, told, sites, rounds, weight))
        return calls

    def _add(self, flat: Tensor, total: Tensor, call: "_Call", level: NoiseLevel) -> None:
        """Evaluate the terms of a call and add what they count for to `total` [batch, ..., sites, ...]."""
        terms, size = call.weight.shape
        axis = _first(self.axes, flat.ndim - 1 + len(self.axes))
        before = (slice(None),) * (axis - 1)
        apart = _gather(flat, call, before).unflatten(axis, (terms, size)).movedim(axis, 0)
        # As roundings depend on it: networks get numbers whose sites lie side by side in memory.
        apart = apart.movedim(axis + 1, -1).contiguous().movedim(-1, axis + 1)
        small = unflatten_sites(apart.flatten(0, 1), self.axes, call.shape)
        predicted = self.denoiser(small, level, call.conditions)
        values = flatten_sites(predicted, self.axes, call.shape)[0].unflatten(0, (terms, -1))
        weight = call.weight.to(values).view(terms, *[1] * axis, size, *[1] * (values.ndim - axis - 2))
        counted = (weight * values).movedim(0, axis).flatten(axis, axis + 1)
        for places in call.rounds:
            there: Any = (call.samples, *before, call.sites[places])
            own: Any = (slice(None), *before, places)
            total[there] += counted[own]


def weighted(graph: FactorGraph, composition: Composition) -> list[tuple[Node, Tensor]]:
    """The nodes that a composition evaluates, and what each of their sites counts for (float64)."""
    if composition == "collage":
        return [(node, node.site_weights()) for node in graph.nodes]
    share = 1.0 / graph.cover_counts().flatten().double()
    return [(node, share[node.region.sites]) for node in graph.nodes[: graph.factors]]


@dataclass(frozen=True, eq=False)
class _Call:
    """Terms of one shape that are evaluated together, for some samples of the batch, as a device wants them.

    Attributes:
        conditions: term by term, for every sample.
        sites: of all terms in a row.
        rounds: places in that row. Sites of different terms coincide, but not within a round: so sums have one order,
            and so have their gradients, on every device and with any number of threads.
        weight: [terms, sites of a term].
    """

    shape: tuple[int, ...]
    samples: slice
    conditions: list[Condition | None]
    sites: Tensor
    rounds: list[Tensor]
    weight: Tensor


def _gather(flat: Tensor, call: _Call, before: tuple[slice, ...]) -> Tensor:
    """What lies on all sites of a call, [samples, ..., sites, ...]."""
    if not flat.requires_grad:
        everything: Any = (call.samples, *before, call.sites)
        return flat[everything]
    # Gradients are added up round by round; those of one gather come in any order.
    some: list[Any] = [(call.samples, *before, call.sites[places]) for places in call.rounds]
    order: Any = (slice(None), *before, torch.cat(call.rounds).argsort())
    return torch.cat([flat[part] for part in some], dim=len(before) + 1)[order]


def _rounds(terms: Sequence[Tensor], times: Tensor) -> list[Tensor]:
    """Places in the row of all terms' sites, sorted by how many terms before have their site.

    Args:
        times: [all sites] scratch, zero before and after.
    """
    before = []
    for sites in terms:
        before.append(times[sites])
        times[sites] += 1
    for sites in terms:
        times[sites] = 0
    earlier = torch.cat(before)
    return [(earlier == number).nonzero().flatten() for number in range(int(earlier.max()) + 1)]


def _one_per_node(given: Sequence[Any], rest: Any, graph: FactorGraph, what: str) -> list[Any]:
    """What was given for every node, or for every factor and `rest` for all else."""
    if len(given) not in (graph.factors, len(graph.nodes)):
        raise ValueError(
            f"{len(given)} {what} for {graph.factors} factors and {len(graph.nodes)} nodes; give one for each factor or"
            " one for each node"
        )
    return [*given, *[rest] * (len(graph.nodes) - len(given))]


def flatten_sites(x: Tensor, axes: tuple[int, ...], shape: tuple[int, ...]):  # type: ignore[no-untyped-def]
    """x with its site axes made one, where the first of them is, and the function that undoes it."""
    axes = axes[: len(shape)]
    sizes = tuple(x.shape[axis] for axis in axes)
    if sizes != tuple(shape):
        raise ValueError(f"the sample has {sizes} sites on axes {axes}; the graph covers {tuple(shape)}")
    first = _first(axes, x.ndim)
    together = tuple(range(first, first + len(axes)))
    flat = x.movedim(axes, together).flatten(first, together[-1])
    return flat, lambda flat: unflatten_sites(flat, axes, shape)


def unflatten_sites(flat: Tensor, axes: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    """Undo `flatten_sites`, for pieces of any shape; one of fewer axes (a square on a cube) takes the first of them."""
    axes = axes[: len(shape)]
    first = _first(axes, flat.ndim - 1 + len(axes))
    return flat.unflatten(first, shape).movedim(tuple(range(first, first + len(axes))), axes)


def _first(axes: tuple[int, ...], ndim: int) -> int:
    """Where the first of some axes lies."""
    return min(axis % ndim for axis in axes)


def crop(x: Tensor, region: Region, axes: tuple[int, ...], site_shape: tuple[int, ...]) -> Tensor:
    """The piece of x [batch, ...] on a region."""
    flat, _ = flatten_sites(x, axes, site_shape)
    chosen = flat.movedim(_first(axes, x.ndim), -1)[..., region.sites.to(x.device)]
    return unflatten_sites(chosen.movedim(-1, _first(axes, x.ndim)), axes, region.shape)
