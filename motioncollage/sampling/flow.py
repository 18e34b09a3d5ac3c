"""Noise levels of flow matching (Lipman et al. 2023; rectified flow, Liu et al. 2023): x = t x0 + (1 - t) eps, t from 0 to 1.

A flow network predicts the velocity v = x0 - eps; its clean prediction is x + (1 - t) v
(`collage.denoiser.flow_prediction`). With it, DDIM without renewed noise is Euler's method along the flow.
"""

from dataclasses import dataclass

from motioncollage.collage.denoiser import NoiseLevel

LEAST = 1e-5  # signal of the noisiest level, where samplers divide by it; its network is told 0


@dataclass(frozen=True)
class FlowLevels:
    """Levels of flow matching; the network is told the time t.

    Attributes:
        power: 1 spaces times evenly, as published; above 1 they stand densely at high noise.
    """

    power: float = 1.0

    def levels(self, steps: int) -> list[NoiseLevel]:
        if steps < 1:
            raise ValueError(f"steps is {steps}; a sampler needs at least 1")
        return [_level((i / steps) ** self.power) for i in range(steps)]

    def at(self, sigma: float) -> NoiseLevel:
        return _level(1 / (1 + sigma))

    def part(self, strength: float, steps: int) -> list[NoiseLevel]:
        first = 1 - strength
        return [_level(first + (1 - first) * i / steps) for i in range(steps)]


def _level(time: float) -> NoiseLevel:
    signal = max(time, LEAST)
    return NoiseLevel(signal, 1 - signal, time)
