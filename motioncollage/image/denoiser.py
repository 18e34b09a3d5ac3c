"""The network as the core's denoiser: levels with alpha 1, any sides, one condition per piece."""

from collections.abc import Sequence

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.image.network import ImageCondition, ImageNetwork
from motioncollage.precision import check_precision, mixed


class ImageDenoiser:
    """D(x; sigma) of images [batch, 3, height, width] in -1 to 1 (`motioncollage.collage.denoiser.Denoiser`)."""

    def __init__(self, network: ImageNetwork, *, precision: str = "auto") -> None:
        check_precision(precision)
        self.network, self.precision = network, precision

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, shape of x.

        Raises:
            ValueError: a condition of another kind, or sides that the network cannot halve.
        """
        for condition in conditions:
            if condition is not None and not isinstance(condition, ImageCondition):
                raise ValueError(f"a condition is a {type(condition).__name__}; give ImageCondition or None")
        vectors, extents, labels, guides = self.network.stack(conditions, (x.shape[2], x.shape[3]))
        sigma = torch.full((len(x),), level.sigma / level.alpha, device=x.device)
        with mixed(self.precision, x.device):
            return self.network((x / level.alpha).float(), sigma, vectors, extents, labels, guides).to(x)
