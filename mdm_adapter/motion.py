"""What everything here makes, reads and writes: motions that share one text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motioncollage import plugins
from motioncollage.face import read


@dataclass(frozen=True)
class Segment:
    """A sentence and the frames it describes: `start` to `end`, end exclusive."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Motion:
    """Generated motions that share one text.

    Attributes:
        joints: float32 [samples, frames, 22, 3], metres, y up, left is +x for a body that faces +z.
        features: float32 [samples, frames, width], in the representation of the model that made them, not normalised.
        fps: frames per second.
        segments: what each stretch of frames shows, ordered by start; neighbours may overlap.
        settings: how the motion was made; JSON types only (a tuple comes back as a list).
    """

    joints: NDArray[np.float32]
    features: NDArray[np.float32]
    fps: float = 20.0
    segments: tuple[Segment, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def samples(self) -> int:
        """How many motions there are."""
        return len(self.joints)

    @property
    def frames(self) -> int:
        """Frames of each of them."""
        return int(self.joints.shape[1])

    @property
    def seconds(self) -> float:
        """How long each of them lasts."""
        return self.frames / self.fps

    def sample(self, number: int) -> "Motion":
        """One of the motions alone.

        Raises:
            ValueError: there is no such sample.
        """
        if not 0 <= number < self.samples:
            raise ValueError(f"sample {number} of {self.samples}; they count from 0")
        one = slice(number, number + 1)
        return Motion(self.joints[one], self.features[one], self.fps, self.segments, self.settings)

    def save(self, path: Path | str, *, force: bool = False, **options: Any) -> None:
        """Write the motion in the format that the name ends with; `motioncollage plugins` lists the endings.

        Args:
            path: such as `walk.npz`, `walk.mp4`, `walk.png`; formats that hold one motion get a file for each sample,
                `walk.mp4`, `walk-2.mp4` and so on.
            force: replace files that are there.
            options: of the writer.

        Raises:
            ValueError: an ending that no writer has.
            FileExistsError: a file is there and `force` is false.
        """
        write_motion(path, self, force=force, **options)


def write_motion(path: Path | str, motion: Motion, *, force: bool = False, **options: Any) -> list[Path]:
    """`Motion.save`; returns the files."""
    path = Path(path)
    ending = path.suffix.lower().lstrip(".")
    if not ending:
        raise ValueError(f"{path} has no ending; end it in one of {', '.join(plugins.available('writers'))}")
    writer: Writer = plugins.load("writers", ending)
    if writer.together or motion.samples == 1:
        targets = [(path, motion)]
    else:
        names = [path, *(path.with_stem(f"{path.stem}-{i + 1}") for i in range(1, motion.samples))]
        targets = [(name, motion.sample(i)) for i, name in enumerate(names)]
    for name, part in targets:
        writer.write(name, part, force=force, **options)
    return [name for name, _ in targets]


@dataclass(frozen=True)
class Writer:
    """What an entry point of `motioncollage.writers` names; the entry point's name is the ending of its files.

    Attributes:
        write: (path, motion, *, force, **options); writes under a temporary name and renames.
        together: whether one file holds all samples; otherwise each gets its own.
    """

    write: Any
    together: bool = False


def read_motion(path: Path | str) -> Motion:
    """`motioncollage.read`, as the value that this package makes."""
    motion = read(path)
    assert isinstance(motion, Motion)
    return motion


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
