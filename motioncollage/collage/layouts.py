"""Covers that people ask for: chain, cycle, grid and cube map, each a list of regions or a product of lists."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor

from motioncollage.collage.graph import FactorGraph, Node, Region


def chain(lengths: Sequence[int], overlaps: Sequence[int], *, taper: float = 0.0) -> FactorGraph:
    """Pieces in a row; piece i + 1 starts `overlaps[i]` sites before piece i ends.

    Args:
        lengths: sites of each piece.
        overlaps: sites shared by neighbours, one fewer than pieces; any size below both neighbours.
        taper: part of an overlap over which each of its pieces fades out; 0 is the paper's composition.

    With +1, +1 and -1 throughout an overlap the composed prediction jumps at both ends of it, by as much as the ending
    piece and the overlap's own prediction disagree there; the eye sees a jerk at each. With a taper t the pieces that
    meet count min(1, (1 - s) / t) and min(1, s / t) at the place s of the overlap, 0 at its start and 1 at its end,
    and the overlap what is left to 1: -1 in the middle, 0 at the ends. With 1 that is a cross-fade.
    """
    _check_taper(taper)
    starts = chain_starts(lengths, overlaps)
    total = starts[-1] + lengths[-1]
    return _joined(starts, lengths, overlaps, total, taper)


def chain_starts(lengths: Sequence[int], overlaps: Sequence[int]) -> list[int]:
    """First site of each piece of a chain.

    Raises:
        ValueError: counts that do not fit, or an overlap that is not shorter than both its pieces.
    """
    if not lengths or len(overlaps) != len(lengths) - 1:
        raise ValueError(
            f"{len(lengths)} pieces need {max(0, len(lengths) - 1)} overlaps, not {len(overlaps)}"
        )
    _check_overlaps(lengths, overlaps, pairwise(range(len(lengths))))
    starts = [0]
    for length, overlap in zip(lengths, overlaps):
        starts.append(starts[-1] + length - overlap)
    ends = [start + length for start, length in zip(starts, lengths)]
    for before, after in pairwise(range(len(lengths))):
        if ends[after] <= ends[before]:
            raise ValueError(
                f"piece {after} lies inside piece {before}; shorten the overlap of {overlaps[before]}"
            )
    return starts


def cycle(lengths: Sequence[int], overlaps: Sequence[int], *, taper: float = 0.0) -> FactorGraph:
    """Pieces round a circle: as `chain`, and the last overlap joins the last piece to the first.

    The seam is a join like any other, so the result commutes with rolling by whole pieces.
    """
    _check_taper(taper)
    if len(overlaps) != len(lengths):
        raise ValueError(f"a cycle of {len(lengths)} pieces needs as many overlaps, not {len(overlaps)}")
    if len(lengths) < 2:
        raise ValueError("a cycle needs at least 2 pieces; use a shorter piece or a longer period")
    around = [(i, (i + 1) % len(lengths)) for i in range(len(lengths))]
    _check_overlaps(lengths, overlaps, around)
    total = sum(lengths) - sum(overlaps)
    starts = [0]
    for length, overlap in zip(lengths, overlaps[:-1]):
        starts.append(starts[-1] + length - overlap)
    if taper:
        for number, length in enumerate(lengths):
            if overlaps[number - 1] + overlaps[number] > length:
                raise ValueError(
                    f"the overlaps of piece {number} meet inside it; in a cycle use less overlap, or taper 0"
                )
    return _joined(starts, lengths, overlaps, total, taper)


def _joined(
    starts: Sequence[int], lengths: Sequence[int], overlaps: Sequence[int], total: int, taper: float
) -> FactorGraph:
    """Pieces +1 and the overlaps that end them -1: a junction tree, so no other intersection counts (Kikuchi)."""
    pieces = [_Span(start, length, 1) for start, length in zip(starts, lengths)]
    joints = [_Span(p.start + p.length - overlap, overlap, -1) for p, overlap in zip(pieces, overlaps)]
    if taper:
        for number, (joint, overlap) in enumerate(zip(joints, overlaps)):
            place = (torch.arange(overlap, dtype=torch.float64) + 0.5) / max(overlap, 1)
            leaving, entering = ((1 - place) / taper).clamp_max(1), (place / taper).clamp_max(1)
            # All that was joined before leaves together: with large overlaps that is more than one piece.
            pieces[number].fade(joint.start, leaving)
            for earlier in range(number - 1, -1, -1):
                if pieces[earlier].end <= joint.start:
                    break  # those before end earlier still
                pieces[earlier].fade(joint.start, leaving)
                joints[earlier].fade(joint.start, leaving)
            pieces[(number + 1) % len(pieces)].fade(joint.start, entering, wrap=total)
            joint.weights = 1 - leaving - entering
    nodes = [span.node(total) for span in pieces]
    return FactorGraph((total,), (*nodes, *_counted(joint.node(total) for joint in joints)), len(nodes))


def _node(region: Region, count: int, weights: Tensor) -> Node:
    """A node that counts `weights` [sites], without weights of its own where all are its counting number."""
    even = bool((weights == count).all())
    return Node(region, count, None if even else weights.flatten())


def _counted(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """Those that count anywhere: the overlaps of a cross-fade do not, and need no evaluation."""
    return tuple(node for node in nodes if bool((node.site_weights().abs() > 1e-12).any()))


class _Span:
    """A node on a line under construction: where it is, and how much each site counts."""

    def __init__(self, start: int, length: int, count: int) -> None:
        self.start, self.length, self.count = start, length, count
        self.weights = torch.full((length,), float(count), dtype=torch.float64)

    @property
    def end(self) -> int:
        return self.start + self.length

    def fade(self, first: int, factors: Tensor, *, wrap: int = 0) -> None:
        """Multiply the weights of the sites first, first + 1, ... that lie on the span; round a circle of `wrap`."""
        if wrap and first >= self.start + wrap:
            first -= wrap
        low, high = max(first, self.start), min(first + len(factors), self.end)
        if low < high:
            self.weights[low - self.start : high - self.start] *= factors[low - first : high - first]

    def node(self, total: int) -> Node:
        return _node(Region.line(torch.arange(self.start, self.end) % total), self.count, self.weights)


def _check_taper(taper: float) -> None:
    if not 0 <= taper <= 1:
        raise ValueError(
            f"taper is {taper:g}; choose between 0 (the paper's composition) and 1 (a cross-fade)"
        )


def grid(rows: FactorGraph, columns: FactorGraph) -> FactorGraph:
    """Product of two covers of lines: pieces +1, shared edges -1, shared corners +1.

    Counting numbers of a product are products of counting numbers, so each axis may be a chain or a cycle, tapered
    or not.
    """
    if len(rows.site_shape) != 1 or len(columns.site_shape) != 1:
        raise ValueError(
            "a grid is a product of two covers over one axis each, such as chain(...) and cycle(...)"
        )
    width = columns.site_shape[0]

    def product(row: Node, column: Node) -> Node:
        sites = row.region.sites[:, None] * width + column.region.sites
        region = Region(sites, (len(row.region), len(column.region)))
        weights = torch.outer(row.site_weights(), column.site_weights())
        return _node(region, row.counting_number * column.counting_number, weights)

    first, second = rows.nodes[: rows.factors], columns.nodes[: columns.factors]
    pieces = [product(row, column) for row in first for column in second]
    others = [
        product(row, column)
        for i, row in enumerate(rows.nodes)
        for j, column in enumerate(columns.nodes)
        if i >= rows.factors or j >= columns.factors
    ]
    return FactorGraph((rows.site_shape[0], width), tuple(pieces + others), len(pieces))


# Six faces seen from inside, z forward, x right, y down on every face; order L F R B U D.
FACES = "LFRBUD"
# Each ring of four faces, and by how many quarter turns (counter-clockwise) a face is turned to continue the ring.
# The middle ring runs left to right; the other two run downwards and are read as columns turned into rows.
RINGS = (
    (("L", 0), ("F", 0), ("R", 0), ("B", 0)),
    (("U", 2), ("L", 1), ("D", 0), ("R", 3)),
    (("U", 1), ("F", 1), ("D", 1), ("B", 3)),
)


def cube_map(
    face: int,
    *,
    across: FactorGraph | None = None,
    around: FactorGraph | None = None,
    taper: float = 0.0,
) -> FactorGraph:
    """The 360-degree cube of appendix A, over sites (6, face, face) in the order L, F, R, B, U, D.

    Three rings of four faces are the factors (LFRB, ULDR, UFDB); each is itself a cover by rectangular pieces, in a
    cycle round the ring. The pairs of opposite faces, where two rings cross, are the variables, and count -1: their two
    faces do not touch, so each face is a cover of its own. Pieces of the upright rings are turned so that what is
    nearest to the horizon stands upright in them.

    Only one of the two rings on a face crosses a given edge of it; the other one ends there, and so does the face's own
    cover. With +1, +1 and -1 up to the edge, the composed prediction jumps by as much as those two disagree. With a
    taper t a ring counts min(1, s / t), where s goes from 0 at the edges that it does not cross to 1 at those that it
    crosses, in proportion to the distances from both; the face counts what is left to 1, as `chain` does it.

    Args:
        face: pixels along a face.
        across: chain over a face; one piece by default.
        around: cycle over the four faces of a ring; eight pieces of a face each by default, which share half.
        taper: how gently a ring fades out towards the edges that it does not cross; 0 is the paper's composition.

    Raises:
        ValueError: covers of other lengths.
    """
    _check_taper(taper)
    across = chain([face], []) if across is None else across
    around = cycle([face] * 8, [face // 2] * 8) if around is None else around
    for name, cover, length in (("across", across, face), ("around", around, 4 * face)):
        if cover.site_shape != (length,):
            raise ValueError(
                f"{name} covers {cover.site_shape}; a cube with faces of {face} needs ({length},)"
            )
    ring, whole = grid(across, around), grid(across, across)
    crossing = _crossing(face, taper)
    ring_nodes = [_weighed(node, node.counting_number, crossing.repeat(1, 4)) for node in ring.nodes]
    face_nodes = _counted(
        _weighed(node, -node.counting_number, 1 - crossing - crossing.T) for node in whole.nodes
    )
    nodes: list[Node] = []
    later: list[Node] = []
    for number, names in enumerate(RINGS):
        strip = ring_sites(names, face)
        for place, node in enumerate(ring_nodes):
            placed = _on_cube(node, strip, upright=number == 0, face=face)
            (nodes if place < ring.factors else later).append(placed)
    for number in range(6):
        for node in face_nodes:
            region = Region(node.region.sites + number * face * face, node.region.shape)
            later.append(Node(region, node.counting_number, node.weights))
    return FactorGraph((6, face, face), tuple(nodes + later), len(nodes))


def _crossing(face: int, taper: float) -> Tensor:
    """How much a ring that goes along the rows counts [face, face] on a face: 1 at its left and right edge."""
    if not taper:
        return torch.ones(face, face, dtype=torch.float64)
    inner = torch.arange(face, dtype=torch.float64) + 0.5
    distance = torch.minimum(inner, face - inner)
    along, across = distance[None, :], distance[:, None]
    return (across / (along + across) / taper).clamp_max(1)


def _weighed(node: Node, count: int, factors: Tensor) -> Node:
    """A node with the counting number `count`, whose weights are multiplied by `factors` [all sites]."""
    return _node(node.region, count, node.site_weights() * factors.flatten()[node.region.sites])


def _on_cube(node: Node, strip: Tensor, *, upright: bool, face: int) -> Node:
    """A node of a ring with the sites of the cube; of a ring that runs downwards, turned to stand upright."""
    sites = strip.flatten()[node.region.sites].reshape(node.region.shape)
    weights = node.site_weights().reshape(node.region.shape)
    if not upright:
        # The strip lies on its side; its second face and its fourth are on the horizon, one on its head.
        middle = (int(node.region.sites[0]) % (4 * face) + node.region.shape[1] / 2) % (4 * face)
        turns = -1 if middle < 3 * face - face / 2 and middle > face / 2 else 1
        sites, weights = sites.rot90(turns), weights.rot90(turns)
    return _node(Region(sites, tuple(sites.shape)), node.counting_number, weights)


def cube_directions(face: int) -> Tensor:
    """Where the middle of every pixel of a cube lies, seen from inside: [6, face, face, 3], x right, y up, z forward."""
    inner = (torch.arange(face, dtype=torch.float64) + 0.5) / face * 2 - 1
    right, down = inner[None, :].expand(face, face), inner[:, None].expand(face, face)
    one = torch.ones(face, face, dtype=torch.float64)
    place = {
        "F": (right, -down, one),
        "B": (-right, -down, -one),
        "R": (one, -down, -right),
        "L": (-one, -down, right),
        "U": (right, one, down),
        "D": (right, -one, -down),
    }
    return torch.stack([torch.stack(place[name], dim=-1) for name in FACES])


def ring_sites(ring: Sequence[tuple[str, int]], face: int) -> Tensor:
    """Site numbers [face, 4 face] of four faces side by side, each turned as the ring asks."""
    cube = torch.arange(6 * face * face).reshape(6, face, face)
    return torch.cat([cube[FACES.index(name)].rot90(turns) for name, turns in ring], dim=1)


def _check_overlaps(
    lengths: Sequence[int],
    overlaps: Sequence[int],
    joints: "Sequence[tuple[int, int]] | pairwise[tuple[int, int]]",
) -> None:
    for number, length in enumerate(lengths):
        if length < 1:
            raise ValueError(f"piece {number} has {length} sites; a piece needs at least 1")
    for overlap, (before, after) in zip(overlaps, joints):
        if not 0 <= overlap < min(lengths[before], lengths[after]):
            raise ValueError(
                f"overlap {overlap} between pieces {before} and {after} of {lengths[before]} and {lengths[after]} sites;"
                " it must be shorter than both"
            )
