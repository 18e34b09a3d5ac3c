"""Reading GLB files of others: every way of saying how a node moves, and files that are not what they say."""

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bodies import T_POSE, Motion, posed, stroll
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_adapter.io import gltf_parts
from mdm_adapter.io.glb import write_glb
from mdm_adapter.io.glb_reader import import_glb, read_glb
from mdm_adapter.io.rig import NAMES
from mdm_adapter.representation.skeleton import PARENTS

COMPONENT = {"float32": 5126, "int16": 5122, "uint8": 5121, "int8": 5120}
KIND = {1: "SCALAR", 3: "VEC3", 4: "VEC4"}


class Maker:
    """GLB files by hand."""

    def __init__(self, nodes: list[dict[str, Any]]) -> None:
        self.json: dict[str, Any] = {"asset": {"version": "2.0"}, "nodes": nodes, "animations": []}
        self.json |= {"accessors": [], "bufferViews": [], "buffers": [{"byteLength": 0}]}
        self.binary = b""

    def array(self, array: np.ndarray, **more: Any) -> int:
        self.binary += b"\0" * (-len(self.binary) % 4)
        raw = np.ascontiguousarray(array).tobytes()
        self.json["bufferViews"].append({"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(raw)})
        self.binary += raw
        columns = 1 if array.ndim == 1 else array.shape[-1]
        self.json["accessors"].append(
            {
                "bufferView": len(self.json["bufferViews"]) - 1, "componentType": COMPONENT[array.dtype.name],
                "count": array.size // columns, "type": KIND[columns], **more,
            }
        )  # fmt: skip
        return len(self.json["accessors"]) - 1

    def animate(self, *moves: tuple[int, str, Sequence[float], np.ndarray, str], **more: Any) -> None:
        animation: dict[str, Any] = {"name": "moves", "samplers": [], "channels": []}
        for node, path, times, values, how in moves:
            output = (
                self.array(values, **more)
                if values.dtype != np.float64
                else self.array(values.astype(np.float32))
            )
            sampler = {
                "input": self.array(np.array(times, dtype=np.float32)),
                "output": output,
                "interpolation": how,
            }
            animation["samplers"].append(sampler)
            target = {"node": node, "path": path}
            animation["channels"].append({"sampler": len(animation["samplers"]) - 1, "target": target})
        self.json["animations"].append(animation)

    def write(self, path: Path) -> Path:
        text = json.dumps(self.json).encode()
        text += b" " * (-len(text) % 4)
        body = len(text).to_bytes(4, "little") + b"JSON" + text
        body += len(self.binary).to_bytes(4, "little") + b"BIN\0" + self.binary
        path.write_bytes(b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body)
        return path


def arm(**base: Any) -> Maker:
    """A base, and a tip two units along x of it."""
    return Maker([{"name": "base", "children": [1], **base}, {"name": "tip", "translation": [2, 0, 0]}])


def test_a_file_without_animation_is_a_pose(tmp_path: Path) -> None:
    motion = read_glb(
        arm(rotation=[0, 0, math.sqrt(0.5), math.sqrt(0.5)], scale=[3, 3, 3]).write(tmp_path / "a.glb")
    )
    assert motion.names == ("base", "tip")
    assert motion.animation == ""
    np.testing.assert_allclose(motion.positions, [[[0, 0, 0], [0, 6, 0]]], atol=1e-12)
    matrix = [
        0,
        2,
        0,
        0,
        -2,
        0,
        0,
        0,
        0,
        0,
        2,
        0,
        5,
        6,
        7,
        1,
    ]  # column after column: a quarter turn, twice as large
    motion = read_glb(arm(matrix=matrix).write(tmp_path / "b.glb"))
    np.testing.assert_allclose(motion.positions[0], [[5, 6, 7], [5, 10, 7]], atol=1e-12)


def test_steps_lines_and_curves(tmp_path: Path) -> None:
    start, end = [0.0, 0, 0], [4.0, 0, 0]
    for how, expected in (("STEP", [0, 0, 4]), ("LINEAR", [0, 2, 4])):
        maker = arm()
        maker.animate((0, "translation", [0, 1], np.array([start, end]), how))
        found = read_glb(maker.write(tmp_path / "a.glb"), fps=2).positions[:, 0, 0]
        np.testing.assert_allclose(found, expected, atol=1e-6)
    maker = arm()
    still = [0.0, 0, 0]
    values = np.array([still, start, [8.0, 0, 0], [8.0, 0, 0], end, still])  # in, value, out of two keys
    maker.animate((0, "translation", [0, 2], values, "CUBICSPLINE"))
    found = read_glb(maker.write(tmp_path / "c.glb"), fps=1).positions[:, 0, 0]
    # Half-way on a Hermite curve: (a + b) / 2 + (out - in) * length / 8
    np.testing.assert_allclose(found, [0, 2 + (8 - 8) * 2 / 8, 4], atol=1e-6)


def test_turns_are_even_and_take_the_short_way(tmp_path: Path) -> None:
    maker = arm()
    turns = Rotation.from_rotvec([[0, 0, 0], [0, 0, np.pi / 2]]).as_quat() * [[1], [-1]]
    maker.animate((0, "rotation", [0, 1], turns, "LINEAR"))
    tips = read_glb(maker.write(tmp_path / "a.glb"), fps=3).positions[:, 1]
    angles = np.radians([0, 30, 60, 90])
    np.testing.assert_allclose(
        tips, 2 * np.stack((np.cos(angles), np.sin(angles), 0 * angles), axis=1), atol=1e-6
    )


def test_small_numbers_scales_and_keys_that_begin_late(tmp_path: Path) -> None:
    maker = arm()
    short = np.rint(Rotation.from_rotvec([[0, 0, 0], [0, 0, 1.0]]).as_quat() * 32767).astype(np.int16)
    maker.animate((0, "rotation", [1, 2], short, "LINEAR"), normalized=True)
    maker.animate((0, "scale", [0, 1], np.array([[1.0, 1, 1], [2.0, 2, 2]]), "LINEAR"))
    path = maker.write(tmp_path / "a.glb")
    tips = read_glb(path, fps=1).positions[:, 1]
    np.testing.assert_allclose(tips[:2], [[2, 0, 0], [2, 0, 0]], atol=1e-3)
    np.testing.assert_allclose(tips[2], [2 * np.cos(1), 2 * np.sin(1), 0], atol=1e-3)
    np.testing.assert_allclose(read_glb(path, animation=1, fps=2).positions[:, 1, 0], [2, 3, 4], atol=1e-6)
    assert read_glb(path, animation="moves").animation == "moves"


def mixamo(joints: np.ndarray, turns: np.ndarray) -> Maker:
    """The body of a motion as Mixamo's own files hold it: centimetres, z up, under an armature that sets that right."""
    nodes: list[dict[str, Any]] = []
    for joint, name in enumerate(NAMES):
        offset = T_POSE[joint] - (T_POSE[PARENTS[joint]] if joint else 0)
        children = [child for child in range(22) if PARENTS[child] == joint]
        nodes.append(
            {"name": f"mixamorig:{name}", "translation": (100 * offset).tolist(), "children": children}
        )
    # A quarter turn back about x: what was z up is y up again.
    quarter = [math.sqrt(0.5), 0, 0, math.sqrt(0.5)]
    nodes.append({"name": "Armature", "scale": [0.01] * 3, "rotation": quarter, "children": [0]})
    nodes.append({"name": "Head"})  # a mesh that is called like a joint, and is none
    maker = Maker(nodes)
    maker.json["skins"] = [{"joints": [3]}, {"joints": list(range(22))}]
    times = np.arange(len(joints)) / 20
    moves = [(0, "translation", times, 100 * joints[:, 0] @ TO_FILE.T, "LINEAR")]
    for joint in range(22):
        local = Rotation.from_rotvec(turns[:, joint])
        moves.append(
            (joint, "rotation", times, (FROM_Y * local if joint == 0 else local).as_quat(), "LINEAR")
        )
    maker.animate(*moves)
    return maker


FROM_Y = Rotation.from_euler("x", -90, degrees=True)
TO_FILE = FROM_Y.as_matrix()


def test_a_file_like_those_of_mixamo(tmp_path: Path) -> None:
    turns = np.zeros((21, 22, 3))
    turns[:, 16, 2], turns[:, 4, 0], turns[:, 0, 1] = -1.0, np.linspace(0, 1, 21), np.linspace(0, 2, 21)
    joints = posed(turns, np.linspace([0, 0.95, 0], [1, 0.95, 2], 21))
    path = mixamo(joints, turns).write(tmp_path / "m.glb")
    motion = read_glb(path)
    assert motion.names[0] == "mixamorig:Hips"
    assert len(motion.names) == 22
    np.testing.assert_allclose(motion.positions, joints, atol=1e-5)
    np.testing.assert_allclose(import_glb(path), joints - [0, joints[..., 1].min(), 0], atol=1e-5)
    assert import_glb(path, fps=30).shape == (31, 22, 3)
    np.testing.assert_allclose(import_glb(path, metres_per_unit=2.0), 2 * import_glb(path), atol=1e-5)


def test_what_is_no_humanoid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^a\.glb: unknown skeleton"):
        import_glb(arm().write(tmp_path / "a.glb"))
    mirrored = Motion((stroll() * [-1, 1, 1])[None])
    with pytest.raises(ValueError, match=r"^m\.glb: .*left and right are exchanged"):
        import_glb(write_glb(tmp_path / "m.glb", mirrored, positions=True))
    with pytest.raises(ValueError, match="metres_per_unit is 0"):
        import_glb(write_glb(tmp_path / "g.glb", Motion(stroll()[None])), metres_per_unit=0.0)


def broken(change: str) -> Maker:
    maker = arm()
    maker.animate((0, "translation", [0, 1], np.array([[0.0, 0, 0], [1.0, 0, 0]]), "LINEAR"))
    content = maker.json
    sampler, channel = content["animations"][0]["samplers"][0], content["animations"][0]["channels"][0]
    output = content["accessors"][0]
    exec(change, {}, locals())
    return maker


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("content['nodes'] = []", "0 nodes"),
        ("content['nodes'] = 3", "nodes is no list"),
        ("content['nodes'][0]['children'] = [7]", "node 0: child is 7"),
        ("content['nodes'][0]['children'] = [1, 1]", "two parents"),
        ("content['nodes'][1]['children'] = [0]", "in a circle"),
        ("content['nodes'][0]['children'] = 1", "children is no list"),
        ("content['nodes'][0]['translation'] = [1, 2]", "translation is not 3 finite numbers"),
        ("content['nodes'][0]['translation'] = [1, 2, 1e300]", "translation is not 3 finite numbers"),
        ("content['nodes'][0]['rotation'] = [0, 0, 0, 0]", "rotation is zero"),
        ("content['nodes'][0]['scale'] = ['a', 1, 1]", "scale is not 3 finite numbers"),
        ("content['nodes'][1]['translation'] = [1e11, 0, 0]", "units away"),
        ("content['skins'] = [{'joints': [0, 5]}]", "skin 0: joint is 5"),
        ("content['skins'] = [{'joints': 0}]", "joints is no list"),
        ("channel['target'] = 5", "no target"),
        ("channel['target']['node'] = -1", "node is -1"),
        ("channel['sampler'] = True", "sampler is True"),
        ("sampler['interpolation'] = 'MAGIC'", "interpolates by 'MAGIC'"),
        ("sampler['interpolation'] = 'CUBICSPLINE'", "2, 3] values of translation for 2 times"),
        ("sampler['input'] = 0", "a time is not one number"),
        ("sampler['input'] = 9", "input is 9"),
        ("output['count'] = 3", "beyond the end"),
        ("output['count'] = 10**9", "count is 1000000000"),
        ("output['count'] = '2'", "count is 2"),
        ("output['componentType'] = 7", "component type 7"),
        ("output['type'] = 'VEC9'", "type 'VEC9'"),
        ("output['sparse'] = {}", "sparse"),
        ("output['byteOffset'] = -4", "byteOffset is -4"),
        ("content['bufferViews'][0]['byteLength'] = 10**8", "beyond the end"),
        ("content['bufferViews'][0]['byteStride'] = 1", "beyond the end"),
        ("content['bufferViews'][0]['extensions'] = {'EXT_meshopt_compression': {}}", "compressed"),
        ("content['bufferViews'][0]['buffer'] = 1; content['buffers'] = [{}, {}]", "another file"),
        ("content['animations'][0]['channels'] *= 2", "twice"),
        ("content['animations'].append(5)", "animations is no list of objects"),
    ],
)
def test_broken_files_are_refused_in_one_line(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        read_glb(broken(change).write(tmp_path / "a.glb"))
    message = str(caught.value)
    assert message.startswith("a.glb: ")
    assert "\n" not in message
    assert len(message) < 500


def test_channels_of_other_things_are_left_out(tmp_path: Path) -> None:
    found = read_glb(broken("channel['target']['path'] = 'weights'").write(tmp_path / "a.glb"))
    assert found.positions.shape == (1, 2, 3)
    assert read_glb(broken("del channel['target']['node']").write(tmp_path / "b.glb")).positions.shape == (
        1,
        2,
        3,
    )


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = broken("pass").write(tmp_path / "a.glb")
    slow = arm()
    slow.animate((0, "translation", [0, 900_000], np.zeros((2, 3)), "LINEAR"))
    with pytest.raises(ValueError, match="more than 1,000,000 frames"):
        read_glb(slow.write(tmp_path / "b.glb"))
    monkeypatch.setattr("mdm_adapter.io.glb_reader.MAX_VALUES", 20)
    with pytest.raises(ValueError, match="21 frames of 2 joints"):
        read_glb(path)
    monkeypatch.setattr(gltf_parts, "MAX_BYTES", 100)
    with pytest.raises(ValueError, match="more than 100"):
        read_glb(path)


def test_what_is_no_glb_file(tmp_path: Path) -> None:
    def refusal(raw: bytes) -> str:
        (tmp_path / "x.glb").write_bytes(raw)
        with pytest.raises(ValueError, match=r"^x\.glb: ") as caught:
            read_glb(tmp_path / "x.glb")
        return str(caught.value)

    good = broken("pass").write(tmp_path / "a.glb").read_bytes()
    assert "does not begin" in refusal(b"")
    assert "does not begin" in refusal(b"{" + b" " * 50)
    assert "version 1" in refusal(good[:4] + (1).to_bytes(4, "little") + good[8:])
    assert "truncated" in refusal(good[:-5])
    assert "truncated" in refusal(good[:12] + (10**6).to_bytes(4, "little") + good[16:])
    assert "no JSON part" in refusal(good[:16] + b"NOSJ" + good[20:])
    assert "cannot be read" in refusal(good[:20] + b"[" + good[21:])
    assert "cannot be read" in refusal(good[:20] + b"\xff" + good[21:])
    with pytest.raises(FileNotFoundError):
        read_glb(tmp_path / "absent.glb")
    with pytest.raises(ValueError, match="not a regular file"):
        read_glb(tmp_path)
    os.mkfifo(tmp_path / "pipe.glb")
    with pytest.raises(ValueError, match="not a regular file"):
        read_glb(tmp_path / "pipe.glb")
    with pytest.raises(ValueError, match="no animation 3; it has 1: 'moves'"):
        read_glb(tmp_path / "a.glb", animation=3)
    with pytest.raises(ValueError, match="fps is 0"):
        read_glb(tmp_path / "a.glb", fps=0)


def survives(path: Path) -> None:
    """A file is read, or refused in one line; nothing else may happen."""
    try:
        problem, positions = "", read_glb(path).positions
    except ValueError as error:
        problem, positions = str(error), np.zeros(3)
    assert "\n" not in problem
    assert np.isfinite(positions).all()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_are_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    raw = bytearray(broken("pass").write(tmp_path / "a.glb").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(12, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.glb"
    path.write_bytes(
        bytes(raw[: data.draw(st.integers(0, len(raw)))]) if data.draw(st.booleans()) else bytes(raw)
    )
    survives(path)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), values)
def test_nothing_in_the_json_is_believed(tmp_path: Path, data: st.DataObject, value: Any) -> None:
    maker = broken("pass")
    here: Any = maker.json
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(here[key], (dict, list)) or data.draw(st.integers(0, 3)) == 0:
            here[key] = value
            break
        here = here[key]
    survives(maker.write(tmp_path / "a.glb"))
