"""Textures like one photograph, of which every piece is a piece of the photograph: nothing is learnt, and it takes seconds.

The exact denoiser of a photograph's pieces, when little noise is left, gives the piece that is nearest to what is there
(Kamb and Ganguli 2024 show that networks come near it). Pieces overlap and are averaged (Bar-Tal et al. 2023), nearest
ones are sought again, and so on (texture optimisation, Kwatra et al. 2005), first where the photograph is so small that
a piece sees much of it, then finer.

Averages are smooth, smooth pieces are nearest to averages, and in a few rounds everything would be smooth. So a distance
counts relative to the least that its piece has to anywhere in the texture: pieces that nothing resembles yet are taken
as well (Granot et al. 2022, equation 3). Where the photograph is too large to compare everything, a piece comes from
where its neighbours come from, a little further on (Ashikhmin 2001), which also makes its neighbours fit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from motioncollage.sampling.noise import OnStep
from motioncollage.seeds import START, sample_keys, stream

LEAST_SIDE = 128  # pixels of a photograph, along its shorter side
SMALLEST = 8  # what divides the sides of pictures
COARSEST = 64  # pixels along the shorter side of the photograph where it is made smallest
SQUARE = 32  # the largest pieces, in pixels
# Pieces and how often nearest ones are sought: where the photograph is smallest, where it is twice as large, and then.
ROUNDS = (((32, 8), (16, 6)), ((16, 4), (8, 3)), ((16, 2), (8, 3)))
COMPARED = 2  # so many of the smallest scales compare everything with everything
SEEN = 8  # a piece is compared by so many means of areas along a side
SHARE = 0.01  # how much of the photograph's variance is added to the least distance; the larger, the less it counts
CHUNK = 512  # pieces of the texture that are compared at once
AGREED = 0.6  # pieces count by their mean squared error to this power, less than nothing
SOFT, SHARP = 0.6, 0.35  # deviation of a piece's weights about its middle, in half sides; in the last round


@dataclass(frozen=True)
class Torus:
    """A texture's pixels, which go on at its opposite edges."""

    height: int
    width: int

    def pixels(self, tops: Tensor, lefts: Tensor, size: int) -> Tensor:
        """Numbers [n, size ** 2] of the pixels of squares whose upper left corners are given [n]."""
        along = torch.arange(size)
        rows = (tops[:, None] + along)[:, :, None] % self.height
        columns = (lefts[:, None] + along)[:, None, :] % self.width
        return (rows * self.width + columns).flatten(1)

    def squares(self, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, int]:
        """Corners [n], [n] of overlapping squares that cover it, begun anywhere, and the most that lies between two."""
        step = max(1, size // 2 if size > SEEN else size // 4)
        starts = []
        for length in (self.height, self.width):
            count = math.ceil(length / step)
            starts.append(torch.arange(count) * length // count + int(rng.integers(step)))
        tops, lefts = torch.meshgrid(*starts, indexing="ij")
        return tops.flatten(), lefts.flatten(), step


@dataclass(frozen=True)
class Scale:
    """The photograph [3, h, w] at one size, and the texture's torus there; `known` [H * W] is kept of it, if anything."""

    photo: Tensor
    torus: Torus
    known: Tensor | None

    @property
    def columns(self) -> int:
        return self.photo.shape[2]

    def places(self, size: int) -> tuple[int, int]:
        """How many rows and columns squares can start in."""
        return self.photo.shape[1] - size + 1, self.photo.shape[2] - size + 1

    def squares(self, tops: Tensor, lefts: Tensor, size: int) -> Tensor:
        """Squares [n, 3, size ** 2] of the photograph."""
        along = torch.arange(size)
        numbers = (tops[:, None] + along)[:, :, None] * self.columns + (lefts[:, None] + along)[:, None, :]
        return self.photo.flatten(1)[:, numbers.flatten(1)].transpose(0, 1)

    def keep(self, texture: Tensor) -> Tensor:
        """The texture [3, H * W] with what is known of it."""
        return texture if self.known is None else torch.where(self.known, self.photo.flatten(1), texture)


@dataclass(frozen=True)
class Likeness:
    """Makes textures like a photograph [3, h, w] in -1 to 1.

    Raises:
        ValueError: a photograph that is too small.
    """

    photo: Tensor

    def __post_init__(self) -> None:
        _, height, width = self.photo.shape
        if min(height, width) < LEAST_SIDE:
            raise ValueError(
                f"the photo has {width} x {height} pixels; a texture needs one of at least {LEAST_SIDE} a side"
            )

    def make(
        self, height: int, width: int, *, seed: int = 0, samples: int = 1, known: Tensor | None = None,
        on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """Textures [samples, 3, height, width] in -1 to 1.

        Args:
            known: where the photograph is kept [height, width]; it then has that size.

        Raises:
            ValueError: sides smaller than a piece of the photograph.
        """
        for name, side in (("height", height), ("width", width)):
            if side < SQUARE:
                raise ValueError(f"{name} is {side} pixels; a texture like a photo has at least {SQUARE}")
        scales = list(self._scales(height, width, known))
        rounds = [ROUNDS[min(number, len(ROUNDS) - 1)] for number in range(len(scales))]
        total = samples * sum(count for both in rounds for _, count in both)
        done = 0
        made = []
        for key in sample_keys(seed, samples):
            rng = stream((*key, START))
            texture: Tensor | None = None
            field: Tensor | None = None
            for number, (scale, plan) in enumerate(zip(scales, rounds)):
                if texture is None or field is None:
                    texture = _anything(scale, rng)
                else:
                    before = scales[number - 1]
                    texture = scale.keep(_enlarged(texture, before.torus, scale.torus))
                    field = _carried(field, before, scale)
                for size, count in plan:
                    least = min(*scale.photo.shape[1:], scale.torus.height, scale.torus.width) // 2
                    for turn in range(count):
                        last = (number, size, turn) == (len(scales) - 1, plan[-1][0], count - 1)
                        search = field if number >= COMPARED else None
                        texture, field = _round(
                            scale, texture, min(size, least), rng, search, SHARP if last else SOFT
                        )
                        done += 1
                        if on_step is not None:
                            on_step(done, total)
            assert texture is not None
            made.append(texture.reshape(3, height, width))
        return torch.stack(made).clamp(-1, 1)

    def _scales(self, height: int, width: int, known: Tensor | None) -> Iterator[Scale]:
        """From coarse to fine, each twice as large; the last one is the photograph as it is."""
        sides = self.photo.shape[1:]
        # The texture is never smaller than a piece.
        most = min(min(sides) / COARSEST, min(height, width) / SQUARE)
        for factor in (2**power for power in range(max(0, math.floor(math.log2(most))), -1, -1)):
            rows, columns = (round(side / factor) for side in sides)
            torus = Torus(round(height / factor), round(width / factor))
            photo = functional.interpolate(self.photo[None], (rows, columns), mode="area")[0]
            kept = None
            if known is not None:
                shares = functional.interpolate(known[None, None].float(), (rows, columns), mode="area")
                kept = shares.flatten() > 0.999
            yield Scale(photo, torus, kept)


def _anything(scale: Scale, rng: np.random.Generator) -> Tensor:
    """Pieces from anywhere, averaged: [3, H * W]."""
    size = min(16, *scale.photo.shape[1:], scale.torus.height, scale.torus.width)
    tops, lefts, _ = scale.torus.squares(size, rng)
    rows, columns = scale.places(size)
    from_rows, from_columns = (torch.from_numpy(rng.integers(n, size=len(tops))) for n in (rows, columns))
    pieces = scale.squares(from_rows, from_columns, size)
    return scale.keep(_mean(scale.torus, scale.torus.pixels(tops, lefts, size), pieces, torch.ones(1, 1)))


def _round(
    scale: Scale, texture: Tensor, size: int, rng: np.random.Generator, field: Tensor | None, deviation: float
) -> tuple[Tensor, Tensor]:
    """Seek the nearest pieces and take their mean.

    Args:
        texture: [3, H * W].
        field: where every pixel comes from [2, H * W], if pieces are to come from there; None: from anywhere.
        deviation: of the weights of a piece's pixels about its middle, in half sides.

    Returns:
        The texture, and where its pixels come from.
    """
    torus = scale.torus
    tops, lefts, step = torus.squares(size, rng)
    numbers = torus.pixels(tops, lefts, size)
    wanted = texture[:, numbers].transpose(0, 1)
    if field is None:
        rows, columns = scale.places(size)
        every = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).T
        found = every[:, nearest(seen(wanted, size), seen(scale.squares(every[0], every[1], size), size))]
    else:
        found = _continued(scale, wanted, numbers, size, field)
    pieces = scale.squares(found[0], found[1], size)
    error = (pieces - wanted).square().mean(dim=(1, 2))
    trust = (error + 1e-3) ** -AGREED
    middle = torch.exp(-((torch.linspace(-1, 1, size + 2)[1:-1] / deviation) ** 2))
    weights = torch.outer(middle, middle).flatten() * (trust / trust.mean())[:, None]
    made = scale.keep(_mean(torus, numbers, pieces, weights))
    return made, _field(scale, tops, lefts, found, size, step)


def seen(squares: Tensor, size: int) -> Tensor:
    """What squares [n, 3, size ** 2] are compared by [n, 3 * s ** 2]: means of areas, at most `SEEN` along a side."""
    if size <= SEEN:
        return squares.flatten(1)
    return functional.adaptive_avg_pool2d(squares.unflatten(2, (size, size)), SEEN).flatten(1)


def nearest(wanted: Tensor, pieces: Tensor) -> Tensor:
    """The piece [n] that each of `wanted` [n, d] is nearest to among [m, d], so that no piece is left out for ever.

    A squared distance is divided by the least one that the piece has to any of `wanted`, and a share of the variance
    (Granot et al. 2022, equation 3).
    """
    centre = pieces.mean(dim=0)
    wanted, pieces = wanted - centre, pieces - centre
    lengths = pieces.square().sum(dim=1)

    def distances(some: Tensor) -> Tensor:
        return (some.square().sum(dim=1, keepdim=True) - 2 * some @ pieces.T + lengths).clamp_min_(0)

    least = torch.full_like(lengths, torch.inf)
    for some in wanted.split(CHUNK):
        least = torch.minimum(least, distances(some).amin(dim=0))
    relative = 1 / (least + SHARE * lengths.mean() + 1e-12)
    return torch.cat([(distances(some) * relative).argmin(dim=1) for some in wanted.split(CHUNK)])


def _continued(scale: Scale, wanted: Tensor, numbers: Tensor, size: int, field: Tensor) -> Tensor:
    """Where pieces come from [2, n]: the best of where their own pixels come from, and of the places beside the middle's."""
    along = torch.tensor([size // 6, size // 2, size - 1 - size // 6])
    inside = torch.cartesian_prod(along, along)  # [9, 2]
    from_pixels = field[:, numbers[:, inside[:, 0] * size + inside[:, 1]]] - inside.T[:, None]  # [2, n, 9]
    beside = torch.tensor([(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)]).T[:, None]
    offered = torch.cat([from_pixels, from_pixels[..., 4:5] + beside], dim=-1)
    last = torch.tensor(scale.places(size))[:, None, None] - 1
    offered = torch.minimum(offered.clamp_min(0), last)
    chosen = []
    for some, of in zip(wanted.split(CHUNK), offered.split(CHUNK, dim=1)):
        pieces = scale.squares(of[0].flatten(), of[1].flatten(), size).unflatten(0, (len(some), -1))
        best = (pieces - some[:, None]).square().sum(dim=(2, 3)).argmin(dim=1)
        chosen.append(of[:, torch.arange(len(some)), best])
    return torch.cat(chosen, dim=1)


def _mean(torus: Torus, numbers: Tensor, pieces: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean [3, H * W] of pieces [n, 3, s], whose pixels have these numbers [n, s]."""
    weights = weights.expand(len(pieces), pieces.shape[2])
    total = torch.zeros(3, torus.height * torus.width)
    total.index_add_(1, numbers.flatten(), (pieces * weights[:, None]).transpose(0, 1).flatten(1))
    share = torch.zeros(torus.height * torus.width)
    return total / share.index_add_(0, numbers.flatten(), weights.flatten())


def _field(scale: Scale, tops: Tensor, lefts: Tensor, found: Tensor, size: int, step: int) -> Tensor:
    """Where every pixel comes from [2, H * W], by the piece in the middle of which it lies."""
    margin = (size - step) // 2
    numbers = scale.torus.pixels(tops + margin, lefts + margin, step).flatten()
    along = torch.cartesian_prod(torch.arange(step), torch.arange(step)).T + margin
    field = torch.zeros(2, scale.torus.height * scale.torus.width, dtype=torch.long)
    field[:, numbers] = (found[:, :, None] + along[:, None]).flatten(1)
    if scale.known is not None:
        itself = torch.arange(len(scale.known))
        own = torch.stack([itself // scale.columns, itself % scale.columns])
        field = torch.where(scale.known, own, field)
    return field


def _carried(field: Tensor, before: Scale, after: Scale) -> Tensor:
    """Where the pixels of a finer texture come from [2, H * W], in its finer photograph."""
    places = torch.arange(after.torus.height), torch.arange(after.torus.width)
    old = (before.torus.height, before.torus.width)
    new = (after.torus.height, after.torus.width)
    exact = [place * (a / b) for place, a, b in zip(places, old, new)]
    whole = [e.floor().long().clamp_max(a - 1) for e, a in zip(exact, old)]
    coarse = field[:, (whole[0][:, None] * old[1] + whole[1]).flatten()]
    rest = torch.stack(torch.meshgrid(*((e - w) for e, w in zip(exact, whole)), indexing="ij")).flatten(1)
    growth = torch.tensor([n / o for n, o in zip(after.photo.shape[1:], before.photo.shape[1:])])[:, None]
    return ((coarse + rest) * growth).round().long()


def _enlarged(texture: Tensor, before: Torus, after: Torus) -> Tensor:
    """A texture [3, H * W] at a finer scale, without steps where it goes on at its opposite edges."""
    margin = 4
    tops, lefts = torch.tensor([-margin]), torch.tensor([-margin])
    side = max(before.height, before.width) + 2 * margin
    square = texture[:, before.pixels(tops, lefts, side)[0]].unflatten(1, (side, side))
    around = square[:, : before.height + 2 * margin, : before.width + 2 * margin]
    growth = after.height / before.height, after.width / before.width
    sides = [round(n * g) for n, g in zip(around.shape[1:], growth)]
    made = functional.interpolate(around[None], sides, mode="bicubic", align_corners=False)[0]
    top, left = (round(margin * g) for g in growth)
    return made[:, top : top + after.height, left : left + after.width].flatten(1)


def middle(height: int, width: int, border: int) -> Tensor:
    """Where a photograph is kept [height, width]: all but so many pixels along each edge.

    Raises:
        ValueError: a border that leaves nothing.
    """
    if not 0 < 2 * border < min(height, width):
        raise ValueError(
            f"--border is {border} pixels of {width} x {height}; leave something of the middle, and make something"
        )
    known = torch.zeros(height, width, dtype=torch.bool)
    known[border:-border, border:-border] = True
    return known


def shrunk(photo: Tensor, side: int) -> Tensor:
    """A photograph [3, height, width] whose shorter side is at most `side`, in multiples of 8."""
    shape = photo.shape[1:]
    scale = min(1.0, side / min(shape))
    rows, columns = (max(SMALLEST, round(n * scale / SMALLEST) * SMALLEST) for n in shape)
    if (rows, columns) == tuple(shape):
        return photo
    return functional.interpolate(photo[None], (rows, columns), mode="bicubic", antialias=True)[0].clamp(
        -1, 1
    )
