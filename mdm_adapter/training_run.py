"""A whole training of a motion model, from a data folder to a model that can be used, with everything it says on its way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mdm_adapter.data.datasets import Dataset, read_dataset
from mdm_adapter.data.passages import Transition, TransitionSettings, kept_transitions
from mdm_adapter.data.sentences import kept_texts
from mdm_adapter.models.mdm.network import NetworkConfig
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import Vocabulary
from mdm_adapter.representation.normalisation import Normalisation
from mdm_adapter.training import DenoiserTraining, balanced_chances, check_network_fits, export_model, prepare
from motioncollage.processes import Processes
from motioncollage.shell.output import check_output, console, progress_bar
from motioncollage.shell.training import run_trainer
from motioncollage.training import Trainer, TrainingSettings


@dataclass(frozen=True)
class DenoiserRun:
    """What `train denoiser` was asked for."""

    data: Path
    out: Path
    cache: Path
    config: NetworkConfig
    settings: TrainingSettings
    batches: DenoiserTraining
    mirror: bool
    transitions: int
    processes: Processes
    device: torch.device

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
        """All of it; the same run begun again goes on where it stopped."""
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
        trainer = Trainer(
            model, objective, self.settings, checkpoint=self.out / "checkpoint.pt", about=self.about, processes=processes
        )  # fmt: skip
        if not processes.first:
            trainer.run()
            return
        reached = run_trainer(trainer, self.out, self.settings.steps)
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

    def _read(self, split: str, *, allow_empty: bool = False) -> Dataset:
        with self._bar(f"reading {split}") as update:
            dataset = read_dataset(
                self.data, split, progress=update, allow_empty=allow_empty, cache=self.cache
            )
        if dataset.rejected and self.processes.first:
            name, reason = next(iter(dataset.rejected.items()))
            console.print(f"left out {len(dataset.rejected)} of {split}, such as {name}: {reason}")
        return dataset
