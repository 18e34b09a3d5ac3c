import numpy as np
import pytest
from paths import golden

from eval.metrics.transitions import (
    face_forward,
    jerk_curve,
    jerk_magnitude,
    reference_jerk,
    sequence_jerk,
    transition_jerk,
    transition_windows,
)

HUMANML3D = 0.033031363


def recover(features: np.ndarray) -> np.ndarray:
    """Joints [..., T, 22, 3] from features [..., T, 263], written apart from the package's own."""
    half = np.cumsum(features[..., 0], axis=-1) - features[..., 0]
    cos, sin = np.cos(2 * half), np.sin(2 * half)

    def back(points: np.ndarray, c: np.ndarray, s: np.ndarray) -> np.ndarray:
        x, y, z = np.moveaxis(points, -1, 0)
        return np.stack([c * x - s * z, y, s * x + c * z], axis=-1)

    step = np.zeros((*features.shape[:-1], 3))
    step[..., 1:, 0], step[..., 1:, 2] = features[..., :-1, 1], features[..., :-1, 2]
    root = np.cumsum(back(step, cos, sin), axis=-2)
    joints = back(features[..., 4:67].reshape(*features.shape[:-1], 21, 3), cos[..., None], sin[..., None])
    joints = joints + root[..., None, :]
    root[..., 1] = features[..., 3]
    return np.concatenate([root[..., None, :], joints], axis=-2)


def test_joint_curves_match_the_reference() -> None:
    data = np.load(golden("metrics_jerk_joints.npz"))
    result = transition_jerk(data["joints"], HUMANML3D, data["lengths"])
    np.testing.assert_allclose(result.curves, data["jerk"], rtol=1e-6, atol=3e-7)
    np.testing.assert_allclose(result.mean_curve, data["seq_jerk"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(result.peak_jerk.value, data["peak_jerk"], rtol=1e-6)
    np.testing.assert_allclose(result.area_under_jerk.value, data["auj_gt_humanml"], rtol=1e-6)


def test_feature_curves_match_the_reference() -> None:
    data = np.load(golden("metrics_jerk_features.npz"))
    joints = recover(data["motions"].astype(float) * data["std"] + data["mean"])
    result = transition_jerk(joints, HUMANML3D, data["lengths"])
    np.testing.assert_allclose(result.mean_curve, data["seq_jerk"], rtol=3e-6)  # the reference is float32
    np.testing.assert_allclose(result.peak_jerk.value, data["peak_jerk"], rtol=1e-6)
    np.testing.assert_allclose(result.area_under_jerk.value, data["auj"], rtol=1e-6)


def test_jerk_of_a_cubic_path_is_six_times_its_coefficient() -> None:
    time = np.arange(30.0)[:, None, None]
    coefficient = np.zeros((1, 22, 3))
    coefficient[0, 5] = [0.01, -0.02, 0.03]
    path = coefficient * time**3 + 0.4 * time**2 - time + 7
    np.testing.assert_allclose(jerk_curve(path), np.full(27, 6 * 0.06), rtol=1e-6)
    result = transition_jerk(path[None], reference=0.36)
    assert result.peak_jerk.value == pytest.approx(0.36)
    assert result.area_under_jerk.value == pytest.approx(0.0, abs=1e-8)
    assert transition_jerk(path[None], reference=0.0).area_under_jerk.value == pytest.approx(27 * 0.36)
    assert reference_jerk(path[None]) == pytest.approx(0.36)


def test_averaging_hides_one_bad_seam_and_the_own_numbers_do_not() -> None:
    joints = np.zeros((20, 60, 22, 3))
    joints[3, 30:] += 1.0  # a jump of a metre in one transition of twenty
    result = transition_jerk(joints, reference=0.0)
    # third differences of a step: 1, -2, 1, on three axes
    assert result.peak_jerk.value == pytest.approx(6.0 / 20)
    assert result.peak_jerk_each.value == pytest.approx(6.0 / 20)
    assert result.curves.max() == pytest.approx(6.0)
    joints[7, 10:] += (
        1.0  # a second one elsewhere in its window: the averaged curve does not see both at once
    )
    result = transition_jerk(joints, reference=0.0)
    assert result.peak_jerk.value == pytest.approx(6.0 / 20)
    assert result.peak_jerk_each.value == pytest.approx(12.0 / 20)
    assert [m.direction for m in result.metrics()] == ["lower"] * 5


def test_lengths_mask_the_own_area() -> None:
    joints = np.zeros((2, 10, 22, 3))
    result = transition_jerk(joints, reference=0.5, lengths=[10, 6])
    assert result.area_under_jerk.value == pytest.approx(3.5)
    assert result.area_under_jerk_each.value == pytest.approx((3.5 + 1.5) / 2)
    with pytest.raises(ValueError, match="lengths"):
        transition_jerk(joints, 0.5, lengths=[10, 11])


def test_windows_are_centred_and_incomplete_ones_left_out() -> None:
    frames = np.arange(200.0)[:, None, None] * np.ones((1, 22, 3))
    windows, kept = transition_windows(frames, [20, 80, 150, 171])
    assert kept.tolist() == [1, 2]
    assert windows.shape == (2, 60, 22, 3)
    assert windows[0, [0, 29, 30, 59], 0, 0].tolist() == [50, 79, 80, 109]
    empty, kept = transition_windows(frames, [10])
    assert empty.shape == (0, 60, 22, 3)
    assert len(kept) == 0
    with pytest.raises(ValueError, match="outside"):
        transition_windows(frames, [200])
    with pytest.raises(ValueError, match="even"):
        transition_windows(frames, [100], width=61)
    with pytest.raises(ValueError, match="0 windows"):
        transition_jerk(empty, 0.0)


def test_facing_forward_undoes_a_turn() -> None:
    rng = np.random.default_rng(0)
    joints = rng.normal(size=(3, 20, 22, 3))
    angle = np.array([0.3, 2.0, -3.0])[:, None, None]
    turned = np.stack(
        [
            np.cos(angle) * joints[..., 0] + np.sin(angle) * joints[..., 2],
            joints[..., 1],
            np.cos(angle) * joints[..., 2] - np.sin(angle) * joints[..., 0],
        ],
        axis=-1,
    )
    np.testing.assert_allclose(face_forward(turned), face_forward(joints), atol=1e-12)
    facing = face_forward(joints)[:, 0]
    across = facing[:, 1] - facing[:, 2] + facing[:, 16] - facing[:, 17]
    assert (across[:, 0] > 0).all()
    np.testing.assert_allclose(across[:, 2], 0.0, atol=1e-12)


def test_bad_joints_are_refused() -> None:
    with pytest.raises(ValueError, match="T >= 4"):
        jerk_curve(np.zeros((3, 22, 3)))


def test_jerk_of_sequences_is_in_seconds_and_of_all_joints() -> None:
    time = np.arange(20.0)[:, None, None] / 20.0
    direction = np.zeros((1, 22, 3))
    direction[0, :11] = [0.3, 0.0, 0.4]  # half of the joints
    path = direction * time**3  # |third derivative| 6 x 0.5 m/s^3
    np.testing.assert_allclose(jerk_magnitude(path[None], 20.0), np.full(17, 1.5), rtol=1e-8)
    with pytest.raises(ValueError, match="windows of 4 frames or more"):
        jerk_magnitude(np.zeros((1, 3, 22, 3)), 20.0)


def test_the_gap_is_the_area_between_the_curves_of_made_and_recorded() -> None:
    time = np.arange(20.0)[:, None, None] / 20.0
    direction = np.zeros((1, 22, 3))
    direction[0, :, 1] = 1.0
    made, recorded = (c * direction * time**3 for c in (0.5, 0.2))
    peak, gap = sequence_jerk(np.stack([made, made]), np.stack([recorded, recorded]), 20.0)
    assert (peak.name, peak.unit, peak.direction) == ("transition_peak_jerk", "m/s^3", "matching real")
    assert peak.value == pytest.approx(3.0)
    assert peak.details["real"] == pytest.approx(1.2)
    # 17 values 1/20 s apart: 16 trapezes of height 1.8 m/s^3.
    assert gap.value == pytest.approx(1.8 * 16 / 20)
    assert (gap.unit, gap.count) == ("m/s^2", 2)
    # A jump at the join, of one metre up in all joints: 1, -2, 1 times 20^3.
    jumped = np.zeros((1, 20, 22, 3))
    jumped[:, 10:, :, 1] = 1.0
    peak, gap = sequence_jerk(jumped, np.zeros((1, 20, 22, 3)), 20.0)
    assert peak.value == pytest.approx(2 * 8000)
    assert gap.value == pytest.approx(4 * 8000 / 20)
    with pytest.raises(ValueError, match="windows of 20 and of 18 frames"):
        sequence_jerk(jumped, jumped[:, :18], 20.0)
