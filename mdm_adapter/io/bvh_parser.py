"""The BVH text format as arrays, for files nobody vouches for.

One pass, line by line, with an explicit stack and a bound on everything that costs memory or time. Every
refusal is one line of text: file, line, value, remedy.
"""

import math
import stat
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAX_BYTES = 256 * 2**20
MAX_LINE = 1_000_000
MAX_JOINTS = 2_000
MAX_DEPTH = 500
MAX_FRAMES = 1_000_000

_CHANNELS = {f"{axis}{kind}".lower(): f"{axis}{kind}" for kind in ("position", "rotation") for axis in "XYZ"}
_TRUNCATED = "it is truncated: get a complete copy"


@dataclass(frozen=True, eq=False)
class BvhMotion:
    """A BVH file as arrays: J joints (with End Sites, as pseudo joints `<parent>_end`), F frames, C channels.

    names: J unique names in file order, so that a parent always comes before its children.
    parents: int64 [J], -1 for a root.
    offsets: float64 [J, 3], in file units.
    channels: for each joint its channels, "Xposition" to "Zrotation", in file order; () for an End Site.
    values: float64 [F, C], all channels in file order; positions in file units, angles in degrees.
    frame_time: seconds between two frames.
    """

    names: tuple[str, ...]
    parents: NDArray[np.int64]
    offsets: Floats
    channels: tuple[tuple[str, ...], ...]
    values: Floats
    frame_time: float

    @property
    def rotation_orders(self) -> tuple[str, ...]:
        """For each joint the axes of its rotations in file order, such as "ZXY"; "" where it has none."""
        return tuple("".join(c[0] for c in names if c.endswith("rotation")) for names in self.channels)

    @property
    def channel_starts(self) -> tuple[int, ...]:
        """For each joint the column of `values` where its channels begin."""
        return tuple(int(end) for end in np.cumsum([0, *map(len, self.channels)])[:-1])


@dataclass
class _Joint:
    """A joint whose braces are still being read."""

    name: str
    parent: int
    is_end: bool
    offset: list[float] | None = None
    channels: tuple[str, ...] | None = None


class _Reader:
    """Hands out tokens or lines of one file and knows where it is, for the error messages."""

    def __init__(self, label: str, stream: TextIO) -> None:
        self.label, self.stream, self.line = label, stream, 0
        self.tokens: deque[str] = deque()

    def fail(self, problem: str, remedy: str) -> NoReturn:
        raise ValueError(f"{self.label}, line {self.line}: {problem}; {remedy}")

    def next_line(self, wanted: str | None) -> str:
        """The next line that is not blank. At the end of the file "", or an error if a line is wanted."""
        while True:
            text = self.stream.readline(MAX_LINE + 1)
            if not text and wanted is not None:
                self.fail(f"the file ends where {wanted} should follow", _TRUNCATED)
            self.line += bool(text)
            if len(text) > MAX_LINE:
                self.fail(f"longer than {MAX_LINE} characters", "this is not a BVH text file")
            if not text or not text.isspace():
                return text.strip()

    def token(self, wanted: str) -> str:
        """The next token of the hierarchy; braces are tokens even when they touch a word."""
        while not self.tokens:
            self.tokens.extend(self.next_line(wanted).replace("{", " { ").replace("}", " } ").split())
        return self.tokens.popleft()

    def name(self) -> str:
        """The rest of the line up to a brace: some exporters write spaces inside names."""
        words = []
        while self.tokens and self.tokens[0] not in "{}":
            words.append(self.tokens.popleft())
        return " ".join(words)

    def number(self, token: str, what: str) -> float:
        try:
            value = float(token)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or "_" in token:
            remedy = "repair the value or export the file again"
            self.fail(f"{what} is {token[:40]!r}, not a finite number", remedy)
        return value

    def whole(self, token: str, what: str, low: int, high: int) -> int:
        # The length goes first: int() of very many digits is slow. isdecimal() alone takes other scripts.
        if not (len(token) <= 9 and token.isascii() and token.isdecimal() and low <= int(token) <= high):
            self.fail(f"{what} is {token[:40]!r}", f"it must be a whole number from {low} to {high}")
        return int(token)


def parse_bvh(path: str | Path) -> BvhMotion:
    """Read a BVH file into a `BvhMotion`, whose docstring has the shapes.

    Takes any channels of any joint in any order, several roots, blank lines, tabs, every line ending,
    keywords in any case, names with spaces or in any encoding. A frame is one line.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is not a complete BVH file of at most 256 MB, 2,000 joints, 500 levels and 1,000,000
            frames. One line, with the file, the line in it, the offending value and a remedy.
    """
    path = Path(path)
    label = path.name if path.name.isprintable() else ascii(path.name)
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{label}, line 0: not a regular file; pass the path of a .bvh file")
    if status.st_size > MAX_BYTES:
        problem = f"{status.st_size} bytes, more than {MAX_BYTES}"
        raise ValueError(f"{label}, line 0: {problem}; split the recording into shorter files")
    # backslashreplace keeps names in other encodings apart and printable; utf-8-sig drops a byte order mark.
    with path.open(encoding="utf-8-sig", errors="backslashreplace") as stream:
        reader = _Reader(label, stream)
        joints = _read_hierarchy(reader)
        channels = tuple(joint.channels or () for joint in joints)
        values, frame_time = _read_motion(reader, sum(map(len, channels)), status.st_size)
    parents = np.array([joint.parent for joint in joints], dtype=np.int64)
    offsets = np.array([joint.offset for joint in joints], dtype=np.float64)
    return BvhMotion(_unique_names(joints), parents, offsets, channels, values, frame_time)


def _read_hierarchy(reader: _Reader) -> list[_Joint]:
    """Everything up to and including the MOTION keyword; joints in file order."""
    joints: list[_Joint] = []
    stack: list[int] = []  # the joints whose braces are open
    seen: set[str] = set()
    if (word := reader.token("HIERARCHY")).lower() != "hierarchy":
        reader.fail(f"the file begins with {word[:40]!r}", "a BVH file begins with HIERARCHY")
    while True:
        word = reader.token("a closing brace" if stack else "MOTION")
        key = word.lower()
        if not stack:
            if key == "motion":
                break
            if key != "root":
                reader.fail(
                    f"{word[:40]!r} where ROOT or MOTION should be", "every brace closes once, then MOTION"
                )
            stack.append(_open_joint(reader, joints, -1, 0, seen, False))
            continue
        index = stack[-1]
        joint = joints[index]
        if key in ("joint", "end") and not joint.is_end:
            stack.append(_open_joint(reader, joints, index, len(stack), seen, key == "end"))
        elif key == "offset" and joint.offset is None:
            joint.offset = [reader.number(reader.token("a number"), f"OFFSET {axis}") for axis in "xyz"]
        elif key == "channels" and joint.channels is None and not joint.is_end:
            joint.channels = _read_channels(reader)
        elif key == "}":
            if joint.offset is None:
                reader.fail(f"{joint.name[:80]!r} has no OFFSET", "give every joint and End Site one")
            stack.pop()
        else:
            remedy = (
                "a joint holds one OFFSET, one CHANNELS, then its JOINTs or End Site, then a closing brace"
            )
            reader.fail(f"unexpected {word[:40]!r} inside {joint.name[:80]!r}", remedy)
    if not joints:
        reader.fail("MOTION before any ROOT", "the file holds no skeleton: export it again")
    return joints


def _open_joint(
    reader: _Reader, joints: list[_Joint], parent: int, depth: int, seen: set[str], is_end: bool
) -> int:
    """Read a joint's name and opening brace (ROOT, JOINT or End is already read); its index."""
    if is_end and (word := reader.token("Site")).lower() != "site":
        reader.fail(f"{word[:40]!r} after End", "write End Site")
    name = reader.name()  # after End Site some exporters write one: it is ignored
    if not is_end and (not name or name in seen):
        reader.fail(
            f"the joint name {name[:80]!r} is empty or used before", "give every joint a name of its own"
        )
    if (word := reader.token("an opening brace")) != "{":
        reader.fail(f"{word[:40]!r} where an opening brace should be", "write { after the joint's name")
    if len(joints) == MAX_JOINTS or depth == MAX_DEPTH:
        remedy = f"at most {MAX_JOINTS} joints and {MAX_DEPTH} levels are read: export fewer"
        reader.fail(f"joint number {len(joints) + 1} at level {depth + 1}", remedy)
    if not is_end:
        seen.add(name)
    joints.append(_Joint(joints[parent].name if is_end else name, parent, is_end))
    return len(joints) - 1


def _unique_names(joints: list[_Joint]) -> tuple[str, ...]:
    """Names with `<parent>_end` for End Sites; a number follows where that is taken."""
    seen = {joint.name for joint in joints if not joint.is_end}
    names = []
    for joint in joints:
        name, count = joint.name, 1
        while joint.is_end and (name == joint.name or name in seen):
            name = f"{joint.name}_end{count if count > 1 else ''}"
            count += 1
        seen.add(name)
        names.append(name)
    return tuple(names)


def _read_channels(reader: _Reader) -> tuple[str, ...]:
    count = reader.whole(reader.token("the number of channels"), "the number of CHANNELS", 0, len(_CHANNELS))
    found: list[str] = []
    for _ in range(count):
        word = reader.token("a channel")
        name = _CHANNELS.get(word.lower())
        if name is None or name in found:
            problem = f"{'repeated' if name else 'unknown'} channel {word[:40]!r}"
            reader.fail(problem, f"{count} different ones of {', '.join(_CHANNELS.values())} belong here")
        found.append(name)
    return tuple(found)


def _header_value(reader: _Reader, wanted: str) -> str:
    """The value of "Frames:" or "Frame Time:"; blanks, colon and case as one likes."""
    text = reader.next_line(wanted)
    *words, value = text.replace(":", " ").split() or [""]
    if "".join(words).lower() != wanted.replace(" ", "").lower():
        reader.fail(f"{text[:40]!r} where {wanted!r} should be", f"write {wanted}: and a number")
    return value


def _read_motion(reader: _Reader, width: int, size: int) -> tuple[Floats, float]:
    """The frames, float64 [F, width], and the frame time in seconds. size: bytes in the file."""
    if reader.tokens:
        reader.fail(f"{reader.tokens[0][:40]!r} after MOTION", "put Frames: on the next line")
    frames = reader.whole(_header_value(reader, "Frames"), "the number of frames", 1, MAX_FRAMES)
    frame_time = reader.number(_header_value(reader, "Frame Time"), "the frame time")
    if frame_time <= 0:
        reader.fail(
            f"the frame time is {frame_time}", "it must be positive, such as 0.0333333 (30 frames a second)"
        )
    if width == 0:
        reader.fail("the skeleton has no CHANNELS", "export the file again with its animation")
    # A value takes two bytes at least: refuse before allocating what a lying header asks for.
    if 2 * frames * width > size + 2:
        reader.fail(f"{frames} frames of {width} values cannot be in {size} bytes", _TRUNCATED)
    values = np.empty((frames, width))
    for frame in range(frames):
        text = reader.next_line(f"frame {frame} of {frames}")
        row = text.split()
        if len(row) != width:
            problem = f"frame {frame} ({row[0][:40]!r} ...) has {len(row)} values for {width} channels"
            reader.fail(
                problem, "the line is cut short or the hierarchy is another file's: get a complete copy"
            )
        try:
            values[frame] = [float(token) for token in row]
            good = "_" not in text and bool(np.isfinite(values[frame]).all())
        except ValueError:
            good = False
        if not good:  # look for the culprit only now: most lines are good
            for column, token in enumerate(row):
                reader.number(token, f"frame {frame}, value {column}")
    if text := reader.next_line(None):
        reader.fail(
            f"{text[:40]!r} after the last of {frames} frames", "set Frames to the number of lines below it"
        )
    return values, frame_time
