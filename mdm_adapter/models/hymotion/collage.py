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

from mdm_adapter.models.hymotion.representation import GROUND, facing, turned
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Condition, Denoiser, NoiseLevel, spread
from motioncollage.collage.graph import FactorGraph, Node
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
        nodes = graph.nodes if composition == "collage" else graph.nodes[: graph.factors]
        share = None if composition == "collage" else 1.0 / graph.cover_counts().double()
        weights = [n.site_weights() if share is None else share[n.region.sites] for n in nodes]
        self.order: dict[int, list[tuple[Node, Tensor, Condition | None, float]]] = {}
        for node, weight, condition, scale in sorted(
            zip(nodes, weights, conditions, guidance), key=lambda entry: int(entry[0].region.sites[0])
        ):
            self.order.setdefault(int(node.region.sites[0]), []).append((node, weight, condition, scale))
        cover = torch.zeros(self.frames, dtype=torch.float64)
        self.there: dict[int, float] = {}
        for frame, entries in self.order.items():
            self.there[frame] = float(cover[frame])
            if frame and abs(self.there[frame]) < 1e-6:
                raise ValueError(
                    f"a window begins at frame {frame}, which no window before it shares; give neighbours an overlap"
                )
            for node, weight, _, _ in entries:
                cover[node.region.sites] += weight

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Raises ValueError for another number of frames than the graph has."""
        if x.shape[1] != self.frames:
            raise ValueError(f"the sample has {x.shape[1]} frames; the graph covers {self.frames}")
        total = torch.zeros_like(x)
        for frame, entries in self.order.items():
            angle, ground = self._origin(frame, total)
            for node, weight, condition, scale in entries:
                sites = node.region.sites.to(x.device)
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

    def _origin(self, frame: int, total: Tensor) -> tuple[Tensor, Tensor]:
        """Which way windows of a frame face [batch], and where they begin [batch, 2]."""
        if frame:
            here = self.normalisation.undo(total[:, frame].detach() / self.there[frame])
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
