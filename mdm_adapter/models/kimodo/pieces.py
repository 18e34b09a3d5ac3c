"""Kimodo as what pipelines ask for (`mdm_adapter.models.protocol`): its pieces stand somewhere, so it composes them itself."""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property

from torch import Tensor

from mdm_adapter.models.identity import identity_of
from mdm_adapter.models.kimodo.denoiser import CountedDenoiser
from mdm_adapter.models.kimodo.guidance import KimodoGuidance
from mdm_adapter.models.kimodo.loops import Places, unroll
from mdm_adapter.models.kimodo.model import OVERLAP, PIECE, KimodoModel
from mdm_adapter.models.kimodo.numbers import KimodoNumbers
from mdm_adapter.models.kimodo.schedule import KimodoLevels
from mdm_adapter.models.kimodo.windows import Origin
from mdm_adapter.models.protocol import Composing, CyclePath, MotionDefaults
from mdm_adapter.models.text import TextEmbedding
from motioncollage.collage.denoiser import Composed, Condition, Denoiser
from motioncollage.collage.graph import FactorGraph
from motioncollage.collage.guidance import Guidance


class KimodoPieces:
    """`MotionModel` and `PlacedModel` of a Kimodo with its text encoder."""

    matcher = None

    def __init__(self, kimodo: KimodoModel) -> None:
        self.kimodo, self.name, self.device = kimodo, kimodo.name, kimodo.device
        self.representation = KimodoNumbers(kimodo.representation)
        self.longest = kimodo.max_frames
        # Published guidance adds text and constraint; without a constraint only the first is left.
        scale = 1.0 if kimodo.guidance.kind == "nocfg" else kimodo.guidance.text
        self.defaults = MotionDefaults(Guidance(scale), PIECE, OVERLAP, feet="free")

    @cached_property
    def identity(self) -> str:
        statistics = self.kimodo.statistics
        return identity_of(
            {"mean": statistics.mean, "std": statistics.std, **self.kimodo.network.state_dict()}
        )  # fmt: skip

    def levels(self, spacing: float) -> KimodoLevels:
        return self.kimodo.levels(spacing)

    def denoiser(self, precision: str, *, beyond: bool = False) -> Denoiser:
        return self.kimodo.denoiser(precision=precision, beyond=beyond)

    def counted(self, stand: Denoiser) -> "KimodoPieces":
        kimodo = copy(self.kimodo)
        counting = CountedDenoiser(kimodo.network, stand)
        object.__setattr__(kimodo, "denoiser", lambda **_: counting)
        return KimodoPieces(kimodo)

    def conditions(self, texts: Sequence[str]) -> list[TextEmbedding | None]:
        return self.kimodo.conditions(texts)

    def normalise(self, features: Tensor) -> Tensor:
        return self.kimodo.normalise(features)

    def denormalise(self, motion: Tensor) -> Tensor:
        return self.kimodo.denormalise(motion)

    def guidance(self, scale: float) -> KimodoGuidance:
        """Of texts by `scale`, of constraints as published."""
        own = self.kimodo.guidance
        return replace(own, kind="regular" if own.kind == "nocfg" else own.kind, text=scale)

    def compose(self, graph: FactorGraph, conditions: Sequence[Condition | None], how: Composing) -> Composed:
        guided = how.guidance
        if how.loop is None:
            start = None if how.start is None else Origin.of(how.start.to(self.device))
            return guided.compose(
                lambda scale: self.kimodo.compose(
                    graph, conditions, guidance=[self.guidance(s) for s in how.scales(scale)],
                    composition=how.composition, start=start, precision=how.precision,
                    batch_limit=how.batch_limit,
                )
            )  # fmt: skip
        places = Places()
        travel, turns = _way(how.loop)
        return guided.compose(
            lambda scale: self.kimodo.compose_loop(
                graph, conditions, guidance=[self.guidance(s) for s in how.scales(scale)],
                composition=how.composition, travel=travel, turns=turns, precision=how.precision,
                batch_limit=how.batch_limit, places=places,
            )
        )  # fmt: skip

    def opened(self, motion: Tensor, loop: CyclePath) -> Tensor:
        """The last velocities lead to the first frame, so that features alone say where the next cycle begins."""
        features, way = unroll(motion, self.kimodo.statistics, travel=_way(loop)[0])
        return self.normalise(self.representation.way.closed(features, way))


def _way(path: CyclePath) -> tuple[bool, int]:
    """Whether a cycle leads on, and its whole turns.

    Raises:
        ValueError: a part of a turn, after which a body whose features face the world does not close.
    """
    if path.kind != "circular":
        return path.kind != "in-place", 0
    turns = round(path.turn / 360)
    if not math.isclose(path.turn, 360 * turns):
        raise ValueError(
            f"turn is {path.turn:g} degrees; loops of this model make whole turns, such as 360 or -360"
        )
    return False, turns
