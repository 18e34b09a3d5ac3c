"""What a data set holds."""

from collections import Counter
from pathlib import Path

from rich.table import Table

from mdm_adapter.data.datasets import SPLITS, detect_layout, read_dataset
from motioncollage.shell.output import console, progress_bar


def show_dataset(path: Path) -> None:
    """Clips, minutes and actions of a data folder, and why others were left out.

    Raises:
        ValueError: it is no data folder.
    """
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
