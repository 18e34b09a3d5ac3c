"""What commands print to and write into: consoles, progress bars, folders checked before the work."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


class Printer:
    """A rich console that is made when something is printed: `--help` does without rich."""

    def __init__(self, *, stderr: bool = False) -> None:
        self.stderr = stderr

    @cached_property
    def rich(self) -> "Console":
        from rich.console import Console

        return Console(stderr=self.stderr)

    def print(self, *things: Any, **options: Any) -> None:
        """`rich.console.Console.print`."""
        self.rich.print(*things, **options)


console = Printer()
notes = Printer(stderr=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with time left; yields `update(done, total)`."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    progress = Progress(*columns, console=notes.rich)
    task = progress.add_task(title, total=None)

    def update(done: int, total: int) -> None:
        # Shown from the first step on: what is refused before it leaves no empty bar behind.
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield update
    finally:
        progress.stop()


def check_output(folder: Path, names: list[str], *, force: bool) -> None:
    """Fail before hours of work rather than after: folder writable, files not there yet.

    Raises:
        ValueError: a file exists and --force was not given, or the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {folder} is a file; name a folder")
    existing = [name for name in names if (folder / name).exists()]
    if existing and not force:
        raise ValueError(f"{folder / existing[0]} exists; use --force to replace it or another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"--out {folder} cannot be created ({error.strerror}); name a folder you may write"
        ) from error
    if not os.access(folder, os.W_OK):
        raise ValueError(f"--out {folder} is not writable; name a folder you may write")
