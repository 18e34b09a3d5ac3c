"""What a motion offers beside its numbers."""

import numpy as np
from bodies import T_POSE, stroll
from scipy.spatial.transform import Rotation

from mdm_adapter.motion import Motion
from mdm_adapter.representation.skeleton import PARENTS


def motion(joints: np.ndarray) -> Motion:
    return Motion(joints.astype(np.float32), np.zeros((*joints.shape[:2], 263), dtype=np.float32))


def test_nothing_is_turned_in_a_t_pose() -> None:
    rest = np.tile(T_POSE, (2, 3, 1, 1))
    found = motion(rest).rotations
    assert found.shape == (2, 3, 22, 4)
    assert found.dtype == np.float32
    # The rig's own rest pose has straight arms, as this one; only its feet and neck lie otherwise.
    straight = [0, 1, 2, 4, 5, 16, 17, 18, 19]
    turned = Rotation.from_quat(found[:, :, straight].reshape(-1, 4)).magnitude()
    assert np.degrees(turned).max() < 3


def test_turns_of_the_body_are_those_of_the_root() -> None:
    found = motion(stroll(41, turn=0.5)[None]).rotations
    yaw = Rotation.from_quat(found[0, :, 0]).as_rotvec()[:, 1]
    np.testing.assert_allclose(yaw - yaw[0], 0.5 * np.arange(41) / 20, atol=0.02)


def test_turned_bones_point_where_the_joints_are() -> None:
    """Forward kinematics with the rotations alone: shins and forearms."""
    joints = stroll(41)
    found = motion(joints[None]).rotations[0]
    world = [Rotation.from_quat(found[:, 0])]
    for joint in range(1, 22):
        world.append(world[PARENTS[joint]] * Rotation.from_quat(found[:, joint]))
    for start, end, rest in (
        (4, 7, [0, -1, 0]),
        (5, 8, [0, -1, 0]),
        (18, 20, [1, 0, 0]),
        (19, 21, [-1, 0, 0]),
    ):
        bone = joints[:, end] - joints[:, start]
        bone /= np.linalg.norm(bone, axis=1, keepdims=True)
        np.testing.assert_allclose(world[start].apply(rest), bone, atol=5e-3)
