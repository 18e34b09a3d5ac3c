"""A model that somebody waits for: its work can be stopped between any two calls of its network, and seen while it goes on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

from torch import Tensor

from mdm_adapter.maker import GenerateSettings
from mdm_adapter.making import MotionJob
from mdm_adapter.models.protocol import MotionModel
from mdm_adapter.motion import Motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.serving.jobs import Watch
from motioncollage.collage.compose import Composition
from motioncollage.collage.denoiser import Composed, Condition, Denoiser, NoiseLevel
from motioncollage.methods import Made
from motioncollage.sampling.noise import OnStep


class WatchedPipeline(MotionPipeline):
    """A model at work for one job: everything that it makes, edits included, is watched.

    Args:
        watch: of the job.
    """

    def __init__(self, model: MotionModel, watch: Watch) -> None:
        super().__init__(model)
        self.watch = watch

    def job(
        self, plan: Plan, settings: GenerateSettings, *, conditioned: Callable[[Composed], Composed] | None = None,
        start: Tensor | None = None, on_step: OnStep | None = None,
    ) -> MotionJob:  # fmt: skip
        """As `Maker.job`."""
        ready = super().job(plan, settings, conditioned=conditioned, start=start, on_step=on_step)
        parts = {field.name: getattr(ready, field.name) for field in fields(ready)}

        def seen(clean: Tensor) -> Motion:
            made = self.model.denormalise(ready.finish(clean).sites).cpu()
            return self.finish(Made(made, plan.seams), plan, settings)

        return WatchedJob(**parts, watch=self.watch, seen=seen)


@dataclass(frozen=True)
class WatchedJob(MotionJob):
    """A job whose every call of the network asks whether anybody waits, and whose clean predictions can be looked at.

    Attributes:
        watch: whom it asks.
        seen: the motion of a clean prediction [samples, frames, width], normalised.
    """

    watch: Watch | None = None
    seen: Callable[[Tensor], Motion] | None = None

    @cached_property
    def denoiser(self) -> Denoiser:
        own = self.model.denoiser(self.settings.precision)

        def watched(x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
            if self.watch:
                self.watch.check()
            return own(x, level, conditions)

        return watched

    def pieces(self, composition: Composition) -> Composed:
        composed, watch, seen = super().pieces(composition), self.watch, self.seen
        if watch is None or seen is None:
            return composed

        def shown(x: Tensor, level: NoiseLevel) -> Tensor:
            clean = composed(x, level)
            watch.show(lambda: seen(clean.detach()))
            return clean

        return shown
