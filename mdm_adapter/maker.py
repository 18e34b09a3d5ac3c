"""A model at work: plans become jobs, jobs become features, features become motions. What pipeline and edits share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mdm_adapter.editing.arrival import Arriving, way_of
from mdm_adapter.editing.loops import LoopPath, tile
from mdm_adapter.making import MotionJob
from mdm_adapter.models.protocol import MotionModel, PlacedModel
from mdm_adapter.motion import Motion
from mdm_adapter.planning.lengths import Expected, expect
from mdm_adapter.planning.pieces import Plan, PlanSettings
from mdm_adapter.representation.planting import planted, planted_loop
from mdm_adapter.representation.resampling import resample
from mdm_adapter.segments import Segment
from motioncollage.collage.denoiser import Composed
from motioncollage.memory import check_fits
from motioncollage.methods import Made, MethodSettings, method
from motioncollage.sampling.noise import OnStep
from motioncollage.seeds import sample_keys

# Memory that sampling takes for a number of a motion: noise, state and predictions of a step, features and joints in
# single and double precision. Measured: 40, on the way from one minute to eight of the bundled model.
BYTES_PER_NUMBER = 50
HELD, FREE = FEET = ("held", "free")


@dataclass(frozen=True)
class GenerateSettings(MethodSettings):
    """Everything that decides a motion, besides the model and the actions.

    Attributes:
        seed: of all noise.
        samples: how many motions of the same request.
        path: where a loop's cycle ends.
        feet: held where they stand (`planting`), or free, as the model leaves them; None for the model's own.
    """

    seed: int = 0
    samples: int = 1
    path: LoopPath = field(default_factory=LoopPath)
    feet: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.samples <= 1000:
            raise ValueError(f"samples is {self.samples}; choose between 1 and 1000")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed is {self.seed}; give a whole number from 0")
        if self.feet not in (None, *FEET):
            raise ValueError(f"feet are {self.feet!r}; choose {' or '.join(FEET)}")


class Maker:
    """A model with the steps that everything is made by."""

    def __init__(self, model: MotionModel) -> None:
        self.model = model
        self.name = model.name
        self.device = model.device
        self.representation = model.representation

    def expected(self, text: str) -> Expected:
        """How long a sentence lasts when nobody says so, how often it happens, how fast it travels."""
        longest = (self.model.longest - self.model.defaults.overlap) / self.representation.fps
        return expect(text, self.model.matcher, longest)

    def plan_settings(self, settings: MethodSettings) -> PlanSettings:
        """How time is cut, in frames of this model."""
        limit, own = self.model.longest, self.model.defaults
        return PlanSettings(
            piece=min(own.piece, limit) if settings.piece is None else settings.piece,
            overlap=own.overlap if settings.overlap is None else settings.overlap,
            limit=limit, taper=settings.taper, style=settings.style, own_text=settings.own_text,
            fps=self.representation.fps,
        )  # fmt: skip

    def job(
        self,
        plan: Plan,
        settings: GenerateSettings,
        *,
        conditioned: Callable[[Composed], Composed] | None = None,
        start: Tensor | None = None,
        on_step: OnStep | None = None,
    ) -> MotionJob:
        """The batch that a plan and its settings ask for.

        Args:
            start: features [width], not normalised, of the frame that it begins with, where that is known.
        """
        check_fits(
            f"{settings.samples} motions of {plan.frames / plan.fps:g} s",
            plan.frames * self.representation.width * BYTES_PER_NUMBER,
            settings.samples,
            "motions",
            "make fewer samples, or a shorter motion",
        )
        arrival = settings.path.arrival
        if arrival is not None:
            if not plan.loop:
                raise ValueError(
                    f"path is {settings.path.kind!r}, which only loops have; plan a loop or leave it free"
                )
            way_of(self.representation)  # refused before any work
            settings.path.check(plan.frames / plan.fps)
            span = (0, plan.frames)
            if not isinstance(self.model, PlacedModel):  # others compose with the path
                conditioned = lambda collage: Arriving(collage, arrival, self.model, span)
        keys = tuple(sample_keys(settings.seed, settings.samples))
        return MotionJob(
            self.model, plan, settings, keys, conditioned=conditioned, start=start, path=settings.path,
            on_step=on_step,
        )  # fmt: skip

    def refusal(self, name: str) -> str:
        """Why a method cannot be used with this model; empty where it can.

        Raises:
            ValueError: an unknown name.
        """
        return method(name).refuses(self.model)

    def make(self, job: MotionJob) -> Tensor:
        """Features [samples, frames, width] of a job, not normalised, by the method `collage`."""
        return self.made(job, "collage").sites

    def made(self, job: MotionJob, name: str) -> Made:
        """Features [samples, frames, width] of a job, not normalised, by a method, and the frames where they were joined.

        Raises:
            ValueError: an unknown method, or one that cannot be used with this model.
        """
        if why := self.refusal(name):
            raise ValueError(why)
        made = method(name).run(job)
        return Made(self.model.denormalise(made.sites).cpu(), made.seams)

    def motion(self, features: Tensor, segments: Sequence[Segment], about: dict[str, Any]) -> Motion:
        """A motion of features [samples, frames, width], not normalised, with the joints that they describe."""
        joints = self.representation.to_joints(features.double()).float().cpu().numpy()
        return Motion(joints, features.float().cpu().numpy(), self.representation.fps, tuple(segments), about)

    def standing(self, motion: Motion, settings: GenerateSettings) -> Motion:
        """The same motion with its feet held where they stand, if the settings or the model want that.

        Joints only: features stay as they were sampled, and so do the measures that read them. `feet` in its settings
        says what was done.
        """
        feet = settings.feet or self.model.defaults.feet
        held = replace(motion, settings={**motion.settings, "feet": feet})
        if feet == FREE:
            return held
        if motion.settings.get("loop", False):
            return replace(held, joints=self.held_cycles(motion, 1))
        made = [planted(sample, motion.fps) for sample in motion.joints]
        return replace(held, joints=np.stack(made).astype(np.float32))

    def held_cycles(self, motion: Motion, cycles: int) -> NDArray[np.float32]:
        """Joints [samples, cycles * frames, 22, 3] of a loop that is played, with its feet held."""
        round_them = tile(torch.from_numpy(motion.features).double(), cycles + 2, self.representation)
        played = self.representation.to_joints(round_them).cpu().numpy()
        made = [planted_loop(sample, motion.frames, motion.fps) for sample in played]
        return np.stack(made).astype(np.float32)

    def features_of(self, motion: Motion) -> Tensor:
        """Features [frames, width] of a motion's first sample in this model's representation, not normalised.

        Motion that another model made, or that was recorded at another frame rate, comes in by its joints.
        """
        rep = self.representation
        name = motion.settings.get("representation", "humanml3d")
        if motion.features.shape[2] == rep.width and motion.fps == rep.fps and name == rep.name:
            return torch.from_numpy(motion.features[0].copy())
        joints = motion.joints[0].astype(np.float64)
        if motion.fps != rep.fps:
            joints = resample(joints, 1 / motion.fps, rep.fps)
        return rep.from_joints(torch.from_numpy(joints).float()).float()

    def describe(self, settings: GenerateSettings) -> dict[str, Any]:
        """What a motion remembers of how it was made."""
        from importlib.metadata import version

        chosen = self.plan_settings(settings)
        guidance = settings.guidance or self.model.defaults.guidance
        return {
            "model": self.name,
            "representation": self.representation.name,
            "seed": settings.seed,
            "sampler": settings.sampler.name,
            "steps": settings.sampler.steps,
            "eta": settings.sampler.eta,
            "spacing": settings.sampler.spacing,
            "guidance": guidance.scale,
            "guidance_limit": guidance.limit if np.isfinite(guidance.limit) else None,
            "guidance_above": guidance.above,
            "precision": settings.precision,
            "piece": chosen.piece,
            "overlap": chosen.overlap,
            "taper": chosen.taper,
            "style": chosen.style,
            "own_text": chosen.own_text,
            "version": version("motioncollage"),
        }
