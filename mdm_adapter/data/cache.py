"""Features on disk, read once: rows of all clips in one mapped file, and an index that says whose they are.

A cache is two files: `NAME.npy`, float32 rows [frames, width], and `NAME.jsonl`, a line for each source (a file of the
data set, say) with a digest of its content. What is there is used again where the digests agree; what was interrupted
goes on behind the last whole source. Both get their names only when they are complete.
"""

import errno
import json
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any

from torch import Tensor

from motioncollage.sequences import MappedRows

Progress = Callable[[int, int], None]
HEADER = 128  # bytes in front of the rows
MAX_LINE = 16 << 20
FLUSH_BYTES = 32 << 20  # of rows between two lines in the index reaching the disk


@dataclass(frozen=True)
class Part:
    """Rows [T, width] and what is known about them, in JSON."""

    rows: Tensor
    about: dict[str, Any]


@dataclass(frozen=True)
class Source:
    """Something that parts are made from.

    Attributes:
        digest: of its content and of all else that decides what is made of it.
        make: its parts, and notes in JSON.
    """

    digest: Callable[[], str]
    make: Callable[[], tuple[list[Part], dict[str, str]]]


@dataclass(frozen=True)
class Kept:
    """What a cache holds of a source: its parts, their rows mapped, and the notes."""

    digest: str
    parts: tuple[Part, ...]
    notes: dict[str, str]


@dataclass(frozen=True)
class Line:
    """A line of the index."""

    digest: str
    parts: tuple[tuple[int, dict[str, Any]], ...]  # rows of each, and what is known about it
    notes: dict[str, str]

    @property
    def rows(self) -> int:
        return sum(rows for rows, _ in self.parts)

    @classmethod
    def read(cls, text: str) -> "Line":
        """Raises:
        ValueError, KeyError, TypeError: it is none.
        """
        row = json.loads(text)
        parts = tuple((int(rows), dict(about)) for rows, about in row["parts"])
        if any(rows < 0 for rows, _ in parts):
            raise ValueError("fewer rows than none")
        return cls(str(row["digest"]), parts, {str(k): str(v) for k, v in row["notes"].items()})

    def text(self) -> str:
        return json.dumps({"digest": self.digest, "parts": self.parts, "notes": self.notes}) + "\n"


def digest_of(*contents: object) -> str:
    """Digest of bytes, and of anything else as Python writes it."""
    digest = blake2b(digest_size=16)
    for content in contents:
        data = content if isinstance(content, bytes) else repr(content).encode()
        digest.update(struct.pack("<Q", len(data)))
        digest.update(data)
    return digest.hexdigest()


class RowCache:
    """One mapped file of rows under a name in a folder."""

    def __init__(self, folder: Path, name: str, width: int) -> None:
        self.folder, self.name, self.width = folder, name, width
        self.rows_file, self.index_file = folder / f"{name}.npy", folder / f"{name}.jsonl"

    def fill(
        self, sources: Sequence[Source], progress: Progress | None = None
    ) -> tuple[list[Kept], MappedRows]:
        """What all sources hold, from the cache where it knows them.

        Args:
            progress: called with sources done and their number, with none at once.

        Raises:
            ValueError: the folder cannot be written to, is full, or another process is filling it.
        """

        def tell(done: int) -> None:
            if progress:
                progress(done, len(sources))

        tell(0)
        lines = self._finished()
        if lines is None or not self._same(lines, sources, tell):
            lines = self._fill(sources, tell)
        mapped = MappedRows(self.rows_file)
        return list(_kept(lines, mapped.rows)), mapped

    def _finished(self) -> list[Line] | None:
        """The index of a whole cache whose rows are there; None otherwise."""
        if not (self.rows_file.is_file() and self.index_file.is_file()):
            return None
        lines = list(_lines(self.index_file))
        try:
            mapped = MappedRows(self.rows_file)
        except ValueError:
            return None
        rows = sum(line.rows for line in lines)
        return lines if tuple(mapped.rows.shape) == (max(rows, 1), self.width) else None

    def _same(self, lines: list[Line], sources: Sequence[Source], tell: Callable[[int], None]) -> bool:
        if len(lines) != len(sources):
            return False
        for number, (line, source) in enumerate(zip(lines, sources, strict=True)):
            if line.digest != source.digest():
                return False
            tell(number + 1)
        return True

    def _fill(self, sources: Sequence[Source], tell: Callable[[int], None]) -> list[Line]:
        """Make what is not there yet; interrupted, it goes on behind the last source in the index."""
        part_rows, part_index = (self.folder / f"{self.name}.partial{end}" for end in (".npy", ".jsonl"))
        with _writing(self.folder, part_rows) as rows, open(part_index, "a+", encoding="utf-8") as index:
            try:
                lines = self._go_on(rows, index, list(_lines(part_index)), sources, tell)
            except ValueError:
                # A refused recording: what took seconds is made again in seconds, and is not worth files.
                if os.fstat(rows.fileno()).st_size < FLUSH_BYTES:
                    with suppress(OSError):  # Windows removes no file that is open
                        part_rows.unlink()
                        part_index.unlink()
                raise
            # Without an index rows are nothing, so the old index goes first and the new one comes last.
            self.index_file.unlink(missing_ok=True)
            os.replace(part_rows, self.rows_file)
            os.replace(part_index, self.index_file)
        return lines

    def _go_on(
        self, rows: IO[bytes], index: IO[str], known: list[Line], sources: Sequence[Source],
        tell: Callable[[int], None],
    ) -> list[Line]:  # fmt: skip
        """Write what is not known yet behind what is; the lines of all sources."""
        lines: list[Line] = []
        place = HEADER
        unwritten = 0
        there = os.fstat(rows.fileno()).st_size
        for number, source in enumerate(sources):
            digest = source.digest()
            if number < len(known):
                reach = place + known[number].rows * self.width * 4
                if known[number].digest == digest and reach <= there:
                    lines.append(known[number])
                    place = reach
                    tell(number + 1)
                    continue
                known = []  # what follows was made from something else, or did not reach the disk
                _rewrite(index, lines)
            parts, notes = source.make()
            rows.seek(place)
            for part in parts:
                place += rows.write(part.rows.float().numpy().tobytes())
            sizes = tuple((len(part.rows), part.about) for part in parts)
            lines.append(Line(digest, sizes, notes))
            unwritten += lines[-1].rows * self.width * 4
            index.write(lines[-1].text())
            if unwritten > FLUSH_BYTES:
                rows.flush()
                index.flush()
                unwritten = 0
            tell(number + 1)
        if len(lines) < len(known):
            _rewrite(index, lines)
        total = sum(line.rows for line in lines)
        rows.truncate(place)
        rows.seek(place)
        if not total:  # nothing cannot be mapped
            rows.write(bytes(self.width * 4))
        rows.seek(0)
        rows.write(_header(max(total, 1), self.width))
        for file in (rows, index):
            file.flush()
            os.fsync(file.fileno())
        return lines


def _kept(lines: list[Line], rows: Tensor) -> Iterator[Kept]:
    place = 0
    for line in lines:
        parts = []
        for count, about in line.parts:
            parts.append(Part(rows[place : place + count], about))
            place += count
        yield Kept(line.digest, tuple(parts), line.notes)


def _lines(path: Path) -> Iterator[Line]:
    """Lines of an index up to the first that is not whole."""
    with path.open(encoding="utf-8") as file:
        while text := file.readline(MAX_LINE):
            try:
                yield Line.read(text)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return


def _rewrite(index: IO[str], lines: list[Line]) -> None:
    index.seek(0)
    index.truncate()
    index.writelines(line.text() for line in lines)


def _header(rows: int, width: int) -> bytes:
    """The head of a `.npy` file, always `HEADER` bytes long: how many rows follow is known last."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {width}), }}"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", HEADER - 10) + text.ljust(HEADER - 11).encode() + b"\n"


@contextmanager
def _writing(folder: Path, path: Path) -> Iterator[IO[bytes]]:
    """The file of rows, open for writing by this process alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "r+b" if path.exists() else "w+b") as file:
            _lock(file, path)
            yield file
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ValueError(f"{folder} is full; make room, or name another folder with --cache") from error
        raise ValueError(
            f"cannot write {path}: {error.strerror or error}; name another folder with --cache"
        ) from error


def _lock(file: IO[bytes], path: Path) -> None:
    """Refuse a file that another process is writing; where the system knows no such locks, trust."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(
            f"another process is filling {path.parent}; wait for it, or name another folder with --cache"
        ) from None
    except OSError:
        with suppress(OSError):  # network folders may know no locks
            file.flush()
