"""`motioncollage train denoiser`: resumable training of a motion model on any supported data."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.output import check_output, console, progress_bar, tell_stopped
from motioncollage.shell.values import ADVANCED, LENGTH, MAKING, QUALITY

if TYPE_CHECKING:
    from mdm_adapter.data.datasets import Dataset

Data = Annotated[Path, values.data_folder("A HumanML3D folder or a starter pack.")]
Out = Annotated[Path, values.folder("Folder for checkpoint, log and the finished model.")]


def denoiser(
    data: Data,
    out: Out = Path("runs/denoiser"),
    steps: Annotated[
        int,
        values.count("Steps in all, counted from the start of the run.", most=100_000_000, panel=LENGTH),
    ] = 20_000,
    batch_size: Annotated[int, values.count("Clips per step.", most=65_536, panel=QUALITY)] = 48,
    learning_rate: Annotated[
        float, values.number("Peak learning rate.", above=0, most=1, panel=QUALITY)
    ] = 8e-4,
    layers: Annotated[int, values.count("Transformer layers.", most=100, panel=MAKING)] = 5,
    width: Annotated[int, values.count("Transformer width.", most=16_384, panel=MAKING)] = 384,
    arch: Annotated[
        str, values.option("dit (the bundled model's), or MDM's trans_enc or trans_dec.", panel=MAKING)
    ] = "dit",
    patch: Annotated[int, values.count("Frames of a token, for dit.", most=100, panel=MAKING)] = 2,
    feed_forward: Annotated[
        int, values.count("Width of the feed-forward part, for dit.", most=65_536, panel=MAKING)
    ] = 736,
    text_encoder: Annotated[str, values.option("ordered, static, clip or bert.", panel=MAKING)] = "ordered",
    balance: Annotated[
        float,
        values.number(
            "An action of n clips is drawn in proportion to n to this power.",
            least=0,
            most=10,
            panel=ADVANCED,
        ),
    ] = 0.15,
    dropout: Annotated[
        float,
        values.number(
            "Share of what layers add that is left out in training.", least=0, most=0.99, panel=ADVANCED
        ),
    ] = 0.0,
    diffusion_steps: Annotated[
        int, values.count("Steps of the cosine schedule.", least=2, most=10_000, panel=ADVANCED)
    ] = 1000,
    mirror: Annotated[
        bool, values.option("Add mirrored clips with left and right exchanged.", panel=MAKING)
    ] = True,
    transitions: Annotated[
        int,
        values.count(
            "Made-up passages from one clip to the next among the training data; 0 for none.",
            least=0,
            most=1_000_000,
            panel=MAKING,
        ),
    ] = 3000,
    precision: Annotated[str, values.option("auto, float32 or bfloat16.", panel=ADVANCED)] = "auto",
    seed: Annotated[int, values.seed("Seed of weights, batches and noise.")] = 0,
    device: Device = "auto",
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
    check_output(out, [], force=True)
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
    tell_stopped(reached, steps)
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
