"""`motioncollage data import`: recordings of other programs become motion of ours."""

from pathlib import Path
from typing import Annotated

import typer

from mdm_adapter.commands.options import READABLE, ReadOptions
from motioncollage.shell.options import spread_options
from motioncollage.shell.output import console


@spread_options
def import_(
    files: Annotated[list[Path], typer.Argument(help=f"Recordings: {READABLE}.")],
    reading: ReadOptions,
    out: Annotated[Path, typer.Option(help="Folder for one .npz per recording.")] = Path("out"),
    force: Annotated[bool, typer.Option(help="Replace files that are there.")] = False,
) -> None:
    """Bring recordings to the 22 joints and the 263 features, as .npz like generated motion."""
    targets = [out / f"{path.stem}.npz" for path in files]
    for path, target in zip(files, targets):
        if target.resolve() == path.resolve():
            raise ValueError(f"{path} would replace itself; give another folder with --out")
    for target, motion in zip(targets, reading.read(files)):
        motion.save(target, force=force)
        console.print(f"wrote {target} ({motion.frames} frames)")
