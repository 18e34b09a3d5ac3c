"""What the writers here see of a motion: one sample's joints, its captions, its seams, and how a loop goes on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.io.geometry import Floats
from mdm_adapter.segments import Segment, check_segments

MAX_FPS = 1000.0
MAX_FRAMES = 4_000_000
FARTHEST = 1e5  # metres


class MotionLike(Protocol):
    """What the writers need: `Motion` has it.

    joints: [samples, frames, 22, 3], metres, y up, SMPL order. fps: frames a second. segments: what each stretch
    of frames shows. Where there are `features` [samples, frames, 263] and `settings` that say "loop" and "pieces",
    as `Motion` has them, loops and seams are known too.
    """

    @property
    def joints(self) -> NDArray[np.float32]: ...
    @property
    def fps(self) -> float: ...
    @property
    def segments(self) -> Sequence[Segment]: ...


@dataclass(frozen=True)
class Cycle:
    """How a loop goes on: its frame after the last is its first, turned about y and moved.

    Attributes:
        turn: radians to the left.
        shift: metres (x, z) from where the root of the first frame is to where it is a cycle later.
    """

    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def closed(self) -> bool:
        """Does a cycle end where and as it began, to a tenth of a millimetre?"""
        turn = math.remainder(self.turn, 2 * math.pi)
        return abs(turn) < 1e-4 and math.hypot(*self.shift) < 1e-4


@dataclass(frozen=True, eq=False)
class MotionView:
    """One sample of a motion.

    Attributes:
        joints: float64 [frames, 22, 3], metres, y up.
        fps: frames a second.
        name: what files call it.
        segments: what each stretch of frames shows; `end` is exclusive.
        seams: frames at which pieces were joined.
        cycle: of a loop, how it goes on after its last frame; None for other motion.
    """

    joints: Floats
    fps: float
    name: str = "motion"
    segments: tuple[Segment, ...] = ()
    seams: tuple[int, ...] = ()
    cycle: Cycle | None = None

    def __post_init__(self) -> None:
        if self.joints.ndim != 3 or self.joints.shape[1:] != (22, 3) or len(self.joints) == 0:
            raise ValueError(f"joints are {list(self.joints.shape)}: give [frames >= 1, 22, 3]")
        sound = (np.abs(self.joints) < FARTHEST).all(axis=(1, 2))  # false for NaN as well
        if not sound.all():
            raise ValueError(
                f"joints of frame {int(np.argmin(sound))} are not finite, or 100 km away: sample the motion again"
            )
        if not (math.isfinite(self.fps) and 0 < self.fps <= MAX_FPS):
            raise ValueError(f"fps is {self.fps}: give a number above 0, at most {MAX_FPS:g}")
        check_segments(self.segments, len(self.joints))

    @property
    def label(self) -> str:
        """Its captions in one line, or its name."""
        return " | ".join(segment.text for segment in self.segments) or self.name


def views(motion: MotionLike, *, name: str = "motion") -> list[MotionView]:
    """The samples of a motion, called `name`, `name-2`, `name-3` and so on.

    Raises:
        ValueError: the motion breaks a rule of `MotionView`; one line.
    """
    joints = np.asarray(motion.joints)
    if joints.dtype.kind not in "fiu" or joints.ndim != 4:
        raise ValueError(
            f"joints are {joints.dtype} {list(joints.shape)}: give numbers [samples, frames, 22, 3]"
        )
    if len(joints) == 0:
        raise ValueError("joints have no samples: give at least one")
    settings = getattr(motion, "settings", None) or {}
    seams = _seams(settings, joints.shape[1])
    return [
        MotionView(
            joints=sample.astype(np.float64),
            fps=float(motion.fps),
            name=name if number == 0 else f"{name}-{number + 1}",
            segments=tuple(motion.segments),
            seams=seams,
            cycle=_cycle(motion, settings, number),
        )
        for number, sample in enumerate(joints)
    ]


def _cycle(motion: MotionLike, settings: dict[str, Any], number: int) -> Cycle | None:
    """Of a loop, what its features say about the frame after the last one."""
    features = getattr(motion, "features", None)
    if settings.get("loop") is not True or features is None:
        return None
    import torch

    from mdm_adapter.representation.named import meaning_of

    meaning = meaning_of(settings)
    width = getattr(meaning, "width", features.shape[-1])
    if meaning is None or meaning.way is None or features.shape[-1] != width:
        return None
    # Seen from where the first frame stands, in the axes of the joints.
    return Cycle(*meaning.way.arrival(torch.from_numpy(np.asarray(features[number], dtype=np.float64))))


def _seams(settings: dict[str, Any], frames: int) -> tuple[int, ...]:
    """Middles of the overlaps between pieces [[start, frames], ...]; of a loop also where its end meets its start."""
    pieces = settings.get("pieces")
    if not _whole_pairs(pieces):
        return ()
    following = [*pieces[1:]]
    if settings.get("loop") is True:
        following.append([pieces[0][0] + frames, pieces[0][1]])
    middles = {(start + (before + length)) // 2 for (before, length), (start, _) in zip(pieces, following)}
    return tuple(sorted({middle % frames for middle in middles}))


def _whole_pairs(value: Any) -> TypeGuard[list[list[int]]]:
    """Settings come out of files: believe only what has the right shape."""
    return isinstance(value, (list, tuple)) and all(
        isinstance(pair, (list, tuple))
        and len(pair) == 2
        and all(isinstance(number, int) and not isinstance(number, bool) for number in pair)
        for pair in value
    )
