"""`motioncollage view`: motions side by side on one page."""

import os
import sys
from pathlib import Path
from typing import Annotated

from mdm_adapter.commands.options import READABLE, ReadOptions
from motioncollage.shell import values
from motioncollage.shell.options import Force, spread_options
from motioncollage.shell.output import console, notes


@spread_options
def view(
    files: Annotated[
        list[Path], values.file_to_read(f"Motions: {READABLE}; 8 figures at most.", what="motion")
    ],
    reading: ReadOptions,
    out: Annotated[
        Path | None,
        values.written("The page, an .html; by default beside the first file.", endings=(".html", ".htm")),
    ] = None,
    samples: Annotated[
        str, values.option("Which samples, such as 1 or 1,3; all by default.", panel=values.MAKING)
    ] = "all",
    title: Annotated[str, values.option("Stands above the figures.", panel=values.OUTPUT)] = "",
    theme: Annotated[
        str,
        values.choice(
            "light, dark, or auto: what the reader's system has.",
            known=("auto", "light", "dark"),
            panel=values.OUTPUT,
        ),
    ] = "auto",
    open_: Annotated[
        bool | None,
        values.option(
            "Show it in the browser; by default where somebody sits at a terminal.",
            "--open/--no-open",
            panel=values.OUTPUT,
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Play motions in the browser: one HTML file that needs nothing else, to keep, to send, to put on a page.

    motioncollage view out/motion.npz
    """
    from mdm_adapter.commands.export import chosen_samples
    from mdm_adapter.io.paths import refuse_existing
    from mdm_adapter.io.viewer.page import save_page

    target = out or files[0].with_name(f"{files[0].stem if len(files) == 1 else 'motions'}.html")
    try:
        refuse_existing([target], force)
    except FileExistsError as error:
        raise ValueError(str(error)) from None
    motions = [
        (file.stem, chosen_samples(motion, samples)) for file, motion in zip(files, reading.read(files))
    ]
    save_page(target, motions, force=force, title=title, theme=theme)
    console.print(f"wrote {target}")
    if open_ is None:
        open_ = sys.stdout.isatty() and has_screen()
    if open_:
        open_in_browser(target.resolve().as_uri())


def has_screen() -> bool:
    """Whether a browser would have a window. Without a screen a browser would open in the terminal and take it over."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_in_browser(address: str) -> None:
    """Show an address, or say that nothing can."""
    import webbrowser

    if not webbrowser.open(address):
        notes.print(f"no browser was found; open {address} yourself")
