"""Captioned motion in memory: the HumanML3D folder layout and the starter pack, both as 263 features at 20 fps."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mdm_adapter import features as representation
from mdm_adapter import skeleton
from mdm_adapter.importers.bvh import leading_rest_frames
from mdm_adapter.text.mirror import mirror_text

SPLITS = ("train", "val", "test")
MAX_PACK_BYTES = 4 << 30
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

    def __len__(self) -> int:
        return len(self.clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation [263] that take features to the model's space and back."""

    mean: Tensor
    std: Tensor

    def apply(self, motion: Tensor) -> Tensor:
        return (motion - self.mean) / self.std

    def undo(self, motion: Tensor) -> Tensor:
        return motion * self.std + self.mean

    def to(self, device: torch.device) -> "Normalisation":
        return Normalisation(self.mean.to(device), self.std.to(device))

    @classmethod
    def measure(cls, clips: tuple[Clip, ...]) -> "Normalisation":
        """Statistics of a training split; as published, one deviation per group of numbers of a kind."""
        stacked = torch.cat([clip.features for clip in clips]).double()
        std = stacked.std(dim=0)
        groups = (
            "YAW_VELOCITY",
            "PLANAR_VELOCITY",
            "ROOT_HEIGHT",
            "POSITIONS",
            "ROTATIONS",
            "VELOCITIES",
            "CONTACTS",
        )
        for group in groups:
            part = getattr(representation, group)
            std[part] = std[part].mean()
        return cls(stacked.mean(dim=0).float(), std.float().clamp_min(1e-4))

    @classmethod
    def read(cls, folder: Path) -> "Normalisation":
        """From `Mean.npy` and `Std.npy` in a folder."""
        arrays = []
        for name in ("Mean.npy", "Std.npy"):
            if not (folder / name).exists():
                raise ValueError(
                    f"{folder / name} is missing; a HumanML3D folder and a checkpoint folder carry it"
                )
            array = np.load(folder / name, allow_pickle=False)
            if array.shape != (representation.WIDTH,) or not np.isfinite(array).all():
                raise ValueError(f"{folder / name} has shape {array.shape}; expected 263 finite numbers")
            arrays.append(torch.from_numpy(array.astype(np.float32)))
        return cls(arrays[0], arrays[1])


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


def read_dataset(path: Path, split: str, *, progress: Progress | None = None) -> Dataset:
    """All clips of a split, whatever the layout; entries that cannot be used are listed in `rejected`.

    Raises:
        ValueError: unknown split, unknown layout, or nothing usable.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; choose one of {', '.join(SPLITS)}")
    if not path.is_dir():
        raise ValueError(f"data folder {path} does not exist")
    reader = read_starter if detect_layout(path) == "starter" else read_humanml3d
    dataset = reader(path, split, progress)
    if not dataset.clips:
        raise ValueError(f"{path} has no usable clip in split {split!r} ({len(dataset.rejected)} rejected)")
    return dataset


def read_starter(path: Path, split: str, progress: Progress | None = None) -> Dataset:
    """The starter pack: joints as integers in one archive, captions and labels in JSON lines."""
    if (path / "motions.npz").stat().st_size > MAX_PACK_BYTES:
        raise ValueError(f"{path / 'motions.npz'} is larger than {MAX_PACK_BYTES >> 30} GiB")
    with np.load(path / "motions.npz", allow_pickle=False) as archive:
        joints, offsets = archive["joints"], archive["offsets"]
        scale = float(archive["metres_per_unit"])
    rows = [json.loads(line) for line in (path / "captions.jsonl").read_text(encoding="utf-8").splitlines()]
    wanted = [(i, row) for i, row in enumerate(rows) if row["split"] == split]
    clips: list[Clip] = []
    rejected: dict[str, str] = {}
    for count, (i, row) in enumerate(wanted):
        motion = joints[offsets[i] : offsets[i + 1]].astype(np.float32) * scale
        # Some recordings start in the T-pose that their converter put in front.
        motion = torch.from_numpy(motion[leading_rest_frames(motion, 1 / representation.FPS) :])
        clip = _checked(row["name"], motion, row["captions"], rejected)
        if clip is not None:
            clips.append(replace(clip, action=row["content"], style=row["style"]))
        if progress:
            progress(count + 1, len(wanted))
    return Dataset(tuple(clips), rejected)


def read_humanml3d(path: Path, split: str, progress: Progress | None = None) -> Dataset:
    """The published folder: `new_joint_vecs/*.npy` (or raw `joints/*.npy`), `texts/*.txt`, `<split>.txt`.

    Captions with a time span (non-zero tags, seconds) become clips of their own, as in the published loader.
    """
    listing = path / f"{split}.txt"
    if not listing.exists():
        raise ValueError(f"{listing} is missing; it lists the clips of the split, a name per line")
    names = listing.read_text(encoding="utf-8").split()
    clips: list[Clip] = []
    rejected: dict[str, str] = {}
    for count, name in enumerate(names):
        motion = _read_array(path, name)
        text = path / "texts" / f"{name}.txt"
        if motion is None or not text.exists():
            rejected[name] = "no motion file" if motion is None else "no caption file"
        else:
            for suffix, captions, span in _captions(text):
                frames = motion if span is None else motion[int(span[0] * 20) : int(span[1] * 20)]
                clip = _checked(name + suffix, frames, captions, rejected)
                if clip is not None:
                    clips.append(clip)
        if progress:
            progress(count + 1, len(names))
    return Dataset(tuple(clips), rejected)


def _read_array(path: Path, name: str) -> Tensor | None:
    for folder in ("new_joint_vecs", "joints", "new_joints"):
        file = path / folder / f"{name}.npy"
        if file.exists():
            return torch.from_numpy(np.load(file, allow_pickle=False).astype(np.float32))
    return None


def _captions(path: Path) -> Iterator[tuple[str, list[str], tuple[float, float] | None]]:
    whole = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        parts = line.strip().split("#")
        if not parts[0]:
            continue
        start, end = (float(parts[2]), float(parts[3])) if len(parts) >= 4 else (0.0, 0.0)
        # "nan" stands for "no span" in a few official files.
        if np.isnan(start) or np.isnan(end) or start == end == 0.0:
            whole.append(parts[0])
        else:
            yield f"#{number}", [parts[0]], (start, end)
    if whole:
        yield "", whole, None


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
        frames = representation.from_joints(motion).features if is_joints else motion
        return Clip(name, frames, usable)
    return None


def mirror_clip(clip: Clip) -> Clip:
    """The clip seen in a mirror, with left and right exchanged in its captions and its label."""
    joints = skeleton.mirror(representation.to_joints(clip.features))
    # Its joints lack the frame that only the last velocity describes, so the mirrored clip is a frame shorter.
    features = representation.from_joints(joints, retarget=False).features
    captions = tuple(mirror_text(caption) for caption in clip.captions)
    return Clip(f"{clip.name}-mirrored", features, captions, mirror_text(clip.action), clip.style)
