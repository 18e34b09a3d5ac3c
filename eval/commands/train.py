"""`motioncollage train evaluator`: resumable training of a judge of text and motion."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage import plugins
from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.output import check_output, console, progress_bar, tell_stopped
from motioncollage.wording import plural

if TYPE_CHECKING:
    from rich.table import Table

    from eval.benchmark.maker import RealClips
    from eval.judges.probes import ProbeRow
    from eval.judges.training import Progress
    from eval.judges.training_data import EvaluatorData

Data = Annotated[Path, values.data_folder("A HumanML3D folder or a starter pack.")]
Out = Annotated[Path, values.folder("Folder for checkpoint, log and the finished model.")]


def evaluator(
    data: Data,
    out: Out = Path("runs/evaluator"),
    steps: Annotated[
        int,
        values.count(
            "Steps in all, counted from the start of the run.", most=100_000_000, panel=values.LENGTH
        ),
    ] = 800,
    batch_size: Annotated[
        int,
        values.count(
            "Clips per step; each is the others' wrong answer.", least=2, most=65_536, panel=values.QUALITY
        ),
    ] = 128,
    learning_rate: Annotated[
        float, values.number("Peak learning rate.", above=0, most=1, panel=values.QUALITY)
    ] = 1e-3,
    mirror: Annotated[
        bool, values.option("Add mirrored clips with left and right exchanged.", panel=values.MAKING)
    ] = True,
    cache: Annotated[
        Path | None,
        values.folder(
            "Folder for the features, read once; usually cache/ beside the run.", panel=values.ADVANCED
        ),
    ] = None,
    seed: Annotated[int, values.seed("Seed of weights, batches and noise.")] = 0,
    device: Device = "auto",
) -> None:
    """Train a text-motion evaluator and show how well it judges the val split."""
    from eval.judges.probes import probe_evaluator
    from eval.judges.starter import FILE, save_starter_evaluator
    from eval.judges.training import train_evaluator
    from eval.judges.training_data import TrainingSettings
    from motioncollage.devices import choose_device
    from motioncollage.processes import refuse_several

    refuse_several("train evaluator")
    settings = TrainingSettings(steps=steps, batch=batch_size, learning_rate=learning_rate, seed=seed)
    where = choose_device(device)
    check_output(out, [], force=True)
    cache = cache or out / "cache"
    reached = 0

    def report(state: "Progress") -> None:
        nonlocal reached
        reached = state.step
        update(state.step, state.steps)

    clips = evaluator_data(
        _read(data, "train", cache=cache), mirror=mirror, shortest=settings.shortest, cache=cache
    )
    with progress_bar("training") as update:
        update(0, steps)
        judge = train_evaluator(
            clips, settings, device=where, checkpoint=out / "checkpoint.pt", progress=report,
        )  # fmt: skip
    if reached:
        tell_stopped(reached, steps)
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
    dataset: "RealClips", *, mirror: bool, shortest: int, cache: Path | None = None
) -> "EvaluatorData":
    """Clips for the evaluator; two of one (action, style) are not a wrong match, without labels each is its own."""
    from eval.judges.training_data import EvaluatorData

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


def probe_table(rows: "Sequence[ProbeRow]", title: str) -> "Table":
    """The judge's figures on real and on spoilt motion."""
    from rich.table import Table

    names = [metric.name for metric in rows[0].metrics]
    table = Table("motion", *names, title=title)
    for row in rows:
        table.add_row(row.name, *(f"{row[name]:.3f}" for name in names))
    return table


def _read(path: Path, split: str, *, allow_empty: bool = False, cache: Path | None = None) -> "RealClips":
    read = plugins.load("readers", "dataset")
    with progress_bar(f"reading {split}") as update:
        dataset: RealClips = read(path, split, progress=update, allow_empty=allow_empty, cache=cache)
    if dataset.rejected:
        name, reason = next(iter(dataset.rejected.items()))
        console.print(f"left out {len(dataset.rejected)} of {split}, such as {name}: {reason}")
    return dataset
