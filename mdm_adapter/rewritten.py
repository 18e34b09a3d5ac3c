"""A model whose motions are handed on in another representation: so that evaluators, which read one, judge every model."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Protocol

import torch
from torch import Tensor

from mdm_adapter.editing.loops import tile
from mdm_adapter.models.protocol import MotionModel
from mdm_adapter.models.vocabulary import KnownAction
from mdm_adapter.motion import Motion
from mdm_adapter.representation.protocol import Representation
from mdm_adapter.representation.resampling import resample
from mdm_adapter.segments import Segment
from motioncollage.methods import Made, MethodSettings, Script
from motioncollage.work import Call, Work


class Source(Protocol):
    """What of a pipeline is rewritten."""

    model: MotionModel
    name: str
    device: torch.device
    representation: Representation

    @property
    def known(self) -> tuple[KnownAction, ...]: ...

    @property
    def identity(self) -> str: ...

    def natural_seconds(self, text: str) -> float: ...

    def by_method(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int]
    ) -> Made: ...

    def ordinary(
        self, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int], frames: int
    ) -> Tensor: ...

    def seams(self, script: Script, settings: MethodSettings) -> tuple[int, ...]: ...

    @property
    def own_method(self) -> str: ...

    def refusal(self, name: str) -> str: ...

    def work(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, frames: int = 0
    ) -> Work: ...

    def seconds_of(self, call: Call, text: str, settings: MethodSettings) -> float: ...


class RewrittenPipeline:
    """What a benchmark asks of a model (`eval.benchmark.maker.MotionMaker`), in a representation of its choice.

    Scripts and settings count that representation's frames. Motions cross by their joints: made at the model's own frame
    rate, resampled, and written down anew on the representation's own body.
    """

    def __init__(self, pipeline: Source, representation: Representation) -> None:
        self.pipeline, self.representation = pipeline, representation
        self.model, self.name, self.device = pipeline.model, pipeline.name, pipeline.device
        self.ratio = pipeline.representation.fps / representation.fps

    @property
    def known(self) -> tuple[KnownAction, ...]:
        return self.pipeline.known

    @property
    def identity(self) -> str:
        return f"{self.pipeline.identity}-{self.representation.name}"

    def natural_seconds(self, text: str) -> float:
        return self.pipeline.natural_seconds(text)

    def by_method(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int]
    ) -> Made:
        own = [self._script(script, loop=settings.loop) for script in scripts]
        made = self.pipeline.by_method(name, own, self._settings(settings), seeds=seeds)
        frames = sum(scripts[0].frames)
        seams = tuple(min(frames - 1, round(seam / self.ratio)) for seam in made.seams)
        return Made(self._rewritten(made.sites, frames, loop=settings.loop), seams)

    def ordinary(
        self, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int], frames: int
    ) -> Tensor:
        own = [self._script(script, loop=False) for script in scripts]
        window = self._window(frames, own)
        made = self.pipeline.ordinary(own, self._settings(settings), seeds=seeds, frames=window)
        return self._rewritten(made, frames, loop=False)

    def seams(self, script: Script, settings: MethodSettings) -> tuple[int, ...]:
        found = self.pipeline.seams(self._script(script, loop=settings.loop), self._settings(settings))
        return tuple(round(seam / self.ratio) for seam in found)

    @property
    def own_method(self) -> str:
        return self.pipeline.own_method

    def refusal(self, name: str) -> str:
        return self.pipeline.refusal(name)

    def work(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, frames: int = 0
    ) -> Work:
        """What the network is asked, in its own frames; that motions are rewritten is not counted."""
        own = [self._script(script, loop=settings.loop and not frames) for script in scripts]
        window = self._window(frames, own) if frames else 0
        return self.pipeline.work(name, own, self._settings(settings), frames=window)

    def seconds_of(self, call: Call, text: str, settings: MethodSettings) -> float:
        return self.pipeline.seconds_of(call, text, settings)

    def shown(self, features: Tensor, script: Script) -> Motion:
        """A motion of features [frames, width] in the representation, with the texts of its script."""
        joints = self.representation.to_joints(features[None].double()).float().numpy()
        rep = self.representation
        return Motion(
            joints, features[None].float().numpy(), rep.fps, segments_of(script, len(features)), {"representation": rep.name}
        )  # fmt: skip

    def _frames(self, frames: int) -> int:
        """The model's frames from which so many of the representation's can be written, one of which is lost."""
        return math.ceil(frames * self.ratio) + 1

    def _window(self, frames: int, own: Sequence[Script]) -> int:
        """The model's frames of a window in which its scripts fit."""
        return max(self._frames(frames), *(sum(script.frames) for script in own))

    def _script(self, script: Script, *, loop: bool) -> Script:
        ends = [*accumulate(script.frames, initial=0)]
        whole = [round(end * self.ratio) for end in ends]
        if not loop:
            whole[-1] = self._frames(ends[-1])
        return Script(script.texts, tuple(after - before for before, after in zip(whole, whole[1:])))

    def _settings(self, settings: MethodSettings) -> MethodSettings:
        piece, overlap = (
            None if n is None else round(n * self.ratio) for n in (settings.piece, settings.overlap)
        )
        return replace(settings, piece=piece, overlap=overlap)

    def _rewritten(self, features: Tensor, frames: int, *, loop: bool) -> Tensor:
        """Features [samples, frames, width] of the model's own [samples, own frames, own width]."""
        own, rep = self.pipeline.representation, self.representation
        if loop:
            features = tile(features, 2, own)  # the frame that is lost is the first of the next cycle
        joints = own.to_joints(features.double()).cpu().numpy()
        rows = []
        for sample in joints:
            seen = torch.from_numpy(resample(sample, 1 / own.fps, rep.fps))
            rows.append(rep.from_joints(seen.float())[:frames])
        return torch.stack(rows).float()


def segments_of(script: Script, frames: int) -> tuple[Segment, ...]:
    """What each stretch of a motion of so many frames shows, by its script."""
    edges = [min(end, frames) for end in accumulate(script.frames, initial=0)]
    return tuple(Segment(text, a, b) for text, a, b in zip(script.texts, edges, edges[1:]) if b > a)
