"""Where a stretch of motion ends: a turn and a place, as sums over its features, and denoisers that keep to them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter import features as representation
from mdm_adapter.data import Normalisation
from motioncollage.denoiser import Composed, NoiseLevel


@dataclass(frozen=True)
class Arrival:
    """What the way of a stretch must come to, seen from where it starts.

    Attributes:
        turn: radians to the left; None where it is free.
        place: metres to the left and ahead; None where it is free.
    """

    turn: float | None = None
    place: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        numbers = [] if self.turn is None else [self.turn]
        if not all(math.isfinite(number) for number in (*numbers, *(self.place or ()))):
            raise ValueError(
                f"turn {self.turn} and place {self.place} must be finite; give radians and metres"
            )

    @classmethod
    def of(cls, features: Tensor) -> "Arrival":
        """What the way of features [T, 263] (not normalised) comes to: the frame after them, seen from the first."""
        features = features.double()
        facing = -2 * features[..., 0].cumsum(dim=-1)
        place = turned(features[..., representation.PLANAR_VELOCITY], facing).sum(dim=-2)
        return cls(float(facing[-1]), (float(place[0]), float(place[1])))

    def project(self, features: Tensor, weights: Tensor | None = None) -> Tensor:
        """Features [..., T, 263] (not normalised) whose way is as asked; the frames share the error.

        The yaw of a stretch is a sum of features, its way a sum of velocities turned by the heading, which is known once
        the yaw is. Shared evenly, both corrections are orthogonal projections.

        Args:
            weights: [T] shares that sum to 1; even by default.
        """
        frames = features.shape[-2]
        share = features.new_full((frames,), 1 / frames) if weights is None else weights.to(features)
        # Features hold half of a turn to the right.
        half = features[..., 0]
        if self.turn is not None:
            half = half + (-self.turn / 2 - half.sum(dim=-1, keepdim=True)) * share
        planar = features[..., representation.PLANAR_VELOCITY]
        if self.place is not None:
            # A step is seen from the heading after it; in world coordinates it is turned back by it.
            facing = -2 * half.cumsum(dim=-1)
            missing = planar.new_tensor(self.place) - turned(planar, facing).sum(dim=-2)
            planar = planar + turned(missing[..., None, :] * share[:, None], -facing)
        return torch.cat((half[..., None], planar, features[..., 3:]), dim=-1)


def turned(planar: Tensor, angle: Tensor) -> Tensor:
    """Vectors [..., 2] of (x, z), x to the left of z, turned to the left by angles [...]."""
    x, z = planar.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos * x + sin * z, cos * z - sin * x), dim=-1)


def smooth_shares(frames: int) -> Tensor:
    """Shares [frames] that sum to 1 and vanish at both ends, so that a correction begins and ends unseen."""
    place = (torch.arange(frames, dtype=torch.float64) + 0.5) / frames
    weights = (torch.pi * place).sin().square()
    return weights / weights.sum()


@dataclass(frozen=True)
class Arriving:
    """A denoiser whose clean predictions [batch, T, 263] arrive as asked (algorithm 4 for a sum).

    Attributes:
        span: frames whose way it is, from the first to before the last.
    """

    denoiser: Composed
    arrival: Arrival
    normalisation: Normalisation
    span: tuple[int, int]

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        start, end = self.span
        clean = self.denoiser(x, level)
        stretch = self.arrival.project(self.normalisation.undo(clean[:, start:end]))
        return torch.cat((clean[:, :start], self.normalisation.apply(stretch), clean[:, end:]), dim=1)
