"""Windows, stretches and swings of series in closed form."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.checks.series import averaged, gain, held, least, longest, most, recent, smooth, stretches, swings

SERIES = st.lists(st.floats(-10, 10), min_size=3, max_size=60).map(np.array)
SECONDS = st.floats(0.05, 4.0)


def test_windows_lie_around_the_frame_and_are_whole_at_the_ends() -> None:
    series = np.arange(8.0)
    assert averaged(series, 0.15).tolist() == [1, 1, 2, 3, 4, 5, 6, 6]
    assert least(series, 0.15).tolist() == [0, 0, 1, 2, 3, 4, 5, 5]
    assert most(series, 0.15).tolist() == [2, 2, 3, 4, 5, 6, 7, 7]


@pytest.mark.parametrize("seconds", [0.15, 0.2])
def test_recent_ends_at_the_frame(seconds: float) -> None:
    impulse = np.zeros(12)
    impulse[5] = 1.0
    width = round(seconds * 20)
    assert np.flatnonzero(recent(impulse, seconds)).tolist() == list(range(5, 5 + width))


@given(SERIES, SECONDS)
def test_windows_keep_length_and_order(series: np.ndarray, seconds: float) -> None:
    low, mean, high = least(series, seconds), averaged(series, seconds), most(series, seconds)
    assert low.shape == mean.shape == high.shape == recent(series, seconds).shape == series.shape
    assert (low <= mean + 1e-9).all()
    assert (mean <= high + 1e-9).all()
    assert (recent(series, seconds) >= series).all()


@given(SERIES, SECONDS)
def test_windows_agree_with_their_definition(series: np.ndarray, seconds: float) -> None:
    width = min(max(1, round(seconds * 20)), len(series))
    windows = np.lib.stride_tricks.sliding_window_view(series, width)
    middle = slice(width // 2, width // 2 + len(windows))
    assert np.allclose(averaged(series, seconds)[middle], windows.mean(axis=1))
    assert (least(series, seconds)[middle] == windows.min(axis=1)).all()
    assert held(series, seconds) == windows.min(axis=1).max()


def test_stretches_and_the_longest() -> None:
    mask = np.array([1, 1, 0, 1, 1, 1, 0, 1], dtype=bool)
    assert stretches(mask, 0.1) == [slice(0, 2), slice(3, 6)]
    assert longest(mask) == pytest.approx(0.15)
    assert longest(np.zeros(4, dtype=bool)) == 0.0


def test_gain_within_a_time() -> None:
    series = np.array([0.0, 1.0, 2.0, 1.0, 4.0])
    assert gain(series, 0.05) == 3.0
    assert gain(series, 1.0) == 4.0
    assert gain(-series, 0.05) == 1.0


@pytest.mark.parametrize(
    ("periods", "size", "count"), [(3, 1.9, 6), (3, 2.1, 0), (0.5, 0.9, 2), (10, 1.0, 20)]
)
def test_swings_of_a_sine(periods: float, size: float, count: int) -> None:
    wave = np.sin(np.linspace(0, 2 * np.pi * periods, 401))
    # The first quarter goes up by 1 only, the last comes back by 1 only.
    whole = count if size <= 1.0 else max(0, count - 1)
    assert swings(wave, size) in (whole, whole + 1)


def brute_swings(series: np.ndarray, size: float) -> int:
    """Frame by frame, without looking for turning points first."""
    low = high = series[0]
    count, way = 0, 0
    for value in series[1:]:
        if way <= 0:
            low = min(low, value)
        if way >= 0:
            high = max(high, value)
        if way <= 0 and value - low >= size:
            count, way, high = count + 1, 1, value
        elif way >= 0 and high - value >= size:
            count, way, low = count + 1, -1, value
    return count


@given(SERIES, st.floats(0.1, 8.0))
def test_swings_agree_with_going_frame_by_frame(series: np.ndarray, size: float) -> None:
    assert swings(series, size) == brute_swings(series, size)


@given(SERIES, st.floats(0.1, 8.0))
def test_swings_do_not_care_for_sign_or_direction_of_time(series: np.ndarray, size: float) -> None:
    assert swings(series, size) == swings(-series, size)


@pytest.mark.parametrize("frames", [10, 100])
def test_smooth_keeps_straight_lines_to_their_ends(frames: int) -> None:
    line = np.stack((np.full(frames, 3.0), np.arange(frames) * 0.5), axis=1)
    assert np.allclose(smooth(line, 0.25), line)
