"""What commands print to and write into: consoles, progress bars, folders checked before the work."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.files import remove_leftovers, try_lock
from motioncollage.wording import shown, visible

if TYPE_CHECKING:
    from rich.console import Console


class Printer:
    """A rich console that is made when something is printed: `--help` does without rich."""

    def __init__(self, *, stderr: bool = False) -> None:
        self.stderr = stderr

    @cached_property
    def rich(self) -> "Console":
        from rich.console import Console

        class Visible(Console):
            """Shows control characters instead of sending them; square brackets of prompts and paths are no markup."""

            def render_str(self, text: str, **options: Any) -> Any:
                return super().render_str(visible(text), **options)

        return Visible(stderr=self.stderr, markup=False, emoji=False)

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
        raise ValueError(f"--out {shown(folder, 300)} is a file; name a folder")
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
    hold_folder(folder)


_held: dict[Path, int] = {}


def hold_folder(folder: Path) -> None:
    """Keep other processes out of a folder until this command ends, so that files of two runs never mix.

    A lock of the system on the folder itself: it leaves no file behind, and a killed process cannot leave it locked.
    Where there are no such locks (Windows, some network file systems), nothing is held.

    Raises:
        ValueError: another process is at work in it.
    """
    place = folder.resolve()
    if place in _held:
        return
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except OSError:
        return  # Windows opens no folders
    if try_lock(descriptor) is False:
        os.close(descriptor)
        raise ValueError(
            f"--out {folder} is in use by another motioncollage; wait until it ends, or give another --out"
        )
    _held[place] = descriptor
    remove_leftovers(place)


def release_folders() -> None:
    """Let other processes into the folders that this command wrote."""
    while _held:
        os.close(_held.popitem()[1])


@contextmanager
def keeping(what: str) -> Iterator[None]:
    """Say, when Ctrl-C ends a block, what is kept and how to go on."""
    try:
        yield
    except KeyboardInterrupt as stopped:
        raise type(stopped)(what) from None


def has_screen() -> bool:
    """Somebody sits at a terminal that has a screen; without one a browser would open in the terminal and take it over."""
    screen = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.stdout.isatty() and bool(screen or not sys.platform.startswith(("linux", "freebsd")))


def open_in_browser(address: str) -> None:
    """Show an address, or say that nothing here can."""
    import webbrowser

    if not webbrowser.open(address):
        notes.print(f"no browser was found; open {address} yourself")
