"""Motion out of arrays: our own `.npz`, AMASS's, and the `.npy` of HumanML3D. What a file is, its content says."""

from pathlib import Path

import numpy as np
import torch

from mdm_adapter.bodies import Bodies, is_recording, read_amass
from mdm_adapter.io.arrays import Archive
from mdm_adapter.io.npz import load_archive
from mdm_adapter.io.recorded import recorded
from mdm_adapter.motion import Motion
from mdm_adapter.representation.features import FPS, WIDTH, to_joints
from mdm_adapter.representation.skeleton import JOINT_COUNT
from motioncollage.files import load_numbers

MAX_FRAMES = 1_000_000
FARTHEST = 1e4  # metres, of bodies from where they started


def read_npz(path: Path | str, *, body_model: Path | str | None = None) -> Motion:
    """A motion of ours, or a recording of AMASS as a motion of one sample (`motioncollage.readers`).

    Args:
        body_model: the folder of the body models that AMASS needs, or one model's file (`bodies.Bodies`).

    Raises:
        FileNotFoundError, ValueError: as `load_archive`, `read_recording` and `Recording.joints`.
    """
    path = Path(path)
    if path.is_file() and is_recording(Archive(path, "motion", "copy it again").keys()):
        bodies = Bodies(None if body_model is None else Path(body_model))
        return recorded(read_amass(path, bodies, fps=FPS), path.name)
    return load_archive(path)


def read_npy(path: Path | str) -> Motion:
    """Joints [T, 22, 3] or features [T, 263] of HumanML3D, told apart by their shape (`motioncollage.readers`).

    Raises:
        ValueError: the file is no such array, or has no frames; one line.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; give joints or features of HumanML3D")
    array = load_numbers(path)
    shape = f"{path}: {array.dtype} {list(array.shape)}"
    if array.shape[1:] not in ((JOINT_COUNT, 3), (WIDTH,)):
        raise ValueError(
            f"{shape} is neither joints [T, 22, 3] nor features [T, 263]; give one clip of HumanML3D"
        )
    if not 2 <= len(array) <= MAX_FRAMES:
        raise ValueError(f"{shape} has no 2 to {MAX_FRAMES:,} frames; give a longer or shorter clip")
    values = array.astype(np.float32)
    if not (np.abs(values) < FARTHEST).all():  # false for nan
        raise ValueError(f"{path} holds numbers that are not finite or beyond {FARTHEST:g}; copy it again")
    if values.ndim == 3:
        return recorded(values, path.name)
    # Normalised features look the same, but no body stands a tenth as high or ten times.
    if not 0.1 < np.median(values[:, 3]) < 3:
        raise ValueError(
            f"{path}: the hips are {np.median(values[:, 3]):.2g} m high; give features as the dataset has them, not normalised"
        )
    joints = to_joints(torch.from_numpy(values)).numpy()
    return Motion(joints[None], values[None], FPS, (), {"source": path.name})
