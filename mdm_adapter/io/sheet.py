"""A motion on one page: a row of poses for every sentence, and the path over the floor seen from above."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io import drawing
from mdm_adapter.io.drawing import Array, Camera, Colour
from mdm_adapter.motion import Motion, Writer
from mdm_adapter.segments import Segment, check_segments
from motioncollage.files import atomic_path

WIDTH = 1600
MARGIN = 40
HEADER = 96
ROW = 252
LABEL = 290
MAP = 440
MAX_ROWS = 100
STRIP_SECONDS = 4.0
VIEW = math.radians(38)


@dataclass(frozen=True)
class Row:
    """Frames `start` to `end` (exclusive), their label and colour, and whether they join onto others."""

    label: str
    start: int
    end: int
    colour: Colour
    join: bool


def render_contact_sheet(
    path: Path | str,
    joints: Array,
    *,
    fps: float = 20.0,
    segments: Sequence[Segment] = (),
    columns: int = 8,
    force: bool = False,
) -> None:
    """Write joints [frames, 22, 3] (metres, y up) as a `.png` page, 1600 pixels wide.

    A row shows one segment at evenly spaced times, from the front side; stretches without a sentence get
    their own row. Without segments, or with more than a hundred rows of them, rows are equal strips of time.

    Args:
        path: the file to write, ending in `.png`.
        joints: [frames, 22, 3], the joints in SMPL order.
        fps: frames per second.
        segments: the sentences, ordered, within the motion.
        columns: poses a row, 2 to 16.
        force: replace an existing file.

    Raises:
        ValueError: a wrong shape, no frames, numbers not finite, or an unusable argument; one line.
        FileExistsError: `path` exists and `force` is false.
        OSError: the file cannot be written.
    """
    from PIL import Image

    path = Path(path)
    if path.suffix.lower() != ".png":
        raise ValueError(f"{path}: a contact sheet must be named .png")
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}: give a positive number")
    if not isinstance(columns, int) or not 2 <= columns <= 16:
        raise ValueError(f"columns is {columns}: give a whole number from 2 to 16")
    points = drawing.check_joints(joints)
    check_segments(segments, len(points))
    with atomic_path(path, force=force) as temporary:
        picture = _Sheet(points, float(fps), segments).draw(columns)
        Image.fromarray(picture).save(temporary, format="PNG")


def rows_of(frames: int, fps: float, segments: Sequence[Segment]) -> list[Row]:
    """The rows of a sheet: segments and the gaps between them, or strips of time where there are none."""
    rows: list[Row] = []
    covered = 0
    for i, segment in enumerate(segments):
        if segment.start > covered:
            rows.append(Row("(no sentence)", covered, segment.start, drawing.FAINT, covered > 0))
        colour = drawing.segment_colour(i)
        rows.append(Row(segment.text, segment.start, segment.end, colour, segment.start > 0))
        covered = max(covered, segment.end)
    if segments and covered < frames:
        rows.append(Row("(no sentence)", covered, frames, drawing.FAINT, True))
    if segments and len(rows) <= MAX_ROWS:
        return rows
    count = min(MAX_ROWS, frames, max(1, round(frames / fps / STRIP_SECONDS)))
    bounds = [round(frames * i / count) for i in range(count + 1)]
    strips = []
    for start, end in pairwise(bounds):
        inside = [i for i, s in enumerate(segments) if s.start < end and s.end > start]
        more = f" (and {len(inside) - 1} more)" if len(inside) > 1 else ""
        label = segments[inside[0]].text + more if inside else ""
        colour = drawing.segment_colour(inside[0]) if inside else drawing.FAINT
        strips.append(Row(label, start, end, colour, False))
    return strips


class _Sheet:
    """Draws from the top down; every artist is drawn at once and forgotten."""

    def __init__(self, joints: Array, fps: float, segments: Sequence[Segment]) -> None:
        self.joints, self.fps = joints, fps
        self.rows = rows_of(len(joints), fps, segments)
        self.height = drawing.stature(joints)
        self.size = (WIDTH, HEADER + ROW * len(self.rows) + MAP)
        self.canvas = drawing.canvas_of(self.size)
        self.renderer = self.canvas.get_renderer()
        self.owner = np.full(len(joints), -1)
        for i, row in enumerate(self.rows):
            self.owner[row.start : row.end] = i

    def draw(self, columns: int) -> Any:
        """The page as uint8 [height, width, 3]."""
        self.canvas.figure.patch.draw(self.renderer)
        self._header()
        shown = [self._row(i, row, columns) for i, row in enumerate(self.rows)]
        self._map(np.concatenate(shown))
        return np.asarray(self.renderer.buffer_rgba())[..., :3].copy()

    def _put(self, artist: Any) -> None:
        drawing.place(artist, self.canvas).draw(self.renderer)

    def _line(self, points: Any, colour: Any, width: float, **how: Any) -> None:
        from matplotlib.collections import LineCollection

        self._put(LineCollection(points, colors=colour, linewidths=width, **how))

    def _text(self, x: float, y: float, words: str, size: float, colour: Any, **how: Any) -> None:
        self._put(drawing.label(x, y, words, size, colour, **how))

    def _dots(self, centres: Array, radius: float, fill: Any, edge: Any = "none", width: float = 0.0) -> None:
        from matplotlib.collections import PolyCollection

        radii = np.full(len(centres), radius)
        rings: Any = drawing.capsules(centres, centres, radii, radii)
        self._put(PolyCollection(rings, facecolors=[fill], edgecolors=[edge], linewidths=width))

    def _header(self) -> None:
        """The whole motion as a bar of segments, joins marked, with the legend of sides."""
        top = self.size[1]
        frames = len(self.joints)
        left, right, y = MARGIN + LABEL, WIDTH - MARGIN, top - 44
        self._text(MARGIN, y, _seconds(frames / self.fps), 24, drawing.INK, va="center")
        for x, colour, name in ((MARGIN + 120, drawing.LEFT, "left"), (MARGIN + 190, drawing.RIGHT, "right")):
            self._dots(np.array([[x, y]]), 6, colour)
            self._text(x + 13, y - 1, name, 14, drawing.FAINT, va="center")
        cuts = [0, *(np.flatnonzero(np.diff(self.owner)) + 1), frames]
        at = [left + (right - left) * cut / frames for cut in cuts]
        colours = [self.rows[self.owner[cut]].colour for cut in cuts[:-1]]
        self._line([[(a, y), (b, y)] for a, b in pairwise(at)], colours, 10)
        for x in at[1:-1]:
            self._line([[(x, y - 9), (x, y + 9)]], drawing.PAPER, 2.5)
        self._text(left, y - 22, "0", 13, drawing.FAINT, ha="left", va="center")
        self._text(right, y - 22, _seconds(frames / self.fps), 13, drawing.FAINT, ha="right", va="center")
        edge = left
        for x, cut in zip(at[1:-1], cuts[1:-1]):
            if edge + 60 < x < right - 80:  # numbers must not run into each other
                self._text(x, y - 22, _seconds(cut / self.fps), 13, drawing.FAINT, ha="center", va="center")
                edge = x

    def _row(self, index: int, row: Row, columns: int) -> NDArray[np.int64]:
        """One row of poses; the frames it shows."""
        top = self.size[1] - HEADER - ROW * index
        ground = top - ROW + 56
        left = MARGIN + LABEL
        self._line([[(MARGIN, top), (WIDTH - MARGIN, top)]], drawing.RULE, 1)
        self._line([[(MARGIN + 3, top - 24), (MARGIN + 3, top - ROW + 24)]], row.colour, 6)
        words = drawing.wrap(row.label, LABEL - 60, 18, 6)
        self._text(MARGIN + 20, top - 22, "\n".join(words), 18, drawing.INK, va="top", linespacing=1.3)
        span = f"{row.start / self.fps:.1f} – {_seconds(row.end / self.fps)}"
        self._text(MARGIN + 20, top - ROW + 24, span, 14, drawing.FAINT, va="bottom")
        self._line([[(left, ground), (WIDTH - MARGIN, ground)]], drawing.RULE, 1)
        if row.join:
            self._line([[(left, top), (left, ground)]], row.colour, 2, linestyles=(0, (3, 3)))
            self._dots(np.array([[left, top]]), 6, drawing.PAPER, row.colour, 3)
            self._text(left + 12, top - 10, "join", 13, drawing.FAINT, va="top")
        frames = np.unique(np.round(np.linspace(row.start, row.end - 1, columns)).astype(np.int64))
        cell = (WIDTH - MARGIN - left) / columns
        # One view for the whole row, from the front side at its middle, so that turns show.
        facing = drawing.headings(self.joints[row.start : row.end], self.fps)
        yaw = facing[len(facing) // 2] + VIEW
        for column, frame in enumerate(frames):
            x = left + (column + 0.5) * cell
            self._pose(self.joints[frame], yaw, x, ground)
            self._text(
                x, ground - 30, _seconds(frame / self.fps), 14, drawing.FAINT, ha="center", va="center"
            )
        return frames

    def _pose(self, pose: Array, yaw: float, x: float, ground: float) -> None:
        """A body whose root is above the point (x, ground), seen from afar so that feet meet the line."""
        from matplotlib.collections import PolyCollection
        from matplotlib.patches import PathPatch

        pitch, distance = math.radians(7), 8 * self.height
        focal = 0.60 * ROW / self.height * distance
        target = pose[0] * (1, 0, 1)
        away = np.array([math.sin(yaw) * math.cos(pitch), math.sin(pitch), math.cos(yaw) * math.cos(pitch)])
        camera = Camera.look_at(target + distance * away, target, focal, (x, ground))
        for outline in drawing.shadow_outlines(pose, camera, self.height):
            self._put(PathPatch(outline, linewidth=0, facecolor=drawing.SHADOW))
        shapes = drawing.body_shapes(pose, camera, self.height)
        polygons: Any = shapes.polygons
        self._put(
            PolyCollection(
                polygons, facecolors=shapes.fills, edgecolors=shapes.edges, linewidths=shapes.widths,
                joinstyle="round",
            )
        )  # fmt: skip

    def _map(self, shown: Array) -> None:
        """The path of the root from above, on a grid; longer side across the page."""
        path = self.joints[:, 0][:, [0, 2]] * (1, -1)  # from above, +z points down the page
        turned = np.ptp(path[:, 1]) > np.ptp(path[:, 0])
        if turned:
            path = path[:, ::-1] * (-1, 1)
        left, right, low, high = MARGIN + LABEL, WIDTH - MARGIN, 40, MAP - 30
        middle = 0.5 * (path.min(axis=0) + path.max(axis=0))
        extent = np.maximum(np.ptp(path, axis=0), 1e-6)
        scale = min(*(np.array([right - left, high - low]) * 0.88 / extent), 340 / self.height)
        centre = np.array([0.5 * (left + right), 0.5 * (low + high)])
        xy = centre + (path - middle) * scale

        step = _nice(70 / scale)
        lines = []
        for axis, (start, end) in enumerate(((left, right), (low, high))):
            first, last = (middle[axis] + (edge - centre[axis]) / scale for edge in (start, end))
            at = (
                centre[axis] + (np.arange(math.ceil(first / step), last / step) * step - middle[axis]) * scale
            )
            lines += [[(n, low), (n, high)] if axis == 0 else [(left, n), (right, n)] for n in at]
        self._line([[(MARGIN, MAP), (WIDTH - MARGIN, MAP)]], drawing.RULE, 1)
        self._line(lines, drawing.TILE, 1)
        colours = [self.rows[i].colour if i >= 0 else drawing.FAINT for i in self.owner]
        if len(xy) > 1:
            self._line(np.stack([xy[:-1], xy[1:]], axis=1), colours[1:], 4, capstyle="round")
        self._dots(xy[shown], 1.5, drawing.PAPER)  # the poses above, as beads on the path
        joins = [row.start for row in self.rows if row.join]
        if joins:
            self._dots(xy[joins], 7, drawing.PAPER, drawing.INK, 2.5)
        self._dots(xy[-1:], 7, drawing.INK)
        self._line([[xy[0] + (-8, -8), xy[0] + (8, 8)], [xy[0] + (-8, 8), xy[0] + (8, -8)]], drawing.INK, 3)

        self._text(MARGIN, MAP - 26, "Path from above", 18, drawing.INK, va="top")
        travelled = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
        notes = [f"one square is {step:g} m", f"{travelled:.1f} m travelled", "× start   ● end"]
        notes += ["○ join"] if joins else []
        self._text(MARGIN, MAP - 62, "\n".join(notes), 14, drawing.FAINT, va="top", linespacing=1.6)


def _nice(least: float) -> float:
    """The smallest of ..., 0.5, 1, 2, 5, 10, ... that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * n for n in (1, 2, 5, 10) if power * n >= least * (1 - 1e-9))


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"


def write_sheet(path: Path, motion: Motion, *, force: bool = False) -> None:
    """The first sample of a motion as a contact sheet (`motioncollage.writers`)."""
    render_contact_sheet(path, motion.joints[0], fps=motion.fps, segments=motion.segments, force=force)


WRITER = Writer(write_sheet)
