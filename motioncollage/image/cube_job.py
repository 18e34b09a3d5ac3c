"""Cubes as `motioncollage image cubemap` makes them: of photos or by a model, written in three forms."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.image.job import ImageOptions, check_picture, wants_photos
from motioncollage.image.photo_job import about, fitting, originals
from motioncollage.image.staged_job import SettlingStages, StagedJob
from motioncollage.models import BUNDLED
from motioncollage.shell.output import console

if TYPE_CHECKING:
    from torch import Tensor

PHOTO_FACE = 256  # as fine as the panoramas that come along
AROUND = "-360"  # ends the name of a class of panoramas of all directions (scripts/free_pictures.py)
ALSO = ("equirectangular.png", "surround.html")


@dataclass(frozen=True)
class CubeOptions(SettlingStages):
    """What cubes take: they are made of photos that come along, if of nothing else.

    What to make:
        model: photos (pieces of panoramas that come along), landscapes (a network), or a folder of train image or of
            diffusers.
        classes: Of photos meadow, mountains or steppe; of a model a class, or several with commas. Where a model has a class
            meadow-360, that is meant by meadow: it learnt panoramas of all directions.
    """

    model: str = BUNDLED["photos"]


def make_cube(options: CubeOptions, face: int | None, height: int | None, like: Path | None) -> None:
    """Make and write a cube of a class, or like a panorama.

    Raises:
        ValueError: what cannot be made; before the work.
    """
    from motioncollage.image.surround import LARGEST_HEIGHT

    if options.samples != 1:
        raise ValueError(f"--samples is {options.samples}; cubes are made one at a time")
    if height is not None and height > LARGEST_HEIGHT:
        raise ValueError(f"--height is {height}; choose up to {LARGEST_HEIGHT} rows")
    if like is not None or wants_photos(options):
        _like_panorama(options, face or PHOTO_FACE, height, like)
    else:
        _of_model(options, face, height)


class CubeJob(StagedJob):
    """A job of classes that were learnt from panoramas of all directions, where the model has such."""

    def known(self, name: str) -> str:
        around = name + AROUND
        return around if around in self.pipeline.model.classes else name


def _of_model(options: CubeOptions, face: int | None, height: int | None) -> None:
    from motioncollage.image.surface import Cube

    job = CubeJob(options, also=ALSO)
    if job.pipeline.model.factor != 1:
        raise ValueError("a cube needs a model of pixels; this one sees latents, whose decoder knows no cube")
    face = face or job.usual_face
    height = _height(face, height)
    faces = job.picture(Cube(face))[0].movedim(1, 0)
    write_cube(options, faces, height, job.about(), title=options.classes)


def _like_panorama(options: CubeOptions, face: int, height: int | None, like: Path | None) -> None:
    from motioncollage.image.files import load_panorama
    from motioncollage.image.photos import PANORAMAS
    from motioncollage.image.sphere import LEAST_FACE, sphere_like

    if face < LEAST_FACE:
        raise ValueError(f"--face is {face} pixels; a cube like a panorama has at least {LEAST_FACE}")
    found = originals(options, PANORAMAS, like, [*options.names(), *ALSO])
    height = _height(face, height)
    panorama = load_panorama(found.paths[0], 2 * face)
    with fitting(options) as update:
        sphere = sphere_like(panorama, seed=options.seed, on_step=update)
    title = like.stem if like is not None else options.classes
    write_cube(options, sphere.faces(face), height, about(options, found.facts), title=title)


def _height(face: int, height: int | None) -> int:
    """Of the equirectangular picture."""
    from motioncollage.image.surround import LARGEST_HEIGHT

    height = height or min(2 * face, LARGEST_HEIGHT)
    check_picture(1, 6 * face, face)
    check_picture(1, height, 2 * height)
    return height


def write_cube(
    options: ImageOptions, faces: "Tensor", height: int, facts: dict[str, Any], *, title: str
) -> None:
    """Write the faces [6, 3, face, face] of a cube beside each other, around, and on a page to look around in."""
    from motioncollage.image.files import write_png
    from motioncollage.image.surround import LONGEST_TITLE, equirectangular, write_surround_page

    out, force = options.out, options.force
    strip = faces.movedim(0, 2).flatten(2)[None]  # L F R B U D beside each other
    options.write(strip, {**facts, "kind": "cubemap", "face": faces.shape[-1]})
    around = equirectangular(faces, height)
    write_png(out / ALSO[0], around, about={**facts, "kind": "equirectangular"}, force=force)
    console.print(f"wrote {out / ALSO[0]}")
    write_surround_page(out / ALSO[1], faces, title=title[:LONGEST_TITLE].strip() or "surround", force=force)
    console.print(f"wrote {out / ALSO[1]}: open it in a browser and look around")
