"""The collage of windows that stand somewhere: a denoiser of long motion made of a denoiser of short ones.

As `motioncollage.collage.compose.CollageDenoiser`, the clean prediction is the sum of all nodes' predictions times their
counting numbers. What is added is where each window begins (`windows.Origin`): in the place, and facing the way, that
the windows before it predict for its first frame. A window and the overlap that begins with it share their origin, so
that what they say of it cancels. Windows are therefore evaluated in the order in which they begin; none is evaluated
twice. Cycles, which begin nowhere, are in `loops`.

Left to themselves (each window placed by its own noisy frames) windows would fall short: at high noise all of them
would begin near the origin, and a walk of 16 m would come out as one of 5.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mdm_adapter.models.beginnings import beginnings
from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.guidance import PUBLISHED, KimodoGuidance
from mdm_adapter.models.kimodo.nodes import Windows
from mdm_adapter.models.kimodo.windows import Origin, moved
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.collage.graph import FactorGraph


class TravellingCollage:
    """Clean prediction of a long motion; a graph of one piece gives an ordinary short sample.

    With `observed`, the network is given constraints natively, and a window that begins with a known frame begins
    where that frame says.
    """

    def __init__(
        self,
        denoiser: KimodoDenoiser,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        *,
        guidance: KimodoGuidance | Sequence[KimodoGuidance] = PUBLISHED,
        composition: Composition = "collage",
        observed: Observed | None = None,
        start: Origin | None = None,
        batch_limit: int = 64,
    ) -> None:
        """Args:
            graph: cover of the frames by a chain.
            conditions: texts, one per factor (overlaps then get the null token) or one per node; `PerSample` where
                samples of the batch differ.
            guidance: one for all, or one per node.
            composition: as of `CollageDenoiser`.
            observed: constraints on the long motion.
            start: where it begins; by default where a constraint on the first frame says, else over the origin facing
                +z. For batches of one size.
            batch_limit: most windows of one call.

        Raises:
            ValueError: a graph whose windows wrap round or leave each other without a shared frame, or arguments that
                do not fit it.
        """
        self.windows = Windows(
            denoiser, graph, conditions,
            guidance=guidance, composition=composition, observed=observed, batch_limit=batch_limit,
        )  # fmt: skip
        self.statistics, self.start = denoiser.network.statistics, start
        for node in self.windows.nodes:
            if bool((node.frames.diff() <= 0).any()):
                raise ValueError("a window wraps round the end; use a LoopingCollage for cycles")
        nodes = self.windows.nodes
        self.order = beginnings([node.frames for node in nodes], [node.weights for node in nodes])

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        """Clean prediction of x [batch, frames, width], normalised.

        Raises:
            ValueError: another number of frames than the graph has.
        """
        if x.shape[1] != self.windows.frames:
            raise ValueError(f"the sample has {x.shape[1]} frames; the graph covers {self.windows.frames}")
        total = torch.zeros_like(x)
        for begun in self.order:
            origin = self._origin(begun.frame, total, begun.there)
            nodes = [self.windows.nodes[number] for number in begun.windows]
            windows = [
                moved(x[:, node.frames.to(x.device)], -origin.ground, self.statistics, signal=level.alpha)
                for node in nodes
            ]
            predicted = self.windows.predict(nodes, windows, [origin] * len(nodes), level)
            for node, clean in zip(nodes, predicted):
                carried = moved(clean, origin.ground, self.statistics)
                total[:, node.frames.to(x.device)] += node.weights.to(carried)[:, None] * carried
        return total

    def _origin(self, frame: int, total: Tensor, there: float) -> Origin:
        """Where the windows of a frame begin: as predicted by those before them, or as known."""
        batch = len(total)
        if frame:
            values = total[:, frame].detach() / there
            return Origin.of(self.statistics.undo(self.windows.known(frame, values)))
        if self.start is not None:
            return Origin(self.start.ground.expand(batch, 2), self.start.heading.expand(batch))
        at_rest = total.new_zeros(batch, total.shape[2])
        at_rest[:, 3] = 1.0
        return Origin.of(self.statistics.undo(self.windows.known(0, self.statistics.apply(at_rest))))
