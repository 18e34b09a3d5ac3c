"""Pictures like one photograph, every piece of which is a piece of the photograph: nothing is learnt.

The exact denoiser of a photograph's pieces, when little noise is left, gives the piece that is nearest to what is there
(Kamb and Ganguli 2024 show that networks come near it). Pieces overlap and are averaged (Bar-Tal et al. 2023), nearest
ones are sought again, and so on (texture optimisation, Kwatra et al. 2005), first where the photograph is so small that
a piece sees much of it, then finer.

Averages are smooth, smooth pieces are nearest to averages, and in a few rounds everything would be smooth. So a distance
counts relative to the least that its piece has to anywhere in the picture: pieces that nothing resembles yet are taken
as well (Granot et al. 2022, equation 3). Where the photograph is too large to compare everything, a piece comes from
where its neighbours come from, a little further on (Ashikhmin 2001), which also makes its neighbours fit.

A texture goes on at all its edges; a panorama at its left and right ones, and its pieces stay about as high as they are
in the photograph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from motioncollage.image.canvas import Canvas, Side
from motioncollage.image.nearest import CHUNK, nearest, seen
from motioncollage.sampling.noise import OnStep
from motioncollage.seeds import START, sample_keys, stream

LEAST_SIDE = 128  # pixels of a photograph, along its shorter side
COARSEST = 64  # pixels along the shorter side of the photograph where it is made smallest
SQUARE = 32  # the largest pieces, in pixels
COMPARED = 2  # so many of the smallest scales compare everything with everything
WAVES = 2  # along a row, the mean included, that say where it is light
HEIGHT = 4.0  # see `_anywhere`
AGREED = 0.6  # pieces count by their mean squared error to this power, less than nothing
SOFT = 0.6  # deviation of a piece's weights about its middle, in half sides, in all rounds but the last


Plan = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Recipe:
    """How pieces settle.

    Attributes:
        rounds: sides of pieces, and how often nearest ones are sought: where the photograph is smallest, where it is twice
            as large, and then.
        sharp: deviation of a piece's weights about its middle, in half sides, in the last round.
        reach: how far up or down from its height a piece is sought, in parts of the photograph's; where that means
            something.
        lit: begin with something that is light and dark from left to right as the photograph is: one sun stays one.
    """

    rounds: tuple[Plan, ...]
    sharp: float
    reach: float = 1.0
    lit: bool = False


# Chosen by the kernel distance of crops from the photograph's, and by looking. Many rounds make larger and larger stretches
# agree, which stones and bricks need, and in a sky ends in a few stretches whose edges show.
TEXTURE = Recipe((((32, 40), (16, 30)), ((32, 4), (16, 8), (8, 4)), ((16, 3), (8, 4))), 0.2)
LANDSCAPE = Recipe((((32, 8), (16, 6)), ((16, 4), (8, 3)), ((16, 2), (8, 3))), 0.35)
AROUND = replace(LANDSCAPE, reach=0.1, lit=True)  # of all that is seen round a turn


@dataclass(frozen=True)
class Known:
    """What a picture keeps.

    Attributes:
        where: [height, width].
        picture: [3, height, width], of which it is kept; None: the photograph, which then has that size.
    """

    where: Tensor
    picture: Tensor | None = None

    def scaled(self, rows: int, columns: int) -> Known:
        """The same in another size: where all of a pixel is kept."""
        shares = functional.interpolate(self.where[None, None].float(), (rows, columns), mode="area")
        picture = None if self.picture is None else _resized(self.picture, rows, columns)
        return Known(shares[0, 0] > 0.999, picture)


@dataclass(frozen=True)
class Scale:
    """The photograph [3, h, w] at one size, the picture's canvas there, and what is kept there, if anything."""

    photo: Tensor
    canvas: Canvas
    known: Known | None

    @property
    def columns(self) -> int:
        return self.photo.shape[2]

    def places(self, size: int) -> tuple[int, int]:
        """How many rows and columns squares can start in."""
        return self.photo.shape[1] - size + 1, self.photo.shape[2] - size + 1

    def fitting(self, size: int) -> int:
        """A side of pieces, at most half of what there is."""
        return min(size, min(*self.photo.shape[1:], self.canvas.rows.length, self.canvas.columns.length) // 2)

    def height_of(self, tops: Tensor, size: int) -> Tensor:
        """The row of the photograph [n] in which a square starts that is as high as one that starts in a row [n]."""
        return tops * ((self.photo.shape[1] - size) / (self.canvas.rows.length - size))

    def squares(self, tops: Tensor, lefts: Tensor, size: int) -> Tensor:
        """Squares [n, 3, size ** 2] of the photograph."""
        along = torch.arange(size)
        numbers = (tops[:, None] + along)[:, :, None] * self.columns + (lefts[:, None] + along)[:, None, :]
        return self.photo.flatten(1)[:, numbers.flatten(1)].transpose(0, 1)

    def keep(self, texture: Tensor) -> Tensor:
        """The texture [3, H * W] with what is known of it."""
        if self.known is None:
            return texture
        kept = self.photo if self.known.picture is None else self.known.picture
        return torch.where(self.known.where.flatten(), kept.flatten(1), texture)


@dataclass(frozen=True)
class Likeness:
    """Makes pictures like a photograph [3, h, w] in -1 to 1.

    Raises:
        ValueError: a photograph that is too small.
    """

    photo: Tensor
    recipe: Recipe = TEXTURE

    def __post_init__(self) -> None:
        _, height, width = self.photo.shape
        if min(height, width) < LEAST_SIDE:
            raise ValueError(
                f"the photo has {width} x {height} pixels; give one of at least {LEAST_SIDE} a side"
            )

    def make(
        self, height: int, width: int, *, seed: int = 0, samples: int = 1, first: int = 0,
        meets: tuple[bool, bool] = (True, True), known: Known | None = None,
        on_step: OnStep | None = None,
    ) -> Tensor:  # fmt: skip
        """Pictures [samples, 3, height, width] in -1 to 1.

        Args:
            first: number of the first sample.
            meets: whether the upper and the lower edge meet, and the left and the right one. Where the upper and the lower
                one do not, pieces stay about as high as they are in the photograph.
            known: what is kept.

        Raises:
            ValueError: sides smaller than a piece of the photograph.
        """
        for name, side in (("height", height), ("width", width)):
            if side < SQUARE:
                raise ValueError(f"{name} is {side} pixels; a picture like a photo has at least {SQUARE}")
        canvas = Canvas(Side(height, meets[0]), Side(width, meets[1]))
        scales = list(self._scales(canvas, known))
        total = samples * sum(count for n in range(len(scales)) for _, count in _plan(self.recipe, n))
        done = 0

        def told() -> None:
            nonlocal done
            done += 1
            if on_step is not None:
                on_step(done, total)

        made = [
            _picture(scales, self.recipe, stream((*key, START)), told)
            for key in sample_keys(seed, first + samples)[first:]
        ]
        return torch.stack(made).unflatten(2, (height, width)).clamp(-1, 1)

    def _scales(self, canvas: Canvas, known: Known | None) -> Iterator[Scale]:
        """From coarse to fine, each twice as large; the last one is the photograph as it is."""
        sides = self.photo.shape[1:]
        # The picture is never smaller than a piece.
        most = min(min(sides) / COARSEST, min(canvas.rows.length, canvas.columns.length) / SQUARE)
        for factor in (2**power for power in range(max(0, math.floor(math.log2(most))), -1, -1)):
            rows, columns = (round(side / factor) for side in sides)
            sized = Canvas(canvas.rows.scaled(factor), canvas.columns.scaled(factor))
            kept = None if known is None else known.scaled(sized.rows.length, sized.columns.length)
            yield Scale(_resized(self.photo, rows, columns), sized, kept)


def _resized(picture: Tensor, rows: int, columns: int) -> Tensor:
    return functional.interpolate(picture[None], (rows, columns), mode="area")[0]


def _plan(recipe: Recipe, scale: int) -> Plan:
    return recipe.rounds[min(scale, len(recipe.rounds) - 1)]


def _picture(
    scales: Sequence[Scale], recipe: Recipe, rng: np.random.Generator, told: Callable[[], None]
) -> Tensor:  # fmt: skip
    """One picture [3, H * W], from coarse to fine."""
    picture = _anything(scales[0], rng)
    if recipe.lit:
        picture = scales[0].keep(_lit(picture, scales[0]))
    field: Tensor | None = None
    for number, scale in enumerate(scales):
        plan = _plan(recipe, number)
        if field is not None:
            before = scales[number - 1]
            picture = scale.keep(_enlarged(picture, before.canvas, scale.canvas))
            field = _carried(field, before, scale)
        for size, count in plan:
            for turn in range(count):
                last = (number, size, turn) == (len(scales) - 1, plan[-1][0], count - 1)
                near = field if number >= COMPARED else None
                picture, field = _round(
                    scale, picture, scale.fitting(size), rng, near, recipe, recipe.sharp if last else SOFT
                )
                told()
    return picture


def _anything(scale: Scale, rng: np.random.Generator) -> Tensor:
    """Pieces from anywhere, averaged: [3, H * W]."""
    size = scale.fitting(16)
    tops, lefts = scale.canvas.rows.starts(size, rng), scale.canvas.columns.starts(size, rng)
    rows, columns = scale.places(size)
    from_rows = torch.from_numpy(rng.integers(rows, size=len(tops) * len(lefts)))
    if not scale.canvas.rows.meets:
        from_rows = scale.height_of(tops, size).round().long().repeat_interleave(len(lefts))
    from_columns = torch.from_numpy(rng.integers(columns, size=len(tops) * len(lefts)))
    pieces = scale.squares(from_rows, from_columns, size)
    return scale.keep(_mean(scale.canvas, scale.canvas.squares(tops, lefts, size), pieces, torch.ones(1, 1)))


def _lit(picture: Tensor, scale: Scale) -> Tensor:
    """A picture [3, H * W] whose longest waves along its rows are the photograph's."""
    shape = scale.canvas.rows.length, scale.canvas.columns.length
    waves, wanted = (
        torch.fft.rfft(of) for of in (picture.unflatten(1, shape), _resized(scale.photo, *shape))
    )
    waves[..., :WAVES] = wanted[..., :WAVES]
    return torch.fft.irfft(waves, shape[1]).flatten(1)


def _round(
    scale: Scale, picture: Tensor, size: int, rng: np.random.Generator, field: Tensor | None, recipe: Recipe,
    deviation: float,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Seek the nearest pieces and take their mean.

    Args:
        picture: [3, H * W].
        field: where every pixel comes from [2, H * W], if pieces are to come from there; None: from anywhere.
        deviation: of the weights of a piece's pixels about its middle, in half sides.

    Returns:
        The picture, and where its pixels come from.
    """
    tops, lefts = scale.canvas.rows.starts(size, rng), scale.canvas.columns.starts(size, rng)
    numbers = scale.canvas.squares(tops, lefts, size)
    wanted = picture[:, numbers].transpose(0, 1)
    if field is None:
        found = _anywhere(scale, wanted, tops, size, recipe.reach)
    else:
        found = _continued(scale, wanted, numbers, size, field)
    pieces = scale.squares(found[0], found[1], size)
    error = (pieces - wanted).square().mean(dim=(1, 2))
    trust = (error + 1e-3) ** -AGREED
    middle = torch.exp(-((torch.linspace(-1, 1, size + 2)[1:-1] / deviation) ** 2))
    weights = torch.outer(middle, middle).flatten() * (trust / trust.mean())[:, None]
    made = scale.keep(_mean(scale.canvas, numbers, pieces, weights))
    return made, _field(scale, tops, lefts, found, size)


def _anywhere(scale: Scale, wanted: Tensor, tops: Tensor, size: int, reach: float) -> Tensor:
    """Where the nearest pieces of the photograph start [2, n]; about as high as the squares [n], if that means anything.

    Args:
        tops: rows [k] in which the squares start, of which there are as many in each.
    """
    rows, columns = scale.places(size)
    every = torch.cartesian_prod(torch.arange(rows), torch.arange(columns)).T
    sought, there = seen(wanted, size), seen(scale.squares(every[0], every[1], size), size)
    bands = None
    if not scale.canvas.rows.meets:
        # One more number of each: an error of colour HEIGHT weighs as much as a way of the photograph's height.
        heights = scale.height_of(tops, size)
        unit = HEIGHT * math.sqrt(there.shape[1]) / scale.photo.shape[1]
        sought = torch.cat(
            [sought, unit * heights.repeat_interleave(len(wanted) // len(tops))[:, None]], dim=1
        )
        there = torch.cat([there, unit * every[0][:, None]], dim=1)
        if reach < 1:
            way = reach * scale.photo.shape[1]
            first = (heights - way).clamp_min(0).floor().long()
            last = (heights + way).clamp_max(rows - 1).ceil().long()
            bands = [(int(a) * columns, int(b + 1) * columns) for a, b in zip(first, last)]
    return every[:, nearest(sought, there, bands)]


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


def _mean(canvas: Canvas, numbers: Tensor, pieces: Tensor, weights: Tensor) -> Tensor:
    """The weighted mean [3, H * W] of pieces [n, 3, s], whose pixels have these numbers [n, s]."""
    weights = weights.expand(len(pieces), pieces.shape[2])
    total = torch.zeros(3, canvas.pixels)
    total.index_add_(1, numbers.flatten(), (pieces * weights[:, None]).transpose(0, 1).flatten(1))
    return total / torch.zeros(canvas.pixels).index_add_(0, numbers.flatten(), weights.flatten())


def _field(scale: Scale, tops: Tensor, lefts: Tensor, found: Tensor, size: int) -> Tensor:
    """Where every pixel comes from [2, H * W], by the piece in the middle of which it lies."""
    row, down = scale.canvas.rows.owners(tops, size)
    column, right = scale.canvas.columns.owners(lefts, size)
    starts = found[:, row[:, None] * len(lefts) + column]
    field = torch.stack([starts[0] + down[:, None], starts[1] + right]).flatten(1)
    if scale.known is not None and scale.known.picture is None:
        itself = torch.arange(scale.canvas.pixels)
        own = torch.stack([itself // scale.columns, itself % scale.columns])
        field = torch.where(scale.known.where.flatten(), own, field)
    return field


def _carried(field: Tensor, before: Scale, after: Scale) -> Tensor:
    """Where the pixels of a finer picture come from [2, H * W], in its finer photograph."""
    sides = [(s.canvas.rows.length, s.canvas.columns.length) for s in (before, after)]
    exact = [torch.arange(new) * (old / new) for old, new in zip(*sides)]
    whole = [place.floor().long() for place in exact]
    coarse = field[:, (whole[0][:, None] * sides[0][1] + whole[1]).flatten()]
    rest = torch.stack(torch.meshgrid(*(e - w for e, w in zip(exact, whole)), indexing="ij")).flatten(1)
    growth = torch.tensor([n / o for n, o in zip(after.photo.shape[1:], before.photo.shape[1:])])[:, None]
    return ((coarse + rest) * growth).round().long()


def _enlarged(picture: Tensor, before: Canvas, after: Canvas) -> Tensor:
    """A picture [3, H * W] at a finer scale, without steps where its edges meet."""
    margin = 4
    rows, columns = before.rows.around(margin), before.columns.around(margin)
    around = picture[:, rows[:, None] * before.columns.length + columns]
    growth = after.rows.length / before.rows.length, after.columns.length / before.columns.length
    sides = [round(n * g) for n, g in zip(around.shape[1:], growth)]
    made = functional.interpolate(around[None], sides, mode="bicubic", align_corners=False)[0]
    top, left = (round(margin * g) for g in growth)
    return made[:, top : top + after.rows.length, left : left + after.columns.length].flatten(1)


def middle(height: int, width: int, border: int) -> Known:
    """A photograph that is kept, but for so many pixels along each edge.

    Raises:
        ValueError: a border that leaves nothing.
    """
    if not 0 < 2 * border < min(height, width):
        raise ValueError(
            f"--border is {border} pixels of {width} x {height}; leave something of the middle, and make something"
        )
    known = torch.zeros(height, width, dtype=torch.bool)
    known[border:-border, border:-border] = True
    return Known(known)
