"""Joints that somebody recorded, as a motion like those that are made."""

import numpy as np
import torch
from numpy.typing import NDArray

from mdm_adapter.motion import Motion
from mdm_adapter.representation.features import FPS, from_joints


def recorded(joints: NDArray[np.float32], source: str) -> Motion:
    """A motion of one sample from joints [T, 22, 3] at 20 frames a second, brought to the reference proportions.

    Args:
        source: name of the file that they came from.
    """
    motion = from_joints(torch.from_numpy(joints))
    return Motion(
        motion.joints[None, :-1].numpy(), motion.features[None].numpy(), FPS, (), {"source": source}
    )
