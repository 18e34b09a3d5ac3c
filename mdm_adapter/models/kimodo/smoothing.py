"""The smooth path of the root: as little change of speed as a margin of six centimetres a frame allows.

Minimises |second differences|^2 within the margin, by ADMM from coarse to fine. The published code refines once more
than it should: after the finest level every sample becomes the mean of itself and its successor, so that the path leads
by half a frame and leaves the margin a little. That *is* the representation, so it is kept.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded

MARGIN = 0.06  # metres
ITERATIONS = 500
RELAXATION = 1.8
SHORTEST = 5  # frames

Array = NDArray[np.float64]


def smooth_path(path: Array) -> Array:
    """The smoothed path [frames, axes] of a path [frames, axes] in metres.

    Raises:
        ValueError: fewer than 5 frames, which the definition cannot smooth.
    """
    frames = len(path)
    if frames < SHORTEST:
        raise ValueError(f"a motion of {frames} frames has no smooth path; give at least {SHORTEST} frames")
    path = np.asarray(path, dtype=np.float64)
    smooth = np.broadcast_to(path.mean(axis=0), path.shape).copy()
    stride = 2 ** max(int(np.log2(frames)) - 4, 1)
    while stride >= 1:
        smooth[::stride] = _within_margin(path[::stride], smooth[::stride])
        _refine(smooth, stride)
        stride //= 2
    return smooth


def _within_margin(target: Array, start: Array) -> Array:
    """The path of least second differences whose points stay within the margin of the target's, by ADMM."""
    bands = _normal_bands(len(target))
    weight = 0.25 * np.sqrt(bands[-1].max())
    bands[-1] += weight
    factor = (cholesky_banded(bands), False)
    x, multiplier = start, np.zeros_like(target)
    for _ in range(ITERATIONS):
        away = x + multiplier - target
        length = np.linalg.norm(away, axis=1, keepdims=True)
        inside = target + away * np.minimum(1.0, MARGIN / np.maximum(length, 1e-12))
        multiplier = multiplier + RELAXATION * (x - inside)
        x = cho_solve_banded(factor, weight * (inside - multiplier))
    return x


def _normal_bands(frames: int) -> Array:
    """A^T A of the second differences (none at both ends) in the upper form of `cholesky_banded` [3, frames]."""
    bands = np.zeros((3, frames))
    for middle in range(1, frames - 1):
        bands[2, middle - 1 : middle + 2] += (1.0, 4.0, 1.0)
        bands[1, middle : middle + 2] += (-2.0, -2.0)
        bands[0, middle + 1] += 1.0
    return bands


def _refine(path: Array, stride: int) -> None:
    """Fill in the midpoints between samples that lie `stride` apart; at stride 1 they fall on the samples themselves."""
    samples = path[::stride].copy()
    beyond = (len(samples) - 1) * stride + stride // 2
    half_a_step_on = samples[-1] + 0.5 * (samples[-1] - samples[-2])
    if beyond < len(path):
        path[beyond] = half_a_step_on
    if stride == 1:
        samples[-1] = half_a_step_on
    path[stride // 2 : beyond : stride] = 0.5 * (samples[:-1] + samples[1:])
