"""What each stretch of a motion shows."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Segment:
    """A sentence and the frames it describes: `start` to `end`, end exclusive."""

    text: str
    start: int
    end: int


def check_segments(segments: Sequence[Segment], frames: int) -> None:
    """ValueError for segments that are empty, lie outside `frames` frames or are not ordered by start."""
    before = 0
    for i, segment in enumerate(segments):
        where = f"segment {i} ({segment.start} to {segment.end})"
        if not isinstance(segment.text, str):
            raise ValueError(f"{where} has a text of type {type(segment.text).__name__}: give a string")
        if any(isinstance(n, bool) or not isinstance(n, int) for n in (segment.start, segment.end)):
            raise ValueError(f"{where} has a start or end that is not a whole number: give frame numbers")
        if not 0 <= segment.start < segment.end <= frames:
            raise ValueError(f"{where} must satisfy 0 <= start < end <= {frames}, the frames of the motion")
        if segment.start < before:
            raise ValueError(f"{where} starts before the one ahead of it: order the segments by start")
        before = segment.start
