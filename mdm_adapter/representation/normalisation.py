"""Mean and deviation that take features to a model's own space and back."""

from collections.abc import Callable, Sequence
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
    def measure(
        cls, motions: Sequence[Tensor], chances: Tensor | None = None,
        *, progress: Callable[[int, int], None] | None = None,
    ) -> "Normalisation":  # fmt: skip
        """Statistics of features [frames, 263] of a training split; as published, one deviation per group of numbers of a kind.

        Args:
            chances: how often each of them is drawn [motions], where that differs: a thousand clips of raised hands would
                make of a kick an outlier.
            progress: called with motions done and twice their number: they are looked through twice.
        """
        lengths = torch.tensor([len(motion) for motion in motions], dtype=torch.float64)
        # A clip is drawn whole or nearly so; its frames share its chance.
        shares = torch.ones_like(lengths) if chances is None else chances.double() / lengths
        total = (shares * lengths).sum()
        # One clip at a time: together, in double precision, they would take several times their own memory.
        mean = torch.zeros(motions[0].shape[1], dtype=torch.float64)
        tell = progress or (lambda done, total: None)
        for done, (motion, share) in enumerate(zip(motions, shares, strict=True)):
            tell(done, 2 * len(motions))
            mean += motion.double().sum(dim=0) * (share / total)
        squares = torch.zeros_like(mean)
        for done, (motion, share) in enumerate(zip(motions, shares, strict=True), len(motions) + 1):
            tell(done, 2 * len(motions))
            squares += (motion.double() - mean).square().sum(dim=0) * (share / total)
        if chances is None:
            squares *= total / (total - 1)
        std = squares.sqrt()
        std = share_deviations(std)
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


def share_deviations(std: Tensor) -> Tensor:
    """Deviations [263] as published: one, their mean, for all numbers of a kind."""
    shared = std.clone()
    for part in (
        layout.YAW_VELOCITY, layout.PLANAR_VELOCITY, layout.ROOT_HEIGHT, layout.POSITIONS, layout.ROTATIONS,
        layout.VELOCITIES, layout.CONTACTS,
    ):  # fmt: skip
        shared[part] = std[part].mean()
    return shared
