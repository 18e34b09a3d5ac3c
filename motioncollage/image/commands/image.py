"""`motioncollage image`: pictures of any size, panoramas and cubes from a model of small squares."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motioncollage.memory import check_fits
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import Device, Force, Seed, Taper, spread_options
from motioncollage.shell.output import check_output, console, keeping, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from motioncollage.collage.conditioning import Observation
    from motioncollage.collage.denoiser import Composed, Condition, NoiseLevel
    from motioncollage.image.models import ImageModel
    from motioncollage.image.pipelines import ImagePipeline
    from motioncollage.image.plans import CubePlan, ImagePlan, PieceSettings
    from motioncollage.sampling.registry import SamplerSettings

app = typer.Typer(
    help="Images of any size: wide, panorama, grid, cubemap, connect, inpaint, superres, sdedit.",
    no_args_is_help=True,
)

# Memory that sampling takes for a pixel: noise, state and predictions of three channels, and the regions of the pieces.
BYTES_PER_PIXEL = 400
PREVIEW = "preview.png"

Width = Annotated[int, values.pixels("Pixels, a multiple of 8.")]
Height = Annotated[int | None, values.pixels("Pixels, a multiple of 8; as high as a piece by default.")]
Sampler = Annotated[
    str,
    values.option(
        "dpm++, heun (stochastic, as in the paper), ddim, euler, deis or unipc.", panel=values.QUALITY
    ),
]
Map = Annotated[
    Path | None,
    values.file_option(
        "PNG of labels, as large as the image, for a model trained on maps.",
        "--map",
        what="map",
        panel=values.MAKING,
    ),
]
Classes = Annotated[
    str,
    values.option(
        "Class or text, or several with commas, which lead into one another from left to right.",
        "--class",
        panel=values.MAKING,
    ),
]


@dataclass(frozen=True)
class MakingOptions:
    """How images are sampled and cut."""

    sampler: Sampler = "dpm++"
    steps: Annotated[int, values.steps("Sampling steps.")] = 20
    churn: Annotated[
        float | None,
        values.number(
            "Noise that heun renews, for heun only; 10 by default, 0 none.",
            least=0,
            most=1000,
            panel=values.ADVANCED,
        ),
    ] = None
    overlap: Annotated[
        int | None,
        values.count(
            "Pixels that neighbouring pieces share; by default an eighth of a piece, half of one for downloaded models.",
            most=values.MAX_SIDE,
            panel=values.LENGTH,
        ),
    ] = None
    taper: Taper = 0.5
    model: Annotated[
        str,
        values.option("A bundled model, or a folder of train image or of diffusers.", panel=values.MAKING),
    ] = BUNDLED["image"]
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
    """What all commands that make images take."""

    out: Annotated[Path, values.folder("Folder for image.png.")] = Path("out")
    classes: Classes = "meadow"
    samples: Annotated[int, values.samples("How many pictures to make.")] = 1
    guidance: Annotated[
        float,
        values.number(
            "Classifier-free guidance of the class: 1 none.", least=-100, most=100, panel=values.QUALITY
        ),
    ] = 1.0
    preview: Annotated[bool, values.option("Write preview.png while it is made.", panel=values.OUTPUT)] = (
        False
    )


@dataclass(frozen=True)
class SettlingOptions(ImageOptions):
    """The same where pieces meet others on all sides: renewed noise lets them settle, or a faint edge can stay."""

    sampler: Sampler = "heun"


@dataclass(frozen=True)
class RestoringOptions(SettlingOptions):
    """The same where there is a picture, which says enough of what it shows."""

    classes: Classes = ""


@dataclass(frozen=True)
class StrokeOptions(RestoringOptions):
    """The same, in more steps, whose noise ddim renews."""

    sampler: Annotated[
        str, values.option("ddim, whose noise is renewed; no other.", panel=values.QUALITY)
    ] = "ddim"
    steps: Annotated[int, values.steps("Sampling steps.")] = 30

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

        self.options, self.out = options, options.out
        self.settings: ImageSettings = ImageSettings(
            options.seed, options.samples, options.sampling(), options.guidance
        )
        preview = [PREVIEW] if options.preview else []
        check_output(self.out, [*self.names(), *preview, *also], force=options.force)
        self.pipeline: ImagePipeline = load_model(options.model, medium="image", device=options.device)
        loaded = self.pipeline.model
        self.size = loaded.size * loaded.factor
        self.pieces: PieceSettings = options.cut(loaded)
        self.classes = [name.strip() for name in options.classes.split(",") if name.strip()]
        self.vectors = [loaded.vector(name) for name in self.classes]

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

    def names(self) -> list[str]:
        return [f"image{'' if i == 0 else f'-{i + 1}'}.png" for i in range(self.settings.samples)]

    def conditions(
        self, plan: "ImagePlan | CubePlan", labels: Path | None = None
    ) -> "list[Condition | None]":
        """Class vectors along the image, by slerp; round a circle the last leads to the first. And a map."""
        from motioncollage.image.data import read_labels
        from motioncollage.image.plans import ImagePlan, along_chain

        wrapped = plan.wrapped if isinstance(plan, ImagePlan) else True
        return self.pipeline.conditions(
            plan, along_chain(self.vectors, wrapped=wrapped) if self.vectors else None,
            None if labels is None else read_labels(labels).long(),
        )  # fmt: skip

    def generate(self, plan: "ImagePlan | CubePlan", labels: Path | None = None) -> "Tensor":
        """Make sites of a plan, with a progress bar and perhaps previews."""
        denoiser = self.pipeline.compose(plan, self.conditions(plan, labels), self.settings)
        return self.sample(denoiser, plan)

    def sample(self, denoiser: "Composed", plan: "ImagePlan | CubePlan") -> "Tensor":
        if self.options.preview:
            denoiser = Previewing(denoiser, self.pipeline, plan, self.out / PREVIEW)
        start = self.pipeline.noise(plan, self.settings)
        with self.making(), progress_bar("sampling") as update:
            return self.pipeline.sample(denoiser, start, self.settings, on_step=update)

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
        from motioncollage.image.files import write_png

        for name, picture in zip(self.names(), pictures):
            write_png(self.out / name, picture, about=self.about(**more), force=self.options.force)
            console.print(f"wrote {self.out / name} ({picture.shape[2]} x {picture.shape[1]})")


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


@app.command()
@spread_options
def wide(options: ImageOptions, width: Width = 512, height: Height = None, labels: Map = None) -> None:
    """Make a wide image: a chain of pieces."""
    _whole(Job(options), height, width, labels, wrapped=False, kind="wide")


@app.command()
@spread_options
def panorama(options: ImageOptions, width: Width = 512, height: Height = None, labels: Map = None) -> None:
    """Make a panorama, whose right edge goes on at its left: a cycle of pieces."""
    _whole(Job(options), height, width, labels, wrapped=True, kind="panorama")


@app.command()
@spread_options
def grid(options: ImageOptions, width: Width = 256, height: Height = 128, labels: Map = None) -> None:
    """Make an image of any height and width: rows and columns of pieces."""
    _whole(Job(options), height, width, labels, wrapped=False, kind="grid")


def _whole(
    job: Job, height: int | None, width: int, labels: Path | None, *, wrapped: bool, kind: str
) -> None:
    plan = job.plan(height or job.size, width, wrapped=wrapped)
    job.write(job.pipeline.decode(job.generate(plan, labels), plan), kind=kind)


@app.command()
@spread_options
def cubemap(
    options: SettlingOptions,
    face: Annotated[int, values.pixels("Pixels along a face of the cube, a multiple of 8.")] = 128,
    height: Annotated[int, values.pixels("Height of the equirectangular picture.")] = 256,
) -> None:
    """Make a surrounding: the six faces of a cube, an equirectangular picture, and a page to look around in."""
    from motioncollage.image.files import write_png
    from motioncollage.image.plans import plan_cube
    from motioncollage.image.surround import (
        LARGEST_HEIGHT,
        LONGEST_TITLE,
        equirectangular,
        write_surround_page,
    )

    if options.samples != 1:
        raise ValueError(f"--samples is {options.samples}; cubes are made one at a time")
    if height > LARGEST_HEIGHT:
        raise ValueError(f"--height is {height}; choose up to {LARGEST_HEIGHT} rows")
    title = options.classes[:LONGEST_TITLE].strip() or "surround"
    job = Job(options, also=("equirectangular.png", "surround.html"))
    if job.pipeline.model.factor != 1:
        raise ValueError("a cube needs a model of pixels; this one sees latents, whose decoder knows no cube")
    out, force = options.out, options.force
    check_picture(1, 6 * face, face)
    check_picture(1, height, 2 * height)
    plan = plan_cube(face, job.pieces)
    console.print(f"{plural(plan.graph.factors, 'piece')} of {job.size} pixels")
    faces = job.generate(plan)[0].movedim(1, 0).clamp(-1, 1)
    strip = faces.movedim(0, 2).flatten(2)[None]  # L F R B U D beside each other
    job.write(strip, kind="cubemap", face=face)
    around = equirectangular(faces, height)
    write_png(out / "equirectangular.png", around, about=job.about(kind="equirectangular"), force=force)
    console.print(f"wrote {out / 'equirectangular.png'}")
    write_surround_page(out / "surround.html", faces, title=title, force=force)
    console.print(f"wrote {out / 'surround.html'}: open it in a browser and look around")


@app.command()
@spread_options
def connect(
    first: Annotated[Path, values.file_to_read("Picture at the left end.", what="picture")],
    second: Annotated[Path, values.file_to_read("Picture at the right end.", what="picture")],
    options: RestoringOptions,
    width: Width = 512,
) -> None:
    """Make the long way from one picture to another."""
    import torch

    from motioncollage.image.files import fit_height, load_picture

    ends = [load_picture(path) for path in (first, second)]
    job = Job(options)
    size = job.size
    left, right = (fit_height(end, size) for end in ends)
    if left.shape[2] + right.shape[2] + size // 2 > width:
        raise ValueError(
            f"width is {width} pixels; the two pictures take {left.shape[2] + right.shape[2]}, and something must lie between"
        )
    plan = job.plan(size, width)
    given, known = torch.zeros(1, 3, size, width), torch.zeros(1, 1, size, width, dtype=torch.bool)
    given[..., : left.shape[2]], given[..., -right.shape[2] :] = left, right
    known[..., : left.shape[2]], known[..., -right.shape[2] :] = True, True
    _fill(job, plan, given, known, kind="connect")


@app.command()
@spread_options
def inpaint(
    picture: Annotated[Path, values.file_to_read("A picture of any size.", what="picture")],
    mask: Annotated[Path, values.file_to_read("As large: white is made anew, black stays.", what="mask")],
    options: RestoringOptions,
) -> None:
    """Make a part of a picture anew and keep the rest."""
    from motioncollage.image.files import load_mask, load_picture

    given = load_picture(picture)
    known = ~load_mask(mask, (given.shape[1], given.shape[2]))
    job = Job(options)
    plan = job.plan(given.shape[1], given.shape[2])
    _fill(job, plan, given[None], known[None, None], kind="inpaint")


@app.command()
@spread_options
def superres(
    picture: Annotated[Path, values.file_to_read("A small picture.", what="picture")],
    options: RestoringOptions,
    factor: Annotated[
        int, values.count("How many times as large the result is: 2, 4 or 8.", most=8, panel=values.LENGTH)
    ] = 4,
) -> None:
    """Make a picture larger: each block of pixels keeps its mean, the model makes the detail."""
    from motioncollage.collage.conditioning import BlockMean, Separable
    from motioncollage.image.files import load_picture
    from motioncollage.image.pipelines import settle

    if factor not in (2, 4, 8):
        raise ValueError(f"--factor is {factor}; choose 2, 4 or 8")
    given = load_picture(picture)
    job = Job(options)
    if job.pipeline.model.factor != 1:
        raise ValueError("super-resolution needs a model of pixels; means of pixels are no means of latents")
    plan = job.plan(given.shape[1] * factor, given.shape[2] * factor)
    means = Separable((BlockMean(factor, 2), BlockMean(factor, 3)))
    made = _restored(job, plan, means, given[None])
    job.write(settle(made, means, given[None]), kind="superres", factor=factor)


def _fill(job: Job, plan: "ImagePlan", given: "Tensor", known: "Tensor", **about: Any) -> None:
    """Make what is not known of pictures [1, 3, height, width], keep the rest to the bit, and write."""
    import torch

    from motioncollage.collage.conditioning import Mask
    from motioncollage.image.pipelines import whole_sites

    model = job.pipeline.model
    # What is not known is filled with grey: of latents, a picture must be encoded whole.
    sites = model.encode(torch.where(known, given, torch.zeros_like(given)))
    mask = whole_sites(known, model.factor).to(sites.device)
    made = job.pipeline.decode(_restored(job, plan, Mask(mask), sites * mask), plan).cpu()
    job.write(torch.where(known, given, made), **about)


def _restored(job: Job, plan: "ImagePlan", observation: "Observation", value: "Tensor") -> "Tensor":
    denoiser = job.pipeline.restoring(plan, job.conditions(plan), job.settings, observation, value)
    return job.sample(denoiser, plan)


@app.command()
@spread_options
def sdedit(
    picture: Annotated[
        Path, values.file_to_read("A picture or a sketch of colours, of any size.", what="picture")
    ],
    options: StrokeOptions,
    strength: Annotated[
        float, values.number("0 keeps the picture, 1 forgets it.", above=0, most=1, panel=values.MAKING)
    ] = 0.6,
) -> None:
    """Turn strokes of colour, or another picture, into what the model knows (SDEdit)."""
    from motioncollage.image.files import load_picture

    given = load_picture(picture)
    job = Job(options)
    plan = job.plan(given.shape[1], given.shape[2])
    sites = job.pipeline.model.encode(given[None])[0]
    with job.making(), progress_bar("sampling") as update:
        made = job.pipeline.redo(plan, job.conditions(plan), job.settings, sites, strength, on_step=update)
    job.write(job.pipeline.decode(made, plan), kind="sdedit", strength=strength)
