"""From prompt to motion: plan pieces, compose their denoisers, sample, turn features into joints."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arriving
from mdm_adapter.editing.loops import LoopPath
from mdm_adapter.io.npz import MotionArchive, Segment
from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.denoiser import MDMDenoiser
from mdm_adapter.models.text import TextEmbedding, TextEncoder
from mdm_adapter.models.vocabulary import DEFAULT_SECONDS, Match, Matcher, Vocabulary
from mdm_adapter.planning.pieces import Plan, PlanSettings, plan_rows
from mdm_adapter.planning.timing import lay_out
from mdm_adapter.prompts import Action
from mdm_adapter.representation import features as representation
from motioncollage.collage.compose import CollageDenoiser
from motioncollage.collage.denoiser import Composed
from motioncollage.collage.guidance import Guidance
from motioncollage.precision import check_precision
from motioncollage.sampling.registry import PRESETS, SamplerSettings, sample
from motioncollage.sampling.schedules import VPSchedule
from motioncollage.sampling.solvers import DiscreteLevels, OnStep
from motioncollage.training import step_generator

# Chosen on the val split of the starter pack: gestures keep moving, and the text is still followed.
MOTION_GUIDANCE = Guidance(3.0, limit=6.4, above=2.0)
SITE_AXES = (1,)  # motion is [samples, frames, features]


@dataclass(frozen=True)
class GenerateSettings:
    """Everything that decides a motion, besides the model and the actions."""

    seed: int = 0
    samples: int = 1
    guidance: Guidance = MOTION_GUIDANCE
    piece: int | None = None  # frames; None: 120, or the longest that the model knows
    overlap: int = 10
    taper: float = 0.5
    style: str = ""  # text of the overlaps between actions; empty for the null token
    own_text: bool = True  # of the overlaps within one action
    path: LoopPath = field(default_factory=LoopPath)  # of loops
    sampler: SamplerSettings = PRESETS["fast"]
    batch_limit: int = 32
    precision: str = "auto"  # bfloat16 where it is fast, float32 for the last steps

    def __post_init__(self) -> None:
        if not 1 <= self.samples <= 1000:
            raise ValueError(f"samples is {self.samples}; choose between 1 and 1000")
        check_precision(self.precision)
        if not 0 <= self.taper <= 1:
            raise ValueError(
                f"taper is {self.taper:g}; choose between 0 (the paper's composition) and 1 (a cross-fade)"
            )
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}; give a whole number from 0")

    def plan_settings(self, limit: int) -> PlanSettings:
        piece = min(120, limit) if self.piece is None else self.piece
        return PlanSettings(
            piece=piece, overlap=self.overlap, limit=limit, taper=self.taper, style=self.style
        )


class MotionPipeline:
    """A loaded model with its text encoder; made once, used for many motions."""

    def __init__(
        self, model: LoadedModel, encoder: TextEncoder, *, name: str, vocabulary: Vocabulary | None = None
    ) -> None:
        """Args:
        name: what the settings of a motion call the model.
        vocabulary: actions that it knows, for lengths and warnings; None for open-ended models.
        """
        if model.normalisation is None:
            raise ValueError(f"model {name} has no Mean.npy and Std.npy; copy the dataset's into its folder")
        self.model, self.encoder, self.name = model, encoder, name
        self.max_frames = model.config.max_frames
        self.device = next(model.network.parameters()).device
        self.normalisation = model.normalisation.to(self.device)
        self.schedule = VPSchedule.named(model.config.noise_schedule, model.config.diffusion_steps)
        self.matcher = Matcher(vocabulary, encoder) if vocabulary else None

    def matches(self, actions: Sequence[Action]) -> list[Match]:
        """What the model knows of each action; empty for models without a vocabulary."""
        return [self.matcher.match(a.text) for a in actions if a.text] if self.matcher else []

    def natural_seconds(self, text: str) -> float:
        """How long an action lasts when nobody says so."""
        return self.matcher.match(text).seconds if self.matcher else DEFAULT_SECONDS

    def plan(
        self,
        actions: Sequence[Action],
        settings: GenerateSettings,
        *,
        seconds: float | None = None,
        loop: bool = False,
    ) -> Plan:
        """Which pieces will be made."""
        timing = lay_out(actions, self.natural_seconds, seconds)
        return plan_rows(timing, settings.plan_settings(self.max_frames), loop=loop)

    def generate(
        self, plan: Plan, settings: GenerateSettings, *, on_step: OnStep | None = None
    ) -> MotionArchive:
        """Motion of a plan, all samples at once; the same plan, settings and device give the same motion."""
        arrival = settings.path.arrival
        if arrival and not plan.loop:
            raise ValueError(
                f"path is {settings.path.kind!r}, which only loops have; plan a loop or leave it free"
            )
        generator = torch.Generator().manual_seed(settings.seed)
        collage = self.compose(plan, settings)
        if arrival:
            collage = Arriving(collage, arrival, self.normalisation, (0, plan.frames))
        start = torch.stack([self.noise(plan.frames, settings.seed, i) for i in range(settings.samples)])
        normalised = sample(
            collage,
            start,
            DiscreteLevels(self.schedule, settings.sampler.spacing),
            settings.sampler,
            generator,
            on_step=on_step,
        )
        normalised = normalised.roll(plan.shift, dims=1)
        return self.archive(normalised, plan, settings)

    def compose(self, plan: Plan, settings: GenerateSettings) -> Composed:
        """One denoiser of the whole motion of a plan; nodes without text carry the null token."""
        denoiser = MDMDenoiser(self.model.network, precision=settings.precision)
        graph, evaluated = plan.graph(), plan.evaluated()
        conditions = self.conditions([node.text for node in evaluated])

        def at(guidance: float) -> CollageDenoiser:
            return CollageDenoiser(
                denoiser,
                graph,
                conditions,
                axes=SITE_AXES,
                guidance=[settings.guidance.own(guidance, node.guidance) for node in evaluated],
                batch_limit=settings.batch_limit,
            )

        return settings.guidance.compose(at)

    def noise(self, frames: int, seed: int, number: int) -> Tensor:
        """Start [frames, 263] of one sample; the same whatever the number of samples beside it."""
        shape = (frames, representation.WIDTH)
        return torch.randn(shape, generator=step_generator(seed, number)).to(self.device)

    def conditions(self, texts: Sequence[str]) -> list[TextEmbedding | None]:
        """A condition for each text, the null token for an empty one; each distinct sentence is embedded once."""
        distinct = [text for text in dict.fromkeys(texts) if text]
        if not distinct:
            return [None] * len(texts)
        embedding = self.encoder.encode(distinct)
        rows = {
            text: TextEmbedding(tokens.to(self.device), padding.to(self.device))
            for text, tokens, padding in zip(distinct, embedding.tokens, embedding.padding)
        }
        return [rows.get(text) for text in texts]

    def archive(self, normalised: Tensor, plan: Plan, settings: GenerateSettings) -> MotionArchive:
        """Features and joints of a normalised motion [samples, frames, 263]."""
        first = plan.shift - plan.pieces[0].start
        pieces = [[piece.start + first, piece.frames] for piece in plan.pieces]
        about = {**self.describe(settings), "taper": plan.taper, "pieces": pieces, "loop": plan.loop}
        if settings.path.kind != "free":
            about |= {"path": settings.path.kind, "turn": settings.path.turn}
        features = self.normalisation.undo(normalised).cpu().double()
        arrival = settings.path.arrival
        return archive_of(arrival.project(features) if arrival else features, plan.segments, about)

    def describe(self, settings: GenerateSettings) -> dict[str, Any]:
        """What an archive remembers of how it was made."""
        from importlib.metadata import version

        chosen = settings.plan_settings(self.max_frames)
        return {
            "model": self.name,
            "seed": settings.seed,
            "sampler": settings.sampler.name,
            "steps": settings.sampler.steps,
            "eta": settings.sampler.eta,
            "spacing": settings.sampler.spacing,
            "guidance": settings.guidance.scale,
            "guidance_limit": settings.guidance.limit if np.isfinite(settings.guidance.limit) else None,
            "guidance_above": settings.guidance.above,
            "precision": settings.precision,
            "piece": chosen.piece,
            "overlap": chosen.overlap,
            "taper": chosen.taper,
            "style": chosen.style,
            "own_text": chosen.own_text,
            "version": version("motioncollage"),
        }


def archive_of(features: Tensor, segments: Sequence[Segment], about: dict[str, Any]) -> MotionArchive:
    """An archive of features [samples, frames, 263], not normalised, with the joints that they describe."""
    joints = representation.to_joints(features.double()).float().numpy()
    return MotionArchive(joints, features.float().numpy(), representation.FPS, tuple(segments), about)
