"""Motion at another frame rate."""

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def resample(joints: Floats, frame_time: float, fps: float) -> Floats:
    """Positions [F, ...] taken frame_time seconds apart, as [T, ...] at times 0, 1 / fps, 2 / fps ...

    Linear between the two neighbouring frames: never overshoots, and is how the training clips were made.
    T = floor((F - 1) frame_time fps + 0.001) + 1; the 0.001 forgives a frame time rounded in a file.

    Raises:
        ValueError: a rate that is not positive.
    """
    if not 0 < fps < math.inf:
        raise ValueError(f"fps is {fps}; it must be positive, such as 20")
    last = (len(joints) - 1) * frame_time * fps
    position = np.arange(math.floor(last + 1e-3) + 1) / max(fps * frame_time, 1e-300)
    position = np.minimum(position, len(joints) - 1)
    before = np.minimum(position.astype(np.int64), max(len(joints) - 2, 0))
    after = np.minimum(before + 1, len(joints) - 1)
    part = (position - before).reshape(-1, *(1 for _ in joints.shape[1:]))
    return (1 - part) * joints[before] + part * joints[after]
