"""Noise levels of flow matching (Lipman et al. 2023; rectified flow, Liu et al. 2023): x = t x0 + (1 - t) eps, t from 0 to 1.

A flow network predicts the velocity v = x0 - eps; its clean prediction is x + (1 - t) v
(`collage.denoiser.flow_prediction`). With it, DDIM without renewed noise is Euler's method along the flow.
"""

import math
from dataclasses import dataclass

from motioncollage.collage.denoiser import NoiseLevel

LEAST = 1e-5  # signal of the noisiest level, where samplers divide by it; its network is told 0


@dataclass(frozen=True)
class FlowLevels:
    """Levels of flow matching; the network is told the time t.

    Attributes:
        power: 1 spaces times evenly, as published; above 1 they stand densely at high noise.
        shift: above 1 moves all levels to higher noise, s = 1 - t to shift s / (1 + (shift - 1) s): the larger a picture,
            the more noise hides what its neighbours repeat (Esser et al. 2024, eq. 23).
        last: noise of the last level before it is shifted; None for as much as lies between levels.
    """

    power: float = 1.0
    shift: float = 1.0
    last: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.shift < math.inf:
            raise ValueError(
                f"the shift of the noise levels is {self.shift:g}; it must be above 0, 1 for none"
            )
        if self.last is not None and not 0 < self.last < 1:
            raise ValueError(f"the last level's noise is {self.last:g}; it must lie between 0 and 1")

    def levels(self, steps: int) -> list[NoiseLevel]:
        if steps < 1:
            raise ValueError(f"steps is {steps}; a sampler needs at least 1")
        end, ways = (1.0, steps) if self.last is None else (1 - self.last, max(1, steps - 1))
        return [self._shifted(end * (i / ways) ** self.power) for i in range(steps)]

    def at(self, sigma: float) -> NoiseLevel:
        return _level(1 / (1 + sigma))

    def part(self, strength: float, steps: int) -> list[NoiseLevel]:
        first = 1 - strength
        return [self._shifted(first + (1 - first) * i / steps) for i in range(steps)]

    def _shifted(self, time: float) -> NoiseLevel:
        return _level(time / (time + self.shift * (1 - time)))


def _level(time: float) -> NoiseLevel:
    signal = max(time, LEAST)
    return NoiseLevel(signal, 1 - signal, time)
