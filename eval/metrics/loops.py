"""Is a loop a loop? The wrap from the last frame to the first, compared with the interior of the same cycle.

There is no standard. A cycle that travels or turns returns to its first *pose*, not its first *place*, so
these metrics look at the motion as it is played: several cycles one after the other (tile the features and
recover the joints from them: the root velocity of the last frame then drives the wrap step; or `tile_cycle`
for joints alone).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.metrics.metric import Float64, Indices, Metric, ratio, to_float64
from eval.metrics.transitions import jerk_curve

SOURCE = "motioncollage"
LEFT_HIP, RIGHT_HIP, LEFT_SHOULDER, RIGHT_SHOULDER = 1, 2, 16, 17


@dataclass(frozen=True)
class LoopReport:
    """How visible the wrap of one cycle is. For the ratios 1 is best: the wrap is a step like any other.

    jerk_ratio: largest jerk over the wrap / median of the largest jerk over as many frames of the interior;
    jerk_rank: share of those interior windows whose largest jerk is smaller, equal ones half: 0.5 if the wrap is
    a place like any other, 1 if it is the sharpest; jerk_to_mean: largest jerk over the wrap / mean of the largest
    jerk over as many frames from every place of the cycle, of which places like any other have 1 in the mean over
    loops (of the ratio to the median more, because a few of a motion's moments are sharp). A kick that happens to fall
    on the wrap of one loop in forty moves the mean ratio by a fifth and the mean rank by a hundredth;
    pose_gap: how much further the joints move in the wrap step than in the steps beside it, metres, in the
    body's own frame; pose_ratio: the same as a ratio; velocity_gap: how much more the joint velocities change
    across the wrap than beside it, m/s; velocity_ratio: the same as a ratio; drift: planar way of the root in
    a cycle, metres; yaw: turn in a cycle, degrees, positive to the left.

    Poses and velocities are compared with the frames beside the wrap because a motion is faster in some
    phases than in others; a wrap that is smoothed over many frames but still wrong shows in the jerk, which
    is compared with the whole interior.
    """

    jerk_ratio: Metric
    jerk_rank: Metric
    jerk_to_mean: Metric
    pose_gap: Metric
    pose_ratio: Metric
    velocity_gap: Metric
    velocity_ratio: Metric
    drift: Metric
    yaw: Metric

    def metrics(self) -> tuple[Metric, ...]:
        return (
            self.jerk_ratio,
            self.jerk_rank,
            self.jerk_to_mean,
            self.pose_gap,
            self.pose_ratio,
            self.velocity_gap,
            self.velocity_ratio,
            self.drift,
            self.yaw,
        )


def heading(joints: Any) -> Float64:
    """Facing direction [..., T] in radians about +y from +z (positive to the left), unwrapped along T.

    Args:
        joints: [..., T, 22, 3] metres, y up.
    """
    points = to_float64(joints, "joints")
    across = points[..., LEFT_HIP, :] - points[..., RIGHT_HIP, :]
    across = across + points[..., LEFT_SHOULDER, :] - points[..., RIGHT_SHOULDER, :]
    # across = +x when facing +z; facing +x puts the left at -z
    return np.unwrap(np.arctan2(-across[..., 2], across[..., 0]), axis=-1)


def turn(points: Float64, angle: Float64 | float) -> Float64:
    """Turn points [..., 3] by `angle` radians about +y (z towards x)."""
    cos, sin = np.cos(angle), np.sin(angle)
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)


def tile_cycle(cycle: Any, yaw: float, step: Any, copies: int = 3) -> Float64:
    """Play a cycle several times, each copy moved rigidly.

    Args:
        cycle: [T, J, 3] metres, y up; joint 0 is the root.
        yaw: turn in a cycle, radians about +y: the heading of frame T less that of frame 0.
        step: [2], x and z of the root at frame T (the first frame of the next cycle) less those at frame 0.
        copies: how many times.

    Returns:
        [copies * T, J, 3].
    """
    points = to_float64(cycle, "cycle", 3)
    move = to_float64(step, "step", 1)
    origin = points[0, 0] * np.array([1.0, 0.0, 1.0])
    relative, place, parts = points - origin, origin, []
    for copy in range(copies):
        parts.append(turn(relative, copy * yaw) + place)
        place = place + turn(np.array([move[0], 0.0, move[1]]), copy * yaw)
    return np.concatenate(parts)


def loop_report(joints: Any, period: int, fps: float = 20.0, reach: int = 5) -> LoopReport:
    """Compare the wraps of a played loop with its interior.

    Args:
        joints: [n * period, 22, 3] metres, y up: n >= 2 cycles in succession, recovered together.
        period: frames of a cycle.
        fps: frames a second, for the velocity gap.
        reach: frames on each side of the wrap that count as near it.
    """
    points = to_float64(joints, "joints", 3)
    cycles = len(points) // period if period > 0 else 0
    least = 2 * (2 * reach + 3)
    if period < least:
        raise ValueError(f"a cycle of {period} frames is too short: reach {reach} needs {least} or more")
    if cycles < 2 or len(points) % period:
        raise ValueError(
            f"{len(points)} frames are not two or more whole cycles of {period}; tile the cycle first"
        )
    wraps = np.arange(1, cycles) * period  # wrap w lies between frames w - 1 and w

    # pose and velocity in the body's own frame, so that travelling and turning are not gaps
    facing = heading(points)
    local = turn(points - points[:, :1] * np.array([1.0, 0.0, 1.0]), -facing[:, None])
    steps = np.linalg.norm(np.diff(local, axis=0), axis=-1).mean(axis=-1)  # value t: frames t, t + 1
    moves = turn(np.diff(points, axis=0), -facing[:-1, None]) * fps
    changes = np.linalg.norm(np.diff(moves, axis=0), axis=-1).mean(axis=-1)  # value t: frames t ... t + 2
    step_wrap, step_beside = _wrap_and_beside(steps, wraps, 1, reach)
    change_wrap, change_beside = _wrap_and_beside(changes, wraps, 2, reach)

    curve = jerk_curve(points)
    spans = [(w - reach - 3, w + reach) for w in wraps]
    size = 2 * reach + 3
    near = np.zeros(len(curve), dtype=bool)
    for start, stop in spans:
        near[start:stop] = True
    interior = [
        curve[start : start + size].max()
        for start in range(len(curve) - size + 1)
        if not near[start : start + size].any()
    ]
    everywhere = [curve[start : start + size].max() for start in range(period)]
    sharpest = np.array([curve[start:stop].max() for start, stop in spans])
    rank = np.mean((sharpest[:, None] > interior) + 0.5 * (sharpest[:, None] == interior))

    travel = points[wraps, 0] - points[wraps - period, 0]
    yaws = facing[wraps] - facing[wraps - period]
    details: dict[str, float | int | str] = {
        "period_frames": period,
        "cycles": cycles,
        "fps": fps,
        "reach_frames": reach,
    }

    def metric(name: str, value: float, unit: str) -> Metric:
        return Metric(name, float(value), unit, "matching real", SOURCE, len(wraps), details)

    def lower(name: str, value: float, unit: str) -> Metric:
        return Metric(name, float(value), unit, "lower", SOURCE, len(wraps), details)

    return LoopReport(
        lower("loop_jerk_ratio", ratio(float(sharpest.mean()), float(np.median(interior))), "1"),
        lower("loop_jerk_rank", float(rank), "1"),
        lower("loop_jerk_to_mean", ratio(float(sharpest.mean()), float(np.mean(everywhere))), "1"),
        lower("loop_pose_gap", max(step_wrap - step_beside, 0.0), "m"),
        lower("loop_pose_ratio", ratio(step_wrap, step_beside), "1"),
        lower("loop_velocity_gap", max(change_wrap - change_beside, 0.0), "m/s"),
        lower("loop_velocity_ratio", ratio(change_wrap, change_beside), "1"),
        metric("loop_drift", np.hypot(travel[:, 0], travel[:, 2]).mean(), "m/cycle"),
        metric("loop_yaw", np.degrees(yaws.mean()), "degree/cycle"),
    )


def _wrap_and_beside(values: Float64, wraps: Indices, order: int, reach: int) -> tuple[float, float]:
    """Mean of the differences of this order that straddle a wrap, and of those up to `reach` frames beside
    it.

    A first difference at t uses frames t, t + 1 and straddles wrap w if t = w - 1; a second one if t = w - 2
    or w - 1.
    """
    straddling = np.concatenate([np.arange(w - order, w) for w in wraps])
    beside = np.concatenate([np.r_[w - order - reach : w - order, w : w + reach] for w in wraps])
    return float(values[straddling].mean()), float(values[beside].mean())
