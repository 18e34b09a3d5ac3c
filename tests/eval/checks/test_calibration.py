"""Calibration on made-up clips whose counts are known, and of every check on the real ones."""

import pytest
from figures import Figure, constant
from paths import shared
from starter_clips import clips_by_label

from eval.checks.calibration import OWN_RATE, REJECT_RATE, Calibration, as_table, calibrate
from eval.checks.check import ActionCheck, Verdict, at_most
from eval.checks.kinematics import Take
from eval.checks.registry import all_checks


def down(height: float) -> Take:
    """A body whose hips are at so many metres."""
    body = Figure(20)
    body.root += constant(20, 0.0, height - 0.9, 0.0)
    return Take(body.joints())


def is_low(take: Take) -> Verdict:
    return at_most("height of the hips, legs", float(take.height("pelvis").max()), 0.8)


def test_counts_by_label() -> None:
    clips = {
        "crouch": [down(0.5), down(0.5), down(0.9)],
        "squat": [down(0.4)],
        "walk": [down(0.9)] * 3 + [down(0.5)],
        "run": [down(0.9)] * 2,
        "empty": [],
    }
    check = ActionCheck("low", ("crouch",), is_low, frozenset({"squat", "unheard-of"}))
    steps: list[tuple[int, int]] = []
    [found] = calibrate([check], clips, progress=lambda done, total: steps.append((done, total)))
    assert found.own == {"crouch": (2, 3)}
    assert found.compatible == {"squat": (1, 1)}
    assert found.others == {"walk": (1, 4), "run": (0, 2)}
    assert found.own_rate == pytest.approx(2 / 3)
    assert (found.pooled, found.balanced) == pytest.approx((1 / 6, 1 / 8))
    assert found.confusions() == [("walk", 0.25)]
    assert not found.holds
    assert steps == [(1, 1)]
    [few] = calibrate([check], clips, others=2)
    assert few.others == {"walk": (1, 2), "run": (0, 2)}
    assert few.own == found.own


def test_a_check_without_clips_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="no clip of crouch"):
        calibrate([ActionCheck("low", ("crouch",), is_low)], {"walk": [down(0.9)]})


def test_the_table_puts_the_worst_first() -> None:
    good = Calibration("good", {"walk": (9, 10)}, {"run": (0, 5)}, {})
    bad = Calibration("bad", {"jump": (1, 2)}, {"run": (1, 4), "bow": (1, 1)}, {})
    lines = as_table([good, bad]).splitlines()
    assert lines[2] == "| jump | bad | 2 | 0.50 | 0.400 | 0.625 | bow 1.00, run 0.25 |"
    assert lines[3].startswith("| walk | good | 10 | 0.90 | 0.000 | 0.000 |")
    assert (good.holds, bad.holds) == (True, False)


@pytest.mark.slow
def test_every_check_finds_its_own_clips_and_few_others() -> None:
    """All splits together: most labels have one to five clips. The thresholds were set on these same
    clips."""
    clips = clips_by_label(shared("data", "starter2"), most=40)
    takes = {label: [Take(joints) for joints in found] for label, found in clips.items()}
    found = calibrate(all_checks(), takes, others=8)
    assert len(found) == len(all_checks())
    assert [(row.check, dict(row.own)) for row in found if row.own_rate < OWN_RATE] == []
    too_many = [row for row in found if max(row.pooled, row.balanced) > REJECT_RATE]
    assert [(row.check, row.pooled, row.balanced, row.confusions()) for row in too_many] == []
