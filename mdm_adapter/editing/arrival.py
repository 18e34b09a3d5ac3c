"""Where a stretch of motion ends, a turn and a place, and a denoiser that keeps to them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.protocol import MotionModel
from mdm_adapter.representation.protocol import Representation, StandingWay, Way
from motioncollage.collage.denoiser import Composed, NoiseLevel


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
    def of(cls, features: Tensor, representation: Representation) -> "Arrival":
        """What the way of features [T, width] comes to: the frame after them, seen from the first."""
        return cls(*way_of(representation).arrival(features))

    def project(
        self, features: Tensor, representation: Representation, weights: Tensor | None = None
    ) -> Tensor:
        """Features [..., T, width] (not normalised) whose way is as asked; the frames share the error (`Way.project`)."""
        return way_of(representation).project(features, self.turn, self.place, weights)


def way_of(representation: Representation) -> Way:
    """How bodies move over the ground in a representation.

    Raises:
        ValueError: its numbers do not say.
    """
    if representation.way is None:
        raise ValueError(
            f"{representation.name} features do not say how the body moves over the ground; paths and places need that"
        )
    return representation.way


def onward(representation: Representation, before: Tensor, after: Tensor, gap: int) -> Tensor:
    """Features `after` [T, width] as they go on `gap` frames behind `before` [T', width].

    Features that hold steps go on wherever they stand; those that hold places are put there.
    """
    way = representation.way
    return way.onward(before, after, gap) if isinstance(way, StandingWay) else after


def lead_in(representation: Representation, after: Tensor, gap: int) -> Tensor | None:
    """A frame [width] that stands where features [T, width] came from; None where features hold no places."""
    way = representation.way
    return way.lead_in(after, gap) if isinstance(way, StandingWay) else None


def eased(shares: Tensor) -> Tensor:
    """Shares [..., T] made to vanish at both ends, so that a correction begins and ends unseen."""
    frames = shares.shape[-1]
    place = (torch.arange(frames, dtype=shares.dtype, device=shares.device) + 0.5) / frames
    weights = shares * (torch.pi * place).sin().square()
    return weights / weights.sum(dim=-1, keepdim=True)


@dataclass(frozen=True)
class Arriving:
    """A denoiser whose clean predictions [batch, T, width] arrive as asked (algorithm 4 for a sum).

    Attributes:
        span: frames whose way it is, from the first to before the last.
    """

    denoiser: Composed
    arrival: Arrival
    model: MotionModel
    span: tuple[int, int]

    def __call__(self, x: Tensor, level: NoiseLevel) -> Tensor:
        start, end = self.span
        clean = self.denoiser(x, level)
        stretch = self.model.denormalise(clean[:, start:end])
        stretch = self.arrival.project(stretch, self.model.representation)
        return torch.cat((clean[:, :start], self.model.normalise(stretch), clean[:, end:]), dim=1)
