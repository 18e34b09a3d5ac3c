"""Pictures like photos, as commands make them: which photos, what of the options they heed, and the way to made pictures."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.image.job import ImageOptions, check_picture
from motioncollage.image.photos import LANDSCAPES, PANORAMAS, PhotoLibrary
from motioncollage.models import BUNDLED, load_model
from motioncollage.shell.output import check_output, console, keeping, progress_bar

if TYPE_CHECKING:
    from torch import Tensor

    from motioncollage.image.likeness import Known, Likeness
    from motioncollage.sampling.noise import OnStep

# What of the options a picture like a photo heeds; the others are a model's.
HEEDED = ("out", "samples", "seed", "force")
ROUND = 3  # photos that come along and are so many times as wide as high show all that is seen round a turn
CHOOSING = ("model", "classes")  # what it heeds besides if the photo is one that comes along


@dataclass(frozen=True)
class Originals:
    """The photos whose likes are made.

    Attributes:
        paths: one for each sample.
        facts: what pictures remember of them.
        around: those that show all directions.
    """

    paths: Sequence[Path]
    facts: dict[str, Any]
    around: Collection[Path] = ()

    def each(self, read: "Callable[[Path], Likeness]") -> "list[Likeness]":
        """What is made of the photo of each sample; every photo is read once."""
        once = {path: read(path) for path in set(self.paths)}
        return [once[path] for path in self.paths]


def originals(options: ImageOptions, kind: str, like: Path | None, names: Sequence[str]) -> Originals:
    """A user's photo, or those of a class; whatever could be wrong is found before the work.

    Args:
        names: of the files that will be written.

    Raises:
        ValueError: options that only models heed, a class of which there is no photo, or files that exist.
    """
    check_options(options, of_class=like is None)
    check_output(options.out, list(names), force=options.force)
    if like is not None:
        return Originals([like] * options.samples, {"like": like.name})
    label = options.classes.strip()
    library: PhotoLibrary = load_model(options.model, medium="photos")
    if "," in label:
        raise ValueError(
            f"--class {label}: photos of several classes lead to no common picture; give one class,"
            f" or --model {BUNDLED['image']}"
        )
    chosen = library.choose(kind, label, options.seed, options.samples)
    credits = [photo.credit for photo in chosen]
    for credit in dict.fromkeys(credits):
        console.print(f"like {credit}", soft_wrap=True)
    facts = {"model": options.model, "class": label, "photos": credits}
    around = {photo.path for photo in chosen if photo.kind == PANORAMAS}
    return Originals([photo.path for photo in chosen], facts, around)


def check_options(options: ImageOptions, *, of_class: bool = False) -> None:
    """Refuse what only models heed.

    Raises:
        ValueError: names the option.
    """
    heeded = (*HEEDED, *CHOOSING) if of_class else HEEDED
    for field in fields(options):
        if field.name not in heeded and getattr(options, field.name) != field.default:
            name = field.name.replace("classes", "class").replace("_", "-")
            other = f", or give --model {BUNDLED['image']}" if of_class else ""
            raise ValueError(
                f"--{name} is for models, and a picture like a photo is made without one; leave it away{other}"
            )


def make_like(
    likenesses: "Sequence[Likeness]", options: ImageOptions, shape: tuple[int, int], *, meets: tuple[bool, bool],
    known: "Known | None" = None,
) -> "Tensor":  # fmt: skip
    """Pictures [samples, 3, height, width], one like each photo, with a progress bar."""
    import torch

    check_picture(options.samples, *shape)
    with fitting(options) as update:
        made = [
            likeness.make(
                *shape, seed=options.seed, first=number, meets=meets, known=known,
                on_step=_of_several(update, number, len(likenesses)),
            )
            for number, likeness in enumerate(likenesses)
        ]  # fmt: skip
    return torch.cat(made)


@contextmanager
def fitting(options: ImageOptions) -> "Iterator[OnStep]":
    """A progress bar, and what Ctrl-C leaves."""
    kept = f"nothing was written to {options.out}; the same command starts anew"
    with keeping(kept), progress_bar("fitting pieces") as update:
        yield update


def _of_several(update: "OnStep", number: int, count: int) -> "OnStep":
    return lambda done, total: update(number * total + done, count * total)


def about(options: ImageOptions, facts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What a picture remembers of how it was made."""
    from importlib.metadata import version

    return {**more, **facts, "seed": options.seed, "version": version("motioncollage")}


def landscape(
    options: ImageOptions,
    like: Path | None,
    height: int | None,
    width: int | None,
    *,
    wrapped: bool,
    kind: str,
) -> None:
    """Make and write wide pictures or panoramas like photos, which are brought to their height."""
    from motioncollage.image.files import fit_height, load_panorama, load_picture
    from motioncollage.image.likeness import AROUND, LANDSCAPE, Likeness

    found = originals(options, LANDSCAPES, like, options.names())
    height = height or 256

    def read(path: Path) -> Likeness:
        if path in found.around:
            whole = load_panorama(path, 2 * height)
            return Likeness(whole[:, height // 2 : height // 2 + height], AROUND)
        photo = fit_height(load_picture(path), height, multiple=1)
        is_round = like is None and photo.shape[2] >= ROUND * height
        return Likeness(photo, AROUND if is_round else LANDSCAPE)

    shape = height, width or 4 * height
    made = make_like(found.each(read), options, shape, meets=(False, wrapped))
    options.write(made, about(options, found.facts, kind=kind))
