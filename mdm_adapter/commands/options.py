"""Options that commands of motion share."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motioncollage import plugins
from motioncollage.shell.options import GuidanceScale, ModelOptions

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion

__all__ = ["GuidanceScale", "ModelOptions", "OutputOptions", "Precision", "Prompt", "ReadOptions", "Seconds"]

READABLE = ".npz of ours or of AMASS, .npy of HumanML3D, .bvh, .glb, or what a plug-in reads"

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


@dataclass(frozen=True)
class ReadOptions:
    """What some files need to be understood."""

    map: Annotated[
        Path | None,
        typer.Option(
            help="A .json that says which joint of a BVH or GLB file is which; where it is needed, a draft is written."
        ),
    ] = None
    body_model: Annotated[
        Path | None,
        typer.Option(
            help="Folder of SMPL body models (.npz) for AMASS files; MOTIONCOLLAGE_BODY_MODELS, or ~/.motioncollage/body_models."
        ),
    ] = None

    def read(self, files: Sequence[Path]) -> "Iterator[Motion]":
        """Motions from files, one after another; an option goes to those whose readers take it.

        Raises:
            ValueError: a file that cannot be read, or an option that none of them takes. Of a skeleton that nobody knows
                a draft of the map lies beside the file then.
        """
        given = {name: value for name in ("map", "body_model") if (value := getattr(self, name)) is not None}
        takes = [
            {name for name in given if name in inspect.signature(plugins.load("readers", ending)).parameters}
            if (ending := file.suffix.lower().lstrip(".")) in plugins.available("readers")
            else set()
            for file in files
        ]
        for name in given:
            if not any(name in taken for taken in takes):
                raise ValueError(
                    f"--{name.replace('_', '-')} is for other files than {files[0].name}; leave it out"
                )
        for file, taken in zip(files, takes):
            yield self._read(file, {name: given[name] for name in taken})

    @staticmethod
    def _read(file: Path, options: dict[str, Path]) -> "Motion":
        from mdm_adapter.io.families import UnknownSkeleton
        from mdm_adapter.io.name_maps import write_draft
        from mdm_adapter.motion import read_motion

        try:
            return read_motion(file, **options)
        except UnknownSkeleton as error:
            target = file.with_name(f"{file.stem}.map.json")
            try:
                write_draft(target, error.names)
                told = f"a draft is {target}: correct it and give"
            except FileExistsError:
                told = f"{target} is there already: give"
            except OSError as failed:
                raise ValueError(f"{error} (no draft was written: {failed})") from None
            raise ValueError(f"{error}; {told} --map {target}") from None
