"""What commands that make motion share."""

from typing import TYPE_CHECKING, Protocol

from mdm_adapter.io.output import OutputOptions
from motioncollage.shell.options import CutOptions, GuidanceOptions, ModelOptions, SamplingOptions
from motioncollage.shell.output import progress_bar

if TYPE_CHECKING:
    from mdm_adapter.maker import GenerateSettings
    from mdm_adapter.motion import Motion
    from mdm_adapter.pipeline import MotionPipeline
    from motioncollage.sampling.noise import OnStep


class Making(Protocol):
    """A function of a pipeline or its editor with all but these given."""

    def __call__(self, *, settings: "GenerateSettings", on_step: "OnStep") -> "Motion": ...


class Job:
    """Refuse what can be refused without a model; then load it, make, write."""

    def __init__(
        self, output: OutputOptions, model: ModelOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
        pieces: CutOptions | None = None, precision: str | None = None, feet: str | None = None,
    ) -> None:  # fmt: skip
        from motioncollage.models import at_hand

        at_hand(model.model, medium="motion")  # before what takes long to import
        from mdm_adapter.maker import GenerateSettings

        self.output, self.asked, self.precision = output, model, precision
        self.sampling, self.guidance, self.pieces = sampling, guidance, pieces or CutOptions()
        self.settings = GenerateSettings(
            seed=output.seed, samples=output.samples, sampler=sampling.settings(),
            precision=sampling.precision(precision), taper=self.pieces.taper, feet=feet,
        )  # fmt: skip

    def load(self, *, writes: bool = True) -> "MotionPipeline":
        """The model, once there is a place for what it makes; settings take its own ones for what nobody asked for."""
        if writes:
            self.output.check()
        self.model: MotionPipeline = self.asked.load("motion")
        model = self.model.model
        settings = self.sampling.applied(self.settings, model, self.guidance, self.precision)
        self.settings = self.pieces.applied(settings, model.representation.fps)
        return self.model

    def make(self, making: Making, *, cycles: int = 1) -> None:
        """Run what makes a motion, and write it."""
        with self.output.making(), progress_bar("sampling") as update:
            motion = making(settings=self.settings, on_step=update)
        self.output.write(motion, self.model, cycles=cycles)
