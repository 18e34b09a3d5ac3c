"""Squares as a cube map's pieces see them, out of real equirectangular panoramas: what a model of surroundings learns from."""

import math

import torch
from torch import Tensor

from motioncollage.image.plans import looking_extent

LEVEL = 0.4  # part of the squares that lie on the ring round the horizon; the others on one over the poles


def draw_view(
    panorama: Tensor, size: int, part: float, generator: torch.Generator
) -> tuple[Tensor, tuple[float, float]]:
    """A square [3, size, size], 0 to 255, at a random place of a cube that is turned at random, and its extent.

    Places are those of the pieces of `layouts.cube_map`: on rings of four faces, across their edges as well, upright on
    the rings over the poles.

    Args:
        panorama: uint8 [3, height, 2 height].
        part: side of the square in parts of a face.
    """
    place, down, turn, ring = torch.rand(4, generator=generator).tolist()
    level = ring < LEVEL
    # Along the ring; over the poles from straight up to straight down, the other half being the same turned round.
    start = (4 * place if level else 0.5 + 2 * place) - part / 2
    across = (1 - part) * (2 * down - 1)
    finer = max(1, round(part * panorama.shape[1] / 2 / size))
    inner = (torch.arange(size * finer) + 0.5) / (size * finer)
    along, beside = start + part * inner, across + part * (2 * inner - 1)
    if level:
        directions = _level(beside[:, None], along[None, :])
    else:
        # The ring, laid on its side: right becomes down, and what was below is at the right.
        right, up, ahead = _level(beside[None, :], along[:, None] - 1).unbind(-1)
        directions = torch.stack([-up, -right, ahead], dim=-1)
    extent = looking_extent(directions)
    angle = 2 * math.pi * turn
    x, y, z = directions.unbind(-1)
    seen = _looked_up(panorama, torch.atan2(x, z) + angle, y)
    return torch.nn.functional.avg_pool2d(seen[None], finer)[0], extent


def _level(down: Tensor, along: Tensor) -> Tensor:
    """Unit vectors [rows, columns, 3] of places on the ring of faces round the horizon, `along` 0 to 1 on the first."""
    down, along = torch.broadcast_tensors(down, along)
    face = along.floor()
    inner, turn = 2 * (along - face) - 1, face * math.pi / 2
    x = inner * turn.cos() + turn.sin()
    z = turn.cos() - inner * turn.sin()
    return torch.nn.functional.normalize(torch.stack([x, -down, z], dim=-1), dim=-1)


def looked_up(panorama: Tensor, directions: Tensor) -> Tensor:
    """Colours [3, rows, columns] that a panorama [3, height, 2 height] shows in unit directions [rows, columns, 3].

    Colours lie between those of its pixels; its right edge goes on at its left.
    """
    x, y, z = directions.unbind(-1)
    return _looked_up(panorama, torch.atan2(x, z), y)


def _looked_up(panorama: Tensor, longitude: Tensor, up: Tensor) -> Tensor:
    """Colours [3, rows, columns] at longitudes and heights above the horizon's plane."""
    height, width = panorama.shape[1:]
    column = (longitude / (2 * math.pi) + 0.5) % 1 * width - 0.5
    row = (0.5 - torch.asin(up.clamp(-1, 1)) / math.pi) * height - 0.5
    left, top = column.floor(), row.floor()
    right_share, lower_share = column - left, row - top
    total = torch.zeros(3, *longitude.shape)
    for y, row_share in ((top, 1 - lower_share), (top + 1, lower_share)):
        rows = y.long().clamp(0, height - 1)
        for x, column_share in ((left, 1 - right_share), (left + 1, right_share)):
            total += panorama[:, rows, x.long() % width].float() * (row_share * column_share)
    return total
