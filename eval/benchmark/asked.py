"""Which actions a model is asked for, and how often recordings of them pass their checks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.benchmark.maker import MotionMaker, RealClips
from eval.checks import rates
from eval.checks.kinematics import SMPL_22, NamedJoints
from eval.checks.rates import Rate
from eval.checks.registry import by_slug
from motioncollage import plugins
from motioncollage.shell.output import progress_bar

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Asked:
    """An action that is asked for.

    Attributes:
        label: of the data.
        captions: of its training clips, or else of its validation clips, each once.
        clips: training clips of it.
        seconds: length of a take, as the model finds natural.
        real: recordings in which it happened; None where nobody judged any.
    """

    label: str
    captions: tuple[str, ...]
    clips: int
    seconds: float
    real: Rate | None

    @property
    def caption(self) -> str:
        """One of them, to show."""
        return self.captions[0]

    def told(self, takes: int) -> tuple[str, ...]:
        """The captions of so many takes: all of them in turn, or as many spread over them."""
        count = len(self.captions)
        return tuple(self.captions[i * count // takes if count > takes else i % count] for i in range(takes))


@dataclass(frozen=True)
class Questions:
    """All that is asked, by label, and labels that are not: without a check, or without a caption."""

    asked: tuple[Asked, ...]
    unchecked: tuple[str, ...]
    unknown: tuple[str, ...]


def questions(
    maker: MotionMaker, data: Path | None, only: Sequence[str], *, named: bool, model: str
) -> Questions:
    """What the actions protocol asks.

    Args:
        data: folder of recordings, which are judged anew; None for what the model says of its training data, and for
            the rates that ship with the package.
        only: labels; all that have a check where there are none.
        named: the user named them, so that none may be left out.

    Raises:
        ValueError: neither data nor a list of actions, or a label that cannot be judged.
    """
    if data is None:
        known = {entry.action: (tuple(dict.fromkeys(entry.captions)), entry.clips) for entry in maker.known}
        real = rates.bundled()
        if not known:
            raise ValueError(
                f"model {model!r} came without a list of actions; give --data, a starter pack whose captions it knows"
            )
    else:
        known, real = _read(data)
    unchecked = tuple(sorted(known.keys() - by_slug().keys()))
    unknown = tuple(sorted(by_slug().keys() - known.keys()))
    for label in only if named else ():
        if label not in by_slug() or label not in known:
            why = "has no check" if label in known else "is no action of the model's, or of the data's"
            raise ValueError(
                f"{label!r} {why}; leave it out of --only (motioncollage models {model} lists them)"
            )
    asked = tuple(
        Asked(label, captions, clips, maker.natural_seconds(captions[0]), real.get(label))
        for label, (captions, clips) in sorted(known.items())
        if label in by_slug() and (not only or label in only)
    )
    if not asked:
        raise ValueError(f"no action of model {model!r} has a check; give --data of actions that have some")
    return Questions(asked, unchecked, unknown)


def _read(data: Path) -> tuple[dict[str, tuple[tuple[str, ...], int]], dict[str, Rate]]:
    """Of the labels of a folder: (captions, training clips), and rates of all its clips."""
    captions: dict[str, dict[str, dict[str, None]]] = {}
    clips: dict[str, int] = {}
    read: list[RealClips] = []
    for split in SPLITS:
        with progress_bar(f"reading {split}") as update:
            dataset: RealClips = plugins.load("readers", "dataset")(
                data, split, progress=update, allow_empty=True
            )
        read.append(dataset)
        for clip in dataset if split != "test" else ():
            if clip.action:
                said = captions.setdefault(clip.action, {}).setdefault(split, {})
                said.update(dict.fromkeys(clip.captions))
                clips[clip.action] = clips.get(clip.action, 0) + (split == "train")
    if not captions:
        raise ValueError(f"the clips of {data} have no labels of actions; give a starter pack")
    skeleton = NamedJoints(SMPL_22.joints, read[0].representation.fps)
    with progress_bar("judging recordings") as update:
        real = rates.count(_joints(read, update), skeleton)
    known = {label: (tuple(next(iter(said.values()))), clips[label]) for label, said in captions.items()}
    return known, real


def _joints(read: Sequence[RealClips], update: Any) -> Iterator[tuple[str, Any]]:
    total, done = sum(map(len, read)), 0
    for dataset in read:
        for clip in dataset:
            done += 1
            update(done, total)
            yield clip.action, dataset.representation.to_joints(clip.features.double()).numpy()
