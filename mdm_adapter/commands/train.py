"""`motioncollage train`: resumable training on any supported data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from motioncollage.shell.common import choose_device, console, progress_bar

if TYPE_CHECKING:
    from eval.judges.probes import ProbeRow
    from eval.judges.training_data import EvaluatorData
    from mdm_adapter.data.datasets import Dataset

app = typer.Typer(
    help="Train models. Interrupt with Ctrl-C; the same command goes on where it stopped.",
    no_args_is_help=True,
)

Data = Annotated[Path, typer.Argument(help="A HumanML3D folder or a starter pack.")]
Out = Annotated[Path, typer.Option(help="Folder for checkpoint, log and the finished model.")]


@app.command()
def denoiser(
    data: Data,
    out: Out = Path("runs/denoiser"),
    steps: Annotated[int, typer.Option(help="Steps in all, counted from the start of the run.")] = 20_000,
    batch_size: Annotated[int, typer.Option(help="Clips per step.")] = 48,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 8e-4,
    layers: Annotated[int, typer.Option(help="Transformer layers.")] = 5,
    width: Annotated[int, typer.Option(help="Transformer width.")] = 384,
    arch: Annotated[
        str, typer.Option(help="dit (the bundled model's), or MDM's trans_enc or trans_dec.")
    ] = "dit",
    patch: Annotated[int, typer.Option(help="Frames of a token, for dit.")] = 2,
    feed_forward: Annotated[int, typer.Option(help="Width of the feed-forward part, for dit.")] = 736,
    text_encoder: Annotated[str, typer.Option(help="ordered, static, clip or bert.")] = "ordered",
    balance: Annotated[
        float, typer.Option(help="An action of n clips is drawn in proportion to n to this power.")
    ] = 0.15,
    diffusion_steps: Annotated[int, typer.Option(help="Steps of the cosine schedule.")] = 1000,
    mirror: Annotated[bool, typer.Option(help="Add mirrored clips with left and right exchanged.")] = True,
    transitions: Annotated[
        int,
        typer.Option(help="Made-up passages from one clip to the next among the training data; 0 for none."),
    ] = 3000,
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of weights, batches and noise.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train a motion denoiser; chooses the average weights that do best on the val split."""
    from mdm_adapter.data.datasets import Normalisation, mirror_clip
    from mdm_adapter.data.passages import Transition, TransitionSettings, make_transitions
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.models.text import load_text_encoder
    from mdm_adapter.models.vocabulary import Vocabulary
    from mdm_adapter.training import DenoiserTraining, balanced_chances, export_model, prepare
    from motioncollage.training import Trainer, TrainingSettings

    config = NetworkConfig(
        arch=arch, text_encoder_type=text_encoder, layers=layers, latent_dim=width, mask_frames=True,
        diffusion_steps=diffusion_steps,
    )  # fmt: skip
    if arch == "dit":
        # Two thirds of the width, in whole heads; networks of one head have one width.
        fine = max(64, width * 2 // 3 // 64 * 64) if width > 64 else width
        config = replace(config, patch=patch, feed_forward=feed_forward, fine_dim=fine)
    settings = TrainingSettings(steps=steps, learning_rate=learning_rate, seed=seed, precision=precision)
    where = choose_device(device)
    encoder = load_text_encoder(text_encoder)
    train = _read(data, "train")
    held_out = _read(data, "val") if _has_split(data, "val") else None
    batches = DenoiserTraining(batch_size=batch_size, balance=balance)
    normalisation = Normalisation.measure(train.clips, balanced_chances(train.clips, balance))
    vocabulary = Vocabulary.of(train.clips)
    if mirror:
        from mdm_adapter.data.datasets import Dataset

        train = Dataset(train.clips + tuple(mirror_clip(clip) for clip in train.clips), train.rejected)
    passages: list[Transition] = []
    if transitions:
        chances = balanced_chances(train.clips, batches.balance)
        with progress_bar("joining clips") as update:
            passages = make_transitions(
                train.clips, chances, TransitionSettings(count=transitions), seed=seed, progress=update
            )
    model, objective = prepare(
        train, held_out, encoder, config, batches, normalisation,
        seed=seed, device=where, transitions=passages,
    )  # fmt: skip
    about = (
        f"denoiser {arch} {layers} x {width}{f', {patch} frames a token' if arch == 'dit' else ''}, {text_encoder} text,"
        f" {diffusion_steps} levels, batch {batch_size}, balance {balance:g}, mirror {mirror}, {transitions} transitions,"
        f" seed {seed}"
    )
    trainer = Trainer(model, objective, settings, checkpoint=out / "checkpoint.pt", about=about)
    if trainer.step:
        console.print(f"resuming {out / 'checkpoint.pt'} at step {trainer.step}")
    with progress_bar("training") as update, TrainingLog(out / "log.jsonl") as log:

        def report(step: int, figures: dict[str, float]) -> None:
            update(step, steps)
            log.add(step, figures)

        reached = trainer.run(report)
    folder = out / "model"
    export_model(folder, trainer, config, normalisation, vocabulary)
    console.print(f"step {reached} of {steps}; wrote {folder}: use it with --model {folder}")


@app.command()
def evaluator(
    data: Data,
    out: Out = Path("runs/evaluator"),
    steps: Annotated[int, typer.Option(help="Steps in all, counted from the start of the run.")] = 800,
    batch_size: Annotated[int, typer.Option(help="Clips per step; each is the others' wrong answer.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 1e-3,
    mirror: Annotated[bool, typer.Option(help="Add mirrored clips with left and right exchanged.")] = True,
    seed: Annotated[int, typer.Option(help="Seed of weights, batches and noise.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train a text-motion evaluator and show how well it judges the val split."""
    from eval.judges.probes import probe_evaluator
    from eval.judges.starter import save_starter_evaluator
    from eval.judges.training import train_evaluator
    from eval.judges.training_data import TrainingSettings

    settings = TrainingSettings(steps=steps, batch=batch_size, learning_rate=learning_rate, seed=seed)
    where = choose_device(device)
    out.mkdir(parents=True, exist_ok=True)
    train = _read(data, "train")
    with progress_bar("training") as update:
        judge = train_evaluator(
            evaluator_data(train, mirror=mirror, shortest=settings.shortest), settings, device=where,
            checkpoint=out / "checkpoint.pt", progress=lambda state: update(state.step, state.steps),
        )  # fmt: skip
    target = out / "evaluator.pt"
    save_starter_evaluator(judge, target)
    console.print(f"wrote {target}: use it with motioncollage eval --evaluator {target}")
    if _has_split(data, "val"):
        held_out = evaluator_data(_read(data, "val"), mirror=False, shortest=settings.shortest)
        texts = [captions[0] for captions in held_out.captions]
        pool = min(32, len(set(held_out.labels)))
        rows = probe_evaluator(judge, held_out.features, texts, held_out.labels, pool=pool)
        console.print(probe_table(rows, f"val split, retrieval among {pool}"))


def evaluator_data(dataset: "Dataset", *, mirror: bool, shortest: int) -> "EvaluatorData":
    """Clips for the evaluator; two of one (action, style) are not a wrong match, without labels each is its own."""
    from eval.judges.training_data import EvaluatorData
    from mdm_adapter.data.datasets import mirror_clip

    clips = [clip for clip in dataset if clip.frames > shortest]
    if len(clips) < len(dataset):
        console.print(f"left out {len(dataset) - len(clips)} clips of at most {shortest} frames")
    if mirror:
        clips += [mirror_clip(clip) for clip in clips]
    labels = [(clip.action, clip.style) if clip.action else (clip.name,) for clip in clips]
    return EvaluatorData([clip.features for clip in clips], [clip.captions for clip in clips], labels)


def probe_table(rows: "Sequence[ProbeRow]", title: str) -> Table:
    """The judge's figures on real and on spoilt motion."""
    names = [metric.name for metric in rows[0].metrics]
    table = Table("motion", *names, title=title)
    for row in rows:
        table.add_row(row.name, *(f"{row[name]:.3f}" for name in names))
    return table


def _read(path: Path, split: str) -> "Dataset":
    from mdm_adapter.data.datasets import read_dataset

    with progress_bar(f"reading {split}") as update:
        dataset = read_dataset(path, split, progress=update)
    if dataset.rejected:
        name, reason = next(iter(dataset.rejected.items()))
        console.print(f"left out {len(dataset.rejected)} of {split}, such as {name}: {reason}")
    return dataset


def _has_split(path: Path, split: str) -> bool:
    from mdm_adapter.data.datasets import detect_layout

    return detect_layout(path) == "starter" or (path / f"{split}.txt").exists()


class TrainingLog:
    """Means of every `every` steps as JSON lines, appended; also what the plot in the model card is drawn from."""

    def __init__(self, path: Path, *, every: int = 50) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = path.open("a", encoding="utf-8")
        self.every, self.sums, self.count = every, {}, 0  # type: ignore[var-annotated]

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def add(self, step: int, figures: dict[str, float]) -> None:
        import json

        validation = figures.pop("validation", None)
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.count += 1
        if step % self.every and validation is None:
            return
        row = {"step": step, **{name: round(value / self.count, 5) for name, value in self.sums.items()}}
        if validation is not None:
            row["validation"] = round(validation, 6)
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()
        self.sums, self.count = {}, 0


@app.command()
def image(
    data: Annotated[Path, typer.Argument(help="A folder of pictures; folders inside it name classes.")],
    out: Out = Path("runs/image"),
    steps: Annotated[int, typer.Option(help="Steps in all, counted from the start of the run.")] = 30_000,
    batch_size: Annotated[int, typer.Option(help="Squares per step.")] = 16,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 5e-4,
    size: Annotated[int, typer.Option(help="Pixels along the squares that the model knows.")] = 64,
    zoom: Annotated[
        tuple[float, float],
        typer.Option(help="Least and most height of a square as a part of its picture's."),
    ] = (0.35, 1.0),
    flip: Annotated[bool, typer.Option(help="Mirror half of the squares.")] = True,
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
    seed: Annotated[int, typer.Option(help="Seed of weights, squares and noise.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
) -> None:
    """Train an image denoiser on any folder of pictures."""
    import torch

    from motioncollage.image.data import Crops, read_pictures
    from motioncollage.image.network import ImageConfig, ImageNetwork, save_network
    from motioncollage.image.training import ImageObjective, ImageTraining
    from motioncollage.training import Trainer, TrainingSettings

    settings = TrainingSettings(
        steps=steps, learning_rate=learning_rate, seed=seed, precision=precision, ema_decay=0.9995
    )
    crops = Crops(size=size, zoom=zoom, flip=flip)
    where = choose_device(device)
    with progress_bar("reading pictures") as update:
        pictures = read_pictures(data, smallest=size, progress=update)
    for name, reason in pictures.rejected.items():
        console.print(f"left out {name}: {reason}")
    config = ImageConfig(size=size, classes=pictures.classes, labels=pictures.labels)
    torch.manual_seed(seed)
    network = ImageNetwork(config).to(where)
    objective = ImageObjective(pictures, config, ImageTraining(batch_size=batch_size, crops=crops))
    about = (
        f"image {size} px, {len(pictures.pictures)} pictures of {len(pictures.classes)} classes, zoom {zoom[0]:g} to"
        f" {zoom[1]:g}, batch {batch_size}, seed {seed}"
    )
    trainer = Trainer(network, objective, settings, checkpoint=out / "checkpoint.pt", about=about)
    if trainer.step:
        console.print(f"resuming {out / 'checkpoint.pt'} at step {trainer.step}")
    with progress_bar("training") as update, TrainingLog(out / "log.jsonl") as log:

        def report(step: int, figures: dict[str, float]) -> None:
            update(step, steps)
            log.add(step, figures)

        reached = trainer.run(report)
    assert isinstance(trainer.average, ImageNetwork)
    save_network(out / "model", trainer.average, {"steps": reached, "data": about})
    console.print(f"step {reached} of {steps}; wrote {out / 'model'}")
