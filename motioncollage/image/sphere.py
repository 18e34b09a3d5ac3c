"""Surroundings like one panorama of all directions: a band round the horizon, and a cap over each pole, of its own pieces.

Round the horizon an equirectangular panorama is a wide picture whose ends meet, in which a turn is a shift and the height
is the latitude: its pieces fit wherever they are put, as long as they stay as high as they are. Towards the poles that
picture is stretched without end. There, surroundings are a stereographic cap, on which small squares stay squares; its
rim is what the band shows, and its middle is made of pieces of the panorama's own cap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from motioncollage.image.likeness import AROUND, LANDSCAPE, Known, Likeness
from motioncollage.image.surround import face_directions
from motioncollage.image.views import looked_up
from motioncollage.sampling.noise import OnStep

BAND = math.radians(60)  # as far up and down the band is made
JOIN = math.radians(50)  # from here on the cap is made, which keeps to the band below
FADE = math.radians(4)  # over which the cap replaces the band, where both show the same
RIM = math.radians(8)  # of the band, round what is made of a cap
LEAST_FACE = 112  # whose caps are just large enough for their pieces
PART = 30  # steps that are told of a band, and of a cap


@dataclass(frozen=True)
class Cap:
    """What lies within `reach` of a pole, stereographic: [3, side, side] in -1 to 1.

    Rows go from behind to ahead seen from inside and below, or from ahead to behind, as on the faces of a cube.
    """

    pixels: Tensor
    sign: float
    reach: float

    def seen(self, directions: Tensor) -> Tensor:
        """Colours [3, rows, columns] in directions [rows, columns, 3]."""
        x, y, z = directions.unbind(-1)
        scale = 1 / (1 + self.sign * y).clamp_min(1e-6) / math.tan(self.reach / 2)
        place = torch.stack([x * scale, self.sign * z * scale], dim=-1)
        return functional.grid_sample(
            self.pixels[None], place[None], padding_mode="border", align_corners=False
        )[0]


def cap_directions(side: int, sign: float, reach: float) -> Tensor:
    """Unit vectors [side, side, 3] to the middles of a cap's pixels."""
    along = ((torch.arange(side) + 0.5) / side * 2 - 1) * math.tan(reach / 2)
    down, right = torch.meshgrid(along, along, indexing="ij")
    square = right.square() + down.square()
    return torch.stack([2 * right, sign * (1 - square), sign * 2 * down], dim=-1) / (1 + square)[..., None]


@dataclass(frozen=True)
class Sphere:
    """Colours of all directions: an equirectangular picture [3, height, 2 height], and caps over its poles."""

    band: Tensor
    caps: tuple[Cap, ...]

    def seen(self, directions: Tensor) -> Tensor:
        """Colours [3, rows, columns] in directions [rows, columns, 3]."""
        colours = looked_up(self.band, directions)
        for cap in self.caps:
            latitude = torch.asin((cap.sign * directions[..., 1]).clamp(-1, 1))
            share = ((latitude - JOIN + FADE) / FADE).clamp(0, 1)
            colours = torch.lerp(colours, cap.seen(directions), share)
        return colours

    def faces(self, face: int) -> Tensor:
        """A cube's faces [6, 3, face, face] (`surround`)."""
        return torch.stack([self.seen(directions) for directions in face_directions(face)])


def sphere_like(panorama: Tensor, *, seed: int = 0, on_step: OnStep | None = None) -> Sphere:
    """A surrounding like a panorama of all directions, [3, height, 2 height] in -1 to 1.

    It is about as light and dark all round as the panorama, from a turn on that the seed chooses: one sun stays one.

    Raises:
        ValueError: a panorama that is not twice as wide as high, or too small.
    """
    _, height, width = panorama.shape
    if width != 2 * height or height < 2 * LEAST_FACE:
        raise ValueError(
            f"the panorama has {width} x {height} pixels; give one twice as wide as high, from {4 * LEAST_FACE} pixels on"
        )
    cut = round(height * (0.5 - BAND / math.pi))
    turn = int(torch.randint(width, (), generator=torch.Generator().manual_seed(seed)))
    turned = panorama.roll(turn, 2)
    source = turned[:, cut : height - cut]
    made = Likeness(source, AROUND).make(
        source.shape[1], width, seed=seed, meets=(False, True), on_step=_part(on_step, 0)
    )[0]
    band = functional.pad(made[None], (0, 0, cut, cut), mode="replicate")[0]
    caps = [
        _cap(turned, band, sign, seed, number, on_step) for number, sign in enumerate((1.0, -1.0), start=1)
    ]
    return Sphere(band, tuple(caps))


def _cap(panorama: Tensor, band: Tensor, sign: float, seed: int, number: int, on_step: OnStep | None) -> Cap:
    """What lies over a pole, of a panorama's pieces, with a rim of a band."""
    reach = math.pi / 2 - JOIN + RIM
    # As fine as the panorama is at the rim, where a radian has 2 tan(reach / 2) / sin(reach) parts of it.
    side = 8 * round(2 * math.tan(reach / 2) * 2 * panorama.shape[1] / math.pi / 8)
    directions = cap_directions(side, sign, reach)
    known = Known(torch.asin((sign * directions[..., 1]).clamp(-1, 1)) < JOIN, looked_up(band, directions))
    made = Likeness(looked_up(panorama, directions), LANDSCAPE).make(
        side, side, seed=seed, first=number, known=known, on_step=_part(on_step, number)
    )[0]
    return Cap(made, sign, reach)


def _part(on_step: OnStep | None, number: int) -> OnStep | None:
    """Steps of the band, 0, or of a cap, as steps of the whole."""
    if on_step is None:
        return None
    return lambda done, total: on_step(PART * number + PART * done // total, 3 * PART)
