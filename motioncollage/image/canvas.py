"""The pixels of a picture whose edges may meet, and where overlapping pieces of it start."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Side:
    """One direction of a picture: how many pixels it has, and whether its ends meet."""

    length: int
    meets: bool

    def starts(self, size: int, rng: np.random.Generator) -> Tensor:
        """Where overlapping pieces start that cover it [k], shifted at random."""
        step = max(1, size // 2)
        shift = int(rng.integers(step))
        if self.meets:
            count = math.ceil(self.length / step)
            return torch.arange(count) * self.length // count + shift
        last = self.length - size
        return torch.cat([torch.arange(-shift, last, step), torch.tensor([last])]).clamp_min(0).unique()

    def owners(self, starts: Tensor, size: int) -> tuple[Tensor, Tensor]:
        """For every pixel the piece in whose middle it is [length], and how far in the piece it lies [length]."""
        within = torch.arange(self.length)[:, None] - starts
        if self.meets:
            within = within % self.length
        owner = (within - (size - 1) / 2).abs().argmin(dim=1)
        return owner, within[torch.arange(self.length), owner]

    def around(self, margin: int) -> Tensor:
        """Its pixels with so many beyond either end [length + 2 margin]."""
        pixels = torch.arange(-margin, self.length + margin)
        return pixels % self.length if self.meets else pixels.clamp(0, self.length - 1)

    def scaled(self, factor: float) -> Side:
        return Side(round(self.length / factor), self.meets)


@dataclass(frozen=True)
class Canvas:
    """The pixels of a picture, row by row."""

    rows: Side
    columns: Side

    @property
    def pixels(self) -> int:
        return self.rows.length * self.columns.length

    def squares(self, tops: Tensor, lefts: Tensor, size: int) -> Tensor:
        """Numbers [k * l, size ** 2] of the pixels of the squares that start in rows [k] and columns [l]."""
        along = torch.arange(size)
        rows = (tops[:, None, None, None] + along[:, None]) % self.rows.length
        columns = (lefts[None, :, None, None] + along) % self.columns.length
        return (rows * self.columns.length + columns).flatten(2).flatten(0, 1)
