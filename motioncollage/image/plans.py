"""Which squares cover an image: rows and columns of pieces, whose edges may meet round a circle."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from motioncollage.collage.graph import FactorGraph, Node
from motioncollage.collage.layouts import chain, cube_directions, cube_map, cycle, grid

SITE_AXES = (2, 3)  # images are [samples, channels, height, width]
CUBE_AXES = (2, 3, 4)  # cubes are [samples, channels, 6, face, face]
LARGEST = 1 << 26  # sites
LARGEST_FACE = 2048


@dataclass(frozen=True)
class PieceSettings:
    """How to cut an image.

    Attributes:
        size: sites (pixels or latents) along a piece, which the model was trained on.
        overlap: sites that neighbours share, at least; half a piece in the paper.
        taper: part of an overlap over which a piece fades out (`layouts.chain`).
        multiple: what divides the sides of pieces and overlaps.
    """

    size: int = 64
    overlap: int = 32
    taper: float = 0.5
    multiple: int = 8

    def __post_init__(self) -> None:
        if self.overlap % self.multiple or not self.multiple <= self.overlap < self.size:
            raise ValueError(
                f"overlap is {self.overlap}; it must be a multiple of {self.multiple} below a piece of {self.size}"
            )


@dataclass(frozen=True)
class Place:
    """Where a node lies: `middle` from the left, 0 to 1; `extent`, top and bottom in a whole picture, None without."""

    middle: float
    extent: tuple[float, float] | None


@dataclass(frozen=True)
class ImagePlan:
    """A cover of `height` x `width` sites; `wrapped` if the right edge goes on at the left."""

    height: int
    width: int
    graph: FactorGraph
    wrapped: bool = False

    def places(self, *, least: float) -> list[Place]:
        """Where each node lies, in the order of the graph.

        Args:
            least: height of the smallest part of a picture that a model has seen (`ImageConfig.least_extent`).
        """
        return [self._place(node, least) for node in self.graph.nodes]

    def _place(self, node: Node, least: float) -> Place:
        rows, columns = node.region.shape
        top, left = divmod(int(node.region.sites[0]), self.width)
        # A piece of a high image is a small part of it, but no smaller than models have seen.
        part = max(rows / self.height, min(least, 1.0))
        down = top / max(1, self.height - rows)
        return Place((left + columns / 2) / self.width % 1.0, (down * (1 - part), down * (1 - part) + part))


def plan_image(height: int, width: int, settings: PieceSettings, *, wrapped: bool = False) -> ImagePlan:
    """Rows and columns of pieces over an image of any size; with `wrapped` the left and right edges meet.

    Raises:
        ValueError: sides that `multiple` does not divide, too small for a piece, or an image beyond all bounds.
    """
    for name, side in (("height", height), ("width", width)):
        if side % settings.multiple or side < settings.multiple:
            raise ValueError(f"{name} is {side}; it must be a multiple of {settings.multiple}")
    if height * width > LARGEST:
        raise ValueError(f"{height} x {width} are more than {LARGEST >> 20} million; make the image smaller")
    columns = _ring(width, settings) if wrapped else _row(width, settings)
    return ImagePlan(height, width, grid(_row(height, settings), columns), wrapped)


def _row(length: int, settings: PieceSettings) -> FactorGraph:
    """Pieces of one size along a side, starting on multiples of 8; one shorter piece where the side is shorter."""
    if length <= settings.size:
        return chain([length], [])
    starts = _starts(length - settings.size, settings)
    return chain([settings.size] * len(starts), _shared(starts, settings.size), taper=settings.taper)


def _ring(length: int, settings: PieceSettings) -> FactorGraph:
    """Pieces of one size round a circle."""
    if length < settings.size:
        raise ValueError(
            f"width is {length}; a panorama of pieces of {settings.size} needs at least {settings.size}"
        )
    count = max(2, -(-length // (settings.size - settings.overlap)))
    starts = [round(length * i / count / settings.multiple) * settings.multiple for i in range(count)]
    overlaps = _shared([*starts, length], settings.size)
    crowded = any(overlaps[i - 1] + overlaps[i] > settings.size for i in range(count))
    return cycle([settings.size] * count, overlaps, taper=0.0 if crowded else settings.taper)


def _starts(last: int, settings: PieceSettings) -> list[int]:
    """From 0 to `last` in even steps of at most a stride, on multiples."""
    count = -(-last // (settings.size - settings.overlap)) + 1
    return [round(last * i / (count - 1) / settings.multiple) * settings.multiple for i in range(count)]


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

    @cache  # nodes above one another share theirs: the vector of a long text takes megabytes
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

    def places(self) -> list[Place]:
        """Where each node lies: round the horizon (0 behind, 0.5 ahead), and from straight up, 0, to straight down, 1."""
        points = cube_directions(self.face).reshape(-1, 3)
        points = points / points.norm(dim=-1, keepdim=True)
        found = []
        for node in self.graph.nodes:
            sites = points[node.region.sites].reshape(*node.region.shape, 3)
            middle = sites.mean(dim=(0, 1))
            turn = float(torch.atan2(middle[0], middle[2])) / (2 * math.pi) + 0.5
            found.append(Place(turn % 1.0, looking_extent(sites)))
        return found


def looking_extent(directions: Tensor) -> tuple[float, float]:
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
        ValueError: a face that `multiple` does not divide, smaller than a piece, or beyond all bounds.
    """
    if face % settings.multiple or not settings.size <= face <= LARGEST_FACE:
        raise ValueError(
            f"face is {face}; it must be a multiple of {settings.multiple} from {settings.size} to {LARGEST_FACE}"
        )
    across, around = _row(face, settings), _ring(4 * face, settings)
    return CubePlan(face, cube_map(face, across=across, around=around, taper=settings.taper))


def places(plan: ImagePlan | CubePlan, *, least: float) -> list[Place]:
    """Where each node of either plan lies; what is small on a cube is far from an edge, and told as it is."""
    return plan.places(least=least) if isinstance(plan, ImagePlan) else plan.places()
