"""Motion as a medium: what the engine's methods make long motion from (`motioncollage.methods.Job`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from mdm_adapter.editing.loops import LoopPath
from mdm_adapter.models.protocol import Composing, MotionModel, PlacedModel
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.representation.protocol import StandingWay
from motioncollage.collage.compose import CollageDenoiser, Composition
from motioncollage.collage.denoiser import Composed, Condition, Denoiser, PerSample
from motioncollage.collage.guidance import Conditioned, Guidance
from motioncollage.collage.layouts import chain
from motioncollage.methods import Made, MethodSettings
from motioncollage.sampling.noise import OnStep
from motioncollage.sampling.registry import sample, sample_from
from motioncollage.seeds import RENEWED, SHARED, START, Key, Noise

TIME = 1  # motion is [samples, frames, features]


@dataclass(frozen=True)
class Redone:
    """A motion [frames, width], normalised, noised up to `strength` of the levels: 0 keeps it, 1 forgets it."""

    motion: Tensor
    strength: float

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            raise ValueError(
                f"strength is {self.strength:g}; choose above 0 (nothing changes) and up to 1 (nothing is kept)"
            )


@dataclass(frozen=True)
class MotionJob:
    """One batch of motions of the same plan.

    Attributes:
        model: whose pieces.
        plan: which pieces, where, under which texts.
        settings: guidance, sampler and the like.
        keys: of the noise of every sample.
        wordings: sentences of every sample in the place of a text of the plan; texts that are not there are the same for
            all samples.
        conditioned: what pieces are wrapped into: edits and paths are denoisers round the collage.
        redone: start from a motion instead of noise (SDEdit).
        single: denoiser of windows over one action; the model's own unless told otherwise.
        start: of `Composing`, for models whose features hold places.
        path: where a loop's cycle ends, for the same.
    """

    model: MotionModel
    plan: Plan
    settings: MethodSettings
    keys: tuple[Key, ...]
    wordings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    conditioned: Callable[[Composed], Composed] | None = None
    redone: "Redone | None" = None
    single: Denoiser | None = None
    start: Tensor | None = None
    path: LoopPath = field(default_factory=LoopPath)
    on_step: OnStep | None = None

    @property
    def axis(self) -> int:
        return TIME

    @property
    def sites(self) -> int:
        return self.plan.frames

    @property
    def parts(self) -> tuple[int, ...]:
        return tuple(segment.end - segment.start for segment in self.plan.segments)

    @property
    def window(self) -> int:
        """With several actions a window adds one of them, under its text, and knows as much again of the one before."""
        several = len(self.parts) > 1
        piece = self.settings.piece or self.model.defaults.piece
        return min(2 * max(self.parts) if several else piece, self.model.longest)

    @property
    def guidance(self) -> Guidance:
        return self.settings.guidance or self.model.defaults.guidance

    @cached_property
    def denoiser(self) -> Denoiser:
        return self.model.denoiser(self.settings.precision)

    def condition(self, text: str) -> Condition | None:
        """What a text of the plan means to the network."""
        return self._conditions([text])[0]

    def _conditions(self, texts: Sequence[str]) -> list[Condition | None]:
        """A condition for each text, embedded in one call."""
        sentences = [sentence for text in texts for sentence in self.wordings.get(text, (text,))]
        embedded = iter(self.model.conditions(sentences))
        found: list[Condition | None] = []
        for text in texts:
            own = [next(embedded) for _ in self.wordings.get(text, (text,))]
            found.append(PerSample(tuple(own)) if text in self.wordings else own[0])
        return found

    def _guided(self, denoiser: Denoiser, condition: Condition | None) -> Composed:
        return self.guidance.compose(lambda scale: Conditioned(denoiser, condition, scale))

    def alone(self, part: int) -> Composed:
        return self.told(part, self.single or self.denoiser)

    def told(self, part: int, denoiser: Denoiser) -> Composed:
        """A denoiser of windows under the text of an action, guided."""
        return self._guided(denoiser, self.condition(self.plan.segments[part].text))

    def whole(self) -> Composed:
        texts = [segment.text for segment in self.plan.segments]
        condition = self.condition(texts[0])
        if len(texts) > 1:
            rows = [self.wordings.get(text, (text,) * len(self.keys)) for text in texts]
            joined = [", then ".join(text.rstrip(" .") for text in texts) + "." for texts in zip(*rows)]
            condition = PerSample(tuple(self.model.conditions(joined)))
        return self._guided(self.model.denoiser(self.settings.precision, beyond=True), condition)

    def over(self, span: range, known: Tensor | None = None) -> Composed:
        ends = [segment.end for segment in self.plan.segments]
        part = sum(end < span.stop for end in ends[:-1])
        if known is None or not isinstance(self.model, PlacedModel):
            return self.alone(part)
        start = self.model.denormalise(known[:, 0])
        condition = self.condition(self.plan.segments[part].text)
        return self.model.compose(chain([len(span)], []), [condition], self._composing((None,), start=start))

    def _composing(
        self,
        own: tuple[float | None, ...],
        composition: Composition = "collage",
        start: Tensor | None = None,
    ) -> Composing:
        path = self.path if self.plan.loop else None
        settings = self.settings
        return Composing(
            self.guidance, own, composition, settings.precision, settings.batch_limit, start, path
        )  # fmt: skip

    def pieces(self, composition: Composition) -> Composed:
        nodes = [n for n in self.plan.nodes if composition == "collage" or n.kind == "piece"]
        conditions = self._conditions([node.text for node in nodes])
        if isinstance(self.model, PlacedModel):
            own = tuple(node.guidance for node in nodes)
            placed = self.model.compose(
                self.plan.graph, conditions, self._composing(own, composition, self.start)
            )
            return self.conditioned(placed) if self.conditioned else placed

        def at(scale: float) -> CollageDenoiser:
            return CollageDenoiser(
                self.denoiser, self.plan.graph, conditions, axes=(TIME,),
                guidance=[self.guidance.own(scale, node.guidance) for node in nodes],
                composition=composition, batch_limit=self.settings.batch_limit,
            )  # fmt: skip

        composed = self.guidance.compose(at)
        return self.conditioned(composed) if self.conditioned else composed

    def noise(self, frames: int, draw: int = 0, *, pieces: bool = False) -> Tensor:
        """Start [batch, frames, width]; every sample from its own key, every draw another."""
        width = self.model.representation.width
        start = Noise(self.keys, START, draw, device=self.model.device).draw(frames, width)
        part = self.settings.shared_noise
        if not (part and pieces):
            return start
        # Pieces come again every so many frames; what they have in common comes with them.
        piece, overlap = self.settings.piece, self.settings.overlap
        defaults = self.model.defaults
        period = max(1, (piece or defaults.piece) - (defaults.overlap if overlap is None else overlap))
        common = Noise(self.keys, SHARED, draw, device=self.model.device).draw(period, width)
        common = common.repeat(1, -(-frames // period), 1)[:, :frames]
        return (1 - part) ** 0.5 * start + part**0.5 * common

    def sample(self, denoiser: Composed, sites: int, *, draw: int = 0, pieces: bool = False) -> Tensor:
        renewed = Noise(self.keys, RENEWED, draw, device=self.model.device)
        sampler, levels = self.settings.sampler, self.model.levels(self.settings.sampler.spacing)
        start = self.noise(sites, draw, pieces=pieces)
        if self.redone is None:
            return sample(denoiser, start, levels, sampler, renewed, on_step=self.on_step)
        # Even steps from there: what the highest noise decides is settled already.
        visited = self.model.levels(1.0).part(self.redone.strength, sampler.steps)
        noisy = visited[0].alpha * self.redone.motion.to(start) + visited[0].sigma * start
        return sample_from(denoiser, noisy, visited, levels, sampler, renewed, on_step=self.on_step)

    def row(self, made: Sequence[Tensor]) -> Tensor:
        """Parts [batch, frames, width], normalised, one behind the other; each goes on where the one before leads."""
        way = self.model.representation.way
        if not isinstance(way, StandingWay):
            return torch.cat(list(made), dim=TIME)
        parts = [self.model.denormalise(made[0])]
        for part in made[1:]:
            parts.append(way.onward(parts[-1], self.model.denormalise(part), 0))
        return self.model.normalise(torch.cat(parts, dim=TIME))

    def finish(self, made: Tensor) -> Made:
        rolled = made.roll(self.plan.shift, dims=TIME)
        if self.plan.loop and isinstance(self.model, PlacedModel):
            rolled = self.model.opened(rolled, self.path)
        return Made(rolled, self.plan.seams)
