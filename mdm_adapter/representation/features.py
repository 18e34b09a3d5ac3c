"""The HumanML3D representation: 22 joints <-> 263 numbers a frame, as published (Guo et al. 2022).

Layout of a frame: root yaw velocity (1, half-angle), root planar velocity (2), root height (1), joint positions
relative to the root and heading (63), joint rotations in 6-D (126), joint velocities (66), foot contacts (4).
"""

from typing import NamedTuple

import torch
from torch import Tensor

from mdm_adapter.representation import rotations, skeleton

WIDTH = 263
FPS = 20.0
YAW_VELOCITY = slice(0, 1)
PLANAR_VELOCITY = slice(1, 3)
ROOT_HEIGHT = slice(3, 4)
POSITIONS = slice(4, 67)
ROTATIONS = slice(67, 193)
VELOCITIES = slice(193, 259)
CONTACTS = slice(259, 263)
CONTACT_SPEED_SQUARED = 0.002  # metres squared per frame squared, the dataset's threshold


class FeatureMotion(NamedTuple):
    """Features [T-1, 263] and the joints [T, 22, 3] (retargeted, grounded, facing +z) that they describe."""

    features: Tensor
    joints: Tensor


def canonicalise(joints: Tensor) -> Tensor:
    """Motion [T, 22, 3] moved so that its lowest point is on y = 0 and frame 0 stands at the origin facing +z."""
    joints = joints - joints.new_tensor([0.0, 1.0, 0.0]) * joints[..., 1].min()
    joints = joints - joints[0, 0] * joints.new_tensor([1.0, 0.0, 1.0])
    facing = rotations.between(skeleton.forward_direction(joints[0]), joints.new_tensor([0.0, 0.0, 1.0]))
    return rotations.rotate(facing, joints)


def from_joints(joints: Tensor, *, retarget: bool = True, continuous_heading: bool = True) -> FeatureMotion:
    """Joints [T, 22, 3] in metres -> features [T-1, 263]; computed in float64, returned in the input's dtype.

    Args:
        retarget: bring the body to the reference proportions first, as the dataset does.
        continuous_heading: keep the yaw velocity right when the body has turned by 180 degrees. The published
            code flips its sign for one frame there and the recovered path drifts; False reproduces that.

    Raises:
        ValueError: wrong shape, fewer than 2 frames, or non-finite numbers.
    """
    if joints.ndim != 3 or joints.shape[1:] != (22, 3) or joints.shape[0] < 2:
        raise ValueError(f"joints have shape {tuple(joints.shape)}; expected [frames >= 2, 22, 3]")
    if not torch.isfinite(joints).all():
        raise ValueError("joints contain non-finite numbers; clean the motion first")
    dtype, joints = joints.dtype, joints.double()
    joints = canonicalise(skeleton.retarget(joints) if retarget else joints)

    heading = skeleton.smoothed_heading(joints)
    heading[0] = heading.new_tensor([1.0, 0.0, 0.0, 0.0])  # canonical by construction; the notebook forces it
    turn = rotations.multiply(heading[1:], rotations.conjugate(heading[:-1]))
    if continuous_heading:
        turn = turn * torch.where(turn[:, :1] < 0, -1.0, 1.0)
    yaw_velocity = turn[:, 2:3].clamp(-1.0, 1.0).arcsin()
    planar_velocity = rotations.rotate(heading[1:], joints[1:, 0] - joints[:-1, 0])[:, [0, 2]]

    local = joints - joints[:, :1] * joints.new_tensor([1.0, 0.0, 1.0])
    local = rotations.rotate(heading[:, None], local)
    six_d = rotations.to_six_d(skeleton.inverse_kinematics(joints, heading))
    velocity = rotations.rotate(heading[:-1, None], joints[1:] - joints[:-1])
    feet = joints[1:, list(skeleton.FEET)] - joints[:-1, list(skeleton.FEET)]
    contacts = (feet.square().sum(-1) < CONTACT_SPEED_SQUARED).to(joints)

    features = torch.cat(
        (
            yaw_velocity,
            planar_velocity,
            joints[:-1, 0, 1:2],
            local[:-1, 1:].flatten(1),
            six_d[:-1, 1:].flatten(1),
            velocity.flatten(1),
            contacts,
        ),
        dim=1,
    )
    return FeatureMotion(features.to(dtype), joints.to(dtype))


def root_motion(features: Tensor) -> tuple[Tensor, Tensor]:
    """Heading quaternions [..., T, 4] and root positions [..., T, 3], integrated from features [..., T, 263].

    A velocity moves the *next* frame, so the last frame's velocity is unused here (it drives a loop's wrap).
    """
    half_yaw = torch.cumsum(features[..., 0], dim=-1) - features[..., 0]
    heading = rotations.about_y(half_yaw)
    planar = features[..., :-1, PLANAR_VELOCITY]
    step = torch.stack((planar[..., 0], torch.zeros_like(planar[..., 0]), planar[..., 1]), dim=-1)
    step = rotations.rotate(rotations.conjugate(heading[..., 1:, :]), step)
    path = torch.cumsum(torch.cat((torch.zeros_like(heading[..., :1, :3]), step), dim=-2), dim=-2)
    height = features[..., ROOT_HEIGHT]
    return heading, torch.cat((path[..., :1], height, path[..., 2:]), dim=-1)


def to_joints(features: Tensor) -> Tensor:
    """Features [..., T, 263] -> joints [..., T, 22, 3] from the position part (the dataset's `recover_from_ric`)."""
    heading, root = root_motion(features)
    local = features[..., POSITIONS].unflatten(-1, (21, 3))
    turned = rotations.rotate(rotations.conjugate(heading)[..., None, :], local)
    turned = turned + root[..., None, :] * root.new_tensor([1.0, 0.0, 1.0])
    return torch.cat((root[..., None, :], turned), dim=-2)


def to_joints_from_rotations(features: Tensor) -> Tensor:
    """Features [..., T, 263] -> joints [..., T, 22, 3] of the reference body from the rotation part."""
    heading, root = root_motion(features)
    six_d = features[..., ROTATIONS].unflatten(-1, (21, 6))
    six_d = torch.cat((rotations.to_six_d(heading)[..., None, :], six_d), dim=-2)
    return skeleton.forward_kinematics(rotations.six_d_to_matrix(six_d), root)


def joint_velocities(features: Tensor) -> Tensor:
    """Velocities [..., T-1, 22, 3] (metres per frame) that positions and root motion imply, seen from the heading.

    Equal to the difference of `to_joints` up to the heading, without integrating anything: errors stay local.
    """
    root = torch.zeros_like(features[..., ROOT_HEIGHT])
    placed = torch.cat((root, features[..., ROOT_HEIGHT], root, features[..., POSITIONS]), dim=-1).unflatten(
        -1, (22, 3)
    )
    turn = rotations.about_y(features[..., :-1, 0])
    planar = features[..., :-1, PLANAR_VELOCITY]
    step = torch.stack((planar[..., 0], torch.zeros_like(planar[..., 0]), planar[..., 1]), dim=-1)
    return (
        placed[..., 1:, :, :]
        + step[..., None, :]
        - rotations.rotate(turn[..., None, :], placed[..., :-1, :, :])
    )
