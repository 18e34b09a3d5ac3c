"""`motioncollage data import`: recordings of other programs become motion of ours."""

from pathlib import Path
from typing import Annotated

from mdm_adapter.io.incoming import READABLE, ReadOptions
from motioncollage.files import refuse_existing
from motioncollage.shell import values
from motioncollage.shell.options import Force
from motioncollage.shell.output import console
from motioncollage.wording import plural


def import_(
    files: Annotated[list[Path], values.file_to_read(f"Recordings: {READABLE}.", what="recording")],
    reading: ReadOptions, out: Annotated[Path, values.folder()] = Path("out"), force: Force = False,
) -> None:  # fmt: skip
    """Bring recordings to the 22 joints and the 263 features, as .npz like generated motion.

    motioncollage data import walk.bvh --out out

    Output:
        out: Folder for one .npz per recording.
    """
    targets = [out / f"{path.stem}.npz" for path in files]
    for path, target in zip(files, targets):
        if target.resolve() == path.resolve():
            raise ValueError(f"{path} would replace itself; give another folder with --out")
        if targets.count(target) > 1:
            raise ValueError(
                f"several recordings would become {target}; import them one by one, each with an --out"
            )
        refuse_existing(target, force)
    # All of them before the first is written, so that a broken one leaves nothing.
    motions = list(reading.read(files))
    for target, motion in zip(targets, motions):
        motion.save(target, force=force)
        console.print(f"wrote {target} ({plural(motion.frames, 'frame')})")
