"""Captioned motion in memory: the HumanML3D folder layout and the starter pack, both as 263 features at 20 fps."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.data.mirror import mirror_text
from mdm_adapter.io.bvh_reader import leading_rest_frames
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from mdm_adapter.representation.humanml3d import HUMANML3D
from mdm_adapter.representation.protocol import Representation
from motioncollage.files import load_numbers, read_arrays, read_text
from motioncollage.memory import check_fits

SPLITS = ("train", "val", "test")
MAX_PACK_BYTES = 1 << 30  # unpacked; a hundred hours
BYTES_PER_FRAME = 4 * 263 * 4  # features, their mirror image, and what is on its way
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Clip:
    """One captioned motion: features [frames, 263] (not normalised) and its labels."""

    name: str
    features: Tensor
    captions: tuple[str, ...]
    action: str = ""
    style: str = ""

    @property
    def frames(self) -> int:
        return len(self.features)


@dataclass(frozen=True)
class Dataset:
    """Clips of one split, and what had to be left out and why."""

    clips: tuple[Clip, ...]
    rejected: dict[str, str] = field(default_factory=dict)
    representation: Representation = HUMANML3D

    def mirrored(self) -> "Dataset":
        """The clips, then all of them seen in a mirror, left and right exchanged in their captions too."""
        return replace(self, clips=self.clips + tuple(mirror_clip(clip) for clip in self.clips))

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)


def detect_layout(path: Path) -> str:
    """`starter` or `humanml3d`, from the files in a folder.

    Raises:
        ValueError: neither; the message names the files that would tell.
    """
    if (path / "motions.npz").exists() and (path / "captions.jsonl").exists():
        return "starter"
    if (path / "texts").is_dir() and any((path / f"{split}.txt").exists() for split in SPLITS):
        return "humanml3d"
    raise ValueError(
        f"{path} is neither a starter pack (motions.npz, captions.jsonl) nor a HumanML3D folder (texts/, train.txt)"
    )


def read_dataset(
    path: Path, split: str, *, progress: Progress | None = None, allow_empty: bool = False
) -> Dataset:
    """All clips of a split, whatever the layout; entries that cannot be used are listed in `rejected`.

    Raises:
        ValueError: unknown split, unknown layout, or nothing usable (unless `allow_empty`, which also lets a split be absent).
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; choose one of {', '.join(SPLITS)}")
    if not path.is_dir():
        raise ValueError(f"data folder {path} does not exist")
    layout = detect_layout(path)
    if allow_empty and layout == "humanml3d" and not (path / f"{split}.txt").exists():
        return Dataset(())
    reader = read_starter if layout == "starter" else read_humanml3d
    dataset = reader(path, split, progress)
    if not dataset.clips and not allow_empty:
        raise ValueError(f"{path} has no usable clip in split {split!r} ({len(dataset.rejected)} rejected)")
    return dataset


def read_starter(path: Path, split: str, progress: Progress | None = None) -> Dataset:
    """The starter pack: joints as integers in one archive, captions and labels in JSON lines."""
    joints, offsets, scale = _starter_motions(path / "motions.npz")
    rejected: dict[str, str] = {}
    lines = read_text(path / "captions.jsonl", "captions").splitlines()
    if len(lines) != len(offsets) - 1:
        raise ValueError(
            f"{path}: {len(lines)} captions for {len(offsets) - 1} motions; copy captions.jsonl and motions.npz again"
        )
    rows = [_starter_row(number, line, rejected) for number, line in enumerate(lines, 1)]
    wanted = [(i, row) for i, row in enumerate(rows) if row is not None and row["split"] == split]
    clips: list[Clip] = []
    for count, (i, row) in enumerate(wanted):
        places: Any = joints[offsets[i] : offsets[i + 1]].astype(np.float32) * scale
        # Some recordings start in the T-pose that their converter put in front.
        motion = torch.from_numpy(places[leading_rest_frames(places, 1 / representation.FPS) :])
        clip = _checked(row["name"], motion, row["captions"], rejected)
        if clip is not None:
            clips.append(replace(clip, action=row["content"], style=row["style"]))
        if progress:
            progress(count + 1, len(wanted))
    return Dataset(tuple(clips), rejected)


def _starter_motions(file: Path) -> tuple[np.ndarray, np.ndarray, float]:
    """Joints [frames, 22, 3] of all motions, where each begins and the last ends, and metres of a unit."""
    found = read_arrays(
        file,
        {"joints": "fiu", "offsets": "iu", "metres_per_unit": "fiu"},
        what="starter pack",
        remedy="copy it again",
        most=MAX_PACK_BYTES,
    )
    joints, offsets, scale = found["joints"], found["offsets"], found["metres_per_unit"]
    if joints.ndim != 3 or joints.shape[1:] != (skeleton.JOINT_COUNT, 3):
        raise ValueError(
            f"{file}: joints have the shape {list(joints.shape)}, not [frames, {skeleton.JOINT_COUNT}, 3]; copy it again"
        )
    whole = offsets.astype(np.int64) if offsets.ndim == 1 and len(offsets) > 1 else np.array([-1])
    if whole[0] != 0 or whole[-1] != len(joints) or (np.diff(whole) < 0).any():
        raise ValueError(f"{file}: offsets do not rise from 0 to the {len(joints)} frames; copy it again")
    if scale.shape != () or not 0 < float(scale) < math.inf:
        raise ValueError(f"{file}: metres_per_unit is no number above 0; copy it again")
    check_fits(f"starter pack {file}", BYTES_PER_FRAME, len(joints), "frames", "give a smaller one")
    return joints, whole, float(scale)


def _starter_row(number: int, line: str, rejected: dict[str, str]) -> dict[str, Any] | None:
    """Labels of one motion, or None with the reason noted: a bad line costs its own clip only."""
    try:
        row = json.loads(line)
        well_formed = all(isinstance(row[key], str) for key in ("name", "split", "content", "style"))
        if not (well_formed and all(isinstance(caption, str) for caption in row["captions"])):
            raise TypeError("a label is not text")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        rejected[f"captions.jsonl line {number}"] = (
            f"cannot be read ({type(error).__name__} {str(error)[:80]})"
        )
        return None
    return dict(row)


def read_humanml3d(path: Path, split: str, progress: Progress | None = None) -> Dataset:
    """The published folder: `new_joint_vecs/*.npy` (or raw `joints/*.npy`), `texts/*.txt`, `<split>.txt`.

    Captions with a time span (non-zero tags, seconds) become clips of their own, as in the published loader.
    """
    listing = path / f"{split}.txt"
    if not listing.exists():
        raise ValueError(f"{listing} is missing; it lists the clips of the split, a name per line")
    names = read_text(listing, "list of clips").split()
    clips: list[Clip] = []
    rejected: dict[str, str] = {}
    for count, name in enumerate(names):
        try:
            for suffix, captions, span in _captions(path / "texts" / f"{name}.txt", rejected):
                motion = _read_array(path, name)
                frames = motion if span is None else motion[int(span[0] * 20) : int(span[1] * 20)]
                clip = _checked(name + suffix, frames, captions, rejected)
                if clip is not None:
                    clips.append(clip)
        except ValueError as error:
            rejected[name] = str(error)
        if progress:
            progress(count + 1, len(names))
    return Dataset(tuple(clips), rejected)


def _read_array(path: Path, name: str) -> Tensor:
    for folder in ("new_joint_vecs", "joints", "new_joints"):
        file = path / folder / f"{name}.npy"
        if file.exists():
            return torch.from_numpy(load_numbers(file).astype(np.float32))
    raise ValueError("no motion file")


def _captions(
    path: Path, rejected: dict[str, str]
) -> list[tuple[str, list[str], tuple[float, float] | None]]:
    """(name suffix, captions, seconds) of a caption file: those of the whole motion last, under no suffix."""
    if not path.exists():
        raise ValueError("no caption file")
    found: list[tuple[str, list[str], tuple[float, float] | None]] = []
    whole = []
    for number, line in enumerate(read_text(path, "captions", errors="replace").splitlines()):
        parts = line.strip().split("#")
        if not parts[0]:
            continue
        span = _span(parts)
        if span is None:
            whole.append(parts[0])
        elif 0 <= span[0] < span[1] < math.inf:
            found.append((f"#{number}", [parts[0]], span))
        else:
            rejected[f"{path.stem}#{number}"] = f"time span {' to '.join(parts[2:4])}"
    if whole or not found:
        found.append(("", whole, None))
    return found


def _span(parts: list[str]) -> tuple[float, float] | None:
    """Seconds that a caption is about; None for the whole motion; an empty span where it is not numbers."""
    if len(parts) < 4:
        return None
    try:
        start, end = float(parts[2]), float(parts[3])
    except ValueError:
        return 0.0, 0.0
    # "nan" stands for "no span" in a few official files.
    return None if math.isnan(start) or math.isnan(end) or start == end == 0.0 else (start, end)


def _checked(name: str, motion: Tensor, captions: list[str], rejected: dict[str, str]) -> Clip | None:
    """A clip of features, or None with the reason noted."""
    usable = tuple(caption.strip() for caption in captions if caption.strip())
    is_joints = motion.ndim == 3 and motion.shape[1:] == (skeleton.JOINT_COUNT, 3)
    if not is_joints and (motion.ndim != 2 or motion.shape[1] != representation.WIDTH):
        rejected[name] = f"shape {tuple(motion.shape)}"
    elif len(motion) < 2:
        rejected[name] = f"{len(motion)} frames"
    elif not torch.isfinite(motion).all():
        rejected[name] = "non-finite numbers"
    elif not usable:
        rejected[name] = "no caption"
    else:
        try:
            frames = representation.from_joints(motion).features if is_joints else motion
        except ValueError as error:
            rejected[name] = str(error)
            return None
        if torch.isfinite(frames).all():
            return Clip(name, frames, usable)
        rejected[name] = "joints that coincide"
    return None


def mirror_clip(clip: Clip) -> Clip:
    """The clip seen in a mirror, with left and right exchanged in its captions and its label."""
    joints = skeleton.mirror(representation.to_joints(clip.features))
    # Its joints lack the frame that only the last velocity describes, so the mirrored clip is a frame shorter.
    features = representation.from_joints(joints, retarget=False).features
    captions = tuple(mirror_text(caption) for caption in clip.captions)
    return Clip(f"{clip.name}-mirrored", features, captions, mirror_text(clip.action), clip.style)
