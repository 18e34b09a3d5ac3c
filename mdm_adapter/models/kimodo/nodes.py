"""The nodes of a factor graph as windows that Kimodo's network evaluates: which frames, under what, counting how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser, Observed
from mdm_adapter.models.kimodo.guidance import KimodoGuidance, Pass
from mdm_adapter.models.kimodo.windows import Origin, moved
from motioncollage.collage.compose import Composition, weighted
from motioncollage.collage.denoiser import Condition, NoiseLevel, spread
from motioncollage.collage.graph import FactorGraph


@dataclass(frozen=True)
class Node:
    """One node: its frames in order, what each of them counts (float64), its text, and the passes that guide it."""

    frames: Tensor
    weights: Tensor
    condition: Condition | None
    passes: tuple[Pass, ...]

    @property
    def start(self) -> int:
        return int(self.frames[0])

    def __len__(self) -> int:
        return len(self.frames)


class Windows:
    """All nodes of a graph over frames, and how a list of them is evaluated in few calls."""

    def __init__(
        self,
        denoiser: KimodoDenoiser,
        graph: FactorGraph,
        conditions: Sequence[Condition | None],
        *,
        guidance: KimodoGuidance | Sequence[KimodoGuidance],
        composition: Composition,
        observed: Observed | None,
        batch_limit: int,
    ) -> None:
        """Raises:
        ValueError: numbers of conditions or guidances, or constraints, that do not fit the graph.
        """
        nodes = weighted(graph, composition)
        given = list(conditions)
        if len(given) == graph.factors:
            given += [None] * (len(nodes) - graph.factors)
        if len(given) < len(nodes):
            raise ValueError(
                f"{len(conditions)} conditions for {graph.factors} factors and {len(nodes)} nodes; give one for each"
                " factor or one for each node"
            )
        guidances = [guidance] * len(nodes) if isinstance(guidance, KimodoGuidance) else list(guidance)
        if len(guidances) < len(nodes):
            raise ValueError(f"{len(guidances)} guidances for {len(nodes)} nodes; give one, or one per node")
        if len(graph.site_shape) != 1:
            raise ValueError(
                f"a graph over {len(graph.site_shape)} axes is no motion's; give one over frames"
            )
        if batch_limit < 1:
            raise ValueError(f"batch_limit is {batch_limit}; at least 1 window must fit into a call")
        self.frames = graph.site_shape[0]
        wanted = (self.frames, denoiser.network.representation.width)
        if observed is not None and not observed.mask.shape[1:] == observed.values.shape[1:] == wanted:
            raise ValueError(
                f"constraints have shape {list(observed.values.shape)} and mask {list(observed.mask.shape)}; both must be"
                f" [batch, {wanted[0]} frames, {wanted[1]}]"
            )
        self.denoiser, self.observed, self.batch_limit = denoiser, observed, batch_limit
        self.nodes: list[Node] = []
        for (node, weights), condition, guide in zip(nodes, given, guidances):
            frames = node.region.sites
            known = observed is not None and bool(observed.mask[:, frames].any())
            passes = guide.passes(has_text=condition is not None, has_constraint=known)
            self.nodes.append(Node(frames, weights, condition, passes))

    @property
    def starts(self) -> list[int]:
        """The frames where nodes begin, each once, ascending."""
        return sorted({node.start for node in self.nodes})

    def known(self, frame: int, values: Tensor) -> Tensor:
        """Normalised features [batch, width] of one frame, with what constraints say of it in their place."""
        if self.observed is None:
            return values
        return torch.where(
            self.observed.mask[:, frame].bool(), self.observed.values[:, frame].to(values), values
        )

    def predict(
        self, nodes: Sequence[Node], windows: Sequence[Tensor], origins: Sequence[Origin], level: NoiseLevel
    ) -> list[Tensor]:
        """Guided clean predictions of nodes, each [batch, frames, width] in the window's own frame.

        Args:
            windows: what each node sees of the noisy motion, in its own frame.
            origins: where each of them begins.
        """
        clean: list[Tensor] = [torch.zeros_like(window) for window in windows]
        by_length: dict[int, list[tuple[int, Pass]]] = {}
        for place, node in enumerate(nodes):
            for part in node.passes:
                by_length.setdefault(len(node), []).append((place, part))
        for parts in by_length.values():
            per_call = max(1, self.batch_limit // len(windows[0]))
            for first in range(0, len(parts), per_call):
                chosen = parts[first : first + per_call]
                values = self._call(nodes, windows, origins, chosen, level)
                for (place, part), value in zip(chosen, values):
                    clean[place] = clean[place] + part.weight * value
        return clean

    def _call(
        self,
        nodes: Sequence[Node],
        windows: Sequence[Tensor],
        origins: Sequence[Origin],
        parts: Sequence[tuple[int, Pass]],
        level: NoiseLevel,
    ) -> list[Tensor]:
        """One call of the network for passes of windows that are equally long."""
        batch = len(windows[0])
        conditions: list[Condition | None] = []
        for place, part in parts:
            conditions += spread(nodes[place].condition if part.text else None, batch)
        headings = torch.cat([origins[place].heading for place, _ in parts])
        observed = None
        if any(part.constraint for _, part in parts):
            known = [self._observed(nodes[place], origins[place], batch, part) for place, part in parts]
            values = torch.cat([k.values for k in known])
            observed = Observed(values, torch.cat([k.mask for k in known]))
        x = torch.cat([windows[place] for place, _ in parts])
        clean = self.denoiser(x, level, conditions, headings=headings, observed=observed)
        return list(clean.split(batch))

    def _observed(self, node: Node, origin: Origin, batch: int, part: Pass) -> Observed:
        """The constraints of a window in its own frame, none where a pass does not see them."""
        assert self.observed is not None
        frames = node.frames.to(self.observed.mask.device)
        values = self.observed.values[:, frames].expand(batch, -1, -1)
        mask = self.observed.mask[:, frames].bool().expand(batch, -1, -1)
        if not part.constraint:
            mask = torch.zeros_like(mask)
        centred = moved(values, -origin.ground, self.denoiser.network.statistics)
        return Observed(torch.where(mask, centred, torch.zeros_like(centred)), mask)
