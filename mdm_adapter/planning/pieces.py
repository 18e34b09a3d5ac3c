"""From rows of seconds to pieces of frames: which windows cover them, where they overlap, what each counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import torch

from mdm_adapter.planning.timing import Row, Timing, boundaries, consecutive, shared
from mdm_adapter.prompts import Action
from mdm_adapter.prompts.action import shorten
from mdm_adapter.segments import Segment
from motioncollage.collage.graph import FactorGraph, Node, Region
from motioncollage.collage.layouts import chain, cycle
from motioncollage.wording import plural

MIN_OVERLAP = 2
LISTED = 12  # pieces; of more, the shortest and the longest are told


@dataclass(frozen=True)
class PlanSettings:
    """How to cut time into pieces.

    Attributes:
        piece: frames of a piece that is cut from a longer action; never above the model's limit.
        overlap: frames that neighbours share; shortened where an action is shorter than that.
        limit: longest piece that the model knows.
        taper: part of an overlap over which a piece fades out (`layouts.chain`); 0 is the paper's composition.
        style: text of the overlaps between actions; empty for the null token.
        own_text: give overlaps within one action its text; otherwise they have the style, too.
        fps: frames a second.
    """

    piece: int = 120
    overlap: int = 10
    limit: int = 196
    taper: float = 0.5
    style: str = ""
    own_text: bool = True
    fps: float = 20.0

    def __post_init__(self) -> None:
        if self.piece > self.limit:
            raise ValueError(
                f"piece is {self.piece} frames; this model knows at most {self.limit} ({self.limit / self.fps:g} s)"
            )
        if not MIN_OVERLAP <= self.overlap < self.piece:
            raise ValueError(
                f"overlap is {self.overlap} frames ({self.overlap / self.fps:g} s); it must be at least {MIN_OVERLAP} and"
                f" shorter than a piece of {self.piece} frames ({self.piece / self.fps:g} s)"
            )


@dataclass(frozen=True)
class Piece:
    """One factor: `frames` frames from `start` under one text, with its own guidance or that of all (None)."""

    text: str
    start: int
    frames: int
    guidance: float | None = None


@dataclass(frozen=True)
class PlannedNode:
    """A node of a plan's graph: what it is, its text (empty for the null token) and its guidance (None: that of all)."""

    node: Node
    kind: str
    text: str
    guidance: float | None = None


@dataclass(frozen=True)
class Plan:
    """Pieces over `frames` frames.

    Attributes:
        pieces: in order; they cover everything.
        overlaps: frames that join piece i to the next (of a loop: the last to the first).
        segments: what each stretch of frames shows, for captions.
        joins: text of every overlap, empty for the null token.
        layers: pieces on top of others. A layer counts +1 under its text and -1 under the null token, as a factor whose
            overlap with what lies below is all of it (and as the conjunction of Liu et al. 2022).
    """

    frames: int
    pieces: tuple[Piece, ...]
    overlaps: tuple[int, ...]
    segments: tuple[Segment, ...]
    loop: bool = False
    taper: float = 0.0
    joins: tuple[str, ...] = ()
    layers: tuple[Piece, ...] = ()
    fade: int = 10
    fps: float = 20.0

    @cached_property
    def graph(self) -> FactorGraph:
        """The factor graph of the plan."""
        layout = cycle if self.loop else chain
        line = layout([piece.frames for piece in self.pieces], list(self.overlaps), taper=self.taper)
        if not self.layers:
            return line
        above = [node for layer in self.layers for node in _layer_nodes(layer, self)]
        return FactorGraph(line.site_shape, (*line.nodes, *above), line.factors)

    @cached_property
    def nodes(self) -> tuple[PlannedNode, ...]:
        """The nodes of `graph`, in its order, with what each is evaluated under."""
        under: list[tuple[str, str, float | None]] = [("piece", p.text, p.guidance) for p in self.pieces]
        above = len(self.layers) * 2
        # The overlaps of a cross-fade count nothing and are no nodes.
        if len(self.graph.nodes) > len(self.pieces) + above:
            texts = self.joins or ("",) * len(self.overlaps)
            under += [("overlap", text, None) for text in texts]
        for layer in self.layers:
            under += [("on top", layer.text, layer.guidance), ("on top", "", None)]
        return tuple(PlannedNode(node, *how) for node, how in zip(self.graph.nodes, under, strict=True))

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
        several = len({piece.text for piece in self.pieces}) > 1
        return self.pieces[0].start if several else -(self.pieces[0].frames // 2)

    def describe(self) -> str:
        """One line for people: which pieces were chosen."""
        seconds = [piece.frames / self.fps for piece in self.pieces]
        lengths = ", ".join(f"{length:g}" for length in seconds)
        if len(seconds) > LISTED:
            low, high = min(seconds), max(seconds)
            lengths = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        joins = sorted({overlap / self.fps for overlap in self.overlaps})
        text = " or ".join(f"{seconds:g}" for seconds in joins)
        above = f", {len(self.layers)} on top" if self.layers else ""
        return (
            f"{plural(len(self.pieces), 'piece')} of {lengths} s"
            + (f", overlapping by {text} s" if joins else "")
            + above
        )


def _layer_nodes(layer: Piece, plan: Plan) -> tuple[Node, Node]:
    """A layer under its text, and what it stands in for: both fade in and out over `fade` frames."""
    first = layer.start - plan.pieces[0].start
    region = Region.line(torch.arange(first, first + layer.frames) % plan.frames)
    place = torch.arange(layer.frames, dtype=torch.float64) + 0.5
    fade = min(plan.fade, layer.frames // 2)
    weights = torch.minimum(place, layer.frames - place).div(fade).clamp_max(1)
    return Node(region, 1, weights), Node(region, -1, -weights)


def plan_pieces(
    actions: Sequence[Action], seconds: Sequence[float], settings: PlanSettings, *, loop: bool = False
) -> Plan:
    """`plan_rows` for actions of given lengths that follow one another."""
    return plan_rows(consecutive(actions, seconds), settings, loop=loop)


def plan_rows(timing: Timing, settings: PlanSettings, *, loop: bool = False) -> Plan:
    """Cover rows with pieces no longer than the model knows.

    A row of the line owns the frames from the middle of the overlap before it to the middle of the one after it; what
    it covers reaches half an overlap further on both sides. Where that is more than the model knows, it is cut into
    pieces of equal length. A row that is to happen several times is a piece for each (`Row.repeats`), with overlaps as
    between different actions: one ends before the next begins.

    Raises:
        ValueError: a row too short to be a piece, or two that share more than a piece can hold.
    """
    line = timing.line
    ends = [round(settings.fps * end) for end in boundaries(line)]
    frames = [end - start for start, end in zip([0, *ends], ends)]
    for row, count in zip(line, frames):
        if count < 2 * MIN_OVERLAP:
            raise ValueError(
                f"{row.text[:40]!r} lasts {count} frames; give it at least {2 * MIN_OVERLAP / settings.fps:g} s"
            )
    joins = _joins(line, frames, settings, loop=loop)
    pieces: list[Piece] = []
    overlaps: list[int] = []
    texts: list[str] = []
    for number, (row, end) in enumerate(zip(line, ends)):
        before = joins[number - 1] // 2 if number or loop else 0
        after = joins[number] // 2 if number < len(joins) else 0
        start, covered = end - frames[number] - before, before + frames[number] + after
        cuts = 1
        if covered > settings.limit:
            cuts = math.ceil((covered - settings.overlap) / (settings.piece - settings.overlap))
        if loop and len(line) == 1:
            cuts = max(2, cuts)  # a cycle is at least two pieces
        inside = settings.overlap if covered > settings.limit else joins[0] if cuts > 1 else 0
        text = row.text
        own = row.text if settings.own_text else settings.style
        each = covered / row.repeats
        if row.repeats > 1 and each + settings.overlap <= settings.limit:
            cuts, text, own = row.repeats, row.once, settings.style
            inside = max(MIN_OVERLAP, min(settings.overlap, int(each / 4) * 2))
        edges = [round((covered - inside) * i / cuts) for i in range(cuts + 1)]
        for first, following in pairwise(edges):
            pieces.append(Piece(text, start + first, following - first + inside, row.guidance))
        overlaps += [inside] * (cuts - 1) + joins[number : number + 1]
        last = own if loop and len(line) == 1 else settings.style
        texts += [own] * (cuts - 1) + [last] * len(joins[number : number + 1])
    _check_pieces(pieces, overlaps, settings.fps, loop=loop)
    # Round a circle, tapers need overlaps that do not meet inside a piece.
    crowded = loop and any(overlaps[i - 1] + overlaps[i] > piece.frames for i, piece in enumerate(pieces))
    taper = 0.0 if crowded else settings.taper
    layers = tuple(_layer(row, ends[-1], settings) for row in timing.layers)
    return Plan(
        ends[-1], tuple(pieces), tuple(overlaps), _segments(line, ends, layers), loop, taper, tuple(texts), layers,
        max(1, settings.overlap // 2), settings.fps,
    )  # fmt: skip


def _check_pieces(pieces: Sequence[Piece], overlaps: Sequence[int], fps: float, *, loop: bool) -> None:
    around = [*pairwise(pieces)] + ([(pieces[-1], pieces[0])] if loop and len(pieces) > 1 else [])
    for (before, after), overlap in zip(around, overlaps):
        if overlap >= min(before.frames, after.frames):
            raise ValueError(
                f"{shorten(before.text, 30)!r} and {shorten(after.text, 30)!r} share {overlap / fps:g} s, which is no less than"
                f" a piece ({min(before.frames, after.frames) / fps:g} s); let them overlap less"
            )


def _segments(line: Sequence[Row], ends: Sequence[int], layers: Sequence[Piece]) -> tuple[Segment, ...]:
    """Captions, by start; gaps have none."""
    starts = [0, *ends[:-1]]
    found = [Segment(row.text, start, end) for row, start, end in zip(line, starts, ends) if row.text]
    found += [Segment(layer.text, layer.start, layer.start + layer.frames) for layer in layers]
    return tuple(sorted(found, key=lambda segment: segment.start))


def _layer(row: Row, frames: int, settings: PlanSettings) -> Piece:
    start, end = round(row.start * settings.fps), min(round(row.end * settings.fps), frames)
    if end - start > settings.limit:
        raise ValueError(
            f"{shorten(row.text, 40)!r} lies on top of another for {(end - start) / settings.fps:g} s; this model knows at most"
            f" {settings.limit / settings.fps:g} s, so split it into rows"
        )
    if end - start < 2 * MIN_OVERLAP:
        raise ValueError(
            f"{shorten(row.text, 40)!r} lasts {end - start} frames; give it at least {2 * MIN_OVERLAP / settings.fps:g} s"
        )
    return Piece(row.text, start, end - start, row.guidance)


def _joins(line: Sequence[Row], frames: Sequence[int], settings: PlanSettings, *, loop: bool) -> list[int]:
    """Frames that neighbouring rows share: even, so that the boundary is their middle, and shorter than they are.

    Raises:
        ValueError: rows too short for what they were told to share.
    """
    around = [*pairwise(range(len(line)))] + ([(len(line) - 1, 0)] if loop else [])
    # In a loop the two ends of a row may meet the same neighbour: half is left to each.
    room = 2 if loop else 1
    found = []
    for (before, after), told in zip(around, shared(line)):
        most = min(frames[before], frames[after]) // room
        wanted = settings.overlap if told is None else round(told * settings.fps)
        if told is not None and wanted > 2 * most:
            raise ValueError(
                f"{shorten(line[before].text, 30)!r} and {shorten(line[after].text, 30)!r} share {told:g} s, but the shorter has"
                f" {min(frames[before], frames[after]) / settings.fps:g} s; shorten what they share"
            )
        count = min(wanted, most) if told is None else wanted
        found.append(max(MIN_OVERLAP, count - count % 2))
    return found
