"""What a pipeline needs of a motion model, and nothing more; MDM is one implementation (`models.mdm.model`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from mdm_adapter.models.vocabulary import Matcher
from mdm_adapter.representation.protocol import Representation
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Composed, Condition, Denoiser
from motioncollage.collage.graph import FactorGraph
from motioncollage.collage.guidance import Guidance
from motioncollage.sampling.levels import Levels


@dataclass(frozen=True)
class MotionDefaults:
    """How a model is best sampled where nobody says otherwise.

    Attributes:
        guidance: of texts.
        piece: frames of the pieces that a long action is cut into.
        overlap: frames that neighbouring pieces share.
        method: by which motion is made (`motioncollage.methods`).
        feet: held or free (`GenerateSettings.feet`).
    """

    guidance: Guidance = field(default_factory=lambda: Guidance(2.5))
    piece: int = 120
    overlap: int = 10
    method: str = "collage"
    feet: str = "held"


class MotionModel(Protocol):
    """A diffusion model of short motions.

    Attributes:
        name: what the settings of a motion call the model.
        representation: how it writes motion down.
        longest: frames of the longest piece that it knows.
        device: where its network is.
        defaults: how it is best sampled.
        matcher: the actions that it knows, for lengths and warnings; None for open-ended models.
        identity: hash of everything that decides its predictions; benchmarks tell models apart by it.
    """

    @property
    def name(self) -> str: ...

    @property
    def representation(self) -> Representation: ...

    @property
    def longest(self) -> int: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def defaults(self) -> MotionDefaults: ...

    @property
    def matcher(self) -> Matcher | None: ...

    @property
    def identity(self) -> str: ...

    def levels(self, spacing: float) -> Levels:
        """Its noise levels; `spacing` as in `SamplerSettings`."""
        ...

    def denoiser(self, precision: str, *, beyond: bool = False) -> Denoiser:
        """Predicts clean pieces [batch, frames, width], normalised.

        Args:
            beyond: accept windows longer than `longest`, to show why not to.
        """
        ...

    def conditions(self, texts: Sequence[str]) -> list[Condition | None]:
        """A condition for each text, None (the null token) for an empty one."""
        ...

    def normalise(self, features: Tensor) -> Tensor:
        """Features [..., frames, width] in the representation's own units -> what the denoiser sees."""
        ...

    def denormalise(self, motion: Tensor) -> Tensor:
        """The inverse of `normalise`."""
        ...


@runtime_checkable
class PaddedModel(Protocol):
    """What a model may have besides: windows of one length of which only a part counts, as published evaluations sample."""

    def padded(self, precision: str, valid: Sequence[int]) -> Denoiser:
        """A denoiser of pieces [batch, frames, width], of which the first `valid[i]` frames of sample i count."""
        ...


class CyclePath(Protocol):
    """Where a loop's cycle ends (`mdm_adapter.editing.loops.LoopPath`)."""

    @property
    def kind(self) -> str: ...

    @property
    def turn(self) -> float: ...


@dataclass(frozen=True, eq=False)
class Composing:
    """How pieces are composed.

    Attributes:
        guidance: of texts.
        own: a node's own guidance in the place of that, for every node; None for that of all.
        composition: as of `CollageDenoiser`.
        precision: as in `MethodSettings`.
        batch_limit: most windows of one call.
        start: features of the frame that the whole begins with [width] or [batch, width], not normalised, of which
            place and facing count; None for where the model likes to begin.
        loop: where a cycle ends; None for what is no loop.
    """

    guidance: Guidance
    own: tuple[float | None, ...]
    composition: Composition = "collage"
    precision: str = "auto"
    batch_limit: int = 32
    start: Tensor | None = None
    loop: CyclePath | None = None

    def scales(self, scale: float) -> list[float]:
        """Guidance of every node where that of all is `scale`."""
        return [self.guidance.own(scale, wanted) for wanted in self.own]


@runtime_checkable
class PlacedModel(Protocol):
    """What a model has besides whose features hold places in the world: pieces of a longer motion are carried to their own.

    Its representation's `way` is a `StandingWay`.
    """

    def compose(self, graph: FactorGraph, conditions: Sequence[Condition | None], how: Composing) -> Composed:
        """One denoiser of a long motion [batch, frames, width], or of a cycle, from conditions of all nodes."""
        ...

    def opened(self, motion: Tensor, loop: CyclePath) -> Tensor:
        """A sampled cycle [batch, frames, width], normalised, as it is played once."""
        ...


@runtime_checkable
class CountedModel(Protocol):
    """What a model has besides whose network is not only asked by what `denoiser`, `padded` and `continuing` return."""

    def counted(self, stand: Denoiser) -> MotionModel:
        """The same model with a denoiser in the place of its network, to count what it is asked."""
        ...


@runtime_checkable
class PrefixModel(Protocol):
    """A model that continues a few known frames by a few more, and makes nothing else (the method `dip`).

    Attributes:
        context: frames that a prediction continues.
        predicted: frames of a prediction.
        start: [context, width], normalised: what a motion begins after.
        no_pieces: why methods that ask for pieces cannot be used, in a line.
    """

    @property
    def context(self) -> int: ...

    @property
    def predicted(self) -> int: ...

    @property
    def start(self) -> Tensor: ...

    @property
    def no_pieces(self) -> str: ...

    def continuing(self, precision: str, known: Tensor) -> Denoiser:
        """Predicts the frames after those that are known [samples, context, width], normalised."""
        ...
