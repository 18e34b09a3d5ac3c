"""Image quilting (Efros and Freeman 2001): the usual way to make a texture larger, for comparison."""

import numpy as np

from eval.metrics.metric import Float64

SHARE = 6  # a block overlaps its neighbours by this part of its side, as in the paper
TOLERANCE = 0.1  # how much worse than the best match a block that is taken may be, as in the paper


def quilt(
    source: Float64, height: int, width: int, block: int, rng: np.random.Generator, *, tolerance: float = TOLERANCE
) -> Float64:  # fmt: skip
    """A larger texture [height, width, channels] of blocks of a smaller one, row by row.

    Every block is drawn among those whose overlap with what is there is nearly the best, and cut into it along the path
    of least difference.

    Args:
        source: [h, w, channels], any numbers.
        block: side of a block.
        rng: draws the blocks.

    Raises:
        ValueError: blocks that do not fit into the source, or leave no overlap.
    """
    overlap = block // SHARE
    if overlap < 1 or block >= min(source.shape[:2]):
        raise ValueError(
            f"block is {block}; choose from {SHARE} to below the source's {min(source.shape[:2])} pixels"
        )
    stride = block - overlap
    rows, columns = (max(1, -(-(side - overlap) // stride)) for side in (height, width))
    made = np.zeros((rows * stride + overlap, columns * stride + overlap, source.shape[2]))
    for i in range(rows):
        for j in range(columns):
            window = made[i * stride : i * stride + block, j * stride : j * stride + block]
            known = np.zeros((block, block), dtype=bool)
            known[:overlap] |= i > 0
            known[:, :overlap] |= j > 0
            top, left = _match(source, window, known, tolerance, rng)
            piece = source[top : top + block, left : left + block]
            wins = _cut(np.square(piece - window).sum(axis=2), overlap, above=i > 0, beside=j > 0)
            window[wins] = piece[wins]
    return made[:height, :width]


def _match(
    source: Float64, window: Float64, known: np.ndarray, tolerance: float, rng: np.random.Generator
) -> tuple[int, int]:
    """Where a block starts that fits what is known of a window, drawn among the good ones."""
    errors = _errors(source, window, known)
    # Rounding of the transforms can make a perfect match slightly negative.
    errors = np.maximum(errors - min(0.0, float(errors.min())), 0)
    good = np.argwhere(errors <= errors.min() * (1 + tolerance) + 1e-9)
    top, left = good[rng.integers(len(good))]
    return int(top), int(left)


def _errors(source: Float64, window: Float64, known: np.ndarray) -> Float64:
    """Sum of squared differences over what is known, for every place of the window in the source."""
    from scipy.signal import fftconvolve

    mask = known.astype(np.float64)
    shape = tuple(n - k + 1 for n, k in zip(source.shape[:2], known.shape))
    total = np.zeros(shape)
    if not known.any():
        return total
    for channel in range(source.shape[2]):
        pixels, wanted = source[..., channel], window[..., channel] * mask
        total += fftconvolve(np.square(pixels), mask[::-1, ::-1], "valid")
        total += np.square(wanted).sum() - 2 * fftconvolve(pixels, wanted[::-1, ::-1], "valid")
    return total


def _cut(errors: Float64, overlap: int, *, above: bool, beside: bool) -> np.ndarray:
    """Where the new block wins [block, block]: right of the path on the left, and below that above."""
    wins = np.ones(errors.shape, dtype=bool)
    columns = np.arange(overlap)
    if beside:
        wins[:, :overlap] &= columns > least_path(errors[:, :overlap])[:, None]
    if above:
        wins[:overlap] &= columns[:, None] > least_path(errors[:overlap].T)[None, :]
    return wins


def least_path(errors: Float64) -> np.ndarray:
    """Columns [rows] of the path from the first row to the last of least sum, one column aside at most each row."""
    total = errors.copy()
    for row in range(1, len(total)):
        padded = np.pad(total[row - 1], 1, constant_values=np.inf)
        total[row] += np.minimum(np.minimum(padded[:-2], padded[1:-1]), padded[2:])
    path = np.empty(len(total), dtype=np.int64)
    path[-1] = int(total[-1].argmin())
    for row in range(len(total) - 2, -1, -1):
        first = max(0, path[row + 1] - 1)
        path[row] = first + int(total[row, first : path[row + 1] + 2].argmin())
    return path
