import numpy as np
import pytest

from eval.metrics.loops import heading, loop_report, tile_cycle, turn

PERIOD = 60


def body(frames: int = PERIOD) -> np.ndarray:
    """A body [frames, 22, 3] that faces +z and swings smoothly with the period."""
    rng = np.random.default_rng(0)
    rest = rng.normal(size=(22, 3)) * 0.2
    rest[:, 1] += 1.0
    rest[0] = [0.0, 1.0, 0.0]
    rest[[1, 2, 16, 17]] = [[0.1, 0.9, 0], [-0.1, 0.9, 0], [0.2, 1.4, 0], [-0.2, 1.4, 0]]
    phase = 2 * np.pi * np.arange(frames)[:, None, None] / PERIOD
    swing = 0.1 * np.sin(phase + rng.uniform(0, 6, size=(22, 1)) * np.ones(3))
    swing[:, [0, 1, 2, 16, 17]] = 0.0
    return rest + swing


def travelling(frames: int, speed: float, turning: float) -> np.ndarray:
    """The body walking on a circle: `speed` metres a frame forward, `turning` radians a frame to the left."""
    angle = np.arange(frames) * turning
    ahead = np.stack([np.sin(angle), np.zeros(frames), np.cos(angle)], axis=-1) * speed
    path = np.cumsum(ahead, axis=0) - ahead
    return turn(body(frames), angle[:, None]) + path[:, None]


def test_heading_is_the_turn() -> None:
    for angle in (-1.0, 0.0, 0.5, 3.0):
        np.testing.assert_allclose(heading(turn(body(), angle)), angle, atol=1e-12)
    np.testing.assert_allclose(heading(travelling(200, 0.05, 0.05)), np.arange(200) * 0.05, atol=1e-9)


@pytest.mark.parametrize(("speed", "turning"), [(0.0, 0.0), (0.05, 0.0), (0.03, 0.02)])
def test_a_true_loop_has_no_wrap(speed, turning) -> None:
    report = loop_report(travelling(3 * PERIOD, speed, turning), PERIOD)
    assert report.jerk_ratio.value == pytest.approx(1.0, abs=0.1)
    assert report.pose_ratio.value == pytest.approx(1.0, abs=0.05)
    assert report.velocity_ratio.value == pytest.approx(1.0, abs=0.05)
    assert report.pose_gap.value < 1e-3
    assert report.velocity_gap.value < 1e-2
    assert report.yaw.value == pytest.approx(np.degrees(turning * PERIOD), abs=1e-6)
    chord = speed * PERIOD if not turning else abs(speed * np.sin(turning * 30) / np.sin(turning / 2))
    assert report.drift.value == pytest.approx(chord, abs=1e-9)
    assert report.yaw.details["cycles"] == 3


def test_a_jump_at_the_wrap_is_seen() -> None:
    cycle = body()
    cycle[:, 20] += np.linspace(0.0, 0.5, PERIOD)[:, None]  # a wrist that drifts away and jumps back
    report = loop_report(tile_cycle(cycle, 0.0, [0.0, 0.0]), PERIOD)
    jump = 0.5 * np.sqrt(3) / 22
    assert report.pose_gap.value == pytest.approx(jump, rel=0.2)
    assert report.jerk_ratio.value > 10
    assert report.jerk_rank.value == 1.0
    assert report.velocity_ratio.value > 3


def test_the_wrap_of_a_kick_that_may_lie_anywhere_is_the_mean_of_its_cycle() -> None:
    """The same cycle, begun at every frame: the wrap is each of its places in turn."""
    cycle = body()
    cycle[10:14, 20] += np.array([0.1, 0.3, 0.3, 0.1])[:, None]
    reports = [
        loop_report(tile_cycle(np.roll(cycle, k, axis=0), 0.0, [0.0, 0.0]), PERIOD) for k in range(PERIOD)
    ]
    assert np.mean([report.jerk_to_mean.value for report in reports]) == pytest.approx(1.0, abs=0.02)
    assert np.mean([report.jerk_ratio.value for report in reports]) > 1.5


def test_tiling_moves_each_copy_rigidly() -> None:
    long = travelling(4 * PERIOD, 0.03, 0.02)
    step = (long[PERIOD, 0] - long[0, 0])[[0, 2]]
    tiled = tile_cycle(long[:PERIOD], PERIOD * 0.02, step, copies=4)
    np.testing.assert_allclose(tiled, long, atol=1e-9)


def test_what_is_not_a_loop_is_refused() -> None:
    with pytest.raises(ValueError, match="whole cycles"):
        loop_report(body(PERIOD), PERIOD)
    with pytest.raises(ValueError, match="whole cycles"):
        loop_report(body(PERIOD * 2 + 1), PERIOD)
    with pytest.raises(ValueError, match="too short"):
        loop_report(body(40), 20)


def test_a_still_loop_is_perfect() -> None:
    report = loop_report(np.repeat(body()[:1], 2 * PERIOD, axis=0), PERIOD)
    assert report.jerk_ratio.value == 1.0
    assert report.jerk_to_mean.value == 1.0
    assert report.jerk_rank.value == 0.5
    assert report.drift.value == 0.0
    assert len(report.metrics()) == 9
