"""A humanoid rig in a body's own proportions: names, hierarchy and a true T-pose to rest in.

Rest pose: feet flat on y = 0 and pointing to +z, legs straight down, arms straight out along x with the palms down,
every joint without rotation. The names are those of Mixamo without its prefix, which MotionBuilder, Unity's and
Unreal's retargeters and Blender's add-ons know.
"""

from dataclasses import dataclass

import numpy as np

from mdm_adapter.io.geometry import Floats, dot, frames, turn, unit
from mdm_adapter.representation.skeleton import CHAINS, JOINT_COUNT, PARENTS

# One name for each of the 22 SMPL joints, in their order.
NAMES = (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand",
)  # fmt: skip
# Where the outermost joints end: name, joint that it hangs on. They are not joints of the motion and never move.
TIPS = (
    ("HeadTop_End", 15), ("LeftHand_End", 20), ("RightHand_End", 21), ("LeftToe_End", 10), ("RightToe_End", 11),
)  # fmt: skip
# Order of writing: parents before children, the trunk first.
ORDER = (0, 3, 6, 9, 12, 15, 13, 16, 18, 20, 14, 17, 19, 21, 1, 4, 7, 10, 2, 5, 8, 11)
LEGS = ((1, 4, 7, 10), (2, 5, 8, 11))
ARMS = ((13, 16, 18, 20), (14, 17, 19, 21))
SIDES = (1.0, -1.0)  # left is +x
PELVIS, CHEST = (0, (1, 2, 3)), (9, (12, 13, 14))  # the two joints that carry several others
MIN_BONE = 0.01  # metres; a shorter bone has no direction, and no program draws it

# Tips in metres for a body of 1.7 m: crown above the head joint, fingertips beyond the wrist, toes beyond the ball.
CROWN, FINGERS, TOES = 0.19, 0.16, 0.06
FOOT_PITCH = np.radians(
    27.0
)  # of the bone from ankle to ball in a flat foot, where a motion does not show one
BALL_HEIGHT = 0.02


@dataclass(frozen=True, eq=False)
class Rig:
    """A skeleton at rest.

    Attributes:
        rest: float64 [22, 3], the joints of the T-pose in SMPL order, metres, y up, facing +z; hips at x = z = 0.
        tips: float64 [5, 3], the ends of `TIPS` in the same pose.
    """

    rest: Floats
    tips: Floats

    @property
    def offsets(self) -> Floats:
        """Each joint's place relative to its parent, [22, 3]; of the hips, relative to the ground."""
        parents = list(PARENTS[1:])
        return np.concatenate((self.rest[:1], self.rest[1:] - self.rest[parents]))

    @property
    def tip_offsets(self) -> Floats:
        """Each tip's place relative to the joint that it hangs on, [5, 3]."""
        return self.tips - self.rest[[joint for _, joint in TIPS]]

    @property
    def lengths(self) -> Floats:
        """Bone lengths [22], metres; 0 for the hips."""
        lengths = np.linalg.norm(self.offsets, axis=1)
        lengths[0] = 0.0
        return lengths


def lengths_of(joints: Floats) -> Floats:
    """Median distance [22] of every joint from its parent in joints [F, 22, 3]; 0 for the root."""
    bones = joints[:, 1:] - joints[:, list(PARENTS[1:])]
    return np.concatenate(([0.0], np.maximum(np.median(np.linalg.norm(bones, axis=-1), axis=0), MIN_BONE)))


def stature_of(lengths: Floats) -> float:
    """Height in metres of a body with bone lengths [22]: legs and spine are 83 % of it."""
    legs = 0.5 * sum(lengths[list(leg[1:3])].sum() for leg in LEGS)
    return float(np.clip(1.2 * (legs + lengths[list(CHAINS[2][1:])].sum()), 0.3, 100.0))


def fit_rig(joints: Floats) -> Rig:
    """The rig of the body in joints [F, 22, 3] (metres, y up): its bone lengths are the medians over the frames.

    Hips and shoulders hang on pelvis and chest as they do in the motion. Neck and feet are inclined as they
    usually are in it: people differ, and so do the bodies that motion was recorded with.
    """
    lengths = lengths_of(joints)
    scale = stature_of(lengths) / 1.7
    rest = np.zeros((JOINT_COUNT, 3))
    pelvis, chest = (_carried(joints, *branch, lengths) for branch in (PELVIS, CHEST))
    pelvis = pelvis @ _levelled(pelvis, lengths).T
    for joint, place in zip(PELVIS[1], pelvis):
        rest[joint] = place
    rest[6] = rest[3] + [0, lengths[6], 0]
    rest[9] = rest[6] + [0, lengths[9], 0]
    for joint, place in zip(CHEST[1], chest):
        rest[joint] = rest[9] + place
    lean = _neck_lean(joints)
    rest[15] = rest[12] + lengths[15] * np.array([0, np.cos(lean), np.sin(lean)])
    for (collar, shoulder, elbow, wrist), side in zip(ARMS, SIDES):
        for start, end in ((collar, shoulder), (shoulder, elbow), (elbow, wrist)):
            rest[end] = rest[start] + [side * lengths[end], 0, 0]
    pitch, ball = _standing(joints, scale)
    drop = np.sin(pitch) * 0.5 * (lengths[10] + lengths[11])
    for hip, knee, ankle, foot in LEGS:
        rest[knee] = rest[hip] - [0, lengths[knee], 0]
        rest[ankle] = rest[knee] - [0, lengths[ankle], 0]
        fall = min(drop, 0.9 * lengths[foot])
        rest[foot] = rest[ankle] + [0, -fall, np.sqrt(lengths[foot] ** 2 - fall**2)]
    rest[:, 1] += ball - rest[[10, 11], 1].min()
    reach = np.array([[0, CROWN, 0], [FINGERS, 0, 0], [-FINGERS, 0, 0], [0, 0, TOES], [0, 0, TOES]])
    return Rig(rest, rest[[joint for _, joint in TIPS]] + scale * reach)


def _carried(joints: Floats, trunk: int, children: tuple[int, ...], lengths: Floats) -> Floats:
    """How the three children [3, 3] of pelvis or chest lie around it: the one of the spine straight up, sides on x."""
    around = joints[:, list(children)] - joints[:, trunk, None]
    spine = next(k for k, joint in enumerate(children) if joint in (3, 12))
    left, right = (k for k in range(3) if k != spine)
    axes = frames(around[:, spine], around[:, left] - around[:, right])
    usual = np.median(np.einsum("fij,fki->fkj", axes, around), axis=0)
    plain = np.zeros((3, 3))
    plain[spine, 1], plain[left, 0], plain[right, 0] = 1.0, 1.0, -1.0
    usual = np.where(np.linalg.norm(usual, axis=1, keepdims=True) > 1e-6, usual, plain)
    return unit(usual) * lengths[list(children), None]


def _levelled(pelvis: Floats, lengths: Floats) -> Floats:
    """Roll [3, 3] of the pelvis with children [3, 3] after which both ankles are equally high, if legs differ."""
    across = pelvis[0] - pelvis[1]
    longer = lengths[[4, 7]].sum() - lengths[[5, 8]].sum()
    angle = np.arcsin(np.clip(longer / max(np.hypot(*across[:2]), MIN_BONE), -0.5, 0.5)) - np.arctan2(
        across[1], across[0]
    )
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def _neck_lean(joints: Floats) -> float:
    """How far forward of the chest's up the head usually is, in radians, 0 to 35 degrees."""
    axes = frames(joints[:, 12] - joints[:, 9], joints[:, 13] - joints[:, 14])
    head = turn(np.swapaxes(axes, -1, -2), joints[:, 15] - joints[:, 12])
    return float(np.clip(np.median(np.arctan2(head[:, 2], head[:, 1])), 0.0, np.radians(35)))


def _standing(joints: Floats, scale: float) -> tuple[float, float]:
    """Pitch (radians) from ankle to ball of a flat foot, and the height of its ball, as the motion shows them."""
    pitches, heights = [], []
    for ankle, ball in ((7, 10), (8, 11)):
        foot = unit(joints[:, ball] - joints[:, ankle])
        still = np.linalg.norm(
            np.diff(joints[:, [ankle, ball]], axis=0, append=joints[-1:, [ankle, ball]]), axis=-1
        )
        flat = (joints[:, ball, 1] < 0.06 * scale) & (joints[:, ankle, 1] < 0.16 * scale)
        flat &= (still < 0.01 * scale).all(axis=1) & (dot(foot, np.array([0, -1.0, 0])) < 0.9)
        pitches.append(np.arcsin(np.clip(-foot[flat, 1], -1, 1)))
        heights.append(joints[flat, ball, 1])
    pitch, height = np.concatenate(pitches), np.concatenate(heights)
    if len(pitch) == 0:
        return float(FOOT_PITCH), BALL_HEIGHT * scale
    low, high = np.radians(10), np.radians(50)
    return float(np.clip(np.median(pitch), low, high)), float(np.clip(np.median(height), 0.0, 0.05 * scale))
