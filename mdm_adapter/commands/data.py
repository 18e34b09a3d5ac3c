"""`motioncollage data`: look at datasets and bring recordings in."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motioncollage.shell import values
from motioncollage.shell.output import check_output, console, keeping, progress_bar
from motioncollage.wording import plural

if TYPE_CHECKING:
    from mdm_adapter.data.humanml3d import Cut, Made, Sources

app = typer.Typer(
    help="Inspect datasets, import recordings, make HumanML3D from AMASS.", no_args_is_help=True
)


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


@app.command()
def humanml3d(
    amass: Annotated[
        Path,
        values.folder_option("Folder of AMASS (SMPL+H G), a folder for each collection.", what="--amass"),
    ],
    body_models: Annotated[
        Path, values.folder_option("Folder of the SMPL+H body models, .npz.", what="--body-models")
    ],
    index: Annotated[Path, values.file_option("HumanML3D's index.csv.", what="--index")],
    texts: Annotated[Path, values.file_option("HumanML3D's texts.zip.", what="--texts")],
    out: Annotated[Path, values.folder("Folder for the data set.")],
    splits: Annotated[
        Path | None,
        values.folder_option(
            "Folder of train.txt and the others; usually beside texts.zip.", what="--splits"
        ),
    ] = None,
    humanact12: Annotated[
        Path | None,
        values.folder_option(
            "Folder of HumanAct12's .npy files; usually humanact12/ in AMASS.", what="--humanact12"
        ),
    ] = None,
    processes: Annotated[
        int, values.count("Processes that work at a time.", most=1024, panel=values.QUALITY)
    ] = 2,
    force: Annotated[bool, values.option("Make clips anew that are there.", panel=values.OUTPUT)] = False,
) -> None:
    """Make HumanML3D from AMASS: joints, 20 fps, mirror images, features, statistics, splits; run it again to go on."""
    from mdm_adapter.bodies import Bodies
    from mdm_adapter.data.humanml3d import (
        HUMANACT12,
        Sources,
        check_models,
        copy_splits,
        copy_texts,
        finished,
        read_index,
        write_report,
        write_statistics,
    )

    cuts = read_index(index)
    check_output(out, [], force=True)
    copy_texts(texts, set(), out, force=force)  # refuses what is no such archive before the work
    sources = Sources(amass, body_models, humanact12)
    if any(cut.collection != HUMANACT12 for cut in cuts):
        check_models(Bodies(body_models))
    takes: dict[str, list[Cut]] = defaultdict(list)
    for cut in cuts:
        takes[cut.source].append(cut)
    made: list[Made] = []
    kept = f"finished clips in {out} are kept; the same command goes on from there"
    with keeping(kept), progress_bar("clips") as update:
        update(0, len(cuts))
        for some in _made(list(takes.values()), sources, out, processes, force=force):
            made += some
            update(len(made), len(cuts))
    there = [cut.name for cut in cuts if finished(cut.name, out)]
    if not there:
        first = made[0]
        raise ValueError(
            f"none of {len(cuts)} clips could be made, such as {first.cut.source}: {first.problem}"
        )
    names = sorted({*there, *(f"M{name}" for name in there)})
    untold = copy_texts(texts, set(names), out, force=force)
    with progress_bar("statistics") as update:
        write_statistics(names, out, progress=update)
    listed = copy_splits(
        [splits] if splits is not None else [texts.parent, index.parent], set(names) - untold, out
    )
    write_report(made, untold, out / "missing.csv")
    _summary(made, untold, out)
    if "train" not in listed:
        where = splits or texts.parent
        console.print(
            f"no train.txt in {where}: put HumanML3D's split lists there, or name their folder with --splits"
        )
    else:
        console.print("splits: " + ", ".join(f"{name} {count}" for name, count in listed.items()))
    console.print(f"wrote {plural(len(there), 'clip')} and their mirror images to {out}")


def _made(
    takes: "list[list[Cut]]", sources: "Sources", out: Path, processes: int, *, force: bool
) -> "Iterator[list[Made]]":
    """What became of the cuts of each take, in any order."""
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    from mdm_adapter.data.humanml3d import make_clips

    if processes == 1:
        for cuts in takes:
            yield make_clips(cuts, sources, out, force=force)
        return
    # Spawned: PyTorch's threads do not survive a fork. Each takes a core.
    with ProcessPoolExecutor(processes, get_context("spawn"), _one_thread) as pool:
        pending = [pool.submit(make_clips, cuts, sources, out, force=force) for cuts in takes]
        try:
            for future in as_completed(pending):
                yield future.result()
        finally:
            for future in pending:
                future.cancel()


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _summary(made: "list[Made]", untold: set[str], out: Path) -> None:
    """Clips by collection, and why others are missing."""
    from rich.table import Table

    table = Table("collection", "clips", "missing", "such as", title=str(out))
    groups: dict[str, list[Made]] = defaultdict(list)
    for one in made:
        groups[one.cut.collection].append(one)
    for collection, members in sorted(groups.items()):
        missing = [one for one in members if one.problem]
        such = f"{missing[0].cut.source}: {missing[0].problem}" if missing else ""
        table.add_row(collection, str(len(members) - len(missing)), str(len(missing)), such)
    console.print(table)
    if untold:
        console.print(f"{len(untold)} have no captions in texts.zip, such as {min(untold)}")
    if untold or any(one.problem for one in made):
        console.print(f"all that is missing: {out / 'missing.csv'}")
