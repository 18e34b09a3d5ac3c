"""Textures as `motioncollage image texture` makes them: their options, and the way from options to written pictures."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from motioncollage.files import numbered
from motioncollage.image.job import ImageOptions, Job, check_picture
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import Steps
from motioncollage.shell.output import check_output, console, keeping, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.image.network import ImageNetwork
    from motioncollage.image.torus import Offset

OFFSET_NAMES = ("none", "brick", "hexagonal")
TIMES = 3  # a texture is shown so many times beside and below itself
MOST_SIDE, LEAST_SIDE = 1024, 128
PHOTO_STEPS = 100_000


@dataclass(frozen=True)
class TextureOptions(ImageOptions):
    """What textures take: no class is usual.

    Output:
        out: Folder for image.png and tiled.png.
    """

    classes: Annotated[str, values.named("--class")] = ""
    steps: Steps = 12

    def names(self) -> list[str]:
        """Files that are written."""
        kinds = (numbered(Path(name), self.samples) for name in ("image.png", "tiled.png"))
        return [path.name for both in zip(*kinds) for path in both]


@dataclass(frozen=True)
class PhotoOptions:
    """A photograph whose like is made.

    How long:
        border: With --make-seamless: what is made anew along each edge; an eighth of the shorter side by default.
        photo_side: Pixels along the shorter side that a larger photo is brought to.
    What to make:
        like: Photo whose like is made, by a model that learns it first.
        make_seamless: Photo whose middle is kept and whose borders are made to meet.
    How good:
        training_steps: Steps that learn the photo.
    Output:
        keep: Keep the model that learnt the photo, for --model.
    """

    like: Annotated[Path, values.file_option(what="photo")] | None = None
    make_seamless: Annotated[Path, values.file_option(what="photo")] | None = None
    border: Annotated[int, values.pixels()] | None = None
    photo_side: Annotated[int, values.count(least=LEAST_SIDE, most=MOST_SIDE, multiple=8)] = 512
    training_steps: Annotated[int, values.count(most=PHOTO_STEPS)] | None = None
    keep: Annotated[Path, values.folder()] | None = None

    @property
    def path(self) -> Path | None:
        return self.like or self.make_seamless

    def given(self, options: TextureOptions) -> Path | None:
        """The photo, if there is one.

        Raises:
            ValueError: options that do not go together.
        """
        if self.like is not None and self.make_seamless is not None:
            raise ValueError("--like and --make-seamless are two ways; give one of them")
        if self.make_seamless is None and self.border is not None:
            raise ValueError("--border belongs to --make-seamless; leave it away")
        if self.path is None:
            for name, value in {"keep": self.keep, "training-steps": self.training_steps}.items():
                if value is not None:
                    raise ValueError(f"--{name} belongs to --like and --make-seamless; leave it away")
        elif options.classes:
            raise ValueError("the photo says what is made; leave --class away")
        elif options.overlap is not None:
            raise ValueError("a photo's two scales have overlaps of their own; leave --overlap away")
        return self.path

    def known(self, shape: tuple[int, int]) -> "Tensor | None":
        """Where the photo is kept, if it is made seamless."""
        from motioncollage.image.likeness import middle

        if self.make_seamless is None:
            return None
        return middle(*shape, min(shape) // 8 if self.border is None else self.border)


class TextureJob(Job):
    """A job whose pictures lie on a torus."""

    def __init__(self, options: TextureOptions, offset: "Offset") -> None:
        super().__init__(options, also=[name for name in options.names() if name.startswith("tiled")])
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

    def write_tiled(self, pictures: "Tensor", **about: Any) -> None:
        """Write the pictures, and what they look like tiled."""
        from motioncollage.image.files import write_png
        from motioncollage.image.torus import tiled

        self.write(pictures, kind="texture", offset=self.offset, **about)
        for name, picture in zip(self.names(), pictures):
            path = self.out / name.replace("image", "tiled")
            write_png(path, tiled(picture, TIMES), force=self.options.force)
            console.print(f"wrote {path} ({TIMES} x {TIMES} times)")


class LikeJob(TextureJob):
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

        check_size(shape, self.size)
        check_picture(self.settings.samples, *shape)
        likeness = Likeness(self.pipeline, self.factor, self.offset, self.options.taper)
        with self.making(), progress_bar("sampling") as update:
            return likeness.make(*shape, self.settings, on_step=update, photo=photo, known=known)


def of_model(options: TextureOptions, shape: tuple[int, int], offset: str) -> None:
    """Textures of a class, or by a model that has learnt a photo before."""
    from motioncollage.image.likeness import texture_factor
    from motioncollage.models import folder_of

    if texture_factor(folder_of(options.model, medium="image")) is not None:
        if options.classes:
            raise ValueError("this model has learnt one photo; leave --class away")
        kept = LikeJob(options, _offset(offset))
        kept.write_tiled(kept.make(shape))
        return
    if options.model == BUNDLED["image"] and not options.classes:
        raise ValueError("a texture of what? give --class, or a photo with --like")
    job = TextureJob(options, _offset(offset))
    job.write_tiled(job.of_class(shape))


def like_photo(options: TextureOptions, asked: PhotoOptions, shape: tuple[int, int], offset: str) -> None:
    """Textures like a photo, which is learnt first, or the photo itself made seamless."""
    from motioncollage.image.files import load_picture
    from motioncollage.image.likeness import coarse_factor, shrunk

    assert asked.path is not None
    photo = shrunk(load_picture(asked.path), asked.photo_side)
    options.sampling()
    check_output(options.out, options.names(), force=options.force)
    start = _start(options)
    coarse_factor(photo, start.config.size)  # which refuses a photo that is too small
    if asked.make_seamless is not None:
        shape = (photo.shape[1], photo.shape[2])
    check_size(shape, start.config.size)
    check_picture(options.samples, *shape)
    known = asked.known(shape)
    with _learnt(photo, start, options, asked) as folder:
        job = LikeJob(replace(options, model=str(folder)), _offset(offset))
        about = {"like" if known is None else "seamless": asked.path.name}
        made = job.make(shape, photo=None if known is None else photo[None], known=known)
        job.write_tiled(made, start=options.model, **about)


def check_size(shape: tuple[int, int], least: int) -> None:
    """Refuse sides that pieces of a photo's model cannot cover."""
    for name, side in zip(("height", "width"), shape):
        if side % 8 or side < least:
            raise ValueError(f"{name} is {side} pixels; give a multiple of 8 from {least}")


def _offset(name: str) -> "Offset":
    from motioncollage.image.torus import OFFSETS

    return OFFSETS[OFFSET_NAMES.index(name)]


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


@contextmanager
def _learnt(
    photo: "Tensor", start: "ImageNetwork", options: TextureOptions, asked: PhotoOptions
) -> Iterator[Path]:
    """A folder with a model that has learnt a photo; a temporary one, unless it is kept."""
    from tempfile import TemporaryDirectory

    from motioncollage.image.likeness import Recipe, learn

    assert asked.path is not None
    recipe = Recipe() if asked.training_steps is None else Recipe(steps=asked.training_steps)
    with TemporaryDirectory(prefix="motioncollage-") as temporary:
        folder = asked.keep or Path(temporary)
        if asked.keep is not None:
            check_output(asked.keep, ["model.safetensors", "config.json"], force=options.force)
        kept = "nothing was learnt or written; the same command starts anew"
        with keeping(kept), progress_bar("learning the photo") as update:
            learn(
                photo, folder, start, recipe, about={"photo": asked.path.name}, seed=options.seed, on_step=update
            )  # fmt: skip
        if asked.keep is not None:
            console.print(f"kept the model: --model {asked.keep} makes more of it")
        yield folder
