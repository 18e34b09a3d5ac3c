#!/usr/bin/env python3
"""Draw the factor graphs of docs/concepts.md from the graphs themselves: drawings.py [--out docs/pictures/graphs].

Every number in a drawing is read from a graph that `motioncollage.collage` built. The same program gives the same files.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from motioncollage.collage.graph import FactorGraph, Node, Region
from motioncollage.collage.layouts import chain, cycle, grid
from motioncollage.files import write_text

STYLE = """
.drawing { --ink: #2e3846; --faint: #6b7480; --rule: #cfcbc2; --plus: #1f7f8e; --minus: #d4583a; --third: #c58a1b;
  --paper: #ffffff; }
@media (prefers-color-scheme: dark) { .drawing { --ink: #e9e6e0; --faint: #9aa2ac; --rule: #454c57; --plus: #45b3c3;
  --minus: #ef8465; --third: #e0a63a; --paper: #15181d; } }
.drawing text { font: 14px ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
.drawing .small { font-size: 12px; fill: var(--faint); }
.drawing .number { font-size: 15px; font-weight: 600; fill: var(--ink); }
.drawing .mid { text-anchor: middle; } .drawing .end { text-anchor: end; }
.drawing .plus { fill: var(--plus); fill-opacity: .18; stroke: var(--plus); stroke-width: 1.6; }
.drawing .minus { fill: var(--minus); fill-opacity: .18; stroke: var(--minus); stroke-width: 1.6; }
.drawing .third { fill: var(--third); fill-opacity: .25; stroke: var(--third); stroke-width: 1.6; }
.drawing .line { fill: none; stroke: var(--faint); stroke-width: 1.4; }
.drawing .rule { fill: none; stroke: var(--rule); stroke-width: 1; }
.drawing .curve { fill: none; stroke-width: 2.2; } .drawing .curve.plus { stroke: var(--plus); }
.drawing .curve.minus { stroke: var(--minus); } .drawing .curve.sum { stroke: var(--ink); stroke-dasharray: 2 4; }
.drawing .room { fill: var(--paper); stroke: var(--faint); stroke-width: 1.3; }
"""


class Drawing:
    """Shapes in an SVG of a size in pixels."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self.size, self.title, self.shapes = (width, height), title, list[str]()

    def add(self, tag: str, *, kind: str = "", text: str | None = None, **values: object) -> None:
        """A shape of a class."""
        given = "".join(f' {name.replace("_", "-")}="{_number(value)}"' for name, value in values.items())
        own = f' class="{kind}"' if kind else ""
        self.shapes.append(
            f"<{tag}{own}{given}/>" if text is None else f"<{tag}{own}{given}>{escape(text)}</{tag}>"
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        kind: str,
        label: str = "",
        *,
        round_: float = 5,
    ) -> None:
        """A rectangle with a label in its middle."""
        self.add("rect", kind=kind, x=x, y=y, width=width, height=height, rx=round_)
        if label:
            self.word(x + width / 2, y + height / 2 + 5, label, "number mid")

    def word(self, x: float, y: float, text: str, kind: str = "") -> None:
        """A text from a place on."""
        self.add("text", kind=kind, text=text, x=x, y=y)

    def line(self, points: Sequence[tuple[float, float]], kind: str = "line") -> None:
        """Straight lines through places."""
        self.add("path", kind=kind, d="M" + " L".join(f"{_number(x)} {_number(y)}" for x, y in points))

    def text(self) -> str:
        """The file."""
        width, height = map(_number, self.size)
        inside = "\n".join(self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="drawing" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="img" aria-label="{escape(self.title)}">\n<title>{escape(self.title)}</title>\n'
            f"<style>{STYLE}</style>\n{inside}\n</svg>\n"
        )


def _number(value: object) -> str:
    return f"{round(value, 2):g}" if isinstance(value, (int, float)) else escape(str(value))


def signed(count: int) -> str:
    """A counting number as it is written."""
    return f"+{count}" if count > 0 else f"\N{MINUS SIGN}{-count}"


def _kind(node: Node) -> str:
    return "plus" if node.counting_number > 0 else "minus"


def _span(node: Node) -> tuple[int, int]:
    return int(node.region.sites[0]), int(node.region.sites[-1]) + 1


def chain_drawing() -> Drawing:
    """A chain of three pieces: as a factor graph, and as what covers the frames."""
    graph = chain([100, 80, 100], [20, 20])
    scale, left = 2.6, 110
    drawing = Drawing(
        left + 240 * scale + 30, 318, "A chain: three pieces, two overlaps, counting numbers that sum to 1"
    )
    pieces, overlaps = graph.nodes[: graph.factors], graph.overlaps
    middles = [left + scale * sum(_span(node)) / 2 for node in (*pieces, *overlaps)]
    drawing.word(12, 49, "factor graph")
    drawing.line([(min(middles), 44), (max(middles), 44)])
    for number, x in enumerate(middles[:3]):
        drawing.box(x - 18, 26, 36, 36, "room", round_=4)
        drawing.box(x - 18, 26, 36, 36, "plus", f"f{_sub(number + 1)}", round_=4)
    for number, x in enumerate(middles[3:]):
        drawing.add("circle", kind="room", cx=x, cy=44, r=17)
        drawing.add("circle", kind="minus", cx=x, cy=44, r=17)
        drawing.word(x, 49, f"x{_sub(number + 1)}", "number mid")
    drawing.word(12, 131, "pieces")
    for number, node in enumerate(pieces):
        start, end = _span(node)
        drawing.box(
            left + start * scale,
            92 + 38 * (number % 2),
            (end - start) * scale,
            30,
            _kind(node),
            signed(node.counting_number),
        )
    drawing.word(12, 203, "overlaps")
    for node in overlaps:
        start, end = _span(node)
        drawing.box(
            left + start * scale, 184, (end - start) * scale, 30, _kind(node), signed(node.counting_number)
        )
    drawing.word(12, 256, "sum")
    drawing.add("rect", kind="rule", x=left, y=236, width=240 * scale, height=30, rx=5)
    for start, end in ((0, 80), (80, 100), (100, 140), (140, 160), (160, 240)):
        counts = [n.counting_number for n in graph.nodes if _span(n)[0] <= start and end <= _span(n)[1]]
        words = " ".join(signed(c) for c in counts) if end - start > 30 else ""
        drawing.word(
            left + (start + end) / 2 * scale, 256, f"{words} = 1" if words and len(counts) > 1 else "1", "mid"
        )
        drawing.line([(left + end * scale, 236), (left + end * scale, 266)], "rule")
    drawing.word(left, 294, "frame 0", "small")
    drawing.word(left + 240 * scale, 294, "240", "small end")
    return drawing


def _sub(number: int) -> str:
    return chr(0x2080 + number)


def _arc(
    drawing: Drawing,
    centre: tuple[float, float],
    radii: tuple[float, float],
    turns: tuple[float, float],
    kind: str,
) -> None:
    """A part of a ring; turns from the top, clockwise, 1 all the way round."""

    def at(radius: float, turn: float) -> str:
        angle = 2 * math.pi * turn
        return (
            f"{_number(centre[0] + radius * math.sin(angle))} {_number(centre[1] - radius * math.cos(angle))}"
        )

    inner, outer = radii
    large = 1 if turns[1] - turns[0] > 0.5 else 0
    drawing.add(
        "path", kind=kind,
        d=f"M{at(outer, turns[0])} A{outer} {outer} 0 {large} 1 {at(outer, turns[1])} L{at(inner, turns[1])} "
        f"A{inner} {inner} 0 {large} 0 {at(inner, turns[0])} Z",
    )  # fmt: skip


def cycle_drawing() -> Drawing:
    """A cycle of four pieces: no first frame."""
    graph = cycle([60] * 4, [15] * 4)
    frames = graph.site_shape[0]
    drawing = Drawing(720, 426, "A cycle: four pieces round a ring, four overlaps, no first frame")
    centre = (200.0, 200.0)
    for number, node in enumerate(graph.nodes):
        piece = number < graph.factors
        start = int(node.region.sites[0]) / frames
        turns = (start, start + len(node.region) / frames)
        radii = (138.0 + 26 * (number % 2), 160.0 + 26 * (number % 2)) if piece else (96.0, 122.0)
        _arc(drawing, centre, radii, turns, _kind(node))
        middle = 2 * math.pi * sum(turns) / 2
        radius = sum(radii) / 2
        x, y = centre[0] + radius * math.sin(middle), centre[1] - radius * math.cos(middle)
        drawing.word(x, y + 5, signed(node.counting_number), "number mid")
    drawing.add("circle", kind="rule", cx=centre[0], cy=centre[1], r=80)
    drawing.word(centre[0], centre[1] - 4, f"{frames} frames", "mid")
    drawing.word(centre[0], centre[1] + 16, "round and round", "small mid")
    x, y, side = 560.0, 200.0, 92.0
    corners = [(x, y - side), (x + side, y), (x, y + side), (x - side, y)]
    drawing.line([*corners, corners[0]])
    for number, (cx, cy) in enumerate(corners):
        for kind in ("room", "plus"):
            drawing.box(
                cx - 18, cy - 18, 36, 36, kind, f"f{_sub(number + 1)}" if kind == "plus" else "", round_=4
            )
        nx, ny = corners[(number + 1) % 4]
        mx, my = (cx + nx) / 2, (cy + ny) / 2
        for kind in ("room", "minus"):
            drawing.add("circle", kind=kind, cx=mx, cy=my, r=17)
        drawing.word(mx, my + 5, f"x{_sub(number + 1)}", "number mid")
    drawing.word(x, 414, "as a factor graph", "small mid")
    drawing.word(centre[0], 414, "as what covers the frames", "small mid")
    return drawing


def grid_drawing() -> Drawing:
    """A grid of three by two squares: pieces, shared edges, shared corners."""
    line, row = chain([64] * 3, [16] * 2), chain([64] * 2, [16])
    graph = grid(row, line)
    height, width = graph.site_shape
    scale = 1.28
    drawing = Drawing(
        3 * width * scale + 110, height * scale + 74, "A grid: squares +1, shared edges -1, shared corners +1"
    )
    panels = ("pieces", "shared edges", "shared corners")
    for panel, name in enumerate(panels):
        left, top = 15 + panel * (width * scale + 40), 44
        drawing.word(left, 26, name)
        drawing.add("rect", kind="rule", x=left, y=top, width=width * scale, height=height * scale)
        for number, node in enumerate(graph.nodes):
            first, size = int(node.region.sites[0]), node.region.shape
            kind = 0 if number < graph.factors else 1 if node.counting_number < 0 else 2
            if kind != panel:
                continue
            inset = 2 if kind == 0 else 0
            drawing.box(
                left + first % width * scale + inset, top + first // width * scale + inset,
                size[1] * scale - 2 * inset, size[0] * scale - 2 * inset,
                ("plus", "minus", "third")[kind], signed(node.counting_number), round_=3,
            )  # fmt: skip
        if panel:
            drawing.word(left - 24, top + height * scale / 2 + 6, "+", "number mid")
    return drawing


def cube_drawing() -> Drawing:
    """The cube of the paper's appendix A: three rings of four faces, pairs of opposite faces."""
    drawing = Drawing(
        760, 356, "A cube: three rings of four faces are factors, pairs of opposite faces variables"
    )
    size, left, top = 78.0, 24.0, 34.0
    places = {"U": (1, 0), "L": (0, 1), "F": (1, 1), "R": (2, 1), "B": (3, 1), "D": (1, 2)}
    names = {"U": "up", "D": "down", "L": "left", "R": "right", "F": "front", "B": "back"}
    for face, (column, row) in places.items():
        x, y = left + column * size, top + row * size
        drawing.add("rect", kind="room", x=x, y=y, width=size, height=size)
        drawing.word(x + size / 2, y + size / 2 + 5, names[face], "mid")
    rings = (("LFRB", "plus"), ("ULDR", "minus"), ("UFDB", "third"))
    for number, (ring, kind) in enumerate(rings):
        for face in ring:
            column, row = places[face]
            inset = 6 + 7 * number
            drawing.add(
                "rect", kind=kind, x=left + column * size + inset, y=top + row * size + inset, width=size - 2 * inset,
                height=size - 2 * inset, rx=4, style="fill:none",
            )  # fmt: skip
    drawing.word(left + 2 * size, 316, "each face lies on two of the three rings", "small mid")
    # Bipartite: three rings, three pairs.
    x_ring, x_pair = 480.0, 690.0
    pairs = ("LR", "FB", "UD")
    heights = (70.0, 160.0, 250.0)
    for number, (ring, _) in enumerate(rings):
        for other, pair in enumerate(pairs):
            if set(pair) <= set(ring):
                drawing.line([(x_ring, heights[number]), (x_pair, heights[other])])
    for number, (ring, kind) in enumerate(rings):
        y = heights[number]
        for shape in ("room", kind):
            drawing.box(x_ring - 42, y - 20, 84, 40, shape, " ".join(ring) if shape == kind else "", round_=4)
        drawing.word(x_ring - 54, y + 5, signed(1), "number end")
    for number, pair in enumerate(pairs):
        degree = sum(set(pair) <= set(ring) for ring, _ in rings)
        for shape in ("room", "line"):
            drawing.add("circle", kind=shape, cx=x_pair, cy=heights[number], r=24)
        drawing.word(x_pair, heights[number] + 5, " ".join(pair), "number mid")
        drawing.word(x_pair + 32, heights[number] + 5, signed(1 - degree), "number")
    drawing.word(
        (x_ring + x_pair) / 2,
        316,
        "as a factor graph: each pair is in two rings, 1 \N{MINUS SIGN} 2 = \N{MINUS SIGN}1",
        "small mid",
    )
    return drawing


def overlap_drawing() -> Drawing:
    """How much two pieces and their overlap count across the overlap, without and with a taper."""
    drawing = Drawing(760, 300, "An overlap: without a taper counts jump at its ends, with a taper they pass")
    for panel, taper in enumerate((0.0, 0.5)):
        graph = chain([90, 90], [40], taper=taper)
        left, scale, middle, tall = 60 + panel * 360, 3.0, 150.0, 66.0
        first, last = 36, 104
        drawing.word(left, 26, "the paper: taper 0" if not taper else "the default for motion: taper 0.5")
        for value in (1, 0, -1):
            y = middle - value * tall
            drawing.line([(left, y), (left + (last - first) * scale, y)], "rule")
            drawing.word(left - 10, y + 4, "0" if not value else signed(value), "small end")
        for start_end in (50, 90):
            x = left + (start_end - first) * scale
            drawing.line([(x, middle - tall - 18), (x, middle + tall + 18)], "rule")
        for node in graph.nodes:
            weights = dict(zip(node.region.sites.tolist(), node.site_weights().tolist()))
            points: list[tuple[float, float]] = []
            for site in range(first, last):
                value = weights.get(site, 0.0)
                y = middle - value * tall
                points += (
                    [(left + (site - first) * scale, y), (left + (site + 1 - first) * scale, y)]
                    if not taper
                    else [(left + (site + 0.5 - first) * scale, y)]
                )
            drawing.line(points, f"curve {_kind(node)}")
        drawing.word(left + (70 - first) * scale, middle + tall + 36, "overlap", "small mid")
        drawing.word(left + (43 - first) * scale, middle - tall - 8, "piece 1", "small mid")
        drawing.word(left + (98 - first) * scale, middle - tall - 8, "piece 2", "small mid")
    drawing.word(380, 290, "at every frame the three add up to 1", "small mid")
    return drawing


def regions_drawing() -> Drawing:
    """Any cover: three pieces that overlap by more than half, and the counting numbers of all intersections."""
    pieces = ((0, 120), (40, 170), (80, 240))
    graph = FactorGraph.from_regions([Region.line(range(*ends)) for ends in pieces], (240,))
    scale, left = 2.2, 168
    rows = [*graph.nodes]
    drawing = Drawing(
        left + 240 * scale + 60,
        44 * len(rows) + 64,
        "Any cover: unequal pieces, their intersections and what each counts",
    )
    for number, node in enumerate(rows):
        start, end = _span(node)
        y = 16 + 44 * number
        name = f"piece {number + 1}" if number < graph.factors else "shared"
        drawing.word(12, y + 21, f"{name}, {start} to {end}")
        drawing.box(
            left + start * scale, y, (end - start) * scale, 32, _kind(node), signed(node.counting_number)
        )
    y = 16 + 44 * len(rows)
    drawing.word(12, y + 21, "sum")
    drawing.add("rect", kind="rule", x=left, y=y, width=240 * scale, height=32, rx=5)
    edges = sorted({edge for node in rows for edge in _span(node)})
    for start, end in zip(edges, edges[1:]):
        total = sum(n.counting_number for n in rows if _span(n)[0] <= start and end <= _span(n)[1])
        drawing.word(left + (start + end) / 2 * scale, y + 21, str(total), "mid")
        drawing.line([(left + end * scale, y), (left + end * scale, y + 32)], "rule")
    return drawing


def house_drawing() -> Drawing:
    """Which room imports which."""
    drawing = Drawing(
        760,
        420,
        "Rooms of the package: the shell finds commands, media stand on methods, sampling and the collage",
    )
    boxes = {
        "shell": (270, 14, "shell", "finds commands"),
        "image": (12, 112, "image", "pictures as a medium"),
        "motion": (270, 112, "mdm_adapter", "motion as a medium"),
        "eval": (528, 112, "eval", "judging"),
        "methods": (270, 210, "methods, training", "ways of making something long"),
        "sampling": (270, 286, "sampling", "noise levels, samplers"),
        "collage": (270, 362, "collage", "graphs, the composed denoiser"),
    }
    for start, end in (
        ("image", "methods"),
        ("motion", "methods"),
        ("eval", "methods"),
        ("methods", "sampling"),
        ("sampling", "collage"),
    ):
        (x, y, *_), (u, v, *_) = boxes[start], boxes[end]
        bend = v - 22 if u != x else v
        drawing.line([(x + 110, y + 44), (x + 110, bend), (u + 110, bend), (u + 110, v - 2)])
        drawing.add("path", kind="line", d=f"M{u + 105} {v - 8} L{u + 110} {v - 1} L{u + 115} {v - 8}")
    for end in ("image", "motion", "eval"):
        (x, y, *_), (u, v, *_) = boxes["shell"], boxes[end]
        drawing.add(
            "path",
            kind="line",
            d=f"M{x + 110} {y + 44} L{x + 110} {v - 28} L{u + 110} {v - 28} L{u + 110} {v - 2}",
            stroke_dasharray="4 4",
        )
    for x, y, name, what in boxes.values():
        drawing.add("rect", kind="room", x=x, y=y, width=220, height=44, rx=6)
        drawing.word(x + 110, y + 19, name, "number mid")
        drawing.word(x + 110, y + 36, what, "small mid")
    drawing.word(396, 78, "entry points", "small")
    return drawing


DRAWINGS = {
    "chain": chain_drawing,
    "cycle": cycle_drawing,
    "grid": grid_drawing,
    "cube": cube_drawing,
    "overlap": overlap_drawing,
    "regions": regions_drawing,
    "house": house_drawing,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/graphs"))
    out = parser.parse_args().out
    for name, draw in DRAWINGS.items():
        write_text(out / f"{name}.svg", draw().text(), force=True)
    print(f"wrote {len(DRAWINGS)} drawings to {out}")


if __name__ == "__main__":
    main()
