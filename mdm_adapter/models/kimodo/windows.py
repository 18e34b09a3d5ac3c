"""Where a window of a longer motion stands, and how motion is carried between its frame and the long motion's.

Training clips begin over the origin and carry their heading as a token. A window that begins at frame a of a long motion
is therefore the same motion moved by c, the smooth root's place over the ground at frame a, and never turned. On
normalised features that is a shift of two channels by c / s (s: the statistics' scale), and on features noised to
signal alpha a shift by alpha c / s; the noise is untouched, so carrying there and back is exact at every level. As the
shift is known only as far as the motion is, c comes from a clean prediction, and the same c is used both ways.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.representation import GROUND, HEADING, Representation
from mdm_adapter.models.kimodo.statistics import Statistics


@dataclass(frozen=True)
class Origin:
    """Where and facing which way windows begin.

    Attributes:
        ground: x and z of the first frame's smooth root [batch, 2], metres.
        heading: of the first frame [batch], radians.
    """

    ground: Tensor
    heading: Tensor

    @classmethod
    def of(cls, frame: Tensor) -> "Origin":
        """From features [batch, width] of a frame, not normalised; the heading need not be of length 1."""
        aside, facing = frame[..., HEADING].flip(-1).unbind(-1)
        return cls(frame[..., list(GROUND)], torch.atan2(aside, facing))

    @classmethod
    def at(cls, batch: int, *, ground: tuple[float, float] = (0.0, 0.0), heading: float = 0.0) -> "Origin":
        """The same for all samples of a batch."""
        place = torch.tensor(ground, dtype=torch.float64).expand(batch, 2)
        return cls(place, torch.full((batch,), heading, dtype=torch.float64))


def moved(normalised: Tensor, ground: Tensor, statistics: Statistics, *, signal: float = 1.0) -> Tensor:
    """Normalised features [batch, frames, width], noised to `signal`, moved over the ground by [batch, 2] metres.

    A window of a long motion is `moved(long, -c, ...)`; its prediction goes back by `moved(clean, c, ...)`.
    """
    channels = list(GROUND)
    shifted = normalised.clone()
    shifted[..., channels] += (
        signal * (ground.to(normalised) / statistics.scale[channels].to(normalised))[:, None]
    )
    return shifted


def turned(
    normalised: Tensor,
    angle: Tensor,
    ground: Tensor,
    representation: Representation,
    statistics: Statistics,
    *,
    signal: float = 1.0,
) -> Tensor:
    """As `moved`, after a turn to the left by angles [batch]: A x + alpha b with A = S^-1 R S.

    For measuring what a turn does. Windows are not turned: the scales of x and z differ, so turned white noise is not
    white any more.
    """
    mean = statistics.mean.to(normalised)
    scale = statistics.scale.to(normalised)
    # R is linear, so the mean, which belongs to the signal alone, is turned with it and taken out again.
    carried = representation.rotated(normalised * scale + signal * mean, angle.to(normalised))
    carried = (carried - signal * mean) / scale
    return moved(carried, ground, statistics, signal=signal)
