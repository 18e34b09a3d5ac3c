"""Photographs that come along, whose likes are made: which there are of a class, and whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motioncollage.files import read_json
from motioncollage.wording import shown

MANIFEST = "manifest.json"
TEXTURES, LANDSCAPES, PANORAMAS = KINDS = ("textures", "landscapes", "panoramas")


@dataclass(frozen=True)
class Photo:
    """A photograph.

    Attributes:
        path: of its file.
        kind: textures; landscapes; or panoramas, of all directions.
        label: its class.
        title: what it is called where it comes from.
        author: who made it, or who published it if nobody is named.
        licence: its short name.
    """

    path: Path
    kind: str
    label: str
    title: str
    author: str
    licence: str

    @property
    def credit(self) -> str:
        return f"{self.label}/{self.path.name}: {self.title!r} by {self.author} ({self.licence})"


@dataclass(frozen=True)
class PhotoLibrary:
    """Photographs by kind and class."""

    photos: Sequence[Photo]

    def classes(self, kind: str) -> list[str]:
        """What photos of a kind show."""
        return sorted({photo.label for photo in self._of(kind)})

    def choose(self, kind: str, label: str, seed: int, samples: int = 1) -> list[Photo]:
        """A photo for each sample: all of the class in turn, from another on with the next seed.

        Raises:
            ValueError: a class of which there is no photo.
        """
        found = [photo for photo in self._of(kind) if photo.label == label]
        if not found:
            raise ValueError(
                f"class {shown(label, 60)!r} is unknown; there are photos of {', '.join(self.classes(kind))}"
            )
        return [found[(seed + number) % len(found)] for number in range(samples)]

    def _of(self, kind: str) -> list[Photo]:
        """Photos of a kind. The middle of a panorama of all directions is a landscape, too, and the best: it repeats least."""
        kinds = (PANORAMAS, LANDSCAPES) if kind == LANDSCAPES else (kind,)
        return [photo for one in kinds for photo in self.photos if photo.kind == one]


def load_photos(folder: Path) -> PhotoLibrary:
    """The photos of a folder, in which `manifest.json` is a list of their files, titles, authors and licences.

    Files lie in KIND/CLASS/.

    Raises:
        ValueError: no such list.
    """
    path = folder / MANIFEST
    try:
        rows = [
            (row["file"], str(row["title"]), str(row["author"]), str(row["licence"]))
            for row in read_json(path)
        ]
        return PhotoLibrary([Photo(folder / file, *file.split("/")[:2], *more) for file, *more in rows])
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"{path} is no list of photos; make it one of file, title, author and licence"
        ) from error
