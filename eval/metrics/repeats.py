"""Does a wide image show the same twice? Distant squares of it against each other, and against those of another image."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from eval.metrics.metric import Metric

SOURCE = "motioncollage"
GRID = 16  # pixels along a square as it is compared: a tree, not its leaves
PER_SIZE = 4  # squares that start within the length of one
FLAT = 1e-2  # standard deviation below which a square shows nothing that could be shown again


def repeats(images: Any) -> Metric:
    """How much alike the two most alike squares of an image are that share nothing; lower is better.

    Squares are as high as the image, four to a length, made small, without what each row shows on average in the whole
    image, so that a sky over a ground is no repetition; alike is the correlation of what is left, 1 for the same.

    Args:
        images: [N, C, H, W], N at least 2, W at least 2 H.

    Returns:
        The mean over images. The details hold a `floor`: as much for squares of an image and of the next one, as many
        pairs of them at the same places. One that shows the same twice is above it.

    Raises:
        ValueError: images of another shape, too narrow, or one alone.
    """
    pictures = torch.as_tensor(images).float()
    if pictures.ndim != 4 or len(pictures) < 2 or pictures.shape[3] < 2 * pictures.shape[2]:
        raise ValueError(
            f"images are {list(pictures.shape)}; give [N, C, H, W] of two or more, at least twice as wide as high"
        )
    squares, starts = _squares(pictures)
    apart = (starts[:, None] - starts[None, :]).abs() >= pictures.shape[2]
    own, other = (
        (squares @ others.transpose(1, 2)).masked_fill(~apart, -1.0).amax(dim=(1, 2)).double().numpy()
        for others in (squares, squares.roll(-1, dims=0))
    )
    details: dict[str, float | int | str] = {
        "floor": float(other.mean()),
        "standard_error": float(np.std(own, ddof=1) / np.sqrt(len(own))),
        "squares": len(starts),
    }
    return Metric("repeats", float(own.mean()), "1", "lower", SOURCE, len(own), details)


def _squares(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """What squares show, as unit vectors [N, squares, numbers] or zeros, and the columns that they start at."""
    size = pictures.shape[2]
    rest = pictures - pictures.mean(dim=3, keepdim=True)
    starts = torch.arange(0, pictures.shape[3] - size + 1, max(1, size // PER_SIZE))
    cut = torch.stack([rest[..., start : start + size] for start in starts.tolist()], dim=1)
    small = torch.nn.functional.interpolate(cut.flatten(0, 1), (GRID, GRID), mode="area").flatten(1)
    small = small - small.mean(dim=1, keepdim=True)
    shown = small.std(dim=1, keepdim=True) > FLAT
    return (torch.nn.functional.normalize(small, dim=1) * shown).unflatten(0, cut.shape[:2]), starts
