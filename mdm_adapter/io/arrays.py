"""Arrays out of `.npz` files that nobody vouches for: sizes are compared before memory is taken, nothing is unpickled."""

import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

MAX_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Archive:
    """An `.npz` file, and what its errors say of it.

    Attributes:
        path: of the file.
        what: it ought to be, such as "a generated motion".
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
        with self._open() as opened:
            return frozenset(name.removesuffix(".npy") for name in opened.namelist())

    def read(self, required: Sequence[str], optional: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
        """Some of its arrays by key; the others are not touched.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: anything is wrong with it; one line with the file, the key, the problem and a remedy.
        """
        with self._open() as opened:
            there = set(opened.namelist())
            wanted = [*required, *(key for key in optional if f"{key}.npy" in there)]
            try:
                return {key: self._read(opened, key) for key in wanted}
            except (EOFError, NotImplementedError, zipfile.BadZipFile) as error:
                raise self._damaged(error) from error

    def error(self, problem: str) -> ValueError:
        """The error to raise for what its arrays hold."""
        return ValueError(f"{self.path}: {problem}: {self.again}")

    def _open(self) -> zipfile.ZipFile:
        if not self.path.is_file():
            raise FileNotFoundError(f"{self.path}: no such file; give the .npz of {self.what}")
        try:
            opened = zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise self._damaged(error) from error
        size = sum(member.file_size for member in opened.infolist())
        if size > MAX_BYTES:
            opened.close()
            raise ValueError(f"{self.path}: holds {size:,} bytes, more than {MAX_BYTES:,}: refused")
        return opened

    def _damaged(self, error: BaseException) -> ValueError:
        return ValueError(f"{self.path}: not a whole .npz file ({one_line(error)}): {self.again}")

    def _read(self, opened: zipfile.ZipFile, key: str) -> NDArray[Any]:
        """One array, its header checked against the bytes that are really there."""
        try:
            member = opened.getinfo(f"{key}.npy")
        except KeyError:
            raise ValueError(f"{self.path}: key {key!r} is missing: give the .npz of {self.what}") from None
        try:
            with opened.open(member) as stream:
                shape, dtype = _header(stream)
                expected = math.prod(shape) * dtype.itemsize
                if dtype.hasobject:
                    raise ValueError("holds Python objects, which are never loaded")
                if expected != member.file_size - stream.tell():
                    raise ValueError(f"header promises {expected:,} bytes, not what the file holds")
            with opened.open(member) as stream:
                array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
                return array
        except (ValueError, TypeError, RuntimeError, SyntaxError, OSError) as error:
            raise ValueError(
                f"{self.path}: key {key!r} cannot be read ({one_line(error)}): {self.again}"
            ) from error


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"npy version {version} is not supported")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype


def one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
