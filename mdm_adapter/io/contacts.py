"""Where feet stood: for the eye in videos and pages, not a measurement."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.drawing import Array

FEET = ((7, 10), (8, 11))  # ankle and ball, left and right
SLOW, LOW, SAME = 0.45, 0.06, 0.022  # of the body's height: a second, above the ground, between two prints


@dataclass(frozen=True, eq=False)
class Stands:
    """Places where feet stood, n of them, ordered by foot and time.

    Attributes:
        places: [n, 2, 2], (x, z) of heel and ball, metres.
        first, last: [n], the frames when each was first and last under a foot.
        foot: [n], 0 left, 1 right.
    """

    places: Array
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    foot: NDArray[np.int64]


def stands(joints: Array, fps: float, height: float) -> Stands:
    """Where the feet of joints [frames, 22, 3] stood. A planted foot stands once, a sliding one in many places.

    A foot counts as planted when its ball is low and slow.
    """
    places: list[Array] = []
    spans: list[tuple[int, int, int]] = []
    for foot, (ankle, ball) in enumerate(FEET):
        path = joints[:, ball]
        speed = np.linalg.norm(np.gradient(path, axis=0), axis=1) * fps if len(path) > 1 else np.zeros(1)
        planted = (speed < SLOW * height) & (path[:, 1] < LOW * height)
        for frame in np.flatnonzero(planted).tolist():
            here = joints[frame, [ankle, ball]][:, [0, 2]]
            stays = bool(spans) and spans[-1][1:] == (frame - 1, foot)
            if stays and np.abs(here - places[-1]).max() < SAME * height:
                spans[-1] = (spans[-1][0], frame, foot)
            else:
                places.append(here)
                spans.append((frame, frame, foot))
    first, last, side = np.array(spans, dtype=np.int64).reshape(-1, 3).T
    return Stands(np.array(places, dtype=np.float64).reshape(-1, 2, 2), first, last, side)
