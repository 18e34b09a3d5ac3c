"""Put a motion on another character in Blender, by constraints alone; nothing has to be installed.

    blender -b --python scripts/blender_retarget.py -- walk.glb character.fbx walking.glb

walk.glb     a motion written by `motioncollage`, `.glb` or `.bvh` (y up).
character    a rigged character that rests in a T-pose: `.fbx`, `.glb` or `.blend`. Its bones are found by their names,
             with or without a prefix such as `mixamorig:`.
walking      what to write: `.glb`, `.fbx` or `.blend`. Names of files only; nothing is asked before it is replaced.

Each bone copies the rotation of its namesake, as it is seen from both rest poses (the space that Blender calls "Local
Space (Owner Orientation)"), so that bones may be rolled as they like. The hips copy the place of the hips as well,
after the motion was scaled to the length of the character's legs.
"""

import builtins
import re
import sys
from typing import Any

import bpy

BONES = (
    "Hips", "Spine", "Spine1", "Spine2", "Neck", "Head", "LeftShoulder", "LeftArm", "LeftForeArm", "LeftHand",
    "RightShoulder", "RightArm", "RightForeArm", "RightHand", "LeftUpLeg", "LeftLeg", "LeftFoot", "LeftToeBase",
    "RightUpLeg", "RightLeg", "RightFoot", "RightToeBase",
)  # fmt: skip


def mend() -> None:
    """What importers of Blender 3 ask of Python and NumPy, and newer ones no longer have (as Debian's Blender finds)."""
    import numpy

    if not hasattr(numpy, "bool"):
        numpy.bool = bool  # type: ignore[attr-defined]
    plain_open = builtins.open

    def open_text(file: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
        return plain_open(file, mode.replace("U", ""), *rest, **options)

    builtins.open = open_text


def enable() -> None:
    """Switch the importers on: Blender has them on, `bpy` as a Python module does not."""
    import addon_utils

    for module in ("io_scene_gltf2", "io_anim_bvh", "io_scene_fbx"):
        addon_utils.enable(module)


def load(path: str) -> Any:
    """Import a file; its armature."""
    before = set(bpy.data.objects)
    kind = path.rsplit(".", 1)[-1].lower()
    if kind == "glb":
        bpy.ops.import_scene.gltf(filepath=path)
    elif kind == "bvh":
        bpy.ops.import_anim.bvh(filepath=path, update_scene_fps=True)
    elif kind == "fbx":
        bpy.ops.import_scene.fbx(filepath=path, ignore_leaf_bones=True)
    elif kind == "blend":
        with bpy.data.libraries.load(path) as (theirs, ours):
            ours.objects = theirs.objects
        for item in ours.objects:
            bpy.context.scene.collection.objects.link(item)
    else:
        sys.exit(f"{path}: give a .glb, .bvh, .fbx or .blend file")
    found = [item for item in bpy.data.objects if item not in before and item.type == "ARMATURE"]
    if not found:
        sys.exit(f"{path}: there is no armature in it")
    return found[0]


def by_name(armature: Any) -> dict[str, str]:
    """Our name of a bone -> its name in the armature."""
    plain = {
        re.sub(r"^.*[:|]|^mixamorig\d*_?", "", bone.name).lower(): bone.name for bone in armature.data.bones
    }
    return {name: plain[name.lower()] for name in BONES if name.lower() in plain}


def rest(armature: Any, bone: str) -> Any:
    """Where a bone begins in the rest pose, in the world."""
    return armature.matrix_world @ armature.data.bones[bone].head_local


def leg(armature: Any, names: dict[str, str]) -> float:
    return float((rest(armature, names["LeftUpLeg"]) - rest(armature, names["LeftFoot"])).length)


def retarget(source: Any, target: Any) -> None:
    """Constrain the bones of `target` to their namesakes in `source`."""
    theirs, ours = by_name(target), by_name(source)
    missing = [name for name in ("Hips", "LeftUpLeg", "LeftFoot") if name not in theirs or name not in ours]
    if missing:
        sys.exit(f"no bone is called {', '.join(missing)}: name the bones of the character as Mixamo does")
    source.scale = source.scale * (leg(target, theirs) / leg(source, ours))
    bpy.context.view_layer.update()
    for name, bone in theirs.items():
        pose = target.pose.bones[bone]
        turning = pose.constraints.new("COPY_ROTATION")
        turning.target, turning.subtarget = source, ours[name]
        turning.target_space, turning.owner_space = "LOCAL_OWNER_ORIENT", "LOCAL"
        if name == "Hips":
            moving = pose.constraints.new("COPY_LOCATION")
            moving.target, moving.subtarget = source, ours[name]


def bake(source: Any, target: Any) -> None:
    """Keys on the bones of `target`, without constraints; the source is removed."""
    action = source.animation_data.action
    first, last = (round(frame) for frame in action.frame_range)
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = first, last
    bpy.ops.object.select_all(action="DESELECT")
    target.select_set(True)
    bpy.context.view_layer.objects.active = target
    bpy.ops.object.mode_set(mode="POSE")
    bpy.ops.pose.select_all(action="SELECT")
    bpy.ops.nla.bake(
        frame_start=first,
        frame_end=last,
        only_selected=True,
        visual_keying=True,
        clear_constraints=True,
        bake_types={"POSE"},
    )
    bpy.ops.object.mode_set(mode="OBJECT")
    for item in [*source.children, source]:
        bpy.data.objects.remove(item)
    bpy.data.actions.remove(action)


def save(path: str) -> None:
    kind = path.rsplit(".", 1)[-1].lower()
    if kind == "glb":
        bpy.ops.export_scene.gltf(filepath=path)
    elif kind == "fbx":
        bpy.ops.export_scene.fbx(filepath=path, add_leaf_bones=False, bake_anim_use_nla_strips=False)
    elif kind == "blend":
        bpy.ops.wm.save_as_mainfile(filepath=path)
    else:
        sys.exit(f"{path}: name a .glb, .fbx or .blend file")


def main() -> None:
    motion, character, out = sys.argv[sys.argv.index("--") + 1 :]
    mend()
    bpy.ops.wm.read_factory_settings(use_empty=True)
    enable()
    bpy.context.scene.render.fps = 20  # of the motion, so that its keys lie on whole frames
    target, source = load(character), load(motion)
    retarget(source, target)
    bake(source, target)
    save(out)


if __name__ == "__main__":
    main()
