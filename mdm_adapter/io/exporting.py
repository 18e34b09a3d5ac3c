"""One motion in several formats."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mdm_adapter.motion import Motion
from motioncollage import plugins
from motioncollage.files import numbered
from motioncollage.shell.output import check_output


def write_formats(
    motion: Motion, targets: Mapping[str, Path], *, source: Path, force: bool, **options: Any
) -> Iterator[Path]:
    """Write a motion in every format, and yield each file when it is there.

    Everything is checked before the first is written. With `force` what the files behind the first replace goes first:
    killed between two of them, an export leaves no mixture.

    Args:
        targets: a file for each format, all in one folder.
        source: the file that the motion came from; it is never removed.
        options: of the writers.

    Raises:
        ValueError: a format that no writer has, or an option that one of them has not.
        FileExistsError: a file is there and `force` is false.
    """
    for name in targets:
        plugins.load("writers", name).check(name, motion.samples, options)
    files = list(targets.values())
    if files:
        check_output(files[0].parent, [file.name for file in files], force=force)
    if force:
        _remove_others(files, motion.samples, source)
    for name, target in targets.items():
        yield from motion.save(target, force=force, format=name, **options)


def _remove_others(targets: list[Path], samples: int, source: Path) -> None:
    for target in targets:
        for one in numbered(target, samples):
            mine = [one.with_suffix(".json")] if one.suffix == ".bvh" else []
            for left in [*mine, one] if one != targets[0] else mine:
                if left.is_file() and not left.samefile(source):
                    left.unlink()
