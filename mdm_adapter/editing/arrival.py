"""Where a stretch of motion ends: a turn and a place, as sums over its features, and denoisers that keep to them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.data.datasets import Normalisation
from mdm_adapter.representation import features as representation
from motioncollage.collage.denoiser import Composed, NoiseLevel

STILL = 0.005  # metres per frame that count as standing
SMOOTHED = 11  # frames


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
        the yaw is.

        Args:
            weights: [..., T] shares that sum to 1; by default frames take part as they move (`moving_shares`).
        """
        share = moving_shares(features) if weights is None else weights.to(features)
        # Features hold half of a turn to the right.
        half = features[..., 0]
        if self.turn is not None:
            half = half + (-self.turn / 2 - half.sum(dim=-1, keepdim=True)) * share
        planar = features[..., representation.PLANAR_VELOCITY]
        if self.place is not None:
            # A step is seen from the heading after it; in world coordinates it is turned back by it.
            facing = -2 * half.cumsum(dim=-1)
            missing = planar.new_tensor(self.place) - turned(planar, facing).sum(dim=-2)
            planar = planar + turned(missing[..., None, :] * share[..., None], -facing)
        return torch.cat((half[..., None], planar, features[..., 3:]), dim=-1)


def turned(planar: Tensor, angle: Tensor) -> Tensor:
    """Vectors [..., 2] of (x, z), x to the left of z, turned to the left by angles [...]."""
    x, z = planar.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos * x + sin * z, cos * z - sin * x), dim=-1)


def moving_shares(features: Tensor) -> Tensor:
    """Shares [..., T] that sum to 1 in proportion to the speed of the root: steps grow or shrink, who stands still stays.

    Shared evenly, a body that walks and then waves would glide while it waves.
    """
    speed = features[..., representation.PLANAR_VELOCITY].norm(dim=-1)
    kernel = min(SMOOTHED, speed.shape[-1] // 2 * 2 - 1)
    even = torch.nn.functional.avg_pool1d(
        speed.reshape(-1, 1, speed.shape[-1]), kernel, stride=1, padding=kernel // 2, count_include_pad=False
    )
    weights = even.reshape(speed.shape).square() + STILL**2
    return weights / weights.sum(dim=-1, keepdim=True)


def eased(shares: Tensor) -> Tensor:
    """Shares [..., T] made to vanish at both ends, so that a correction begins and ends unseen."""
    frames = shares.shape[-1]
    place = (torch.arange(frames, dtype=shares.dtype, device=shares.device) + 0.5) / frames
    weights = shares * (torch.pi * place).sin().square()
    return weights / weights.sum(dim=-1, keepdim=True)


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
