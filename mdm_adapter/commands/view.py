"""`motioncollage view`: motions side by side on one page."""

from pathlib import Path
from typing import Annotated

from mdm_adapter.commands.options import Chosen
from mdm_adapter.io.incoming import READABLE, ReadOptions, chosen_samples
from motioncollage.shell import values
from motioncollage.shell.options import Force
from motioncollage.shell.output import console, has_screen, open_in_browser


def view(
    files: Annotated[list[Path], values.file_to_read(f"Motions: {READABLE}; 8 figures at most.", what="motion")],
    reading: ReadOptions, out: Annotated[Path, values.written(endings=(".html", ".htm"))] | None = None,
    samples: Chosen = "all", title: str = "",
    theme: Annotated[str, values.choice(known=("auto", "light", "dark"))] = "auto",
    open_: Annotated[bool, values.named("--open/--no-open")] | None = None, force: Force = False,
) -> None:  # fmt: skip
    """Play motions in the browser: one HTML file that needs nothing else, to keep, to send, to put on a page.

    motioncollage view out/motion.npz

    Output:
        out: The page, an .html; by default beside the first file.
        title: Stands above the figures.
        theme: light, dark, or auto: what the reader's system has.
        open_: Show it in the browser; by default where somebody sits at a terminal.
    """
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
    if has_screen() if open_ is None else open_:
        open_in_browser(target.resolve().as_uri())
