from dataclasses import replace

import numpy as np
import pytest

from eval.metrics.feet import FootThresholds, foot_report, sliding


def standing(frames: int = 41, height: float = 0.0) -> np.ndarray:
    joints = np.full((frames, 22, 3), 1.0)
    joints[:, [7, 8, 10, 11], 1] = height
    return joints


def slide_foot(joints: np.ndarray, joint: int, speed: float) -> np.ndarray:
    joints = joints.copy()
    joints[:, joint, 0] = np.arange(len(joints)) * speed / 20.0
    return joints


def test_standing_still_is_faultless() -> None:
    report = foot_report([standing()])
    assert [m.value for m in report.metrics()] == [0.0] * 7
    assert report.skating_ratio.count == 40 * 4


def test_one_sliding_foot_of_four() -> None:
    report = foot_report([slide_foot(standing(), 10, 0.6)])
    assert report.skating_ratio.value == 0.25
    assert report.skating_of_contacts.value == 0.25
    assert report.skating_frames.value == 1.0


def test_the_speed_threshold_is_an_argument_and_in_the_result() -> None:
    motion = slide_foot(standing(), 11, 0.3)
    assert foot_report([motion]).skating_ratio.value == 0.0
    strict = foot_report([motion], replace(FootThresholds(), sliding_speed=0.2)).skating_ratio
    assert strict.value == 0.25
    assert strict.details["sliding_speed_m_per_s"] == 0.2
    assert strict.details["contact_height_m"] == 0.05


def test_a_lifted_foot_does_not_slide() -> None:
    motion = slide_foot(standing(), 10, 2.0)
    motion[:, 10, 1] = 0.06
    report = foot_report([motion])
    assert report.skating_ratio.value == 0.0
    slides, down = sliding(motion, FootThresholds())
    assert slides.sum() == 0
    assert down.sum() == 3 * 40


def test_vertical_speed_is_not_sliding() -> None:
    motion = standing()
    motion[::2, 10, 1] = 0.04  # 0.8 m/s up and down
    assert foot_report([motion]).skating_ratio.value == 0.0


def test_penetration_and_floating() -> None:
    sunk = foot_report([standing(height=-0.02)])
    assert sunk.penetration_mean.value == pytest.approx(0.02)
    assert sunk.penetration_ratio.value == 1.0
    assert sunk.penetration_mean.unit == "m"
    flying = foot_report([standing(height=0.3)])
    assert flying.floating_mean.value == pytest.approx(0.3)
    assert flying.floating_ratio.value == 1.0
    assert flying.floating_mean.direction == "matching real"
    assert flying.skating_of_contacts.value == 0.0
    moved_floor = foot_report([standing(height=0.3)], FootThresholds(floor=0.3))
    assert [m.value for m in moved_floor.metrics()] == [0.0] * 7


def test_frames_of_all_motions_weigh_the_same() -> None:
    report = foot_report([slide_foot(standing(11), 10, 1.0), standing(31)])
    assert report.skating_ratio.value == pytest.approx(0.25 * 10 / 40)


def test_joints_are_an_argument() -> None:
    motion = slide_foot(standing(), 7, 1.0)
    assert foot_report([motion], FootThresholds(joints=(10, 11))).skating_ratio.value == 0.0
    assert foot_report([motion], FootThresholds(joints=(7,))).skating_ratio.value == 1.0


def test_nothing_to_measure() -> None:
    with pytest.raises(ValueError, match="no motion"):
        foot_report([])
    with pytest.raises(ValueError, match="2 frames"):
        foot_report([standing(1)])
