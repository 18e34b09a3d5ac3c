"""Joints of a motion moved as little as possible until every bone keeps one length.

Generated joints breathe: a shin may be several centimetres shorter while its foot pushes off. A skeleton without
position channels cannot follow that, so hands and feet stay where they are and knees and elbows give way.
"""

import numpy as np

from mdm_adapter.io.geometry import Floats, dot, ramp, turn, unit
from mdm_adapter.io.rig import ARMS, CHEST, LEGS, PELVIS, SIDES


def keep_lengths(joints: Floats, rest: Floats, world: Floats) -> Floats:
    """Joints [F, 22, 3] whose bones all have the lengths that they have in `rest` [22, 3].

    Directions of the spine stay; wrists and ankles stay in place wherever the limb reaches them.

    Args:
        world: [F, 22, 3, 3], the rotations of `joints` (see `solve`), which say which way a limb bends.
    """
    fixed = joints.copy()

    def follow(start: int, end: int) -> None:
        fixed[:, end] = fixed[:, start] + turn(world[:, start], rest[end] - rest[start])

    for trunk, children in (PELVIS, CHEST):
        for joint in children:
            follow(trunk, joint)
        if trunk == PELVIS[0]:
            follow(3, 6)
            follow(6, 9)
    follow(12, 15)
    for collar, shoulder, _, _ in ARMS:
        follow(collar, shoulder)
    # What hips and shoulders have moved by on average the root takes back, so that limbs need not stretch for it.
    carrying = [1, 2, 16, 17]
    fixed += (joints[:, carrying] - fixed[:, carrying]).mean(axis=1, keepdims=True)
    for hip, knee, ankle, ball in LEGS:
        _reach(fixed, joints, rest, (hip, knee, ankle), turn(world[:, hip], np.array([1.0, 0, 0])))
        foot = unit(joints[:, ball] - joints[:, ankle])
        fixed[:, ball] = fixed[:, ankle] + foot * np.linalg.norm(rest[ball] - rest[ankle])
    for (_, shoulder, elbow, wrist), side in zip(ARMS, SIDES):
        _reach(
            fixed, joints, rest, (shoulder, elbow, wrist), turn(world[:, shoulder], np.array([0, -side, 0]))
        )
    return fixed


def _reach(fixed: Floats, joints: Floats, rest: Floats, limb: tuple[int, int, int], hinge: Floats) -> None:
    """Two bones of given lengths from where the limb starts to where it ended.

    The middle joint stays on the side where it was; where a limb that was nearly straight has to bend a lot, that
    side says little, and it bends about `hinge` [F, 3].
    """
    start, middle, end = limb
    upper, lower = np.linalg.norm(rest[middle] - rest[start]), np.linalg.norm(rest[end] - rest[middle])
    way = joints[:, end] - fixed[:, start]
    length = np.clip(np.linalg.norm(way, axis=1, keepdims=True), abs(upper - lower) + 1e-3, upper + lower)
    along = unit(way)
    share = (upper**2 - lower**2 + length**2) / (2 * length)
    rise = np.sqrt(np.maximum(upper**2 - share**2, 0.0))
    side = joints[:, middle] - fixed[:, start]
    side = side - dot(side, along)[:, None] * along
    bent = np.cross(along, hinge)
    bent = unit(bent - dot(bent, along)[:, None] * along)
    known = ramp(np.linalg.norm(side, axis=1, keepdims=True) / np.maximum(rise, 1e-6), 0.3, 0.9)
    outward = unit(known * unit(side) + (1 - known) * bent)
    fixed[:, middle] = fixed[:, start] + share * along + rise * outward
    fixed[:, end] = fixed[:, start] + length * along
