"""`motioncollage train denoiser`: resumable training of a motion model on any supported data."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motioncollage.shell.output import console, progress_bar

if TYPE_CHECKING:
    from mdm_adapter.data.datasets import Dataset

Data = Annotated[Path, typer.Argument(help="A HumanML3D folder or a starter pack.")]
Out = Annotated[Path, typer.Option(help="Folder for checkpoint, log and the finished model.")]


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
    dropout: Annotated[
        float, typer.Option(help="Share of what layers add that is left out in training.")
    ] = 0.0,
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
    from mdm_adapter.data.passages import Transition, TransitionSettings, make_transitions
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.models.text import load_text_encoder
    from mdm_adapter.models.vocabulary import Vocabulary
    from mdm_adapter.representation.normalisation import Normalisation
    from mdm_adapter.training import DenoiserTraining, balanced_chances, export_model, prepare
    from motioncollage.devices import choose_device
    from motioncollage.training import Trainer, TrainingLog, TrainingSettings

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
    held_out = _read(data, "val", allow_empty=True)
    batches = DenoiserTraining(batch_size=batch_size, balance=balance, dropout=dropout)
    normalisation = Normalisation.measure(
        [clip.features for clip in train.clips], balanced_chances(train.clips, balance)
    )
    vocabulary = Vocabulary.of(train.clips)
    if mirror:
        train = train.mirrored()
    passages: list[Transition] = []
    if transitions:
        chances = balanced_chances(train.clips, balance)
        with progress_bar("joining clips") as update:
            passages = make_transitions(
                train.clips, chances, TransitionSettings(count=transitions), seed=seed, progress=update
            )
    model, objective = prepare(
        train, held_out if len(held_out) else None, encoder, config, batches, normalisation,
        seed=seed, device=where, transitions=passages,
    )  # fmt: skip
    about = (
        f"denoiser {arch} {layers} x {width}{f', {patch} frames a token' if arch == 'dit' else ''}, {text_encoder} text,"
        f" {diffusion_steps} levels, dropout {dropout:g}, batch {batch_size}, balance {balance:g}, mirror {mirror}, {transitions} transitions,"
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


def _read(path: Path, split: str, *, allow_empty: bool = False) -> "Dataset":
    from mdm_adapter.data.datasets import read_dataset

    with progress_bar(f"reading {split}") as update:
        dataset = read_dataset(path, split, progress=update, allow_empty=allow_empty)
    if dataset.rejected:
        name, reason = next(iter(dataset.rejected.items()))
        console.print(f"left out {len(dataset.rejected)} of {split}, such as {name}: {reason}")
    return dataset
