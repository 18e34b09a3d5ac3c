"""Bodies and motions made by hand, for everything that writes, reads or solves motion."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from mdm_adapter.io.npz import Segment
from mdm_adapter.representation.skeleton import JOINT_COUNT, PARENTS

# A body that stands in a T-pose on y = 0 and faces +z, its head a little forward of its neck. SMPL order.
T_POSE = np.array(
    [
        [0, 0.95, 0], [0.09, 0.87, 0.01], [-0.09, 0.87, 0.01], [0, 1.07, 0], [0.09, 0.47, 0.01], [-0.09, 0.47, 0.01],
        [0, 1.20, 0], [0.09, 0.08, 0.01], [-0.09, 0.08, 0.01], [0, 1.26, 0], [0.09, 0.02, 0.14], [-0.09, 0.02, 0.14],
        [0, 1.46, 0], [0.06, 1.40, -0.01], [-0.06, 1.40, -0.01], [0, 1.55, 0.02], [0.18, 1.40, -0.01],
        [-0.18, 1.40, -0.01], [0.45, 1.40, -0.01], [-0.45, 1.40, -0.01], [0.71, 1.40, -0.01], [-0.71, 1.40, -0.01],
    ]
)  # fmt: skip
OFFSETS = np.concatenate((T_POSE[:1], T_POSE[1:] - T_POSE[list(PARENTS[1:])]))


@dataclass
class Motion:
    """What writers take, without the rules of an archive."""

    joints: np.ndarray
    fps: float = 20.0
    segments: Sequence[Segment] = ()
    features: np.ndarray | None = None
    settings: dict[str, Any] = field(default_factory=dict)


def posed(rotations: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Joints [F, 22, 3] of the body with rotations [F, 22, 3] (axis times angle, relative to the parent) and hips [F, 3].

    Joint by joint and with scipy alone: nothing that is tested here takes part.
    """
    joints = np.empty((len(root), JOINT_COUNT, 3))
    world = [Rotation.from_rotvec(rotations[:, 0])]
    joints[:, 0] = root
    for joint in range(1, JOINT_COUNT):
        parent = PARENTS[joint]
        world.append(world[parent] * Rotation.from_rotvec(rotations[:, joint]))
        joints[:, joint] = joints[:, parent] + world[parent].apply(OFFSETS[joint])
    return joints


def random_pose(rng: np.random.Generator) -> np.ndarray:
    """Rotations [22, 3] that a body can take: knees and elbows are hinges, hands and head follow."""
    turns = np.zeros((JOINT_COUNT, 3))
    turns[0] = Rotation.random(random_state=int(rng.integers(2**31))).as_rotvec()
    for joint, reach in ((3, 0.3), (6, 0.3), (9, 0.3), (12, 0.5), (13, 0.3), (14, 0.3), (7, 0.5), (8, 0.5)):
        turns[joint] = rng.uniform(-reach, reach, 3)
    for joint in (1, 2):
        turns[joint] = rng.uniform([-1.8, -0.5, -0.6], [0.5, 0.5, 0.6])
    for joint in (16, 17):
        turns[joint] = rng.uniform(-1.2, 1.2, 3)
    for joint in (4, 5):
        turns[joint] = [rng.uniform(0, 2.3), 0, 0]
    turns[18], turns[19] = [0, -rng.uniform(0, 2.3), 0], [0, rng.uniform(0, 2.3), 0]
    return turns


def stroll(frames: int = 41, *, fps: float = 20.0, speed: float = 1.0, turn: float = 0.0) -> np.ndarray:
    """Joints [frames, 22, 3] of a body that walks, sort of: arms and legs swing once in two seconds.

    turn: radians to the left a second. With 40 frames the pose of frame 40 is that of frame 0.
    """
    time = np.arange(frames) / fps
    swing = np.sin(np.pi * time)
    turns = np.zeros((frames, JOINT_COUNT, 3))
    turns[:, 0, 1] = turn * time
    turns[:, 1, 0], turns[:, 2, 0] = -0.4 * swing, 0.4 * swing
    turns[:, 4, 0], turns[:, 5, 0] = 0.4 + 0.3 * swing, 0.4 - 0.3 * swing
    turns[:, 16, 2], turns[:, 17, 2] = -1.3, 1.3
    turns[:, 18, 1], turns[:, 19, 1] = -0.6 - 0.2 * swing, 0.6 - 0.2 * swing
    turns[:, 9, 1] = 0.1 * swing
    heading = turn * time
    step = speed / fps * np.stack((np.sin(heading), np.zeros(frames), np.cos(heading)), axis=1)
    root = np.cumsum(step, axis=0) - step[0] + [0, 0.93, 0]
    return posed(turns, root)


def breathing(joints: np.ndarray, amount: float = 0.05) -> np.ndarray:
    """The motion with shins and forearms whose length goes up and down, as in generated motion."""
    joints = joints.copy()
    wave = 1 + amount * np.sin(np.arange(len(joints)) * 0.7)[:, None]
    for end, start, beyond in ((7, 4, (10,)), (8, 5, (11,)), (20, 18, ()), (21, 19, ())):
        moved = joints[:, start] + wave * (joints[:, end] - joints[:, start]) - joints[:, end]
        for joint in (end, *beyond):
            joints[:, joint] += moved
    return joints
