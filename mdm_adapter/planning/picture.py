"""A plan as a picture: what happens when, which pieces and overlaps make it, how much each counts on every frame."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.planning.pieces import Plan
from motioncollage.files import atomic_path

COLOURS = ("#4c7fdc", "#eda138", "#4fb286", "#b964a8", "#c65b4e", "#8a6d3b")
FREE, JOIN, INK, PAPER = "#c9c5bd", "#6b6f76", "#2e3846", "#f5f4f0"
MOST_PIECES = 400


def render_plan(path: Path, plan: Plan, *, force: bool = False) -> None:
    """Draw a plan as PNG.

    From above: the actions, the pieces in two lanes, the overlaps, the pieces on top of others, and every node's weight.

    Raises:
        ValueError: more pieces than a picture can show.
        FileExistsError: the file is there and `force` is false.
    """
    from matplotlib.figure import Figure

    if len(plan.pieces) > MOST_PIECES:
        raise ValueError(
            f"the plan has {len(plan.pieces)} pieces; a picture shows at most {MOST_PIECES}, so plan a part of it"
        )
    texts = list(dict.fromkeys([p.text for p in (*plan.pieces, *plan.layers) if p.text]))
    colour = {text: COLOURS[i % len(COLOURS)] for i, text in enumerate(texts)} | {"": FREE}
    seconds = plan.frames / plan.fps
    figure = Figure(
        figsize=(min(24.0, max(9.0, 0.5 * seconds + 2)), 5.2), layout="constrained", facecolor=PAPER
    )
    bars, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    lanes = ["actions", "pieces", "", "overlaps"] + (["on top"] if plan.layers else [])
    letters = figure.get_figwidth() / seconds * 11  # letters of a caption that fit into a second

    def bar(lane: int, start: float, end: float, shade: str, text: str) -> None:
        for left, right in _round(start, end, seconds):
            bars.broken_barh([(left, right - left)], (lane - 0.38, 0.76), color=shade, edgecolor=PAPER)
            fits = int((right - left) * letters)
            label = text if len(text) <= fits else text[: fits - 1] + "…" if fits > 4 else ""
            bars.text((left + right) / 2, lane, label, ha="center", va="center", color="white", fontsize=8)

    for segment in plan.segments:
        if not any((segment.start, segment.text) == (layer.start, layer.text) for layer in plan.layers):
            bar(0, segment.start / plan.fps, segment.end / plan.fps, colour[segment.text], segment.text)
    for number, piece in enumerate(plan.pieces):
        span = (piece.start / plan.fps, (piece.start + piece.frames) / plan.fps)
        bar(1 + number % 2, *span, colour[piece.text], f"{piece.frames / plan.fps:g} s")
    joins = plan.joins or ("",) * len(plan.overlaps)
    for piece, overlap, text in zip(plan.pieces, plan.overlaps, joins):
        end = (piece.start + piece.frames) / plan.fps
        bar(
            3,
            end - overlap / plan.fps,
            end,
            colour.get(text, JOIN) if text else JOIN,
            f"{overlap / plan.fps:g} s",
        )
    for layer in plan.layers:
        bar(
            4, layer.start / plan.fps, (layer.start + layer.frames) / plan.fps, colour[layer.text], layer.text
        )
    bars.set_yticks(range(len(lanes)), lanes)
    bars.set_ylim(len(lanes) - 0.5, -0.5)
    _draw_counts(counts, plan, colour)
    for axes in (bars, counts):
        axes.set_facecolor(PAPER)
        axes.set_xlim(0, seconds)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(colors=INK)
    bars.spines["left"].set_visible(False)
    bars.tick_params(left=False)
    counts.set_xlabel("seconds")
    with atomic_path(path, force=force) as target:
        figure.savefig(target, dpi=110)


def _draw_counts(axes, plan: Plan, colour: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    """A line for every node: how much it counts on each frame; they sum to 1."""
    first = plan.pieces[0].start
    frames = np.arange(plan.frames) / plan.fps
    total = np.zeros(plan.frames)
    for planned in plan.nodes:
        node = planned.node
        values: NDArray[np.float64] = np.full(plan.frames, np.nan)
        sites = (node.region.sites.numpy() + first) % plan.frames
        values[sites] = node.site_weights().numpy()
        total[sites] += values[sites]
        piece = planned.kind == "piece" or bool(planned.text and planned.text in colour)
        axes.plot(
            frames, values, color=colour.get(planned.text, JOIN) if piece else JOIN, lw=1.6 if piece else 1.0
        )
    axes.plot(frames, total, color=INK, lw=0.8, ls=":", label="sum")
    axes.axhline(0, color=FREE, lw=0.8, zorder=0)
    axes.set_ylabel("counting number")
    axes.set_yticks((-1, 0, 1))
    axes.legend(frameon=False, loc="lower right", fontsize=8)


def _round(start: float, end: float, seconds: float) -> list[tuple[float, float]]:
    """A stretch of a loop that reaches over its ends, in the parts that are seen."""
    if start < 0:
        return [(0.0, end), (seconds + start, seconds)]
    if end > seconds and not math.isclose(end, seconds):
        return [(start, seconds), (0.0, end - seconds)]
    return [(start, end)]
