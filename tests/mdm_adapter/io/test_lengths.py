"""Bones that keep their length: nothing moves that need not, hands and feet last of all."""

import numpy as np
from bodies import T_POSE, breathing, posed, random_pose, stroll

from mdm_adapter.io.lengths import keep_lengths
from mdm_adapter.io.rig import fit_rig
from mdm_adapter.io.solve import solve
from mdm_adapter.representation.skeleton import PARENTS


def kept(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rest = fit_rig(joints).rest
    return keep_lengths(joints, rest, solve(joints, rest, fps=20.0)), rest


def lengths(joints: np.ndarray) -> np.ndarray:
    return np.linalg.norm(joints[..., 1:, :] - joints[..., list(PARENTS[1:]), :], axis=-1)


def test_bones_that_keep_their_length_stay_where_they_are() -> None:
    rng = np.random.default_rng(1)
    for joints in (
        stroll(),
        posed(np.array([random_pose(rng) for _ in range(20)]), rng.normal(size=(20, 3))),
    ):
        np.testing.assert_allclose(kept(joints)[0], joints, atol=1e-7)


def test_breathing_bones_become_stiff_while_hands_and_feet_stay() -> None:
    joints = breathing(stroll(), 0.06)
    fixed, rest = kept(joints)
    np.testing.assert_allclose(lengths(fixed), np.broadcast_to(lengths(rest), (41, 21)), atol=1e-9)
    whole = lengths(rest)
    for start, middle, end in ((1, 4, 7), (2, 5, 8), (16, 18, 20), (17, 19, 21)):
        near = np.linalg.norm(joints[:, end] - joints[:, start], axis=1) <= whole[middle - 1] + whole[end - 1]
        assert near.sum() > 20
        np.testing.assert_allclose(fixed[near, end], joints[near, end], atol=1e-9)
    assert np.linalg.norm(fixed - joints, axis=-1).max() > 0.01  # knees and elbows gave way


def test_a_limb_reaches_no_further_than_it_is_long() -> None:
    joints = np.repeat(T_POSE[None], 9, axis=0)
    joints[4, 20, 0] += 0.1
    fixed, rest = kept(joints)
    np.testing.assert_allclose(lengths(fixed), np.broadcast_to(lengths(rest), (9, 21)), atol=1e-9)
    np.testing.assert_allclose(fixed[4, 20], T_POSE[20], atol=1e-9)


def test_a_straight_limb_that_is_too_long_bends_the_way_it_can() -> None:
    joints = np.repeat(T_POSE[None], 9, axis=0)
    joints[4, [7, 8, 10, 11], 1] += 0.05
    fixed, _ = kept(joints)
    np.testing.assert_allclose(fixed[4, [7, 8]], joints[4, [7, 8]], atol=1e-9)
    assert (fixed[4, [4, 5], 2] - T_POSE[[4, 5], 2]).min() > 0.1  # knees go forward
