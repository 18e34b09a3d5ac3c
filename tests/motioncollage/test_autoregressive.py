"""Windows that slide: where they start, what they keep, what they are told."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from motioncollage.autoregressive import SlidingWindow, outpaint
from motioncollage.conditioning import Mask


@given(total=st.integers(1, 200), size=st.integers(2, 50), data=st.data())
def test_windows_cover_everything_and_know_enough(total: int, size: int, data: st.DataObject) -> None:
    window = SlidingWindow(size, data.draw(st.integers(1, size - 1)))
    starts = window.starts(total)
    length = min(size, total)
    assert starts[0] == 0
    assert starts[-1] + length == total
    for before, after in zip(starts, starts[1:], strict=False):
        assert 0 < after - before <= size - window.known


@pytest.mark.parametrize("axis", [1, 2])
def test_known_sites_are_passed_on_and_kept(axis: int) -> None:
    seen: list[tuple[int, int, int]] = []

    def sample_window(number: int, size: int, mask: Mask | None, value: Tensor | None) -> Tensor:
        known = 0 if mask is None else int(mask.known.sum())
        seen.append((number, size, known))
        shape = [2, 3, 3]
        shape[axis] = size
        new = torch.full(shape, float(number))
        if mask is None or value is None:
            return new
        # What is already there comes from the window before.
        assert value.narrow(axis, 0, known).max() <= number - 1
        return torch.where(mask.known, torch.full_like(new, -1.0), new)

    whole = outpaint(sample_window, 11, SlidingWindow(6, 3), axis=axis)
    assert seen == [(0, 6, 0), (1, 6, 3), (2, 6, 4)]
    line = whole.movedim(axis, 0)[:, 0, 0]
    assert line.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_short_things_are_one_window() -> None:
    whole = outpaint(lambda number, size, mask, value: torch.ones(1, size), 4, SlidingWindow(6, 3), axis=1)
    assert whole.shape == (1, 4)


@pytest.mark.parametrize("known", [0, 6, 9, -1])
def test_windows_that_do_not_slide_are_refused(known: int) -> None:
    with pytest.raises(ValueError, match="known sites in a window of 6"):
        SlidingWindow(6, known)
