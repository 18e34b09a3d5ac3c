"""What a page holds, decoded as it decodes it: joints, rotations, jerk at joins, loops, footprints."""

import base64
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from moves import MOVES, travelling
from paths import golden

from eval.metrics.transitions import jerk_curve
from mdm_adapter.io.geometry import to_matrices, turn
from mdm_adapter.io.viewer.scene import peak_jerk, scene
from mdm_adapter.motion import Motion, Segment

FPS = 20.0


def motion_of(joints: np.ndarray, **more: Any) -> Motion:
    """A motion of given samples without features."""
    joints = joints if joints.ndim == 4 else joints[None]
    return Motion(joints.astype(np.float32), np.zeros((*joints.shape[:2], 0), dtype=np.float32), **more)


def read(data: dict[str, Any], number: int, kind: str, *shape: int) -> np.ndarray:
    """A buffer of the page."""
    return np.frombuffer(base64.b64decode(data["buffers"][number]), dtype=kind).reshape(shape)


def joints_of(data: dict[str, Any], figure: dict[str, Any]) -> np.ndarray:
    """Joints [F, 22, 3] of a figure, metres."""
    beside = read(data, figure["joints"], "<i2", -1, 22, 3) * figure["unit"]
    return np.asarray(beside + read(data, figure["root"], "<f4", -1, 1, 3))


def test_joints_come_back_within_a_tenth_of_a_millimetre() -> None:
    samples = np.stack([travelling(24.0, (0.4, speed)).joints() for speed in (1.2, 3.0)])
    data = scene([("walk", motion_of(samples))])
    for figure, joints in zip(data["figures"], samples):
        assert figure["frames"] == 480
        assert np.abs(joints_of(data, figure) - joints).max() < 1e-4
    assert sum(map(len, data["buffers"])) < 900_000


@settings(max_examples=20, deadline=None)
@given(
    joints=arrays(np.float64, (3, 22, 3), elements=st.floats(-3, 3)),
    far=st.floats(-5000, 5000),
)
def test_any_joints_come_back_within_a_millimetre(joints: np.ndarray, far: float) -> None:
    wanted = (joints + np.array([far, 0, 0])).astype(np.float32)
    data = scene([("any", motion_of(wanted))])
    assert np.abs(joints_of(data, data["figures"][0]) - wanted).max() < 1e-3


@pytest.mark.parametrize("move", ["walk", "kick-front", "squat", "turn-around-left"])
def test_rotations_turn_the_bones_of_the_rest_pose_to_where_they_are(move: str) -> None:
    joints = MOVES[move]()
    data = scene([(move, motion_of(joints))])
    figure = data["figures"][0]
    rotations = to_matrices(read(data, figure["rotations"], "<i2", -1, 22, 4) / 32767)
    rest = read(data, data["bodies"][figure["body"]]["rest"], "<f4", 22, 3)
    for start, end in ((1, 4), (4, 7), (17, 19), (19, 21), (12, 15)):
        wanted = joints[:, end] - joints[:, start]
        found = turn(rotations[:, start], (rest[end] - rest[start]).astype(np.float64))
        cosine = (wanted * found).sum(-1) / np.linalg.norm(wanted, axis=-1) / np.linalg.norm(found, axis=-1)
        assert cosine.min() > np.cos(np.radians(1.0))


def test_the_mannequin_is_whole_and_written_once() -> None:
    joints = travelling(2.0, (0.0, 1.0)).joints()
    # Two bodies of one shape and one that is larger: rest and points differ, triangles do not.
    data = scene([("a", motion_of(joints)), ("b", motion_of(joints)), ("c", motion_of(1.1 * joints))])
    bodies = data["bodies"]
    assert bodies[0] == bodies[1] != bodies[2]
    assert bodies[0]["triangles"] == bodies[2]["triangles"]
    points = read(data, bodies[0]["points"], "<i2", -1, 3)
    triangles = read(data, bodies[0]["triangles"], "<u2", -1, 3)
    carriers, share = (
        read(data, bodies[0]["carriers"], "u1", -1, 2),
        read(data, bodies[0]["share"], "u1", -1),
    )
    assert len(points) == len(carriers) == len(share)
    assert set(triangles.reshape(-1)) == set(range(len(points)))
    assert sum(bodies[0]["parts"]) == len(triangles)
    assert carriers.max() == 21
    heights = points[:, 1] * bodies[0]["unit"]
    assert -0.02 < heights.min() < 0.05
    assert 1.5 < heights.max() < 1.9


def test_jerk_at_a_join_is_the_metric() -> None:
    with np.load(golden("hml_clip_walk.npz")) as archive:
        joints = archive["joints"].astype(np.float64)[:100]
    curve = jerk_curve(joints[20:80]) * FPS**3
    assert peak_jerk(joints, FPS, 50) == pytest.approx(curve.max())
    # A jump of a centimetre between two frames: its third difference is 1, -3, 3, -1 ... of it, largest 3 less 1.
    still = np.zeros((60, 22, 3))
    still[30:, 5, 0] = 0.01
    assert peak_jerk(still, FPS, 30) == pytest.approx(0.02 * FPS**3)
    assert peak_jerk(still, FPS, 45) == pytest.approx(0.02 * FPS**3)
    assert peak_jerk(still[:3], FPS, 1) == 0.0


def test_captions_and_joins_stay_where_they_are() -> None:
    joints = travelling(10.0, (0.0, 1.0)).joints()
    segments = (Segment("a person walks", 0, 90), Segment("a person runs", 90, 200))
    motion = motion_of(joints, segments=segments, settings={"pieces": [[0, 100], [80, 120]]})
    figure = scene([("x", motion)])["figures"][0]
    assert figure["segments"] == [
        {"text": "a person walks", "start": 0, "end": 90},
        {"text": "a person runs", "start": 90, "end": 200},
    ]
    assert [join["frame"] for join in figure["joins"]] == [90]
    assert figure["joins"][0]["jerk"] == pytest.approx(peak_jerk(joints, FPS, 90), rel=0.01)
    assert figure["cycle"] is None


@pytest.mark.parametrize(("speed", "angle"), [(0.05, 0.0), (0.05, np.pi / 2)])
def test_a_loop_says_how_it_goes_on(speed: float, angle: float) -> None:
    frames = 40
    features = np.zeros((1, frames, 263), dtype=np.float32)
    features[..., 0], features[..., 2] = -angle / frames / 2, speed
    joints = travelling(2.0, (0.0, speed * FPS)).joints()
    motion = Motion(joints[None].astype(np.float32), features, settings={"loop": True})
    cycle = scene([("loop", motion)])["figures"][0]["cycle"]
    # Its end is where its features lead: around the place of the first root, then on.
    assert cycle["turn"] == pytest.approx(angle, abs=1e-5)
    start = joints[0, 0, [0, 2]]
    cos, sin = np.cos(cycle["turn"]), np.sin(cycle["turn"])
    end = np.array(
        [
            cos * start[0] + sin * start[1] + cycle["x"],
            cos * start[1] - sin * start[0] + cycle["z"],
        ]
    )
    length = speed * frames if angle == 0 else speed / np.sin(angle / frames / 2) * np.sin(angle / 2)
    assert np.linalg.norm(end - start) == pytest.approx(length, rel=0.02)


def test_feet_that_stand_are_there_from_when_to_when() -> None:
    data = scene([("stand", motion_of(MOVES["stand"]()))])
    figure = data["figures"][0]
    assert read(data, figure["stood"], "<i4", -1, 3).tolist() == [[0, 79, 0], [0, 79, 1]]
    places = read(data, figure["prints"], "<f4", -1, 2, 2)
    joints = MOVES["stand"]()
    np.testing.assert_allclose(places[:, 1], joints[0, [10, 11]][:, [0, 2]], atol=1e-5)
    walked = scene([("walk", motion_of(MOVES["walk"]()))])
    stood = read(walked, walked["figures"][0]["stood"], "<i4", -1, 3)
    assert {0, 1} == set(stood[:, 2])
    assert (stood[:, 0] <= stood[:, 1]).all()
    assert stood[:, 1].max() < 80


@pytest.mark.parametrize(
    ("shape", "said"),
    [((9, 2), "9 motions for one page: give 1 to 8"), ((1, 60_001), "60,001 frames for one page")],
)
def test_more_than_a_page_holds_is_refused_in_one_line(shape: tuple[int, int], said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        scene([("x", motion_of(np.zeros((*shape, 22, 3))))])
    assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="0 motions"):
        scene([])
