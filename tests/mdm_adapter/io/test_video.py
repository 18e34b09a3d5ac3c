"""Videos are decoded again: length, size, format, what moves and what stays."""

import math
import signal
import struct
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import numpy as np
import pytest

from mdm_adapter.io import drawing, video
from mdm_adapter.io.video import follow, footprints, render_video
from mdm_adapter.motion import Segment


def standing() -> np.ndarray:
    """A plain body of about 1.7 m, arms at its sides, facing +z: float [22, 3]."""
    side = {1: (0.09, 0.86), 4: (0.09, 0.47), 7: (0.09, 0.09), 13: (0.07, 1.38), 16: (0.18, 1.40),
            18: (0.20, 1.13), 20: (0.21, 0.88)}  # fmt: skip
    pose = np.zeros((22, 3))
    for joint, height in ((0, 0.94), (3, 1.06), (6, 1.19), (9, 1.25), (12, 1.45), (15, 1.54)):
        pose[joint, 1] = height
    for left, (x, y) in side.items():
        pose[left, :2] = (x, y)
        pose[left + 1, :2] = (-x, y)
    pose[10], pose[11] = (0.09, 0.02, 0.13), (-0.09, 0.02, 0.13)
    return pose


def gliding(frames: int, speed: float = 1.0) -> np.ndarray:
    """`standing`, moved forward at a speed in metres a second: float32 [frames, 22, 3]."""
    joints = np.repeat(standing()[None], frames, axis=0)
    joints[..., 2] += np.arange(frames)[:, None] / 20 * speed
    return joints.astype(np.float32)


def decode(path: Path) -> tuple[dict[str, Any], np.ndarray]:
    """What ffmpeg says about the file, and its pictures as int16 [frames, height, width, 3]."""
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    shape = (meta["size"][1], meta["size"][0], 3)
    pictures = [np.frombuffer(raw, np.uint8).reshape(shape) for raw in reader]
    return meta, np.stack(pictures).astype(np.int16)


def test_video_decodes_with_all_frames_and_moves(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    calls: list[tuple[int, int]] = []
    segments = (Segment("a person glides", 0, 12), Segment("on and on", 12, 25))
    render_video(
        path, gliding(25), segments=segments, size=(320, 240), progress=lambda a, b: calls.append((a, b))
    )
    meta, pictures = decode(path)
    assert pictures.shape == (25, 240, 320, 3)
    assert meta["fps"] == 20
    assert meta["codec"] == "h264"
    assert meta["pix_fmt"].startswith("yuv420p")
    assert calls == [(i, 25) for i in range(1, 26)]
    for before, after in pairwise(pictures):
        assert np.abs(after - before).max() > 25
    # The paper keeps its colour: the colour space is declared and read back.
    assert np.abs(pictures[:, 4, 4] - np.array(drawing.PAPER) * 255).max() <= 3
    assert list(tmp_path.iterdir()) == [path]


def test_moov_comes_first_so_that_players_can_start_early(tmp_path: Path) -> None:
    path = tmp_path / "walk.mp4"
    render_video(path, gliding(5), size=(128, 128))
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        length, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name)
        at += length
    assert names.index(b"moov") < names.index(b"mdat")


def test_same_input_same_bytes(tmp_path: Path) -> None:
    segments = (Segment("turn", 0, 6),)
    for name in ("a.mp4", "b.mp4"):
        render_video(tmp_path / name, gliding(6), segments=segments, size=(160, 160))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def paint(joints: np.ndarray, frame: int, segments: tuple[Segment, ...] = (), size: int = 360) -> np.ndarray:
    painter = video._Painter(drawing.check_joints(joints), 20.0, segments, (size, size))
    return np.asarray(painter.paint(frame))[..., :3].astype(np.int16)


def test_body_is_about_half_as_high_as_the_picture_and_inside() -> None:
    picture = paint(gliding(40), 20)
    body = np.abs(picture - np.array(drawing.BODY) * 255).sum(axis=-1) < 60
    limbs = (picture[..., 0] - picture[..., 2] > 60) | (picture[..., 2] - picture[..., 0] > 40)
    rows = np.flatnonzero((body | limbs)[: int(0.88 * 360)].any(axis=1))
    assert 0.4 < np.ptp(rows) / 360 < 0.65


def test_caption_and_playhead_follow_the_segments() -> None:
    joints = np.repeat(standing()[None], 40, axis=0)
    segments = (Segment("first", 0, 20), Segment("second", 20, 40))
    bottom = slice(int(360 * 0.86), 360)
    first, still, second = (paint(joints, n, segments)[bottom] for n in (5, 18, 35))
    assert np.abs(first - still)[: -int(360 * 0.06)].max() == 0  # the same sentence
    assert np.abs(still - second)[: -int(360 * 0.06)].max() > 100
    assert np.abs(first - still).max() > 100  # the playhead moved


def test_floor_moves_when_the_body_travels_and_rests_when_it_does_not() -> None:
    """Beside the body only the floor can change: this is how sliding feet are seen."""
    corner = (slice(190, 270), slice(0, 60))
    resting = np.repeat(standing()[None], 40, axis=0)
    assert np.abs(paint(resting, 10)[corner] - paint(resting, 30)[corner]).max() == 0
    moving = gliding(40)
    assert np.abs(paint(moving, 10)[corner] - paint(moving, 14)[corner]).max() > 8


def test_planted_feet_leave_one_print_and_sliding_feet_many() -> None:
    height = drawing.stature(gliding(1).astype(np.float64))
    planted = footprints(np.repeat(standing()[None], 60, axis=0), 20.0, height)
    assert planted.first.tolist() == [0, 0]
    assert planted.last.tolist() == [59, 59]
    assert planted.foot.tolist() == [0, 1]
    assert len(footprints(gliding(60, 0.4).astype(np.float64), 20.0, height).first) > 20
    assert len(footprints(gliding(60, 3.0).astype(np.float64), 20.0, height).first) == 0  # a swing
    assert (
        len(footprints(gliding(60, 0.0).astype(np.float64) + np.array([0, 0.3, 0]), 20.0, height).first) == 0
    )


def spinning(frames: int, seconds_a_turn: float) -> np.ndarray:
    turn = 2 * math.pi * np.arange(frames) / 20 / seconds_a_turn
    cos, sin, zero = np.cos(turn), np.sin(turn), np.zeros(frames)
    rotation = np.stack([cos, zero, sin, zero, zero + 1, zero, -sin, zero, cos], axis=1).reshape(-1, 3, 3)
    joints: np.ndarray = np.einsum("fij,kj->fki", rotation, standing())
    return joints


def test_camera_is_calm() -> None:
    for seconds in (1.0, 3.0):
        track = follow(spinning(200, seconds), 20.0, (720, 720))
        assert np.abs(np.diff(track.yaws)).max() * 20 <= math.radians(36)
    # A slow turn is followed: at its end the body is not seen from behind.
    slow = spinning(400, 40.0)
    track = follow(slow, 20.0, (720, 720))
    assert abs(track.yaws[-1] - track.yaws[0]) > math.radians(90)
    assert np.abs(np.diff(track.yaws)).max() * 20 <= math.radians(36)
    # Shaking by a few centimetres does not reach the camera.
    shaky = np.repeat(standing()[None], 200, axis=0)
    shaky += np.random.default_rng(0).normal(scale=0.03, size=(200, 1, 3))
    assert np.abs(np.diff(follow(shaky, 20.0, (720, 720)).targets, axis=0)).max() < 0.01
    # Constant speed is followed without lag.
    run = gliding(100, 4.0).astype(np.float64)
    np.testing.assert_allclose(follow(run, 20.0, (720, 720)).targets[:, 2], run[:, 0, 2], atol=1e-6)


def test_one_frame_odd_captions_and_overlapping_segments(tmp_path: Path) -> None:
    texts = ("$x_1$ \\frac{", "行く 🕺 \ud800\x00\n", "", "w" * 500)
    segments = tuple(Segment(text, i, 4 + i) for i, text in enumerate(texts))
    render_video(tmp_path / "odd.mp4", gliding(8), segments=segments, size=(128, 128), fps=12.5)
    assert len(decode(tmp_path / "odd.mp4")[1]) == 8
    render_video(tmp_path / "one.mp4", gliding(1), size=(128, 128))
    assert len(decode(tmp_path / "one.mp4")[1]) == 1
    # All joints in one point: nothing to see, nothing to divide by.
    render_video(tmp_path / "point.mp4", np.zeros((3, 22, 3), np.float32), size=(128, 128))


@pytest.mark.parametrize(
    ("joints", "how", "words"),
    [
        (np.zeros((0, 22, 3)), {}, "no frames"),
        (np.zeros((3, 22, 2)), {}, "22, 3"),
        (np.full((3, 22, 3), np.inf), {}, "not finite"),
        (gliding(3), {"size": (129, 128)}, "even"),
        (gliding(3), {"size": (64, 128)}, "even"),
        (gliding(3), {"fps": 0.0}, "fps"),
        (gliding(3), {"fps": math.nan}, "fps"),
        (gliding(3), {"segments": (Segment("x", 0, 4),)}, "end <= 3"),
    ],
)
def test_unusable_arguments_leave_no_file(
    tmp_path: Path, joints: np.ndarray, how: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        render_video(tmp_path / "bad.mp4", joints, **how)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_names_and_existing_files(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"named \.mp4"):
        render_video(tmp_path / "walk.avi", gliding(3))
    path = tmp_path / "walk.mp4"
    path.write_bytes(b"precious")
    with pytest.raises(FileExistsError, match="--force"):
        render_video(path, gliding(3), size=(128, 128))
    assert path.read_bytes() == b"precious"
    render_video(path, gliding(3), size=(128, 128), force=True)
    assert len(decode(path)[1]) == 3


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_interruption_leaves_no_file_and_no_encoder(
    tmp_path: Path, stop: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def popen(*args: Any, **how: Any) -> subprocess.Popen[bytes]:
        started.append(real(*args, **how))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)

    def progress(done: int, _: int) -> None:
        if done == 4:
            raise stop

    with pytest.raises(stop):
        render_video(tmp_path / "walk.mp4", gliding(50), size=(128, 128), progress=progress)
    assert list(tmp_path.iterdir()) == []
    # Killed; on a busy machine it may be through with its four frames before the signal comes.
    assert started[-1].wait(timeout=10) in (-signal.SIGKILL, 0)


def test_a_dead_encoder_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        yield
        raise OSError("broken pipe\n\nFFMPEG COMMAND:\n...")

    monkeypatch.setattr(imageio_ffmpeg, "write_frames", broken)
    with pytest.raises(OSError, match="encoder stopped") as caught:
        render_video(tmp_path / "walk.mp4", gliding(3), size=(128, 128))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_lost_frames_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imageio_ffmpeg, "count_frames_and_secs", lambda _: (2, 0.1))
    with pytest.raises(OSError, match="2 of 3 frames"):
        render_video(tmp_path / "walk.mp4", gliding(3), size=(128, 128))
    assert list(tmp_path.iterdir()) == []


def test_pyplot_is_left_alone(tmp_path: Path) -> None:
    """Importing the module must not import matplotlib, and rendering must not touch its global state."""
    code = (
        "import sys, numpy as np\n"
        "from mdm_adapter.io.video import render_video\n"
        "assert 'matplotlib' not in sys.modules\n"
        f"render_video({str(tmp_path / 'a.mp4')!r}, np.zeros((2, 22, 3)), size=(128, 128))\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])
