"""Do feet slide, sink or float? Thresholds are in every result, because papers differ in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.metrics.metric import Float64, Metric, to_float64

SOURCE = "motioncollage"
LEFT_ANKLE, RIGHT_ANKLE, LEFT_FOOT, RIGHT_FOOT = 7, 8, 10, 11
FOOT_JOINTS = (LEFT_ANKLE, LEFT_FOOT, RIGHT_ANKLE, RIGHT_FOOT)


@dataclass(frozen=True)
class FootThresholds:
    """What counts as contact and as fault.

    contact_height: metres above the floor below which a foot joint is down, in both frames of a step;
    sliding_speed: horizontal m/s above which a foot that is down slides (0.5 in part of the literature, 0.2
    elsewhere); depth: metres below the floor that count as penetration; float_height: metres of air under the
    lowest foot joint that count as floating; floor: height of the ground; fps: frames a second; joints: which
    foot joints are looked at.
    """

    contact_height: float = 0.05
    sliding_speed: float = 0.5
    depth: float = 0.01
    float_height: float = 0.05
    floor: float = 0.0
    fps: float = 20.0
    joints: tuple[int, ...] = FOOT_JOINTS

    def details(self) -> dict[str, float | int | str]:
        return {
            "contact_height_m": self.contact_height,
            "sliding_speed_m_per_s": self.sliding_speed,
            "penetration_depth_m": self.depth,
            "float_height_m": self.float_height,
            "floor_m": self.floor,
            "fps": self.fps,
            "joints": ",".join(map(str, self.joints)),
        }


@dataclass(frozen=True)
class FootReport:
    """Foot quality of a set of motions, all frames of all motions weighing the same.

    skating_ratio: sliding foot joints of all (frame, foot joint) pairs; skating_of_contacts: of the pairs
    that are down; skating_frames: frames in which any foot joint slides; penetration_mean: depth of the
    lowest foot joint, 0 where none is below the floor; penetration_ratio, floating_ratio: frames;
    floating_mean: air under the lowest foot joint.
    """

    skating_ratio: Metric
    skating_of_contacts: Metric
    skating_frames: Metric
    penetration_mean: Metric
    penetration_ratio: Metric
    floating_mean: Metric
    floating_ratio: Metric

    def metrics(self) -> tuple[Metric, ...]:
        return (
            self.skating_ratio,
            self.skating_of_contacts,
            self.skating_frames,
            self.penetration_mean,
            self.penetration_ratio,
            self.floating_mean,
            self.floating_ratio,
        )


def sliding(joints: Any, thresholds: FootThresholds) -> tuple[Float64, Float64]:
    """Which foot joints slide.

    Args:
        joints: [T, J, 3] metres, y up, T at least 2.
        thresholds: see `FootThresholds`.

    Returns: slides and down, each [T - 1, len(thresholds.joints)] of zeros and ones; row t is the step from t
        to t + 1.
    """
    points = to_float64(joints, "joints", 3)
    if len(points) < 2:
        raise ValueError(f"sliding needs at least 2 frames, there are {len(points)}")
    feet = points[:, list(thresholds.joints)]
    low = feet[..., 1] - thresholds.floor < thresholds.contact_height
    down = low[:-1] & low[1:]
    step = feet[1:] - feet[:-1]
    speed = np.hypot(step[..., 0], step[..., 2]) * thresholds.fps
    return (down & (speed > thresholds.sliding_speed)).astype(np.float64), down.astype(np.float64)


def foot_report(motions: Sequence[Any], thresholds: FootThresholds | None = None) -> FootReport:
    """Skating, ground penetration and floating; the value of real motion is the aim where jumps are meant.

    Args: motions: [T_i, J, 3] each, metres, y up. thresholds: see `FootThresholds`;
        `replace(FootThresholds(), sliding_speed=0.2)` for the stricter variant.
    """
    thresholds = thresholds or FootThresholds()
    if not len(motions):
        raise ValueError("no motion to measure")
    slides, downs, depths, airs = [], [], [], []
    for joints in motions:
        slide, down = sliding(joints, thresholds)
        slides.append(slide)
        downs.append(down)
        feet = to_float64(joints, "joints")[:, list(thresholds.joints), 1]
        lowest = feet.min(axis=1) - thresholds.floor
        depths.append(np.clip(-lowest, 0.0, None))
        airs.append(np.clip(lowest, 0.0, None))
    slide, down = np.concatenate(slides), np.concatenate(downs)
    depth, air = np.concatenate(depths), np.concatenate(airs)
    details = thresholds.details()

    def lower(name: str, value: float, unit: str, count: int) -> Metric:
        return Metric(name, float(value), unit, "lower", SOURCE, count, details)

    def like_real(name: str, value: float, unit: str, count: int) -> Metric:
        return Metric(name, float(value), unit, "matching real", SOURCE, count, details)

    contacts = int(down.sum())
    return FootReport(
        lower("skating_ratio", slide.mean(), "1", slide.size),
        lower("skating_of_contacts", slide.sum() / contacts if contacts else 0.0, "1", contacts),
        lower("skating_frames", slide.max(axis=1).mean(), "1", len(slide)),
        lower("ground_penetration", depth.mean(), "m", len(depth)),
        lower("ground_penetration_ratio", (depth > thresholds.depth).mean(), "1", len(depth)),
        like_real("floating", air.mean(), "m", len(air)),
        like_real("floating_ratio", (air > thresholds.float_height).mean(), "1", len(air)),
    )
