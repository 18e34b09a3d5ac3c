#!/usr/bin/env python3
"""Train the starter model's network on a GPU in minutes: train_recorded.py DATA --minutes 9.

On a small network a GPU waits for Python: 65 ms a step, of which it works less than 10. Here a step (crops, network,
losses, gradients, optimiser, averaging) is recorded once for each of a few lengths as a CUDA graph and replayed.
The crops, losses and network are those of `motioncollage train denoiser`; the clock takes the place of a number of
steps, so that two runs are not equal to the bit. Without a GPU it takes the same steps unrecorded.
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
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
AVERAGE = 0.9993
WARMUP = 1000  # steps; the average starts behind them
OFTEN = 1.7  # times as often are drawn the actions that an earlier model hardly made
DECAY = 0.35  # last part of the time, over which the learning rate falls to a hundredth


@dataclass
class Run:
    """A network in training: everything a step reads and writes, at addresses that stay."""

    model: Network
    objective: DenoiserObjective
    train: ClipBatches
    device: torch.device

    def __post_init__(self) -> None:
        cuda = self.device.type == "cuda"
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=torch.tensor(1e-6, device=self.device) if cuda else 1e-6,
            betas=(0.9, 0.99), weight_decay=0.01, fused=True, capturable=cuda,
        )  # fmt: skip
        self.rows = torch.zeros(
            5, self.train.settings.batch_size, dtype=torch.long, device=self.device
        )  # of ClipBatches.rows
        self.losses = torch.zeros((), device=self.device)
        self.recorded: dict[int, Callable[[], None]] = {}

    def step(self, frames: int) -> None:
        """One step on the crops in `rows`, padded to so many frames."""
        with torch.autocast(
            self.device.type, torch.bfloat16, enabled=self.device.type == "cuda", cache_enabled=False
        ):
            terms = self.objective.terms(self.model, self.train, self.rows, frames, torch.randn_like)
        loss = torch.stack(list(terms.values())).sum()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.model.parameters()), 1 - AVERAGE)
            self.losses += loss.detach()

    def record(self) -> None:
        """Record a step of every size, longest first, all in the same memory."""
        ahead = torch.cuda.Stream()
        ahead.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(ahead):  # what is compiled or tuned on first use must not be recorded
            for size in reversed(SIZES):
                self.optimizer.zero_grad(set_to_none=True)
                self.step(size)
        torch.cuda.current_stream().wait_stream(ahead)
        pool = None
        for size in reversed(SIZES):
            self.optimizer.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=pool):
                self.step(size)
            pool = graph.pool()
            self.recorded[size] = graph.replay

    def take(self, rows: Tensor, size: int, rate: float) -> None:
        """One step, recorded or not."""
        self.rows.copy_(rows)
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        if size in self.recorded:
            self.recorded[size]()
        else:
            self.optimizer.zero_grad(set_to_none=True)
            self.step(size)

    def validation(self) -> float:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            return self.objective.validation_loss(self.average)


def batches(run: Run, step: int) -> tuple[Tensor, list[int]]:
    """Rows [8, 5, batch] of the next batches, on the device, and the size of each."""
    rows, sizes = [], []
    for number in range(step, step + BUCKETS):
        crops = run.train.batch(number, 0)
        rows.append(run.train.rows(crops, run.objective.draw_levels(len(crops), step_generator(0, number))))
        longest = max(crop[2] for crop in crops)
        sizes.append(next(size for size in SIZES if size >= longest))
    block = torch.stack(rows)
    if run.device.type == "cuda":
        block = block.pin_memory().to(run.device, non_blocking=True)
    return block, sizes


def train(run: Run, seconds: float, peak: float, out: Path) -> int:
    """Steps until the time is over; returns how many."""
    begin, step = time.monotonic(), 0
    with progress_bar("training") as progress, (out / "log.jsonl").open("w", encoding="utf-8") as log:
        while (gone := time.monotonic() - begin) < seconds:
            block, sizes = batches(run, step)
            for rows, size in zip(block, sizes, strict=True):
                left = 1 - (time.monotonic() - begin) / seconds
                rate = peak * min(1.0, (step + 1) / WARMUP) * max(0.01, min(1.0, left / DECAY))
                run.take(rows, size, rate)
                step += 1
                if step == WARMUP:
                    run.average.load_state_dict(run.model.state_dict())
            if step % (50 * BUCKETS) == 0:
                row = {"step": step, "loss": float(run.losses) / (50 * BUCKETS)}
                run.losses.zero_()
                if step % (250 * BUCKETS) == 0:
                    row["validation"] = run.validation()
                log.write(json.dumps(row) + "\n")
                log.flush()
            progress(int(gone), int(seconds))
    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="starter pack, or HumanML3D folder")
    parser.add_argument("--minutes", type=float, default=9.0, help="of training, behind the preparation")
    parser.add_argument("--batch", type=int, default=384)
    parser.add_argument("--rate", type=float, default=1e-3, help="peak learning rate")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--passages", type=int, default=5952)
    parser.add_argument("--skip", action="store_true", help="a network with a skip (NetworkConfig.skip)")
    parser.add_argument("--start", type=Path, help="model folder whose weights to begin with")
    parser.add_argument(
        "--often", default="", help="labels of actions, comma-separated, drawn 1.7 times as often"
    )
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
    normalisation = Normalisation.measure(
        [clip.features for clip in clips], balanced_chances(clips.clips, settings.balance)
    )
    both = clips.mirrored()
    with progress_bar("joining clips") as progress:
        passages = make_transitions(
            both.clips, balanced_chances(both.clips, settings.balance), TransitionSettings(count=arguments.passages),
            seed=0, progress=progress,
        )  # fmt: skip
    config = replace(CONFIG, skip=arguments.skip)
    model, objective = prepare(
        both, held_out, load_text_encoder("ordered"), config, settings, normalisation, seed=0, device=device,
        transitions=passages,
    )  # fmt: skip
    if arguments.start is not None:
        started = load_checkpoint(arguments.start, device=device).network.state_dict()
        # A calibrated model is trained on without its last layer (scripts/calibrate.py).
        model.load_state_dict({k: v for k, v in started.items() if not k.startswith("calibration.")})
    often = {label for label in arguments.often.split(",") if label}
    if unknown := often - {clip.action for clip in both.clips}:
        parser.error(f"--often: no clip is labelled {min(unknown)}")
    objective.train.chances *= torch.tensor([OFTEN if clip.action in often else 1.0 for clip in both.clips])
    torch.set_float32_matmul_precision("high")
    model.train()
    run = Run(model, objective, objective.train, device)
    if device.type == "cuda":
        run.record()
    steps = train(run, 60 * arguments.minutes, arguments.rate, arguments.out)
    network = build_network(config)
    network.load_state_dict({name: value.cpu() for name, value in run.average.state_dict().items()})
    folder = arguments.out / "model"
    save_model(folder, network, normalisation, {"step": steps})
    Vocabulary.of(clips.clips).write(folder)
    print(f"{steps} steps, validation {run.validation():.4f}; wrote {folder}: use it with --model {folder}")


if __name__ == "__main__":
    main()
