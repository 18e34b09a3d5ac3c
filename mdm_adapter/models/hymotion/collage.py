"""The collage of windows that begin at the origin and face +z, as HY-Motion's clips do.

The clean prediction is the sum of all nodes' predictions times their counting numbers. A window is the long motion
turned and moved so that its first frame stands at the origin: on normalised features y = A x + signal b, with A a turn
between the statistics' scales. A window and the overlap that begins with it share their origin, which is where the
windows before them predict its first frame; windows are evaluated in the order in which they begin.

Moving leaves noise as it is. Turning does, too, as far as the scales of x and z agree; where they differ, turned noise
is as much louder in one and softer in the other.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mdm_adapter.models.beginnings import Beginning, beginnings
from mdm_adapter.models.hymotion.representation import GROUND, facing, turned
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.collage.compose import Composition, weighted
from motioncollage.collage.denoiser import Condition, Denoiser, NoiseLevel, spread
from motioncollage.collage.graph import FactorGraph
from motioncollage.collage.guidance import weighted_conditions


class StandingCollage:
    """Clean prediction of a long motion [batch, frames, width], normalised."""

    def __init__(
        self,
        denoiser: Denoiser,
        normalisation: Normalisation,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        guidance: Sequence[float],
        *,
        composition: Composition = "collage",
        start: Tensor | None = None,
        batch_limit: int = 32,
    ) -> None:
        """Args:
            graph: cover of the frames by a chain.
            conditions, guidance: one per node.
            start: features [width] or [batch, width], not normalised, of a frame that stands where the first begins.

        Raises:
            ValueError: a window that shares no frame with those before it.
        """
        self.denoiser, self.normalisation, self.start = denoiser, normalisation, start
        self.batch_limit, self.frames = batch_limit, graph.site_shape[0]
        windows = [(node.region.sites, weights) for node, weights in weighted(graph, composition)]
        self.windows = list(zip(windows, conditions, guidance))
        self.order = beginnings(*zip(*windows))

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Raises ValueError for another number of frames than the graph has."""
        if x.shape[1] != self.frames:
            raise ValueError(f"the sample has {x.shape[1]} frames; the graph covers {self.frames}")
        total = torch.zeros_like(x)
        for begun in self.order:
            angle, ground = self._origin(begun, total)
            for number in begun.windows:
                (frames, weight), condition, scale = self.windows[number]
                sites = frames.to(x.device)
                window = self.carried(x[:, sites], -angle, ground, level.alpha, into=True)
                clean = self._guided(window, level, condition, scale)
                back = self.carried(clean, angle, ground, 1.0, into=False)
                total[:, sites] = total[:, sites] + weight.to(back)[:, None] * back
        return total

    def _guided(self, window: Tensor, level: NoiseLevel, condition: Condition | None, scale: float) -> Tensor:
        total = torch.zeros_like(window)
        for evaluated, weight in weighted_conditions(condition, scale):
            rows = spread(evaluated, len(window))
            for first in range(0, len(window), self.batch_limit):
                some = slice(first, first + self.batch_limit)
                total[some] = total[some] + weight * self.denoiser(window[some], level, rows[some])
        return total

    def _origin(self, begun: Beginning, total: Tensor) -> tuple[Tensor, Tensor]:
        """Which way the windows that begin here face [batch], and where they stand [batch, 2]."""
        if begun.frame:
            here = self.normalisation.undo(total[:, begun.frame].detach() / begun.there)
        elif self.start is not None:
            here = self.start.to(total).expand(len(total), total.shape[2])
        else:
            return total.new_zeros(len(total)), total.new_zeros(len(total), 2)
        return facing(here), here[:, GROUND]

    def carried(self, x: Tensor, angle: Tensor, ground: Tensor, signal: float, *, into: bool) -> Tensor:
        """Normalised features [batch, frames, width] of a signal, turned by angles [batch] about places [batch, 2].

        Args:
            into: a window's frame, where the places are the origin; otherwise out of it.
        """
        mean, std = self.normalisation.mean.to(x), self.normalisation.std.to(x)
        # The mean belongs to the signal: it is turned and moved with it, and taken out again.
        whole = x * std + signal * mean
        shift = torch.zeros_like(whole[:, :1])
        shift[..., GROUND] = signal * ground[:, None]
        even = angle[:, None].expand(whole.shape[:2])
        whole = turned(whole - shift, even) if into else turned(whole, even) + shift
        return (whole - signal * mean) / std
