"""Measurements of a series over time [T, ...] at `RATE` frames a second: windows, stretches, oscillations.

Windows hold so many seconds; at the ends of a series the nearest whole window stands in, never half of one.
"""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d, maximum_filter1d, minimum_filter1d, uniform_filter1d

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

RATE = 20.0  # frames a second of every take that is judged: thresholds hold there, other rates are resampled


def smooth(series: Array, seconds: float) -> Array:
    """Gaussian average [T, ...] over time; seconds: its standard deviation. A straight line stays one, to
    its ends."""
    reach = frames(4 * seconds)
    edges = ((reach, reach),) + ((0, 0),) * (series.ndim - 1)
    # Point reflection at the ends: were the last value repeated, whoever walks on would seem to slow down.
    longer = np.pad(series, edges, mode="reflect", reflect_type="odd")
    return np.asarray(gaussian_filter1d(longer, seconds * RATE, axis=0)[reach:-reach])


def averaged(series: Array | Mask, seconds: float) -> Array:
    """Mean [T, ...] of the window of so many seconds around each frame."""
    width = min(frames(seconds), len(series))
    return _whole(uniform_filter1d(series.astype(np.float64), width, axis=0, mode="nearest"), width)


def least(series: Array, seconds: float) -> Array:
    """Minimum [T] of the window of so many seconds around each frame: what is kept up for that long."""
    width = min(frames(seconds), len(series))
    return _whole(minimum_filter1d(series, width, mode="nearest"), width)


def most(series: Array, seconds: float) -> Array:
    """Maximum [T] of the window of so many seconds around each frame."""
    width = min(frames(seconds), len(series))
    return _whole(maximum_filter1d(series, width, mode="nearest"), width)


def recent(series: Array, seconds: float) -> Array:
    """Maximum [T] of the window of so many seconds that ends at each frame; of what there is of it at the
    start."""
    width = min(frames(seconds), len(series))
    return np.asarray(maximum_filter1d(series, width, mode="nearest", origin=(width - 1) // 2))


def _whole(filtered: Array, width: int) -> Array:
    """Filtered series [T, ...] whose ends repeat the first and last frame that a whole window lies around."""
    first, last = width // 2, len(filtered) - 1 - (width - 1) // 2
    filtered[:first] = filtered[first]
    filtered[last:] = filtered[last]
    return filtered


def frames(seconds: float) -> int:
    """Frames of a duration, at least one."""
    return max(1, round(seconds * RATE))


def longest(mask: Mask) -> float:
    """Seconds of the longest unbroken stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return float((edges[1::2] - edges[::2]).max() / RATE) if len(edges) else 0.0


def stretches(mask: Mask, seconds: float = 0.0) -> list[slice]:
    """The unbroken stretches of True that last at least so long, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return [slice(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a >= seconds * RATE - 1e-9]


def held(series: Array, seconds: float) -> float:
    """The highest level that a series [T] keeps for so long without a break; of a shorter one, its
    minimum."""
    width = min(frames(seconds), len(series))
    return float(np.lib.stride_tricks.sliding_window_view(series, width).min(axis=1).max())


def gain(series: Array, seconds: float) -> float:
    """The largest increase of a series [T] within so many seconds or less."""
    width = min(frames(seconds) + 1, len(series))
    return max(float((series[lag:] - series[:-lag]).max()) for lag in range(1, width)) if width > 1 else 0.0


def swings(series: Array, size: float) -> int:
    """How often a series [T] goes up or down by at least `size` before it turns: half periods of an
    oscillation."""
    steps = np.diff(series)
    turns = np.flatnonzero(steps[1:] * steps[:-1] <= 0) + 1  # where it may turn; between them it only goes on
    points = [float(series[0]), *series[turns].tolist(), float(series[-1])]
    low = high = points[0]
    count = way = 0  # way: 1 up, -1 down, 0 not known yet
    for value in points[1:]:
        if way <= 0:
            low = min(low, value)
        if way >= 0:
            high = max(high, value)
        if way <= 0 and value - low >= size:
            count, way, high = count + 1, 1, value
        elif way >= 0 and high - value >= size:
            count, way, low = count + 1, -1, value
    return count
