"""The script for Blender, as the documentation gives it, in a real Blender and against a real server."""

from pathlib import Path

import pytest
from other_programs import blender
from paths import REPOSITORY
from served import served

pytestmark = pytest.mark.slow

# `mend` is for Debian's Blender only, whose importers are older than its Python.
LOOK = """
import os, runpy, sys
import bpy
sys.path.insert(0, SCRIPTS)
import blender_retarget
blender_retarget.mend()
bpy.ops.wm.read_factory_settings(use_empty=True)
blender_retarget.enable()
os.environ["MOTIONCOLLAGE_SERVER"], os.environ["MOTIONCOLLAGE_TOKEN"] = SERVER, TOKEN
runpy.run_path(os.path.join(SCRIPTS, "blender_generate.py"))
(armature,) = [item for item in bpy.data.objects if item.type == "ARMATURE"]
scene = bpy.context.scene
places = []
for frame in (0, scene.frame_end):
    scene.frame_set(frame)
    places.append(armature.matrix_world @ armature.pose.bones["Hips"].head)
print("FOUND", len(armature.data.bones), scene.frame_end, (places[1] - places[0]).length)
"""


def test_a_prompt_becomes_an_armature_that_walks(tmp_path: Path) -> None:
    token = "a-token-of-this-test"
    with served("--token", token) as server:
        script = tmp_path / "look.py"
        names = {"SCRIPTS": str(REPOSITORY / "scripts"), "SERVER": server.address, "TOKEN": token}
        lines = [f"{name} = {value!r}\n" for name, value in names.items()]
        script.write_text("".join(lines) + LOOK, encoding="utf-8")
        said = blender(script, "a person walks forward for 3 seconds")
    assert "running: " in said or "done: 10 of 10" in said
    bones, end, way = next(line for line in said.splitlines() if line.startswith("FOUND")).split()[1:]
    assert (int(bones) >= 22, int(end)) == (True, 90)
    assert float(way) > 1.0


def test_the_script_is_short_and_needs_nothing() -> None:
    text = (REPOSITORY / "scripts" / "blender_generate.py").read_text(encoding="utf-8")
    assert "import requests" not in text
    assert len(text.splitlines()) <= 50
