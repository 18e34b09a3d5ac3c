"""`motioncollage train denoiser`: resumable training of a motion model on any supported data."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.output import check_output, console, progress_bar, tell_stopped
from motioncollage.shell.values import ADVANCED, LENGTH, MAKING, QUALITY

if TYPE_CHECKING:
    import torch

    from mdm_adapter.data.datasets import Dataset
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.training import DenoiserTraining
    from motioncollage.processes import Processes
    from motioncollage.training import TrainingSettings

Data = Annotated[Path, values.data_folder("A HumanML3D folder or a starter pack.")]
Cache = Annotated[
    Path | None,
    values.folder("Folder for the features, read once; usually cache/ beside the run.", panel=ADVANCED),
]
Out = Annotated[Path, values.folder("Folder for checkpoint, log and the finished model.")]


def denoiser(
    data: Data,
    out: Out = Path("runs/denoiser"),
    steps: Annotated[
        int,
        values.count("Steps in all, counted from the start of the run.", most=100_000_000, panel=LENGTH),
    ] = 20_000,
    batch_size: Annotated[
        int, values.count("Clips per step, of each process.", most=65_536, panel=QUALITY)
    ] = 48,
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
    cache: Cache = None,
    seed: Annotated[int, values.seed("Seed of weights, batches and noise.")] = 0,
    device: Device = "auto",
) -> None:
    """Train a motion denoiser; chooses the average weights that do best on the val split.

    Several GPUs: `torchrun --nproc-per-node 2 -m motioncollage.shell.main train denoiser DATA`, or `accelerate launch -m`.
    """
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.training import DenoiserTraining
    from motioncollage.devices import choose_device
    from motioncollage.processes import joined
    from motioncollage.training import TrainingSettings

    config = NetworkConfig(
        arch=arch, text_encoder_type=text_encoder, layers=layers, latent_dim=width, mask_frames=True,
        diffusion_steps=diffusion_steps,
    )  # fmt: skip
    if arch == "dit":
        # Two thirds of the width, in whole heads; networks of one head have one width.
        fine = max(64, width * 2 // 3 // 64 * 64) if width > 64 else width
        config = replace(config, patch=patch, feed_forward=feed_forward, fine_dim=fine)
    settings = TrainingSettings(steps=steps, learning_rate=learning_rate, seed=seed, precision=precision)
    batches = DenoiserTraining(batch_size=batch_size, balance=balance, dropout=dropout)
    with joined(choose_device(device)) as (processes, where):
        run = DenoiserRun(
            data, out, cache or out / "cache", config, settings, batches,
            mirror=mirror, transitions=transitions, processes=processes, device=where,
        )  # fmt: skip
        run.train()


@dataclass(frozen=True)
class DenoiserRun:
    """What `train denoiser` was asked for."""

    data: Path
    out: Path
    cache: Path
    config: "NetworkConfig"
    settings: "TrainingSettings"
    batches: "DenoiserTraining"
    mirror: bool
    transitions: int
    processes: "Processes"
    device: "torch.device"

    @property
    def about(self) -> str:
        """Describes the run; one of another description does not resume it."""
        config, batches, count = self.config, self.batches, self.processes.count
        patches = f", {config.patch} frames a token" if config.arch == "dit" else ""
        together = f" x {count} processes" if count > 1 else ""
        return (
            f"denoiser {config.arch} {config.layers} x {config.latent_dim}{patches}, {config.text_encoder_type} text,"
            f" {config.diffusion_steps} levels, dropout {batches.dropout:g}, batch {batches.batch_size}{together},"
            f" balance {batches.balance:g}, mirror {self.mirror}, {self.transitions} transitions, seed {self.settings.seed}"
        )

    def train(self) -> None:
        from mdm_adapter.data.passages import Transition, TransitionSettings, kept_transitions
        from mdm_adapter.data.sentences import kept_texts
        from mdm_adapter.models.text import load_text_encoder
        from mdm_adapter.models.vocabulary import Vocabulary
        from mdm_adapter.representation.normalisation import Normalisation
        from mdm_adapter.training import balanced_chances, check_network_fits, export_model, prepare
        from motioncollage.training import Trainer, TrainingLog

        seed, processes = self.settings.seed, self.processes
        check_network_fits(self.config, self.batches.batch_size)
        if processes.first:  # the others write nothing
            check_output(self.out, [], force=True)
        with processes.in_turn():
            recorded = self._read("train")
            held_out = self._read("val", allow_empty=True)
            train = recorded
            if self.mirror and train.one_sided():
                with self._bar("mirroring") as update:
                    train = recorded.mirrored(cache=self.cache, name="train-mirrored", progress=update)
        with self._bar("measuring") as update:
            chances = balanced_chances(recorded.clips, self.batches.balance)
            motions = [clip.features for clip in recorded]
            normalisation = Normalisation.measure(motions, chances, progress=update)
        train.release()
        vocabulary = Vocabulary(())
        if processes.first:
            with self._bar("listing actions") as update:
                vocabulary = Vocabulary.of(recorded.clips, progress=update)
        train.release()
        passages: list[Transition] = []
        release_passages = train.release
        if self.transitions:
            chances = balanced_chances(train.clips, self.batches.balance)
            with processes.in_turn(), self._bar("joining clips") as update:
                passages, release_passages = kept_transitions(
                    train, chances, TransitionSettings(count=self.transitions), self.cache,
                    name="train-passages", seed=seed, progress=update,
                )  # fmt: skip

        def release() -> None:
            train.release()
            release_passages()

        release()
        kind = self.config.text_encoder_type
        with processes.in_turn(), self._bar("embedding texts") as update:
            update(0, 1)
            model, objective = prepare(
                replace(train, release=release), held_out if len(held_out) else None, load_text_encoder(kind),
                self.config, self.batches, normalisation, seed=seed, device=self.device, transitions=passages,
                embedders=(
                    kept_texts(self.cache, "train-texts", kind, update), kept_texts(self.cache, "val-texts", kind),
                ),
                processes=processes,
            )  # fmt: skip
        checkpoint = self.out / "checkpoint.pt"
        trainer = Trainer(
            model, objective, self.settings, checkpoint=checkpoint, about=self.about, processes=processes
        )
        if trainer.step and processes.first:
            console.print(f"resuming {checkpoint} at step {trainer.step}")
        if not processes.first:
            trainer.run()
            return
        with self._bar("training") as update, TrainingLog(self.out / "log.jsonl") as log:

            def report(step: int, figures: dict[str, float]) -> None:
                update(step, self.settings.steps)
                log.add(step, figures)

            update(trainer.step, self.settings.steps)
            reached = trainer.run(report)
        tell_stopped(reached, self.settings.steps)
        folder = self.out / "model"
        export_model(folder, trainer, self.config, normalisation, vocabulary)
        console.print(
            f"step {reached} of {self.settings.steps}; wrote {folder}: use it with --model {folder}"
        )

    @contextmanager
    def _bar(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """A bar of the first process; the others are silent."""
        if not self.processes.first:
            yield lambda done, total: None
            return
        with progress_bar(title) as update:
            yield update

    def _read(self, split: str, *, allow_empty: bool = False) -> "Dataset":
        from mdm_adapter.data.datasets import read_dataset

        with self._bar(f"reading {split}") as update:
            dataset = read_dataset(
                self.data, split, progress=update, allow_empty=allow_empty, cache=self.cache
            )
        if dataset.rejected and self.processes.first:
            name, reason = next(iter(dataset.rejected.items()))
            console.print(f"left out {len(dataset.rejected)} of {split}, such as {name}: {reason}")
        return dataset
