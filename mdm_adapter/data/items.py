"""The items of the published HumanML3D evaluation: which clips and passages it admits, in exactly its way.

A clip with 40 to 199 frames is an item with its untagged captions; each tagged caption of such a clip (seconds, times 20,
cut to whole frames) is an item of its own if its passage has 40 to 199 frames. Clips of other lengths are not looked into.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mdm_adapter.data.cache import Progress
from mdm_adapter.data.datasets import SPLITS, Clip, Dataset
from mdm_adapter.representation import features as representation
from motioncollage.files import load_numbers, read_text

SHORTEST, LONGEST = 40, 199  # frames


def read_items(path: Path, split: str, *, progress: Progress | None = None) -> Dataset:
    """Items of a split of a HumanML3D folder (`new_joint_vecs/`, `texts/`, `<split>.txt`), in the order of the listing.

    Passages are called `NAME#LINE`; their features are views of their clip's.

    Raises:
        ValueError: no such folder or split, or no item in it.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; choose one of {', '.join(SPLITS)}")
    listing = path / f"{split}.txt"
    if not listing.exists():
        raise ValueError(f"{listing} is missing; it lists the clips of the split, a name per line")
    items: list[Clip] = []
    rejected: dict[str, str] = {}
    names = read_text(listing, "list of clips").split()
    for count, name in enumerate(names):
        items += _items_of(path, name, rejected)
        if progress:
            progress(count + 1, len(names))
    if not items:
        raise ValueError(f"{path} has no usable item in split {split!r} ({len(rejected)} left out)")
    return Dataset(tuple(items), rejected)


def _items_of(path: Path, name: str, rejected: dict[str, str]) -> list[Clip]:
    """Items of one clip; what is left out goes to `rejected`."""
    try:
        motion = _motion(path / "new_joint_vecs" / f"{name}.npy")
        lines = read_text(path / "texts" / f"{name}.txt", errors="replace").splitlines()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        rejected[name] = "a file is missing" if missing else " ".join(str(error).split())
        return []
    if not SHORTEST <= len(motion) <= LONGEST:
        rejected[name] = f"{len(motion)} frames; items have {SHORTEST} to {LONGEST}"
        return []
    whole: list[str] = []
    found: list[Clip] = []
    for number, line in enumerate(lines):
        try:
            caption, start, end = _caption(line.strip().split("#"))
        except (ValueError, IndexError):
            # The published loader gives up on the clip here and keeps the passages before.
            rejected[name] = f"line {number + 1} of its texts is not caption#words#start#end"
            return found
        if start == end == 0.0:
            whole.append(caption)
            continue
        passage = motion[int(start * representation.FPS) : int(end * representation.FPS)]
        if SHORTEST <= len(passage) <= LONGEST:
            found.append(Clip(f"{name}#{number}", passage, (caption,)))
        else:
            rejected[f"{name}#{number}"] = f"{len(passage)} frames; items have {SHORTEST} to {LONGEST}"
    return [Clip(name, motion, tuple(whole)), *found] if whole else found


def _caption(parts: Sequence[str]) -> tuple[str, float, float]:
    """Caption, start and end in seconds; nan means 0, as in the published loader."""
    start, end = float(parts[2]), float(parts[3])
    if math.isinf(start) or math.isinf(end):
        raise ValueError("an infinite time")
    return parts[0].strip(), 0.0 if math.isnan(start) else start, 0.0 if math.isnan(end) else end


def _motion(file: Path) -> torch.Tensor:
    if not file.exists():
        raise FileNotFoundError(file)
    motion = load_numbers(file).astype(np.float32)
    if motion.ndim != 2 or motion.shape[1] != representation.WIDTH:
        raise ValueError(f"shape {motion.shape}")
    if not np.isfinite(motion).all():
        raise ValueError("non-finite numbers")
    return torch.from_numpy(motion)
