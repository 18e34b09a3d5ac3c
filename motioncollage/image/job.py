"""What the commands of `motioncollage image` share: their options, and the way from options to written pictures."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from motioncollage.files import numbered
from motioncollage.memory import check_fits
from motioncollage.models import BUNDLED, named
from motioncollage.shell import values
from motioncollage.shell.options import Device, Force, Scale, Seed, Share, Steps
from motioncollage.shell.output import check_output, console, keeping, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from motioncollage.collage.denoiser import Composed, Condition, NoiseLevel
    from motioncollage.image.models import ImageModel
    from motioncollage.image.pipelines import ImagePipeline
    from motioncollage.image.plans import CubePlan, ImagePlan, PieceSettings
    from motioncollage.sampling.noise import OnStep
    from motioncollage.sampling.registry import SamplerSettings

# Memory that sampling takes for a pixel: noise, state and predictions of three channels, and the regions of the pieces.
BYTES_PER_PIXEL = 400
PREVIEW = "preview.png"


@dataclass(frozen=True)
class MakingOptions:
    """How images are sampled and cut.

    How long:
        overlap: Pixels that neighbouring pieces share; by default an eighth of a piece, half of one for downloaded models.
    What to make:
        model: A bundled model, or a folder of train image or of diffusers.
    How good:
        sampler: dpm++, heun (stochastic, as in the paper), ddim, euler, deis or unipc.
        steps: Sampling steps.
    Advanced:
        churn: Noise that heun renews, for heun only; 10 by default, 0 none.
        taper: Part of an overlap over which a piece fades out; 0 is the paper's composition, 1 a cross-fade.
    """

    sampler: str = "dpm++"
    steps: Steps = 20
    churn: Annotated[float, values.number(least=0, most=1000)] | None = None
    overlap: Annotated[int, values.count(most=values.MAX_SIDE)] | None = None
    taper: Share = 0.5
    model: str = BUNDLED["image"]
    device: Device = "auto"
    seed: Seed = 0
    force: Force = False

    def sampling(self) -> "SamplerSettings":
        from motioncollage.image.pipelines import STOCHASTIC
        from motioncollage.sampling.registry import SamplerSettings

        usual = STOCHASTIC.churn if self.sampler == STOCHASTIC.name else 0.0
        return SamplerSettings(self.sampler, self.steps, churn=usual if self.churn is None else self.churn)

    def cut(self, model: "ImageModel") -> "PieceSettings":
        """Pieces in the sites of a model."""
        from motioncollage.image.plans import PieceSettings

        shared = model.overlap if self.overlap is None else self.overlap // model.factor
        return PieceSettings(model.size, shared, self.taper, multiple=model.multiple)


@dataclass(frozen=True)
class ImageOptions(MakingOptions):
    """What all commands that make images take.

    What to make:
        classes: Class or text, or several with commas, which lead into one another from left to right.
        samples: How many pictures to make.
    How good:
        guidance: Classifier-free guidance of the class: 1 none.
    Output:
        out: Folder for image.png.
        preview: Write preview.png while it is made.
    """

    out: Annotated[Path, values.folder()] = Path("out")
    classes: Annotated[str, values.named("--class")] = "meadow"
    samples: Annotated[int, values.samples()] = 1
    guidance: Scale = 1.0
    preview: bool = False

    def names(self) -> list[str]:
        """Names of the pictures."""
        return [path.name for path in numbered(Path("image.png"), self.samples)]

    def write(self, pictures: "Tensor", facts: dict[str, Any]) -> None:
        """Write pictures [samples, 3, height, width], with what they remember of how they were made."""
        from motioncollage.image.files import write_png

        for name, picture in zip(self.names(), pictures):
            write_png(self.out / name, picture, about=facts, force=self.force)
            console.print(f"wrote {self.out / name} ({picture.shape[2]} x {picture.shape[1]})")


@dataclass(frozen=True)
class SettlingOptions(ImageOptions):
    """The same where pieces meet others on all sides: renewed noise lets them settle, or a faint edge can stay."""

    sampler: str = "heun"


@dataclass(frozen=True)
class RestoringOptions(SettlingOptions):
    """The same where there is a picture, which says enough of what it shows."""

    classes: Annotated[str, values.named("--class")] = ""


@dataclass(frozen=True)
class ConnectOptions(RestoringOptions):
    """The same, where ends are far apart: what pieces share by default is half of one, so that both reach into what lies between.

    How long:
        overlap: Pixels that neighbouring pieces share; by default half of one, as in the paper.
    """

    def cut(self, model: "ImageModel") -> "PieceSettings":
        usual = super().cut(model)
        if self.overlap is not None:
            return usual
        return replace(usual, overlap=usual.size // 2 // usual.multiple * usual.multiple)


@dataclass(frozen=True)
class StrokeOptions(RestoringOptions):
    """The same, in more steps, whose noise ddim renews.

    How good:
        sampler: ddim, whose noise is renewed; no other.
    """

    sampler: str = "ddim"
    steps: Steps = 30

    def sampling(self) -> "SamplerSettings":
        if self.sampler != "ddim" or self.churn:
            asked = f"--churn {self.churn:g}" if self.churn else f"--sampler {self.sampler}"
            raise ValueError(f"sdedit samples with ddim, whose noise is renewed; leave {asked} away")
        return super().sampling()


class Job:
    """What all image commands share: where to write, the model, the settings, the classes."""

    def __init__(self, options: ImageOptions, *, also: "Sequence[str]" = ()) -> None:
        from motioncollage.image.pipelines import ImageSettings
        from motioncollage.models import load_model

        if wants_photos(options):
            raise ValueError(
                f"model {options.model!r} are photos, and this needs a network; give --model {BUNDLED['image']}"
            )
        self.options, self.out = options, options.out
        self.settings: ImageSettings = ImageSettings(
            options.seed, options.samples, options.sampling(), options.guidance
        )
        preview = [PREVIEW] if options.preview else []
        check_output(self.out, [*options.names(), *preview, *also], force=options.force)
        self.pipeline: ImagePipeline = load_model(options.model, medium="image", device=options.device)
        loaded = self.pipeline.model
        self.size = loaded.size * loaded.factor
        self.pieces: PieceSettings = options.cut(loaded)
        self.classes = [self.known(name.strip()) for name in options.classes.split(",") if name.strip()]
        self.vectors = [loaded.vector(name) for name in self.classes]

    def known(self, name: str) -> str:
        """The class that a name stands for."""
        return name

    def plan(self, height: int, width: int, *, wrapped: bool = False) -> "ImagePlan":
        """Pieces over an image of so many pixels."""
        from motioncollage.image.pipelines import sites_of
        from motioncollage.image.plans import plan_image

        model = self.pipeline.model
        check_picture(self.settings.samples, height, width)
        plan = plan_image(
            sites_of(height, model, "height"), sites_of(width, model, "width"), self.pieces, wrapped=wrapped
        )
        console.print(f"{plural(plan.graph.factors, 'piece')} of {self.size} pixels")
        return plan

    def conditions(self, plan: "ImagePlan") -> "list[Condition | None]":
        """Class vectors along the image, by slerp; round a circle the last leads to the first."""
        from motioncollage.image.plans import along_chain

        along = along_chain(self.vectors, wrapped=plan.wrapped) if self.vectors else None
        return self.pipeline.conditions(plan, along)

    def sample(
        self, denoiser: "Composed", plan: "ImagePlan | CubePlan", *, title: str = "sampling"
    ) -> "Tensor":
        start = self.pipeline.noise(plan, self.settings)
        run = lambda shown, update: self.pipeline.sample(shown, start, self.settings, on_step=update)
        return self.watched(denoiser, plan, run, title=title)

    def watched(
        self, denoiser: "Composed", plan: "ImagePlan | CubePlan", run: "Callable[[Composed, OnStep], Tensor]", *,
        title: str,
    ) -> "Tensor":  # fmt: skip
        """What `run` makes, with a progress bar and perhaps previews."""
        if self.options.preview:
            denoiser = Previewing(denoiser, self.pipeline, plan, self.out / PREVIEW)
        with self.making(), progress_bar(title) as update:
            return run(denoiser, update)

    def making(self) -> "AbstractContextManager[None]":
        """Around the sampling: what Ctrl-C leaves."""
        shown = (
            f"{self.out / PREVIEW} is kept" if self.options.preview else f"nothing was written to {self.out}"
        )
        return keeping(f"{shown}; the same command starts anew")

    def about(self, **more: Any) -> dict[str, Any]:
        """What a picture remembers of how it was made."""
        from importlib.metadata import version

        s = self.settings
        return {
            "model": self.pipeline.name, "classes": self.classes, "seed": s.seed, "sampler": s.sampler.name,
            "steps": s.sampler.steps, "churn": s.sampler.churn, "guidance": s.guidance, "piece": self.size,
            "overlap": self.pieces.overlap * self.pipeline.model.factor, "taper": self.pieces.taper, "version": version("motioncollage"), **more,
        }  # fmt: skip

    def write(self, pictures: "Tensor", **more: Any) -> None:
        """Write pictures [samples, 3, height, width]."""
        self.options.write(pictures, self.about(**more))


def wants_photos(options: ImageOptions) -> bool:
    """Whether pictures are to be made of photos that come along, not by a model."""
    return options.model in named("photos")


def check_picture(samples: int, height: int, width: int) -> None:
    """Refuse pictures that memory cannot hold, before they are planned."""
    each = height * width * BYTES_PER_PIXEL
    what = f"{samples} picture{'' if samples == 1 else 's'} of {width} x {height} pixels"
    check_fits(what, each, samples, "pictures", "make fewer samples, or smaller ones")


class Previewing:
    """A denoiser that writes what it guesses, a few times on the way."""

    EVERY = 4

    def __init__(
        self, denoiser: "Composed", pipeline: "ImagePipeline", plan: "ImagePlan | CubePlan", path: Path
    ) -> None:
        self.denoiser, self.pipeline, self.plan, self.path, self.calls = denoiser, pipeline, plan, path, 0

    def __call__(self, x: "Tensor", level: "NoiseLevel") -> "Tensor":
        from motioncollage.image.files import write_png

        clean = self.denoiser(x, level)
        if self.calls % self.EVERY == 0:
            flat = clean[:1] if clean.ndim == 4 else clean[:1].movedim(2, 3).flatten(3)
            write_png(self.path, self.pipeline.decode(flat.float(), self.plan)[0], force=True)
        self.calls += 1
        return clean
