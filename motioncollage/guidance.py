"""Classifier-free guidance (Ho & Salimans 2022) as a weighted sum of evaluations, so that it composes like a graph."""

from motioncollage.denoiser import Condition


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
