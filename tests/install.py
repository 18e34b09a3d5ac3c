"""Installing packages into folders of their own, without a network."""

import shutil
import subprocess
import sys
from pathlib import Path


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def install(package: Path, folder: Path) -> Path:
    """Where a package's files and metadata are importable from; the package's own folder stays as it is."""
    source = folder / "source"
    shutil.copytree(package, source)
    _pip("install", "--target", folder / "installed", source)
    return folder / "installed"


def build_wheel(source: Path, folder: Path) -> Path:
    """The wheel of a source tree, in a folder."""
    _pip("wheel", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install_wheel(wheel: Path, folder: Path) -> Path:
    """A wheel's files and metadata in a folder."""
    _pip("install", "--target", folder, wheel)
    return folder
