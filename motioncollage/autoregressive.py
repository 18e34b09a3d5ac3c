"""Long things window by window, the usual alternative to a collage: each window continues what is already there."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from motioncollage.conditioning import Mask

SampleWindow = Callable[[int, int, Mask | None, Tensor | None], Tensor]


@dataclass(frozen=True)
class SlidingWindow:
    """Windows of `size` sites that slide on by all but `known` of them (the paper keeps half)."""

    size: int
    known: int

    def __post_init__(self) -> None:
        if not 0 < self.known < self.size:
            raise ValueError(
                f"{self.known} known sites in a window of {self.size}; keep at least 1 and fewer than all"
            )

    def starts(self, total: int) -> list[int]:
        """First site of every window; the last one ends with the thing and may keep more than `known`."""
        if total <= self.size:
            return [0]
        stride = self.size - self.known
        inner = list(range(0, total - self.size, stride))
        return [*inner, total - self.size]


def outpaint(sample_window: SampleWindow, total: int, window: SlidingWindow, *, axis: int) -> Tensor:
    """Sample a long thing from left to right.

    Args:
        sample_window: called with the window's number, its size, and, after the first, a `Mask` of the known sites
            and a value [batch, ..., size, ...] whose known sites hold what is already there.
        total: sites in all.
        axis: the axis of the sites.

    Returns:
        The whole thing; the known part of a window stays as the earlier window made it.
    """
    starts = window.starts(total)
    size = min(window.size, total)
    whole = sample_window(0, size, None, None)
    for number, start in enumerate(starts[1:], 1):
        known = whole.shape[axis] - start
        before = whole.narrow(axis, start, known)
        shape = list(before.shape)
        shape[axis] = size - known
        value = torch.cat((before, before.new_zeros(shape)), dim=axis)
        sites = [1] * before.ndim
        sites[axis] = size
        mask = (torch.arange(size, device=before.device) < known).view(sites)
        made = sample_window(number, size, Mask(mask), value)
        whole = torch.cat((whole, made.narrow(axis, known, size - known)), dim=axis)
    return whole
