"""Motion as plain numbers: CSV for spreadsheets and statistics, `.npy` in the layout of HumanML3D."""

from pathlib import Path

import numpy as np

from mdm_adapter.io.baking import BakeSettings, resampled
from mdm_adapter.io.bvh import check_axes, upright
from mdm_adapter.io.motion_view import MotionLike, views
from mdm_adapter.io.paths import named, numbered, refuse_existing
from mdm_adapter.motion import Writer
from mdm_adapter.representation.features import WIDTH
from mdm_adapter.representation.skeleton import JOINTS
from motioncollage.files import atomic_path

_CHUNK = 4096  # frames turned into text at a time
HEADER = ("frame", "seconds", "text", *(f"{joint}_{axis}" for joint in JOINTS for axis in "xyz"))
DATASET_FPS = 20.0


def write_csv(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    scale: float = 1.0,
    up: str = "y",
) -> tuple[Path, ...]:
    """Write every sample as `.csv`: a line for each frame with its time, its caption, and x, y, z of 22 joints.

    Args:
        path: the file of the first sample; those of others are called `name-2.csv` and so on.
        motion: joints [samples, frames, 22, 3], metres, y up (see `MotionLike`).
        force: replace files that exist.
        fps: lines a second; None for those of the motion.
        scale: units of the file in a metre.
        up: `y` or `z`.

    Raises:
        ValueError: an argument or the motion is unusable; one line.
        FileExistsError: a file exists and `force` is false; nothing has been written then.
        OSError: a file cannot be written.
    """
    path = named(path, ".csv")
    check_axes(scale, up)
    samples = views(motion, name=path.stem)
    targets = numbered(path, len(samples))
    refuse_existing(targets, force)
    row = "%d,%.6g,%s," + ",".join(["%.6f"] * (len(HEADER) - 3)) + "\n"
    for target, sample in zip(targets, samples):
        sample = resampled(sample, BakeSettings(fps=fps))
        texts = [""] * len(sample.joints)
        for segment in sample.segments:
            cell = '"' + segment.text.replace('"', '""') + '"'
            texts[segment.start : segment.end] = [cell] * (segment.end - segment.start)
        values = upright(sample.joints * scale, up).reshape(len(texts), -1)
        with (
            atomic_path(target, force=force) as temporary,
            temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
        ):
            file.write(",".join(HEADER) + "\n")
            for start in range(0, len(texts), _CHUNK):
                numbers = values[start : start + _CHUNK].tolist()
                file.writelines(
                    row % (frame, frame / sample.fps, texts[frame], *line)
                    for frame, line in enumerate(numbers, start)
                )
    return targets


def write_npy(
    path: Path | str,
    motion: MotionLike,
    *,
    force: bool = False,
    fps: float | None = None,
    features: bool = False,
) -> tuple[Path, ...]:
    """Write every sample as HumanML3D stores clips: joints float32 [T, 22, 3], or features float32 [T, 263].

    Args:
        path: the file of the first sample; those of others are called `name-2.npy` and so on.
        fps: frames a second of joints; None for those of the motion. The dataset has 20.
        features: the features of `new_joint_vecs`, not normalised, instead of the joints of `new_joints`. A motion
            that has none gets those of its joints, which are then one frame fewer, in the proportions of the dataset.

    Raises:
        ValueError: an argument or the motion is unusable; one line.
        FileExistsError: a file exists and `force` is false; nothing has been written then.
        OSError: a file cannot be written.
    """
    path = named(path, ".npy")
    samples = views(motion, name=path.stem)
    if features and (motion.fps if fps is None else fps) != DATASET_FPS:
        raise ValueError(
            f"fps is {motion.fps if fps is None else fps:g}: features are made for {DATASET_FPS:g}"
        )
    targets = numbered(path, len(samples))
    refuse_existing(targets, force)
    stored = getattr(motion, "features", None) if motion.fps == DATASET_FPS else None
    for number, (target, sample) in enumerate(zip(targets, samples)):
        if not features:
            array = resampled(sample, BakeSettings(fps=fps)).joints
        elif stored is not None:
            array = np.asarray(stored[number]).reshape(len(sample.joints), WIDTH)
        else:
            import torch

            from mdm_adapter.representation.features import from_joints

            joints = resampled(sample, BakeSettings(fps=fps)).joints
            array = from_joints(torch.from_numpy(joints)).features.numpy()
        with atomic_path(target, force=force) as temporary, temporary.open("wb") as file:
            np.lib.format.write_array(file, array.astype(np.float32), allow_pickle=False)
    return targets


CSV = Writer(write_csv, together=True)
NPY = Writer(write_npy, together=True)
