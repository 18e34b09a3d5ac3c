"""Textures: squares that cover a torus, so that the picture goes on at its opposite edges in both directions."""

import math
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from motioncollage.collage.graph import FactorGraph, Node, Region
from motioncollage.collage.layouts import cycle, grid
from motioncollage.image.models import ImageModel
from motioncollage.image.plans import LARGEST, ImagePlan, PieceSettings, Place

Offset = Literal["none", "brick", "hexagonal"]
OFFSETS: tuple[Offset, ...] = get_args(Offset)
ROW_OF_TRIANGLES = math.sqrt(3) / 2  # height of an equilateral triangle, in parts of its side
MARGIN = 16  # sites of its other end that a decoder sees beyond an edge


@dataclass(frozen=True)
class TorusPlan(ImagePlan):
    """A cover of `height` x `width` sites whose opposite edges meet, its rows of pieces shifted or not."""

    offset: Offset = "none"

    def _place(self, node: Node, least: float) -> Place:
        """A texture has no upper edge: nodes know how near they are seen, and all that they lie in the middle."""
        place = super()._place(node, least)
        assert place.extent is not None
        top, bottom = place.extent
        return replace(place, extent=(0.5 - (bottom - top) / 2, 0.5 + (bottom - top) / 2))


def plan_torus(height: int, width: int, settings: PieceSettings, offset: Offset = "none") -> TorusPlan:
    """Rows and columns of pieces over a torus.

    `none` is a product of two cycles: pieces +1, shared edges -1, shared corners +1. `brick` shifts every other row of
    pieces by half a piece's way, so that four never meet in a corner; `hexagonal` also brings the rows closer, until the
    middles of pieces form equilateral triangles. Rows are then even in number, so that the last fits the first, and the
    picture still tiles as a rectangle. Where two shifted rows meet, their pieces share intersections that count -1, and
    neighbours among these share what counts +1 (Kikuchi's numbers of that cover).

    Raises:
        ValueError: sides that `multiple` does not divide or that are smaller than a piece, or a picture beyond all bounds.
    """
    for name, side in (("height", height), ("width", width)):
        if side % settings.multiple or side < settings.size:
            raise ValueError(
                f"{name} is {side}; a texture of pieces of {settings.size} needs a multiple of {settings.multiple} from"
                f" {settings.size}"
            )
    if height * width > LARGEST:
        raise ValueError(
            f"{height} x {width} are more than {LARGEST >> 20} million; make the texture smaller"
        )
    if offset == "none":
        rows, columns = _ring(height, settings), _ring(width, settings)
        return TorusPlan(height, width, grid(rows.cover(settings), columns.cover(settings)), True)
    return TorusPlan(height, width, _shifted(height, width, settings, offset), True, offset)


@dataclass(frozen=True)
class _Ring:
    """Where spans start and how long they are, round a circle of `total` sites."""

    starts: tuple[int, ...]
    lengths: tuple[int, ...]
    total: int

    @property
    def shared(self) -> list[int]:
        """Sites that each span shares with the next one."""
        after = (*self.starts[1:], self.starts[0] + self.total)
        return [start + length - then for start, length, then in zip(self.starts, self.lengths, after)]

    def cover(self, settings: PieceSettings) -> FactorGraph:
        """The cycle of spans, which starts at the first of them; tapered unless overlaps meet inside a span."""
        shared = self.shared
        crowded = any(shared[i - 1] + shared[i] > length for i, length in enumerate(self.lengths))
        return cycle(self.lengths, shared, taper=0.0 if crowded else settings.taper)


def _ring(length: int, settings: PieceSettings, *, stride: float | None = None, even: bool = False) -> _Ring:
    """Pieces of one size at even steps of at most `stride`, on multiples; `even`: an even number of them."""
    count = max(2, math.ceil(length / (stride or settings.size - settings.overlap) - 1e-9))
    if even:
        count += count % 2
    starts = [round(length * i / count / settings.multiple) * settings.multiple for i in range(count)]
    return _Ring(tuple(starts), (settings.size,) * count, length)


def _shifted(height: int, width: int, settings: PieceSettings, offset: Offset) -> FactorGraph:
    across = _ring(width, settings)
    stride = width / len(across.starts)
    half = round(stride / 2 / settings.multiple) * settings.multiple
    if half == 0:
        raise ValueError(
            f"pieces start every {stride:g} sites, which leaves no half to shift rows by; use less overlap"
        )
    wanted = settings.size - settings.overlap
    down = _ring(
        height, settings, stride=wanted * ROW_OF_TRIANGLES if offset == "hexagonal" else None, even=True
    )
    upright = down.cover(settings)
    row, band = across.cover(settings), _bands(across, half).cover(settings)
    nodes: list[Node] = []
    later: list[Node] = []
    for number, node in enumerate(upright.nodes):
        if number < upright.factors:
            parts, turn = row, half * (number % 2)
        else:
            parts, turn = band, 0
        for place, part in enumerate(parts.nodes):
            made = _product(node, part, turn, width)
            (nodes if number < upright.factors and place < row.factors else later).append(made)
    return FactorGraph((height, width), tuple(nodes + later), len(nodes))


def _bands(across: _Ring, half: int) -> _Ring:
    """What pieces of a row share with those of the next one, which is shifted by `half`."""
    length, total = across.lengths[0], across.total
    places = sorted({(start + turn) % total for start in across.starts for turn in (0, half)})
    before = [places[-1] - total, *places[:-1]]
    # A piece of the one row and one of the other share from where the later starts to where the earlier ends.
    return _Ring(tuple(places), tuple(last + length - place for last, place in zip(before, places)), total)


def _product(row: Node, column: Node, turn: int, width: int) -> Node:
    """A node of rows and one of columns, turned round the circle."""
    columns = (column.region.sites + turn) % width
    sites = row.region.sites[:, None] * width + columns
    weights = torch.outer(row.site_weights(), column.site_weights()).flatten()
    count = row.counting_number * column.counting_number
    even = bool((weights == count).all())
    return Node(Region(sites, (len(row.region), len(column.region))), count, None if even else weights)


def decode_torus(model: ImageModel, sites: Tensor) -> Tensor:
    """Pictures [samples, 3, height, width] in -1 to 1, of which a decoder saw what lies beyond all edges."""
    if model.factor == 1:
        return model.decode(sites, wrapped=True)
    margin = min(MARGIN, sites.shape[-2])
    around = torch.cat([sites[..., -margin:, :], sites, sites[..., :margin, :]], dim=-2)
    cut = margin * model.factor
    return model.decode(around, wrapped=True)[..., cut : cut + sites.shape[-2] * model.factor, :]


def tiled(picture: Tensor, times: int = 3) -> Tensor:
    """A picture [3, height, width] beside and below itself, as it will be used."""
    return picture.repeat(1, times, times)
