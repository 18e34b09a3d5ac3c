"""What a metric hands back: a number that knows its unit, its direction and whose definition it follows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Direction = Literal["higher", "lower", "matching real"]
"""Which way is better. "matching real": neither way, the value of real motion is the aim."""

Float64 = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Metric:
    """One number of a table.

    name: key in result files, e.g. `r_precision_top3`; value: the number; unit: "1" for ratios, else as
    written (m, m/s, m/frame^3, "embedding" for distances in the evaluator's space); direction: which way is
    better; source: the definition followed; count: how many samples, pairs or windows it rests on; details:
    conventions and side numbers (thresholds, dropped samples), JSON-ready.
    """

    name: str
    value: float
    unit: str
    direction: Direction
    source: str
    count: int
    details: Mapping[str, float | int | str] = field(default_factory=dict)

    def __float__(self) -> float:
        return self.value


def to_float64(array: Any, name: str, ndim: int | None = None) -> Float64:
    """NumPy array, torch tensor (any device) or nested list -> finite float64 array.

    Args:
        array: what to convert.
        name: what the message calls it.
        ndim: required number of dimensions; None accepts any.
    """
    if hasattr(array, "detach"):  # a torch tensor, without importing torch here
        # .double() first: NumPy has no bfloat16
        array = array.detach().double().cpu().numpy()
    result = np.asarray(array, dtype=np.float64)
    if ndim is not None and result.ndim != ndim:
        raise ValueError(f"{name} must have {ndim} dimensions, it has shape {result.shape}")
    bad = result.size - int(np.isfinite(result).sum())
    if bad:
        raise ValueError(
            f"{name} has {bad} values that are NaN or infinite of {result.size}; drop those samples before "
            "measuring and report how many"
        )
    return result


def paired(first: Any, second: Any, first_name: str, second_name: str) -> tuple[Float64, Float64]:
    """Two embedding arrays [N, D] of the same shape, as float64."""
    a, b = to_float64(first, first_name, 2), to_float64(second, second_name, 2)
    if a.shape != b.shape:
        raise ValueError(
            f"{first_name} {a.shape} and {second_name} {b.shape} must match: row i of each is pair i"
        )
    return a, b


def ratio(numerator: float, denominator: float, floor: float = 1e-12) -> float:
    """numerator / denominator, with 0/0 = 1 (nothing stands out against nothing) and x/0 = inf."""
    if denominator > floor:
        return numerator / denominator
    return 1.0 if numerator <= floor else float("inf")
