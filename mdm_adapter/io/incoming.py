"""Motions out of files that somebody names, and what some of the files need to be understood."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage import plugins
from motioncollage.shell import values

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion

READABLE = ".npz of ours or of AMASS, .npy of HumanML3D, .bvh, .glb, or what a plug-in reads"


@dataclass(frozen=True)
class ReadOptions:
    """What some files need to be understood.

    Advanced:
        map: A .json that says which joint of a BVH or GLB file is which; where it is needed, a draft is written.
        body_model: Folder of SMPL body models (.npz) for AMASS files; MOTIONCOLLAGE_BODY_MODELS, or
            ~/.motioncollage/body_models.
    """

    map: Annotated[Path, values.file_option(what="--map")] | None = None
    body_model: Annotated[Path, values.place_option(what="--body-model")] | None = None

    def read(self, files: Sequence[Path]) -> "Iterator[Motion]":
        """Motions from files, one after another; an option goes to those whose readers take it.

        Raises:
            ValueError: a file that cannot be read, or an option that none of them takes. Of a skeleton that nobody knows
                a draft of the map lies beside the file then.
        """
        asked = {"map": self.map, "body_model": self.body_model}
        given = {name: path for name, path in asked.items() if path is not None}
        takes = [given.keys() & _taken(file) for file in files]
        for name in given:
            if not any(name in taken for taken in takes):
                raise ValueError(
                    f"--{name.replace('_', '-')} is for other files than {files[0].name}; leave it out"
                )
        for file, taken in zip(files, takes):
            yield _read(file, {name: given[name] for name in taken})


def _taken(file: Path) -> set[str]:
    """Options of the reader of a file; none where there is no reader."""
    ending = file.suffix.lower().lstrip(".")
    if ending not in plugins.available("readers"):
        return set()
    return set(inspect.signature(plugins.load("readers", ending)).parameters)


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


def chosen_samples(motion: "Motion", samples: str) -> "Motion":
    """The samples of a motion that `--samples` names: `all`, or numbers from 1 with commas.

    Raises:
        ValueError: no numbers, or a sample that the motion has not.
    """
    if samples == "all":
        return motion
    try:
        chosen = [int(part) - 1 for part in samples.split(",")]
    except ValueError as error:
        raise ValueError(
            f"--samples {samples!r} are no numbers with commas; write 1 or 1,3, or all"
        ) from error
    if not all(0 <= number < motion.samples for number in chosen):
        raise ValueError(f"--samples is {samples}; the motion has samples 1 to {motion.samples}")
    return replace(motion, joints=motion.joints[chosen], features=motion.features[chosen])
