"""Ways to make long motion with one and the same model, so that they can be compared. New ones register here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from mdm_adapter.models.mdm.denoiser import MDMDenoiser
from mdm_adapter.pipeline import MOTION_GUIDANCE, SITE_AXES, MotionPipeline
from mdm_adapter.planning.pieces import Plan, PlanSettings, plan_pieces
from mdm_adapter.prompts import Action
from mdm_adapter.representation import features as representation
from motioncollage.collage.compose import CollageDenoiser, Composition
from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed, Conditioned, PerSample
from motioncollage.collage.guidance import Guidance
from motioncollage.collage.outpaint import SlidingWindow, outpaint
from motioncollage.sampling.registry import PRESETS, SamplerSettings, sample
from motioncollage.sampling.solvers import DiscreteLevels, OnStep
from motioncollage.training import step_generator

SHARED_DRAW = 1_000_000  # far from the draws of windows


@dataclass(frozen=True)
class MethodSettings:
    """What all methods share; each reads what concerns it.

    Attributes:
        guidance: classifier-free guidance of texts.
        sampler: one for all methods.
        piece: frames of a piece, and of a window that slides over one action.
        overlap: frames that pieces share; sliding windows keep half of their frames, as in the paper.
        taper: of the collage (`layouts.chain`).
        own_text: of the collage (`PlanSettings`).
        shared_noise: of the collage: part of the noise's variance that all its pieces have in common.
        batch_limit: most windows of one network call.
        precision: see `MDMDenoiser`.
        loop: make the last frame flow into the first, where the method can.
    """

    guidance: Guidance = MOTION_GUIDANCE
    sampler: SamplerSettings = PRESETS["fast"]
    piece: int = 120
    overlap: int = 10
    taper: float = 0.5
    own_text: bool = True
    shared_noise: float = 0.0
    batch_limit: int = 32
    precision: str = "auto"
    loop: bool = False


@dataclass(frozen=True)
class Script:
    """What one motion shall show: texts, and how many frames each lasts."""

    texts: tuple[str, ...]
    frames: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.frames) or not self.texts:
            raise ValueError(
                f"{len(self.texts)} texts and {len(self.frames)} lengths; give one of each per action"
            )


class Made(NamedTuple):
    """Features [batch, frames, 263], not normalised, and the frames where windows or actions were joined."""

    features: Tensor
    seams: tuple[int, ...]


Method = Callable[["Studio"], Made]
METHODS: dict[str, Method] = {}


READS: dict[str, tuple[str, ...]] = {}
COMMON = ("guidance", "sampler", "precision")
PIECES = ("piece", "overlap", "shared_noise", "batch_limit", "loop")


def register(name: str, *reads: str) -> Callable[[Method], Method]:
    """Make a method known under a name, with what it reads of `MethodSettings` besides guidance, sampler, precision.

    Benchmarks keep what was made under what the method reads, so a change of anything else makes nothing anew.
    """

    def add(method: Method) -> Method:
        METHODS[name], READS[name] = method, (*COMMON, *reads)
        return method

    return add


def make(
    name: str,
    pipeline: MotionPipeline,
    scripts: Sequence[Script],
    settings: MethodSettings,
    *,
    seeds: Sequence[int],
    on_step: OnStep | None = None,
) -> Made:
    """Motions of scripts that all have the same lengths, by a registered method.

    Args:
        seeds: one per script; a motion depends on its own seed only.

    Raises:
        ValueError: unknown method, or scripts whose lengths differ.
    """
    if name not in METHODS:
        raise ValueError(f"method {name!r} is unknown; choose one of {', '.join(METHODS)}")
    if len({script.frames for script in scripts}) != 1 or len(seeds) != len(scripts):
        raise ValueError("the scripts of a batch need the same lengths and a seed each")
    return METHODS[name](Studio(pipeline, tuple(scripts), settings, tuple(seeds), on_step))


@dataclass(frozen=True)
class Studio:
    """One batch in the making: model, scripts, settings and seeds, and the steps that methods are made of."""

    pipeline: MotionPipeline
    scripts: tuple[Script, ...]
    settings: MethodSettings
    seeds: tuple[int, ...]
    on_step: OnStep | None = None

    @property
    def lengths(self) -> tuple[int, ...]:
        return self.scripts[0].frames

    @property
    def frames(self) -> int:
        return sum(self.lengths)

    @property
    def boundaries(self) -> tuple[int, ...]:
        """Frames where one action gives way to the next."""
        return tuple(sum(self.lengths[:i]) for i in range(1, len(self.lengths)))

    def denoiser(self, *, beyond: bool = False) -> MDMDenoiser:
        return MDMDenoiser(self.pipeline.model.network, precision=self.settings.precision, beyond=beyond)

    def condition(self, action: int) -> PerSample:
        """The texts of one action, one for each script."""
        return PerSample(tuple(self.pipeline.conditions([script.texts[action] for script in self.scripts])))

    def guided(self, denoiser: MDMDenoiser, condition: PerSample) -> Composed:
        """One window with guidance."""
        return self.settings.guidance.compose(partial(Conditioned, denoiser, condition))

    def noise(self, frames: int, draw: int = 0) -> Tensor:
        """Start [batch, frames, 263]; every sample from its own seed, every draw another."""
        parts = [
            torch.randn(frames, representation.WIDTH, generator=step_generator(seed, draw))
            for seed in self.seeds
        ]
        return torch.stack(parts).to(self.pipeline.device)

    def sample(
        self, denoiser: Composed, frames: int, draw: int = 0, shared: tuple[float, int] = (0.0, 1)
    ) -> Tensor:
        """A normalised motion [batch, frames, 263]; `shared` repeats a part of the noise's variance every so many frames."""
        generator = torch.Generator().manual_seed(self.seeds[0] * 1_000_003 % (1 << 62) + draw)
        levels = DiscreteLevels(self.pipeline.schedule, self.settings.sampler.spacing)
        start = self.noise(frames, draw)
        part, period = shared
        if part:
            common = self.noise(period, draw + SHARED_DRAW).repeat(1, -(-frames // period), 1)[:, :frames]
            start = (1 - part) ** 0.5 * start + part**0.5 * common
        return sample(denoiser, start, levels, self.settings.sampler, generator, on_step=self.on_step)

    def plan(self) -> Plan:
        """The pieces of a collage of the scripts; which texts they carry differs, where they lie does not."""
        actions = [Action(str(number)) for number in range(len(self.lengths))]
        seconds = [frames / representation.FPS for frames in self.lengths]
        s = self.settings
        limit = self.pipeline.max_frames
        pieces = PlanSettings(min(s.piece, limit), s.overlap, limit, s.taper, own_text=s.own_text)
        return plan_pieces(actions, seconds, pieces, loop=s.loop)

    def finish(self, normalised: Tensor, seams: Sequence[int]) -> Made:
        return Made(self.pipeline.normalisation.undo(normalised).cpu(), tuple(seams))


@register("short")
def short(studio: Studio) -> Made:
    """Every action on its own at the model's own length, put one behind the other unjoined."""
    parts = []
    for action, frames in enumerate(studio.lengths):
        guided = studio.guided(studio.denoiser(), studio.condition(action))
        parts.append(studio.sample(guided, frames, draw=action))
    return studio.finish(torch.cat(parts, dim=1), studio.boundaries)


@register("baseline")
def baseline(studio: Studio) -> Made:
    """One window over everything, however long; several actions become one sentence."""
    joined = [", then ".join(text.rstrip(" .") for text in script.texts) + "." for script in studio.scripts]
    if len(studio.lengths) == 1:
        joined = [script.texts[0] for script in studio.scripts]
    condition = PerSample(tuple(studio.pipeline.conditions(joined)))
    guided = studio.guided(studio.denoiser(beyond=True), condition)
    return studio.finish(studio.sample(guided, studio.frames), studio.boundaries)


@register("replacement", "piece")
def replacement(studio: Studio) -> Made:
    """Windows that slide by half; what is known replaces the prediction (paper, algorithm 4)."""
    return _slide(studio, Replacement)


@register("reconstruction", "piece")
def reconstruction(studio: Studio) -> Made:
    """Windows that slide by half; the error on what is known guides the score (paper, algorithm 5)."""
    return _slide(studio, Reconstruction)


def _slide(studio: Studio, conditioned: Callable[[Composed, Mask, Tensor], Composed]) -> Made:
    # With several actions a window adds one of them, under its text, and knows as much again of the one before.
    several = len(studio.lengths) > 1
    wanted = 2 * max(studio.lengths) if several else studio.settings.piece
    size = min(wanted, studio.pipeline.max_frames)
    spans = SlidingWindow(size, size // 2).spans(*studio.lengths)

    def sample_window(number: int, frames: int, mask: Mask | None, value: Tensor | None) -> Tensor:
        action = sum(boundary < spans[number].stop for boundary in studio.boundaries)
        guided = studio.guided(studio.denoiser(), studio.condition(action))
        if mask is not None and value is not None:
            guided = conditioned(guided, mask, value)
        return studio.sample(guided, frames, draw=number)

    whole = outpaint(sample_window, spans, axis=SITE_AXES[0])
    return studio.finish(whole, [span.stop for span in spans[:-1]])


@register("multidiffusion", *PIECES)
def multidiffusion(studio: Studio) -> Made:
    """Overlapping pieces, predictions averaged where they overlap (Bar-Tal et al. 2023)."""
    return _compose(studio, "average")


@register("collage", *PIECES, "taper", "own_text")
def collage(studio: Studio) -> Made:
    """Overlapping pieces, overlaps subtracted: DiffCollage."""
    return _compose(studio, "collage")


def _compose(studio: Studio, composition: Composition) -> Made:
    plan = studio.plan()
    conditions = {str(action): studio.condition(action) for action in range(len(studio.lengths))}
    nodes = plan.evaluated() if composition == "collage" else plan.evaluated()[: len(plan.pieces)]
    s = studio.settings

    def compose(guidance: float) -> CollageDenoiser:
        return CollageDenoiser(
            studio.denoiser(), plan.graph(), [conditions.get(n.text) for n in nodes], axes=SITE_AXES,
            guidance=guidance, batch_limit=s.batch_limit, composition=composition,
        )  # fmt: skip

    composed = s.guidance.compose(compose)
    made = studio.sample(composed, plan.frames, shared=(s.shared_noise, s.piece - s.overlap))
    return studio.finish(made.roll(plan.shift, dims=1), plan.seams)
