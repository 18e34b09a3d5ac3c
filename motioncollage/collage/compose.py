"""The collage: a denoiser of big things made of a denoiser of small ones (DiffCollage eq. 7 and 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, Denoiser, NoiseLevel, spread
from motioncollage.collage.graph import FactorGraph, Region
from motioncollage.collage.guidance import weighted_conditions

Composition = Literal["collage", "average"]


@dataclass(frozen=True)
class Term:
    """One evaluation of the small denoiser: where, under which condition, and with what weight it counts."""

    sites: Tensor
    shape: tuple[int, ...]
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
                of the batch differ.
            axes: which axes of the tensor are the graph's site axes, such as (1,) for [batch, frames, features].
            guidance: scale of classifier-free guidance, one for all or one per node.
            composition: `collage` subtracts the overlaps; `average` divides the sum of the factors by how many cover
                a site, which is the usual alternative (MultiDiffusion, Bar-Tal et al. 2023).
            batch_limit: most samples of one call.

        Raises:
            ValueError: numbers of conditions, scales or axes that do not fit the graph.
        """
        nodes = graph.nodes if composition == "collage" else graph.nodes[: graph.factors]
        given = list(conditions)
        if len(given) == graph.factors:
            given += [None] * (len(nodes) - graph.factors)
        if len(given) < len(nodes):
            raise ValueError(
                f"{len(conditions)} conditions for {graph.factors} factors and {len(nodes)} nodes; give one for each"
                " factor or one for each node"
            )
        scales = [float(guidance)] * len(nodes) if isinstance(guidance, (int, float)) else list(guidance)
        if len(scales) < len(nodes):
            scales += [1.0] * (len(nodes) - len(scales)) if len(scales) == graph.factors else []
        if len(scales) < len(nodes):
            raise ValueError(
                f"{len(scales)} guidance scales for {len(nodes)} nodes; give one, or one per node"
            )
        if len(axes) != len(graph.site_shape):
            raise ValueError(f"{len(axes)} axes for a graph over {len(graph.site_shape)} site axes")
        if batch_limit < 1:
            raise ValueError(f"batch_limit is {batch_limit}; at least 1 sample must fit into a call")
        self.denoiser, self.graph, self.axes, self.batch_limit = denoiser, graph, axes, batch_limit
        share = None if composition == "collage" else 1.0 / graph.cover_counts().flatten().double()
        self.groups: list[list[Term]] = []
        by_shape: dict[tuple[int, ...], list[Term]] = {}
        for node, condition, scale in zip(nodes, given, scales):
            sites = torch.tensor(node.region.sites)
            base = node.site_weights() if share is None else share[sites]
            for evaluated, weight in weighted_conditions(condition, scale):
                term = Term(sites, node.region.shape, evaluated, base * weight)
                by_shape.setdefault(node.region.shape, []).append(term)
        self.groups = list(by_shape.values())

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Clean prediction of x [batch, ...] whose site axes have the graph's shape."""
        flat, restore = flatten_sites(x, self.axes, self.graph.site_shape)
        total = torch.zeros_like(flat)
        batch = len(x)
        for terms in self.groups:
            per_call = max(1, self.batch_limit // batch)
            for first in range(0, len(terms), per_call):
                self._add(flat, total, terms[first : first + per_call], level)
        return restore(total)

    def _add(self, flat: Tensor, total: Tensor, terms: list[Term], level: NoiseLevel) -> None:
        """Evaluate terms of one shape in one call and add what they count for to `total` [batch, ..., sites]."""
        batch = len(flat)
        shape = terms[0].shape
        pieces = torch.stack(
            [flat[..., term.sites.to(flat.device)] for term in terms]
        )  # [terms, batch, ..., n]
        samples = unflatten_sites(pieces.flatten(0, 1), self.axes, shape)
        conditions = [condition for term in terms for condition in spread(term.condition, batch)]
        predicted = self.denoiser(samples, level, conditions)
        values = flatten_sites(predicted, self.axes, shape)[0].unflatten(0, (len(terms), batch))
        for term, value in zip(terms, values):
            # One term at a time: sites of different terms coincide, and the order of the sum stays fixed.
            total[..., term.sites.to(flat.device)] += term.weight.to(value) * value


def flatten_sites(x: Tensor, axes: tuple[int, ...], shape: tuple[int, ...]):  # type: ignore[no-untyped-def]
    """x with its site axes moved to the end and made one, and the function that undoes it."""
    axes = axes[: len(shape)]
    sizes = tuple(x.shape[axis] for axis in axes)
    if sizes != tuple(shape):
        raise ValueError(f"the sample has {sizes} sites on axes {axes}; the graph covers {tuple(shape)}")
    moved = x.movedim(axes, tuple(range(-len(axes), 0)))
    return moved.flatten(-len(axes)), lambda flat: unflatten_sites(flat, axes, shape)


def unflatten_sites(flat: Tensor, axes: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    """Undo `flatten_sites`, for pieces of any shape; one of fewer axes (a square on a cube) takes the first of them."""
    axes = axes[: len(shape)]
    return flat.unflatten(-1, shape).movedim(tuple(range(-len(axes), 0)), axes)


def crop(x: Tensor, region: Region, axes: tuple[int, ...], site_shape: tuple[int, ...]) -> Tensor:
    """The piece of x [batch, ...] on a region."""
    flat, _ = flatten_sites(x, axes, site_shape)
    return unflatten_sites(flat[..., torch.tensor(region.sites, device=x.device)], axes, region.shape)
