"""Quilting against what it must do: copy, match, and cut along the cheapest path."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.quilting import least_path, quilt


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 5), columns=st.integers(1, 4), seed=st.integers(0, 1000))
def test_the_path_is_the_cheapest_of_all(rows: int, columns: int, seed: int) -> None:
    errors = np.random.default_rng(seed).random((rows, columns))
    paths = [
        p for p in product(range(columns), repeat=rows) if all(abs(a - b) <= 1 for a, b in zip(p, p[1:]))
    ]
    least = min(sum(errors[i, c] for i, c in enumerate(p)) for p in paths)
    found = least_path(errors)
    assert all(abs(np.diff(found)) <= 1)
    assert errors[np.arange(rows), found].sum() == pytest.approx(least)


def test_every_pixel_is_one_of_the_source() -> None:
    rng = np.random.default_rng(0)
    source = rng.permutation(40 * 40).reshape(40, 40, 1).astype(float)
    made = quilt(source, 70, 50, 18, rng)
    assert made.shape == (70, 50, 1)
    assert set(made.ravel()) <= set(source.ravel())


def test_a_regular_texture_goes_on_without_a_fault() -> None:
    rows, columns = np.indices((48, 48))
    source = ((rows % 6 < 3) ^ (columns % 4 < 2)).astype(float)[..., None]
    made = quilt(source, 96, 96, 24, np.random.default_rng(1), tolerance=0.0)
    assert np.array_equal(made[:-6], made[6:])
    assert np.array_equal(made[:, :-4], made[:, 4:])


def test_blocks_are_drawn() -> None:
    source = np.random.default_rng(0).random((40, 40, 3))
    one, two = (quilt(source, 60, 60, 18, np.random.default_rng(seed)) for seed in (1, 2))
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("block", [5, 40])
def test_blocks_that_do_not_fit(block: int) -> None:
    with pytest.raises(ValueError, match=f"block is {block}; choose from 6 to below the source's 40"):
        quilt(np.zeros((40, 50, 3)), 80, 80, block, np.random.default_rng(0))
