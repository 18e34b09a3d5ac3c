"""Units of generation: made once, kept on disk under a hash of everything that matters, shared by all processes.

A unit is one batch of one method in one repetition. It is written whole or not at all, so a run that is killed goes
on where it stopped, and the same units come out whoever makes them in whatever order.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from eval.benchmark.maker import MotionMaker
from eval.benchmark.settings import REAL, UNIT, BenchmarkSettings, digest
from motioncollage.files import atomic_path
from motioncollage.methods import Made, Script, method
from motioncollage.shell.output import check_output, keeping
from motioncollage.wording import reason, shown


@dataclass(frozen=True)
class Unit:
    """One batch: which motions of which repetition, by which method.

    Attributes:
        window: ordinary samples in windows of so many frames, of which the script's own count and a few more are
            kept (`MotionMaker.ordinary`); 0 for the method.
    """

    method: str
    repetition: int
    number: int
    scripts: tuple[Script, ...]
    seeds: tuple[int, ...]
    window: int = 0

    def key(self, settings: BenchmarkSettings, identity: str) -> str:
        """Hash of all that decides the motion: not the number of repetitions, nor what is measured later."""
        read = {name: getattr(settings.methods, name) for name in method(self.method).all_reads}
        window = (self.window,) if self.window else ()
        return digest(self.method, self.scripts, self.seeds, read, identity, *window)


@dataclass(frozen=True)
class Motions:
    """What a unit holds: features [frames, 263] each, not normalised, joins, and how long making them took."""

    features: tuple[np.ndarray, ...]
    seams: tuple[int, ...]
    seconds: float

    def save(self, path: Path) -> None:
        with atomic_path(path, force=True) as target:
            np.savez(
                target,
                frames=np.concatenate(self.features),
                lengths=np.array([len(motion) for motion in self.features]),
                seams=np.array(self.seams, dtype=np.int64),
                seconds=np.array(self.seconds),
            )

    @classmethod
    def load(cls, path: Path) -> "Motions":
        """Read a unit.

        Raises:
            ValueError: the file is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                edges = np.cumsum(archive["lengths"])[:-1]
                features = tuple(np.split(archive["frames"], edges))
                return cls(features, tuple(archive["seams"].tolist()), float(archive["seconds"]))
        except Exception as error:
            # NumPy and zipfile raise many kinds for a damaged file.
            raise ValueError(
                f"{path} is damaged ({reason(error)}); delete it and run the command again"
            ) from error


def in_batches(
    method: str, repetition: int, pairs: Sequence[tuple[Script, int]], batch: int, *, window: int = 0
) -> list[Unit]:
    """Units of motions, each a script and the seed of its noise.

    Scripts of a unit have the same lengths: where neighbours differ, a unit ends. In windows of one length they need not.
    """
    batches: list[list[tuple[Script, int]]] = []
    for pair in pairs:
        last = batches[-1] if batches else []
        if not last or len(last) == batch or not (window or last[0][0].frames == pair[0].frames):
            batches.append([])
        batches[-1].append(pair)
    return [
        Unit(method, repetition, number, tuple(s for s, _ in part), tuple(seed for _, seed in part), window)
        for number, part in enumerate(batches)
    ]


def numbered(scripts: Sequence[Script], first: int, *, apart: int = 1) -> list[tuple[Script, int]]:
    """Scripts with the seeds of their noise, which count from `first`, so far apart."""
    return [(script, first + i * apart) for i, script in enumerate(scripts)]


def motions_of(made: Sequence[Motions]) -> list[Tensor]:
    """Features [frames, width] of what was made, in the order of the units."""
    return [torch.from_numpy(motion) for unit in made for motion in unit.features]


class Store:
    """Where units are kept."""

    def __init__(self, folder: Path, settings: BenchmarkSettings, identity: str) -> None:
        self.folder, self.settings, self.identity = folder, settings, identity

    def path(self, unit: Unit) -> Path:
        return self.folder / unit.method / f"{unit.key(self.settings, self.identity)}.npz"

    def __contains__(self, unit: Unit) -> bool:
        return self.path(unit).exists()

    def load(self, unit: Unit) -> Motions:
        return Motions.load(self.path(unit))

    def save(self, unit: Unit, motions: Motions) -> None:
        self.path(unit).parent.mkdir(parents=True, exist_ok=True)
        motions.save(self.path(unit))


@dataclass(frozen=True)
class Workers:
    """Which of how many processes this is, as `torchrun` and `accelerate launch` say."""

    rank: int = 0
    count: int = 1

    @classmethod
    def here(cls) -> "Workers":
        rank, count = _whole("RANK", 0), _whole("WORLD_SIZE", 1)
        if not 0 <= rank < count:
            raise ValueError(
                f"RANK is {rank} of WORLD_SIZE {count}; start the processes with torchrun, or unset both"
            )
        return cls(rank, count)

    def mine(self, units: Sequence[Unit]) -> list[Unit]:
        return list(units[self.rank :: self.count])

    def hold(self, out: Path) -> None:
        """Keep out whoever is none of these processes.

        Raises:
            ValueError: another run is at work in the folder, or it cannot be written.
        """
        if self.count == 1:
            check_output(out, [], force=True)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count == 1:
            return
        import torch.distributed as distributed

        if not distributed.is_initialized():
            distributed.init_process_group("gloo")
        distributed.barrier()


def _whole(name: str, default: int) -> int:
    """A whole number in an environment variable."""
    value = os.environ.get(name, str(default))
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise ValueError(f"{name} is {shown(value, 40)!r}; start the processes with torchrun, or unset it")
    return int(value)


def make_units(
    units: Sequence[Unit],
    store: Store,
    pipeline: MotionMaker,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Make what is not there yet. Progress counts frames, because units differ in length.

    What Ctrl-C ends can go on: units that are made are kept.
    """
    frames = [sum(sum(script.frames) for script in unit.scripts) for unit in units]
    done = 0
    for unit, count in zip(units, frames):
        if unit not in store:
            with keeping(f"what was made is kept in {store.folder}; the same command goes on from there"):
                store.save(unit, make_unit(unit, pipeline, store.settings))
        done += count
        if progress:
            progress(done, sum(frames))


def make_unit(unit: Unit, pipeline: MotionMaker, settings: BenchmarkSettings) -> Motions:
    """One batch, timed."""
    begin = time.perf_counter()
    made = _made(unit, pipeline, settings)
    seconds = time.perf_counter() - begin
    if not bool(torch.isfinite(made.sites).all()):
        raise ValueError(
            f"method {unit.method} made numbers that are not finite; the model or its settings are at fault"
        )
    motions = [motion.numpy() for motion in made.sites]
    if unit.window:
        # A copy, so that the rest of the window need not be kept.
        ends = [sum(script.frames) + UNIT for script in unit.scripts]
        motions = [motion[:end].copy() for motion, end in zip(motions, ends)]
    return Motions(tuple(motions), made.seams, seconds)


def _made(unit: Unit, pipeline: MotionMaker, settings: BenchmarkSettings) -> Made:
    if not unit.window:
        return pipeline.by_method(unit.method, unit.scripts, settings.methods, seeds=unit.seeds)
    return Made(pipeline.ordinary(unit.scripts, settings.methods, seeds=unit.seeds, frames=unit.window), ())


def timing_units(
    methods: Sequence[str], settings: BenchmarkSettings, fps: float, seconds: Sequence[float], text: str
) -> list[Unit]:
    """One motion of every length by every method, to be timed; the first also sets up kernels and is made twice."""
    units = [
        Unit(name, 0, 0, (Script((text,), (round(length * fps),)),), (settings.seed,))
        for name in methods
        if name not in (REAL, "short")
        for length in seconds
    ]
    return units[:1] + units


def time_methods(
    units: Sequence[Unit], pipeline: MotionMaker, settings: BenchmarkSettings,
    *, progress: Callable[[int, int], None] | None = None,
) -> dict[str, list[tuple[float, float]]]:  # fmt: skip
    """Wall-clock of one motion against its length: (seconds of motion, seconds of work) per method (paper, figure 5).

    Args:
        units: `timing_units`.
    """
    result: dict[str, list[tuple[float, float]]] = {}
    for number, unit in enumerate(units):
        took = make_unit(unit, pipeline, settings).seconds
        if number:
            length = unit.scripts[0].frames[0] / pipeline.representation.fps
            result.setdefault(unit.method, []).append((length, took))
        if progress:
            progress(number + 1, len(units))
    return result
