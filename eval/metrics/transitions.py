"""Does a join show? Jerk at seams: the field's averaged curves, each seam by itself, seams against the rest.

Jerk here is the third difference of joint positions, not divided by the frame time, |x| + |y| + |z|, maximum
over the joints: metres per frame^3, at whatever frame rate the motion has (20 fps throughout the literature
this follows). The sum of absolute values depends on the heading. FlowMDM recovers each window from its own
features, which turns it to face +z at its first frame; do the same, or turn global joints with
`face_forward`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.metrics.metric import Float64, Indices, Metric, ratio, to_float64

SOURCE = "Barquero et al. 2024 (FlowMDM)"
# Mean jerk of real motion that FlowMDM's evaluation measures its area from on HumanML3D: 20 frames a second, joints from
# features (utils/metrics.py of its release). BABEL's, 0.016383045, is of SMPL joints at 30 frames a second.
FLOWMDM_JERK = 0.033031363
SEQUENCE_SOURCE = "Motius, BABEL Sequential Generation (2026)"
OWN_SOURCE = "motioncollage"
UNIT = "m/frame^3"
LEFT_HIP, RIGHT_HIP, LEFT_SHOULDER, RIGHT_SHOULDER = 1, 2, 16, 17


@dataclass(frozen=True)
class TransitionJerk:
    """Jerk of a set of transitions.

    peak_jerk, area_under_jerk: FlowMDM's, of the curve averaged over the transitions (averaging first hides a
    single bad seam); peak_jerk_each, area_under_jerk_each: the mean over transitions of each one's own;
    peak_jerk_worst: the 95th percentile of the own peaks. curves: [N, T - 3], zero beyond a window's length;
    mean_curve: [T - 3].
    """

    peak_jerk: Metric
    area_under_jerk: Metric
    peak_jerk_each: Metric
    area_under_jerk_each: Metric
    peak_jerk_worst: Metric
    curves: Float64
    mean_curve: Float64

    def metrics(self) -> tuple[Metric, ...]:
        return (
            self.peak_jerk,
            self.area_under_jerk,
            self.peak_jerk_each,
            self.area_under_jerk_each,
            self.peak_jerk_worst,
        )


@dataclass(frozen=True)
class SeamContrast:
    """Seams compared with the interior of the same motions.

    ratio_mean: geometric mean over seams of (largest jerk near the seam / typical largest jerk of as many
    frames in the interior); 1 is a seam that cannot be told from the motion around it. ratio_worst: 95th
    percentile. ratios: [seams].
    """

    ratio_mean: Metric
    ratio_worst: Metric
    ratios: Float64

    def metrics(self) -> tuple[Metric, ...]:
        return (self.ratio_mean, self.ratio_worst)


def jerk_curve(joints: Any) -> Float64:
    """Jerk of motions.

    Args:
        joints: [..., T, J, 3] metres, T at least 4.

    Returns:
        [..., T - 3] in metres per frame^3; element t is made of frames t ... t + 3.
    """
    points = to_float64(joints, "joints")
    if points.ndim < 3 or points.shape[-1] != 3 or points.shape[-3] < 4:
        raise ValueError(f"joints must be [..., T, J, 3] with T >= 4, they have shape {points.shape}")
    return np.abs(np.diff(points, n=3, axis=-3)).sum(axis=-1).max(axis=-1)


def transition_windows(joints: Any, seams: Sequence[int], width: int = 60) -> tuple[Float64, Indices]:
    """Windows centred on seams.

    Args:
        joints: [T, J, 3] of one motion (or features [T, F]: any array with frames first).
        seams: frame numbers; seam s lies between frames s - 1 and s.
        width: frames of a window, even; frames s - width/2 ... s + width/2 - 1 are taken.

    Returns: windows [n, width, ...] and kept [n], which seams they are: one closer than width/2 to an end has
        no full window and is left out.
    """
    points = to_float64(joints, "joints")
    if width % 2 or width < 4:
        raise ValueError(f"width must be even and at least 4, not {width}: half of it lies on each side")
    half, frames = width // 2, len(points)
    outside = [seam for seam in seams if not 0 < seam < frames]
    if outside:
        raise ValueError(f"seams {outside} lie outside the motion of {frames} frames")
    kept = [i for i, seam in enumerate(seams) if half <= seam <= frames - half]
    windows = [points[seams[i] - half : seams[i] + half] for i in kept]
    shape = (0, width, *points.shape[1:])
    return (np.stack(windows) if windows else np.zeros(shape)), np.array(kept, dtype=np.int64)


def face_forward(joints: Any) -> Float64:
    """Turn windows [..., T, 22, 3] about the vertical so that each faces +z at its first frame.

    The facing direction is perpendicular to the hips and shoulders, as in HumanML3D.
    """
    points = to_float64(joints, "joints")
    first = points[..., 0, :, :]
    across = first[..., LEFT_HIP, :] - first[..., RIGHT_HIP, :]
    across = across + first[..., LEFT_SHOULDER, :] - first[..., RIGHT_SHOULDER, :]
    # left is +x when facing +z (x cross y = z): bring `across` onto +x
    length = np.hypot(across[..., 0], across[..., 2])
    safe = np.where(length > 1e-9, length, 1.0)
    cos = np.where(length > 1e-9, across[..., 0] / safe, 1.0)[..., None, None]
    sin = np.where(length > 1e-9, across[..., 2] / safe, 0.0)[..., None, None]
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([cos * x + sin * z, y, cos * z - sin * x], axis=-1)


def reference_jerk(joints: Any, lengths: Any | None = None) -> float:
    """Mean jerk of windows [N, T, J, 3] of real motion: the reference for `transition_jerk` on other data."""
    curves, valid = _masked_curves(joints, lengths)
    return float(curves.sum() / valid.sum())


def transition_jerk(joints: Any, reference: float, lengths: Any | None = None) -> TransitionJerk:
    """Peak jerk and area under the jerk of transitions; lower is better, real motion is the floor.

    Args: joints: [N, T, J, 3], windows of the same width (60 frames) centred on the seams. reference: mean
        jerk of real motion, subtracted before the area is taken: 0.033031363 in FlowMDM's table for
            HumanML3D; of other data, measure it with `reference_jerk`.
        lengths: [N] valid frames; as in the reference implementation the curve of a shorter window is zero
            beyond them and still counts in the average over transitions. The per-transition numbers use valid
            frames only.
    """
    return transition_jerk_of_curves(*_masked_curves(joints, lengths), reference)


def transition_jerk_of_curves(curves: Float64, valid: Float64, reference: float) -> TransitionJerk:
    """As `transition_jerk`, of jerk curves [N, W] and which of their values count [N, W] (zeros and ones)."""
    curves, valid = to_float64(curves, "jerk curves", 2), to_float64(valid, "valid", 2)
    mean_curve = curves.mean(axis=0)
    peaks = curves.max(axis=1)
    areas = (np.abs(curves - reference) * valid).sum(axis=1)
    count = len(curves)
    details: dict[str, float | int | str] = {"reference": reference, "window": curves.shape[1] + 3}

    def metric(name: str, value: float, source: str) -> Metric:
        return Metric(name, float(value), UNIT, "lower", source, count, details)

    return TransitionJerk(
        metric("peak_jerk", mean_curve.max(), SOURCE),
        metric("area_under_jerk", np.abs(mean_curve - reference).sum(), SOURCE),
        metric("peak_jerk_each", peaks.mean(), f"{OWN_SOURCE}: {SOURCE} without averaging first"),
        metric("area_under_jerk_each", areas.mean(), f"{OWN_SOURCE}: {SOURCE} without averaging first"),
        metric("peak_jerk_worst", np.percentile(peaks, 95), f"{OWN_SOURCE}: 95th percentile of peaks"),
        curves,
        mean_curve,
    )


def jerk_magnitude(windows: Any, fps: float) -> Float64:
    """Mean jerk of windows [N, W, J, 3] in m/s^3, [W - 3]: third differences times fps^3, their length, mean over
    joints and windows (Motius). It depends on the frame rate that the motion was recorded or made at."""
    points = to_float64(windows, "joints", 4)
    if not len(points) or points.shape[1] < 4:
        raise ValueError(f"jerk needs windows of 4 frames or more, they have shape {points.shape}")
    third: Float64 = np.diff(points, n=3, axis=1) * fps**3
    return np.asarray(np.linalg.norm(third, axis=-1).mean(axis=(0, 2)))


def sequence_jerk(windows: Any, recorded: Any, fps: float) -> tuple[Metric, Metric]:
    """`transition_peak_jerk` and `auj_gap`, as the leaderboard of sequences on BABEL has them.

    Args:
        windows: [N, W, J, 3] joints in metres round the joins of made motion.
        recorded: [N, W, J, 3] round the same joins of recorded motion.
        fps: frames a second.

    Returns: the largest value of the mean curve (m/s^3; real motion is the aim), and the area between the curves of
        made and of recorded motion (m/s^2, trapezes; lower is better).
    """
    curve, real = jerk_magnitude(windows, fps), jerk_magnitude(recorded, fps)
    if curve.shape != real.shape:
        raise ValueError(f"windows of {len(curve) + 3} and of {len(real) + 3} frames cannot be compared")
    details: dict[str, float | int | str] = {
        "real": float(real.max()),
        "window": len(curve) + 3,
        "frames_per_second": fps,
    }
    gap = np.abs(curve - real)
    area = float((gap[1:] + gap[:-1]).sum() / 2 / fps)
    count = len(windows)
    return (
        Metric(
            "transition_peak_jerk",
            float(curve.max()),
            "m/s^3",
            "matching real",
            SEQUENCE_SOURCE,
            count,
            details,
        ),
        Metric("auj_gap", area, "m/s^2", "lower", SEQUENCE_SOURCE, count, details),
    )


def seam_contrast(motions: Sequence[Any], seams: Sequence[Sequence[int]], reach: int = 5) -> SeamContrast:
    """Largest jerk near each seam over the typical largest jerk of an equally long stretch of the same
    motion.

    Args:
        motions: [T_i, J, 3] each, whole motions with their seams.
        seams: for each motion, frame numbers; seam s lies between frames s - 1 and s.
        reach: frames on each side of a seam that count as near it. The interior is cut into stretches of the same
            number of jerk values, none of them near a seam, and the median of their maxima is the comparison:
            a maximum is compared with maxima over equally many values, so 1 is fair.
    """
    if len(motions) != len(seams):
        raise ValueError(f"{len(motions)} motions but {len(seams)} lists of seams")
    ratios: list[float] = []
    left_out = 0
    for joints, boundaries in zip(motions, seams):
        curve = jerk_curve(joints)
        # value t holds frames t ... t + 3, so s - reach - 3 ... s + reach - 1 touch the surroundings of s
        near = np.zeros(len(curve), dtype=bool)
        spans = [(max(s - reach - 3, 0), min(s + reach, len(curve))) for s in boundaries]
        for start, stop in spans:
            near[start:stop] = True
        size = 2 * reach + 3
        interior = [
            curve[start : start + size].max()
            for start in range(0, len(curve) - size + 1, size)
            if not near[start : start + size].any()
        ]
        if not interior:
            left_out += len(spans)
            continue
        typical = float(np.median(interior))
        ratios += [ratio(float(curve[start:stop].max()), typical) for start, stop in spans if stop > start]
    if not ratios:
        raise ValueError(
            f"no motion is long enough to have an interior {2 * reach + 3} frames away from seams"
        )
    values = np.array(ratios)
    details: dict[str, float | int | str] = {"reach_frames": reach, "left_out": left_out}
    # geometric: twice and half the interior's jerk should cancel
    with np.errstate(divide="ignore"):
        mean = float(np.exp(np.log(values).mean()))
    return SeamContrast(
        Metric("seam_jerk_ratio", mean, "1", "matching real", OWN_SOURCE, len(values), details),
        Metric(
            "seam_jerk_ratio_worst",
            float(np.percentile(values, 95)),
            "1",
            "matching real",
            OWN_SOURCE,
            len(values),
            details,
        ),
        values,
    )


def _masked_curves(joints: Any, lengths: Any | None) -> tuple[Float64, Float64]:
    """Jerk curves [N, T - 3] of windows [N, T, J, 3], zero beyond their lengths, and the valid mask."""
    points = to_float64(joints, "joints", 4)
    if not len(points):
        raise ValueError("no transition to measure: 0 windows")
    curves = jerk_curve(points)
    if lengths is None:
        return curves, np.ones_like(curves)
    ends = to_float64(lengths, "lengths", 1)
    if len(ends) != len(curves) or ends.min() < 4 or ends.max() > points.shape[1]:
        raise ValueError(
            f"lengths must be {len(curves)} numbers from 4 to {points.shape[1]}, they are {ends.tolist()}"
        )
    valid = (np.arange(curves.shape[1])[None, :] < ends[:, None] - 3).astype(np.float64)
    return curves * valid, valid
