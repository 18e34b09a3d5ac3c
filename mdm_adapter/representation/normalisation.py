"""Mean and deviation that take features to a model's own space and back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.representation import features as layout
from motioncollage.files import load_numbers


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation [263] that take features to the model's space and back."""

    mean: Tensor
    std: Tensor

    def apply(self, motion: Tensor) -> Tensor:
        return (motion - self.mean) / self.std

    def undo(self, motion: Tensor) -> Tensor:
        return motion * self.std + self.mean

    def to(self, device: torch.device) -> "Normalisation":
        return Normalisation(self.mean.to(device), self.std.to(device))

    @classmethod
    def measure(cls, motions: Sequence[Tensor], chances: Tensor | None = None) -> "Normalisation":
        """Statistics of features [frames, 263] of a training split; as published, one deviation per group of numbers of a kind.

        Args:
            chances: how often each of them is drawn [motions], where that differs: a thousand clips of raised hands would
                make of a kick an outlier.
        """
        stacked = torch.cat(list(motions)).double()
        if chances is None:
            mean, std = stacked.mean(dim=0), stacked.std(dim=0)
        else:
            # A clip is drawn whole or nearly so; its frames share its chance.
            lengths = torch.tensor([len(motion) for motion in motions])
            frames = (chances.double() / lengths).repeat_interleave(lengths)
            frames = frames / frames.sum()
            mean = frames @ stacked
            std = (frames @ (stacked - mean).square()).sqrt()
        groups = (
            "YAW_VELOCITY",
            "PLANAR_VELOCITY",
            "ROOT_HEIGHT",
            "POSITIONS",
            "ROTATIONS",
            "VELOCITIES",
            "CONTACTS",
        )
        for group in groups:
            part = getattr(layout, group)
            std[part] = std[part].mean()
        return cls(mean.float(), std.float().clamp_min(1e-4))

    @classmethod
    def read(cls, folder: Path) -> "Normalisation":
        """From `Mean.npy` and `Std.npy` in a folder."""
        arrays = []
        for name in ("Mean.npy", "Std.npy"):
            if not (folder / name).exists():
                raise ValueError(
                    f"{folder / name} is missing; a HumanML3D folder and a checkpoint folder carry it"
                )
            array = load_numbers(folder / name)
            if array.shape != (layout.WIDTH,) or not np.isfinite(array).all():
                raise ValueError(f"{folder / name} has shape {array.shape}; expected 263 finite numbers")
            arrays.append(torch.from_numpy(array.astype(np.float32)))
        if not (arrays[1] > 0).all():
            raise ValueError(
                f"{folder / 'Std.npy'} holds numbers that are not above 0; copy the model's own file"
            )
        return cls(arrays[0], arrays[1])
