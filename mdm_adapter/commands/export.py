"""`motioncollage export`: motion for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mdm_adapter.commands.options import READABLE, ReadOptions
from motioncollage import plugins
from motioncollage.shell import values
from motioncollage.shell.options import Force, spread_options
from motioncollage.shell.output import check_output, console

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion


@spread_options
def export(
    file: Annotated[Path, values.file_to_read(f"A motion: {READABLE}.", what="motion")],
    reading: ReadOptions,
    to: Annotated[
        str,
        values.option(
            "Formats with commas: bvh, glb, html, smpl, smpl-glb, obj, csv, npy, npz, mp4, png, or a plug-in's.",
            panel=values.OUTPUT,
        ),
    ],
    out: Annotated[Path | None, values.folder("Folder; that of the file by default.")] = None,
    samples: Annotated[
        str, values.option("Which samples, such as 1 or 1,3; all by default.", panel=values.MAKING)
    ] = "all",
    fps: Annotated[
        float | None,
        values.number("Frames a second of the result.", least=1, most=1000, panel=values.MAKING),
    ] = None,
    scale: Annotated[
        float | None,
        values.number("Units a metre: 100 writes centimetres.", above=0, most=1e6, panel=values.MAKING),
    ] = None,
    up: Annotated[str | None, values.option("y or z.", panel=values.MAKING)] = None,
    loop: Annotated[
        bool, values.option("Close the cycle of a loop: the last key is the first.", panel=values.MAKING)
    ] = False,
    cycles: Annotated[
        int | None, values.count("How often a loop is played.", most=1000, panel=values.MAKING)
    ] = None,
    in_place: Annotated[
        bool, values.option("Take the way out of a travelling loop.", panel=values.MAKING)
    ] = False,
    force: Force = False,
) -> None:
    """Write a motion for Blender, Unity, Unreal, the web, or as numbers.

    motioncollage export out/motion.npz --to bvh,glb
    """
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
    for name in formats:
        plugins.load("writers", name).check(name, motion.samples, options)
    check_output(folder, [target.name for target in targets.values()], force=force)
    if force:
        _remove_others(list(targets.values()), motion.samples, file)
    for name, target in targets.items():
        for written in motion.save(target, force=force, format=name, **options):
            console.print(f"wrote {written}")


def _remove_others(targets: list[Path], samples: int, source: Path) -> None:
    """What the files behind the first replace goes first: killed between two of them, an export leaves no mixture."""
    for target in targets:
        for number in range(samples):
            one = target if number == 0 else target.with_stem(f"{target.stem}-{number + 1}")
            mine = [one.with_suffix(".json")] if one.suffix == ".bvh" else []
            for left in [*mine, one] if one != targets[0] else mine:
                if left.is_file() and not left.samefile(source):
                    left.unlink()


def chosen_samples(motion: "Motion", samples: str) -> "Motion":
    """The samples of a motion that `--samples` names: `all`, or numbers from 1 with commas.

    Raises:
        ValueError: no numbers, or a sample that the motion has not.
    """
    from dataclasses import replace

    if samples == "all":
        return motion
    chosen = _numbers(samples, motion.samples)
    return replace(motion, joints=motion.joints[chosen], features=motion.features[chosen])


def _numbers(text: str, count: int) -> list[int]:
    """Samples from 0, of numbers from 1 with commas."""
    try:
        found = [int(part) - 1 for part in text.split(",")]
    except ValueError as error:
        raise ValueError(f"--samples {text!r} are no numbers with commas; write 1 or 1,3, or all") from error
    if not all(0 <= number < count for number in found):
        raise ValueError(f"--samples is {text}; the motion has samples 1 to {count}")
    return found
