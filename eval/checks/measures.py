"""Measurements of posture that checks of several kinds share."""

import numpy as np

from eval.checks.kinematics import Side, Take, remembered
from eval.checks.series import Array, smooth


@remembered
def feet_apart(take: Take) -> Array:
    """Between the ankles along the ground [T], legs."""
    apart = take.place("left_ankle", "right_ankle")
    return np.hypot(apart[:, 0], apart[:, 2])


@remembered
def spread(take: Take) -> float:
    """Of the way of the hips over the ground, legs."""
    return float(np.hypot(*np.ptp(take.at("pelvis")[:, [0, 2]], axis=0))) / take.leg


@remembered
def over_shoulder(take: Take, side: Side) -> Array:
    """Height of the wrist over the shoulder [T], legs."""
    return (take.at(f"{side}_wrist")[:, 1] - take.at(f"{side}_shoulder")[:, 1]) / take.leg


@remembered
def forearm_up(take: Take, side: Side) -> Array:
    """Height of the wrist over the elbow [T], legs; a forearm is about 0.3 long."""
    return (take.at(f"{side}_wrist")[:, 1] - take.at(f"{side}_elbow")[:, 1]) / take.leg


@remembered
def reach_level(take: Take, side: Side) -> Array:
    """Of the wrist from the shoulder along the ground [T], arm lengths."""
    place = take.place(f"{side}_wrist", f"{side}_shoulder")
    return np.hypot(place[:, 0], place[:, 2]) / take.arm


@remembered
def hands_low(take: Take) -> Array:
    """Height of the lower wrist above the floor [T], legs."""
    return np.minimum(take.height("left_wrist"), take.height("right_wrist"))


@remembered
def pitch(take: Take) -> Array:
    """Lean of the trunk forward [T], degrees."""
    return np.degrees(np.arcsin(np.clip(take.trunk[:, 2], -1.0, 1.0)))


@remembered
def roll(take: Take) -> Array:
    """Lean of the trunk to the left [T], degrees."""
    return np.degrees(np.arcsin(np.clip(take.trunk[:, 0], -1.0, 1.0)))


@remembered
def twist(take: Take) -> Array:
    """Of the shoulders over the hips to the left [T], degrees."""
    lines = [take.at(f"left_{part}") - take.at(f"right_{part}") for part in ("shoulder", "hip")]
    shoulders, hips = (np.arctan2(-line[:, 2], line[:, 0]) for line in lines)
    return smooth(np.degrees(np.unwrap((shoulders - hips + np.pi) % (2 * np.pi) - np.pi)), 0.1)
