"""Between Kimodo's bodies and our 22 joints: by name one way, by the directions of bones the other."""

import math

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.representation import FPS, Representation
from mdm_adapter.models.kimodo.skeletons import Skeleton
from mdm_adapter.representation import skeleton as smpl
from mdm_adapter.representation.rotations import between, to_matrix

SOMA_NAMES = {
    "pelvis": "Hips", "spine1": "Spine1", "spine2": "Spine2", "spine3": "Chest", "neck": "Neck1", "head": "Head",
    "left_hip": "LeftLeg", "left_knee": "LeftShin", "left_ankle": "LeftFoot", "left_foot": "LeftToeBase",
    "right_hip": "RightLeg", "right_knee": "RightShin", "right_ankle": "RightFoot", "right_foot": "RightToeBase",
    "left_collar": "LeftShoulder", "left_shoulder": "LeftArm", "left_elbow": "LeftForeArm", "left_wrist": "LeftHand",
    "right_collar": "RightShoulder", "right_shoulder": "RightArm", "right_elbow": "RightForeArm",
    "right_wrist": "RightHand",
}  # fmt: skip


def smpl_joints(skeleton: Skeleton) -> tuple[int, ...]:
    """Which joint of a skeleton each of our 22 is, by name."""
    names = SOMA_NAMES if skeleton.joints[0] == "Hips" else {name: name for name in smpl.JOINTS}
    return tuple(skeleton.joints.index(names[name]) for name in smpl.JOINTS)


def to_smpl(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Our 22 joints [..., 22, 3] of a skeleton's [..., J, 3], where they are: its proportions are kept."""
    return joints[..., list(smpl_joints(skeleton)), :]


def resample(joints: Tensor, fps: float, wanted: float) -> Tensor:
    """Motion [T, J, 3] at another frame rate, along straight lines between frames; first and last instant stay.

    Raises:
        ValueError: rates that are not above 0.
    """
    if not (math.isfinite(fps) and fps > 0 and math.isfinite(wanted) and wanted > 0):
        raise ValueError(f"frame rates are {fps} and {wanted}; give numbers above 0, such as 20 and 30")
    if fps == wanted or len(joints) < 2:
        return joints
    count = math.floor((len(joints) - 1) * wanted / fps + 1e-9) + 1
    place = torch.arange(count, dtype=torch.float64, device=joints.device) * fps / wanted
    before = place.floor().long().clamp_max(len(joints) - 2)
    share = (place - before).to(joints)[:, None, None]
    return torch.lerp(joints[before], joints[before + 1], share)


def from_smpl(joints: Tensor, representation: Representation, *, fps: float = FPS) -> Tensor:
    """Features [T', width] of a motion of our 22 joints [T, 22, 3] in metres, floor at 0, made by the model's own body.

    Bones keep their directions and get the body's lengths; the path grows with the legs. A bone says nothing about how
    it is turned about itself: it is turned as its parent is. What our joints lack (toes' ends, hands, face) follows
    stiffly.

    Raises:
        ValueError: other shapes, numbers that are not finite, legs without length, or too few frames.
    """
    if joints.ndim != 3 or joints.shape[1:] != (smpl.JOINT_COUNT, 3) or not torch.isfinite(joints).all():
        raise ValueError(f"joints have shape {list(joints.shape)}; give finite metres [frames, 22, 3]")
    skeleton = representation.skeleton
    joints = resample(joints.double(), fps, representation.fps)
    legs = smpl.bone_lengths(joints[0])
    leg = float(legs[4] + legs[7])  # left knee and ankle
    if not leg > 1e-3:
        raise ValueError(f"the left leg is {leg:.3g} m long in frame 0; joints must be a body's, in metres")
    rotations = _aligned(joints, skeleton)
    local = skeleton.local_rotations(rotations)
    root = joints[:, 0] * (skeleton.leg_length / leg)
    # Hips and feet of two bodies differ by more than their legs: what stood on the floor stands on it again.
    sunk = joints[..., 1].min() - to_smpl(skeleton.place(rotations, root), skeleton)[..., 1].min()
    return representation.encode(local, root + sunk * root.new_tensor([0.0, 1.0, 0.0]))


def _aligned(joints: Tensor, skeleton: Skeleton) -> Tensor:
    """Rotations against the world [T, J, 3, 3] that point a skeleton's bones as those of our joints [T, 22, 3] do."""
    place = {joint: number for number, joint in enumerate(smpl_joints(skeleton))}
    children: dict[int, list[int]] = {joint: [] for joint in place}
    for joint in sorted(place)[1:]:
        above = skeleton.parents[joint]
        while above not in place:
            above = skeleton.parents[above]
        children[above].append(joint)
    neutral = skeleton.neutral.to(joints)
    turned: list[Tensor] = []
    for joint, parent in enumerate(skeleton.parents):
        start = turned[parent] if parent >= 0 else torch.eye(3).to(joints).expand(len(joints), 3, 3)
        ends = children.get(joint, [])
        if not ends:
            turned.append(start)
            continue
        rest = torch.nn.functional.normalize(neutral[ends] - neutral[joint], dim=-1)
        here = joints[:, [place[end] for end in ends]] - joints[:, place[joint], None]
        seen = torch.nn.functional.normalize(here, dim=-1)
        if len(ends) == 1:
            swing = between((start @ rest[0]), seen[:, 0])
            turned.append(to_matrix(swing) @ start)
        else:
            turned.append(_best_rotation(rest, seen))
    return torch.stack(turned, dim=1)


def _best_rotation(rest: Tensor, seen: Tensor) -> Tensor:
    """Rotations [T, 3, 3] that bring directions [n, 3] nearest to directions [T, n, 3] (Kabsch)."""
    left, _, right = torch.linalg.svd(seen.transpose(-1, -2) @ rest)
    flip = torch.ones(len(seen), 3).to(seen)
    flip[:, 2] = torch.linalg.det(left @ right)  # a mirror image is no rotation
    return left @ (flip[..., None] * right)
