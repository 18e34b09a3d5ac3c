"""Files on a model's own skeleton: what they hold is where its joints are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from kimodo_toys import clip
from scipy.spatial.transform import Rotation

from mdm_adapter.io.own_skeleton import keys_of
from mdm_adapter.models.kimodo.numbers import SOMA
from mdm_adapter.models.kimodo.skeletons import SOMA77, with_fingers
from mdm_adapter.motion import Motion


def motion(frames: int = 20, *, loop: bool = False) -> Motion:
    features = SOMA.own.encode(*clip(frames, 3))
    if loop:
        features = SOMA.way.closed(features[None], torch.tensor([[1.0, 2.0]]))[0]
    joints = SOMA.to_joints(features)[None].float().numpy()
    settings = {"representation": "kimodo-soma30", "loop": loop}
    return Motion(joints, features[None].float().numpy(), 30.0, (), settings)


def expected(frames: int = 20) -> np.ndarray:
    """All 77 joints [frames, 77, 3], by the skeleton's own kinematics."""
    local, root = clip(frames, 3)
    return SOMA77.forward_kinematics(with_fingers(local), root)[1].numpy()


def placed(
    names: list[str], parents: list[int], offsets: np.ndarray, turns: Rotation, root: np.ndarray
) -> dict:
    """Joints by name of one frame."""
    world, places = [turns[0]], [root]
    for joint in range(1, len(names)):
        world.append(world[parents[joint]] * turns[joint])
        places.append(places[parents[joint]] + world[parents[joint]].apply(offsets[joint]))
    return dict(zip(names, places))


def test_bvh_holds_the_joints(tmp_path: Path) -> None:
    path = motion().save(tmp_path / "walk.bvh", format="own-bvh")[0]
    head, body = path.read_text().split("MOTION\n")
    names, parents, offsets, stack = [], [], [], []
    for line in head.splitlines()[1:]:
        words = line.split()
        if words[0] in ("ROOT", "JOINT"):
            names.append(words[1])
            parents.append(stack[-1] if stack else -1)
        elif words[0] == "End":
            stack.append(-2)
        elif words[0] == "OFFSET" and (not stack or stack[-1] != -2):
            offsets.append([float(word) for word in words[1:]])
            stack.append(len(names) - 1)
        elif words[0] == "}":
            stack.pop()
    rows = np.array([[float(word) for word in line.split()] for line in body.splitlines()[2:]])
    assert sorted(names) == sorted(SOMA77.joints)
    assert rows.shape == (20, 3 + 3 * 77)
    for frame in (0, 7, 19):
        turns = Rotation.from_euler("ZXY", rows[frame, 3:].reshape(-1, 3), degrees=True)
        found = placed(names, parents, np.array(offsets), turns, rows[frame, :3])
        for joint, name in enumerate(SOMA77.joints):
            np.testing.assert_allclose(found[name], expected()[frame, joint], atol=1e-4)


def test_glb_holds_the_joints(tmp_path: Path) -> None:
    gltf = pytest.importorskip("pygltflib")
    path = motion().save(tmp_path / "walk.glb", format="own-glb")[0]
    document = gltf.GLTF2().load_binary(str(path))
    assert [node.name for node in document.nodes[:77]] == list(SOMA77.joints)
    data = document.binary_blob()

    def array(number: int) -> np.ndarray:
        accessor = document.accessors[number]
        view = document.bufferViews[accessor.bufferView]
        width = {"VEC3": 3, "VEC4": 4, "SCALAR": 1}[accessor.type]
        return np.frombuffer(data, np.float32, accessor.count * width, view.byteOffset).reshape(-1, width)

    animation = document.animations[0]
    tracks = {
        (c.target.node, c.target.path): array(animation.samplers[c.sampler].output)
        for c in animation.channels
    }
    offsets = np.array([node.translation for node in document.nodes[:77]])
    turns = Rotation.from_quat(np.stack([tracks[joint, "rotation"][7] for joint in range(77)]))
    found = placed(list(SOMA77.joints), list(SOMA77.parents), offsets, turns, tracks[0, "translation"][7])
    np.testing.assert_allclose(np.array(list(found.values())), expected()[7], atol=1e-4)
    assert document.skins[0].joints == list(range(77))


def test_rates_and_loops() -> None:
    keys = keys_of(motion(), fps=60)[0]
    assert len(keys.root) == 39
    np.testing.assert_allclose(keys.root[::2], keys_of(motion())[0].root, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(keys.rotations, axis=-1), 1, atol=1e-9)
    closed = keys_of(motion(loop=True), loop=True)[0]
    assert len(closed.root) == 21
    np.testing.assert_allclose(closed.root[-1] - closed.root[0], [1, 0, 2], atol=1e-4)
    with pytest.raises(ValueError, match="the motion is no loop"):
        keys_of(motion(), loop=True)
    with pytest.raises(ValueError, match="fps is 0"):
        keys_of(motion(), fps=0)


def test_motion_without_a_skeleton_of_its_own(tmp_path: Path) -> None:
    plain = Motion(np.zeros((1, 5, 22, 3), np.float32), np.zeros((1, 5, 263), np.float32))
    with pytest.raises(ValueError, match="motion in humanml3d has no skeleton besides the 22 joints"):
        plain.save(tmp_path / "a.bvh", format="own-bvh")
