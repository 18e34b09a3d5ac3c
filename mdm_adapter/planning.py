"""From actions to pieces: how long each action lasts, which windows cover it, where they overlap."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mdm_adapter.export.archive import Segment
from mdm_adapter.prompts import Action
from motioncollage.graph import FactorGraph
from motioncollage.layouts import chain, cycle

FPS = 20.0
MIN_SECONDS, MAX_SECONDS = 1.0, 3600.0
MIN_OVERLAP = 2
MAX_FRAMES = int(MAX_SECONDS * FPS)


@dataclass(frozen=True)
class PlanSettings:
    """How to cut time into pieces.

    Attributes:
        piece: frames of a piece that is cut from a longer action; never above the model's limit.
        overlap: frames that neighbours share; shortened where an action is shorter than that.
        limit: longest piece that the model knows.
        taper: part of an overlap over which a piece fades out (`layouts.chain`); 0 is the paper's composition.
    """

    piece: int = 120
    overlap: int = 20
    limit: int = 196
    taper: float = 0.5

    def __post_init__(self) -> None:
        if self.piece > self.limit:
            raise ValueError(
                f"piece is {self.piece} frames; this model knows at most {self.limit} ({self.limit / FPS:g} s)"
            )
        if not MIN_OVERLAP <= self.overlap < self.piece:
            raise ValueError(
                f"overlap is {self.overlap} frames ({self.overlap / FPS:g} s); it must be at least {MIN_OVERLAP} and"
                f" shorter than a piece of {self.piece} frames ({self.piece / FPS:g} s)"
            )


@dataclass(frozen=True)
class Piece:
    """One factor: `frames` frames from `start` under one text."""

    text: str
    start: int
    frames: int


@dataclass(frozen=True)
class Plan:
    """Pieces over `frames` frames; `overlaps[i]` frames join piece i to the next (of a loop: the last to the first)."""

    frames: int
    pieces: tuple[Piece, ...]
    overlaps: tuple[int, ...]
    segments: tuple[Segment, ...]
    loop: bool = False
    taper: float = 0.0

    def graph(self) -> FactorGraph:
        """The factor graph of the plan."""
        layout = cycle if self.loop else chain
        return layout([piece.frames for piece in self.pieces], list(self.overlaps), taper=self.taper)

    @property
    def seams(self) -> tuple[int, ...]:
        """Middles of the overlaps: the frames between which a seam would show; of a loop without the wrap."""
        inner = zip(self.pieces[1:], self.overlaps)
        return tuple(piece.start + overlap // 2 for piece, overlap in inner)

    @property
    def shift(self) -> int:
        """How far the graph's sites are rolled to become frames: 0 but for loops, whose graph starts with a piece.

        A loop of several actions starts with the first one, whose piece reaches back half an overlap. A loop of one
        action may start anywhere: it does in the middle of a piece, so that its file does not wrap at a join.
        """
        if not self.loop:
            return 0
        return self.pieces[0].start if len(self.segments) > 1 else -(self.pieces[0].frames // 2)

    def describe(self) -> str:
        """One line for people: which pieces were chosen."""
        lengths = ", ".join(f"{piece.frames / FPS:g}" for piece in self.pieces)
        joins = sorted({overlap / FPS for overlap in self.overlaps})
        text = " or ".join(f"{seconds:g}" for seconds in joins)
        return f"{len(self.pieces)} pieces of {lengths} s" + (f", overlapping by {text} s" if joins else "")


Duration = Callable[[str], float]


def resolve_seconds(actions: Sequence[Action], natural: Duration, total: float | None) -> list[float]:
    """Seconds of every action: its own, or its natural length; scaled to share what is left of `total`.

    Raises:
        ValueError: no room, or durations that contradict the total.
    """
    if total is not None:
        _check_seconds(total, "the whole motion")
    given = [action.seconds for action in actions]
    for action, seconds in zip(actions, given):
        if seconds is not None:
            _check_seconds(seconds, repr(action.text[:40]))
    wanted = [natural(action.text) if seconds is None else seconds for action, seconds in zip(actions, given)]
    if total is not None:
        fixed = sum(seconds for seconds in given if seconds is not None)
        free = sum(seconds for seconds, own in zip(wanted, given) if own is None)
        if free == 0 and abs(fixed - total) > 0.5 / FPS:
            raise ValueError(
                f"the actions last {fixed:g} s together but --seconds is {total:g}; leave one of the two out"
            )
        if free and (total - fixed) / free * min(w for w, own in zip(wanted, given) if own is None) < 0.5:
            raise ValueError(
                f"{len(actions)} actions do not fit into {total:g} s; give at least 0.5 s to each"
            )
        wanted = [w if own is not None else w * (total - fixed) / free for w, own in zip(wanted, given)]
    if sum(wanted) > MAX_SECONDS:
        raise ValueError(
            f"the motion would last {sum(wanted):g} s; at most {MAX_SECONDS:g} s are made at a time"
        )
    return wanted


def _check_seconds(seconds: float, what: str) -> None:
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError(f"seconds of {what} is {seconds:g}; give a number above 0")
    if seconds > MAX_SECONDS:
        raise ValueError(f"seconds of {what} is {seconds:g}; at most {MAX_SECONDS:g} s are made at a time")


def plan_pieces(
    actions: Sequence[Action], seconds: Sequence[float], settings: PlanSettings, *, loop: bool = False
) -> Plan:
    """Cover a sequence of actions with pieces no longer than the model knows.

    An action owns the frames from the middle of the overlap before it to the middle of the one after it; what it
    covers reaches half an overlap further on both sides. Where that is more than the model knows, it is cut into pieces
    of equal length.

    Raises:
        ValueError: an action too short to be a piece.
    """
    ends = [round(FPS * sum(seconds[: i + 1])) for i in range(len(seconds))]
    frames = [end - start for start, end in zip([0, *ends], ends)]
    for action, count in zip(actions, frames):
        if count < 2 * MIN_OVERLAP:
            raise ValueError(
                f"{action.text[:40]!r} lasts {count} frames; give it at least {2 * MIN_OVERLAP / FPS:g} s"
            )
    joins = _joins(frames, settings.overlap, loop=loop)
    pieces: list[Piece] = []
    overlaps: list[int] = []
    for number, (action, end) in enumerate(zip(actions, ends)):
        before = joins[number - 1] // 2 if number or loop else 0
        after = joins[number] // 2 if number < len(joins) else 0
        start, covered = end - frames[number] - before, before + frames[number] + after
        cuts = 1
        if covered > settings.limit:
            cuts = math.ceil((covered - settings.overlap) / (settings.piece - settings.overlap))
        if loop and len(actions) == 1:
            cuts = max(2, cuts)  # a cycle is at least two pieces
        shared = settings.overlap if covered > settings.limit else joins[0] if cuts > 1 else 0
        edges = [round((covered - shared) * i / cuts) for i in range(cuts + 1)]
        for first, following in pairwise(edges):
            pieces.append(Piece(action.text, start + first, following - first + shared))
        overlaps += [shared] * (cuts - 1) + joins[number : number + 1]
    start = 0
    segments = []
    for action, end in zip(actions, ends):
        segments.append(Segment(action.text, start, end))
        start = end
    # Round a circle, tapers need overlaps that do not meet inside a piece.
    crowded = loop and any(overlaps[i - 1] + overlaps[i] > piece.frames for i, piece in enumerate(pieces))
    taper = 0.0 if crowded else settings.taper
    return Plan(ends[-1], tuple(pieces), tuple(overlaps), tuple(segments), loop, taper)


def _joins(frames: Sequence[int], overlap: int, *, loop: bool) -> list[int]:
    """Frames that neighbouring actions share: even, so that the boundary is their middle, and shorter than they are."""
    around = [*pairwise(range(len(frames)))] + ([(len(frames) - 1, 0)] if loop else [])
    # In a loop the two ends of an action may meet the same neighbour: half is left to each.
    room = 2 if loop else 1
    longest = [min(overlap, frames[before] // room, frames[after] // room) for before, after in around]
    return [max(MIN_OVERLAP, count - count % 2) for count in longest]
