"""Where a loop's cycle ends: anywhere, where it began, or a turn further on."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter import features as representation
from mdm_adapter.data import Normalisation
from motioncollage.denoiser import Composed, NoiseLevel

PATHS = ("free", "in-place", "circular", "travelling")


@dataclass(frozen=True)
class LoopPath:
    """What a cycle's way must come to.

    Attributes:
        kind: `free` (as the model likes), `in-place` (back to the same place, facing the same way), `circular` (a
            given turn; with whole turns back to the same place) or `travelling` (anywhere, facing the same way).
        turn: degrees to the left in a cycle, of `circular`.
    """

    kind: str = "free"
    turn: float = 360.0

    def __post_init__(self) -> None:
        if self.kind not in PATHS:
            raise ValueError(f"path {self.kind!r} is unknown; choose one of {', '.join(PATHS)}")
        if not -3600 <= self.turn <= 3600 or self.turn == 0:
            raise ValueError(
                f"turn is {self.turn:g} degrees; give up to 3600 to the left, or below 0 to the right"
            )

    @property
    def angle(self) -> float | None:
        """Turn of a cycle in radians to the left; None where it is free."""
        if self.kind == "free":
            return None
        return math.radians(self.turn) if self.kind == "circular" else 0.0

    @property
    def closed(self) -> bool:
        """Whether the cycle ends where it began."""
        return self.kind == "in-place" or (self.kind == "circular" and self.turn % 360 == 0)

    def project(self, features: Tensor) -> Tensor:
        """The nearest features [..., T, 263] (not normalised) whose way is as asked: the error is shared by all frames.

        The yaw of a cycle is a sum of features, its way a sum of velocities turned by the heading, which is known once
        the yaw is: both corrections are orthogonal projections.
        """
        if self.angle is None:
            return features
        frames = features.shape[-2]
        # Features hold half of a turn to the right.
        half = features[..., 0]
        half = half + (-self.angle / 2 - half.sum(dim=-1, keepdim=True)) / frames
        planar = features[..., representation.PLANAR_VELOCITY]
        if self.closed:
            # A step is seen from the heading after it; in world coordinates it is turned back by it.
            facing = -2 * half.cumsum(dim=-1)
            steps = _turned(planar, facing)
            planar = planar + _turned((-steps.mean(dim=-2, keepdim=True)).expand_as(steps), -facing)
        return torch.cat((half[..., None], planar, features[..., 3:]), dim=-1)


def _turned(planar: Tensor, angle: Tensor) -> Tensor:
    """Vectors [..., 2] of (x, z) turned to the left, from z towards x."""
    x, z = planar.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos * x + sin * z, cos * z - sin * x), dim=-1)


@dataclass(frozen=True)
class OnPath:
    """A denoiser whose clean predictions [batch, T, 263] have the way that is asked for (algorithm 4 for a sum)."""

    denoiser: Composed
    path: LoopPath
    normalisation: Normalisation

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        clean = self.denoiser(x, level)
        return self.normalisation.apply(self.path.project(self.normalisation.undo(clean)))


def tile(features: Tensor, cycles: int) -> Tensor:
    """Features [samples, T, 263] of a loop played several times: [samples, cycles * T, 263]."""
    if cycles < 1:
        raise ValueError(f"tile is {cycles}; show at least 1 cycle")
    return features.repeat(1, cycles, 1)
