"""The table of checks: complete, without doubles, and what it says of labels it does not know."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from figures import Figure
from moves import bowed
from paths import shared

from eval.checks import families
from eval.checks.kinematics import Take
from eval.checks.registry import all_checks, by_slug, checks_for, happened, judge
from eval.checks.undecided import UNDECIDED
from motioncollage import plugins


def labels() -> set[str]:
    lines = shared("data", "starter2", "captions.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["content"] for line in lines}


def test_every_label_has_a_check_or_a_reason() -> None:
    assert set(by_slug()) | set(UNDECIDED) == labels()
    assert not set(by_slug()) & set(UNDECIDED)
    assert all(len(reason) > 20 for reason in UNDECIDED.values())


def test_labels_of_families_and_compatible_ones_exist() -> None:
    named = {slug for value in vars(families).values() if isinstance(value, frozenset) for slug in value}
    named |= {slug for check in all_checks() for slug in check.compatible}
    assert named <= labels()


def test_names_are_unique_and_no_check_excuses_itself() -> None:
    assert len({check.name for check in all_checks()}) == len(all_checks())
    assert not [check.name for check in all_checks() if check.compatible & set(check.slugs)]


def test_left_checks_have_right_ones() -> None:
    sided = [slug for slug in by_slug() if "left" in slug.split("-")]
    assert len(sided) > 25
    missing = [slug for slug in sided if slug.replace("left", "right") not in by_slug()]
    assert missing == ["balance-left-leg"]  # the data has no other


def test_checks_are_found_by_label() -> None:
    assert [check.name for check in checks_for("referee-signals")] == ["arm-signals"]
    assert checks_for("laundry") == ()


@pytest.mark.parametrize(
    ("slug", "reason"), [("look-around", "head is one point"), ("laundry", "nobody has written")]
)
def test_what_cannot_be_decided_says_why(slug: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        judge(slug, Take(Figure(20).joints()))


def test_happened_refuses_what_is_no_motion() -> None:
    with pytest.raises(ValueError, match="22 joints"):
        happened("walk", np.zeros((40, 24, 3)))
    assert not happened("walk", Figure(40).joints())


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.name)
def test_every_check_judges_the_shortest_take_and_a_long_one(check) -> None:  # type: ignore[no-untyped-def]
    for frames in (10, 400):
        verdict = check(Figure(frames).joints())
        assert -1.0 <= verdict.margin <= 1.0
        assert all(np.isfinite(reading.value) for reading in verdict.readings)


PACKAGE = """
from eval.checks.check import ActionCheck, at_least

STOOP = ActionCheck("stoop", ("stoop",), lambda take: at_least("stoops", 1.0, 0.5))
SEVERAL = (STOOP, ActionCheck("bow-twice", ("bow",), lambda take: at_least("bows", 1.0, 2.0)))
NOTHING = (1, 2)
AGAIN = ActionCheck("walk", ("walk",), lambda take: at_least("walks", 1.0, 0.5))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs a package as pip leaves it, with one entry point."""

    def install(entry: str) -> None:
        (tmp_path / "somebodys_checks.py").write_text(PACKAGE)
        info = tmp_path / "somebodys_checks-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-checks\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[motioncollage.checks]\n{entry}\n")
        plugins.forget()

    monkeypatch.syspath_prepend(str(tmp_path))
    yield install
    monkeypatch.undo()
    plugins.forget()


def test_checks_of_other_packages_judge_too(package: Callable[[str], None]) -> None:
    take = Take(bowed())
    assert judge("bow", take).happened
    package("stoops=somebodys_checks:SEVERAL")
    assert judge("stoop", take).happened
    # Where several judge a label, all must hold.
    assert [check.name for check in checks_for("bow")] == ["bow", "bow-twice"]
    assert not judge("bow", take).happened


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("NOTHING", r"check 'x' of somebodys-checks 1\.0 names a int; it must name an eval\.checks"),
        ("AGAIN", r"check 'walk' of somebodys-checks 1\.0 is there already"),
    ],
)
def test_what_is_no_check_is_refused(package: Callable[[str], None], part: str, message: str) -> None:
    package(f"x=somebodys_checks:{part}")
    with pytest.raises(ValueError, match=message):
        all_checks()


def test_a_package_that_cannot_be_loaded_takes_no_other_along(package: Callable[[str], None]) -> None:
    before = set(by_slug())
    package("x=somebodys_checks:MISSING")
    assert set(by_slug()) == before
