"""Dependencies point one way: core <- adapter; eval on its own; the command line alone knows everybody, lazily."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from paths import REPOSITORY

FORBIDDEN = {
    "motioncollage": {"mdm_adapter", "eval"},
    "mdm_adapter": {"eval", "motioncollage.cli"},
    "eval": {"motioncollage", "mdm_adapter"},
}


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return names


@pytest.mark.parametrize("package", sorted(FORBIDDEN))
def test_no_package_imports_what_stands_above_it(package: str) -> None:
    files = [p for p in (REPOSITORY / package).rglob("*.py") if "cli" not in p.relative_to(REPOSITORY).parts]
    assert files
    for path in files:
        for name in imported_modules(path):
            for banned in FORBIDDEN[package]:
                assert name != banned, f"{path} imports {name}"
                assert not name.startswith(banned + "."), f"{path} imports {name}"


def test_command_line_starts_without_the_heavy_parts() -> None:
    code = "import sys, motioncollage.shell.main; print(','.join(m for m in ('torch','spacy','matplotlib') if m in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""
