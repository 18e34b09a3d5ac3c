"""A wheel of the repository, installed where the repository is not, works from any folder."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from install import build_wheel, install_wheel
from paths import REPOSITORY

pytestmark = pytest.mark.slow

PACKAGES = ("motioncollage", "mdm_adapter", "eval")
ASSETS = (
    "mdm_adapter/assets/models/starter/model.safetensors",
    "mdm_adapter/assets/models/starter/vocabulary.json",
    "mdm_adapter/assets/models/starter/README.md",
    "mdm_adapter/assets/text/model.safetensors",
    "mdm_adapter/assets/text/tokenizer.json",
    "eval/assets/evaluator/evaluator.safetensors",
    "eval/assets/evaluator/reference.npz",
    "eval/assets/checks/real.json",
    "motioncollage/assets/images/landscapes/model.safetensors",
    "motioncollage/assets/images/photos/manifest.json",
    "motioncollage/assets/images/photos/LICENSES.md",
    "motioncollage/assets/images/photos/textures/bark/cracked.jpg",
    "motioncollage/assets/pages/surround.html",
    "mdm_adapter/assets/viewer/viewer.js",
    "mdm_adapter/assets/viewer/page.html",
    "mdm_adapter/assets/viewer/style.css",
    "mdm_adapter/assets/viewer/LICENSE.three.txt",
)
# What runs there: it says where the packages come from, then is the command.
START = (
    "import sys; sys.path[:0] = [sys.argv.pop(1)]; sys.path[:] = [p for p in sys.path if p != sys.argv[1]];"
    "sys.meta_path[:] = [f for f in sys.meta_path if '__editable__' not in getattr(f, '__module__', '')];"
    "sys.argv.pop(1); import motioncollage; assert motioncollage.__file__.startswith(sys.path[0]);"
    "from motioncollage.shell.main import main; main()"
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # Built from a copy: setuptools leaves folders behind.
    shutil.copytree(
        REPOSITORY, source,
        ignore=shutil.ignore_patterns(".*", "*.egg-info", "build", "out", "runs", "docs", "__pycache__", "node_modules"),
    )  # fmt: skip
    return build_wheel(source, folder)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install_wheel(wheel, tmp_path_factory.mktemp("site") / "packages")


def run(installed: Path, folder: Path, *arguments: str) -> str:
    """The command in a folder, from the wheel; the repository is not importable. Its other needs come from around."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [sys.executable, "-P", "-c", START, str(installed), str(REPOSITORY), *arguments],
        capture_output=True, text=True, cwd=folder, env={**environment, "COLUMNS": "200"}, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_what_is_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(n for n in names if n.endswith("entry_points.txt"))).decode()
    assert names >= {*ASSETS, *(f"{package}/py.typed" for package in PACKAGES)}
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)
    assert not [name for name in names if name.endswith((".pt", ".pyc")) or "/tests/" in name]
    code = {
        path.relative_to(REPOSITORY).as_posix()
        for package in PACKAGES
        for path in (REPOSITORY / package).rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == code
    assert "motioncollage = motioncollage.shell.main:main" in entry_points


def test_it_runs_from_any_folder(installed: Path, tmp_path: Path) -> None:
    assert "generate" in run(installed, tmp_path, "--help")
    listed = run(installed, tmp_path, "plugins")
    assert "starter" in listed
    assert "cannot be loaded" not in listed
    assert "walk" in run(installed, tmp_path, "models", "starter")
    made = ("generate", "a person walks, then waves", "--seconds", "4", "--steps", "2", "--no-video")
    run(installed, tmp_path, *made, "--out", "made")
    files = sorted(file.name for file in (tmp_path / "made").iterdir())
    assert files == ["contact_sheet.png", "motion.npz"]
    assert [file.name for file in tmp_path.iterdir()] == ["made"]


def test_the_evaluator_and_the_image_model_come_along(installed: Path, tmp_path: Path) -> None:
    judged = ("eval", "--quick", "--texts", "16", "--repetitions", "1", "--methods", "real", "--no-timing")
    run(installed, tmp_path, *judged, "--out", "judged")
    assert (tmp_path / "judged" / "results.json").exists()
    network = ("--model", "landscapes", "--steps", "2")
    for more, out in ((network, "pictures"), (("--height", "128"), "photos")):
        run(installed, tmp_path, "image", "wide", "--width", "128", *more, "--out", out)
        assert list((tmp_path / out).glob("*.png"))
