"""BABEL's labels (Punnakkal et al. 2021) on AMASS's motion: recorded sequences of several actions, cut where they change.

A file of the release (`val.json` of babel_v1.0_release) maps ids to sequences: `feat_p` (a path in AMASS), `dur` (seconds),
and `frame_ann`, which is null or holds `labels` with `start_t`, `end_t` (seconds), `proc_label` and `act_cat` (categories,
may be null). In the `extra_` files `frame_anns` is a list, one of each annotator.

Sequences are cut as the leaderboard of sequences on BABEL does (Motius 2026, docs/evaluation/babel_sequential.md): labels
"transition" are removed and neighbours meet in their middle, else where the later one starts; what is shorter than a second
is joined with what follows it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.data.datasets import Progress
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from mdm_adapter.representation.humanml3d import HUMANML3D
from mdm_adapter.representation.protocol import Representation
from mdm_adapter.representation.resampling import resample
from motioncollage.files import load_numbers, read_json

FOLDERS = ("pose_data", "joints", "new_joint_vecs")
MAX_BYTES = 1 << 30
SHORTEST = 1.0  # seconds
RATES = (20.0, 30.0, 60.0, 100.0, 120.0)  # frames a second that a folder's motion may have
TOLERANCE = 0.03  # BABEL rounds its durations
HEAD = 15


@dataclass(frozen=True)
class Action:
    """What a recorded sequence shows from frame `start` to `stop`: its text, and the group of actions that mean the same."""

    text: str
    group: str
    start: int
    stop: int


@dataclass(frozen=True)
class RecordedSequence:
    """Features [frames, 263], not normalised, and the actions that cover them without gaps."""

    name: str
    features: Tensor
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class RecordedSequences:
    """Sequences of a file, and what had to be left out and why."""

    sequences: tuple[RecordedSequence, ...]
    rejected: dict[str, str] = field(default_factory=dict)
    representation: Representation = HUMANML3D

    def __len__(self) -> int:
        return len(self.sequences)

    def __iter__(self) -> Iterator[RecordedSequence]:
        return iter(self.sequences)


def read_babel(path: Path, *, progress: Progress | None = None) -> RecordedSequences:
    """All usable sequences of BABEL with two actions or more.

    Args:
        path: a folder with `val.json`, or one of BABEL's files; beside it lies `pose_data/` (joints [T, 22 or more, 3] in
            metres, y up, a file for each AMASS sequence, as HumanML3D's raw_pose_processing.ipynb writes them),
            `joints/` (the same) or `new_joint_vecs/` (features at 20 frames a second). The rate follows from BABEL's
            durations; joints at another than 20 are resampled.

    Raises:
        ValueError: no such file or motion, or nothing usable in it.
    """
    file = path / "val.json" if path.is_dir() else path
    rows = _rows(file)
    folder = next((file.parent / name for name in FOLDERS if (file.parent / name).is_dir()), None)
    if folder is None:
        raise ValueError(
            f"{file.parent / FOLDERS[0]}/ is missing: joints of AMASS's sequences, as HumanML3D's raw_pose_processing.ipynb"
            f" writes them (or {FOLDERS[1]}/, or features in {FOLDERS[2]}/)"
        )
    found: list[RecordedSequence] = []
    rejected: dict[str, str] = {}
    lying = 0
    for count, (key, row) in enumerate(rows.items()):
        try:
            labels = _labels(row)
            motion, upright = _motion(folder, key, row)
            lying += not upright
            actions = cut(labels, len(motion), representation.FPS)
            found.append(_covered(key, motion, actions))
        except ValueError as error:
            rejected[key] = " ".join(str(error).split())
        if progress:
            progress(count + 1, len(rows))
    if not found:
        raise ValueError(f"{file} has no usable sequence ({len(rejected)} left out; {_example(rejected)})")
    if lying > len(found) / 2:
        raise ValueError(
            f"the bodies of {folder} lie on their sides: joints must be y up (HumanML3D's notebook exchanges AMASS's y and z)"
        )
    return RecordedSequences(tuple(found), rejected)


def _example(rejected: Mapping[str, str]) -> str:
    if not rejected:
        return "it is empty"
    key, why = next(iter(rejected.items()))
    return f"such as {key}: {why}"


def _rows(file: Path) -> dict[str, dict[str, Any]]:
    if not file.is_file():
        raise ValueError(
            f"{file} is missing: BABEL's labels (babel_v1.0_release/val.json, from https://babel.is.tue.mpg.de)"
        )
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file} is larger than {MAX_BYTES >> 30} GiB; it is no file of BABEL's")
    rows = read_json(file)
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise ValueError(f"{file} does not map ids to sequences, as BABEL's val.json does")
    return rows


def _labels(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Labels of frames, of the first annotator who gave some.

    Raises:
        ValueError: none.
    """
    several = row.get("frame_anns")
    for annotation in several if isinstance(several, list) else [row.get("frame_ann")]:
        labels = annotation.get("labels") if isinstance(annotation, dict) else None
        if isinstance(labels, list) and labels:
            return [label for label in labels if isinstance(label, dict)]
    raise ValueError("no labels of frames, only of the whole sequence")


def _motion(folder: Path, key: str, row: Mapping[str, Any]) -> tuple[Tensor, bool]:
    """Features [frames, 263] of a sequence, and whether its body stands or lies, y up."""
    name, seconds = row.get("feat_p"), row.get("dur")
    if not isinstance(name, str) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise ValueError("no feat_p and dur")
    array = load_numbers(_file(folder, key, name)).astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("non-finite numbers")
    rate = _rate(len(array), float(seconds))
    if array.ndim == 2 and array.shape[1] == representation.WIDTH:
        if rate != representation.FPS:
            raise ValueError(f"features at {rate:g} frames a second; they are of {representation.FPS:g}")
        return torch.from_numpy(array).float(), True
    if array.ndim != 3 or array.shape[1] < skeleton.JOINT_COUNT or array.shape[2] != 3:
        raise ValueError(f"shape {array.shape}; joints are [frames, 22 or more, 3]")
    joints = array[:, : skeleton.JOINT_COUNT]
    if rate != representation.FPS:
        joints = resample(joints, 1 / rate, representation.FPS)
    spine = np.abs(np.median(joints[:, HEAD] - joints[:, 0], axis=0))
    return HUMANML3D.from_joints(torch.from_numpy(joints)).float(), bool(spine[1] >= spine[2])


def _file(folder: Path, key: str, name: str) -> Path:
    """The motion of a sequence: AMASS's path with or without the part that BABEL puts in front, or BABEL's id."""
    parts = PurePosixPath(name).with_suffix(".npy").parts
    if ".." in parts or PurePosixPath(name).is_absolute():
        raise ValueError(f"feat_p {name!r} leads out of the folder")
    for candidate in (
        folder.joinpath(*parts),
        folder.joinpath(*parts[1:]),
        folder / f"{PurePosixPath(key).name}.npy",
    ):
        if candidate.is_file():
            return candidate
    raise ValueError(f"no motion ({'/'.join(parts[1:])} in {folder.name}/)")


def _rate(frames: int, seconds: float) -> float:
    """Frames a second of so many frames; common rates are recognised, since BABEL rounds its durations."""
    rate = frames / seconds
    nearest = min(RATES, key=lambda known: abs(known - rate))
    if abs(nearest - rate) <= max(TOLERANCE * nearest, 1.5 / seconds):
        return nearest
    if not 15 <= rate <= 250:
        raise ValueError(f"{frames} frames for {seconds:g} s; motion has 15 to 250 a second")
    return rate


def cut(labels: Sequence[Mapping[str, Any]], frames: int, fps: float) -> list[Action]:
    """Actions of labels, one behind the other without gaps, none shorter than a second unless there is only one.

    Raises:
        ValueError: fewer than two actions, or less than a second of motion.
    """
    told = [_times(label, frames, fps) for label in labels]
    known = sorted((time for time in told if time is not None), key=lambda time: time[:3])
    actions = [time for time in known if time[2] != "transition"]
    transitions = [time for time in known if time[2] == "transition"]
    if len(actions) < 2:
        raise ValueError(f"{len(actions)} actions; a sequence has two or more")
    edges = [actions[0][0]]
    for before, after in zip(actions, actions[1:]):
        between = [t for t in transitions if t[0] >= before[1] - 1 and t[1] <= after[0] + 1]
        middle = (min(t[0] for t in between) + max(t[1] for t in between)) / 2 if between else after[0]
        edges.append(max(edges[-1] + 1, min(round(middle), after[1] - 1)))
    edges.append(max(edges[-1] + 1, actions[-1][1]))
    if edges[-1] > frames or edges[-1] - edges[0] < SHORTEST * fps:
        raise ValueError(f"less than {SHORTEST:g} s of labelled motion")
    parts: list[list[int]] = []
    for number in range(len(actions)):
        if parts and edges[parts[-1][-1] + 1] - edges[parts[-1][0]] < SHORTEST * fps:
            parts[-1].append(number)
        else:
            parts.append([number])
    if len(parts) > 1 and edges[parts[-1][-1] + 1] - edges[parts[-1][0]] < SHORTEST * fps:
        last = parts.pop()
        parts[-1] += last
    return [
        Action(
            ", then ".join(actions[i][2] for i in part),
            " > ".join(actions[i][3] for i in part),
            edges[part[0]],
            edges[part[-1] + 1],
        )
        for part in parts
    ]


def _times(label: Mapping[str, Any], frames: int, fps: float) -> tuple[int, int, str, str] | None:
    """(first frame, frame behind the last, text, group) of a label; None where it says too little."""
    text = label.get("proc_label") or label.get("raw_label")
    start, end = label.get("start_t"), label.get("end_t")
    if not isinstance(text, str) or not text.strip():
        return None
    if not isinstance(start, (int, float)) or not isinstance(end, (int, float)):
        return None
    if not (np.isfinite(start) and np.isfinite(end)):
        return None
    first, last = (min(max(round(time * fps), 0), frames) for time in (start, end))
    if last <= first:
        return None
    text = " ".join(text.lower().split())
    categories = label.get("act_cat")
    named = (
        {c.strip().lower() for c in categories if isinstance(c, str)}
        if isinstance(categories, list)
        else set()
    )
    return first, last, text, " + ".join(sorted(named)) or text


def _covered(key: str, motion: Tensor, actions: Sequence[Action]) -> RecordedSequence:
    """The part of a motion that its actions cover."""
    first, last = actions[0].start, actions[-1].stop
    moved = tuple(Action(a.text, a.group, a.start - first, a.stop - first) for a in actions)
    return RecordedSequence(key, motion[first:last], moved)
