"""Commands: one by itself, one in a group of its own."""

from pathlib import Path
from typing import Annotated

import typer

from motioncollage.shell.output import console

MotionFile = Annotated[Path, typer.Argument(help="A motion in any format that is read.")]


def distance(motion: Path) -> None:
    """How far the root goes.

    Arguments:
        motion: A motion in any format that is read.
    """
    import motioncollage as mc

    root = mc.read(motion).joints[0, :, 0][:, [0, 2]]
    console.print(f"{abs(root[1:] - root[:-1]).sum():.2f} m along x and z")


def speed(motion: MotionFile) -> None:
    """How fast a motion is recorded."""
    import motioncollage as mc

    console.print(f"{mc.read(motion).fps:g} frames a second")
