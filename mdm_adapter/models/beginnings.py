"""Windows that stand somewhere are evaluated in the order in which they begin: where one does, those before it predict."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_COVER = 1e-6


@dataclass(frozen=True)
class Beginning:
    """A frame with which windows begin.

    Attributes:
        windows: their numbers.
        there: what the windows before them count for in that frame, all together; 0 for the first frame.
    """

    frame: int
    windows: tuple[int, ...]
    there: float


def beginnings(frames: Sequence[Tensor], weights: Sequence[Tensor]) -> list[Beginning]:
    """In order, of windows over frames [length], each of which counts for as much [length].

    Raises:
        ValueError: a window that shares no frame with those before it.
    """
    starts = [int(own[0]) for own in frames]
    cover = torch.zeros(max(int(own.max()) for own in frames) + 1, dtype=torch.float64)
    order = []
    for start in sorted(set(starts)):
        there = float(cover[start])
        if start and abs(there) < LEAST_COVER:
            raise ValueError(
                f"a window begins at frame {start}, which no window before it shares; give neighbours an overlap"
            )
        windows = tuple(number for number, own in enumerate(starts) if own == start)
        for number in windows:
            cover[frames[number]] += weights[number]
        order.append(Beginning(start, windows, there))
    return order
