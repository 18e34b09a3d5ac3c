"""Where a loop's cycle ends: anywhere, where it began, or a turn further on."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arrival, onward
from mdm_adapter.representation.protocol import Representation

# Degrees a second: of a body that goes round without hurry, and more than any takes (the fastest second of the bundled
# model's recordings turns 207, in a dance).
USUAL_TURN, MOST_TURN = 90.0, 360.0

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
    def seconds(self) -> float:
        """The least that a cycle lasts where nobody says how long; 0 for what does not turn."""
        return abs(self.turn) / USUAL_TURN if self.kind == "circular" else 0.0

    def check(self, seconds: float) -> None:
        """Refuse a turn that no body makes in the time.

        Raises:
            ValueError: names the seconds that it would need.
        """
        if self.kind == "circular" and abs(self.turn) > MOST_TURN * seconds:
            least = math.ceil(abs(self.turn) / MOST_TURN * 10) / 10
            raise ValueError(
                f"a turn of {self.turn:g} degrees in {seconds:g} s is faster than {MOST_TURN:g} degrees a second;"
                f" give the cycle at least {least:g} s, {self.seconds:.1f} s at an easy pace"
            )

    @property
    def arrival(self) -> Arrival | None:
        """What the way of a cycle must come to; None where it is free."""
        if self.kind == "free":
            return None
        turn = math.radians(self.turn) if self.kind == "circular" else 0.0
        closed = self.kind == "in-place" or (self.kind == "circular" and self.turn % 360 == 0)
        return Arrival(turn, (0.0, 0.0) if closed else None)


def tile(features: Tensor, cycles: int, representation: Representation) -> Tensor:
    """Features [samples, T, width] of a loop played several times: [samples, cycles * T, width]."""
    if cycles < 1:
        raise ValueError(f"tile is {cycles}; show at least 1 cycle")
    parts = [features]
    for _ in range(cycles - 1):
        parts.append(onward(representation, parts[-1], features, 0))
    return torch.cat(parts, dim=1)
