"""`motioncollage export` and `--to`: every format is written, read back, and refused in one line where it cannot be."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from paths import golden

from mdm_adapter.io.bvh_reader import import_bvh
from mdm_adapter.motion import Motion, read_motion
from mdm_adapter.representation.humanml3d import HUMANML3D

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
        (("--to", "bvh,html", "--fps", 30), "html takes no fps"),
        (("--to", "bvh", "--samples", 3), "samples 1 to 2"),
        (("--to", "bvh", "--samples", "x"), "are no numbers with commas"),
        (("--to", "bvh", "--up", "x"), "up"),
    ],
)
def test_bad_requests(command: Command, walk: Path, arguments: tuple[object, ...], message: str) -> None:
    before = sorted(walk.parent.iterdir())
    assert message in one_line(command("export", walk, *arguments))
    assert sorted(walk.parent.iterdir()) == before


def test_a_file_that_is_there_is_told_of_before_another_is_written(command: Command, walk: Path) -> None:
    assert command("export", walk, "--to", "csv").code == 0
    before = {path.name: path.read_bytes() for path in walk.parent.iterdir()}
    assert "walk.csv exists; use --force" in one_line(command("export", walk, "--to", "bvh,csv"))
    assert {path.name: path.read_bytes() for path in walk.parent.iterdir()} == before
    assert command("export", walk, "--to", "bvh,csv", "--force").code == 0
    assert walk.with_suffix(".csv").read_bytes() == before["walk.csv"]


def test_loops_leave_closed(command: Command, walk: Path, tmp_path: Path) -> None:
    """A cycle of N frames gets N + 1 keys, the last one the first, in place or after a cycle's way."""
    motion = read_motion(walk).sample(0)
    way = HUMANML3D.way
    assert way is not None
    straight = way.project(torch.from_numpy(motion.features).double(), 0.0, (0.0, 1.5))
    joints = HUMANML3D.to_joints(straight).float().numpy()
    replace(motion, joints=joints, features=straight.float().numpy(), settings={"loop": True}).save(
        tmp_path / "loop.npz"
    )
    out = tmp_path / "out"
    assert (
        command("export", tmp_path / "loop.npz", "--to", "bvh", "--loop", "--in-place", "--out", out).code
        == 0
    )
    still = import_bvh(out / "loop.bvh", skip_rest_pose=False)
    assert len(still) == motion.frames + 1
    assert np.abs(still[0] - still[-1]).max() < 1e-3
    assert np.abs(still[0] - still[20]).max() > 0.1
    assert (
        command("export", tmp_path / "loop.npz", "--to", "bvh", "--loop", "--out", out, "--force").code == 0
    )
    travelled = import_bvh(out / "loop.bvh", skip_rest_pose=False)
    assert np.linalg.norm(travelled[-1, 0, [0, 2]] - travelled[0, 0, [0, 2]]) > 0.5


def test_making_writes_formats_too(command: Command, toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = (
        "loop",
        "a person walks",
        "--seconds",
        6,
        "--to",
        "npy,csv",
        "--model",
        toy,
        "--out",
        out,
        *FAST,
    )
    assert command(*arguments).code == 0
    assert {path.name for path in out.iterdir()} == {"motion.npz", "motion.npy", "motion.csv"}
    assert "exists; use --force" in one_line(command(*arguments))
