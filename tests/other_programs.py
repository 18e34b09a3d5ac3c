"""Blender and the Khronos validator of glTF, where they are installed; tests of them are skipped where not.

Debian and Ubuntu: `apt-get install blender python3-numpy` (numpy is for Blender's glTF importer), and for the validator
`npm install -g gltf-validator`. The `bpy` package, Blender as a Python module, does as well as the program.
"""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

VALIDATE = """
const validator = require('gltf-validator');
const bytes = new Uint8Array(require('fs').readFileSync(process.argv[1]));
validator.validateBytes(bytes, {maxIssues: 0}).then(report => console.log(JSON.stringify(report)));
"""


@functools.cache
def _blender() -> tuple[str, ...] | None:
    found = shutil.which("blender")
    if found:
        return (found, "-b", "--factory-startup", "--python-exit-code", "1", "--python")
    return (sys.executable,) if importlib.util.find_spec("bpy") else None


@functools.cache
def _node_modules() -> str | None:
    """The folder of modules that holds the validator."""
    if not shutil.which("node"):
        return None
    folders = os.environ.get("NODE_PATH", "").split(os.pathsep)
    if shutil.which("npm"):
        folders.append(subprocess.run(["npm", "root", "-g"], capture_output=True, text=True).stdout.strip())
    return next((folder for folder in folders if folder and (Path(folder) / "gltf-validator").is_dir()), None)


def blender(script: Path, *arguments: object, timeout: float = 900) -> str:
    """What a script of Blender's Python prints; its arguments follow `--`. Skips the test where there is no Blender."""
    command = _blender()
    if command is None:
        pytest.skip("Blender is not installed: apt-get install blender python3-numpy, or pip install bpy")
    done = subprocess.run(
        [*command, str(script), "--", *map(str, arguments)], capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def blender_program() -> str:
    """The program itself, for command lines; skips the test where there is none."""
    found = shutil.which("blender")
    if found is None:
        pytest.skip("the program blender is not installed: apt-get install blender python3-numpy")
    return found


def validate(path: Path) -> dict[str, Any]:
    """The report of the Khronos validator on a glTF file; skips the test where it is not installed."""
    folder = _node_modules()
    if folder is None:
        pytest.skip("the glTF validator is not installed: npm install -g gltf-validator")
    done = subprocess.run(
        ["node", "-e", VALIDATE, str(path)],
        capture_output=True, text=True, check=True, timeout=120, env={**os.environ, "NODE_PATH": folder},
    )  # fmt: skip
    report: dict[str, Any] = json.loads(done.stdout)
    return report
