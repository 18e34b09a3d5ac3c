"""`motioncollage export`: motion for other programs."""

from pathlib import Path
from typing import Annotated, Any

from mdm_adapter.commands.options import Chosen, MotionFile
from mdm_adapter.io.incoming import ReadOptions, chosen_samples
from motioncollage.shell import values
from motioncollage.shell.options import Force
from motioncollage.shell.output import console


def export(
    file: MotionFile, reading: ReadOptions, to: str, out: Annotated[Path, values.folder()] | None = None,
    samples: Chosen = "all", fps: Annotated[float, values.number(least=1, most=1000)] | None = None,
    scale: Annotated[float, values.number(above=0, most=1e6)] | None = None, up: str | None = None, loop: bool = False,
    cycles: Annotated[int, values.count(most=1000)] | None = None, in_place: bool = False, force: Force = False,
) -> None:  # fmt: skip
    """Write a motion for Blender, Unity, Unreal, the web, or as numbers.

    motioncollage export out/motion.npz --to bvh,glb

    What to make:
        fps: Frames a second of the result.
        scale: Units a metre: 100 writes centimetres.
        up: y or z.
        loop: Close the cycle of a loop: the last key is the first.
        cycles: How often a loop is played.
        in_place: Take the way out of a travelling loop.
    Output:
        to: Formats with commas: bvh, glb, html, smpl, smpl-glb, obj, csv, npy, npz, mp4, png, or a plug-in's.
        out: Folder; that of the file by default.
    """
    from mdm_adapter.io.exporting import write_formats
    from mdm_adapter.motion import format_names, target_of

    formats = format_names(to)
    (read,) = reading.read([file])
    motion = chosen_samples(read, samples)
    folder = file.parent if out is None else out
    asked: dict[str, Any] = {"fps": fps, "scale": scale, "up": up, "cycles": cycles}
    options = {name: value for name, value in asked.items() if value is not None}
    if reading.body_model is not None and {"obj", "smpl-glb"} & set(formats):
        options["body_model"] = reading.body_model
    options |= {name: True for name, wanted in (("loop", loop), ("in_place", in_place)) if wanted}
    targets = {name: target_of(folder / file.stem, name) for name in formats}
    for written in write_formats(motion, targets, source=file, force=force, **options):
        console.print(f"wrote {written}")
