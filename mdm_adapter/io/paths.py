"""Names of files for several samples, and refusing before the work rather than after it."""

import os
from collections.abc import Iterable
from pathlib import Path


def named(path: Path | str, suffix: str) -> Path:
    """The path of a file of some kind; ValueError, in one line, for another ending."""
    path = Path(path)
    if path.suffix.lower() != suffix:
        raise ValueError(f"{path}: the file must be named {suffix}")
    return path


def numbered(path: Path, count: int) -> tuple[Path, ...]:
    """`walk.bvh`, `walk-2.bvh`, `walk-3.bvh` ..."""
    return tuple(
        path if i == 0 else path.with_name(f"{path.stem}-{i + 1}{path.suffix}") for i in range(count)
    )


def refuse_existing(targets: Iterable[Path], force: bool) -> None:
    """FileExistsError, in one line, if one of the files exists and `force` is false."""
    for target in targets:
        if not force and os.path.lexists(target):
            raise FileExistsError(f"{target} exists already: give another name, or --force to replace it")
