"""Dependencies point one way: the engine knows no plug-in, its collage room nothing above it; no two files import each other."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from paths import REPOSITORY

# Rooms, and what they must not import. The more specific rules stand beside the general ones.
FORBIDDEN = {
    "motioncollage": ("mdm_adapter", "eval"),
    "motioncollage/collage": (
        "motioncollage.sampling",
        "motioncollage.methods",
        "motioncollage.training",
        "motioncollage.image",
        "motioncollage.models",
        "motioncollage.shell",
        "motioncollage.face",
    ),
    "motioncollage/sampling": (
        "motioncollage.methods",
        "motioncollage.training",
        "motioncollage.image",
        "motioncollage.models",
        "motioncollage.shell",
        "motioncollage.face",
    ),
    "motioncollage/methods.py": ("motioncollage.image", "motioncollage.models", "motioncollage.shell"),
    "motioncollage/training.py": ("motioncollage.image", "motioncollage.models", "motioncollage.shell"),
    "motioncollage/image": ("motioncollage.face",),
    "mdm_adapter": ("eval", "motioncollage.image"),
    "eval": ("mdm_adapter",),
}
PACKAGES = ("motioncollage", "mdm_adapter", "eval")


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too; of `from a import b` both a and a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively; name the module in full"
            module = str(node.module)
            names |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("room", sorted(FORBIDDEN))
def test_no_room_imports_what_stands_above_it(room: str) -> None:
    place = REPOSITORY / room
    files = [place] if place.is_file() else list(place.rglob("*.py"))
    assert files
    for path in files:
        for name in imported_modules(path):
            for banned in FORBIDDEN[room]:
                assert name != banned, f"{path} imports {name}"
                assert not name.startswith(banned + "."), f"{path} imports {name}"


def test_nothing_but_a_command_imports_a_command() -> None:
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            if "commands" not in path.parts:
                assert not [name for name in imported_modules(path) if "commands" in name.split(".")], path


def test_the_plan_of_the_house_is_true() -> None:
    """What docs/house.md names is there, and it names every room."""
    text = (REPOSITORY / "docs" / "house.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:motioncollage|mdm_adapter|eval|tests)/[\w/.]*\w/?", text))
    missing = [name for name in named if not (REPOSITORY / name).exists()]
    assert named
    assert not missing
    for package in PACKAGES:
        for folder in (REPOSITORY / package).iterdir():
            if (folder / "__init__.py").exists():
                assert f"{package}/{folder.name}/" in named, (
                    f"docs/house.md does not name {package}/{folder.name}"
                )


def test_no_two_files_import_each_other() -> None:
    """No circle between files, however long."""
    files = {}
    for package in PACKAGES:
        for path in (REPOSITORY / package).rglob("*.py"):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            files[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    # A folder's own file gathers names for users; it is above all others in it.
    graph = {
        name: {other for other in imported_modules(path) if other in files and other != name}
        for name, path in files.items()
        if path.name != "__init__.py"
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name in done or name not in graph:
            return
        for other in sorted(graph[name]):
            visit(other, (*trail, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def test_command_line_starts_without_the_heavy_parts() -> None:
    code = (
        "import sys; from motioncollage.shell.main import build; build();"
        "print(','.join(m for m in ('torch', 'spacy', 'matplotlib', 'numpy') if m in sys.modules))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""


def test_the_package_is_imported_without_the_heavy_parts() -> None:
    code = "import sys, motioncollage; print(dir(motioncollage) and 'torch' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"


def test_a_prompt_is_split_without_pytorch_which_can_be_imported_afterwards() -> None:
    code = (
        "import sys; from mdm_adapter.prompts.timeline import read_split; split = read_split('a person walks, then runs');"
        "print(len(split.actions), 'torch' in sys.modules); import torch; print(torch.ones(2).sum().item())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["2", "False", "2.0"]
