"""What a benchmark asks of the model whose motions it measures, and of real motion."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from motioncollage.methods import Made, MethodSettings, Script
from motioncollage.work import Call, Work


class MotionNumbers(Protocol):
    """How features become joints."""

    @property
    def name(self) -> str: ...

    @property
    def fps(self) -> float: ...

    @property
    def width(self) -> int: ...

    def to_joints(self, features: Tensor) -> Tensor:
        """Features [..., T, width] -> joints [..., T, 22, 3], metres, y up."""
        ...


class KnownAction(Protocol):
    """An action of the data that a model was trained on: its label, sentences for it, how many clips of it."""

    @property
    def action(self) -> str: ...

    @property
    def captions(self) -> Sequence[str]: ...

    @property
    def clips(self) -> int: ...


class MotionMaker(Protocol):
    """A model at work: what `motioncollage.load` returns for motion."""

    @property
    def known(self) -> Sequence[KnownAction]:
        """The actions that it was trained on; none of models that came without a list."""
        ...

    def natural_seconds(self, text: str) -> float:
        """How long an action lasts when nobody says so."""
        ...

    @property
    def representation(self) -> MotionNumbers: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def identity(self) -> str:
        """Hash of everything that decides its motions."""
        ...

    @property
    def own_method(self) -> str:
        """By which method it makes motion where nobody says otherwise."""
        ...

    def refusal(self, name: str) -> str:
        """Why a method cannot be used with the model, in a line; empty where it can."""
        ...

    def work(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, frames: int = 0
    ) -> Work:
        """What making motions would ask of the network, by a method or as ordinary samples in windows of `frames`."""
        ...

    def seconds_of(self, call: Call, text: str, settings: MethodSettings) -> float:
        """How long such a call of the network takes, measured."""
        ...

    def by_method(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int]
    ) -> Made:
        """Features [scripts, frames, width], not normalised, by a method."""
        ...

    def ordinary(
        self, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int], frames: int
    ) -> Tensor:
        """Ordinary samples [scripts, frames, width], of which a script's own frames count; the rest is what is left."""
        ...

    def seams(self, script: Script, settings: MethodSettings) -> tuple[int, ...]:
        """Frames at which the pieces of a collage of such a script join."""
        ...


class RealClip(Protocol):
    """One captioned recording."""

    name: str
    features: Tensor
    captions: tuple[str, ...]
    action: str
    style: str

    @property
    def frames(self) -> int: ...


class RealClips(Protocol):
    """Captioned recordings of one split, and what had to be left out and why."""

    rejected: dict[str, str]
    representation: Any

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    @property
    def release(self) -> Callable[[], None]:
        """Gives the memory of clips back that lie in a mapped file."""
        ...

    def mirrored(
        self,
        *,
        cache: Path | None = None,
        name: str = "mirrored",
        progress: Callable[[int, int], None] | None = None,
    ) -> "RealClips":
        """The clips, then those seen in a mirror that are not there yet, kept in a cache folder if one is named."""
        ...


class RealAction(Protocol):
    """What a recorded sequence shows from frame `start` to `stop`: a text, and the group of actions that mean the same."""

    @property
    def text(self) -> str: ...

    @property
    def group(self) -> str: ...

    @property
    def start(self) -> int: ...

    @property
    def stop(self) -> int: ...


class RealSequence(Protocol):
    """Features [frames, width] of a recording, and the actions that cover it without gaps."""

    @property
    def name(self) -> str: ...

    @property
    def features(self) -> Tensor: ...

    @property
    def actions(self) -> Sequence[RealAction]: ...


class RealSequences(Protocol):
    """Recorded sequences of several actions, and what had to be left out and why."""

    @property
    def rejected(self) -> dict[str, str]: ...

    def __iter__(self) -> Iterator[Any]: ...


class DrawSheet(Protocol):
    """Draws one motion into a file, in whatever way the user's package does."""

    def __call__(self, path: Path, features: Tensor, script: Script) -> None: ...
