"""Contact sheets: size, rows, colours of segments, joins, and the path seen from above."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mdm_adapter.io import drawing
from mdm_adapter.io import sheet as module
from mdm_adapter.io.sheet import (
    HEADER,
    LABEL,
    MAP,
    MARGIN,
    ROW,
    WIDTH,
    render_contact_sheet,
    rows_of,
)
from mdm_adapter.motion import Segment


def walking(frames: int, turn_left: bool = False) -> np.ndarray:
    """A stiff body that goes forward (+z), then, if asked, to its left (+x): float32 [frames, 22, 3]."""
    pose = np.zeros((22, 3))
    for joint, height in ((0, 0.94), (3, 1.06), (6, 1.19), (9, 1.25), (12, 1.45), (15, 1.54)):
        pose[joint, 1] = height
    for left, (x, y) in {1: (0.09, 0.86), 4: (0.09, 0.47), 7: (0.09, 0.09), 13: (0.07, 1.38), 16: (0.18, 1.4),
                         18: (0.2, 1.13), 20: (0.21, 0.88)}.items():  # fmt: skip
        pose[left, :2], pose[left + 1, :2] = (x, y), (-x, y)
    pose[10], pose[11] = (0.09, 0.02, 0.13), (-0.09, 0.02, 0.13)
    joints = np.repeat(pose[None], frames, axis=0)
    way = np.arange(frames) * 0.05
    corner = way[-1] * 0.6 if turn_left else way[-1]
    joints[..., 2] += np.minimum(way, corner)[:, None]
    joints[..., 0] += np.maximum(way - corner, 0)[:, None]
    return joints.astype(np.float32)


def sheet(path: Path, joints: np.ndarray, **how: Any) -> np.ndarray:
    render_contact_sheet(path, joints, **how)
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.mode == "RGB"
        return np.asarray(image).astype(np.int16)


def near(picture: np.ndarray, colour: Any, within: int = 12) -> np.ndarray:
    return np.abs(picture - np.array(colour) * 255).max(axis=-1) <= within


THREE = (Segment("walk", 0, 30), Segment("walk on", 30, 70), Segment("and on", 70, 90))


def test_size_and_a_row_for_every_segment(tmp_path: Path) -> None:
    picture = sheet(tmp_path / "a.png", walking(90), segments=THREE)
    assert picture.shape == (HEADER + 3 * ROW + MAP, WIDTH, 3)
    for i in range(3):
        band = picture[HEADER + i * ROW + 30 : HEADER + (i + 1) * ROW - 30, MARGIN : MARGIN + 7]
        assert near(band, drawing.segment_colour(i)).mean() > 0.8
        # Every cell of the row shows a body with a left and a right side.
        row = picture[HEADER + i * ROW + 20 : HEADER + (i + 1) * ROW, MARGIN + LABEL : WIDTH - MARGIN]
        for cell in np.array_split(row, 8, axis=1):
            assert near(cell, drawing.LEFT, 50).sum() > 300
            assert near(cell, drawing.RIGHT, 50).sum() > 100
    assert list(tmp_path.iterdir()) == [tmp_path / "a.png"]


def test_feet_stand_on_the_common_line(tmp_path: Path) -> None:
    picture = sheet(tmp_path / "a.png", walking(90), segments=THREE)
    ground = HEADER + ROW - 56
    row = picture[HEADER + 20 : HEADER + ROW, MARGIN + LABEL : WIDTH - MARGIN]
    for cell in np.array_split(row, 8, axis=1):
        lowest = np.flatnonzero(near(cell, drawing.LEFT, 50).any(axis=1)).max() + HEADER + 20
        assert abs(lowest - ground) < 12


def test_same_input_same_bytes(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        render_contact_sheet(tmp_path / name, walking(40), segments=(Segment("x", 0, 40),))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_sentences_change_the_labels_only(tmp_path: Path) -> None:
    a = sheet(tmp_path / "a.png", walking(40), segments=(Segment("walk", 0, 40),))
    b = sheet(tmp_path / "b.png", walking(40), segments=(Segment("$run$ 行く \ud800", 0, 40),))
    where = np.argwhere(np.abs(a - b).max(axis=-1) > 0)
    assert len(where) > 50
    assert where[:, 1].max() < MARGIN + LABEL
    assert where[:, 0].max() < HEADER + ROW


def test_joins_are_marked(tmp_path: Path) -> None:
    picture = sheet(tmp_path / "a.png", walking(90), segments=THREE)
    x = MARGIN + LABEL
    rows = [HEADER + i * ROW for i in range(3)]
    dashes = [
        near(picture[top + 10 : top + ROW - 60, x - 2 : x + 2], drawing.segment_colour(i), 40)
        .any(axis=1)
        .sum()
        for i, top in enumerate(rows)
    ]
    assert dashes[0] == 0  # the beginning is no join
    assert min(dashes[1:]) > 40


def test_map_turns_the_way_the_body_turns(tmp_path: Path) -> None:
    """Going on along the longer side, a left turn must go left on the page, as seen from above."""
    joints = walking(100, turn_left=True)
    picture = sheet(tmp_path / "a.png", joints, segments=(Segment("a", 0, 50), Segment("b", 50, 100)))
    field = picture[-MAP:, MARGIN + LABEL :]
    first, second = (np.argwhere(near(field, drawing.segment_colour(i), 6)) for i in (0, 1))
    start, middle = first[:, 1].min(), first[:, 1].max()
    assert middle - start > 200  # forward runs to the right of the page
    assert np.ptp(first[:, 0]) < 20
    assert second[:, 1].min() > middle - 20
    assert second[:, 0].min() < first[:, 0].min() - 100  # then left, which is up


def test_rows_cover_every_frame_once_gaps_included() -> None:
    rows = rows_of(100, 20.0, (Segment("a", 10, 30), Segment("b", 40, 90)))
    assert [(row.start, row.end) for row in rows] == [(0, 10), (10, 30), (30, 40), (40, 90), (90, 100)]
    assert [row.label for row in rows] == ["(no sentence)", "a", "(no sentence)", "b", "(no sentence)"]
    assert [row.join for row in rows] == [False, True, True, True, True]


def test_strips_where_there_are_no_segments_or_too_many() -> None:
    strips = rows_of(480, 20.0, ())
    assert [(row.start, row.end) for row in strips] == [(80 * i, 80 * i + 80) for i in range(6)]
    assert not any(row.join for row in strips)
    assert [(row.start, row.end) for row in rows_of(3, 20.0, ())] == [(0, 3)]
    many = rows_of(12_000, 20.0, [Segment(f"s{i}", 80 * i, 80 * i + 80) for i in range(150)])
    assert len(many) == module.MAX_ROWS
    assert many[0].label == "s0 (and 1 more)"
    assert (many[0].start, many[-1].end) == (0, 12_000)


def test_short_motions_and_other_columns(tmp_path: Path) -> None:
    assert sheet(tmp_path / "one.png", walking(1)).shape == (HEADER + ROW + MAP, WIDTH, 3)
    three = sheet(tmp_path / "three.png", walking(3), columns=5)
    row = three[HEADER + 20 : HEADER + ROW, MARGIN + LABEL : WIDTH - MARGIN]
    shown = [near(cell, drawing.LEFT, 50).sum() > 300 for cell in np.array_split(row, 5, axis=1)]
    assert shown == [True, True, True, False, False]  # no frame is shown twice
    sheet(tmp_path / "point.png", np.zeros((4, 22, 3), np.float32))


@pytest.mark.parametrize(
    ("joints", "how", "words"),
    [
        (np.zeros((0, 22, 3)), {}, "no frames"),
        (np.zeros((3, 24, 3)), {}, "22, 3"),
        (np.full((3, 22, 3), np.nan), {}, "not finite"),
        (walking(3), {"columns": 1}, "columns"),
        (walking(3), {"columns": 17}, "columns"),
        (walking(3), {"fps": -1.0}, "fps"),
        (walking(3), {"segments": (Segment("x", 1, 9),)}, "end <= 3"),
    ],
)
def test_unusable_arguments_leave_no_file(
    tmp_path: Path, joints: np.ndarray, how: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        render_contact_sheet(tmp_path / "bad.png", joints, **how)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_names_and_existing_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"named \.png"):
        render_contact_sheet(tmp_path / "a.jpg", walking(3))
    (tmp_path / "a.png").write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="--force"):
        render_contact_sheet(tmp_path / "a.png", walking(3))
    render_contact_sheet(tmp_path / "a.png", walking(3), force=True)
    assert (tmp_path / "a.png").stat().st_size > 1000
