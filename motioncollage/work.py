"""How much work a thing is, before it is made: what a denoiser would be asked, counted without a network."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, Denoiser, NoiseLevel
from motioncollage.sampling.registry import SamplerSettings

COUNTED = (4, 8)  # steps that are gone through where there are many: work grows evenly with them


class Call(NamedTuple):
    """One call of a network: windows, their length, and whether it is differentiated."""

    windows: int
    frames: int
    gradient: bool

    @property
    def size(self) -> int:
        """Frames that go through the network."""
        return self.windows * self.frames


@dataclass(frozen=True)
class Work:
    """What making something asks of a network.

    Attributes:
        calls: how many of each.
        around: seconds of everything else: sampling, composing, texts.
    """

    calls: dict[Call, int]
    around: float

    @property
    def evaluations(self) -> int:
        """Windows that go through the network."""
        return sum(call.windows * count for call, count in self.calls.items())

    def times(self, much: float) -> "Work":
        """As much of it, such as of something longer; calls in whole numbers."""
        return Work({call: round(much * count) for call, count in self.calls.items()}, much * self.around)


class Stand:
    """In the place of a network's denoiser: it predicts nothing, and counts."""

    def __init__(self) -> None:
        self.calls: Counter[Call] = Counter()

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        self.calls[Call(len(x), x.shape[1], x.requires_grad)] += 1
        return 0.0 * x


def count_work(make: Callable[[Stand, SamplerSettings], object], sampler: SamplerSettings) -> Work:
    """The work of what `make` makes with a denoiser and a sampler; of many steps from few."""

    def counted(steps: int) -> tuple[Counter[Call], float]:
        stand, begin = Stand(), time.perf_counter()
        make(stand, replace(sampler, steps=steps))
        return stand.calls, time.perf_counter() - begin

    few, more = COUNTED
    if sampler.steps <= more:
        return Work(*counted(sampler.steps))
    (first, quick), (second, slow) = counted(few), counted(more)
    times = (sampler.steps - more) / (more - few)
    calls = {call: second[call] + round(times * (second[call] - first[call])) for call in second}
    return Work(calls, slow + times * max(0.0, slow - quick))


def time_call(
    denoiser: Denoiser, x: Tensor, level: NoiseLevel, condition: Condition, *, gradient: bool
) -> float:
    """Seconds of a call of a real network on windows x [windows, frames, width], after one that sets it up.

    Args:
        condition: of every window.
        gradient: differentiate it, as reconstruction does.
    """
    seconds = 0.0
    for _ in range(2):
        begin = time.perf_counter()
        windows = x.clone().requires_grad_(gradient)
        predicted = denoiser(windows, level, [condition] * len(windows))
        if gradient:
            torch.autograd.grad(predicted.square().sum(), windows)
        if x.is_cuda:
            torch.cuda.synchronize(x.device)
        seconds = time.perf_counter() - begin
    return seconds
