"""What everything else knows of a representation: a value that is handed on, not constants in twenty files.

Models differ in how they write motion down: how many numbers a frame, how many frames a second, which joints. What
leaves and enters is always the 22 joints of `skeleton.JOINTS` in metres; the rest is the representation's own business.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor


class Way(Protocol):
    """How a body moves over the ground, read from and written into features.

    Turns are radians to the left, places metres (to the left, ahead), both seen from where the features start.
    """

    @property
    def columns(self) -> tuple[int, ...]:
        """Numbers of a frame that decide turn and place, which `along` gives."""
        ...

    def arrival(self, features: Tensor) -> tuple[float, tuple[float, float]]:
        """Turn and place of the frame after features [T, width]."""
        ...

    def project(
        self,
        features: Tensor,
        turn: float | None,
        place: tuple[float, float] | None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Features [..., T, width] nearest to those given whose way comes to a turn and a place (None: as it likes).

        Args:
            weights: [..., T] shares of the error that the frames take, summing to 1; by default `moving`.
        """
        ...

    def moving(self, features: Tensor) -> Tensor:
        """Shares [..., T] that sum to 1, larger where the body moves."""
        ...

    def along(self, path: Tensor, frames: int, pace: Tensor | None = None) -> Tensor:
        """What the `columns` are [frames, columns] on a path [points, 2] metres (x, z), facing ahead.

        Args:
            pace: [frames] above 0, speeds relative to one another; None for even speed.
        """
        ...


@runtime_checkable
class StandingWay(Protocol):
    """What a `Way` has besides where features hold places in the world instead of steps: motion must be put where it goes on."""

    def onward(self, before: Tensor, after: Tensor, gap: int) -> Tensor:
        """Features `after` [..., T, width], turned and moved to where features `before` [..., T', width] lead.

        Args:
            gap: frames between the two that are to be made; over them the body goes on between both speeds.
        """
        ...

    def lead_in(self, after: Tensor, gap: int) -> Tensor:
        """The frame [..., width] that stands where features [..., T, width] came from, `gap` frames before their first."""
        ...


@dataclass(frozen=True, eq=False)
class Body:
    """A moving skeleton of a model's own, for files that are to have it instead of our 22 joints.

    Attributes:
        joints, parents: names, and for each the number of the joint that it hangs on, -1 for the first.
        rest: the T-pose seen from the first joint [joints, 3], metres, y up, facing +z.
        rotations: against the parents [frames, joints, 3, 3].
        root: places of the first joint [frames, 3].
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    rest: Tensor
    rotations: Tensor
    root: Tensor


@runtime_checkable
class OwnBody(Protocol):
    """What a representation has besides whose bones are more than our 22 joints."""

    def body(self, features: Tensor) -> Body:
        """The body that features [T, width] move."""
        ...


class Representation(Protocol):
    """Numbers that a model writes motion down with; not normalised.

    Attributes:
        name: for messages and files.
        width: numbers a frame.
        fps: frames a second.
        way: how the body moves over the ground; None where the numbers do not say.
    """

    @property
    def name(self) -> str: ...

    @property
    def width(self) -> int: ...

    @property
    def fps(self) -> float: ...

    @property
    def way(self) -> Way | None: ...

    def to_joints(self, features: Tensor) -> Tensor:
        """Features [..., T, width] -> the 22 joints [..., T, 22, 3], metres, y up."""
        ...

    def from_joints(self, joints: Tensor) -> Tensor:
        """The 22 joints [T, 22, 3] at `fps` -> features [T' <= T, width]."""
        ...

    def columns(self, joint: int) -> list[slice]:
        """Where the numbers of one of the 22 joints stand in a frame; empty where they cannot be told apart."""
        ...
