"""The whole making of HumanML3D from AMASS, with everything it says on its way; a run begun again goes on where it stopped."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import torch
from rich.table import Table

from mdm_adapter.bodies import Bodies
from mdm_adapter.data.humanml3d import (
    HUMANACT12,
    Cut,
    Made,
    Sources,
    check_models,
    copy_splits,
    copy_texts,
    finished,
    make_clips,
    read_index,
    write_report,
    write_statistics,
)
from motioncollage.shell.output import check_output, console, keeping, progress_bar
from motioncollage.wording import plural


def make_dataset(
    sources: Sources, index: Path, texts: Path, splits: Path | None, out: Path, *, processes: int, force: bool
) -> None:
    """Clips, mirror images, texts, statistics and splits in a folder.

    Args:
        index: HumanML3D's index.csv.
        texts: its texts.zip.
        splits: the folder of train.txt and the others; None for those beside the texts or the index.

    Raises:
        ValueError: a file that is something else, or no clip that can be made.
    """
    cuts = read_index(index)
    check_output(out, [], force=True)
    copy_texts(texts, set(), out, force=force)  # refuses what is no such archive before the work
    if any(cut.collection != HUMANACT12 for cut in cuts):
        check_models(Bodies(sources.body_models))
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
    takes: list[list[Cut]], sources: Sources, out: Path, processes: int, *, force: bool
) -> Iterator[list[Made]]:
    """What became of the cuts of each take, in any order."""
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
    torch.set_num_threads(1)


def _summary(made: list[Made], untold: set[str], out: Path) -> None:
    """Clips by collection, and why others are missing."""
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
