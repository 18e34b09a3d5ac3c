"""Pictures like a photo, as commands make them: what of the options they heed, and the way to made pictures."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.image.job import ImageOptions, check_picture
from motioncollage.shell.output import check_output, keeping, progress_bar

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.image.likeness import Likeness

# What of the options a picture like a photo heeds; the others are a model's.
HEEDED = ("out", "samples", "seed", "force")


def check_options(options: ImageOptions) -> None:
    """Refuse what only models heed.

    Raises:
        ValueError: names the option.
    """
    for field in fields(options):
        if field.name not in HEEDED and getattr(options, field.name) != field.default:
            name = field.name.replace("classes", "class").replace("_", "-")
            raise ValueError(
                f"--{name} is for models, and a picture like a photo is made without one; leave it away"
            )


def make_like(
    likeness: "Likeness", options: ImageOptions, shape: tuple[int, int], *, meets: tuple[bool, bool],
    known: "Tensor | None" = None,
) -> "Tensor":  # fmt: skip
    """Pictures [samples, 3, height, width], with a progress bar."""
    check_picture(options.samples, *shape)
    kept = f"nothing was written to {options.out}; the same command starts anew"
    with keeping(kept), progress_bar("fitting pieces") as update:
        return likeness.make(
            *shape, seed=options.seed, samples=options.samples, meets=meets, known=known, on_step=update
        )


def about(options: ImageOptions, photo: Path, *, kind: str, how: str = "like") -> dict[str, Any]:
    """What a picture remembers of how it was made."""
    from importlib.metadata import version

    return {"kind": kind, how: photo.name, "seed": options.seed, "version": version("motioncollage")}


def landscape(
    options: ImageOptions, photo: Path, height: int | None, width: int | None, *, wrapped: bool, kind: str
) -> None:
    """Make and write wide pictures or panoramas like a photo, which is brought to their height."""
    from motioncollage.image.files import fit_height, load_picture
    from motioncollage.image.likeness import LANDSCAPE, Likeness

    check_options(options)
    check_output(options.out, options.names(), force=options.force)
    height = height or 256
    likeness = Likeness(fit_height(load_picture(photo), height, multiple=1), LANDSCAPE)
    made = make_like(likeness, options, (height, width or 4 * height), meets=(False, wrapped))
    options.write(made, about(options, photo, kind=kind))
