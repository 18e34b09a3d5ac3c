"""BVH files: other readers see the motion's joints in them, the rest pose is a T-pose, captions lie beside them."""

import json
from pathlib import Path

import numpy as np
import pytest
from bodies import T_POSE, Motion, breathing, posed, random_pose, stroll
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_adapter.io.bvh import euler_angles, write_bvh
from mdm_adapter.io.bvh_reader import BvhMotion, import_bvh, parse_bvh, world_positions
from mdm_adapter.io.npz import Segment
from mdm_adapter.io.rig import NAMES, TIPS

JOINTS = breathing(stroll())
WALK = Motion(JOINTS[None], 20.0, (Segment("a person walks", 0, 30), Segment("and “stops”", 30, 41)))


def read(path: Path) -> tuple[BvhMotion, np.ndarray]:
    """A file and its joints [F, 22, 3] in our order."""
    motion = parse_bvh(path)
    return motion, world_positions(motion)[:, [motion.names.index(name) for name in NAMES]]


def resting(motion: BvhMotion) -> np.ndarray:
    """World positions [J, 3] of the pose that the hierarchy alone describes."""
    places: list[np.ndarray] = []
    for parent, offset in zip(motion.parents, motion.offsets):
        places.append(offset + (places[parent] if parent >= 0 else 0))
    return np.array(places)


def test_joints_come_back(tmp_path: Path) -> None:
    (path,) = write_bvh(tmp_path / "walk.bvh", WALK)
    motion, joints = read(path)
    assert np.linalg.norm(joints - JOINTS, axis=-1).max() < 2e-5
    assert motion.frame_time == 0.05
    assert set(motion.rotation_orders) == {"ZXY", ""}
    assert sum(name.endswith("_end") for name in motion.names) == len(TIPS)
    np.testing.assert_allclose(
        import_bvh(path), JOINTS - [JOINTS[0, 0, 0], JOINTS[..., 1].min(), 0], atol=2e-5
    )


def test_the_rest_pose_is_a_t_pose_on_the_ground(tmp_path: Path) -> None:
    still = Motion(np.repeat(T_POSE[None, None], 3, axis=1))
    motion, joints = read(write_bvh(tmp_path / "t.bvh", still)[0])
    rest = resting(motion)
    np.testing.assert_allclose(rest[[motion.names.index(name) for name in NAMES]], T_POSE, atol=1e-6)
    np.testing.assert_allclose(joints, still.joints[0], atol=1e-5)
    rotations = [
        k
        for names, start in zip(motion.channels, motion.channel_starts)
        for k in range(start + 3, start + 6)
        if names
    ]
    assert len(motion.channels[0]) == 6
    assert np.abs(motion.values[:, rotations[:3]]).max() < 1e-4


@pytest.mark.parametrize(("scale", "up"), [(1.0, "z"), (100.0, "y"), (100.0, "z"), (1000.0, "z")])
def test_units_and_axes(tmp_path: Path, scale: float, up: str) -> None:
    (path,) = write_bvh(tmp_path / "walk.bvh", WALK, scale=scale, up=up)
    _, joints = read(path)
    expected = JOINTS if up == "y" else JOINTS[..., [0, 2, 1]] * [1, -1, 1]
    assert np.linalg.norm(joints / scale - expected, axis=-1).max() < 2e-5
    np.testing.assert_allclose(
        import_bvh(path), import_bvh(write_bvh(tmp_path / "m.bvh", WALK)[0]), atol=5e-5
    )


def test_stiff_bones_need_no_position_channels(tmp_path: Path) -> None:
    stiff = stroll()
    (path,) = write_bvh(tmp_path / "stiff.bvh", Motion(stiff[None]))
    motion, joints = read(path)
    assert np.linalg.norm(joints - stiff, axis=-1).max() < 2e-5
    assert [len(names) for names in motion.channels if names] == [6, *[3] * 21]
    forced, _ = read(write_bvh(tmp_path / "six.bvh", Motion(stiff[None]), positions=True)[0])
    assert [len(names) for names in forced.channels if names] == [6] * 22


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31 - 1))
def test_random_poses_come_back(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    joints = posed(
        np.array([random_pose(rng) for _ in range(4)]), rng.normal([0, 0.9, 0], [3, 0.1, 3], (4, 3))
    )
    for positions in (False, True):
        path = write_bvh(tmp_path / "r.bvh", Motion(joints[None]), force=True, positions=positions)[0]
        assert np.linalg.norm(read(path)[1] - joints, axis=-1).max() < 1e-4


def test_other_rates_and_loops(tmp_path: Path) -> None:
    motion, joints = read(write_bvh(tmp_path / "fast.bvh", WALK, fps=60)[0])
    assert motion.frame_time == pytest.approx(1 / 60, rel=1e-9)
    assert np.linalg.norm(joints[::3] - JOINTS, axis=-1).max() < 2e-5
    features = np.zeros((1, 40, 263), dtype=np.float32)
    features[..., 2] = 0.05
    loop = Motion(stroll(40)[None], features=features, settings={"loop": True, "pieces": [[0, 30], [20, 30]]})
    motion, joints = read(write_bvh(tmp_path / "loop.bvh", loop, loop=True)[0])
    assert len(joints) == 41
    np.testing.assert_allclose(motion.values[0, 3:], motion.values[-1, 3:], atol=1e-5)
    np.testing.assert_allclose(joints[-1], joints[0] + [0, 0, 2], atol=2e-5)
    beside = json.loads((tmp_path / "loop.json").read_text(encoding="utf-8"))
    assert beside["loop"] is True
    assert beside["seams"] == [5, 25]


def test_captions_lie_beside(tmp_path: Path) -> None:
    write_bvh(tmp_path / "walk.bvh", WALK, fps=40, scale=100, up="z")
    beside = json.loads((tmp_path / "walk.json").read_text(encoding="utf-8"))
    assert beside["segments"] == [
        {"text": "a person walks", "start": 0, "end": 59, "seconds": [0.0, 1.475]},
        {"text": "and “stops”", "start": 59, "end": 81, "seconds": [1.475, 2.025]},
    ]
    assert {key: beside[key] for key in ("name", "frames", "fps", "units_per_metre", "up", "position_channels")} == {
        "name": "walk", "frames": 81, "fps": 40, "units_per_metre": 100, "up": "z", "position_channels": "all joints",
    }  # fmt: skip


def test_a_file_for_each_sample_and_none_is_replaced(tmp_path: Path) -> None:
    two = Motion(np.stack((JOINTS, JOINTS + np.array([0, 0, 1]))))
    assert [path.name for path in write_bvh(tmp_path / "a.bvh", two)] == ["a.bvh", "a-2.bvh"]
    np.testing.assert_allclose(read(tmp_path / "a-2.bvh")[1], two.joints[1], atol=2e-5)
    (tmp_path / "a.bvh").unlink()
    before = (tmp_path / "a-2.bvh").read_bytes()
    with pytest.raises(FileExistsError, match=r"a-2\.bvh exists already"):
        write_bvh(tmp_path / "a.bvh", two)
    assert not (tmp_path / "a.bvh").exists()
    assert (tmp_path / "a-2.bvh").read_bytes() == before
    write_bvh(tmp_path / "a.bvh", two, force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.bvh", "a-2.json", "a.bvh", "a.json"]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.txt", {}, "must be named .bvh"),
        ("a.bvh", {"scale": 0.0}, "scale is 0"),
        ("a.bvh", {"scale": float("nan")}, "scale is nan"),
        ("a.bvh", {"up": "x"}, "choose y or z"),
        ("a.bvh", {"fps": -1.0}, "fps is -1"),
        ("a.bvh", {"loop": True}, "a is no loop"),
    ],
)
def test_what_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, name: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        write_bvh(tmp_path / name, WALK, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_angles_go_on_through_poles_and_whole_turns() -> None:
    steps = np.linspace(0, 1, 200)
    around = Rotation.from_rotvec(np.stack((0 * steps, 12 * steps, 0 * steps), axis=1)).as_quat()
    over = Rotation.from_rotvec(np.stack((3 * steps, 0 * steps, 0 * steps), axis=1)).as_quat()
    angles = euler_angles(np.stack((around, over), axis=1))
    np.testing.assert_allclose(angles[:, 0], np.degrees(12 * steps)[:, None] * [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(angles[:, 1], np.degrees(3 * steps)[:, None] * [0, 1, 0], atol=1e-4)


@given(st.integers(0, 2**31 - 1))
def test_angles_are_those_of_the_rotations(seed: int) -> None:
    rotations = Rotation.random(12, random_state=seed)
    angles = euler_angles(rotations.as_quat().reshape(6, 2, 4))
    back = Rotation.from_euler("ZXY", angles.reshape(-1, 3), degrees=True)
    assert (back * rotations.inv()).magnitude().max() < 1e-6


def test_somebody_who_lies_down_comes_back_upright(tmp_path: Path) -> None:
    """Stands for half a second, falls on the back, and stays there, head towards +z: up is still y."""
    fall = np.clip((np.arange(120) - 10) / 10, 0, 1)
    turns = np.zeros((120, 22, 3))
    turns[:, 0, 0] = np.pi / 2 * fall
    root = np.stack((0 * fall, 0.95 - 0.8 * fall, 0 * fall), axis=1)
    joints = posed(turns, root)
    (path,) = write_bvh(tmp_path / "fall.bvh", Motion(joints[None]))
    found = import_bvh(path, skip_rest_pose=False)
    np.testing.assert_allclose(found, joints - [0, joints[..., 1].min(), 0], atol=5e-5)


def test_pybvh_and_bvhio_see_the_same(tmp_path: Path) -> None:
    pybvh, bvhio = pytest.importorskip("pybvh"), pytest.importorskip("bvhio")
    (path,) = write_bvh(tmp_path / "stiff.bvh", Motion(stroll()[None]))
    theirs = pybvh.read_bvh_file(str(path))
    names = [node.name for node in theirs.nodes]
    positions = pybvh.frames_to_node_positions(theirs)[:, [names.index(name) for name in NAMES]]
    assert np.linalg.norm(positions - stroll(), axis=-1).max() < 1e-4
    (path,) = write_bvh(tmp_path / "walk.bvh", WALK)
    root = bvhio.readAsHierarchy(str(path))
    joints = {joint.Name: joint for joint, *_ in root.layout()}
    for frame in (0, 17, 40):
        root.loadPose(frame)
        seen = np.array([list(joints[name].PositionWorld) for name in NAMES])
        assert np.linalg.norm(seen - JOINTS[frame], axis=-1).max() < 1e-4
