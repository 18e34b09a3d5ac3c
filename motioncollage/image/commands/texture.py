"""`motioncollage image texture`: pictures that tile without a seam, of a class, or like a photograph."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from motioncollage.image.commands.making import Classes, ImageOptions, Job, check_picture
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import spread_options
from motioncollage.shell.output import check_output, console, keeping, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.image.likeness import Recipe
    from motioncollage.image.network import ImageNetwork
    from motioncollage.image.torus import Offset

KNOWN_OFFSETS = ("none", "brick", "hexagonal")
TIMES = 3  # a texture is shown so many times beside and below itself
MOST_SIDE, LEAST_SIDE = 1024, 128
PHOTO_STEPS = 100_000


@dataclass(frozen=True)
class TextureOptions(ImageOptions):
    """What textures take: no class is usual."""

    out: Annotated[Path, values.folder("Folder for image.png and tiled.png.")] = Path("out")
    classes: Classes = ""
    steps: Annotated[int, values.steps("Sampling steps.")] = 12


@spread_options
def texture(
    options: TextureOptions,
    size: Annotated[int, values.pixels("Width and height.")] = 512,
    width: Annotated[int | None, values.pixels("Pixels, if not --size.")] = None,
    height: Annotated[int | None, values.pixels("Pixels, if not --size.")] = None,
    offset: Annotated[
        str,
        values.choice(
            "How rows of pieces lie: none, brick or hexagonal.", known=KNOWN_OFFSETS, panel=values.ADVANCED
        ),
    ] = "none",
    like: Annotated[
        Path | None,
        values.file_option(
            "Photo whose like is made, by a small model that learns it first.", what="photo", panel=values.MAKING
        ),
    ] = None,
    make_seamless: Annotated[
        Path | None,
        values.file_option(
            "Photo whose middle is kept and whose borders are made to meet.", what="photo", panel=values.MAKING
        ),
    ] = None,
    border: Annotated[
        int | None,
        values.pixels(
            "With --make-seamless: what is made anew along each edge; an eighth of the shorter side by default."
        ),
    ] = None,
    photo_side: Annotated[
        int,
        values.count(
            "Pixels along the shorter side that a larger photo is brought to.",
            least=LEAST_SIDE, most=MOST_SIDE, multiple=8, panel=values.LENGTH,
        ),
    ] = 512,
    training_steps: Annotated[
        int | None,
        values.count("Steps that learn the photo.", most=PHOTO_STEPS, panel=values.QUALITY),
    ] = None,
    keep: Annotated[
        Path | None,
        values.folder("Keep the model that learnt the photo, for --model."),
    ] = None,
) -> None:  # fmt: skip
    """Make a texture that tiles without a seam, and show it three times beside and below itself."""
    shape = (height or size, width or size)
    photo_path = _photo(like, make_seamless, options, border=border, keep=keep, training_steps=training_steps)
    if photo_path is None:
        _of_model(options, shape, _offset(offset))
        return
    from motioncollage.image.files import load_picture
    from motioncollage.image.likeness import Recipe, coarse_factor, shrunk

    recipe = Recipe() if training_steps is None else Recipe(steps=training_steps)
    photo = shrunk(load_picture(photo_path), photo_side)
    options.sampling()
    check_output(options.out, _names(options), force=options.force)
    start = _start(options)
    coarse_factor(photo, start.config.size)  # which refuses a photo that is too small
    if make_seamless is not None:
        shape = (photo.shape[1], photo.shape[2])
    _check_size(shape, start.config.size)
    check_picture(options.samples, *shape)
    known = None if make_seamless is None else _known(shape, border)
    with _learnt(photo, start, recipe, options, keep, photo_path.name) as folder:
        job = _LikeJob(replace(options, model=str(folder)), _offset(offset))
        about = {"seamless" if known is not None else "like": photo_path.name}
        made = job.make(shape, photo=None if known is None else photo[None], known=known)
        _write(job, made, offset=offset, start=options.model, **about)


def _photo(
    like: Path | None, make_seamless: Path | None, options: TextureOptions, **only: Any
) -> Path | None:
    """The photo, if there is one; options that do not go together are refused."""
    if like is not None and make_seamless is not None:
        raise ValueError("--like and --make-seamless are two ways; give one of them")
    if make_seamless is None and only["border"] is not None:
        raise ValueError("--border belongs to --make-seamless; leave it away")
    photo = like or make_seamless
    given = [name for name in ("keep", "training_steps") if only[name] is not None]
    if photo is None and given:
        raise ValueError(
            f"--{given[0].replace('_', '-')} belongs to --like and --make-seamless; leave it away"
        )
    if photo is not None and options.classes:
        raise ValueError("the photo says what is made; leave --class away")
    if photo is not None and options.overlap is not None:
        raise ValueError("a photo's two scales have overlaps of their own; leave --overlap away")
    return photo


def _start(options: TextureOptions) -> "ImageNetwork":
    """The network that learns the photo, as it is before."""
    from motioncollage.image.models import TrainedModel
    from motioncollage.models import load_model

    loaded = load_model(options.model, medium="image", device=options.device).model
    if not isinstance(loaded, TrainedModel):
        raise ValueError(
            "a photo is learnt by a network of train image; name one with --model, or leave it away"
        )
    return loaded.network


def _offset(name: str) -> "Offset":
    from motioncollage.image.torus import OFFSETS

    return OFFSETS[KNOWN_OFFSETS.index(name)]


def _names(options: TextureOptions) -> list[str]:
    return [
        f"{kind}{'' if i == 0 else f'-{i + 1}'}.png"
        for i in range(options.samples)
        for kind in ("image", "tiled")
    ]


def _known(shape: tuple[int, int], border: int | None) -> "Tensor":
    from motioncollage.image.likeness import middle

    return middle(*shape, min(shape) // 8 if border is None else border)


def _check_size(shape: tuple[int, int], least: int) -> None:
    for name, side in zip(("height", "width"), shape):
        if side % 8 or side < least:
            raise ValueError(f"{name} is {side} pixels; give a multiple of 8 from {least}")


@contextmanager
def _learnt(
    photo: "Tensor",
    start: "ImageNetwork",
    recipe: "Recipe",
    options: TextureOptions,
    keep: Path | None,
    name: str,
) -> Iterator[Path]:
    """A folder with a model that has learnt a photo; a temporary one, unless it is kept."""
    from tempfile import TemporaryDirectory

    from motioncollage.image.likeness import learn

    with TemporaryDirectory(prefix="motioncollage-") as temporary:
        folder = Path(temporary) if keep is None else keep
        if keep is not None:
            check_output(keep, ["model.safetensors", "config.json"], force=options.force)
        kept = "nothing was learnt or written; the same command starts anew"
        with keeping(kept), progress_bar("learning the photo") as update:
            learn(photo, folder, start, recipe, about={"photo": name}, seed=options.seed, on_step=update)
        if keep is not None:
            console.print(f"kept the model: --model {keep} makes more of it")
        yield folder


class _TextureJob(Job):
    """A job whose pictures lie on a torus."""

    def __init__(self, options: TextureOptions, offset: "Offset") -> None:
        super().__init__(options, also=[name for name in _names(options) if name.startswith("tiled")])
        self.offset = offset

    def of_class(self, shape: tuple[int, int]) -> "Tensor":
        """Pictures [samples, 3, height, width] of the classes, by any model."""
        from motioncollage.image.pipelines import sites_of
        from motioncollage.image.plans import along_chain
        from motioncollage.image.torus import decode_torus, plan_torus

        model = self.pipeline.model
        check_picture(self.settings.samples, *shape)
        rows, columns = (sites_of(side, model, name) for side, name in zip(shape, ("height", "width")))
        plan = plan_torus(rows, columns, self.pieces, self.offset)
        console.print(f"{plural(plan.graph.factors, 'piece')} of {self.size} pixels")
        along = along_chain(self.vectors, wrapped=True) if self.vectors else None
        denoiser = self.pipeline.compose(plan, plan.conditions(model, along), self.settings)
        return decode_torus(model, self.sample(denoiser, plan))


class _LikeJob(_TextureJob):
    """The same by a model that has learnt a photo."""

    def __init__(self, options: TextureOptions, offset: "Offset") -> None:
        from motioncollage.image.likeness import texture_factor
        from motioncollage.models import folder_of

        super().__init__(options, offset)
        factor = texture_factor(folder_of(options.model, medium="image"))
        assert factor is not None
        self.factor: int = factor

    def make(
        self, shape: tuple[int, int], *, photo: "Tensor | None" = None, known: "Tensor | None" = None
    ) -> "Tensor":
        """Pictures [samples, 3, height, width]."""
        from motioncollage.image.likeness import Likeness

        _check_size(shape, self.size)
        check_picture(self.settings.samples, *shape)
        likeness = Likeness(self.pipeline, self.factor, self.offset, self.options.taper)
        with self.making(), progress_bar("sampling") as update:
            return likeness.make(*shape, self.settings, on_step=update, photo=photo, known=known)


def _of_model(options: TextureOptions, shape: tuple[int, int], offset: "Offset") -> None:
    from motioncollage.image.likeness import texture_factor
    from motioncollage.models import folder_of

    if texture_factor(folder_of(options.model, medium="image")) is not None:
        if options.classes:
            raise ValueError("this model has learnt one photo; leave --class away")
        kept = _LikeJob(options, offset)
        _write(kept, kept.make(shape), offset=offset)
        return
    if options.model == BUNDLED["image"] and not options.classes:
        raise ValueError("a texture of what? give --class, or a photo with --like")
    job = _TextureJob(options, offset)
    _write(job, job.of_class(shape), offset=offset)


def _write(job: Job, pictures: "Tensor", **about: Any) -> None:
    """Write the pictures, and what they look like tiled."""
    from motioncollage.image.files import write_png
    from motioncollage.image.torus import tiled

    job.write(pictures, kind="texture", **about)
    for name, picture in zip(job.names(), pictures):
        path = job.out / name.replace("image", "tiled")
        write_png(path, tiled(picture, TIMES), force=job.options.force)
        console.print(f"wrote {path} ({TIMES} x {TIMES} times)")
