"""A rig is the T-pose of the body that it was measured on."""

import numpy as np
import pytest
from bodies import T_POSE, breathing, posed, random_pose, stroll

from mdm_adapter.io.families import match_skeleton
from mdm_adapter.io.rig import ARMS, LEGS, NAMES, ORDER, TIPS, fit_rig, lengths_of
from mdm_adapter.representation.skeleton import PARENTS, bone_lengths


def test_a_t_pose_is_its_own_rig() -> None:
    rig = fit_rig(T_POSE[None])
    np.testing.assert_allclose(rig.rest, T_POSE, atol=1e-9)
    np.testing.assert_allclose(rig.offsets[1:], T_POSE[1:] - T_POSE[list(PARENTS[1:])], atol=1e-9)


def test_a_rig_stands_with_straight_limbs_whatever_the_motion() -> None:
    rng = np.random.default_rng(5)
    joints = posed(np.array([random_pose(rng) for _ in range(30)]), rng.normal(size=(30, 3)))
    rig = fit_rig(joints)
    np.testing.assert_allclose(
        rig.lengths, np.r_[0, np.linalg.norm(T_POSE[1:] - T_POSE[list(PARENTS[1:])], axis=1)]
    )
    for (collar, shoulder, elbow, wrist), side in zip(ARMS, (1, -1)):
        for start, end in ((collar, shoulder), (shoulder, elbow), (elbow, wrist)):
            bone = rig.rest[end] - rig.rest[start]
            np.testing.assert_allclose(bone / np.linalg.norm(bone), [side, 0, 0], atol=1e-12)
    for hip, knee, ankle, ball in LEGS:
        for start, end in ((hip, knee), (knee, ankle)):
            bone = rig.rest[end] - rig.rest[start]
            np.testing.assert_allclose(bone / np.linalg.norm(bone), [0, -1, 0], atol=1e-12)
        foot = rig.rest[ball] - rig.rest[ankle]
        assert foot[2] > 0.5 * np.linalg.norm(foot)
        assert foot[0] == 0
    np.testing.assert_allclose(rig.rest[7, 1], rig.rest[8, 1])
    assert 0 <= rig.rest[[10, 11], 1].min() < 0.06
    assert rig.rest[15, 1] > rig.rest[12, 1] > rig.rest[9, 1]


def test_bones_are_as_long_as_they_usually_are() -> None:
    joints = breathing(stroll(101))
    usual = np.median(bone_lengths_of(joints), axis=0)
    np.testing.assert_allclose(fit_rig(joints).lengths, usual, atol=1e-12)
    np.testing.assert_allclose(lengths_of(joints), usual)


def bone_lengths_of(joints: np.ndarray) -> np.ndarray:
    import torch

    return bone_lengths(torch.from_numpy(joints)).numpy()


def test_legs_that_differ_stand_on_a_pelvis_that_leans() -> None:
    joints = np.repeat(T_POSE[None], 3, axis=0)
    joints[:, [7, 10], 1] -= 0.015  # a longer left shin
    rig = fit_rig(joints)
    assert rig.rest[7, 1] == pytest.approx(rig.rest[8, 1], abs=1e-9)
    assert rig.rest[1, 1] == pytest.approx(rig.rest[2, 1] + 0.015, abs=1e-9)


def test_bones_without_length_get_a_short_one() -> None:
    rig = fit_rig(np.zeros((2, 22, 3)))
    assert np.isfinite(rig.rest).all()
    assert np.isfinite(rig.tips).all()
    assert (rig.lengths[1:] > 0).all()


def test_names_are_those_that_importers_know() -> None:
    assert len(set(NAMES)) == 22
    match = match_skeleton(NAMES, T_POSE)
    assert match.family == "motionbuilder"
    np.testing.assert_array_equal(match.weights, np.eye(22))


def test_every_joint_is_written_after_its_parent() -> None:
    assert sorted(ORDER) == list(range(22))
    assert all(ORDER.index(PARENTS[joint]) < ORDER.index(joint) for joint in ORDER if joint)
    assert {joint for _, joint in TIPS} == set(range(22)) - set(PARENTS)
