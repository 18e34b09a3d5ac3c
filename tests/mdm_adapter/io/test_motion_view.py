"""What writers see: one sample at a time, its seams, and how a loop goes on."""

import numpy as np
import pytest
from bodies import Motion, stroll

from mdm_adapter.io.motion_view import Cycle, MotionView, views
from mdm_adapter.io.npz import Segment


def loop_features(frames: int, *, speed: float = 0.0, turn: float = 0.0) -> np.ndarray:
    """Features [1, frames, 263] of which only the way of the root is filled in: straight on, turning left."""
    features = np.zeros((1, frames, 263), dtype=np.float32)
    features[..., 0] = -turn / frames / 2  # half of a turn to the right
    features[..., 2] = speed
    return features


def test_samples_are_numbered_and_share_what_is_said_of_them() -> None:
    joints = np.stack((stroll(10), stroll(10) + 1))
    found = views(Motion(joints, 30.0, (Segment("a person walks", 2, 10),)), name="walk")
    assert [view.name for view in found] == ["walk", "walk-2"]
    np.testing.assert_array_equal(found[1].joints, joints[1])
    assert found[0].fps == 30
    assert found[0].segments == found[1].segments == (Segment("a person walks", 2, 10),)
    assert found[0].label == "a person walks"
    assert views(Motion(joints), name="walk")[1].label == "walk-2"
    assert found[0].cycle is None
    assert found[0].joints.dtype == np.float64


@pytest.mark.parametrize(
    ("joints", "fps", "segments", "said"),
    [
        (np.zeros((10, 22, 3)), 20.0, (), r"give numbers \[samples, frames, 22, 3\]"),
        (np.zeros((1, 10, 21, 3)), 20.0, (), r"give \[frames >= 1, 22, 3\]"),
        (np.zeros((1, 0, 22, 3)), 20.0, (), r"give \[frames >= 1, 22, 3\]"),
        (np.zeros((0, 10, 22, 3)), 20.0, (), "no samples"),
        (np.full((1, 10, 22, 3), np.nan), 20.0, (), "joints of frame 0 are not finite"),
        (np.full((1, 10, 22, 3), 1e7), 20.0, (), "100 km away"),
        (np.zeros((1, 10, 22, 3), dtype=complex), 20.0, (), "give numbers"),
        (np.zeros((1, 10, 22, 3)), 0.0, (), "fps is 0"),
        (np.zeros((1, 10, 22, 3)), float("nan"), (), "fps is nan"),
        (np.zeros((1, 10, 22, 3)), 20.0, (Segment("a", 0, 11),), "must satisfy"),
    ],
)
def test_motions_that_no_file_can_hold_are_refused_in_one_line(
    joints: np.ndarray, fps: float, segments: tuple[Segment, ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        views(Motion(joints, fps, segments))
    assert "\n" not in str(caught.value)


def test_seams_lie_in_the_middle_of_overlaps() -> None:
    motion = Motion(
        np.zeros((1, 480, 22, 3)), settings={"pieces": [[0, 92], [82, 184], [256, 97], [343, 137]]}
    )
    assert views(motion)[0].seams == (87, 261, 348)


def test_a_loop_has_a_seam_more_where_it_wraps() -> None:
    settings = {"pieces": [[-35, 70], [25, 70]], "loop": True}
    view = views(Motion(np.zeros((1, 120, 22, 3)), settings=settings, features=loop_features(120)))[0]
    assert view.seams == (30, 90)


@pytest.mark.parametrize("pieces", [None, 3, [1, 2], [[1, 2, 3]], [["a", "b"]], [[True, 2], [1, 2]], {}])
def test_odd_settings_mean_no_seams(pieces: object) -> None:
    assert views(Motion(np.zeros((1, 9, 22, 3)), settings={"pieces": pieces}))[0].seams == ()


def test_a_cycle_is_what_the_features_come_to() -> None:
    joints = np.zeros((1, 40, 22, 3))
    straight = Motion(joints, features=loop_features(40, speed=0.05), settings={"loop": True})
    cycle = views(straight)[0].cycle
    assert cycle is not None
    assert cycle.shift == pytest.approx((0.0, 2.0), abs=1e-5)
    assert cycle.turn == pytest.approx(0.0)
    assert not cycle.closed
    around = Motion(joints, features=loop_features(40, speed=0.05, turn=2 * np.pi), settings={"loop": True})
    cycle = views(around)[0].cycle
    assert cycle is not None
    assert cycle.turn == pytest.approx(2 * np.pi, abs=1e-5)
    assert cycle.shift == pytest.approx((0.0, 0.0), abs=1e-5)
    assert cycle.closed
    assert views(Motion(joints, features=loop_features(40), settings={"loop": False}))[0].cycle is None
    assert views(Motion(joints, settings={"loop": True}))[0].cycle is None


def test_a_view_is_checked_whoever_makes_it() -> None:
    assert MotionView(stroll(3), 20.0, cycle=Cycle()).cycle == Cycle()
    with pytest.raises(ValueError, match="fps is 2000"):
        MotionView(stroll(3), 2000.0)
