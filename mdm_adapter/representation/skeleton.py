"""The 22-joint SMPL skeleton: names, hierarchy, reference proportions, inverse and forward kinematics.

Positions are metres, y up; left is +x for a body that faces +z. Batched over any leading shape [..., 22, 3].
"""

import torch
from torch import Tensor

from mdm_adapter.representation import rotations

JOINTS = (
    "pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2", "left_ankle",
    "right_ankle", "spine3", "left_foot", "right_foot", "neck", "left_collar", "right_collar", "head",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
)  # fmt: skip
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19)
CHAINS = (
    (0, 2, 5, 8, 11),
    (0, 1, 4, 7, 10),
    (0, 3, 6, 9, 12, 15),
    (9, 14, 17, 19, 21),
    (9, 13, 16, 18, 20),
)
LEFT_FEET, RIGHT_FEET = (7, 10), (8, 11)
JOINT_COUNT = len(JOINTS)
FEET = LEFT_FEET + RIGHT_FEET
# Joint i of a mirrored body is joint MIRROR[i] of the body.
MIRROR = (0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20)

# The rest pose of HumanML3D: which way each bone points from its parent (every arm hangs down) ...
BONE_DIRECTIONS = torch.tensor(
    [
        [0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, 1, 0], [0, -1, 0],
        [0, -1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1],
        [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0], [0, -1, 0],
    ],
    dtype=torch.float64,
)  # fmt: skip
# ... and how long it is, in metres, in the dataset's reference body (clip 000021, frame 0).
BONE_LENGTHS = torch.tensor(
    [
        0.0, 0.10310018, 0.10986772, 0.13160272, 0.39358923, 0.39012611, 0.14316383, 0.43221495, 0.42570755,
        0.05736214, 0.14338109, 0.14954089, 0.21934940, 0.13745014, 0.14336078, 0.10310870, 0.13155773,
        0.12300328, 0.25692463, 0.26313227, 0.26601049, 0.26971762,
    ],
    dtype=torch.float64,
)  # fmt: skip
# Upper and lower leg whose summed length sets the scale between two bodies, as in the dataset's notebook.
SCALE_BONES = (5, 8)
HEADING_SMOOTHING_FRAMES = 20.0


def bone_lengths(joints: Tensor) -> Tensor:
    """Distance of every joint from its parent, [..., 22] metres (0 for the root), of poses [..., 22, 3]."""
    parents = list(PARENTS[1:])
    lengths = (joints[..., 1:, :] - joints[..., parents, :]).norm(dim=-1)
    return torch.cat((torch.zeros_like(lengths[..., :1]), lengths), dim=-1)


def retarget(joints: Tensor) -> Tensor:
    """Motion [T, 22, 3] of any body, in the proportions of the reference body.

    The published code solves inverse kinematics and runs forward kinematics with the other lengths. Because
    each joint has one child bone per chain, that is the same as keeping every bone's direction and changing
    its length, which is what this does. The root path is scaled by the ratio of the leg lengths in frame 0.

    Raises:
        ValueError: a bone that sets the scale has no length in frame 0.
    """
    lengths = BONE_LENGTHS.to(joints)
    source_leg = bone_lengths(joints[0])[list(SCALE_BONES)].sum()
    if not source_leg > 1e-6:
        raise ValueError(
            f"leg length is {float(source_leg):.3g} m in frame 0; joints must be 22 SMPL joints in metres"
        )
    scale = lengths[list(SCALE_BONES)].sum() / source_leg
    placed = [joints[:, 0] * scale]
    for joint in range(1, len(PARENTS)):
        parent = PARENTS[joint]
        direction = torch.nn.functional.normalize(joints[:, joint] - joints[:, parent], dim=-1)
        placed.append(placed[parent] + direction * lengths[joint])
    return torch.stack(placed, dim=1)


def forward_direction(joints: Tensor) -> Tensor:
    """Unit horizontal direction [..., 3] that a pose [..., 22, 3] faces: up x (right-to-left of hips and shoulders)."""
    across = (joints[..., 1, :] - joints[..., 2, :]) + (joints[..., 16, :] - joints[..., 17, :])
    # up x across with up = (0, 1, 0), for across pointing to the body's left, faces backwards: hence the signs.
    forward = torch.stack((-across[..., 2], torch.zeros_like(across[..., 0]), across[..., 0]), dim=-1)
    return torch.nn.functional.normalize(forward, dim=-1)


def smoothed_heading(joints: Tensor) -> Tensor:
    """Quaternions [T, 4] that turn the facing direction of a motion [T, 22, 3], smoothed over time, to +z.

    The published definition, kept because it *is* the representation: its inverse kinematics names the hips the
    wrong way round, so the hips' direction is subtracted from the shoulders' instead of added, and the Gaussian
    (20 frames) runs over directions that were scaled to unit length before their height was dropped. The
    shortest-arc quaternion has w >= 0: it changes sign when the body has turned by 180 degrees.
    """
    from scipy.ndimage import gaussian_filter1d  # half a second that making motion does without

    across = (joints[..., 16, :] - joints[..., 17, :]) - (joints[..., 1, :] - joints[..., 2, :])
    across = torch.nn.functional.normalize(across, dim=-1)
    forward = torch.stack((-across[..., 2], torch.zeros_like(across[..., 0]), across[..., 0]), dim=-1)
    smoothed = gaussian_filter1d(forward.cpu().numpy(), HEADING_SMOOTHING_FRAMES, axis=0, mode="nearest")
    forward = torch.nn.functional.normalize(torch.as_tensor(smoothed).to(forward), dim=-1)
    return rotations.between(forward, forward.new_tensor([0.0, 0.0, 1.0]))


def inverse_kinematics(joints: Tensor, root: Tensor) -> Tensor:
    """Local rotations [T, 22, 4] of the bones of a motion [T, 22, 3], given the root's rotations [T, 4].

    Published convention: the rotation stored with a joint turns the bone that *ends* in it, and every chain
    starts afresh from the root, the arms too.
    """
    directions = BONE_DIRECTIONS.to(joints)
    local: list[Tensor] = [root] * len(PARENTS)
    for chain in CHAINS:
        accumulated = root
        for parent, joint in zip(chain[:-1], chain[1:], strict=True):
            bone = torch.nn.functional.normalize(joints[:, joint] - joints[:, parent], dim=-1)
            turn = rotations.between(directions[joint].expand_as(bone), bone)
            local[joint] = rotations.multiply(rotations.conjugate(accumulated), turn)
            accumulated = rotations.multiply(accumulated, local[joint])
    return torch.stack(local, dim=1)


def forward_kinematics(matrices: Tensor, root_positions: Tensor) -> Tensor:
    """Joints [..., 22, 3] of the reference body from rotations [..., 22, 3, 3] and root positions [..., 3]."""
    offsets = (BONE_DIRECTIONS * BONE_LENGTHS[:, None]).to(root_positions)
    placed: list[Tensor] = [root_positions] * len(PARENTS)
    for chain in CHAINS:
        accumulated = matrices[..., 0, :, :]
        for parent, joint in zip(chain[:-1], chain[1:], strict=True):
            accumulated = accumulated @ matrices[..., joint, :, :]
            placed[joint] = placed[parent] + accumulated @ offsets[joint]
    return torch.stack(placed, dim=-2)


def mirror(joints: Tensor) -> Tensor:
    """The motion [..., 22, 3] seen in a mirror: x negated, left and right joints exchanged."""
    return joints[..., list(MIRROR), :] * joints.new_tensor([-1.0, 1.0, 1.0])
