"""Means and deviations of Kimodo's features, in the three groups that a checkpoint folder carries."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.representation import LOCAL_ROOT_WIDTH, ROOT_WIDTH

EPSILON = 1e-5  # added to the variance, as published: deviations of 0 do no harm
GROUPS = ("global_root", "local_root", "body")


@dataclass(frozen=True)
class Statistics:
    """Normalised = (features - mean) / sqrt(deviation^2 + 1e-5), channel by channel.

    Attributes:
        mean, std: of the features [width], root first.
        local_mean, local_std: of the local root [4], which only the network sees.
    """

    mean: Tensor
    std: Tensor
    local_mean: Tensor
    local_std: Tensor

    @classmethod
    def of_groups(cls, groups: Mapping[str, tuple[Tensor, Tensor]]) -> "Statistics":
        """From (mean, std) of `GROUPS`.

        Raises:
            ValueError: a group is missing or has numbers that make no statistics.
        """
        for name in GROUPS:
            if name not in groups:
                raise ValueError(
                    f"statistics lack the group {name}; give mean and std of {', '.join(GROUPS)}"
                )
            mean, std = groups[name]
            if mean.ndim != 1 or mean.shape != std.shape:
                raise ValueError(
                    f"{name} has a mean of shape {list(mean.shape)} and a std of {list(std.shape)}; give [channels] each"
                )
            if not (torch.isfinite(mean).all() and torch.isfinite(std).all() and (std >= 0).all()):
                raise ValueError(
                    f"{name} has numbers that are not finite, or deviations below 0; copy it again"
                )
        for name, width in (("global_root", ROOT_WIDTH), ("local_root", LOCAL_ROOT_WIDTH)):
            if len(groups[name][0]) != width:
                raise ValueError(f"{name} has {len(groups[name][0])} channels, not {width}; copy it again")
        root, local, body = (groups[name] for name in GROUPS)
        return cls(torch.cat((root[0], body[0])), torch.cat((root[1], body[1])), local[0], local[1])

    @classmethod
    def identity(cls, width: int) -> "Statistics":
        """Statistics that change features of a width only by the epsilon's rounding: for networks of one's own."""
        zero, one = torch.zeros(width), torch.ones(width)
        return cls(zero, one, zero[:LOCAL_ROOT_WIDTH], one[:LOCAL_ROOT_WIDTH])

    @property
    def width(self) -> int:
        return len(self.mean)

    @property
    def scale(self) -> Tensor:
        """What normalised numbers are multiplied by [width]."""
        return (self.std.square() + EPSILON).sqrt()

    @property
    def local_scale(self) -> Tensor:
        return (self.local_std.square() + EPSILON).sqrt()

    def apply(self, features: Tensor) -> Tensor:
        """Normalised features [..., width], or root features [..., 5]."""
        count = features.shape[-1]
        return (features - self.mean[:count].to(features)) / self.scale[:count].to(features)

    def undo(self, normalised: Tensor) -> Tensor:
        """Features from normalised ones [..., width], or root features from [..., 5]."""
        count = normalised.shape[-1]
        return normalised * self.scale[:count].to(normalised) + self.mean[:count].to(normalised)

    def apply_local(self, local_root: Tensor) -> Tensor:
        """Normalised local root [..., 4]."""
        return (local_root - self.local_mean.to(local_root)) / self.local_scale.to(local_root)

    def to(self, device: torch.device | str) -> "Statistics":
        parts = (self.mean, self.std, self.local_mean, self.local_std)
        return Statistics(*(part.to(device) for part in parts))
