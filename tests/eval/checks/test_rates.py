"""Rates of recordings: counted, written, read, and those that come along."""

from pathlib import Path

import pytest
from figures import Figure
from moves import bowed

from eval.checks import rates
from eval.checks.kinematics import SMPL_22
from eval.checks.rates import Rate
from eval.checks.registry import by_slug


def test_counted_by_label() -> None:
    still = Figure(40).joints()
    labelled = [
        ("bow", bowed()),
        ("bow", still),
        ("bow", still[:9]),
        ("look-around", still),
        ("stand", still),
    ]
    assert rates.count(labelled, SMPL_22) == {"bow": Rate(1, 2), "stand": Rate(1, 1)}


def test_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "real.json"
    found = {"bow": Rate(3, 4), 'odd "name"': Rate(0, 2)}
    rates.write(path, found, "a pack")
    assert rates.read(path) == found
    with pytest.raises(FileExistsError):
        rates.write(path, found, "a pack")


@pytest.mark.parametrize("contents", ["", "[]", "{}", '{"rates": {"bow": [3, 2]}}', '{"rates": {"bow": 1}}'])
def test_a_damaged_file_is_named(tmp_path: Path, contents: str) -> None:
    path = tmp_path / "real.json"
    path.write_text(contents)
    with pytest.raises(ValueError, match=r"real\.json holds no rates of checks"):
        rates.read(path)


def test_those_that_come_along_are_of_all_checked_labels() -> None:
    found = rates.bundled()
    assert found.keys() == by_slug().keys()
    # The thresholds were set so.
    assert min(rate.share for rate in found.values()) >= 0.85
