"""Commands on a disk of a few hundred kilobytes and with a limit on memory: a line that names the path, nothing half-written."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mdm_adapter.motion import Motion

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 kB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(place)]
    try:
        subprocess.run(mounted, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(
            f"no small disk can be mounted here ({type(error).__name__}); test_no_space limits files instead"
        )
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True, capture_output=True)


def said(*arguments: object, memory: int | None = None) -> tuple[int, list[str]]:
    """Exit code and lines on stderr of a command in a process of its own, with so many bytes of address space."""

    def limit() -> None:
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))

    done = subprocess.run(
        [sys.executable, "-m", "motioncollage.shell.main", *map(str, arguments)],
        capture_output=True, text=True, preexec_fn=limit, timeout=600, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    return done.returncode, [line for line in done.stderr.splitlines() if line.strip()]


def whole(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("format", ["bvh", "glb", "html", "npz", "mp4", "png"])
def test_export_to_a_full_disk(disk: Path, tmp_path: Path, format: str) -> None:
    motion = tmp_path / "walk.npz"
    joints = np.random.default_rng(0).normal(0, 0.1, (1, 190, 22, 3)) + np.linspace(0, 1.7, 22)[:, None]
    Motion(joints.astype(np.float32), np.zeros((1, 190, 263), np.float32)).save(motion)
    code, lines = said("export", motion, "--to", format, "--out", disk / "out")
    assert code == 2, lines
    # Drawing shows its progress; nothing else may stand before the line.
    assert [line for line in lines if not line.startswith("rendering")] == lines[-1:]
    assert lines[-1].startswith("motioncollage: ")
    assert str(disk / "out") in lines[-1]
    assert "the disk is full" in lines[-1]
    assert whole(disk) == set()


def test_generate_and_train_on_a_full_disk(disk: Path, toy: Path, pack: Path) -> None:
    made = ("generate", "a | b", "--seconds", 4, "--steps", 1, "--model", toy, "--out", disk / "made")
    size = ("--width", 32, "--layers", 1, "--transitions", 2, "--batch-size", 2, "--steps", 2)
    trained = ("train", "denoiser", pack, "--out", disk / "trained", *size)
    for arguments in (made, trained):
        code, lines = said(*arguments)
        assert code == 2, lines
        assert [line for line in lines if line.startswith("motioncollage: ")] == lines[-1:]
        assert " is full" in lines[-1]
        assert str(disk) in lines[-1]
        assert "ffmpeg" not in " ".join(lines)
        assert not {name for name in whole(disk) if ".tmp-" in name}


def test_little_memory_is_a_line(toy: Path, tmp_path: Path) -> None:
    """Enough to start, too little for what is asked."""
    made = ("generate", "a person walks", "--seconds", 900, "--samples", 60, "--steps", 1, "--model", toy)
    code, lines = said(*made, "--no-video", "--no-sheet", "--out", tmp_path / "out", memory=3 << 30)
    assert code == 2, lines
    assert [line for line in lines if line.startswith("motioncollage: ")] == lines[-1:], lines
    assert "memory" in lines[-1]
    assert whole(tmp_path) == set()
