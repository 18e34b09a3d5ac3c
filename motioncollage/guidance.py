"""Classifier-free guidance (Ho & Salimans 2022) as a weighted sum of evaluations, so that it composes like a graph."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from motioncollage.denoiser import Composed, Condition, NoiseLevel


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
class LimitedGuidance:
    """Guidance in a limited interval of noise (Kynkaanniemi et al. 2024): none where sigma / alpha is above `limit`.

    At the highest noise levels a prediction is a mean over all that the condition allows, and guidance pushes it
    beyond that mean: a wave, whose swings cancel in the mean, becomes a raised hand that stands still.

    Attributes:
        guided: with guidance.
        plain: the same without.
        limit: noise-to-signal ratio from which guidance sets in.
    """

    guided: Composed
    plain: Composed
    limit: float

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        chosen = self.plain if level.sigma > self.limit * level.alpha else self.guided
        return chosen(x, level)


def limited(compose: Callable[[float], Composed], scale: float, limit: float) -> Composed:
    """A denoiser with guidance `scale` up to a noise-to-signal ratio, from a function that composes one for a scale.

    Raises:
        ValueError: a limit that is not above 0.
    """
    check_limit(limit)
    guided = compose(scale)
    return guided if math.isinf(limit) or scale == 1 else LimitedGuidance(guided, compose(1.0), limit)


def check_limit(limit: float) -> None:
    """Refuse what is no noise-to-signal ratio."""
    if not limit > 0:
        raise ValueError(
            f"guidance limit is {limit:g}; give a noise-to-signal ratio above 0, or inf for none"
        )
