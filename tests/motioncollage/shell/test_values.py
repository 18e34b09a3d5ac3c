"""Kinds of values: each refuses by its name, on one line, with what to give."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from motioncollage.shell import values
from motioncollage.shell.options import spread_options


def given(kind: type, option: Any, *arguments: str) -> Any:
    """What a command gets, or the error that it ends with."""
    found: list[Any] = []
    app = typer.Typer()

    def command(value: Annotated[kind | None, option] = None) -> None:  # type: ignore[valid-type]
        found.append(value)

    app.command()(spread_options(command))

    result = CliRunner().invoke(app, list(arguments))
    return found[0] if found else result.exception


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "0", "-1", "3601", "1e300"])
def test_seconds(text: str) -> None:
    error = given(float, values.seconds("."), "--value", text)
    assert isinstance(error, ValueError)
    assert str(error).startswith("--value is ")
    assert "give seconds above 0 up to 3,600" in str(error)
    assert given(float, values.seconds("."), "--value", "3.5") == 3.5
    assert given(float, values.seconds(".")) is None
    assert given(float, values.seconds(".", zero=True), "--value", "0") == 0


def test_numbers_counts_and_seeds() -> None:
    assert given(float, values.number(".", infinite=True), "--value", "inf") == float("inf")
    assert "a finite number" in str(given(float, values.number("."), "--value", "inf"))
    assert "from 0 up to 1" in str(given(float, values.number(".", least=0, most=1), "--value", "1.01"))
    assert "multiple of 8" in str(
        given(int, values.count(".", least=8, most=64, multiple=8), "--value", "12")
    )
    assert "--value is -1" in str(given(int, values.seed("."), "--value", "-1"))
    assert isinstance(given(int, values.seed("."), "--value", str(2**63)), ValueError)
    assert given(int, values.seed("."), "--value", str(2**63 - 1)) == 2**63 - 1
    assert "choose one of a, b" in str(given(str, values.choice(".", known=("a", "b")), "--value", "c"))


def test_files_and_folders(tmp_path: Path) -> None:
    import os

    file, pipe = tmp_path / "a.npz", tmp_path / "pipe.npz"
    file.write_text("x")
    os.mkfifo(pipe)

    def read(path: object) -> Any:
        return given(Path, values.file_option(".", what="motion"), "--value", str(path))

    assert read(file) == file
    assert "is a pipe; give an ordinary file" in str(read(pipe))
    assert "is a device" in str(read("/dev/zero"))
    assert "is a folder" in str(read(tmp_path))
    assert "does not exist" in str(read(tmp_path / "none"))
    assert "cannot be read" in str(read("n" * 5000))
    either = values.place_option(".", what="data")
    for there in (file, tmp_path):
        assert given(Path, either, "--value", str(there)) == there
    assert "is a pipe" in str(given(Path, either, "--value", str(pipe)))
    assert "data nowhere does not exist" in str(given(Path, either, "--value", "nowhere"))
    out = values.folder(".")
    assert given(Path, out, "--value", str(tmp_path / "new")) == tmp_path / "new"
    assert "is a file; name a folder" in str(given(Path, out, "--value", str(file)))
    page = values.written(".", endings=(".html", ".htm"))
    assert "is no .html" in str(given(Path, page, "--value", "a.txt"))
    assert "does not exist" in str(given(Path, values.folder_option(".", what="data"), "--value", "nowhere"))
