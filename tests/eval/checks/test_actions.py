"""Constructed motions: each is found by its own check, and by none that it only resembles."""

from functools import cache

import numpy as np
import pytest
from figures import Array, Figure, mirrored, times, travelling
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moves import MOVES

from eval.checks.check import Verdict
from eval.checks.kinematics import SMPL_22, Take
from eval.checks.registry import all_checks, by_slug, happened, judge

OTHERS: dict[str, str] = {
    "walk": "walk-back run walk-diagonal-left walk-diagonal-right side-step-left walk-turn-left stop-walking jump stand",
    "walk-back": "walk run-back walk-turn-around advance",
    "walk-diagonal-left": "walk walk-diagonal-right side-step-left walk-turn-left",
    "walk-diagonal-right": "walk walk-diagonal-left side-step-right walk-turn-right",
    "walk-turn-left": "walk-turn-right walk-turn-around run-turn-left turn-around-left",
    "walk-turn-right": "walk-turn-left walk-turn-around run-turn-right turn-around-right",
    "side-step-left": "side-step-right walk walk-diagonal-left walk-turn-left",
    "side-step-right": "side-step-left walk walk-diagonal-right walk-turn-right",
    "run": "walk run-back run-turn-left start-running stop-running jog-in-place",
    "run-back": "run walk-back walk",
    "stop-walking": "start-walking stop-running walk-back",
    "stand": "walk sway raise-up-left-hand bow sit crouch",
    "turn-around-left": "turn-around-right walk-turn-left walk stand",
    "turn-around-right": "turn-around-left walk-turn-right walk stand",
    "jump": "jump-forward hop-left-foot hop-right-foot squat-jump leap skip",
    "jump-forward": "jump hop-left-foot skip leap hop-forward",
    "raise-up-left-hand": "raise-up-right-hand raise-up-both-hands wave-left-hand",
    "raise-up-right-hand": "raise-up-left-hand raise-up-both-hands wave-right-hand",
    "raise-up-both-hands": "raise-up-left-hand raise-up-right-hand wave-both-hands",
    "wave-left-hand": "wave-right-hand raise-up-right-hand wave-both-hands",
    "wave-right-hand": "wave-left-hand raise-up-left-hand wave-both-hands",
    "wave-both-hands": "wave-left-hand wave-right-hand",
    "kick-front": "kick-back kick-side-left kick-roundhouse-left kick-push-left kick-spinning-back jump walk",
    "punch-jab-left": "punch-jab-right punch-cross-left punch-hook-left punch-uppercut-left punch-body-jab-left",
    "punch-jab-right": "punch-jab-left punch-cross-right punch-hook-right punch-uppercut-right punch-body-jab-right",
    "box": "walk run kick",
    "bow": "pick-up crouch lie sit-down twist-torso",
    "squat": "squat-jump jump sit-down lie",
    "crouch": "squat lie sit-down rise-from-crouch",
    "sit-down": "stand-up crouch squat lie",
    "lie-down": "get-up crawl-forward sit crouch",
    "sway": "walk twist-torso side-stretch bow stand",
}


# All checks on all moves take a while; these few meet every kind of measurement.
FEW = ("kick-front", "punch-jab-left", "raise-up-left-hand", "side-step-left")
EACH = [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in sorted(MOVES)]


@cache
def made(name: str) -> Take:
    return Take(MOVES[name]())


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_a_plain_action_is_found(name: str) -> None:
    verdict = judge(name, made(name))
    assert verdict.happened, str(verdict)


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_and_nothing_that_it_only_resembles(name: str) -> None:
    assert [slug for slug in OTHERS[name].split() if judge(slug, made(name)).happened] == []


def test_a_body_that_glides_does_not_walk() -> None:
    assert [slug for slug in by_slug() if judge(slug, made("glide")).happened] == []
    assert judge("walk", made("glide")).decisive.name.startswith("steps")


@pytest.mark.parametrize(("name", "reason"), [("slow kick", "speed"), ("low kick", "ankle")])
def test_a_slow_or_low_foot_does_not_kick(name: str, reason: str) -> None:
    verdict = judge("kick-front", made(name))
    assert not verdict.happened
    assert reason in " ".join(reading.name for reading in verdict.readings if reading.margin < 0)


def test_the_same_motion_at_another_rate_and_in_torch() -> None:
    import torch

    fast = np.repeat(Figure(20).joints()[:1], 180, axis=0)
    assert happened("stand", torch.from_numpy(fast), fps=60.0)
    assert happened("walk", MOVES["walk"]().tolist())


@pytest.mark.parametrize(
    "name", ["walk", "side-step-left", "raise-up-left-hand", "sit-down", "lie-down", "wave-right-hand"]
)
@pytest.mark.parametrize("scale", [0.6, 1.5])
def test_a_child_and_a_giant_are_judged_alike(name: str, scale: float) -> None:
    assert judge(name, Take(MOVES[name]() * scale)).happened


def moved(points: Array, degrees: float, x: float, z: float) -> Array:
    """The motion turned on the spot and carried elsewhere."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    return np.asarray(points @ turn + (x, 0.0, z))


@pytest.mark.parametrize("name", EACH)
def test_where_it_happens_and_which_way_it_faces_does_not_matter(name: str) -> None:
    elsewhere = Take(moved(made(name).points, 137.0, 3.0, -8.0))
    for check in all_checks():
        assert check.judge(elsewhere).margin == pytest.approx(check.judge(made(name)).margin, abs=1e-6), (
            check.name
        )


def opposite(slug: str) -> str:
    """The label seen in a mirror."""
    swap = {"left": "right", "right": "left"}
    return "-".join(swap.get(word, word) for word in slug.split("-"))


def margins_of(take: Take) -> dict[str, Verdict]:
    return {slug: judge(slug, take) for slug in by_slug()}


def assert_mirrored(points: Array) -> None:
    ours, theirs = margins_of(Take(points)), margins_of(Take(mirrored(points)))
    for slug, verdict in ours.items():
        if opposite(slug) in theirs:
            assert theirs[opposite(slug)].margin == pytest.approx(verdict.margin, abs=1e-6), slug


@pytest.mark.parametrize("name", EACH)
def test_a_mirror_exchanges_left_and_right(name: str) -> None:
    # A little asymmetry, so that no two sides are exactly equal.
    noise = np.random.default_rng(1).normal(0.0, 0.002, made(name).points.shape)
    assert_mirrored(made(name).points + noise)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**31), st.floats(-1.0, 1.0), st.floats(-1.5, 3.0), st.floats(-2.0, 2.0))
def test_a_mirror_exchanges_left_and_right_of_any_motion(
    seed: int, aside: float, ahead: float, turn: float
) -> None:
    random = np.random.default_rng(seed)
    body = travelling(3.0, (aside, ahead), yaw=lambda at: turn * at, cadence=random.uniform(1.5, 3.0))
    at = times(3.0)
    for limbs, size in ((body.wrists, 0.4), (body.ankles, 0.3)):
        for side in limbs:
            waves = sum(
                np.outer(
                    np.sin(random.uniform(1, 9) * at + random.uniform(0, 6)), random.normal(0, size / 2, 3)
                )
                for _ in range(3)
            )
            limbs[side] = limbs[side] + waves * random.integers(0, 2)
    body.lean = random.normal(0, 0.4) * np.sin(random.uniform(0.5, 4) * at)
    assert_mirrored(body.joints())


def test_unsided_labels_of_the_skeleton_are_complete() -> None:
    assert {opposite(name.replace("_", "-")).replace("-", "_") for name in SMPL_22.joints} == set(
        SMPL_22.joints
    )
