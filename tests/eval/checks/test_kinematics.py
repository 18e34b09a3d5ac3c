"""Measurements of constructed motions whose values are known, and what is refused."""

import numpy as np
import pytest
import torch
from figures import HIPS, JOINTS, LEG, Figure, constant, jumping, mirrored, ramp, times, travelling

from eval.checks.kinematics import SMPL_22, NamedJoints, Take


def take_of(body: Figure) -> Take:
    return Take(body.joints())


def test_the_figure_has_the_joints_of_the_skeleton() -> None:
    assert SMPL_22.joints == JOINTS


def test_units_are_leg_lengths_above_the_lowest_joint() -> None:
    take = take_of(Figure(40))
    assert take.leg == pytest.approx(LEG, rel=0.01)
    assert take.floor == pytest.approx(0.03, abs=0.002)  # a straight leg is a thousandth short
    assert np.allclose(take.height("pelvis"), (HIPS - 0.03) / take.leg, atol=0.003)
    assert np.allclose(take.tilt, 0.0, atol=1e-6)


def test_heading_and_travel_are_those_of_the_body() -> None:
    body = travelling(3.0, (0.4, 1.0), yaw=lambda at: np.full_like(at, np.radians(70)))
    take = take_of(body)
    assert np.allclose(take.yaw, 70.0, atol=0.5)
    middle = slice(20, 40)
    assert np.allclose(take.travel[middle] * take.leg, (0.4, 0.0, 1.0), atol=0.02)


def test_left_is_left_and_forward_is_forward() -> None:
    take = take_of(Figure(20))
    assert take.place("left_hip")[0] == pytest.approx((0.1 / take.leg, 0.0, 0.0))
    assert take.place("left_foot", "left_ankle")[0, 2] > 0.1


def test_turning_is_positive_to_the_left_and_goes_beyond_half_a_turn() -> None:
    body = Figure(80)
    body.yaw = np.radians(400) * ramp(times(4.0), 0.5, 3.5)
    assert np.ptp(take_of(body).turning) == pytest.approx(400, abs=5)


def test_steps_are_counted_and_gliding_feet_are_none() -> None:
    walk = take_of(travelling(4.0, (0.0, 1.0), cadence=2.0))
    assert 3 <= len(walk.steps("left")) <= 5
    glide = Figure(80)
    way = np.outer(np.arange(80) / 20.0, (0.0, 0.0, 1.0))
    glide.root = glide.root + way
    glide.ankles = {side: ankle + way for side, ankle in glide.ankles.items()}
    assert len(take_of(glide).steps("left")) == 0


def test_free_fall_is_one_g_and_flight_needs_both_feet() -> None:
    body = jumping(1.0, 0.5, 3.0)
    take = take_of(body)
    assert take.falling[24:26] == pytest.approx(1.0, abs=0.05)
    assert take.flight.sum() / 20.0 == pytest.approx(0.4, abs=0.11)
    one_foot = Figure(60)
    one_foot.ankles["left"] = constant(60, 0.1, 0.4, 0.2)
    assert not take_of(one_foot).flight.any()
    assert take_of(one_foot).lift[:, 0].min() > 0.2


def test_angles_of_bent_limbs() -> None:
    body = Figure(20)
    body.wrists["left"] = constant(20, 0.25, -0.25, 0.0)
    bend = np.degrees(2 * np.arcsin(np.sqrt(0.125) / 0.5))
    assert take_of(body).elbow("left") == pytest.approx(bend, abs=0.5)


def test_stretches_are_takes_of_their_own() -> None:
    take = take_of(travelling(4.0, (0.0, 1.0)))
    parts = take.stretches((1.0, 9.0), 0.5)
    assert [len(part) for part in parts] == [20] * 7
    assert np.array_equal(parts[2].points, take.points[20:40])


@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0, 120.0])
def test_other_rates_measure_the_same(fps: float) -> None:
    at = np.arange(round(3 * fps)) / fps
    points = np.repeat(take_of(Figure(20)).points[:1], len(at), axis=0)
    points = points + np.stack((0 * at, 0 * at, 1.2 * at), axis=1)[:, None]
    take = Take(points, NamedJoints(SMPL_22.joints, fps))
    assert abs(len(take) - 60) <= 2
    assert np.median(take.pace) * take.leg == pytest.approx(1.2, rel=0.01)


def test_torch_lists_and_other_orders_of_joints() -> None:
    points = travelling(2.0, (0.0, 1.0)).joints()
    expected = Take(points).pace
    order = np.random.default_rng(0).permutation(len(JOINTS))
    more = np.concatenate((points[:, order], points[:, :1]), axis=1)
    names = (*(JOINTS[row] for row in order), "left_index1")
    for take in (Take(torch.from_numpy(points)), Take(points.tolist()), Take(more, NamedJoints(names))):
        assert np.allclose(take.pace, expected)


def test_mirrored_twice_is_the_same() -> None:
    points = travelling(2.0, (0.3, 1.0)).joints()
    assert np.allclose(mirrored(mirrored(points)), points)
    assert np.allclose(Take(mirrored(points)).travel, Take(points).travel * (-1, 1, 1))


@pytest.mark.parametrize(
    ("joints", "skeleton", "message"),
    [
        (np.zeros((30, 21, 3)), SMPL_22, "names 22 joints"),
        (np.zeros((30, 22)), SMPL_22, "3 dimensions"),
        (np.full((30, 22, 3), np.nan), SMPL_22, "NaN"),
        (np.zeros((30, 22, 3)), SMPL_22, "legs are 0 m long"),
        (np.zeros((5, 22, 3)), SMPL_22, "0.25 s"),
        (np.zeros((30, 22, 3)), NamedJoints(SMPL_22.joints, 0.0), "fps is 0"),
        (np.zeros((30, 2, 3)), NamedJoints(("pelvis", "neck")), "skeleton lacks head"),
    ],
)
def test_what_is_no_motion_is_refused_in_one_line(
    joints: np.ndarray, skeleton: NamedJoints, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as error:
        assert Take(joints, skeleton).leg
    assert "\n" not in str(error.value)
