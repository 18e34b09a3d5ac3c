"""The share of pieces in which their action happened, on constructed motion."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from figures import Figure
from moves import bowed, kicked, raised

from eval.checks.rates import Rate
from eval.metrics.actions import actions
from eval.metrics.evidence import Span

STILL = Figure(60).joints()


def evidence(motions: list[np.ndarray], spans: list[Span], labels: list[str]) -> Any:
    real = SimpleNamespace(happened={"bow": Rate(3, 4), "kick": Rate(1, 1)})
    return SimpleNamespace(motions=motions, joints=motions, spans=spans, labels=labels, fps=20.0, real=real)


def test_pieces_whose_label_has_a_check_count() -> None:
    motion = np.concatenate([bowed(), STILL, kicked("left")])
    first, second = len(bowed()), len(bowed()) + len(STILL)
    spans = [
        Span(0, 0, first),
        Span(0, first + 20, second - 20),
        Span(0, second, len(motion)),
        Span(0, 0, first),
    ]
    (metric,) = actions(evidence([motion], spans, ["bow", "bow", "kick", "look-around"]))
    assert metric.value == pytest.approx(2 / 3)
    assert metric.count == 3
    assert metric.details["pieces"] == 4


def test_half_a_second_round_a_piece_belongs_to_it() -> None:
    motion = np.concatenate([STILL, kicked("right"), STILL])
    start, stop = len(STILL), len(STILL) + len(kicked("right"))
    height = motion[start:stop, 8, 1]
    kick = start + int(height.argmax())
    (near,) = actions(evidence([motion], [Span(0, kick + 8, kick + 68)], ["kick"]))
    (far,) = actions(evidence([motion], [Span(0, kick + 40, kick + 90)], ["kick"]))
    assert (near.value, far.value) == (1.0, 0.0)


def test_what_the_neighbour_does_is_not_held_against_a_piece() -> None:
    left, right = raised("left"), raised("right")
    top = int(right[:, 21, 1].argmax())
    motion = np.concatenate([right[: top + 1], left])
    (metric,) = actions(evidence([motion], [Span(0, top + 1, len(motion))], ["raise-up-left-hand"]))
    assert metric.value == 1.0
    (other,) = actions(evidence([motion], [Span(0, top + 1, len(motion))], ["raise-up-right-hand"]))
    assert other.value == 0.0


def test_real_motion_has_the_rate_of_the_labels_drawn() -> None:
    (metric,) = actions(evidence([], [], ["bow", "bow", "kick", "walk", ""]))
    assert metric.value == pytest.approx((0.75 + 0.75 + 1.0) / 3)


def test_nothing_where_labels_are_unknown() -> None:
    assert actions(evidence([STILL], [Span(0, 0, 60)], [""])) == []
    assert actions(evidence([STILL], [], [])) == []


def test_a_piece_too_short_to_judge_did_not_show_it() -> None:
    (metric,) = actions(evidence([STILL[:9]], [Span(0, 0, 8)], ["bow"]))
    assert metric.value == 0.0
