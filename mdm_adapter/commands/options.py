"""Options that commands of motion share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from motioncollage.shell.options import GuidanceScale, ModelOptions

__all__ = ["GuidanceScale", "ModelOptions", "OutputOptions", "Precision", "Prompt", "Seconds"]

Precision = Annotated[
    str | None,
    typer.Option(
        help="auto (bfloat16 where it is fast; float32 for the last steps), float32, bfloat16; the preset's by default."
    ),
]
Prompt = Annotated[
    str,
    typer.Argument(
        help='A sentence, "a | b | c", or a timeline: [{"text": ..., "seconds": ...}], a .json or a .csv file.'
    ),
]
Seconds = Annotated[
    float | None, typer.Option(help="Length of the whole motion; by default each action gets its own.")
]


@dataclass(frozen=True)
class OutputOptions:
    """Where motion goes, and what is made of it."""

    out: Annotated[Path, typer.Option(help="Folder for motion.npz, motion.mp4 and contact_sheet.png.")] = (
        Path("out")
    )
    samples: Annotated[int, typer.Option(help="How many motions to make of the same request.")] = 1
    seed: Annotated[int, typer.Option(help="The same command with the same seed gives the same motion.")] = 0
    video: Annotated[bool, typer.Option(help="Render motion.mp4.")] = True
    sheet: Annotated[bool, typer.Option(help="Draw contact_sheet.png.")] = True
    force: Annotated[bool, typer.Option(help="Replace files that are there.")] = False
    formats: Annotated[
        str,
        typer.Option(
            "--to", "--export", help="Also write these formats, with commas: bvh, glb, html, smpl, csv, npy."
        ),
    ] = ""
