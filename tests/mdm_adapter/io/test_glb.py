"""GLB files: joints come back, animations are named, the mannequin is small, and the Khronos validator is content."""

import json
from pathlib import Path

import numpy as np
import pytest
from bodies import T_POSE, Motion, breathing, stroll
from other_programs import validate

from mdm_adapter.io.glb import write_glb
from mdm_adapter.io.glb_reader import import_glb, read_glb
from mdm_adapter.io.mannequin import MATERIALS
from mdm_adapter.io.npz import Segment
from mdm_adapter.io.rig import NAMES, TIPS

JOINTS = breathing(stroll())
WALK = Motion(JOINTS[None], 20.0, (Segment("a person walks", 0, 41),))


def seen(path: Path, **options: object) -> np.ndarray:
    """Joints [F, 22, 3] in our order."""
    motion = read_glb(path, **options)  # type: ignore[arg-type]
    return motion.positions[:, [motion.names.index(name) for name in NAMES]]


def document(path: Path) -> dict:
    raw = path.read_bytes()
    return json.loads(raw[20 : 20 + int.from_bytes(raw[12:16], "little")])


def test_joints_come_back(tmp_path: Path) -> None:
    path = write_glb(tmp_path / "walk.glb", WALK)
    assert np.linalg.norm(seen(path) - JOINTS, axis=-1).max() < 1e-5
    np.testing.assert_allclose(
        import_glb(path), JOINTS - [JOINTS[0, 0, 0], JOINTS[..., 1].min(), 0], atol=1e-5
    )
    fast = write_glb(tmp_path / "fast.glb", WALK, fps=60)
    assert np.linalg.norm(seen(fast) - JOINTS, axis=-1).max() < 1e-5
    stiff = write_glb(tmp_path / "stiff.glb", Motion(stroll()[None]))
    assert np.linalg.norm(seen(stiff) - stroll(), axis=-1).max() < 1e-5


def test_the_skeleton_rests_in_a_t_pose_without_rotations(tmp_path: Path) -> None:
    path = write_glb(tmp_path / "t.glb", Motion(np.repeat(T_POSE[None, None], 3, axis=1)))
    found = document(path)
    joints = found["skins"][0]["joints"]
    assert [found["nodes"][joint]["name"] for joint in joints][-5:] == [name for name, _ in TIPS]
    assert {found["nodes"][joint]["name"] for joint in joints} == {*NAMES, *(name for name, _ in TIPS)}
    assert not any("rotation" in node or "scale" in node for node in found["nodes"])
    del found["animations"]
    np.testing.assert_allclose(seen(path)[0], T_POSE, atol=1e-5)
    (path.with_name("still.glb")).write_bytes(packed(found, path))
    np.testing.assert_allclose(seen(path.with_name("still.glb")), T_POSE[None], atol=1e-6)


def packed(content: dict, source: Path) -> bytes:
    """A GLB file with other JSON and the binary part of `source`."""
    raw = source.read_bytes()
    binary = raw[20 + int.from_bytes(raw[12:16], "little") :]
    text = json.dumps(content).encode()
    text += b" " * (-len(text) % 4)
    body = len(text).to_bytes(4, "little") + b"JSON" + text + binary
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body


def test_every_sample_is_an_animation_that_knows_its_captions(tmp_path: Path) -> None:
    settings = {"pieces": [[0, 25], [15, 26]]}
    two = Motion(np.stack((JOINTS, JOINTS + np.array([0, 0, 1]))), segments=WALK.segments, settings=settings)
    path = write_glb(tmp_path / "walk.glb", two, fps=40)
    animations = document(path)["animations"]
    assert [animation["name"] for animation in animations] == ["walk", "walk-2"]
    assert animations[1]["extras"] == {
        "fps": 40.0, "loop": False, "segments": [{"text": "a person walks", "start": 0, "end": 81}], "seams": [40],
    }  # fmt: skip
    assert np.linalg.norm(seen(path, animation="walk-2") - two.joints[1], axis=-1).max() < 1e-5
    assert np.linalg.norm(seen(path, animation=1) - two.joints[1], axis=-1).max() < 1e-5


def test_only_joints_that_move_have_channels(tmp_path: Path) -> None:
    channels = {
        name: len(document(write_glb(tmp_path / f"{name}.glb", motion))["animations"][0]["channels"])
        for name, motion in (("stiff", Motion(stroll()[None])), ("breathing", WALK))
    }
    assert channels == {"stiff": 23, "breathing": 44}


def test_a_loop_ends_as_it_began(tmp_path: Path) -> None:
    features = np.zeros((1, 40, 263), dtype=np.float32)
    features[..., 2] = 0.05
    loop = Motion(stroll(40)[None], features=features, settings={"loop": True})
    joints = seen(write_glb(tmp_path / "loop.glb", loop, loop=True))
    assert len(joints) == 41
    np.testing.assert_allclose(joints[-1] - joints[0], np.broadcast_to([0, 0, 2], (22, 3)), atol=1e-5)
    joints = seen(write_glb(tmp_path / "place.glb", loop, loop=True, in_place=True, cycles=2))
    np.testing.assert_allclose(joints[[40, 80]], joints[[0, 0]], atol=1e-5)


def test_twenty_four_seconds_are_small(tmp_path: Path) -> None:
    long = Motion(np.concatenate([JOINTS] * 12)[None, :480])
    assert write_glb(tmp_path / "long.glb", long).stat().st_size < 1_000_000
    assert write_glb(tmp_path / "fast.glb", long, fps=60).stat().st_size < 2_000_000


def test_a_floor_on_request(tmp_path: Path) -> None:
    assert "Ground" not in {node["name"] for node in document(write_glb(tmp_path / "a.glb", WALK))["nodes"]}
    found = document(write_glb(tmp_path / "b.glb", WALK, ground=True))
    assert "Ground" in {node["name"] for node in found["nodes"]}
    floor = found["accessors"][found["meshes"][1]["primitives"][0]["attributes"]["POSITION"]]
    assert floor["max"][2] >= JOINTS[-1, 0, 2] + 2.5
    assert floor["min"][1] == floor["max"][1] == pytest.approx(-0.002)
    far = Motion((JOINTS + np.linspace(0, 3000, 41)[:, None, None] * [1, 0, 1])[None])
    assert write_glb(tmp_path / "far.glb", far, ground=True).stat().st_size < 2_000_000


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must be named \.glb"):
        write_glb(tmp_path / "a.gltf", WALK)
    with pytest.raises(ValueError, match="is no loop"):
        write_glb(tmp_path / "a.glb", WALK, loop=True)
    assert list(tmp_path.iterdir()) == []
    path = write_glb(tmp_path / "a.glb", WALK)
    with pytest.raises(FileExistsError, match="exists already"):
        write_glb(path, WALK)
    write_glb(path, WALK, force=True)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.glb"]


def test_colours_are_those_of_the_videos_without_gamma(tmp_path: Path) -> None:
    materials = document(write_glb(tmp_path / "a.glb", WALK))["materials"]
    assert [material["name"] for material in materials] == [name for name, _ in MATERIALS]
    for material, (_, colour) in zip(materials, MATERIALS):
        linear = np.array(material["pbrMetallicRoughness"]["baseColorFactor"][:3])
        screen = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        np.testing.assert_allclose(screen, colour, atol=1e-6)


@pytest.mark.slow
def test_the_khronos_validator_finds_nothing(tmp_path: Path) -> None:
    two = Motion(np.stack((JOINTS, JOINTS + np.array([0, 0, 1]))), segments=WALK.segments)
    for name, options in (
        ("plain", {}),
        ("whole", {"fps": 60, "ground": True}),
        ("stiff", {"positions": False}),
    ):
        report = validate(write_glb(tmp_path / f"{name}.glb", two, **options))
        assert report["issues"]["messages"] == []
        assert report["info"]["animationCount"] == 2
