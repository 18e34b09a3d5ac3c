"""Windows that slide: where they start, what they keep, what they are told."""

from itertools import accumulate

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from motioncollage.collage.conditioning import Mask
from motioncollage.collage.outpaint import SlidingWindow, outpaint


@given(
    lengths=st.lists(st.integers(1, 100), min_size=1, max_size=4),
    size=st.integers(2, 50),
    data=st.data(),
)
def test_windows_cover_everything_and_know_enough(lengths: list[int], size: int, data: st.DataObject) -> None:
    window = SlidingWindow(size, data.draw(st.integers(1, size - 1)))
    spans = window.spans(*lengths)
    ends = set(accumulate(lengths))
    assert spans[0].start == 0
    assert {span.stop for span in spans} >= ends
    there = 0
    for span in spans:
        added = range(there, span.stop)
        assert len(added) > 0
        assert len(span) <= size
        # What it knows fills the window, and is at least what was asked for where so much is there.
        assert len(span) == min(size, span.stop)
        assert there - span.start >= min(window.known, there)
        # It adds to one part only.
        assert not any(end in ends for end in added[1:])
        there = span.stop
    assert there == sum(lengths)


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

    whole = outpaint(sample_window, SlidingWindow(6, 3).spans(11), axis=axis)
    assert seen == [(0, 6, 0), (1, 6, 3), (2, 6, 4)]
    line = whole.movedim(axis, 0)[:, 0, 0]
    assert line.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_short_things_are_one_window() -> None:
    whole = outpaint(
        lambda number, size, mask, value: torch.ones(1, size), SlidingWindow(6, 3).spans(4), axis=1
    )
    assert whole.shape == (1, 4)


@pytest.mark.parametrize("known", [0, 6, 9, -1])
def test_windows_that_do_not_slide_are_refused(known: int) -> None:
    with pytest.raises(ValueError, match="known sites in a window of 6"):
        SlidingWindow(6, known)
