"""A whole training of an evaluator, from a data folder to its figures on clips that it has not seen."""

from collections.abc import Sequence
from pathlib import Path

import torch
from rich.table import Table

from eval.benchmark.maker import RealClips
from eval.judges.probes import ProbeRow, probe_evaluator
from eval.judges.starter import FILE, save_starter_evaluator
from eval.judges.training import train_evaluator
from eval.judges.training_data import EvaluatorData, TrainingSettings
from motioncollage import plugins
from motioncollage.shell.output import check_output, console, progress_bar
from motioncollage.shell.training import run_trainer
from motioncollage.wording import plural


def run(
    data: Path, out: Path, cache: Path, settings: TrainingSettings, *, mirror: bool, device: torch.device
) -> None:
    """Train, write the evaluator, show how well it judges the val split."""
    check_output(out, [], force=True)
    clips = evaluator_data(
        _read(data, "train", cache=cache), mirror=mirror, shortest=settings.shortest, cache=cache
    )
    judge = train_evaluator(
        clips, settings, device=device, checkpoint=out / "checkpoint.pt",
        run=lambda trainer: run_trainer(trainer, out, settings.steps),
    )  # fmt: skip
    target = out / FILE
    save_starter_evaluator(judge, target)
    console.print(f"wrote {target}: use it with motioncollage eval --evaluator {target}")
    val = _read(data, "val", allow_empty=True)
    if len(val):
        held_out = evaluator_data(val, mirror=False, shortest=settings.shortest)
        if len(held_out.features) < 2:
            console.print(
                "the val split has fewer than 2 clips to judge by, so how well it judges is not shown"
            )
            return
        texts = [captions[0] for captions in held_out.captions]
        pool = min(32, len(set(held_out.labels)))
        rows = probe_evaluator(judge, held_out.features, texts, held_out.labels, pool=pool)
        console.print(probe_table(rows, f"val split, retrieval among {pool}"))


def evaluator_data(
    dataset: RealClips, *, mirror: bool, shortest: int, cache: Path | None = None
) -> EvaluatorData:
    """Clips for the evaluator; two of one (action, style) are not a wrong match, without labels each is its own."""
    short = {clip.name for clip in dataset if clip.frames <= shortest}
    if short:
        console.print(f"left out {plural(len(short), 'clip')} of at most {shortest} frames")
    both = dataset
    if mirror:
        with progress_bar("mirroring") as update:
            both = dataset.mirrored(cache=cache, name="train-mirrored", progress=update)
    # A mirrored clip is a frame shorter; the clips that are long enough keep their mirror images.
    clips = [clip for clip in both if clip.name.removesuffix("-mirrored") not in short]
    labels = [(clip.action, clip.style) if clip.action else (clip.name,) for clip in clips]
    return EvaluatorData(
        [clip.features for clip in clips], [clip.captions for clip in clips], labels, both.release
    )


def probe_table(rows: Sequence[ProbeRow], title: str) -> Table:
    """The judge's figures on real and on spoilt motion."""
    names = [metric.name for metric in rows[0].metrics]
    table = Table("motion", *names, title=title)
    for row in rows:
        table.add_row(row.name, *(f"{row[name]:.3f}" for name in names))
    return table


def _read(path: Path, split: str, *, allow_empty: bool = False, cache: Path | None = None) -> RealClips:
    read = plugins.load("readers", "dataset")
    with progress_bar(f"reading {split}") as update:
        dataset: RealClips = read(path, split, progress=update, allow_empty=allow_empty, cache=cache)
    if dataset.rejected:
        name, reason = next(iter(dataset.rejected.items()))
        console.print(f"left out {len(dataset.rejected)} of {split}, such as {name}: {reason}")
    return dataset
