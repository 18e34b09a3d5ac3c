"""Nothing half-written ever carries the real name."""

import os
from pathlib import Path

import pytest

from motioncollage import files
from motioncollage.files import atomic_path, read_json


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_success_renames_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "new" / "deep" / "clip.mp4"
    with atomic_path(target, force=False) as temporary:
        assert temporary.parent == target.parent
        assert temporary.suffix == ".mp4"
        assert not target.exists()
        temporary.write_bytes(b"whole")
        assert not target.exists()
    assert target.read_bytes() == b"whole"
    assert names(target.parent) == ["clip.mp4"]


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_removes_the_partial_file_and_keeps_the_old_one(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    target = tmp_path / "clip.mp4"
    target.write_bytes(b"old")

    def write() -> None:
        with atomic_path(target, force=True) as temporary:
            temporary.write_bytes(b"half")
            raise stop()

    with pytest.raises(stop):
        write()
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["clip.mp4"]


def test_existing_target_needs_force(tmp_path: Path) -> None:
    target = tmp_path / "clip.npz"
    target.write_bytes(b"old")
    with pytest.raises(FileExistsError, match="--force") as caught, atomic_path(target, force=False):
        pytest.fail("the block must not run")
    assert str(target) in str(caught.value)
    assert "\n" not in str(caught.value)
    with atomic_path(target, force=True) as temporary:
        temporary.write_bytes(b"new")
    assert target.read_bytes() == b"new"


def test_a_target_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    target = tmp_path / "clip.npz"

    def write() -> None:
        with atomic_path(target, force=False) as temporary:
            temporary.write_bytes(b"mine")
            target.write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        write()
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["clip.npz"]


def test_folder_and_unwritable_parent_are_one_line_errors(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match="folder"), atomic_path(tmp_path, force=True):
        pass
    (tmp_path / "file").write_text("x")
    target = tmp_path / "file" / "clip.mp4"
    with pytest.raises(OSError, match="cannot write") as caught, atomic_path(target, force=False):
        pass
    assert str(target) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(PermissionError, match="cannot write"), atomic_path(folder / "a.png", force=False):
        pass


def test_long_names_and_usual_mode(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 250 + ".png")
    with atomic_path(target, force=False) as temporary:
        temporary.write_bytes(b"x")
    plain = tmp_path / "plain"
    plain.write_bytes(b"x")
    assert target.stat().st_mode == plain.stat().st_mode


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / ".tmp-0123456789abcdef.npz"
    left.write_bytes(b"half")
    (tmp_path / ".tmp-mine.npz").write_bytes(b"somebody's own")
    with atomic_path(tmp_path / "a.npz", force=False) as temporary:
        assert not left.exists()
        # that of a process which lives is locked, and stays
        files._tidied.clear()
        files.remove_leftovers(tmp_path)
        assert temporary.exists()
        temporary.write_bytes(b"whole")
    assert names(tmp_path) == [".tmp-mine.npz", "a.npz"]


def test_a_full_disk_names_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.npz"

    def write(error: Exception) -> None:
        with atomic_path(target, force=False):
            raise error

    with pytest.raises(OSError, match=f"cannot write {target}: the disk is full"):
        write(OSError(28, "No space left on device"))
    # as PyTorch tells of it
    monkeypatch.setattr(files, "_is_full", lambda folder: True)
    with pytest.raises(OSError, match=f"cannot write {target}: the disk is full"):
        write(RuntimeError("PytorchStreamWriter failed writing file data/3"))
    with pytest.raises(ValueError, match="not finite"):
        write(ValueError("not finite"))
    assert names(tmp_path) == []


def test_only_ordinary_files_are_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"/dev/zero is a device; give an ordinary file"):
        files.check_file("/dev/zero", "path file")
    with pytest.raises(ValueError, match="null"):
        files.check_file("a\0b")
    (tmp_path / "latin.csv").write_bytes(b"text\n\xe4\n")
    with pytest.raises(ValueError, match="is not UTF-8 text"):
        files.read_text(tmp_path / "latin.csv")
    with pytest.raises(ValueError, match="has 7 bytes, more than 3"):
        files.read_text(tmp_path / "latin.csv", most=3)


def test_json_or_one_line_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"a": [1]}')
    assert read_json(path) == {"a": [1]}
    path.write_text("[" * 200_000)
    with pytest.raises(ValueError, match=r"a\.json is not JSON \([^\n]*\); fetch it again$"):
        read_json(path, "fetch it again")
    path.write_bytes(b"\xff\x00")
    with pytest.raises(ValueError, match=r"a\.json is not JSON \([^\n]*\)$"):
        read_json(path)


def test_writers_that_hide_their_files_do_not(tmp_path: Path) -> None:
    plain, hidden = tmp_path / "plain", tmp_path / "hidden"
    plain.write_bytes(b"as usual")
    with atomic_path(hidden, force=False) as temporary:
        temporary.write_bytes(b"a private file")
        temporary.chmod(0o600)
    assert hidden.stat().st_mode == plain.stat().st_mode
