"""What Blender sees: joints of every frame, a T-pose to rest in, FBX by one line, and another character moved.

Everything here starts Blender; see `other_programs` for how to install it.
"""

import json
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bodies import T_POSE, Motion, breathing, stroll
from moves import MOVES
from other_programs import blender, blender_program
from paths import REPOSITORY

from mdm_adapter.io.bvh import write_bvh
from mdm_adapter.io.glb import write_glb
from mdm_adapter.io.glb_reader import read_glb
from mdm_adapter.io.rig import NAMES

pytestmark = pytest.mark.slow

JOINTS = breathing(stroll())
WALK = Motion(JOINTS[None])

# Imports a file and prints where its bones begin, at rest and in every frame, in our axes.
LOOK = """
import json, sys
import bpy
sys.path.insert(0, SCRIPTS)
import blender_retarget
path, frames, first = sys.argv[sys.argv.index("--") + 1 :]
blender_retarget.mend()
bpy.ops.wm.read_factory_settings(use_empty=True)
blender_retarget.enable()
bpy.context.scene.render.fps = 20
armature = blender_retarget.load(path)
if path.endswith(".fbx"):  # this importer joins bones that touch, and joined bones cannot leave each other
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    for bone in armature.data.edit_bones:
        bone.use_connect = False
    bpy.ops.object.mode_set(mode="OBJECT")
names = blender_retarget.by_name(armature)
def ours(place):
    x, y, z = armature.matrix_world @ place
    return [x, z, -y]
found = {"rest": {n: ours(armature.data.bones[b].head_local) for n, b in names.items()}, "frames": []}
for frame in range(int(frames)):
    bpy.context.scene.frame_set(int(first) + frame)
    found["frames"].append({n: ours(armature.pose.bones[b].head) for n, b in names.items()})
print("FOUND" + json.dumps(found))
"""

# A character of its own proportions with Mixamo's names, its bones along the limbs and rolled at random.
CHARACTER = """
import random, sys
import bpy
bpy.ops.wm.read_factory_settings(use_empty=True)
joints = {"Hips": (0, 0, 1.04), "Spine": (0, 0.01, 1.14), "Spine1": (0, 0.02, 1.26), "Spine2": (0, 0.02, 1.38),
          "Neck": (0, 0.03, 1.55), "Head": (0, 0, 1.63), "End": (0, 0, 1.85)}
chains = [["Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "End"]]
for side, x in (("Left", 1), ("Right", -1)):
    for name, place in {"Shoulder": (0.06, 0.02, 1.5), "Arm": (0.19, 0.02, 1.5), "ForeArm": (0.49, 0.02, 1.5),
                        "Hand": (0.77, 0.02, 1.5), "HandEnd": (0.92, 0.02, 1.5), "UpLeg": (0.1, 0, 0.98),
                        "Leg": (0.1, 0, 0.53), "Foot": (0.1, 0.03, 0.09), "ToeBase": (0.1, -0.12, 0.02),
                        "ToeEnd": (0.1, -0.2, 0.02)}.items():
        joints[side + name] = (x * place[0], *place[1:])
    chains.append(["Spine2", *(side + n for n in ("Shoulder", "Arm", "ForeArm", "Hand", "HandEnd"))])
    chains.append(["Hips", *(side + n for n in ("UpLeg", "Leg", "Foot", "ToeBase", "ToeEnd"))])
armature = bpy.data.objects.new("Character", bpy.data.armatures.new("Character"))
bpy.context.scene.collection.objects.link(armature)
bpy.context.view_layer.objects.active = armature
bpy.ops.object.mode_set(mode="EDIT")
random.seed(1)
bones = armature.data.edit_bones
for number, chain in enumerate(chains):
    for above, name, end in zip([None, *chain], chain, chain[1:]):
        if number and name == chain[0]:
            continue
        bone = bones.new("mixamorig:" + name)
        bone.head, bone.tail, bone.roll = joints[name], joints[end], random.uniform(-3, 3)
        bone.parent = bones["mixamorig:" + above] if above else None
bpy.ops.object.mode_set(mode="OBJECT")
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[-1])
"""


def look(path: Path, folder: Path, *, frames: int, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Joints [F, 22, 3] of every frame, and [22, 3] at rest, as Blender has them."""
    script = folder / "look.py"
    script.write_text(f"SCRIPTS = {str(REPOSITORY / 'scripts')!r}\n{LOOK}", encoding="utf-8")
    said = blender(script, path, frames, first)
    found = json.loads(next(line for line in said.splitlines() if line.startswith("FOUND"))[5:])
    return (
        np.array([[frame[name] for name in NAMES] for frame in found["frames"]]),
        np.array([found["rest"][name] for name in NAMES]),
    )


SIX = ("walk", "run", "jump", "kick-front", "sit-down", "lie-down")


def check_rest_pose(rest: np.ndarray) -> None:
    """Arms straight out, legs straight down, feet on the ground and pointing ahead."""
    for left, right, axis, sign in ((13, 14, 0, 1), (1, 2, 1, -1)):
        for start, side in ((left, 1), (right, -1)):
            chain = {13: (13, 16, 18, 20), 14: (14, 17, 19, 21), 1: (1, 4, 7), 2: (2, 5, 8)}[start]
            bones = np.diff(rest[list(chain)], axis=0)
            bones /= np.linalg.norm(bones, axis=1, keepdims=True)
            expected = np.eye(3)[axis] * sign * (side if axis == 0 else 1)
            np.testing.assert_allclose(bones, np.tile(expected, (len(bones), 1)), atol=1e-4)
    assert -1e-6 < rest[[10, 11], 1].min() < 0.06
    assert (rest[[10, 11], 2] - rest[[7, 8], 2]).min() > 0.05


@pytest.mark.parametrize(("kind", "first"), [("bvh", 1), ("glb", 0)])
@pytest.mark.parametrize("name", ["breathing", *SIX])
def test_joints_and_rest_pose(tmp_path: Path, kind: str, first: int, name: str) -> None:
    expected = JOINTS if name == "breathing" else MOVES[name]()
    write = {"bvh": write_bvh, "glb": write_glb}[kind]
    write(tmp_path / f"walk.{kind}", Motion(expected[None]))  # type: ignore[operator]
    joints, rest = look(tmp_path / f"walk.{kind}", tmp_path, frames=len(expected), first=first)
    assert np.linalg.norm(joints - expected, axis=-1).max() < 1e-3
    check_rest_pose(rest)
    # The feet are on the ground when they are in the motion.
    feet = [7, 8, 10, 11]
    assert abs(joints[:, feet, 1].min() - expected[:, feet, 1].min()) < 1e-3


@pytest.mark.parametrize(("kind", "first"), [("bvh", 1), ("glb", 0)])
def test_the_last_key_of_a_loop_is_its_first(tmp_path: Path, kind: str, first: int) -> None:
    features = np.zeros((1, 40, 263), dtype=np.float32)
    features[..., 2] = 0.05  # it travels a metre a second, which in_place takes out
    loop = Motion(stroll(40)[None], features=features, settings={"loop": True})
    write = {"bvh": write_bvh, "glb": write_glb}[kind]
    write(tmp_path / f"loop.{kind}", loop, loop=True, in_place=True)  # type: ignore[operator]
    joints, _ = look(tmp_path / f"loop.{kind}", tmp_path, frames=41, first=first)
    np.testing.assert_allclose(joints[40], joints[0], atol=1e-4)
    assert np.linalg.norm(joints[10] - joints[0], axis=-1).max() > 0.1


def fbx_line() -> str:
    """The command that the documentation gives."""
    text = (REPOSITORY / "docs" / "interchange.md").read_text(encoding="utf-8")
    found = re.search(r"^ *(blender -b .*export_scene\.fbx.*)$", text, re.MULTILINE)
    assert found
    return found[1]


def test_one_line_makes_fbx(tmp_path: Path) -> None:
    program = blender_program()
    write_glb(tmp_path / "walk.glb", WALK)
    _, *arguments = shlex.split(fbx_line())
    done = subprocess.run([program, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    joints, rest = look(tmp_path / "walk.fbx", tmp_path, frames=41, first=1)
    assert np.linalg.norm(joints - JOINTS, axis=-1).max() < 1e-3
    assert rest[20, 0] == pytest.approx(T_POSE[20, 0], abs=1e-3)


@pytest.mark.parametrize("kind", ["glb", "bvh"])
def test_another_character_moves_alike(tmp_path: Path, kind: str) -> None:
    """A character with longer arms and bones of any roll: its limbs point where those of the motion point."""
    {"bvh": write_bvh, "glb": write_glb}[kind](tmp_path / f"walk.{kind}", WALK, positions=False)  # type: ignore[operator]
    script = tmp_path / "character.py"
    script.write_text(CHARACTER, encoding="utf-8")
    blender(script, tmp_path / "character.blend")
    names = [tmp_path / name for name in (f"walk.{kind}", "character.blend", "out.glb")]
    blender(REPOSITORY / "scripts" / "blender_retarget.py", *names)
    motion = read_glb(tmp_path / "out.glb", fps=20.0)
    moved = motion.positions[:, [motion.names.index(f"mixamorig:{name}") for name in NAMES]]
    first = read_glb(write_glb(tmp_path / "stiff.glb", WALK, positions=False))
    stiff = first.positions[:, [first.names.index(name) for name in NAMES]]
    moved = moved[kind == "bvh" :]  # in Blender a BVH file begins with frame 1
    count = min(len(moved), len(stiff))
    assert count >= 40
    for start, end in ((1, 4), (4, 7), (16, 18), (18, 20), (17, 19), (19, 21), (2, 5)):
        bones = [points[:count, end] - points[:count, start] for points in (moved, stiff)]
        one, other = (bone / np.linalg.norm(bone, axis=1, keepdims=True) for bone in bones)
        # The character's own limbs are a few degrees off straight at rest.
        assert np.degrees(np.arccos(np.clip((one * other).sum(axis=1), -1, 1))).max() < 5
    way = [points[count - 1, 0, 2] - points[0, 0, 2] for points in (moved, stiff)]
    assert way[0] == pytest.approx(way[1] * 0.89 / 0.79, rel=0.03)
