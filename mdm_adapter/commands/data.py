"""`motioncollage data`: look at datasets and bring recordings in."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from motioncollage.shell import values
from motioncollage.shell.options import Force
from motioncollage.shell.output import console, progress_bar
from motioncollage.wording import plural

app = typer.Typer(help="Inspect datasets, import BVH recordings.", no_args_is_help=True)


@app.command()
def info(path: Annotated[Path, values.data_folder("A HumanML3D folder or a starter pack.")]) -> None:
    """Count clips, hours and actions; list what cannot be used and why."""
    from rich.table import Table

    from mdm_adapter.data.datasets import SPLITS, detect_layout, read_dataset

    layout = detect_layout(path)
    table = Table("split", "clips", "minutes", "left out", title=f"{path} ({layout})")
    actions: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for split in SPLITS:
        if layout == "humanml3d" and not (path / f"{split}.txt").exists():
            continue
        with progress_bar(f"reading {split}") as update:
            dataset = read_dataset(path, split, progress=update, allow_empty=True)
        frames = sum(clip.frames for clip in dataset)
        actions.update(clip.action for clip in dataset if clip.action)
        reasons.update(dataset.rejected.values())
        table.add_row(split, str(len(dataset)), f"{frames / 1200:.1f}", str(len(dataset.rejected)))
    console.print(table)
    if actions:
        console.print("actions: " + ", ".join(f"{name} {count}" for name, count in actions.most_common(25)))
    for reason, count in reasons.most_common():
        console.print(f"left out: {count} x {reason}")


@app.command("import-bvh")
def import_bvh_command(
    files: Annotated[list[Path], values.file_to_read("BVH recordings.", what="recording")],
    out: Annotated[Path, values.folder("Folder for one .npz per recording.")] = Path("out"),
    force: Force = False,
) -> None:
    """Bring BVH recordings to the 22 joints and the 263 features, as .npz like generated motion."""
    from mdm_adapter.motion import read_motion

    for path in files:
        motion = read_motion(path)
        target = out / f"{path.stem}.npz"
        motion.save(target, force=force)
        console.print(f"wrote {target} ({plural(motion.frames, 'frame')})")
