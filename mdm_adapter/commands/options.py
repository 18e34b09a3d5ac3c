"""Options that commands of motion share."""

import inspect
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage import plugins
from motioncollage.shell import values
from motioncollage.shell.options import Force, GuidanceScale, ModelOptions, Seed
from motioncollage.shell.values import ADVANCED, LENGTH, OUTPUT
from motioncollage.wording import shown

TIMELINES = (".json", ".csv")
LONGEST_NAME = 4096

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion

__all__ = ["GuidanceScale", "ModelOptions", "OutputOptions", "Precision", "Prompt", "ReadOptions", "Seconds"]

READABLE = ".npz of ours or of AMASS, .npy of HumanML3D, .bvh, .glb, or what a plug-in reads"

Precision = Annotated[
    str | None,
    values.option(
        "auto (bfloat16 where it is fast; float32 for the last steps), float32, bfloat16; the preset's by default.",
        panel=ADVANCED,
    ),
]
Prompt = Annotated[
    str,
    values.argument(
        'A sentence, "a | b | c", or a timeline: [{"text": ..., "seconds": ...}], a .json or a .csv file.',
        check=lambda name, value: ask_about_files(value),
    ),
]


def ask_about_files(prompt: str) -> None:
    """Refuse a folder, or what looks like the name of a file, as a prompt: no model can do "scene.cvs".

    Raises:
        ValueError: such a prompt; the message says which file was perhaps meant.
    """
    word = prompt.strip()
    if not word or len(word) > LONGEST_NAME or "\0" in word or "|" in word or word[0] in "[{":
        return
    path = Path(word)
    try:
        there = path.exists()
    except OSError:
        return
    if there and path.is_dir() and (os.sep in word or any(path.iterdir())):
        raise ValueError(
            f"{shown(word)!r} is a folder; name a .json or .csv timeline in it, or write an action"
        )
    if path.suffix.lower() in TIMELINES or not (there or _is_name(word)):
        return
    if there and path.is_file() and path.suffix:
        raise ValueError(
            f"{shown(word)!r} is a file, but no timeline; give a .json or a .csv, or write an action"
        )
    if _is_name(word):
        near = _near(path)
        raise ValueError(
            f"{shown(word)!r} looks like a file, and there is none of that name;"
            f" {f'did you mean {near}?' if near else 'give a .json or a .csv timeline, or write an action'}"
        )


def _is_name(word: str) -> bool:
    """One word that ends like a file, or a path."""
    return " " not in word and bool(re.fullmatch(r".*\w\.[A-Za-z]\w{1,4}|\.{0,2}/.*|.+/.+\.\w+", word))


def _near(path: Path) -> str | None:
    """A timeline beside it whose name is nearly the same."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in TIMELINES]
    except OSError:
        return None
    found = get_close_matches(path.name, names, 1, 0.6)
    return shown(path.with_name(found[0]), 200) if found else None


Seconds = Annotated[
    float | None,
    values.seconds("Length of the whole motion; by default each action gets its own.", panel=LENGTH),
]


@dataclass(frozen=True)
class OutputOptions:
    """Where motion goes, and what is made of it."""

    out: Annotated[Path, values.folder("Folder for motion.npz, motion.mp4 and contact_sheet.png.")] = Path(
        "out"
    )
    samples: Annotated[int, values.samples("How many motions to make of the same request.")] = 1
    seed: Seed = 0
    video: Annotated[bool, values.option("Render motion.mp4.", panel=OUTPUT)] = True
    sheet: Annotated[bool, values.option("Draw contact_sheet.png.", panel=OUTPUT)] = True
    force: Force = False
    formats: Annotated[
        str,
        values.option(
            "Also write these formats, with commas: bvh, glb, html, smpl, csv, npy.",
            "--to",
            "--export",
            panel=OUTPUT,
        ),
    ] = ""


@dataclass(frozen=True)
class ReadOptions:
    """What some files need to be understood."""

    map: Annotated[
        Path | None,
        values.file_option(
            "A .json that says which joint of a BVH or GLB file is which; where it is needed, a draft is written.",
            what="--map",
            panel=ADVANCED,
        ),
    ] = None
    body_model: Annotated[
        Path | None,
        values.place_option(
            "Folder of SMPL body models (.npz) for AMASS files; MOTIONCOLLAGE_BODY_MODELS, or ~/.motioncollage/body_models.",
            what="--body-model",
            panel=ADVANCED,
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
