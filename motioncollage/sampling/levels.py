"""Where a sampler's noise levels come from: a model's discrete schedule, or the continuous one in sigma."""

import math
from dataclasses import dataclass, field
from typing import Protocol

from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.sampling.schedules import SigmaSchedule, VPSchedule


class Levels(Protocol):
    """Where a sampler's noise levels come from: a model's discrete schedule or a continuous one."""

    def levels(self, steps: int) -> list[NoiseLevel]:
        """`steps` levels from noisy to nearly clean."""
        ...

    def at(self, sigma: float) -> NoiseLevel:
        """The level whose noise-to-signal ratio sigma / alpha is `sigma`."""
        ...

    def part(self, strength: float, steps: int) -> list[NoiseLevel]:
        """At most `steps` levels, evenly from `strength` of the way to the noisiest one down to nearly clean (SDEdit)."""
        ...


@dataclass(frozen=True)
class DiscreteLevels:
    """Levels of a variance-preserving schedule.

    Attributes:
        schedule: of the model.
        power: 1 spaces steps evenly, as DDIM does where a whole stride exists; above 1 they stand densely at high
            noise, t = (T - 1) (1 - (i / n) ** power). Motion is decided there: with few even steps it is mush.
    """

    schedule: VPSchedule
    power: float = 1.0

    @property
    def most(self) -> int:
        """How many levels there are: those that the model was trained with."""
        return len(self.schedule)

    def levels(self, steps: int) -> list[NoiseLevel]:
        if not 1 <= steps <= len(self.schedule):
            raise ValueError(
                f"steps is {steps}; this model was trained with {len(self.schedule)}, so use 1 to that"
            )
        total = len(self.schedule)
        if self.power != 1:
            places: list[int] = []
            for i in range(steps):
                wanted = round((total - 1) * (1 - (i / steps) ** self.power))
                # Where steps stand closer than levels, and at the clean end, each still gets a level of its own.
                places.append(max(steps - 1 - i, min(wanted, places[-1] - 1 if places else total - 1)))
            return [level_of(self.schedule, place) for place in places]
        exact = any(len(range(0, total, stride)) == steps for stride in range(1, total))
        return levels_of(self.schedule.respaced(f"ddim{steps}" if exact and steps < total else str(steps)))

    def at(self, sigma: float) -> NoiseLevel:
        alpha = 1 / math.hypot(1.0, sigma)
        ratios = ((1 - self.schedule.alphas_cumprod) / self.schedule.alphas_cumprod).sqrt()
        nearest = int((ratios.log() - math.log(max(sigma, 1e-12))).abs().argmin())
        return NoiseLevel(alpha, sigma * alpha, float(self.schedule.timesteps[nearest]))

    def part(self, strength: float, steps: int) -> list[NoiseLevel]:
        first = strength * (len(self.schedule) - 1)
        places = sorted({round(first * (1 - i / steps)) for i in range(steps)}, reverse=True)
        return [level_of(self.schedule, place) for place in places]


@dataclass(frozen=True)
class ContinuousLevels:
    """Levels of the alpha = 1 convention."""

    schedule: SigmaSchedule = field(default_factory=SigmaSchedule)

    def levels(self, steps: int) -> list[NoiseLevel]:
        return [NoiseLevel.exploding(float(sigma)) for sigma in self.schedule.sigmas(steps)]

    def at(self, sigma: float) -> NoiseLevel:
        return NoiseLevel.exploding(sigma)

    def part(self, strength: float, steps: int) -> list[NoiseLevel]:
        least = self.schedule.sigma_min
        top = least * (self.schedule.sigma_max / least) ** strength
        return [self.at(float(sigma)) for sigma in SigmaSchedule(least, top).sigmas(max(2, steps))]


def levels_of(schedule: VPSchedule) -> list[NoiseLevel]:
    """All levels of a (respaced) schedule, noisy first."""
    return [level_of(schedule, place) for place in reversed(range(len(schedule)))]


def level_of(schedule: VPSchedule, place: int) -> NoiseLevel:
    """The level at one place of a schedule, 0 the cleanest."""
    signal = float(schedule.alphas_cumprod[place])
    return NoiseLevel(math.sqrt(signal), math.sqrt(1 - signal), float(schedule.timesteps[place]))
