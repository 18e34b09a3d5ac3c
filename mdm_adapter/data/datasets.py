"""Captioned motion: the HumanML3D folder layout and the starter pack, both as 263 features at 20 fps.

Clips lie in memory, or, where a folder for a cache is named, in one mapped file (`mdm_adapter.data.cache`).
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.data.cache import Part, Progress, RowCache, Source, digest_of
from mdm_adapter.data.mirror import mirror_text
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from mdm_adapter.representation.humanml3d import HUMANML3D
from mdm_adapter.representation.protocol import Representation
from motioncollage.files import load_numbers, read_arrays, read_text
from motioncollage.memory import check_fits

SPLITS = ("train", "val", "test")
MAX_PACK_BYTES = 1 << 30  # unpacked; a hundred hours
BYTES_PER_FRAME = 4 * 263 * 4  # features, their mirror image, and what is on its way
VERSION = 1  # of what is made of a data set's files; another one makes caches anew


def _nothing() -> None:
    return None


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
    """Clips of one split, and what had to be left out and why.

    Attributes:
        release: gives the memory of clips back that lie in a mapped file.
        identity: digest of the files that the clips come from, where it was taken.
    """

    clips: tuple[Clip, ...]
    rejected: dict[str, str] = field(default_factory=dict)
    representation: Representation = HUMANML3D
    release: Callable[[], None] = _nothing
    identity: str = ""

    def mirrored(
        self, *, cache: Path | None = None, name: str = "mirrored", progress: Progress | None = None
    ) -> "Dataset":
        """The clips, then those seen in a mirror that are not there yet, left and right exchanged in their captions too.

        Args:
            cache: folder of the mapped file, called `name`, that mirror images are kept in; None for memory.
        """
        images = _collected([_mirror_source(clip) for clip in self.one_sided()], {}, progress, cache, name)

        def release() -> None:
            self.release()
            images.release()

        identity = digest_of(self.identity, images.identity)
        return replace(self, clips=self.clips + images.clips, release=release, identity=identity)

    def one_sided(self) -> tuple[Clip, ...]:
        """Clips without their mirror image: HumanML3D has `M000123` beside `000123`."""
        frames = {clip.name: clip.frames for clip in self.clips}
        return tuple(clip for clip in self.clips if frames.get(_image_name(clip.name)) != clip.frames)

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


def _image_name(name: str) -> str:
    """What HumanML3D calls the mirror image of a clip."""
    return name[1:] if name.startswith("M") else f"M{name}"


def read_dataset(
    path: Path, split: str, *, progress: Progress | None = None, allow_empty: bool = False,
    cache: Path | None = None,
) -> Dataset:  # fmt: skip
    """All clips of a split, whatever the layout; entries that cannot be used are listed in `rejected`.

    Args:
        progress: called with clips done and their number, with none at once.
        cache: folder of the mapped file, called as the split, that clips are kept in; None for memory.

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
    rejected: dict[str, str] = {}
    sources = (
        starter_sources(path, split, rejected, in_memory=cache is None)
        if layout == "starter"
        else humanml3d_sources(path, split)
    )
    dataset = _collected(sources, rejected, progress, cache, split)
    if not dataset.clips and not allow_empty:
        raise ValueError(f"{path} has no usable clip in split {split!r} ({len(dataset.rejected)} rejected)")
    return dataset


def _collected(
    sources: Sequence[Source], rejected: dict[str, str], progress: Progress | None, cache: Path | None, name: str
) -> Dataset:  # fmt: skip
    """Clips of all sources, in memory or in a cache."""
    if cache is not None:
        kept, mapped = RowCache(cache, name, representation.WIDTH).fill(sources, progress)
        for one in kept:
            rejected.update(one.notes)
        clips = tuple(_clip(part) for one in kept for part in one.parts)
        identity = digest_of(*(one.digest for one in kept))
        return Dataset(clips, rejected, release=mapped.release, identity=identity)
    found: list[Clip] = []
    if progress:
        progress(0, len(sources))
    for count, source in enumerate(sources):
        parts, notes = source.make()
        found += map(_clip, parts)
        rejected.update(notes)
        if progress:
            progress(count + 1, len(sources))
    return Dataset(tuple(found), rejected)


def _clip(part: Part) -> Clip:
    about = part.about
    return Clip(
        str(about["name"]), part.rows, tuple(map(str, about["captions"])), str(about["action"]), str(about["style"])
    )  # fmt: skip


def _part(clip: Clip) -> Part:
    about = {"name": clip.name, "captions": clip.captions, "action": clip.action, "style": clip.style}
    return Part(clip.features, about)


def _mirror_source(clip: Clip) -> Source:
    def digest() -> str:
        return digest_of(VERSION, "mirror", clip.features.numpy().tobytes(), _part(clip).about)

    return Source(digest, lambda: ([_part(mirror_clip(clip))], {}))


def starter_sources(
    path: Path, split: str, rejected: dict[str, str], *, in_memory: bool = True
) -> list[Source]:
    """The starter pack: joints as integers in one archive, captions and labels in JSON lines; bad lines are `rejected`.

    Args:
        in_memory: whether the features will lie in memory; refused where it cannot hold them.
    """
    joints, offsets, scale = _starter_motions(path / "motions.npz")
    if in_memory:
        what = f"starter pack {path / 'motions.npz'}"
        check_fits(what, BYTES_PER_FRAME, len(joints), "frames", "give a smaller one")
    lines = read_text(path / "captions.jsonl", "captions").splitlines()
    if len(lines) != len(offsets) - 1:
        raise ValueError(
            f"{path}: {len(lines)} captions for {len(offsets) - 1} motions; copy captions.jsonl and motions.npz again"
        )
    rows = [_starter_row(number, line, rejected) for number, line in enumerate(lines, 1)]

    from mdm_adapter.io.bvh_reader import leading_rest_frames  # with SciPy, which models need not wait for

    def source(number: int, row: dict[str, Any]) -> Source:
        units = joints[offsets[number] : offsets[number + 1]]

        def make() -> tuple[list[Part], dict[str, str]]:
            motion: Any = units.astype(np.float32) * scale
            notes: dict[str, str] = {}
            # Some recordings start in the T-pose that their converter put in front.
            frames = torch.from_numpy(motion[leading_rest_frames(motion, 1 / representation.FPS) :])
            clip = _checked(row["name"], frames, row["captions"], notes)
            if clip is None:
                return [], notes
            return [_part(replace(clip, action=row["content"], style=row["style"]))], notes

        return Source(
            lambda: digest_of(VERSION, "starter", np.ascontiguousarray(units).tobytes(), scale, row), make
        )

    return [source(i, row) for i, row in enumerate(rows) if row is not None and row["split"] == split]


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
    if scale.shape != () or not 0 < float(scale) < 1000:
        raise ValueError(f"{file}: metres_per_unit is no number from 0 to 1000; copy it again")
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


def humanml3d_sources(path: Path, split: str) -> list[Source]:
    """The published folder: `new_joint_vecs/*.npy` (or raw `joints/*.npy`), `texts/*.txt`, `<split>.txt`.

    Captions with a time span (non-zero tags, seconds) become clips of their own, as in the published loader.
    """
    listing = path / f"{split}.txt"
    if not listing.exists():
        raise ValueError(f"{listing} is missing; it lists the clips of the split, a name per line")

    def source(name: str) -> Source:
        def digest() -> str:
            files = (_motion_file(path, name), path / "texts" / f"{name}.txt")
            contents = (file.read_bytes() if file is not None and file.is_file() else b"" for file in files)
            return digest_of(VERSION, "humanml3d", name, *contents)

        def make() -> tuple[list[Part], dict[str, str]]:
            notes: dict[str, str] = {}
            parts: list[Part] = []
            try:
                captions = _captions(path / "texts" / f"{name}.txt", notes)
                motion = _read_array(path, name)
            except ValueError as error:
                return [], {**notes, name: str(error)}
            for suffix, sentences, span in captions:
                frames = motion if span is None else motion[int(span[0] * 20) : int(span[1] * 20)]
                clip = _checked(name + suffix, frames, sentences, notes)
                if clip is not None:
                    parts.append(_part(clip))
            return parts, notes

        return Source(digest, make)

    return [source(name) for name in read_text(listing, "list of clips").split()]


def _motion_file(path: Path, name: str) -> Path | None:
    files = (path / folder / f"{name}.npy" for folder in ("new_joint_vecs", "joints", "new_joints"))
    return next((file for file in files if file.exists()), None)


def _read_array(path: Path, name: str) -> Tensor:
    file = _motion_file(path, name)
    if file is None:
        raise ValueError("no motion file")
    return torch.from_numpy(load_numbers(file).astype(np.float32))


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
