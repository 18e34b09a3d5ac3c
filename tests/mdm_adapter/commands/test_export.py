"""`motioncollage export` and `--to`: every format is written, read back, and refused in one line where it cannot be."""

from pathlib import Path

import numpy as np
import pytest
from command_line import Command, one_line
from paths import golden

from mdm_adapter.io.bvh_reader import import_bvh
from mdm_adapter.motion import Motion, read_motion

FAST = ("--steps", 2, "--no-video", "--no-sheet")


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    with np.load(golden("hml_clip_walk.npz")) as archive:
        features, joints = archive["features"][:40], archive["recovered"][:40]
    both = Motion(
        np.stack([joints, joints]).astype(np.float32), np.stack([features, features]).astype(np.float32)
    )
    both.save(tmp_path / "walk.npz")
    return tmp_path / "walk.npz"


def test_every_format_beside_the_motion(command: Command, walk: Path) -> None:
    result = command("export", walk, "--to", "bvh,glb,smpl,csv,npy")
    assert result.code == 0, result.err
    names = {path.name for path in walk.parent.iterdir()}
    assert {
        "walk.bvh",
        "walk-2.bvh",
        "walk.glb",
        "walk-smpl.npz",
        "walk-smpl-2.npz",
        "walk.csv",
        "walk.npy",
    } <= names
    original = read_motion(walk)
    for ending in ("bvh", "glb"):
        back = read_motion(walk.with_suffix(f".{ending}"))
        assert back.samples == 1
        assert abs(back.frames - original.frames) <= 1
        size = np.linalg.norm(original.joints[0, :, 15] - original.joints[0, :, 0], axis=-1).mean()
        assert np.linalg.norm(back.joints[0, :, 15] - back.joints[0, :, 0], axis=-1).mean() == pytest.approx(
            size, rel=0.1
        )


def test_samples_and_rate(command: Command, walk: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert command("export", walk, "--to", "npy", "--samples", 2, "--fps", 60, "--out", out).code == 0
    assert [path.name for path in out.iterdir()] == ["walk.npy"]
    assert np.load(out / "walk.npy").shape == (118, 22, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "doc"), "writer 'doc' is unknown; choose one of bvh"),
        (("--to", "png", "--scale", 100), "png takes no scale"),
        (("--to", "bvh", "--samples", 3), "samples 1 to 2"),
        (("--to", "bvh", "--samples", "x"), "are no numbers with commas"),
        (("--to", "bvh", "--up", "x"), "up"),
    ],
)
def test_bad_requests(command: Command, walk: Path, arguments: tuple[object, ...], message: str) -> None:
    before = sorted(walk.parent.iterdir())
    assert message in one_line(command("export", walk, *arguments))
    assert sorted(walk.parent.iterdir()) == before


def test_loops_leave_closed(command: Command, toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command(
        "loop",
        "a person walks",
        "--seconds",
        6,
        "--path",
        "in-place",
        "--to",
        "npy,bvh",
        "--model",
        toy,
        "--out",
        out,
        *FAST,
    )
    assert result.code == 0, result.err
    joints = import_bvh(out / "motion.bvh")
    assert len(joints) == 121
    assert np.abs(joints[0] - joints[-1]).max() < 1e-4
    assert np.abs(joints[0] - joints[60]).max() > 1e-2
    assert command("export", out / "motion.npz", "--to", "bvh").code == 2  # it is there
