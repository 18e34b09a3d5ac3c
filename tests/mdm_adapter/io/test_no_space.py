"""A disk that is full: every writer says so in one line, and leaves nothing half-written."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from bodies import stroll
from body_models import write_body_model
from command_line import Command

from mdm_adapter.motion import Motion


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file may grow beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def walk() -> Motion:
    return Motion(stroll(41)[None].astype(np.float32), np.zeros((1, 41, 263), dtype=np.float32))


@pytest.mark.parametrize("format", ["bvh", "glb", "smpl", "csv", "npy", "npz", "html"])
def test_nothing_is_left(tmp_path: Path, format: str) -> None:
    target = tmp_path / f"walk.{'npz' if format == 'smpl' else format}"
    with full_disk(5000), pytest.raises(OSError, match=r"cannot write .*the disk is full") as error:
        walk().save(target, format=format)
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays(tmp_path: Path) -> None:
    walk().to_bvh(tmp_path / "walk.bvh")
    before = (tmp_path / "walk.bvh").read_bytes()
    with full_disk(5000), pytest.raises(OSError, match="the disk is full"):
        walk().to_bvh(tmp_path / "walk.bvh", force=True, fps=60)
    assert (tmp_path / "walk.bvh").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"walk.bvh", "walk.json"}


def test_meshes_that_were_written_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("smplx")
    write_body_model(tmp_path / "bodies")
    written = 0
    real = Path.write_text

    def third_fails(self: Path, text: str, **how: str) -> int:
        nonlocal written
        written += 1
        if written == 3:
            raise OSError(28, "No space left on device")
        return real(self, text, **how)

    monkeypatch.setattr(Path, "write_text", third_fails)
    with pytest.raises(OSError, match="the disk is full"):
        walk().save(tmp_path / "walk.obj", body_model=tmp_path / "bodies")
    assert [path.name for path in tmp_path.iterdir()] == ["bodies"]


def test_the_command_says_it_in_one_line(command: Command, tmp_path: Path) -> None:
    walk().save(tmp_path / "walk.npz")
    with full_disk(5000):
        result = command("export", tmp_path / "walk.npz", "--to", "bvh")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["walk.npz"]


@pytest.mark.parametrize("ending", ["npz", "npy", "bvh", "glb"])
def test_folders_and_empty_files_are_no_motion(command: Command, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"folder.{ending}").mkdir()
    (tmp_path / f"empty.{ending}").write_bytes(b"")
    for name in ("folder", "empty", "nowhere"):
        result = command("data", "import", tmp_path / f"{name}.{ending}", "--out", tmp_path / "out")
        assert result.code == 2, name
        assert result.err.count("\n") == 1, result.err
        assert name in result.err
    assert not (tmp_path / "out").exists()
