"""The bodies of Kimodo: SOMA with 30 joints (the network's) and 77 (with fingers), and SMPL-X with 22.

SOMA's joints come along (`soma`). Those of SMPL-X derive from a body model with a research licence of its own and do not:
they are read from a file of the user's. Metres; y up; a body in its T-pose faces +z with +x on its left.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.models.kimodo import soma
from mdm_adapter.models.kimodo.geometry import axis_angle_to_matrix
from mdm_adapter.representation import skeleton as smpl

MAX_JOINT_BYTES = 1 << 20
LONGEST_BONE = 2.0  # metres; a file beyond it holds something else
LIMBS = ("LeftFoot", "RightFoot", "LeftHand", "RightHand")


@dataclass(frozen=True, eq=False)
class Skeleton:
    """A hierarchy of joints in its T-pose; parents stand before their children, the root first.

    Attributes:
        neutral: joints in the T-pose, seen from the root [joints, 3] metres, float64.
        hips: right and left hip, from which the heading is read.
        limbs: joints of each of `LIMBS` from its base outwards, as constraints and contacts name them.
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[int, ...]
    neutral: Tensor
    hips: tuple[int, int]
    limbs: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.joints)

    @property
    def feet(self) -> tuple[int, ...]:
        """The joints of contacts: left ankle, left toe, right ankle, right toe."""
        return (*self.limbs[0][:2], *self.limbs[1][:2])

    @property
    def leg_length(self) -> float:
        """Metres from the left hip over the knee to the ankle."""
        ankle = self.limbs[0][0]
        knee = self.parents[ankle]
        shin = (self.neutral[ankle] - self.neutral[knee]).norm()
        return float(shin + (self.neutral[knee] - self.neutral[self.parents[knee]]).norm())

    @cached_property
    def offsets(self) -> Tensor:
        """Every joint seen from its parent in the T-pose [joints, 3]; 0 for the root."""
        parents = [max(parent, 0) for parent in self.parents]
        return self.neutral - self.neutral[parents]

    def forward_kinematics(self, local: Tensor, root: Tensor) -> tuple[Tensor, Tensor]:
        """Rotations against the parents [..., J, 3, 3] and root positions [..., 3] in the world.

        Returns:
            Rotations against the world [..., J, 3, 3], joints [..., J, 3].
        """
        turned = [local[..., 0, :, :]]
        for joint, parent in enumerate(self.parents[1:], 1):
            turned.append(turned[parent] @ local[..., joint, :, :])
        rotations = torch.stack(turned, dim=-3)
        return rotations, self.place(rotations, root)

    def place(self, rotations: Tensor, root: Tensor) -> Tensor:
        """Joints [..., J, 3] from rotations against the world [..., J, 3, 3] and root positions [..., 3]."""
        offsets = self.offsets.to(root)
        placed = [root]
        for joint, parent in enumerate(self.parents[1:], 1):
            bone = rotations[..., parent, :, :] @ offsets[joint]
            placed.append(placed[parent] + bone)
        return torch.stack(placed, dim=-2)

    def local_rotations(self, rotations: Tensor) -> Tensor:
        """Rotations against the parents from those against the world, [..., J, 3, 3] both."""
        above = rotations[..., list(self.parents[1:]), :, :]
        below = above.transpose(-1, -2) @ rotations[..., 1:, :, :]
        return torch.cat((rotations[..., :1, :, :], below), dim=-3)


def _soma(names: tuple[str, ...], fingers: bool) -> Skeleton:
    """SOMA with some of its joints; one whose parent is left out hangs on the nearest one above that is not."""
    above = {name: parent for name, parent, _ in soma.JOINTS}
    place = {name: position for name, _, position in soma.JOINTS}

    def parent_of(name: str) -> int:
        parent = above[name]
        while parent and parent not in names:
            parent = above[parent]
        return names.index(parent) if parent else -1

    def chain(side: str, part: str) -> tuple[int, ...]:
        if part == "Foot":
            wanted = [f"{side}Foot", f"{side}ToeBase", f"{side}ToeEnd"]
        elif fingers:
            wanted = [name for name in names if name.startswith(f"{side}Hand")]
        else:
            wanted = [f"{side}Hand", f"{side}HandMiddleEnd"]
        return tuple(names.index(name) for name in wanted if name in names)

    return Skeleton(
        "soma77" if fingers else "soma30",
        names,
        tuple(parent_of(name) for name in names),
        torch.tensor([place[name] for name in names], dtype=torch.float64),
        (names.index("RightLeg"), names.index("LeftLeg")),
        (chain("Left", "Foot"), chain("Right", "Foot"), chain("Left", "Hand"), chain("Right", "Hand")),
    )


_FINGER = ("Thumb1", "Thumb2", "Thumb3", "Index", "Middle1", "Middle2", "Middle3", "Middle4", "Ring", "Pinky")
_LEFT_OUT = (*(f"Hand{finger}" for finger in _FINGER), "HeadEnd", "ToeEnd")
SOMA77 = _soma(tuple(name for name, _, _ in soma.JOINTS), fingers=True)
SOMA30 = _soma(tuple(n for n in SOMA77.joints if not any(part in n for part in _LEFT_OUT)), fingers=False)
SOMA30_IN_77 = tuple(SOMA77.joints.index(name) for name in SOMA30.joints)


def with_fingers(local: Tensor) -> Tensor:
    """Rotations against the parents of SOMA-30 [..., 30, 3, 3] with its fingers at rest [..., 77, 3, 3].

    The network's three ends of a hand hang on the wrist; with fingers between, thumb and middle finger end some
    centimetres elsewhere, and all other joints are the same.
    """
    rest = [soma.RELAXED.get(name, (0.0, 0.0, 0.0)) for name in SOMA77.joints]
    matrices = axis_angle_to_matrix(torch.tensor(rest, dtype=torch.float64)).to(local)
    wide = matrices.expand(*local.shape[:-3], -1, -1, -1).clone()
    wide[..., list(SOMA30_IN_77), :, :] = local
    return wide


def without_fingers(local: Tensor) -> Tensor:
    """Rotations of SOMA-77 [..., 77, 3, 3] against their parents, of the joints that SOMA-30 has [..., 30, 3, 3]."""
    return local[..., list(SOMA30_IN_77), :, :]


def smplx22(neutral: Tensor) -> Skeleton:
    """The SMPL-X body of the published model, from its T-pose joints [22, 3] in metres (`read_neutral_joints`)."""
    if neutral.shape != (22, 3):
        raise ValueError(f"SMPL-X joints have shape {tuple(neutral.shape)}; expected [22, 3] in metres")
    places = {name: smpl.JOINTS.index(name) for name in smpl.JOINTS}
    limbs = (
        (places["left_ankle"], places["left_foot"]),
        (places["right_ankle"], places["right_foot"]),
        (places["left_wrist"],),
        (places["right_wrist"],),
    )
    seen_from_pelvis = (neutral - neutral[:1]).double()
    hips = (places["right_hip"], places["left_hip"])
    return Skeleton("smplx22", smpl.JOINTS, smpl.PARENTS, seen_from_pelvis, hips, limbs)


def read_neutral_joints(path: Path | str) -> Tensor:
    """T-pose joints [22, 3] of SMPL-X in metres, float64: `joints.p` of the published code, or a `.npy` of them.

    Raises:
        ValueError: no such file, or one that holds something else.
    """
    path = Path(path)
    remedy = (
        "give kimodo/assets/skeletons/smplx22/joints.p of the published code, or a .npy [22, 3] in metres"
    )
    if not path.is_file():
        raise ValueError(f"SMPL-X joints {path} do not exist; {remedy}")
    if path.stat().st_size > MAX_JOINT_BYTES:
        raise ValueError(f"{path} is larger than {MAX_JOINT_BYTES >> 20} MiB; {remedy}")
    try:
        if path.suffix == ".npy":
            joints = torch.from_numpy(np.load(path, allow_pickle=False).astype(np.float64))
        else:
            joints = torch.load(path, map_location="cpu", weights_only=True).double().squeeze()
    except Exception as error:
        # Whatever a parser trips over in a foreign file, the user needs the file's name and what to give instead.
        raise ValueError(f"{path} holds no joints ({type(error).__name__}); {remedy}") from error
    if joints.shape != (22, 3) or not torch.isfinite(joints).all():
        raise ValueError(f"{path} has shape {list(joints.shape)}; {remedy}")
    bones = (joints[1:] - joints[list(smpl.PARENTS[1:])]).norm(dim=1)
    if not 0.01 < float(bones.min()) <= float(bones.max()) < LONGEST_BONE:
        raise ValueError(
            f"{path} has bones of {float(bones.min()):.3g} to {float(bones.max()):.3g} m; {remedy}"
        )
    return joints
