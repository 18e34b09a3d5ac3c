"""Which squares cover an image: rows and columns of pieces, whose edges may meet round a circle."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from motioncollage.graph import FactorGraph, Node
from motioncollage.image.network import SMALLEST, ImageCondition
from motioncollage.layouts import chain, cube_directions, cube_map, cycle, grid

SITE_AXES = (2, 3)  # images are [samples, 3, height, width]
CUBE_AXES = (2, 3, 4)  # cubes are [samples, 3, 6, face, face]
LARGEST = 1 << 26  # pixels
LARGEST_FACE = 2048
LEAST_EXTENT = 0.35  # least height of a training square in parts of its picture


@dataclass(frozen=True)
class PieceSettings:
    """How to cut an image.

    Attributes:
        size: pixels along a piece, which the model was trained on.
        overlap: pixels that neighbours share, at least; half a piece in the paper.
        taper: part of an overlap over which a piece fades out (`layouts.chain`).
    """

    size: int = 64
    overlap: int = 32
    taper: float = 0.5

    def __post_init__(self) -> None:
        if self.overlap % SMALLEST or not SMALLEST <= self.overlap < self.size:
            raise ValueError(
                f"overlap is {self.overlap} pixels; it must be a multiple of {SMALLEST} below a piece of {self.size}"
            )


@dataclass(frozen=True)
class Place:
    """Where a node lies, in parts of the whole: middle from the left, top and bottom."""

    middle: float
    top: float
    bottom: float


@dataclass(frozen=True)
class ImagePlan:
    """A cover of `height` x `width` pixels; `wrapped` if the right edge goes on at the left."""

    height: int
    width: int
    graph: FactorGraph
    wrapped: bool = False

    def places(self) -> list[Place]:
        """Where each node lies, in the order of the graph."""
        return [self._place(node) for node in self.graph.nodes]

    def _place(self, node: Node) -> Place:
        first, rows = node.region.sites[0], node.region.shape[0]
        top, left = divmod(first, self.width)
        middle = (left + node.region.shape[1] / 2) / self.width
        return Place(middle % 1.0, top / self.height, (top + rows) / self.height)

    def conditions(
        self,
        along: Callable[[float], Tensor | None] | None,
        *,
        extent: tuple[float, float] | None = (0.0, 1.0),
    ) -> list[ImageCondition]:
        """A condition for every node: a vector by its place along the image, and which part of a picture it is.

        Args:
            along: vector [width] at a place from 0, the left edge, to 1; None for none.
            extent: top and bottom of the image in a whole picture; None tells the model nothing of it.
        """
        found = []
        for place in self.places():
            inside = None
            if extent is not None:
                height = extent[1] - extent[0]
                # A piece of a high image is a small part of it, but no smaller than the model has seen.
                part = max((place.bottom - place.top) * height, min(LEAST_EXTENT, height))
                down = place.top / max(1e-9, 1 - (place.bottom - place.top))
                top = extent[0] + min(1.0, down) * (height - part)
                inside = (top, top + part)
            found.append(ImageCondition(along(place.middle) if along else None, inside))
        return found


def plan_image(height: int, width: int, settings: PieceSettings, *, wrapped: bool = False) -> ImagePlan:
    """Rows and columns of pieces over an image of any size; with `wrapped` the left and right edges meet.

    Raises:
        ValueError: sides that are no multiples of 8, too small for a piece, or an image beyond all bounds.
    """
    for name, side in (("height", height), ("width", width)):
        if side % SMALLEST or side < SMALLEST:
            raise ValueError(
                f"{name} is {side} pixels; it must be a multiple of {SMALLEST}, such as {max(1, round(side / SMALLEST)) * SMALLEST}"
            )
    if height * width > LARGEST:
        raise ValueError(
            f"{height} x {width} pixels are more than {LARGEST >> 20} million; make the image smaller"
        )
    columns = _ring(width, settings) if wrapped else _row(width, settings)
    return ImagePlan(height, width, grid(_row(height, settings), columns), wrapped)


def _row(length: int, settings: PieceSettings) -> FactorGraph:
    """Pieces of one size along a side, starting on multiples of 8; one shorter piece where the side is shorter."""
    if length <= settings.size:
        return chain([length], [])
    starts = _starts(length - settings.size, settings.size - settings.overlap)
    return chain([settings.size] * len(starts), _shared(starts, settings.size), taper=settings.taper)


def _ring(length: int, settings: PieceSettings) -> FactorGraph:
    """Pieces of one size round a circle."""
    if length < settings.size:
        raise ValueError(
            f"width is {length} pixels; a panorama of pieces of {settings.size} needs at least {settings.size}"
        )
    count = max(2, -(-length // (settings.size - settings.overlap)))
    starts = [round(length * i / count / SMALLEST) * SMALLEST for i in range(count)]
    overlaps = _shared([*starts, length], settings.size)
    crowded = any(overlaps[i - 1] + overlaps[i] > settings.size for i in range(count))
    return cycle([settings.size] * count, overlaps, taper=0.0 if crowded else settings.taper)


def _starts(last: int, stride: int) -> list[int]:
    """From 0 to `last` in even steps of at most `stride`, on multiples of 8."""
    count = -(-last // stride) + 1
    return [round(last * i / (count - 1) / SMALLEST) * SMALLEST for i in range(count)]


def _shared(starts: Sequence[int], size: int) -> list[int]:
    return [size - (after - before) for before, after in zip(starts, starts[1:])]


def slerp(first: Tensor, second: Tensor, share: float) -> Tensor:
    """From one vector [width] to another along the sphere between them (Shoemake 1985), lengths in between."""
    a, b = first.norm(), second.norm()
    cosine = (first @ second / (a * b).clamp_min(1e-12)).clamp(-1, 1)
    angle = torch.acos(cosine)
    if float(angle.sin()) < 1e-4:
        return torch.lerp(first, second, share)  # the same direction, or opposite ones: no sphere to follow
    way = (((1 - share) * angle).sin() * first / a + (share * angle).sin() * second / b) / angle.sin()
    return way * torch.lerp(a, b, share)


def along_chain(vectors: Sequence[Tensor], *, wrapped: bool = False) -> Callable[[float], Tensor]:
    """Vectors [width] at even places along an image, between them by slerp; round a circle the last leads to the first."""
    if not vectors:
        raise ValueError("no vectors to lead from one to another; give at least one")
    stops = [*vectors, vectors[0]] if wrapped else list(vectors)

    def at(place: float) -> Tensor:
        if len(stops) == 1:
            return stops[0]
        scaled = min(max(place, 0.0), 1.0) * (len(stops) - 1)
        number = min(int(scaled), len(stops) - 2)
        return slerp(stops[number], stops[number + 1], scaled - number)

    return at


@dataclass(frozen=True)
class CubePlan:
    """A cover of the six faces of a cube, tensors [samples, 3, 6, face, face]."""

    face: int
    graph: FactorGraph

    def conditions(self, along: Callable[[float], Tensor | None] | None) -> list[ImageCondition]:
        """A condition for every node: a vector by its place round the horizon (0 behind, 0.5 ahead), and how high it lies.

        A picture is taken to reach from straight up, 0, to straight down, 1.
        """
        points = cube_directions(self.face).reshape(-1, 3)
        points = points / points.norm(dim=-1, keepdim=True)
        found = []
        for node in self.graph.nodes:
            sites = points[torch.tensor(node.region.sites)].reshape(*node.region.shape, 3)
            middle = sites.mean(dim=(0, 1))
            turn = float(torch.atan2(middle[0], middle[2])) / (2 * math.pi) + 0.5
            found.append(ImageCondition(along(turn % 1.0) if along else None, _height(sites)))
        return found


def _height(directions: Tensor) -> tuple[float, float]:
    """Top and bottom of a piece [height, width, 3] from straight up, 0, to straight down, 1."""
    above = torch.asin(directions[..., 1].clamp(-1, 1)) / math.pi
    first, last = (0.5 - float(above[row].mean()) for row in (0, -1))
    if last - first > 0.05:
        return first, last
    # Straight above or below, where going down a piece is not going down.
    middle = 0.5 - float(above.mean())
    return max(0.0, middle - 0.125), min(1.0, middle + 0.125)


def plan_cube(face: int, settings: PieceSettings) -> CubePlan:
    """Pieces over a cube.

    Raises:
        ValueError: a face that the stride of the pieces does not divide, or beyond all bounds.
    """
    stride = settings.size - settings.overlap
    if face % stride or not settings.size <= face <= LARGEST_FACE:
        raise ValueError(
            f"face is {face} pixels; it must be a multiple of {stride} from {settings.size} to {LARGEST_FACE}"
        )
    return CubePlan(face, cube_map(face, settings.overlap, piece=settings.size, taper=settings.taper))
