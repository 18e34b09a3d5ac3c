"""The BVH parser on good, odd and broken files; kinematics against an independent one; import in metres."""

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paths import FIXTURES
from scipy.spatial.transform import Rotation

from mdm_adapter.io import bvh_parser
from mdm_adapter.io.bvh_reader import (
    BvhMotion,
    at_rate,
    import_bvh,
    parse_bvh,
    world_positions,
)

ARM = """HIERARCHY
ROOT base
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
  JOINT tip
  {
    OFFSET 0 0 2
    CHANNELS 3 Xrotation Yrotation Zrotation
    End Site
    {
      OFFSET 0 3 0
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.05
1 2 3 0 0 0 0 0 0
1 2 3 90 90 0 0 0 90
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples of a property: hypothesis does not reset function fixtures."""
    return tmp_path_factory.mktemp("bvh")


def written(folder: Path, text: str | bytes, name: str = "file.bvh") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(path: Path) -> str:
    """The message with which a file is refused: one line that begins with the file and a line number."""
    with pytest.raises(ValueError, match=r"line \d+: .*; ") as caught:
        parse_bvh(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{path.name}, line ")
    return message


# ------------------------------------------------------------ random hierarchies

number = st.floats(-200, 200).map(lambda value: round(value, 5))
CHANNELS = [f"{axis}{kind}" for axis in "XYZ" for kind in ("position", "rotation")]


@st.composite
def motions(draw: st.DrawFn) -> BvhMotion:
    """A motion with any tree, End Sites anywhere, and any channels in any order on any joint."""
    names: list[str] = []
    parents: list[int] = []
    channels: list[tuple[str, ...]] = []

    def grow(parent: int, depth: int) -> None:
        index = len(names)
        names.append(f"Joint {index}" if draw(st.booleans()) else f"j:{index}")
        parents.append(parent)
        some = draw(st.lists(st.sampled_from(CHANNELS), unique=True, max_size=6))
        channels.append(tuple(some) or ("Zrotation",) * (index == 0))
        for _ in range(draw(st.integers(0, 3 if depth < 3 and len(names) < 9 else 0))):
            grow(index, depth + 1)
        if draw(st.booleans()):
            names.append(f"{names[index]}_end")
            parents.append(index)
            channels.append(())

    for _ in range(draw(st.integers(1, 2))):
        grow(-1, 0)
    width, frames = sum(map(len, channels)), draw(st.integers(1, 3))
    numbers = draw(st.lists(number, min_size=3 * len(names), max_size=3 * len(names)))
    values = draw(st.lists(number, min_size=frames * width, max_size=frames * width))
    return BvhMotion(
        tuple(names),
        np.array(parents),
        np.reshape(numbers, (-1, 3)).astype(float),
        tuple(channels),
        np.reshape(values, (frames, width)).astype(float),
        draw(st.sampled_from([0.0083333, 1 / 30, 0.5, 1e-5])),
    )


def text_of(motion: BvhMotion, style: int = 0) -> str:
    """The motion as BVH text. The bits of style choose line ends, case, tabs and where braces stand."""
    newline = "\r\n" if style & 1 else "\n"
    key = str.lower if style & 2 else str
    blank = "\t" if style & 4 else " "
    brace = " {" if style & 8 else newline + "{"
    lines = [key("HIERARCHY")]

    def joint(index: int) -> None:
        end = motion.names[index].endswith("_end")
        kind = "End Site" if end else ("JOINT " if motion.parents[index] >= 0 else "ROOT ")
        lines.append(key(kind) + ("" if end else motion.names[index]) + brace)
        lines.append(blank + key("OFFSET") + blank + blank.join(map(repr, motion.offsets[index].tolist())))
        if motion.channels[index] or (not end and style & 16):
            names = blank.join([str(len(motion.channels[index])), *map(key, motion.channels[index])])
            lines.append(key("CHANNELS") + blank + names)
        for child in np.flatnonzero(motion.parents == index):
            joint(int(child))
        lines.append(blank + "}")

    for root in np.flatnonzero(motion.parents < 0):
        joint(int(root))
    spelling = ("Frame Time: ", "frame time:\t", "FRAMETIME:", "Frame  Time : ")[style % 4]
    lines += [
        key("MOTION"),
        key("Frames:") + blank + str(len(motion.values)),
        f"{spelling}{motion.frame_time!r}",
    ]
    lines += [blank.join(map(repr, row)) + blank * (style & 1) for row in motion.values.tolist()]
    return newline.join(lines) + (newline * 2 if style & 4 else "")


def slow_positions(motion: BvhMotion) -> np.ndarray:
    """Forward kinematics a second time: recursive, joint by joint and frame by frame, rotations by scipy."""
    out = np.zeros((len(motion.values), len(motion.names), 3))
    at = {}
    column = 0
    for j, names in enumerate(motion.channels):
        for name in names:
            at[j, name] = motion.values[:, column]
            column += 1

    def translation(j: int, f: int) -> np.ndarray:
        moving = [axis for axis in range(3) if (j, "XYZ"[axis] + "position") in at]
        tracks = np.array([at[j, "XYZ"[axis] + "position"] for axis in moving]).reshape(
            len(moving), len(motion.values)
        )
        mean, rest = tracks.mean(axis=1), motion.offsets[j][moving]
        replaces = np.linalg.norm(mean - rest) <= np.linalg.norm(mean)
        step = motion.offsets[j].copy()
        step[moving] = tracks[:, f] + (0 if replaces else rest)
        return step

    def visit(j: int, f: int, origin: np.ndarray, turn: Rotation) -> None:
        out[f, j] = origin + turn.apply(translation(j, f))
        for name in motion.channels[j]:
            if name.endswith("rotation"):
                turn = turn * Rotation.from_euler(name[0], at[j, name][f], degrees=True)
        for child in np.flatnonzero(motion.parents == j):
            visit(int(child), f, out[f, j], turn)

    for f in range(len(motion.values)):
        for root in np.flatnonzero(motion.parents < 0):
            visit(int(root), f, np.zeros(3), Rotation.identity())
    return out


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(motion=motions(), style=st.integers(0, 31))
def test_written_and_read_back_is_identical(folder: Path, motion: BvhMotion, style: int) -> None:
    read = parse_bvh(written(folder, text_of(motion, style)))
    assert read.names == motion.names
    assert read.channels == motion.channels
    assert read.frame_time == motion.frame_time
    for field in ("parents", "offsets", "values"):
        np.testing.assert_array_equal(getattr(read, field), getattr(motion, field))
    assert read.offsets.dtype == read.values.dtype == np.float64


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(motion=motions(), data=st.data())
def test_forward_kinematics_equals_the_slow_one(motion: BvhMotion, data: st.DataObject) -> None:
    expected = slow_positions(motion)
    np.testing.assert_allclose(world_positions(motion), expected, atol=1e-9)
    some = data.draw(st.lists(st.integers(0, len(motion.names) - 1), max_size=4))
    np.testing.assert_allclose(world_positions(motion, some), expected[:, some], atol=1e-9)


def survives(path: Path) -> None:
    """A file either parses to something consistent or is refused with one line: never anything else."""
    message = ""
    try:
        motion = parse_bvh(path)
    except ValueError as error:
        message = str(error)
    assert "\n" not in message
    if message:
        return
    assert motion.values.shape[1] == sum(map(len, motion.channels))
    assert np.isfinite(motion.values).all()
    assert all(-1 <= parent < j for j, parent in enumerate(motion.parents))
    assert len(set(motion.names)) == len(motion.names)


TOKENS = ["nan", "-inf", "1e999", "x", "{", "}", "-1", "0", "99999999999", "1_0", "End", "ROOT", "\x00", "٣"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(motion=motions(), style=st.integers(0, 31), data=st.data())
def test_damaged_files_parse_or_raise_value_error(
    folder: Path, motion: BvhMotion, style: int, data: st.DataObject
) -> None:
    text = text_of(motion, style)
    damage = data.draw(st.sampled_from(["cut", "token", "byte", "line"]))
    if damage == "token":
        spans = [match.span() for match in re.finditer(r"\S+", text)]
        start, stop = data.draw(st.sampled_from(spans))
        text = text[:start] + data.draw(st.sampled_from(TOKENS)) + text[stop:]
    elif damage == "line":
        lines = text.splitlines()
        where = data.draw(st.integers(0, len(lines) - 1))
        other = lines[data.draw(st.integers(0, len(lines) - 1))]
        lines[where : where + data.draw(st.integers(0, 1))] = data.draw(st.sampled_from([[], [other]]))
        text = "\n".join(lines)
    raw = text.encode()
    if damage == "cut":
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    if damage == "byte":
        where = data.draw(st.integers(0, len(raw) - 1))
        raw = raw[:where] + bytes([data.draw(st.integers(0, 255))]) + raw[where + 1 :]
    survives(written(folder, raw))


def test_every_prefix_of_a_file_parses_or_raises_value_error(tmp_path: Path) -> None:
    whole = ARM.encode()
    for length in range(len(whole)):
        survives(written(tmp_path, whole[:length]))


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=300))
def test_any_bytes_parse_or_raise_value_error(folder: Path, raw: bytes) -> None:
    survives(written(folder, raw))
    survives(written(folder, b"HIERARCHY\nROOT a\n{\n" + raw))


# ------------------------------------------------------------ one by one


def test_closed_form_kinematics(tmp_path: Path) -> None:
    motion = parse_bvh(written(tmp_path, ARM))
    assert motion.names == ("base", "tip", "tip_end")
    assert motion.rotation_orders == ("ZXY", "XYZ", "")
    assert motion.channel_starts == (0, 6, 9)
    positions = world_positions(motion)
    np.testing.assert_allclose(positions[0], [[1, 2, 3], [1, 2, 5], [1, 5, 5]], atol=1e-12)
    # tip: Rz Rx (0, 0, 2) = Rz (0, -2, 0) = (2, 0, 0)
    # end: Rz Rx Rz (0, 3, 0) = Rz Rx (-3, 0, 0) = Rz (-3, 0, 0) = (0, -3, 0)
    np.testing.assert_allclose(positions[1], [[1, 2, 3], [3, 2, 3], [3, -1, 3]], atol=1e-12)


def test_kinematics_in_chunks_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    motion = parse_bvh(FIXTURES / "bvh" / "daz.bvh")
    motion = replace(motion, values=np.tile(motion.values, (3, 1)))
    whole = world_positions(motion)
    monkeypatch.setattr("mdm_adapter.io.bvh_reader._CHUNK", 1)
    np.testing.assert_array_equal(world_positions(motion), whole)


def test_position_channels_replace_or_add() -> None:
    offsets, channels = np.array([[0.0, 90.0, 0.0]]), (("Xposition", "Yposition", "Zposition"),)
    parents = np.array([-1])
    absolute = BvhMotion(("a",), parents, offsets, channels, np.array([[5.0, 91.0, 300.0]]), 0.1)
    np.testing.assert_allclose(world_positions(absolute)[0, 0], [5, 91, 300])
    relative = replace(absolute, values=np.array([[5.0, 1.0, 300.0]]))
    np.testing.assert_allclose(world_positions(relative)[0, 0], [5, 91, 300])


def test_odd_but_good_files(tmp_path: Path) -> None:
    odd = ARM.replace("JOINT tip", "joint  Bip01 L   Hand").replace("End Site", "End Site ignored")
    odd = "\ufeff" + odd.replace("OFFSET 0 0 0\n", "\n\nOFFSET\n0 0\n0 ").replace("\n", "\r\n")
    assert parse_bvh(written(tmp_path, odd)).names == ("base", "Bip01 L Hand", "Bip01 L Hand_end")
    assert parse_bvh(written(tmp_path, ARM.replace("\n", "\r"))).values.shape == (2, 9)
    japanese = ARM.encode().replace(b"tip", "先端".encode("shift-jis"))
    assert parse_bvh(written(tmp_path, japanese)).names[1].isprintable()
    one_line = ARM[: ARM.index("MOTION")].replace("base", "base {").replace("\n{", "", 1)
    assert len(parse_bvh(written(tmp_path, one_line + ARM[ARM.index("MOTION") :])).names) == 3


def test_end_sites_give_way_to_real_joints(tmp_path: Path) -> None:
    twice = "End Site\n{\nOFFSET 0 3 0\n}\n"
    text = ARM.replace("End Site", f"{twice}JOINT tip_end\n{{\nOFFSET 1 0 0\n}}\nEnd Site")
    names = parse_bvh(written(tmp_path, text)).names
    assert names == ("base", "tip", "tip_end2", "tip_end", "tip_end3")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("HIERARCHY", "HIERARCHIE", 1, "'HIERARCHIE'"),
        ("ROOT", "JOINT", 2, "'JOINT'"),
        ("base", "", 2, "''"),
        ("tip", "base", 6, "'base'"),
        ("OFFSET 0 0 2", "OFFSET 0 nan 2", 8, "OFFSET y is 'nan'"),
        ("OFFSET 0 0 2", "OFFSET 0 2", 9, "'CHANNELS'"),
        ("OFFSET 0 0 2", "", 14, "'tip' has no OFFSET"),
        ("CHANNELS 3 X", "CHANNELS 4 X", 10, "'End'"),
        ("CHANNELS 3 X", "CHANNELS 2 X", 9, "unexpected 'Zrotation'"),
        ("CHANNELS 3 X", "CHANNELS 7 X", 9, "'7'"),
        ("CHANNELS 3 Xrotation", "CHANNELS 3 Wrotation", 9, "unknown channel 'Wrotation'"),
        ("CHANNELS 3 Xrotation", "CHANNELS 3 Yrotation", 9, "repeated channel 'Yrotation'"),
        ("End Site", "End Sight", 10, "'Sight'"),
        ("}\nMOTION", "MOTION", 15, "'MOTION'"),
        ("}\nMOTION", "}\n}\nMOTION", 16, "'}'"),
        ("MOTION\n", "", 16, "'Frames:'"),
        ("Frames: 2", "Frames: two", 17, "'two'"),
        ("Frames: 2", "Frames: 0", 17, "'0'"),
        ("Frames: 2", "Frames: -2", 17, "'-2'"),
        ("Frames: 2", "Frames: 1000001", 17, "'1000001'"),
        ("Frames: 2", "Frames: 1000000", 18, "1000000 frames of 9 values"),
        ("Frames: 2", "Frames: 3", 20, "frame 2 of 3"),
        ("Frames: 2", "Frames: 1", 20, "after the last of 1 frames"),
        ("Frames: 2\n", "", 17, "'Frame Time: 0.05'"),
        ("Time: 0.05", "Time: 0", 18, "0.0"),
        ("Time: 0.05", "Time: -0.05", 18, "-0.05"),
        ("Time: 0.05", "Time: inf", 18, "'inf'"),
        ("Time: 0.05", "Time: 0,05", 18, "'0,05'"),
        ("1 2 3 90", "1 2 3 x", 20, "frame 1, value 3 is 'x'"),
        ("1 2 3 90", "1 2 3 NaN", 20, "'NaN'"),
        ("1 2 3 90", "1 2 3 1_0", 20, "'1_0'"),
        ("1 2 3 90", "1 2 3", 20, "8 values for 9 channels"),
    ],
)
def test_refusals_name_line_and_value(tmp_path: Path, old: str, new: str, line: int, said: str) -> None:
    assert old in ARM
    message = refusal(written(tmp_path, ARM.replace(old, new, 1)))
    assert f"line {line}: " in message
    assert said in message


def test_a_hierarchy_without_joints_or_channels_is_refused(tmp_path: Path) -> None:
    assert "MOTION before any ROOT" in refusal(written(tmp_path, "HIERARCHY\nMOTION\nFrames: 1\n"))
    still = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n}\nMOTION\nFrames: 1\nFrame Time: 1\n0\n"
    assert "no CHANNELS" in refusal(written(tmp_path, still))
    assert "begins with" in refusal(written(tmp_path, "BVH"))
    assert "file ends" in refusal(written(tmp_path, ""))


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = "HIERARCHY\n" + "".join(
        f"{'JOINT' if n else 'ROOT'} j{n}\n{{\nOFFSET 0 0 0\n" for n in range(3000)
    )
    assert "level 501" in refusal(written(tmp_path, deep))
    wide = "HIERARCHY\nROOT r\n{\nOFFSET 0 0 0\n" + "".join(
        f"JOINT j{n} {{ OFFSET 0 0 0 }}\n" for n in range(3000)
    )
    assert "joint number 2001" in refusal(written(tmp_path, wide))
    assert "longer than" in refusal(written(tmp_path, "HIERARCHY " + " " * 1_100_000))
    monkeypatch.setattr(bvh_parser, "MAX_BYTES", 100)
    assert "more than 100" in refusal(written(tmp_path, ARM))


def test_what_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        parse_bvh(tmp_path / "absent.bvh")
    assert "not a regular file" in refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe.bvh")
    assert "not a regular file" in refusal(tmp_path / "pipe.bvh")


# ------------------------------------------------------------ from frames to metres


def test_resample_takes_exact_times() -> None:
    line = np.arange(10.0)[:, None, None] * np.ones((22, 3))
    for frame_time, fps in ((1 / 30, 20.0), (1 / 120, 20.0), (0.1, 25.0), (0.0333333, 20.0)):
        got = at_rate(line, frame_time, fps)[:, 0, 0]
        assert len(got) == int(9 * frame_time * fps + 1e-3) + 1
        np.testing.assert_allclose(got, np.minimum(np.arange(len(got)) / fps / frame_time, 9), atol=1e-9)
    np.testing.assert_array_equal(at_rate(line, 0.05, 20.0), line)
    assert at_rate(line[:1], 0.05, 20.0).shape == (1, 22, 3)
    assert at_rate(line, 5e-324, 1e-3).shape == (1, 22, 3)
    with pytest.raises(ValueError, match="fps is 0"):
        at_rate(line, 0.05, 0)
    with pytest.raises(ValueError, match="correct Frame Time"):
        at_rate(line, 1e9, 20.0)


def test_import_errors_name_the_file_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^arm\.bvh: unknown skeleton") as caught:
        import_bvh(written(tmp_path, ARM, "arm.bvh"))
    assert "\n" not in str(caught.value)
