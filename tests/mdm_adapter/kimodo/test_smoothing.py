"""The smooth path: the published numbers, and what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import golden

from mdm_adapter.models.kimodo.smoothing import smooth_path


@pytest.mark.parametrize("frames", [5, 6, 16, 33, 64, 90, 301])
def test_published_paths(frames: int) -> None:
    data = np.load(golden("kimodo_smooth_root.npz"))
    ground = [0, 2]
    found = smooth_path(data[f"n{frames}_in"][:, ground])
    assert np.abs(found - data[f"n{frames}_out"][:, ground]).max() < 1e-9
    single = smooth_path(data[f"n{frames}_in"][:, ground].astype(np.float32))
    assert np.abs(single - data[f"n{frames}_out32"][:, ground]).max() < 2e-6


@settings(max_examples=8, deadline=None)
@given(st.integers(5, 70), st.integers(0, 1000))
def test_it_is_smooth_near_and_moves_with_the_path(frames: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    path = np.cumsum(generator.normal(size=(frames, 2)) * 0.03, axis=0)
    smooth = smooth_path(path)
    assert np.square(np.diff(smooth, 2, axis=0)).sum() < np.square(np.diff(path, 2, axis=0)).sum()
    # 6 cm, and half a step more for the published refinement after the last level.
    assert np.linalg.norm(smooth - path, axis=1).max() < 0.06 + 0.1
    moved = smooth_path(path + np.array([3.0, -7.0]))
    assert np.allclose(moved, smooth + np.array([3.0, -7.0]), atol=1e-9)


def test_who_stands_stays() -> None:
    path = np.tile([1.5, -2.0], (40, 1))
    assert np.allclose(smooth_path(path), path, atol=1e-12)


def test_too_short() -> None:
    with pytest.raises(ValueError, match="4 frames has no smooth path; give at least 5"):
        smooth_path(np.zeros((4, 2)))
