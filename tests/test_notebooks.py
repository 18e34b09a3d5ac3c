"""The notebooks of the documentation run from top to bottom, and are kept as they were run, small."""

import re
from pathlib import Path
from typing import Any

import pytest
from paths import REPOSITORY

NOTEBOOKS = sorted((REPOSITORY / "docs" / "notebooks").glob("*.ipynb"))
MAX_BYTES = 1_500_000


def read(path: Path) -> Any:
    return pytest.importorskip("nbformat").read(path, as_version=4)


def code(book: Any) -> list[Any]:
    return [cell for cell in book.cells if cell.cell_type == "code"]


def test_there_are_two() -> None:
    assert [path.name for path in NOTEBOOKS] == ["long_scene.ipynb", "loop_and_edit.ipynb"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_as_it_was_run(path: Path) -> None:
    cells = code(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {output.output_type for cell in cells for output in cell.outputs}
    assert "display_data" in kinds or "execute_result" in kinds
    assert "error" not in kinds
    assert path.stat().st_size < MAX_BYTES
    text = path.read_text(encoding="utf-8")
    # Not where it was run: neither somebody's home nor an environment.
    assert not re.search(r"/(root|home)/", text)
    assert "site-packages" not in text


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path: Path) -> None:
    client = pytest.importorskip("nbclient").NotebookClient
    pytest.importorskip("ipykernel")
    before = read(path)
    after = client(read(path), timeout=900, resources={"metadata": {"path": str(path.parent)}}).execute()
    assert len(code(after)) == len(code(before))
    for ran, kept in zip(code(after), code(before)):
        assert [output.output_type for output in ran.outputs] == [
            output.output_type for output in kept.outputs
        ]
