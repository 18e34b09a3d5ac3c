"""What does not fit is refused, and what would fit is said."""

import resource

import pytest

from motioncollage import memory


def test_what_would_fit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 10_000_000_000)
    memory.check_fits("8 motions", 1e9, 8, "motions", "make fewer")
    with pytest.raises(
        ValueError, match=r"90 motions would take about 90.0 GB of memory, 10.0 GB are free; 8 motions would"
    ):
        memory.check_fits("90 motions", 1e9, 90, "motions", "make fewer")
    with pytest.raises(ValueError, match="not even one of the motions would fit: make it shorter"):
        memory.check_fits("a motion", 1e10, 1, "motions", "make it shorter")


def test_a_system_that_says_nothing_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: None)
    memory.check_fits("all", 1e30, 1, "things", "make fewer")


def test_the_least_of_what_is_left_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory.free_bytes()
    assert free is not None
    assert 1e6 < free < 1e15
    monkeypatch.setattr(resource, "getrlimit", lambda which: (2**40, 2**40))
    limited = memory._process()
    assert limited is not None
    assert 0 < limited < 2**40
