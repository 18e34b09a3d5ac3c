"""The real side of a benchmark: captioned clips with their embeddings, and what real motion scores.

For the starter benchmark it ships with the package, so that nobody needs the recordings to compare methods; with
`--data` it is made anew from a dataset.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch

from eval.benchmark.maker import MotionNumbers, RealClips, RealSequences
from eval.benchmark.settings import LONGEST_CROP, UNIT
from eval.checks.kinematics import SMPL_22, NamedJoints
from eval.checks.rates import Rate, count
from eval.judges.probes import embed_motions
from eval.judges.protocol import MotionEmbedder
from eval.judges.tagging import tag_words
from eval.judges.words import tagged_captions
from eval.metrics.evidence import WINDOW
from eval.metrics.feet import foot_report
from eval.metrics.transitions import jerk_curve
from motioncollage.files import atomic_path

SHORTEST = 24  # frames; the evaluators see nothing in less
MAX_BYTES = 1 << 30
CROP_SEED = 40  # of the crops of items that figures of real motion rest on


@dataclass(frozen=True)
class Entry:
    """One real clip: `label` says which clips are a right match for each other's captions; `texts` is what the
    evaluator reads for each caption (the official one reads tagged words)."""

    name: str
    captions: tuple[str, ...]
    texts: tuple[str, ...]
    label: str
    frames: int


@dataclass(frozen=True)
class Reference:
    """Real clips and their figures.

    Attributes:
        entries: the clips.
        embeddings: [clips, D] of whole clips, at most 196 frames.
        windows: [windows, D] of the middle WINDOW frames of every clip that is long enough: what transitions are
            compared with.
        curves: [windows, WINDOW - 3] their jerk, m/frame^3.
        feet: foot metrics of all clips, by name.
        identity: of data and evaluator; results of different ones are never mixed.
        motions: features [frames, width] of the items of the official evaluation, in the order of the entries; None
            elsewhere. They are not saved.
        sequences: entries of every recorded sequence of several actions, in order; none elsewhere. Not saved.
        happened: in how many real clips of an action it happened, by its label. Not saved either: `eval.checks.rates`.
    """

    entries: tuple[Entry, ...]
    embeddings: np.ndarray
    windows: np.ndarray
    curves: np.ndarray
    feet: dict[str, float]
    identity: str
    motions: tuple[torch.Tensor, ...] | None = None
    happened: Mapping[str, Rate] = field(default_factory=dict)
    sequences: tuple[tuple[int, ...], ...] = ()

    @property
    def jerk(self) -> float:
        """Mean jerk of real motion: what the area under the jerk is measured from."""
        return float(self.curves.mean())

    @property
    def labels(self) -> np.ndarray:
        """Label of every entry."""
        return np.array([entry.label for entry in self.entries])

    @property
    def actions(self) -> tuple[str, ...]:
        """Action that every entry shows; empty where clips have no labels."""
        return tuple(entry.label.split(" / ")[0] if " / " in entry.label else "" for entry in self.entries)

    @property
    def tagged(self) -> bool:
        """Whether the evaluator reads tagged words instead of captions."""
        return any(entry.texts != entry.captions for entry in self.entries)

    @property
    def labelled(self) -> bool:
        """Whether labels group clips, or every clip is its own."""
        return len({entry.label for entry in self.entries}) < len(self.entries)

    def save(self, path: Path, *, force: bool = False) -> None:
        """As `.npz`, readable without pickle."""
        texts = {
            "entries": [asdict(entry) for entry in self.entries],
            "feet": self.feet,
            "identity": self.identity,
        }
        with atomic_path(path, force=force) as target:
            np.savez_compressed(
                target,
                embeddings=self.embeddings.astype(np.float32),
                windows=self.windows.astype(np.float32),
                curves=self.curves.astype(np.float32),
                texts=np.array(json.dumps(texts)),
            )

    @classmethod
    def load(cls, path: Path) -> "Reference":
        """Read what `save` wrote.

        Raises:
            ValueError: the file is something else.
        """
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path} is larger than {MAX_BYTES >> 30} GiB; it is no reference file")
        try:
            with np.load(path, allow_pickle=False) as archive:
                texts = json.loads(str(archive["texts"]))
                arrays = [archive[name].astype(np.float64) for name in ("embeddings", "windows", "curves")]
            entries = tuple(
                Entry(e["name"], tuple(e["captions"]), tuple(e["texts"]), e["label"], int(e["frames"]))
                for e in texts["entries"]
            )
            feet = {name: float(value) for name, value in texts["feet"].items()}
            identity = str(texts["identity"])
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise ValueError(f"{path} is no reference file ({error}); install the package again") from error
        return cls(entries, arrays[0], arrays[1], arrays[2], feet, identity)


def measure_reference(
    dataset: RealClips,
    evaluator: MotionEmbedder,
    identity: str,
    *,
    folder: Path | None = None,
    tagged: bool = False,
    items: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Reference, dict[str, str]]:
    """Reference of a dataset, and which clips were left out and why.

    Args:
        folder: the dataset's own, where `tagged` captions are read from.
        tagged: the evaluator reads tagged words ("a/DET man/NOUN"), as the official one does.
        items: the clips are items of the official evaluation: they are cropped as it does, and kept.
    """
    entries: list[Entry] = []
    motions: list[torch.Tensor] = []
    windows: list[torch.Tensor] = []
    whole: list[torch.Tensor] = []
    rejected, numbers = dict(dataset.rejected), dataset.representation
    rng = np.random.default_rng(CROP_SEED)
    for number, clip in enumerate(dataset):
        if progress:
            progress(number + 1, len(dataset))
        motion = clip.features[: clip.frames // UNIT * UNIT][:LONGEST_CROP]
        if len(motion) < SHORTEST:
            rejected[clip.name] = f"{clip.frames} frames; an evaluator needs {SHORTEST}"
            continue
        texts = clip.captions
        if tagged and folder is not None:
            tags = tagged_captions(folder, clip.name.split("#")[0])
            if any(caption not in tags for caption in clip.captions):
                rejected[clip.name] = "a caption without tagged words, which the official evaluator reads"
                continue
            texts = tuple(tags[caption] for caption in clip.captions)
        label = f"{clip.action} / {clip.style}" if clip.action else clip.name
        entries.append(Entry(clip.name, clip.captions, texts, label, clip.frames if items else len(motion)))
        if items:
            length, start = (int(drawn[0]) for drawn in item_crops(np.array([clip.frames]), rng))
            whole.append(clip.features)
            motions.append(clip.features[start : start + length])
        else:
            motions.append(motion)
        if len(motion) >= WINDOW:
            middle = (len(motion) - WINDOW) // 2
            windows.append(motion[middle : middle + WINDOW])
    if len(entries) < 2 or not windows:
        raise ValueError(
            f"{len(entries)} usable clips are too few for a benchmark ({len(rejected)} left out)"
        )
    feet = {
        metric.name: metric.value for metric in foot_report([_joints(m, numbers) for m in motions]).metrics()
    }
    curves = np.stack([jerk_curve(_joints(window, numbers)) for window in windows])
    embedded = embed_motions(evaluator, motions), embed_motions(evaluator, windows)
    kept = tuple(whole) if items else None
    labelled = ((clip.action, _joints(clip.features, numbers)) for clip in dataset if clip.action)
    happened = count(labelled, NamedJoints(SMPL_22.joints, numbers.fps))
    return Reference(tuple(entries), *embedded, curves, feet, identity, kept, happened), rejected


def sequence_reference(recorded: RealSequences, identity: str, *, tagged: bool) -> Reference:
    """Reference of recorded sequences: an entry for every action, whose label is the group of actions that mean the same.

    Figures of all clips are left out: a protocol of sequences compares with the recordings of those that it draws.

    Args:
        tagged: the evaluator reads tagged words.
    """
    entries: list[Entry] = []
    motions: list[torch.Tensor] = []
    sequences: list[tuple[int, ...]] = []
    for sequence in recorded:
        first = len(entries)
        for number, action in enumerate(sequence.actions):
            texts = (tag_words(action.text) if tagged else action.text,)
            frames = action.stop - action.start
            entries.append(Entry(f"{sequence.name}#{number}", (action.text,), texts, action.group, frames))
            motions.append(sequence.features[action.start : action.stop])
        sequences.append(tuple(range(first, len(entries))))
    none = np.empty((0, 0))
    return Reference(
        tuple(entries), none, none, none, {}, identity, tuple(motions), sequences=tuple(sequences)
    )


def item_crops(frames: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Lengths and first frames that the official evaluation draws for items of some numbers of frames: whole groups of
    four, one time in three a group less, from a random start."""
    lengths = frames // UNIT * UNIT - UNIT * (rng.integers(3, size=frames.shape) == 0)
    return lengths, rng.integers(0, frames - lengths + 1)


def _joints(features: torch.Tensor, representation: MotionNumbers) -> Any:
    return representation.to_joints(features.double()).numpy()
