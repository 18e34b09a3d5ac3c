"""Which joint of whose skeleton is which of the 22 SMPL joints.

A family is data: names to look for. What a skeleton lacks is an affine combination of joints it has, so a
match is one matrix and a motion is mapped by one product.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.representation.skeleton import JOINTS, PARENTS

Floats = NDArray[np.float64]

_AT = {name: index for index, name in enumerate(JOINTS)}

# Where SMPL's own joints lie between two others, for joints that a skeleton lacks: (from, to, fraction).
# Tried in this order until nothing more can be filled in.
BETWEEN: dict[str, tuple[str, str, float]] = {
    "pelvis": ("left_hip", "right_hip", 0.5),
    "spine1": ("pelvis", "neck", 0.24),
    "spine2": ("spine1", "spine3", 0.5),
    "spine3": ("spine1", "neck", 0.48),
    "left_collar": ("spine3", "left_shoulder", 0.4),
    "right_collar": ("spine3", "right_shoulder", 0.4),
    "neck": ("spine3", "head", 0.68),
}


@dataclass(frozen=True)
class Family:
    """Names of one family of skeletons, compared without case, prefix and punctuation (see `plain`).

    sides: what stands for left and right in the names of limb joints.
    spine: joints above the pelvis, bottom to top. Of three or more the first three are spine1 to spine3;
        two are spine1 and spine3, with spine2 half-way; one is spine1.
    limb: candidates for each joint of a limb, {} standing for the side. centre: for pelvis, neck and head.
    A candidate `<name>_end` is the End Site of that joint.
    """

    name: str
    sides: tuple[str, str]
    spine: tuple[str, ...]
    limb: dict[str, tuple[str, ...]]
    centre: dict[str, tuple[str, ...]] = field(
        default_factory=lambda: {"pelvis": ("Hips",), "neck": ("Neck", "Neck1"), "head": ("Head", "Neck_end")}
    )

    def candidates(self) -> dict[str, tuple[str, ...]]:
        """SMPL joint -> names to look for, best first, for every joint but those of the spine."""
        table = dict(self.centre)
        for smpl_side, side in zip(("left", "right"), self.sides):
            for joint, names in self.limb.items():
                table[f"{smpl_side}_{joint}"] = tuple(name.format(side) for name in names)
        return table


def _limb(
    hip: str, knee: str, ankle: str, foot: str, collar: str, shoulder: str, elbow: str, wrist: str
) -> dict[str, tuple[str, ...]]:
    """Candidates of a limb, separated by blanks. End Sites stand in for toes and wrist."""
    table = {"hip": hip, "knee": knee, "ankle": ankle, "foot": foot, "collar": collar, "shoulder": shoulder}
    table |= {"elbow": elbow, "wrist": wrist}
    found = {joint: tuple(names.split()) for joint, names in table.items()}
    found["foot"] += tuple(f"{name}_end" for name in found["ankle"])
    found["wrist"] += tuple(f"{name}_end" for name in found["elbow"])
    return found


_LEFT_RIGHT, _L_R = ("Left", "Right"), ("L", "R")
_TOES = "{}ToeBase {}Toe {}Toes"

# Order decides between equals only: the family with most joints found by name wins.
FAMILIES: tuple[Family, ...] = (
    Family(  # and what follows MotionBuilder: Mixamo, LAFAN1, the CMU database as converted by cgspeed
        "motionbuilder",
        _LEFT_RIGHT,
        ("LowerBack", "Spine", "Spine1", "Spine2", "Spine3"),
        _limb("{}UpLeg", "{}Leg", "{}Foot", _TOES, "{}Shoulder", "{}Arm", "{}ForeArm", "{}Hand"),
    ),
    Family(
        "bandai-namco",
        _L_R,
        ("Spine", "Chest"),
        _limb(
            "UpperLeg_{}",
            "LowerLeg_{}",
            "Foot_{}",
            "Toes_{}",
            "Shoulder_{}",
            "UpperArm_{}",
            "LowerArm_{}",
            "Hand_{}",
        ),
    ),
    Family(  # also Poser
        "daz",
        ("l", "r"),
        ("abdomen", "abdomenLower", "abdomenUpper", "chest", "chestLower", "chestUpper"),
        _limb(
            "{}Thigh {}ThighBend",
            "{}Shin",
            "{}Foot",
            "{}Toe",
            "{}Collar",
            "{}Shldr {}ShldrBend",
            "{}ForeArm {}ForearmBend",
            "{}Hand",
        ),
        {"pelvis": ("hip",), "neck": ("neck", "neckLower"), "head": ("head",)},
    ),
    Family(
        "character-creator",
        _L_R,
        ("Waist", "Spine01", "Spine02"),
        _limb(
            "{}_Thigh",
            "{}_Calf",
            "{}_Foot",
            "{}_ToeBase",
            "{}_Clavicle",
            "{}_Upperarm",
            "{}_Forearm",
            "{}_Hand",
        ),
        {"pelvis": ("Hip", "Pelvis"), "neck": ("NeckTwist01", "Neck"), "head": ("Head",)},
    ),
    *(
        Family(
            "smpl",
            sides,
            ("spine1", "spine2", "spine3"),
            _limb(
                "{}_hip", "{}_knee", "{}_ankle", "{}_foot", "{}_collar", "{}_shoulder", "{}_elbow", "{}_wrist"
            ),
            {"pelvis": ("pelvis", "hips"), "neck": ("neck",), "head": ("head",)},
        )
        for sides in (("left", "right"), _L_R)
    ),
    Family(
        "xsens",
        _LEFT_RIGHT,
        ("Chest", "Chest2", "Chest3", "Chest4"),
        _limb("{}Hip", "{}Knee", "{}Ankle", _TOES, "{}Collar", "{}Shoulder", "{}Elbow", "{}Wrist"),
    ),
    Family(
        "biovision",
        _LEFT_RIGHT,
        ("Chest", "Chest2", "Chest3"),
        _limb(
            "{}UpLeg {}Hip",
            "{}LowLeg {}Knee",
            "{}Foot {}Ankle",
            _TOES,
            "{}Collar",
            "{}UpArm",
            "{}LowArm",
            "{}Hand {}Wrist",
        ),
    ),
    Family(  # Unity, VRM
        "humanoid",
        _LEFT_RIGHT,
        ("Spine", "Chest", "UpperChest"),
        _limb(
            "{}UpperLeg", "{}LowerLeg", "{}Foot", _TOES, "{}Shoulder", "{}UpperArm", "{}LowerArm", "{}Hand"
        ),
    ),
    Family(
        "rokoko",
        _LEFT_RIGHT,
        ("Spine1", "Spine2", "Spine3", "Spine4"),
        _limb("{}Thigh", "{}Shin", "{}Foot", _TOES, "{}Shoulder", "{}Arm", "{}ForeArm", "{}Hand"),
    ),
    Family(  # 3ds Max
        "biped",
        _L_R,
        ("Spine", "Spine1", "Spine2", "Spine3"),
        _limb("{}Thigh", "{}Calf", "{}Foot", "{}Toe0", "{}Clavicle", "{}UpperArm", "{}Forearm", "{}Hand"),
        {"pelvis": ("Pelvis",), "neck": ("Neck",), "head": ("Head",)},
    ),
    Family(
        "unreal",
        _L_R,
        ("spine_01", "spine_02", "spine_03"),
        _limb(
            "thigh_{}",
            "calf_{}",
            "foot_{}",
            "ball_{}",
            "clavicle_{}",
            "upperarm_{}",
            "lowerarm_{}",
            "hand_{}",
        ),
        {"pelvis": ("pelvis",), "neck": ("neck_01",), "head": ("head",)},
    ),
    Family(
        "blender",
        _L_R,
        ("spine", "chest"),
        _limb(
            "thigh.{}", "shin.{}", "foot.{}", "toe.{}", "shoulder.{}", "upper_arm.{}", "forearm.{}", "hand.{}"
        ),
    ),
)


class UnknownSkeleton(ValueError):
    """No family knows the joints of a file, whose names are these."""

    def __init__(self, problem: str, names: Sequence[str]) -> None:
        super().__init__(problem)
        self.names = tuple(names)


@dataclass(frozen=True, eq=False)
class Match:
    """family: its name. weights: float64 [22, J], rows sum to 1; SMPL joints = weights @ source joints."""

    family: str
    weights: Floats

    @property
    def used(self) -> NDArray[np.intp]:
        """The source joints that matter, ascending."""
        return np.flatnonzero(self.weights.any(axis=0))


_PREFIX = re.compile(r"^(mixamorig\d*|cc_base|bip\d+|[mf]_avg)[\s_]*(?=.)", re.IGNORECASE)


def plain(name: str) -> str:
    """A joint's name without namespace ("mixamorig:"), known prefix, case, blanks and punctuation."""
    return re.sub(r"[\s_.\-]+", "", _PREFIX.sub("", name.rsplit(":", 1)[-1].strip())).lower()


def match_skeleton(names: Sequence[str], pose: Floats) -> Match:
    """Find the family of a skeleton and the matrix that takes its joints to the 22 SMPL joints.

    names: the J joint names. pose: [J, 3], their positions in any one frame, any unit. A joint on top of its
    SMPL parent (CMU has such backs and shoulders) would make a bone without direction: the next is taken.
    Raises UnknownSkeleton, in one line, with the SMPL joints that found no counterpart and some names of the file.
    """
    index: dict[str, int] = {}
    for k, name in enumerate(names):
        index.setdefault(plain(name), k)
    best: tuple[list[str], int, Match] | None = None
    for family in FAMILIES:
        weights, named = _match(family, index, pose)
        missing = [joint for joint in JOINTS if joint not in weights]
        if best is None or (len(missing), -named) < (len(best[0]), -best[1]):
            matrix = np.array([weights.get(joint, np.zeros(len(names))) for joint in JOINTS])
            best = (missing, named, Match(family.name, matrix))
    assert best is not None
    missing, _, match = best
    if missing:
        some = ", ".join(ascii(name[:30]) for name in names[:8]) + (" ..." if len(names) > 8 else "")
        problem = (
            f"unknown skeleton: nothing for {', '.join(missing)} (nearest: {match.family}; it has {some})"
        )
        raise UnknownSkeleton(f"{problem}; say with a map which joint is which, or rename them", names)
    return match


def _match(family: Family, index: dict[str, int], pose: Floats) -> tuple[dict[str, Floats], int]:
    """Weights [J] of every SMPL joint that this family can place, and how many were found by name."""
    table = family.candidates()
    unit = np.eye(len(pose))

    def find(candidates: Sequence[str]) -> list[int]:
        return [index[key] for key in map(plain, candidates) if key in index]

    knee, ankle = find(table["left_knee"])[:1], find(table["left_ankle"])[:1]
    # 1 % of the shin, about 4 mm, or exact coincidence while there is no shin
    near = 0.01 * float(np.linalg.norm(pose[knee[0]] - pose[ankle[0]])) if knee and ankle else 0.0
    placed: dict[str, Floats] = {}

    def place(joint: str, candidates: Sequence[int]) -> None:
        above = PARENTS[_AT[joint]]
        while above >= 0 and JOINTS[above] not in placed:
            above = PARENTS[above]
        for k in candidates:
            if above < 0 or np.linalg.norm(pose[k] - placed[JOINTS[above]] @ pose) > near:
                placed[joint] = unit[k]
                return

    place("pelvis", find(table.pop("pelvis")))
    spine: list[int] = []
    below = placed.get("pelvis")
    for k in find(family.spine):
        if below is None or np.linalg.norm(pose[k] - below @ pose) > near:
            spine.append(k)
            below = unit[k]
    for joint, k in zip(("spine1", "spine3") if len(spine) == 2 else ("spine1", "spine2", "spine3"), spine):
        placed[joint] = unit[k]
    for joint in JOINTS:  # parents before children
        if joint in table:
            place(joint, find(table[joint]))
    named = len(placed)
    fill_between(placed)
    return placed, named


def fill_between(placed: dict[str, Floats]) -> None:
    """Add the joints that lie between others which are placed."""
    filled = True
    while filled:
        filled = False
        for joint, (start, end, fraction) in BETWEEN.items():
            if joint not in placed and start in placed and end in placed:
                placed[joint] = (1 - fraction) * placed[start] + fraction * placed[end]
                filled = True
