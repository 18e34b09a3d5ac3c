"""Which piece of a photograph is nearest to what is there, so that every piece has its turn."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

SEEN = 8  # a piece is compared by so many means of areas along a side
SHARE = 0.01  # how much of the photograph's variance is added to the least distance; the larger, the less it counts
CHUNK = 512  # pieces of the picture that are compared at once


def seen(squares: Tensor, size: int) -> Tensor:
    """What squares [n, 3, size ** 2] are compared by [n, 3 * s ** 2]: means of areas, at most `SEEN` along a side."""
    if size <= SEEN:
        return squares.flatten(1)
    return functional.adaptive_avg_pool2d(squares.unflatten(2, (size, size)), SEEN).flatten(1)


def nearest(wanted: Tensor, pieces: Tensor, bands: Sequence[tuple[int, int]] | None = None) -> Tensor:
    """The piece [n] that each of `wanted` [n, d] is nearest to among [m, d], so that no piece is left out for ever.

    A squared distance is divided by the least one that the piece has to any of `wanted`, and a share of the variance
    (Granot et al. 2022, equation 3).

    Args:
        bands: `wanted` in so many equal parts, each of which is compared with pieces from one number to another.
    """
    centre = pieces.mean(dim=0)
    wanted, pieces = wanted - centre, pieces - centre
    lengths = pieces.square().sum(dim=1)
    bands = bands or [(0, len(pieces))]
    parts = [
        (some, slice(*band))
        for part, band in zip(wanted.chunk(len(bands)), bands, strict=True)
        for some in part.split(CHUNK)
    ]

    def distances(some: Tensor, of: slice) -> Tensor:
        return (some.square().sum(dim=1, keepdim=True) - 2 * some @ pieces[of].T + lengths[of]).clamp_min_(0)

    least = torch.full_like(lengths, torch.inf)
    for some, of in parts:
        least[of] = torch.minimum(least[of], distances(some, of).amin(dim=0))
    relative = 1 / (least + SHARE * lengths.mean() + 1e-12)
    return torch.cat([(distances(some, of) * relative[of]).argmin(dim=1) + of.start for some, of in parts])
