"""Which neighbouring pixels the seams of panoramas, grids and cubes separate, and which others are like them."""

from itertools import pairwise, product

import numpy as np

from motioncollage.collage.layouts import RINGS, ring_sites
from motioncollage.image.plans import CubePlan, ImagePlan

Pairs = tuple[np.ndarray, np.ndarray]  # pixel numbers on one side, and on the other
Compared = dict[str, tuple[Pairs, Pairs]]  # pairs that a seam separates, and pairs that none does
# Networks paint in blocks of 2 pixels, and neighbours of two blocks differ by a little more than those of one, inside
# a piece as well. Seams lie between blocks, so that they are compared with other places between blocks.
BLOCK = 2
NEAR = range(4, 13, BLOCK)  # pixels from a seam: what lies there is alike, and no seam


def piece_spans(plan: ImagePlan, axis: int) -> list[tuple[int, int]]:
    """Where pieces start and end along an axis of an image, in order; beyond the length where they go round."""
    pieces = [node.region for node in plan.graph.nodes[: plan.graph.factors]]
    firsts = {(divmod(int(piece.sites[0]), plan.width)[axis], piece.shape[axis]) for piece in pieces}
    return sorted((first, first + length) for first, length in firsts)


def piece_ends(plan: ImagePlan, axis: int) -> list[int]:
    """Numbers of the places before which a piece starts or ends, along an axis of an image; 0 where it wraps."""
    length = (plan.height, plan.width)[axis]
    found = {place for span in piece_spans(plan, axis) for place in span}
    if axis == 1 and plan.wrapped:
        return sorted({place % length for place in found})
    return sorted(found - {0, length})


def _across(numbers: np.ndarray, places: list[int]) -> Pairs:
    """Pixels on both sides of columns of an array of pixel numbers; the last column is before the first."""
    columns = np.array(places) % numbers.shape[1]
    return numbers[:, columns - 1].ravel(), numbers[:, columns].ravel()


def panorama_seams(plan: ImagePlan) -> Compared:
    """Where pieces start and end, and where the right edge meets the left, against all other columns of blocks."""
    numbers = np.arange(plan.height * plan.width).reshape(plan.height, plan.width)
    seams = piece_ends(plan, 1)
    rest = _across(numbers, [x for x in range(BLOCK, plan.width, BLOCK) if x not in seams])
    return {
        "panorama: ends of pieces": (_across(numbers, seams), rest),
        "panorama: left edge at right edge": (_across(numbers, [0]), rest),
    }


def _beside(places: list[int], length: int) -> list[int]:
    """Places near others, as many on each side, that are not among them."""
    return [
        p + s * d
        for p in places
        for s in (-1, 1)
        for d in NEAR
        if 0 < p + s * d < length and p + s * d not in places
    ]


def grid_seams(plan: ImagePlan) -> Compared:
    """Columns and rows against those beside them, and the squares that four pieces share.

    Along a row a picture is alike, so that these squares are compared with the same rows half a piece further.
    """
    numbers = np.arange(plan.height * plan.width).reshape(plan.height, plan.width)
    columns, rows = piece_ends(plan, 1), piece_ends(plan, 0)
    result = {
        "grid: columns": (_across(numbers, columns), _across(numbers, _beside(columns, plan.width))),
        "grid: rows": (_across(numbers.T, rows), _across(numbers.T, _beside(rows, plan.height))),
    }
    shared = [
        [(after[0], before[1]) for before, after in pairwise(piece_spans(plan, axis))] for axis in (0, 1)
    ]
    shift = plan.graph.nodes[0].region.shape[1] // 2
    inside: list[Pairs] = []
    elsewhere: list[Pairs] = []
    for (top, bottom), (left, right) in product(*shared):
        for sideways, into in ((0, inside), (-shift, elsewhere), (shift, elsewhere)):
            start, stop = left + sideways, right + sideways
            block = numbers[top - 1 : bottom + 1, start - 1 : stop + 1]
            into.append((block[:, :-1].ravel(), block[:, 1:].ravel()))
            into.append((block[:-1].ravel(), block[1:].ravel()))
    result["grid: corners"] = (_joined(inside), _joined(elsewhere))
    return result


def texture_seams(height: int, width: int) -> Compared:
    """Where opposite edges of a texture meet, against all other columns and rows of blocks."""
    numbers = np.arange(height * width).reshape(height, width)
    return {
        "texture: left edge at right edge": (
            _across(numbers, [0]),
            _across(numbers, [*range(BLOCK, width, BLOCK)]),
        ),
        "texture: upper edge at lower edge": (
            _across(numbers.T, [0]),
            _across(numbers.T, [*range(BLOCK, height, BLOCK)]),
        ),
    }


def cube_seams(plan: CubePlan) -> Compared:
    """The twelve edges against parallel lines beside them, on both faces."""
    seam, rest = [], []
    for ring in RINGS:
        strip = ring_sites(ring, plan.face).numpy()
        middles = [k * plan.face for k in range(4)]
        seam.append(_across(strip, middles))
        rest.append(_across(strip, [m + s * d for m in middles for s in (-1, 1) for d in NEAR]))
    return {"cube: twelve edges": (_joined(seam), _joined(rest))}


def _joined(pairs: list[Pairs]) -> Pairs:
    return np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])
