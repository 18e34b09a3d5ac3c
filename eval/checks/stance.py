"""Of fighters: guard, advance and retreat, turns, blocks, dodges. And side steps."""

import numpy as np
from scipy.ndimage import median_filter

from eval.checks.check import Condition, Verdict, moment
from eval.checks.kinematics import Take, remembered
from eval.checks.locomotion import bearing, off, stepping, turned
from eval.checks.series import Array, averaged, most, smooth


@remembered
def guard_yaw(take: Take) -> Array:
    """Where the two hands are held [T], degrees from where the body faces: a fighter stands half sideways."""
    hands = smooth((take.place("left_wrist", "neck") + take.place("right_wrist", "neck")) / 2, 0.15)
    return np.degrees(np.arctan2(hands[:, 0], hands[:, 2]))


@remembered
def in_guard(take: Take) -> Array:
    """1 where both hands are up in front [T], else 0.

    That is both wrists 0.1 legs above the hips or more, their middle 0.22 legs from the neck along the
    ground.
    """
    left, right = take.place("left_wrist"), take.place("right_wrist")
    middle = (take.place("left_wrist", "neck") + take.place("right_wrist", "neck")) / 2
    high = np.minimum(left[:, 1], right[:, 1]) >= 0.1
    return (high & (np.hypot(middle[:, 0], middle[:, 2]) >= 0.22)).astype(np.float64)


@remembered
def front(take: Take) -> Array:
    """Where the take's owner looks [T], degrees from where the body faces: along the guard where there is
    one."""
    guarded = averaged(in_guard(take), 0.5) >= 0.8
    return np.where(guarded, np.clip(guard_yaw(take), -75.0, 75.0), 0.0)


@remembered
def aim(take: Take) -> Array:
    """Where the opponent would be [T], degrees from where the body faces, less than half a turn.

    The median over 2.5 s of where the take's owner looks: a blow turns hips and shoulders, not the opponent.
    """
    looks = take.yaw + front(take)
    steady = median_filter(looks, size=51, mode="nearest")  # odd, as a mirror wants it
    return np.asarray((steady - take.yaw + 180.0) % 360.0 - 180.0)


def aimed(take: Take, vectors: Array) -> Array:
    """Vectors of the body's directions [T, 3] as left, up and forward of `aim`."""
    angle = np.radians(aim(take))
    cos, sin = np.cos(angle), np.sin(angle)
    left, up, ahead = vectors.T
    return np.stack((left * cos - ahead * sin, up, left * sin + ahead * cos), axis=1)


def side_steps(take: Take, way: int) -> Verdict:
    """Steps sideways, facing on.

    way: 1 left, -1 right. Thresholds: for 0.5 s 0.45 legs a second or more, within 40 degrees of straight
    sideways (of the body, or of a fighter's guard); the body turns by 30 degrees at most within 1 s.
    """
    angle = off(bearing(take, 0.5) - front(take), way * 90.0)
    return stepping(take, 2) & moment(
        Condition("pace, legs/s", averaged(take.pace, 0.5), 0.45),
        Condition("off the bearing, degrees", most(angle, 0.4), 40.0, "at most"),
        Condition("turn meanwhile, degrees", np.abs(turned(take, 1.0)), 30.0, "at most"),
        Condition("height of the hips, legs", take.height("pelvis"), 0.75),
    )


def steps_in_guard(take: Take, way: int) -> Verdict:
    """Goes towards the opponent or away, hands up.

    way: 1 advance, -1 retreat. Thresholds over 1 s: 0.6 legs a second, within 45 degrees of where the hands
    point (or of straight away from there), in guard (see `in_guard`) for 0.8 of the time.
    """
    angle = off(bearing(take, 1.0) - guard_yaw(take), 0.0 if way > 0 else 180.0)
    return stepping(take, 2) & moment(
        Condition("pace, legs/s", averaged(take.pace, 1.0), 0.6),
        Condition("off the bearing, degrees", averaged(angle, 0.6), 45.0, "at most"),
        Condition("share of time in guard", averaged(in_guard(take), 1.0), 0.8),
    )
