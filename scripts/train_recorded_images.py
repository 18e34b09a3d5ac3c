#!/usr/bin/env python3
"""Train the networks of the bundled image model on a GPU in minutes: train_recorded_images.py PICTURES --minutes 9.

The network, crops and loss are those of `motioncollage train image`. Squares and scenes are cut from the pictures
beforehand, many thousands of each kind, by all cores; then everything is on the device and a step is recorded once for
each shape and replayed (`recording.py`). With --detail it is the network that makes pictures larger.
"""

import argparse
import multiprocessing
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from recording import RecordedTraining
from torch import Tensor

from motioncollage.devices import choose_device
from motioncollage.image.data import read_pictures
from motioncollage.image.network import ImageNetwork, save_network
from motioncollage.image.training import ImageObjective, Noise, Seen
from motioncollage.image.training_run import ImageRun
from motioncollage.shell.output import progress_bar
from motioncollage.training import TrainingSettings, step_generator

CHUNK = 500  # frames that a process cuts at a time
Kind = tuple[int, int]  # numbers of the frame and of the part


@dataclass(frozen=True, eq=False)
class Pool:
    """Frames of one shape: [frames, 3, height, width] in 0 to 255, their extents [frames, 2] and classes [frames]."""

    frames: Tensor
    extents: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Pool":
        return Pool(self.frames.to(device), self.extents.to(device), self.labels.to(device))


@dataclass(frozen=True, eq=False)
class Cutting:
    """What a process needs to cut frames of one shape; forked processes find it as it was."""

    objective: ImageObjective
    shape: tuple[int, int]

    def cut(self, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        torch.set_num_threads(1)
        generator = step_generator(7, number)
        frames, extents, labels = [], [], []
        for picture, (frame, extent, _) in self.objective.frames(self.shape, CHUNK, generator):
            frames.append(((frame + 1) * 127.5).round().to(torch.uint8).numpy())
            extents.append(extent)
            labels.append(picture.label)
        return np.stack(frames), np.array(extents, np.float32), np.array(labels, np.int64)


CUTTING: list[Cutting] = []


def _cut(number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return CUTTING[-1].cut(number)


def fill(cutting: Cutting, frames: int, processes: int, title: str) -> Pool:
    """Cut so many frames."""
    CUTTING.append(cutting)
    parts = []
    chunks = -(-frames // CHUNK)
    with progress_bar(title) as update, multiprocessing.get_context("fork").Pool(processes) as pool:
        for done, part in enumerate(pool.imap(_cut, range(chunks))):
            parts.append(part)
            update(done + 1, chunks)
    return Pool(*(torch.from_numpy(np.concatenate(column)) for column in zip(*parts, strict=True)))


class Batches:
    """Batches out of pools, drawn on the device."""

    def __init__(self, objective: ImageObjective, pools: dict[int, Pool], device: torch.device) -> None:
        self.objective, self.pools, self.device = objective, pools, device
        self.settings = objective.settings

    def shape(self, kind: Kind) -> tuple[int, int]:
        frame, part = kind
        return self.objective.shapes(self.settings.frames[frame], self.settings.parts[part])[1]

    def kinds(self) -> list[Kind]:
        """All kinds of steps, the largest first."""
        parts = range(len(self.settings.parts))
        kinds = [(frame, part) for frame in self.pools for part in parts]

        def work(kind: Kind) -> int:
            rows, columns = self.shape(kind)
            return self.objective.count((rows, columns)) * rows * columns

        return sorted(kinds, key=work, reverse=True)

    def drawn(self) -> Iterator[Kind]:
        """The kind of every step, without end."""
        chance = random.Random(0)
        frames, parts = self.objective.frame_chances.tolist(), self.objective.chances.tolist()
        while True:
            yield chance.choices(range(len(frames)), frames)[0], chance.choices(range(len(parts)), parts)[0]

    def seen(self, kind: Kind) -> Seen:
        """Parts of frames at random places."""
        pool, (rows, columns) = self.pools[kind[0]], self.shape(kind)
        height, width = pool.frames.shape[2:]
        count = self.objective.count((rows, columns))

        def below(end: int) -> Tensor:
            return torch.randint(end, (count,), device=self.device)

        chosen, top, left = below(len(pool.labels)), below(height - rows + 1), below(width - columns + 1)
        down = top[:, None, None] + torch.arange(rows, device=self.device)[:, None]
        across = left[:, None, None] + torch.arange(columns, device=self.device)
        pixels = pool.frames[chosen[:, None, None], :, down, across].permute(0, 3, 1, 2)
        clean = pixels.float() / 127.5 - 1
        first, last = pool.extents[chosen].unbind(dim=1)
        scale = (last - first) / height
        extents = torch.stack([first + top * scale, first + (top + rows) * scale], dim=1)
        guides = None
        if times := self.objective.config.guide:
            noise = torch.randn(count, 3, rows // times, columns // times, device=self.device)
            guides = self.objective.guides(clean, torch.rand(count, device=self.device), noise)
        return Seen(clean, pool.labels[chosen], extents, guides=guides)

    def noise(self, seen: Seen) -> Noise:
        mean, spread = self.settings.log_sigma
        count = len(seen.clean)

        def chosen(chance: float) -> Tensor:
            return torch.rand(count, device=self.device) < chance

        return Noise(
            (torch.randn(count, device=self.device) * spread + mean).exp(), torch.randn_like(seen.clean),
            unclassed=chosen(self.settings.drop_class), nowhere=chosen(self.settings.drop_extent),
        )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of pictures, as of scripts/free_pictures.py")
    parser.add_argument("--minutes", type=float, default=9.0, help="of training, behind the preparation")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=8e-4, help="peak learning rate")
    parser.add_argument("--warmup", type=int, default=1000, help="steps over which the learning rate rises")
    parser.add_argument(
        "--average", type=float, default=0.9993, help="of the average of weights that stays at a step"
    )
    parser.add_argument(
        "--zoom",
        type=float,
        nargs=2,
        metavar=("LEAST", "MOST"),
        help="height of squares in parts of pictures",
    )
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--colour", type=float, default=0.1)
    parser.add_argument("--detail", action="store_true", help="the network that makes pictures larger")
    parser.add_argument("--start", type=Path, help="model folder whose weights to begin with")
    parser.add_argument("--frames", type=int, default=200_000, help="that are cut beforehand")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument(
        "--unrecorded", action="store_true", help="steps one by one: errors are easier to find"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, default=Path("runs/images"))
    arguments = parser.parse_args()
    device, scenes = choose_device(arguments.device), not arguments.detail
    arguments.out.mkdir(parents=True, exist_ok=True)
    run = ImageRun(
        data=arguments.data, out=arguments.out, settings=TrainingSettings(), batch_size=arguments.batch,
        size=arguments.size, zoom=tuple(arguments.zoom) if arguments.zoom else None, flip=True, colour=arguments.colour,
        scenes=scenes, detail=arguments.detail, start=arguments.start, device=device,
    )  # fmt: skip
    with progress_bar("reading pictures") as update:
        pictures = read_pictures(arguments.data, smallest=arguments.size, progress=update)
    if pictures.labels:
        parser.error(f"{arguments.data} has maps; use motioncollage train image")
    network, settings = run.network(pictures), run.training
    objective = ImageObjective(pictures, network.config, settings)
    pools = {}
    for number, (frame, chance) in enumerate(
        zip(settings.frames, objective.frame_chances.tolist(), strict=True)
    ):
        shape = objective.shapes(frame, settings.parts[0])[0]
        cutting, title = Cutting(objective, shape), f"cutting {shape[0]} x {shape[1]}"
        pools[number] = fill(cutting, round(arguments.frames * chance), arguments.processes, title).to(device)
    torch.set_float32_matmul_precision("high")
    batches = Batches(objective, pools, device)

    def loss(kind: Kind) -> Tensor:
        seen = batches.seen(kind)
        return objective.error(network, seen, batches.noise(seen))

    network.train()
    training = RecordedTraining[Kind](
        network, loss, device=device, average=arguments.average, warmup=arguments.warmup
    )
    if device.type == "cuda" and not arguments.unrecorded:
        training.record(batches.kinds())

    def keep(steps: int) -> None:
        assert isinstance(training.average, ImageNetwork)
        save_network(arguments.out / "model", training.average, {"steps": steps, "data": run.about(pictures)})

    def validation() -> float:
        return objective.validation_loss(training.average)

    steps = training.train(
        batches.drawn(), 60 * arguments.minutes, arguments.rate, arguments.out, validation, keep
    )
    keep(steps)
    with training.autocast():
        print(f"{steps} steps, validation {validation():.4f}; wrote {arguments.out / 'model'}")


if __name__ == "__main__":
    main()
