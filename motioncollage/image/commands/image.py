"""`motioncollage image`: pictures of any size, panoramas and cubes from a model of small squares."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motioncollage.image.cube_job import CubeOptions, make_cube
from motioncollage.image.job import ConnectOptions, Job, RestoringOptions, StrokeOptions, wants_photos
from motioncollage.image.photo_job import landscape
from motioncollage.image.staged_job import StagedJob, StagedOptions, WholeOptions
from motioncollage.shell import values
from motioncollage.shell.output import progress_bar

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.collage.conditioning import Observation
    from motioncollage.image.plans import ImagePlan

app = typer.Typer(
    help="Images of any size: wide, panorama, grid, cubemap, connect, inpaint, superres, sdedit.",
    no_args_is_help=True,
)

Width = Annotated[int, values.pixels("Pixels, a multiple of 8.")]
Long = Annotated[int, values.pixels("Pixels, a multiple of 8, of 32 with detail.")]
Height = Annotated[
    int,
    values.pixels(
        "Pixels, a multiple of 8, of 32 with detail; a piece by default, four of models that know scenes."
    ),
]
Photo = Annotated[
    Path,
    values.file_option(
        "Photo of a landscape whose like is made, of pieces of it, with no model; 256 pixels high by default.",
        what="photo", panel=values.MAKING,
    ),
]  # fmt: skip
Panorama = Annotated[
    Path,
    values.file_option(
        "Panorama of all directions, twice as wide as high, whose like is made, of pieces of it, with no model.",
        what="photo", panel=values.MAKING,
    ),
]  # fmt: skip
Picture = Annotated[Path, values.file_to_read("A picture of any size.", what="picture")]
Map = Annotated[
    Path,
    values.file_option(
        "PNG of labels, as large as the image, for a model trained on maps.", "--map", what="map", panel=values.MAKING
    ),
]  # fmt: skip


@app.command()
def wide(
    options: WholeOptions, width: Long | None = None, height: Height | None = None, labels: Map | None = None,
    like: Photo | None = None,
) -> None:  # fmt: skip
    """Make a wide image: a chain of pieces."""
    _whole(options, height, width, labels, like, wrapped=False, kind="wide")


@app.command()
def panorama(
    options: WholeOptions, width: Long | None = None, height: Height | None = None, labels: Map | None = None,
    like: Photo | None = None,
) -> None:  # fmt: skip
    """Make a panorama, whose right edge goes on at its left: a cycle of pieces."""
    _whole(options, height, width, labels, like, wrapped=True, kind="panorama")


@app.command()
def grid(
    options: StagedOptions, width: Long | None = None, height: Long | None = None, labels: Map | None = None
) -> None:
    """Make an image of any height and width: rows and columns of pieces; two and four by default."""
    job = StagedJob(options)
    surface = job.sheet(height or 2 * job.usual_height, width or 4 * job.usual_height)
    job.write(job.picture(surface, labels), kind="grid")


def _whole(
    options: WholeOptions, height: int | None, width: int | None, labels: Path | None, like: Path | None, *,
    wrapped: bool, kind: str,
) -> None:  # fmt: skip
    if like is not None or wants_photos(options):
        if labels is not None:
            raise ValueError(
                "--map is for models, and a picture like a photo is made without one; leave it away"
            )
        landscape(options, like, height, width, wrapped=wrapped, kind=kind)
        return
    job = StagedJob(options)
    surface = job.sheet(height or job.usual_height, width or job.usual_width, wrapped=wrapped)
    job.write(job.picture(surface, labels), kind=kind)


@app.command()
def cubemap(
    options: CubeOptions, face: Annotated[int, values.pixels()] | None = None,
    height: Annotated[int, values.pixels()] | None = None, like: Panorama | None = None,
) -> None:  # fmt: skip
    """Make a surrounding: the six faces of a cube, an equirectangular picture, and a page to look around in.

    How long:
        face: Pixels along a face of the cube, a multiple of 8, of 32 with detail; of photos 256 by default, of models four pieces, of those that know no scenes 128.
        height: Height of the equirectangular picture; two faces by default.
    """
    make_cube(options, face, height, like)


@app.command()
def connect(first: Picture, second: Picture, options: ConnectOptions, width: Width = 512) -> None:
    """Make the long way from one picture to another.

    Arguments:
        first: Picture at the left end.
        second: Picture at the right end.
    """
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
def inpaint(
    picture: Picture,
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
def superres(
    picture: Picture, options: RestoringOptions, factor: Annotated[int, values.count(most=8)] = 4
) -> None:
    """Make a picture larger: each block of pixels keeps its mean, the model makes the detail.

    Arguments:
        picture: A small picture.
    How long:
        factor: How many times as large the result is: 2, 4 or 8.
    """
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
def sdedit(
    picture: Picture, options: StrokeOptions,
    strength: Annotated[float, values.number(above=0, most=1)] = 0.6,
) -> None:  # fmt: skip
    """Turn strokes of colour, or another picture, into what the model knows (SDEdit).

    Arguments:
        picture: A picture or a sketch of colours, of any size.
    What to make:
        strength: 0 keeps the picture, 1 forgets it.
    """
    from motioncollage.image.files import load_picture

    given = load_picture(picture)
    job = Job(options)
    plan = job.plan(given.shape[1], given.shape[2])
    sites = job.pipeline.model.encode(given[None])[0]
    with job.making(), progress_bar("sampling") as update:
        made = job.pipeline.redo(plan, job.conditions(plan), job.settings, sites, strength, on_step=update)
    job.write(job.pipeline.decode(made, plan), kind="sdedit", strength=strength)
