#!/usr/bin/env python3
"""Train the starter model's network on a GPU in minutes: train_recorded.py DATA --minutes 9.

The crops, losses and network are those of `motioncollage train denoiser`; a step (crops, network, losses, gradients,
optimiser, averaging) is recorded once for each of a few lengths and replayed (`recording.py`). Without a GPU the same
steps are taken unrecorded.
"""

import argparse
import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from recording import RecordedTraining
from torch import Tensor

from mdm_adapter.data.datasets import Dataset, read_dataset
from mdm_adapter.data.passages import TransitionSettings, make_transitions
from mdm_adapter.models.mdm.checkpoint import Network, build_network, load_checkpoint, save_model
from mdm_adapter.models.mdm.network import NetworkConfig
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import Vocabulary
from mdm_adapter.representation.normalisation import Normalisation
from mdm_adapter.training import (
    BUCKETS,
    ClipBatches,
    DenoiserObjective,
    DenoiserTraining,
    balanced_chances,
    prepare,
)
from motioncollage.devices import choose_device
from motioncollage.shell.output import progress_bar
from motioncollage.training import step_generator

CONFIG = NetworkConfig(
    arch="dit", text_encoder_type="ordered", layers=5, latent_dim=384, mask_frames=True, patch=2,
    feed_forward=736, fine_dim=256,
)  # fmt: skip
SIZES = (24, 40, 60, 84, 112, 144, 172, 196)  # frames that a batch is padded to
OFTEN = 1.7  # times as often are drawn the actions that an earlier model hardly made


class Run:
    """A network in training, and the crops of its next step."""

    def __init__(
        self, model: Network, objective: DenoiserObjective, train: ClipBatches, *, device: torch.device,
        warmup: int, average: float,
    ) -> None:  # fmt: skip
        self.objective, self.train, self.device = objective, train, device
        rows = torch.zeros(5, train.settings.batch_size, dtype=torch.long, device=device)
        self.rows = rows  # of ClipBatches.rows

        def loss(frames: int) -> Tensor:
            """Of the crops in `rows`, padded to so many frames."""
            terms = objective.terms(model, train, rows, frames, torch.randn_like)
            return torch.stack(list(terms.values())).sum()

        self.training = RecordedTraining[int](model, loss, device=device, warmup=warmup, average=average)

    def validation(self) -> float:
        return self.objective.validation_loss(self.training.average)

    def sizes(self) -> Iterator[int]:
        """The size of every batch, its crops being in `rows`."""
        for first in itertools.count(step=BUCKETS):
            rows, sizes = [], []
            for number in range(first, first + BUCKETS):
                crops = self.train.batch(number, 0)
                levels = self.objective.draw_levels(len(crops), step_generator(0, number))
                rows.append(self.train.rows(crops, levels))
                longest = max(crop[2] for crop in crops)
                sizes.append(next(size for size in SIZES if size >= longest))
            block = torch.stack(rows)
            if self.device.type == "cuda":
                block = block.pin_memory().to(self.device, non_blocking=True)
            for row, size in zip(block, sizes, strict=True):
                self.rows.copy_(row)
                yield size


def weights_of(text: str) -> dict[str, float]:
    """`--often`: labels, comma-separated, each with `=times` or without."""
    pairs = (item.partition("=") for item in text.split(",") if item)
    return {label: float(times or OFTEN) for label, _, times in pairs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="starter pack, or HumanML3D folder")
    parser.add_argument("--minutes", type=float, default=9.0, help="of training, behind the preparation")
    parser.add_argument("--batch", type=int, default=384)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=1000, help="steps")
    parser.add_argument(
        "--average", type=float, default=0.9993, help="of weights: what stays of it at a step"
    )
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--passages", type=int, default=5952)
    parser.add_argument("--skip", action="store_true", help="a network with a skip (NetworkConfig.skip)")
    parser.add_argument("--start", type=Path, help="model folder whose weights to begin with")
    parser.add_argument(
        "--often", default="", help="labels, comma-separated, drawn 1.7 times as often, or label=times"
    )
    parser.add_argument(
        "--handed", default="",
        help="labels whose clips are not mirrored: done with one hand or to one side in all recordings and told"
        " without it, they would be half the one and half the other",
    )  # fmt: skip
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/recorded"))
    arguments = parser.parse_args()
    device, settings = (
        choose_device(arguments.device),
        DenoiserTraining(batch_size=arguments.batch, dropout=arguments.dropout),
    )
    arguments.out.mkdir(parents=True, exist_ok=True)
    with progress_bar("reading") as progress:
        clips = read_dataset(arguments.data, "train", progress=progress)
    held_out: Dataset = read_dataset(arguments.data, "val")
    often, handed = weights_of(arguments.often), {label for label in arguments.handed.split(",") if label}
    if unknown := (often.keys() | handed) - {clip.action for clip in clips}:
        parser.error(f"no clip is labelled {min(unknown)}")
    normalisation = Normalisation.measure(
        [clip.features for clip in clips], balanced_chances(clips.clips, settings.balance)
    )
    both = clips.mirrored()
    # Of an action that is not mirrored the clips themselves come twice as often.
    drawn = [
        (2.0 if clip.action in handed else 1.0) if number < len(clips) else float(clip.action not in handed)
        for number, clip in enumerate(both.clips)
    ]
    with progress_bar("joining clips") as progress:
        chances = balanced_chances(both.clips, settings.balance) * torch.tensor(drawn)
        passages = make_transitions(
            both.clips, chances, TransitionSettings(count=arguments.passages), seed=0, progress=progress
        )
    config = replace(CONFIG, skip=arguments.skip)
    model, objective = prepare(
        both, held_out, load_text_encoder("ordered"), config, settings, normalisation, seed=0, device=device,
        transitions=passages,
    )  # fmt: skip
    if arguments.start is not None:
        started = load_checkpoint(arguments.start, device=device).network.state_dict()
        # A calibrated model is trained on without its last layer (scripts/calibrate.py).
        model.load_state_dict({k: v for k, v in started.items() if not k.startswith("calibration.")})
    times = [often.get(clip.action, 1.0) for clip in both.clips]
    objective.train.chances *= torch.tensor(times) * torch.tensor(drawn)
    torch.set_float32_matmul_precision("high")
    model.train()
    run = Run(
        model, objective, objective.train, device=device, warmup=arguments.warmup, average=arguments.average
    )
    if device.type == "cuda":
        run.training.record(reversed(SIZES))
    folder = arguments.out / "model"

    def keep(steps: int) -> None:
        network = build_network(config)
        state = run.training.average.state_dict()
        network.load_state_dict({name: value.cpu() for name, value in state.items()})
        save_model(folder, network, normalisation, {"step": steps})
        Vocabulary.of(clips.clips).write(folder)

    seconds = 60 * arguments.minutes
    steps = run.training.train(run.sizes(), seconds, arguments.rate, arguments.out, run.validation, keep)
    keep(steps)
    with run.training.autocast():
        loss = run.validation()
    print(f"{steps} steps, validation {loss:.4f}; wrote {folder}: use it with --model {folder}")


if __name__ == "__main__":
    main()
