"""Arrays out of `.npz` files that nobody vouches for (`motioncollage.files.read_arrays`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from motioncollage.files import array_names, read_arrays

MAX_BYTES = 2 * 1024**3
PLAIN = "fiubUS"  # kinds of numbers and texts, as NumPy's letters


@dataclass(frozen=True)
class Archive:
    """An `.npz` file, and what its errors say of it.

    Attributes:
        path: of the file.
        what: it ought to be, such as "body model".
        again: the remedy where it is damaged.
    """

    path: Path
    what: str
    again: str

    def keys(self) -> frozenset[str]:
        """What it holds.

        Raises:
            FileNotFoundError, ValueError: as `read`.
        """
        return array_names(self.path, what=self.what, remedy=self.again)

    def read(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
        """Some of its arrays by key; the others are not touched.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: anything is wrong with it; one line with the file, the key, the problem and a remedy.
        """
        keys = dict.fromkeys((*required, *optional), PLAIN)
        return read_arrays(
            self.path, keys, what=self.what, remedy=self.again, most=MAX_BYTES, optional=tuple(optional)
        )

    def error(self, problem: str) -> ValueError:
        """The error to raise for what its arrays hold."""
        return ValueError(f"{self.path}: {problem}: {self.again}")
