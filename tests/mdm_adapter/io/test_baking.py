"""Keys at a frame rate: the motion's own frames are met, loops close, captions stay with what they say."""

import numpy as np
import pytest
from bodies import T_POSE, breathing, posed, stroll
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_adapter.io.baking import AGREEMENT, Baked, BakeSettings, bake, resampled, rig_of
from mdm_adapter.io.motion_view import Cycle, MotionView
from mdm_adapter.io.npz import Segment

WALK = MotionView(stroll(), 20.0, "walk", (Segment("walks", 0, 20), Segment("goes on", 20, 41)), (20,))


def turns(baked: Baked) -> np.ndarray:
    return Rotation.from_quat(baked.rotations.reshape(-1, 4)).as_matrix().reshape(len(baked.root), 22, 3, 3)


def test_stiff_motion_needs_no_positions_and_breathing_motion_does() -> None:
    stiff = bake(WALK)
    assert stiff.places is None
    assert stiff.residual.max() < 1e-6
    np.testing.assert_allclose(stiff.joints(), WALK.joints, atol=1e-6)
    breathes = MotionView(breathing(WALK.joints), 20.0)
    exact = bake(breathes)
    assert exact.places is not None
    np.testing.assert_allclose(exact.joints(), breathes.joints, atol=1e-9)
    forced = bake(breathes, BakeSettings(positions=False))
    assert forced.places is None
    assert forced.residual.max() > AGREEMENT
    missed = np.linalg.norm(forced.joints() - breathes.joints, axis=-1)
    np.testing.assert_allclose(missed, forced.residual, atol=1e-6)


@pytest.mark.parametrize("fps", [10.0, 30.0, 60.0, 120.0])
@pytest.mark.parametrize("between", ["cubic", "slerp"])
def test_frames_of_the_motion_are_met_at_every_rate(fps: float, between: str) -> None:
    for view in (WALK, MotionView(breathing(WALK.joints), 20.0)):
        baked = bake(view, BakeSettings(fps=fps, between=between))
        assert len(baked.root) == int(40 * fps / 20) + 1
        assert baked.fps == fps
        shared = np.arange(41) * fps / 20
        whole = shared == np.rint(shared)
        np.testing.assert_allclose(baked.joints()[shared[whole].astype(int)], view.joints[whole], atol=1e-6)
        np.testing.assert_allclose(np.linalg.norm(baked.rotations, axis=-1), 1, atol=1e-9)


def test_slerp_turns_evenly_and_curves_are_smoother() -> None:
    half = np.zeros((2, 22, 3))
    half[1, 16, 2] = -np.pi / 2
    view = MotionView(posed(half, np.repeat(T_POSE[:1], 2, axis=0)), 20.0)
    baked = bake(view, BakeSettings(fps=60, between="slerp"))
    angles = Rotation.from_quat(baked.rotations[:, 16]).as_rotvec()[:, 2]
    np.testing.assert_allclose(angles, [0, -np.pi / 6, -np.pi / 3, -np.pi / 2], atol=1e-6)
    jerks = [
        np.abs(np.diff(bake(WALK, BakeSettings(fps=60, between=between)).joints(), 3, axis=0)).mean()
        for between in ("cubic", "slerp")
    ]
    assert jerks[0] < 0.5 * jerks[1]


@given(st.integers(1, 12), st.sampled_from([7.0, 12.5, 24.0, 30.0]))
@settings(max_examples=20, deadline=None)
def test_keys_end_with_the_motion(frames: int, fps: float) -> None:
    baked = bake(MotionView(stroll(frames), 20.0), BakeSettings(fps=fps))
    last = (len(baked.root) - 1) / fps
    assert last <= (frames - 1) / 20 + 1e-9 < last + 1 / fps
    assert np.isfinite(baked.joints()).all()


def loop(speed: float = 0.0, turn: float = 0.0) -> MotionView:
    """Two seconds that repeat: on the spot, straight on, or around."""
    one = stroll(81, speed=speed, turn=turn)
    ahead = one[40, 0] - one[0, 0]
    return MotionView(
        one[:40], 20.0, "loop", (Segment("walks", 0, 40),), (10, 30), Cycle(turn * 2, (ahead[0], ahead[2]))
    )


@pytest.mark.parametrize(("speed", "turn"), [(0.0, 0.0), (1.2, 0.0), (1.0, 0.8), (1.0, np.pi)])
def test_cycles_of_a_loop_follow_each_other_as_the_motion_would(speed: float, turn: float) -> None:
    view = loop(speed, turn)
    baked = bake(view, BakeSettings(loop=True, cycles=2))
    assert baked.loop
    expected = stroll(81, speed=speed, turn=turn)
    np.testing.assert_allclose(baked.joints(), expected, atol=2e-5)
    np.testing.assert_allclose(turns(baked)[0, 1:], turns(baked)[-1, 1:], atol=1e-9)
    assert baked.segments == (Segment("walks", 0, 40), Segment("walks", 40, 81))
    assert baked.seams == (10, 30, 50, 70)


def test_a_loop_on_the_spot_ends_as_it_began() -> None:
    baked = bake(loop(), BakeSettings(loop=True, fps=30))
    assert len(baked.root) == 61
    np.testing.assert_allclose(baked.joints()[-1], baked.joints()[0], atol=1e-9)
    np.testing.assert_allclose(turns(baked)[0], turns(baked)[-1], atol=1e-9)


def test_the_way_can_be_taken_out_of_a_loop() -> None:
    baked = bake(loop(1.2), BakeSettings(loop=True, in_place=True))
    np.testing.assert_allclose(baked.root[-1], baked.root[0], atol=1e-9)
    np.testing.assert_allclose(baked.joints()[:, :, [0, 2]], stroll(41, speed=0.0)[:, :, [0, 2]], atol=1e-6)
    with pytest.raises(ValueError, match="turns by 92 degrees"):
        bake(loop(1.0, 0.8), BakeSettings(loop=True, in_place=True))


def test_a_period_that_is_no_whole_number_of_keys_is_stretched() -> None:
    view = loop()
    odd = MotionView(view.joints[:39], 20.0, cycle=Cycle())
    baked = bake(odd, BakeSettings(loop=True, fps=30, cycles=1))
    assert len(baked.root) == 59  # 58.5 periods of a key
    np.testing.assert_allclose(baked.joints()[-1], baked.joints()[0], atol=1e-9)


def test_a_loop_is_smooth_where_it_wraps() -> None:
    baked = bake(loop(1.2), BakeSettings(loop=True, cycles=2, fps=60))
    jerk = np.abs(np.diff(baked.joints(), 3, axis=0)).max(axis=(1, 2))
    assert jerk[117:122].max() < 1.5 * jerk[30:90].max()


def test_captions_and_seams_keep_their_time() -> None:
    baked = bake(WALK, BakeSettings(fps=60))
    assert baked.segments == (Segment("walks", 0, 59), Segment("goes on", 59, 121))
    assert baked.seams == (60,)
    slow = bake(WALK, BakeSettings(fps=1))
    assert [segment.text for segment in slow.segments] == ["walks", "goes on"]
    assert slow.segments[-1].end == len(slow.root) == 3
    points = resampled(WALK, BakeSettings(fps=60))
    assert points.segments == baked.segments
    np.testing.assert_allclose(points.joints[::3], WALK.joints, atol=1e-9)


def test_samples_share_a_rig() -> None:
    taller = MotionView(WALK.joints * 1.2, 20.0)
    rig = rig_of([WALK, taller, taller])
    assert rig.lengths[4] == pytest.approx(1.2 * 0.4, abs=1e-9)
    assert bake(WALK, rig=rig).rig is rig


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fps": 0.0}, "fps is 0"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"fps": 1e6}, "at most 1000"),
        ({"between": "linear"}, "choose cubic or slerp"),
        ({"loop": True, "cycles": 0}, "cycles is 0"),
        ({"cycles": 2}, "loop=True"),
        ({"in_place": True}, "loop=True"),
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BakeSettings(**options)  # type: ignore[arg-type]


def test_what_cannot_be_baked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="walk is no loop"):
        bake(WALK, BakeSettings(loop=True))
    monkeypatch.setattr("mdm_adapter.io.baking.MAX_FRAMES", 100)
    with pytest.raises(ValueError, match="more than 100 keys"):
        bake(WALK, BakeSettings(fps=60))
