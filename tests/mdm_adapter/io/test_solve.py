"""Rotations from positions: closed forms, random bodies, and limbs that are nearly straight."""

import numpy as np
import pytest
from bodies import T_POSE, breathing, posed, random_pose, stroll
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_adapter.io.baking import BakeSettings, bake
from mdm_adapter.io.geometry import dot, turn, unit
from mdm_adapter.io.motion_view import MotionView
from mdm_adapter.io.solve import solve, to_local, to_world
from mdm_adapter.representation.skeleton import PARENTS

SIDE = {18: -1.0, 19: 1.0}


def local(joints: np.ndarray, **options: object) -> np.ndarray:
    """Rotations [F, 22, 3] relative to the parent as axis times angle."""
    found = to_local(solve(joints, T_POSE, fps=20.0, **options))  # type: ignore[arg-type]
    return Rotation.from_quat(found.reshape(-1, 4)).as_rotvec().reshape(-1, 22, 3)


def steps(joints: np.ndarray) -> np.ndarray:
    """Degrees [F - 1, 22] by which each joint turns, relative to its parent, from frame to frame."""
    found = to_local(solve(joints, T_POSE, fps=20.0))
    return np.degrees(2 * np.arccos(np.clip(np.abs((found[1:] * found[:-1]).sum(-1)), 0, 1)))


def test_a_t_pose_has_no_rotations() -> None:
    np.testing.assert_allclose(local(np.repeat(T_POSE[None], 3, axis=0)), 0, atol=1e-7)


@pytest.mark.parametrize(
    ("joint", "rotation"),
    [
        (0, [0, 1.2, 0]), (0, [0.4, 0, 0.3]), (1, [-0.8, 0, 0]), (2, [-0.8, 0, 0]), (4, [1.3, 0, 0]), (5, [0.9, 0, 0]),
        (7, [0.3, 0, 0]), (12, [0.4, 0, 0]), (13, [0, 0, 0.2]), (16, [0, 0, -1.2]), (17, [0, 0.9, 0]),
        (18, [0, -1.0, 0]), (19, [0, 1.4, 0]),
    ],
)  # fmt: skip
def test_one_joint_turns_alone(joint: int, rotation: list[float]) -> None:
    wanted = np.zeros((1, 22, 3))
    wanted[0, joint] = rotation
    np.testing.assert_allclose(local(posed(wanted, T_POSE[:1]), ground=False), wanted, atol=1e-6)


@settings(max_examples=60)
@given(st.integers(0, 2**31 - 1))
def test_random_bodies_come_back(seed: int) -> None:
    """Every joint is reproduced by constant bones; knees and elbows bend about their hinges alone."""
    rng = np.random.default_rng(seed)
    wanted = random_pose(rng)[None]
    joints = posed(wanted, rng.normal(size=(1, 3)))
    found = local(joints)
    world = to_world(Rotation.from_rotvec(found.reshape(-1, 3)).as_quat().reshape(-1, 22, 4))
    for child in range(1, 22):
        parent = PARENTS[child]
        rebuilt = joints[:, parent] + turn(world[:, parent], T_POSE[child] - T_POSE[parent])
        np.testing.assert_allclose(rebuilt, joints[:, child], atol=1e-6)
    np.testing.assert_allclose(
        Rotation.from_rotvec(found[0, 0]).as_matrix(),
        Rotation.from_rotvec(wanted[0, 0]).as_matrix(),
        atol=1e-6,
    )
    for joint, axis in ((4, 0), (5, 0), (18, 1), (19, 1)):
        if np.linalg.norm(wanted[0, joint]) > np.radians(40):
            np.testing.assert_allclose(found[0, joint], wanted[0, joint], atol=1e-5)
            assert found[0, joint, axis] * SIDE.get(joint, 1.0) > 0


@pytest.mark.parametrize("joint", [4, 5, 18, 19])
def test_a_limb_that_trembles_about_straight_does_not_flip(joint: int) -> None:
    """Its end wanders by a degree or so to all sides, as noise would have it: the joint may not turn by more."""
    rng = np.random.default_rng(3)
    turns = np.zeros((60, 22, 3))
    turns[:, 16, 2], turns[:, 17, 2] = -1.2, 1.2
    turns[:, joint] = rng.normal(size=(60, 3)) * np.radians(1.0)
    joints = posed(turns, np.repeat(T_POSE[:1], 60, axis=0))
    upper = PARENTS[joint]
    assert steps(joints)[:, [upper, joint]].max() < 15


@pytest.mark.parametrize(("joint", "axis", "sign"), [(4, 0, 1), (5, 0, 1), (18, 1, -1), (19, 1, 1)])
def test_a_hinge_stays_while_a_limb_goes_through_straight(joint: int, axis: int, sign: int) -> None:
    """Bends of 60 degrees, down to none and up again, on an upper arm or leg that is twisted by half a radian."""
    turns = np.zeros((41, 22, 3))
    turns[:, joint, axis] = sign * np.radians(60) * np.abs(np.cos(np.linspace(0, np.pi, 41)))
    upper = PARENTS[joint]
    along = 1 if joint in (4, 5) else 0
    turns[:, upper, along] = 0.5
    joints = posed(turns, np.repeat(T_POSE[:1], 41, axis=0))
    found = local(joints, ground=False)
    np.testing.assert_allclose(found[[0, -1]][:, upper], turns[[0, -1]][:, upper], atol=1e-5)
    assert np.abs(found[:, upper, along] - 0.5).max() < 0.45
    assert steps(joints)[:, upper].max() < 12


def test_a_knee_that_is_bent_backwards_a_little_keeps_its_hinge() -> None:
    turns = np.zeros((20, 22, 3))
    turns[:, 4, 0] = np.radians(np.linspace(6, -6, 20))
    found = local(posed(turns, np.repeat(T_POSE[:1], 20, axis=0)), ground=False)
    np.testing.assert_allclose(found[:, 4, 0], turns[:, 4, 0], atol=0.01)
    assert np.abs(found[:, 1]).max() < 0.05


def test_the_spine_shares_its_twist() -> None:
    turns = np.zeros((1, 22, 3))
    turns[0, 9, 1] = 0.9
    found = local(posed(turns, T_POSE[:1]))
    np.testing.assert_allclose(found[0, [3, 6, 9], 1], 0.3, atol=1e-6)


def test_a_planted_foot_lies_flat_and_a_lifted_one_does_not() -> None:
    turns = np.zeros((2, 22, 3))
    turns[:, 1, 2], turns[:, 2, 2] = 0.3, -0.3  # legs astride
    turns[1, 0, 0] = 0.0
    root = np.array([[0, 0.92, 0], [0, 2.92, 0]])
    joints = posed(turns, root)
    world = solve(joints, T_POSE, fps=20.0)
    slope = np.degrees(np.arcsin(world[:, [7, 8], 1, 0]))
    assert np.abs(slope[0]).max() < 0.5
    assert np.abs(slope[1]).min() > 10


def test_toes_bend_while_the_heel_is_up() -> None:
    turns = np.zeros((2, 22, 3))
    turns[1, 7, 0] = 0.6  # on tiptoe: the ankle is extended, the ball on the ground
    joints = posed(turns, np.repeat(T_POSE[:1], 2, axis=0))
    joints[1, :, 1] += T_POSE[10, 1] - joints[1, 10, 1]
    world = solve(joints, T_POSE, fps=20.0)
    toes = turn(world[:, 10], np.array([0, 0, 1.0]))
    np.testing.assert_allclose(toes, [[0, 0, 1], [0, 0, 1]], atol=1e-6)
    np.testing.assert_allclose(local(joints)[1, 10], [-0.6, 0, 0], atol=1e-6)


def test_a_loop_may_begin_anywhere() -> None:
    joints = stroll(40, speed=0.0)
    whole = solve(joints, T_POSE, fps=20.0, periodic=True)
    rolled = solve(np.roll(joints, 13, axis=0), T_POSE, fps=20.0, periodic=True)
    np.testing.assert_allclose(np.roll(whole, 13, axis=0), rolled, atol=1e-9)


def test_bodies_without_shape_get_rotations_all_the_same() -> None:
    for joints in (np.zeros((2, 22, 3)), np.repeat(T_POSE[None], 2, axis=0) * [1, 0, 0]):
        world = solve(joints, T_POSE, fps=20.0)
        np.testing.assert_allclose(np.linalg.det(world), 1, atol=1e-6)


def test_bones_point_along_breathing_motion() -> None:
    joints = breathing(stroll())
    world = solve(joints, T_POSE, fps=20.0)
    for start, end in ((1, 4), (4, 7), (7, 10), (16, 18), (18, 20), (19, 21)):
        points = turn(world[:, start], unit(T_POSE[end] - T_POSE[start]))
        assert dot(points, unit(joints[:, end] - joints[:, start])).min() > 1 - 1e-9
    view = MotionView(joints, 20.0)
    np.testing.assert_allclose(bake(view, BakeSettings(positions=True)).joints(), joints, atol=1e-9)
