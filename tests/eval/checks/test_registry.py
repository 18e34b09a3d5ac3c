"""The table of checks: complete, without doubles, and what it says of labels it does not know."""

import json

import numpy as np
import pytest
from figures import Figure
from paths import shared

from eval.checks import families
from eval.checks.kinematics import Take
from eval.checks.registry import by_slug, checks_for, happened, judge
from eval.checks.table import CHECKS
from eval.checks.undecided import UNDECIDED


def labels() -> set[str]:
    lines = shared("data", "starter2", "captions.jsonl").read_text(encoding="utf-8").splitlines()
    return {json.loads(line)["content"] for line in lines}


def test_every_label_has_a_check_or_a_reason() -> None:
    assert set(by_slug()) | set(UNDECIDED) == labels()
    assert not set(by_slug()) & set(UNDECIDED)
    assert all(len(reason) > 20 for reason in UNDECIDED.values())


def test_labels_of_families_and_compatible_ones_exist() -> None:
    named = {slug for value in vars(families).values() if isinstance(value, frozenset) for slug in value}
    named |= {slug for check in CHECKS for slug in check.compatible}
    assert named <= labels()


def test_names_are_unique_and_no_check_excuses_itself() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert not [check.name for check in CHECKS if check.compatible & set(check.slugs)]


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


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_judges_the_shortest_take_and_a_long_one(check) -> None:  # type: ignore[no-untyped-def]
    for frames in (10, 400):
        verdict = check(Figure(frames).joints())
        assert -1.0 <= verdict.margin <= 1.0
        assert all(np.isfinite(reading.value) for reading in verdict.readings)
