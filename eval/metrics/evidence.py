"""What a metric of motion is given: all that one method made in one repetition, as a benchmark saw it.

A metric is a function of it, named by an entry point of the group `motioncollage.metrics`; whoever installs one finds
it in the results of every protocol (docs/plugins.md).
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from eval.checks.rates import Rate
from eval.metrics.metric import Float64, Indices, Metric
from eval.metrics.transitions import face_forward, transition_windows

WINDOW = 60  # frames of the windows round joins


class Span(NamedTuple):
    """Frames `start` to `stop` (exclusive) of a motion, by its number."""

    motion: int
    start: int
    stop: int


class RealFigures(Protocol):
    """What real motion of the benchmark is and scores."""

    @property
    def embeddings(self) -> Float64:
        """[clips, D]."""
        ...

    @property
    def windows(self) -> Float64:
        """[windows, D] of windows of WINDOW frames."""
        ...

    @property
    def curves(self) -> Float64:
        """[windows, WINDOW - 3] their jerk, m/frame^3."""
        ...

    @property
    def jerk(self) -> float:
        """Mean jerk."""
        ...

    @property
    def feet(self) -> dict[str, float]:
        """Foot metrics of all clips, by name."""
        ...

    @property
    def happened(self) -> Mapping[str, Rate]:
        """In how many real clips of an action it happened, by the action's label; none where clips have no labels."""
        ...


@dataclass(frozen=True)
class Evidence:
    """One method in one repetition; N motions (crops, actions) were put before the evaluator.

    Attributes:
        method: which; "real" for recordings.
        embedded: [N, D] by the evaluator.
        words: [N, D] the texts that they are to match.
        pools: index arrays into N, the pools of retrieval.
        real: what is known of real motion.
        weights: [clips] how much each real clip counts beside these motions; None where all count alike.
        answers: [texts, answers, D] different motions to the same text; None where there are none.
        answer_pairs: how many random pairs of answers are compared; None for all of them.
        motions: features [frames, width] of whole motions, not normalised; none for recordings that are only known by
            their figures.
        pieces: features of what the evaluator saw, [N] of them or none.
        seams: frames at which whole motions were joined, or where a collage would have joined them.
        loops: whether whole motions are cycles.
        fps: frames a second.
        to_joints: features [..., T, width] -> joints [..., T, 22, 3], metres, y up.
        embed: features of motions -> [motions, D], by the evaluator.
        rng: all chance comes from here.
        labels: [N] action that the pieces should show (of recordings, of the texts that were drawn), "" where unknown;
            in the order of `pieces`; empty where a protocol does not say.
        spans: [N] where in the whole motions the pieces lie.
        boundaries: [motions] frames at which each passes from one text to the next, for protocols whose motions differ in
            that; joins are looked at there instead of at `seams`.
        window: frames of the windows round joins.
        own_frame: windows are turned to face +z at their first frame, as if recovered from their own features (FlowMDM).
        recorded: joints [window, 22, 3] of recordings round the same joins, for metrics that compare in pairs; in the
            order of `joins`.
        fixed_jerk: a published mean jerk of real motion, from which the area under the jerk is measured as well.
        groups: [N] what the text of a piece asks for; where given, any motion of its group is a right answer.
        stands_for: how many pieces each of the pools stands for, where some were left out; none for all alike.
    """

    method: str
    embedded: Float64
    words: Float64
    pools: Sequence[Indices]
    real: RealFigures
    motions: Sequence[Tensor]
    pieces: Sequence[Tensor]
    fps: float
    to_joints: Callable[[Tensor], Tensor]
    embed: Callable[[Sequence[Tensor]], Float64]
    rng: np.random.Generator
    weights: Float64 | None = None
    answers: Float64 | None = None
    answer_pairs: int | None = None
    seams: Sequence[int] = ()
    loops: bool = False
    labels: Sequence[str] = ()
    spans: Sequence[Span] = ()
    boundaries: Sequence[Sequence[int]] | None = None
    window: int = WINDOW
    own_frame: bool = False
    recorded: Sequence[Float64] = ()
    fixed_jerk: float | None = None
    groups: Sequence[Hashable] = ()
    stands_for: Sequence[int] = ()

    @cached_property
    def joints(self) -> list[Float64]:
        """Joints [frames, 22, 3] of whole motions, metres, y up."""
        return [self._joints(motion) for motion in self.motions]

    @cached_property
    def piece_joints(self) -> list[Float64]:
        """Joints of what the evaluator saw."""
        return [self._joints(piece) for piece in self.pieces]

    @cached_property
    def _joined(self) -> list[tuple[int, int, Float64]]:
        """(motion, frame, joints [window, 22, 3] round it) of the joins of all motions."""
        found = []
        for number, body in enumerate(self.joints):
            frames = len(body)
            if self.boundaries is not None:
                inside = list(self.boundaries[number])
            else:
                inside = [s for s in self.seams if s < frames] if frames > 2 * WINDOW else [frames // 2]
            around, kept = transition_windows(body, inside, self.window)
            around = face_forward(around) if self.own_frame else around
            found += [(number, inside[i], window) for i, window in zip(kept, around, strict=True)]
        return found

    @property
    def joins(self) -> list[tuple[int, int]]:
        """(motion, frame) of the joins that have a whole window round them, of all motions.

        Short motions have no join: the window in their middle shows the method's own jerk.
        """
        return [(number, frame) for number, frame, _ in self._joined]

    @property
    def around(self) -> list[Float64]:
        """Joints [window, 22, 3] round each of the joins."""
        return [window for _, _, window in self._joined]

    @cached_property
    def windows(self) -> Float64:
        """Embeddings [joins, D] of the windows round the joins.

        Raises:
            ValueError: no motion is as long as a window.
        """
        if not self.joins:
            raise ValueError(
                f"no motion is as long as a window of {self.window} frames round its joins; use longer ones"
            )
        half = self.window // 2
        return self.embed([self.motions[motion][s - half : s + half] for motion, s in self.joins])

    def _joints(self, features: Tensor) -> Float64:
        return np.asarray(self.to_joints(features.to(torch.float64)).numpy(), dtype=np.float64)


class MotionMetric(Protocol):
    """What an entry point of `motioncollage.metrics` names."""

    def __call__(self, evidence: Evidence) -> Sequence[Metric]:
        """Its numbers, the same names in every repetition; none where it does not apply."""
        ...
