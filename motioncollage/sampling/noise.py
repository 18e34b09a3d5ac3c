"""What samplers report and where they take renewed noise from."""

from collections.abc import Callable

import torch
from torch import Tensor

OnStep = Callable[[int, int], None]
NoiseSource = Callable[[Tensor], Tensor]


def gaussian(generator: torch.Generator) -> NoiseSource:
    """Fresh standard normal noise like a sample, drawn on the generator's device."""
    return lambda like: torch.randn(
        like.shape, generator=generator, device=generator.device, dtype=like.dtype
    ).to(like.device)
