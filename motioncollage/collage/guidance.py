"""Classifier-free guidance (Ho & Salimans 2022) as a weighted sum of evaluations, so that it composes like a graph."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from motioncollage.collage.denoiser import Composed, Condition, Denoiser, NoiseLevel, spread


def weighted_conditions(condition: Condition | None, scale: float) -> list[tuple[Condition | None, float]]:
    """Evaluations whose weighted sum is `null + scale (conditional - null)`.

    Passes that cancel are left out: the null one at scale 1, the conditional one at scale 0, and both but one when
    the condition is the null token itself, as on overlaps.
    """
    if condition is None or scale == 0:
        return [(None, 1.0)]
    if scale == 1:
        return [(condition, 1.0)]
    return [(condition, scale), (None, 1.0 - scale)]


@dataclass(frozen=True)
class Conditioned:
    """A plain denoiser with its condition (one, or `PerSample`) and guidance settled: an ordinary short sample."""

    denoiser: Denoiser
    condition: Condition | None = None
    guidance: float = 1.0

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        total = None
        for condition, weight in weighted_conditions(self.condition, self.guidance):
            part = weight * self.denoiser(x, level, spread(condition, len(x)))
            total = part if total is None else total + part
        assert total is not None
        return total


@dataclass(frozen=True)
class LimitedGuidance:
    """Another guidance at the highest levels of noise (after Kynkaanniemi et al. 2024, who use none there).

    There a prediction is a mean over all that the condition allows, and guidance pushes it beyond that mean: a wave,
    whose swings cancel in the mean, becomes a raised hand that stands still. But there, too, it is decided which
    action happens, so that some guidance is better than none.

    Attributes:
        noisy: for levels whose noise-to-signal ratio sigma / alpha is above `limit`.
        fair: for all others.
        limit: that ratio.
    """

    noisy: Composed
    fair: Composed
    limit: float

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        chosen = self.noisy if level.sigma > self.limit * level.alpha else self.fair
        return chosen(x, level)


@dataclass(frozen=True)
class Guidance:
    """Scales of classifier-free guidance over the levels of noise.

        model.generate("a person walks", guidance=mc.Guidance(3.0, limit=6.4, above=2.0))

    Attributes:
        scale: 1 none, higher follows the condition more.
        limit: noise-to-signal ratio above which `above` holds; infinite for one scale throughout.
        above: scale above the limit.
    """

    scale: float = 2.5
    limit: float = math.inf
    above: float = 1.0

    def __post_init__(self) -> None:
        for name in ("scale", "above"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(
                    f"guidance {name} is {getattr(self, name)}; give a finite number, such as 2.5"
                )
        if not self.limit > 0:
            raise ValueError(
                f"guidance limit is {self.limit:g}; give a noise-to-signal ratio above 0, or inf for one scale"
            )

    def compose(self, at: Callable[[float], Composed]) -> Composed:
        """A denoiser with this guidance, from a function that composes one for a scale."""
        fair = at(self.scale)
        if math.isinf(self.limit) or self.above == self.scale:
            return fair
        return LimitedGuidance(at(self.above), fair, self.limit)

    def own(self, scale: float, wanted: float | None) -> float:
        """The scale of a condition that wants its own, where all others have `scale`.

        Where others have less than `scale` of these settings, at the highest noise, so has this one in proportion.
        """
        if wanted is None:
            return scale
        return wanted if self.scale == 1 else 1 + (scale - 1) * (wanted - 1) / (self.scale - 1)
