"""Joints as text: a line with the frame rate, then 66 numbers a frame."""

from pathlib import Path

import numpy as np

from mdm_adapter.motion import Motion, Writer
from motioncollage.files import atomic_path


def write(path: Path, motion: Motion, *, force: bool = False, digits: int = 6) -> None:
    rows = motion.joints[0].reshape(motion.frames, -1)
    with atomic_path(path, force=force) as temporary:
        np.savetxt(temporary, rows, fmt=f"%.{digits}f", header=f"fps {motion.fps:g}")


def read(path: Path) -> Motion:
    """Joints alone: what they are as features, each model finds out for itself.

    Raises:
        ValueError: another kind of text.
    """
    try:
        with path.open(encoding="utf-8") as file:
            word, rate = file.readline().lstrip("# ").split()
            rows = np.loadtxt(file, dtype=np.float32, ndmin=2)
        if word != "fps" or rows.shape[1] != 66:
            raise ValueError("no joints")
        fps = float(rate)
    except (ValueError, IndexError) as error:
        raise ValueError(f"{path} is no text of joints; write it with the ending .txt") from error
    settings = {"representation": "joints", "source": path.name}
    return Motion(rows.reshape(1, -1, 22, 3), rows[None], fps, (), settings)


WRITER = Writer(write)
