"""Kimodo's noise levels: a cosine schedule of 1000 steps, of which sampling visits some, both ends included."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.sampling.levels import DiscreteLevels
from motioncollage.sampling.schedules import VPSchedule, cosine_betas

BASE_STEPS = 1000
FLOOR = 1e-9  # least squared signal, as published


def visited_steps(steps: int, base: int = BASE_STEPS) -> Tensor:
    """Which base steps [steps] are visited, ascending, int64: the first and the last always.

    Raises:
        ValueError: fewer than 1 or more than `base` steps.
    """
    if not 1 <= steps <= base:
        raise ValueError(f"steps is {steps}; this model was trained with {base}, so use 1 to that")
    places = [round(i * (base - 1) / max(1, steps - 1)) for i in range(steps)]
    return torch.tensor([min(place, base - 1) for place in places])


def squared_signal(steps: int, base: int = BASE_STEPS) -> Tensor:
    """alpha-bar [steps] at the visited steps, float32, by the published arithmetic.

    It goes through the betas between visited steps and back, in float32: with few steps the noisiest level differs
    from the exact one (2.43e-9) by up to its floor, which is of little effect.
    """
    whole = torch.cumprod(1 - cosine_betas(base).float(), dim=0)
    signal = whole[visited_steps(steps, base)]
    betas = 1 - signal / torch.cat((signal.new_ones(1), signal[:-1]))
    return torch.cumprod(1 - betas, dim=0).clamp_min(FLOOR)


@dataclass(frozen=True)
class KimodoLevels:
    """The levels as a sampler's (`motioncollage.sampling.levels.Levels`).

    Attributes:
        power: 1 visits what the published sampler does; above 1 levels stand densely at high noise (`DiscreteLevels`).
        base: steps of the training's schedule.
    """

    power: float = 1.0
    base: int = BASE_STEPS

    @property
    def most(self) -> int:
        """How many levels there are."""
        return self.base

    def levels(self, steps: int) -> list[NoiseLevel]:
        if self.power != 1:
            return self._discrete.levels(steps)
        signal, places = squared_signal(steps, self.base).double(), visited_steps(steps, self.base)
        pairs = zip(signal.flip(0).tolist(), places.flip(0).tolist())
        return [NoiseLevel(math.sqrt(s), math.sqrt(1 - s), float(place)) for s, place in pairs]

    def at(self, sigma: float) -> NoiseLevel:
        return self._discrete.at(sigma)

    def part(self, strength: float, steps: int) -> list[NoiseLevel]:
        return self._discrete.part(strength, steps)

    @property
    def _discrete(self) -> DiscreteLevels:
        return DiscreteLevels(VPSchedule.named("cosine", self.base), self.power)
