"""Textures as `motioncollage image texture` makes them: their options, and the way from options to written pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from motioncollage.image.job import wants_photos
from motioncollage.image.photo_job import about, make_like, originals
from motioncollage.image.staged_job import StagedJob, StagedOptions
from motioncollage.models import BUNDLED
from motioncollage.shell import values
from motioncollage.shell.options import Steps
from motioncollage.shell.output import console

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.image.torus import Offset

OFFSET_NAMES = ("none", "brick", "hexagonal")
TIMES = 3  # a texture is shown so many times beside and below itself
MOST_SIDE = 1024


@dataclass(frozen=True)
class TextureOptions(StagedOptions):
    """What textures take: no class is usual.

    What to make:
        model: photos (pieces of those that come along), landscapes (a network), or a folder of train image or of diffusers.
        classes: Of photos bark, grass, gravel, moss, paving, rock, snow, soil or stones; of a model a class or text.
    Output:
        out: Folder for image.png and tiled.png.
    """

    classes: Annotated[str, values.named("--class")] = ""
    model: str = BUNDLED["photos"]
    steps: Steps = 12

    def tiled(self) -> list[str]:
        """Names of what shows each texture tiled."""
        return [name.replace("image", "tiled") for name in self.names()]

    def write(self, pictures: "Tensor", facts: dict[str, Any]) -> None:
        """Write textures, and what they look like tiled."""
        from motioncollage.image.files import write_png
        from motioncollage.image.torus import tiled

        super().write(pictures, facts)
        for name, picture in zip(self.tiled(), pictures):
            write_png(self.out / name, tiled(picture, TIMES), force=self.force)
            console.print(f"wrote {self.out / name} ({TIMES} x {TIMES} times)")


@dataclass(frozen=True)
class PhotoOptions:
    """A photograph whose like is made.

    How long:
        border: With --make-seamless: what is made anew along each edge; an eighth of the shorter side by default.
        photo_side: Pixels along the shorter side that a larger photo is brought to.
    What to make:
        like: Photo whose like is made, of pieces of it.
        make_seamless: Photo whose middle is kept and whose borders are made to meet.
    """

    like: Annotated[Path, values.file_option(what="photo")] | None = None
    make_seamless: Annotated[Path, values.file_option(what="photo")] | None = None
    border: Annotated[int, values.pixels()] | None = None
    photo_side: Annotated[int, values.count(least=128, most=MOST_SIDE, multiple=8)] = 512

    @property
    def given(self) -> Path | None:
        """The photo, if there is one.

        Raises:
            ValueError: options that do not go together.
        """
        if self.like is not None and self.make_seamless is not None:
            raise ValueError("--like and --make-seamless are two ways; give one of them")
        if self.make_seamless is None and self.border is not None:
            raise ValueError("--border belongs to --make-seamless; leave it away")
        return self.like or self.make_seamless


def make_texture(options: TextureOptions, photo: PhotoOptions, shape: tuple[int, int], offset: str) -> None:
    """Make and write textures of a class or like a photo, or the photo itself made seamless."""
    path = photo.given
    if path is None and not options.classes and options.model in BUNDLED.values():
        raise ValueError("a texture of what? give --class, or a photo with --like")
    if path is not None or wants_photos(options):
        _like_photos(options, photo, path, shape, offset)
        return
    from motioncollage.image.surface import Torus

    job = StagedJob(options, also=options.tiled())
    surface = Torus(*shape, _offset(offset))
    job.write(job.picture(surface), kind="texture", offset=surface.offset)


def _like_photos(
    options: TextureOptions, asked: PhotoOptions, path: Path | None, shape: tuple[int, int], offset: str
) -> None:
    from motioncollage.image.files import load_picture, shrunk
    from motioncollage.image.likeness import Likeness, middle
    from motioncollage.image.photos import TEXTURES

    if offset != OFFSET_NAMES[0]:
        raise ValueError(
            f"--offset {offset} shifts a model's pieces; a photo's lie everywhere, so leave it away"
        )
    found = originals(options, TEXTURES, path, [*options.names(), *options.tiled()])
    likenesses = found.each(lambda photo: Likeness(shrunk(load_picture(photo), asked.photo_side)))
    known = None
    if asked.make_seamless is not None:
        shape = (likenesses[0].photo.shape[1], likenesses[0].photo.shape[2])
        known = middle(*shape, min(shape) // 8 if asked.border is None else asked.border)
    made = make_like(likenesses, options, shape, meets=(True, True), known=known)
    facts = found.facts if known is None else {"seamless": found.facts["like"]}
    options.write(made, about(options, facts, kind="texture"))


def _offset(name: str) -> "Offset":
    from motioncollage.image.torus import OFFSETS

    return OFFSETS[OFFSET_NAMES.index(name)]
