"""Long things window by window, the usual alternative to a collage: each window continues what is already there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from motioncollage.collage.conditioning import Mask

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

    def spans(self, *lengths: int) -> list[range]:
        """The sites of every window over parts in a row, such as actions; a window adds sites of one part only.

        It knows as much of what is there as fits beside what it adds.
        """
        found: list[range] = []
        there = part = 0
        for length in lengths:
            part += length
            while there < part:
                adds = min(part - there, self.size - self.known if there else self.size)
                there += adds
                found.append(range(max(0, there - self.size), there))
        return found


def outpaint(sample_window: SampleWindow, spans: Sequence[range], *, axis: int) -> Tensor:
    """Sample a long thing from left to right.

    Args:
        sample_window: called with the window's number, its size, and, after the first, a `Mask` of the known sites
            and a value [batch, ..., size, ...] whose known sites hold what is already there.
        spans: the sites of every window, as `SlidingWindow.spans` gives them.
        axis: the axis of the sites.

    Returns:
        The whole thing; the known part of a window stays as the earlier window made it.
    """
    whole = sample_window(0, len(spans[0]), None, None)
    for number, span in enumerate(spans[1:], 1):
        size, known = len(span), whole.shape[axis] - span.start
        before = whole.narrow(axis, span.start, known)
        shape = list(before.shape)
        shape[axis] = size - known
        value = torch.cat((before, before.new_zeros(shape)), dim=axis)
        sites = [1] * before.ndim
        sites[axis] = size
        mask = (torch.arange(size, device=before.device) < known).view(sites)
        made = sample_window(number, size, Mask(mask), value)
        whole = torch.cat((whole, made.narrow(axis, known, size - known)), dim=axis)
    return whole
