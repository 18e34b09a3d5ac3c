"""Standing feet stand still, legs keep their bones, everything else keeps its numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motioncollage as mc
from mdm_adapter.representation.planting import FADE, FAR, LEGS, Floats, planted, planted_loop
from mdm_adapter.representation.skeleton import JOINTS

FPS = 20.0
LEFT, RIGHT = LEGS
PLACE = np.array([3.0, 0.0, -2.0])
ABOVE = [j for j in range(len(JOINTS)) if not any(j in leg[1:] for leg in LEGS)]


def standing(frames: int = 40, creep: float = 0.05) -> Floats:
    """A body that stands with bent knees while its left foot creeps to the side, `creep` m/s."""
    joints = np.zeros((frames, len(JOINTS), 3))
    joints[:, ABOVE] = [0.0, 1.2, 0.0]
    for leg, side in zip(LEGS, (0.1, -0.1)):
        for joint, place in zip(
            leg, ([side, 0.9, 0], [side, 0.5, 0.12], [side, 0.08, 0], [side, 0.02, 0.14])
        ):
            joints[:, joint] = place
    knee, ankle, ball = LEFT[1:]
    drift = creep / FPS * np.arange(frames)
    joints[:, ankle, 0] += drift
    joints[:, ball, 0] += drift
    joints[:, knee, 0] += drift / 2
    return joints


def bones(joints: Floats, leg: tuple[int, ...]) -> Floats:
    return np.linalg.norm(np.diff(joints[:, leg], axis=1), axis=-1)


def turned(joints: Floats, angle: float) -> Floats:
    cos, sin = np.cos(angle), np.sin(angle)
    return joints @ np.array([[cos, 0, -sin], [0, 1, 0], [sin, 0, cos]])


def test_a_creeping_foot_stands_where_it_stood_on_the_whole() -> None:
    before = standing()
    after = planted(before, FPS)
    ankle, ball = LEFT[2:]
    np.testing.assert_allclose(
        after[:, ball], np.median(before[:, ball], axis=0)[None].repeat(40, 0), atol=1e-12
    )
    np.testing.assert_allclose(np.diff(after[:, ankle], axis=0), 0.0, atol=1e-12)
    np.testing.assert_allclose(bones(after, LEFT), bones(before, LEFT), atol=1e-12)
    np.testing.assert_array_equal(np.delete(after, LEFT[1:], axis=1), np.delete(before, LEFT[1:], axis=1))


@pytest.mark.parametrize("what", ["slides far", "is in the air", "is quick", "touches for a moment"])
def test_a_foot_that_does_not_stand_is_left_alone(what: str) -> None:
    before = standing(creep=1.2 * FAR if what == "slides far" else 0.05)
    if what == "is in the air":
        before[..., 1] += 0.2
    elif what == "is quick":
        before[..., 0] += 0.5 / FPS * np.arange(40)[:, None]
    elif what == "touches for a moment":
        before[:19, :, 1] += 0.2
        before[21:, :, 1] += 0.2
    np.testing.assert_array_equal(planted(before, FPS)[:, LEFT], before[:, LEFT])


def test_between_stands_the_foot_comes_and_goes() -> None:
    joints = standing(60)
    joints[30:] += [0.0, 0.3, 0.0]  # jumps up: no foot stands
    joints[30:, :, 0] += 1.0
    moved = np.abs(planted(joints, FPS) - joints)[:, LEFT[3]].max(axis=1)
    fade = round(FADE * FPS)
    assert (moved[30 + fade :] == 0).all()
    assert (np.diff(moved[29 : 30 + fade]) < 0).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), frames=st.integers(1, 60), angle=st.floats(-3, 3))
def test_any_motion(seed: int, frames: int, angle: float) -> None:
    rng = np.random.default_rng(seed)
    joints = standing(frames) + 0.02 * rng.standard_normal((frames, len(JOINTS), 3)).cumsum(axis=0) / 4
    after = planted(joints, FPS)
    np.testing.assert_array_equal(after[:, ABOVE], joints[:, ABOVE])
    for leg in LEGS:
        np.testing.assert_allclose(bones(after, leg), bones(joints, leg), atol=1e-9)
    # The middle of a stand is taken over x and z apart, so only quarter turns commute to the last digit.
    for quarter in (np.pi / 2, np.pi):
        moved = turned(joints, quarter) + PLACE
        np.testing.assert_allclose(planted(moved, FPS), turned(after, quarter) + PLACE, atol=1e-9)
    moved = turned(joints, angle)
    np.testing.assert_allclose(planted(moved, FPS)[:, ABOVE], turned(after, angle)[:, ABOVE], atol=1e-9)


def test_the_cycles_of_a_loop_are_alike() -> None:
    period, turn, step = 40, 0.7, np.array([0.4, 0.0, 0.9])
    cycle = standing(period)
    cycle[20:, :, 1] += 0.2
    cycles, place = [], np.zeros(3)
    for number in range(5):
        cycles.append(turned(cycle, number * turn) + place)
        place = place + turned(step, number * turn)
    played = np.concatenate(cycles)
    three = planted_loop(played, period, FPS)
    assert len(three) == 3 * period
    one = planted_loop(played[: 3 * period], period, FPS)
    np.testing.assert_allclose(one[:, ABOVE], cycle[:, ABOVE], atol=1e-9)
    np.testing.assert_allclose(three[:period], one, atol=1e-6)
    np.testing.assert_allclose(three[period : 2 * period], turned(one, turn) + step, atol=1e-6)
    assert np.abs(one - cycle).max() > 0.01


def test_generated_feet_are_held_unless_told_otherwise() -> None:
    model = mc.load("starter")
    held = model.generate("a person waves with the left hand", seconds=3, seed=2)
    free = model.generate("a person waves with the left hand", seconds=3, seed=2, feet="free")
    np.testing.assert_array_equal(held.features, free.features)
    np.testing.assert_array_equal(held.joints[:, :, ABOVE], free.joints[:, :, ABOVE])
    assert (held.settings["feet"], free.settings["feet"]) == ("held", "free")

    def creep(motion: mc.Motion) -> float:
        ball = motion.joints[0][:, [leg[3] for leg in LEGS]][..., [0, 2]]
        return float(np.median(np.linalg.norm(np.diff(ball, axis=0), axis=-1)))

    assert creep(held) < 0.1 * creep(free)
    with pytest.raises(ValueError, match="feet are 'glued'; choose held or free"):
        model.generate("a person walks", feet="glued")


def test_a_loop_is_held_all_round() -> None:
    model = mc.load("starter")
    loop = model.loop("a person waves with the left hand", seconds=4, seed=1)
    played = model.tiled(loop, 2)
    np.testing.assert_allclose(played.joints[0, : loop.frames], loop.joints[0], atol=1e-5)
    steps = np.diff(played.joints[0][:, [LEFT[3], RIGHT[3]]], axis=0)
    wrap = np.linalg.norm(steps[loop.frames - 1], axis=-1)
    assert wrap.max() <= np.linalg.norm(steps, axis=-1).max()
