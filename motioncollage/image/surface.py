"""What a picture is made on: a flat one, a torus, the faces of a cube; how pieces cover it, and what it is half as large."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import ClassVar, TypeVar

from torch import Tensor

from motioncollage.image.models import ImageModel
from motioncollage.image.plans import CubePlan, ImagePlan, PieceSettings, plan_cube, plan_image
from motioncollage.image.torus import Offset, decode_torus, plan_torus

HALF = 2  # a coarse picture's pixel, in pixels of the next
LEAST_SCENE = 32  # sites; as high as the smallest scenes that models learn

Own = TypeVar("Own", bound="Surface")


@dataclass(frozen=True)
class Surface(ABC):
    """Sites to be filled. Its sides are those fields that `SIDES` names.

    Attributes:
        held: noise above which a stage is held to the one before it; what is left to decide is finer than its pixels.
    """

    SIDES: ClassVar[tuple[str, ...]]
    held: ClassVar[float] = 0.2

    @abstractmethod
    def plan(self, pieces: PieceSettings) -> ImagePlan | CubePlan:
        """The cover of it by pieces.

        Raises:
            ValueError: sides that pieces cannot cover.
        """

    @property
    def sides(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in self.SIDES)

    @property
    def goes_round(self) -> bool:
        """Whether its right edge goes on at its left."""
        return True

    @property
    def laid_out(self) -> tuple[int, int]:
        """Height and width of the picture that it is written as."""
        height, width = self.sides
        return height, width

    def of(self: Own, *sides: int) -> Own:
        """The same kind of surface with other sides."""
        return replace(self, **dict(zip(self.SIDES, sides, strict=True)))

    def least(self, pieces: PieceSettings) -> tuple[int, ...]:
        """Sides of the smallest scene that may be made on such a surface."""
        return (pieces.size,) * len(self.SIDES)

    def half(self: Own) -> Own:
        return self.of(*(side // HALF for side in self.sides))

    def halves(self, pieces: PieceSettings) -> bool:
        """Whether it can be made half as large, and is still a scene."""
        return all(
            side % (HALF * pieces.multiple) == 0 and side >= HALF * least
            for side, least in zip(self.sides, self.least(pieces))
        )

    def begins(self, pieces: PieceSettings) -> bool:
        """Whether stages begin with it: it cannot be made half as large, or one piece shows it all."""
        return not self.halves(pieces) or max(self.sides) <= pieces.size

    def nearest(self: Own, pieces: PieceSettings) -> Own:
        """The size next to it that can be made half as large until it is as small as a scene may be."""
        if max(self.sides) <= pieces.size:
            return self
        times = min(side // least for side, least in zip(self.sides, self.least(pieces))).bit_length() - 1
        unit = pieces.multiple * HALF ** max(0, times)
        near = self.of(*(max(1, (side + unit // 2) // unit) * unit for side in self.sides))
        # What became larger may be halved once more.
        return near if near == self else near.nearest(pieces)

    def scene_pieces(self, pieces: PieceSettings) -> PieceSettings:
        """How it is cut where stages begin with it."""
        return pieces

    def decode(self, model: ImageModel, sites: Tensor) -> Tensor:
        """Pictures in -1 to 1."""
        return model.decode(sites, wrapped=self.goes_round)

    def described(self, unit: int) -> str:
        """Its sides in pixels, `unit` to a site."""
        height, width = self.sides
        return f"{width * unit} x {height * unit}"


@dataclass(frozen=True)
class Sheet(Surface):
    """A flat picture; `wrapped` if its right edge goes on at its left.

    Attributes:
        scene: height of its smallest scene; pieces see most of one as small as `LEAST_SCENE`.
    """

    SIDES = ("height", "width")

    height: int
    width: int
    wrapped: bool = False
    scene: int = LEAST_SCENE

    @property
    def goes_round(self) -> bool:
        return self.wrapped

    def plan(self, pieces: PieceSettings) -> ImagePlan:
        return plan_image(self.height, self.width, pieces, wrapped=self.wrapped)

    def least(self, pieces: PieceSettings) -> tuple[int, ...]:
        return self.scene, 1

    def scene_pieces(self, pieces: PieceSettings) -> PieceSettings:
        """A scene that is lower than a piece is cut into long ones, which share a half and see most of it."""
        if self.height >= pieces.size:
            return pieces
        longest = pieces.size if self.width < HALF * pieces.size else HALF * pieces.size
        return replace(pieces, size=longest, overlap=longest // 2)


@dataclass(frozen=True)
class Torus(Surface):
    """A texture, whose opposite edges meet; its smallest scene is a piece along a side."""

    SIDES = ("height", "width")
    held = 1.0  # it shows no places that must stay where they are, and its grain comes out sharper

    height: int
    width: int
    offset: Offset = "none"

    def plan(self, pieces: PieceSettings) -> ImagePlan:
        return plan_torus(self.height, self.width, pieces, self.offset)

    def decode(self, model: ImageModel, sites: Tensor) -> Tensor:
        return decode_torus(model, sites)


@dataclass(frozen=True)
class Cube(Surface):
    """The six faces of a cube; in its smallest scene each is a piece."""

    SIDES = ("face",)

    face: int

    def plan(self, pieces: PieceSettings) -> CubePlan:
        return plan_cube(self.face, pieces)

    @property
    def laid_out(self) -> tuple[int, int]:
        return self.face, 6 * self.face

    def described(self, unit: int) -> str:
        return f"faces of {self.face * unit}"
