"""Rotations of a rig's joints from where the joints are.

Positions leave the turn of a bone about itself open. It is settled by what bodies are like: knees and elbows are
hinges, a spine twists evenly, planted feet lie flat. While a limb is nearly straight its hinge cannot be seen; then
the hinge stays where it was around that time, and near where pelvis, foot or shoulder would have it.
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from mdm_adapter.io.geometry import (
    Floats,
    about,
    best_rotation,
    dot,
    frames,
    ramp,
    shortest_arc,
    to_matrices,
    to_quaternions,
    transpose,
    turn,
    unit,
)
from mdm_adapter.io.rig import ARMS, CHEST, LEGS, PELVIS, SIDES
from mdm_adapter.skeleton import JOINT_COUNT, PARENTS

UP = np.array([0.0, 1.0, 0.0])
MEMORY_SECONDS = 0.12  # how far a hinge is remembered through a straight limb
DOUBT = 0.03  # weight of where a hinge ought to be; a bend of 10 degrees weighs as much
MAX_ROLL = np.radians(30)  # that an ankle gives sideways
MAX_TOES = np.radians(60)


def solve(joints: Floats, rest: Floats, *, fps: float, periodic: bool = False, ground: bool = True) -> Floats:
    """World rotations of all joints, float64 [F, 22, 3, 3]; identity where `joints` are `rest`.

    Args:
        joints: [F, 22, 3], metres, y up.
        rest: [22, 3], the joints of the pose in which nothing is rotated, y up, facing +z, arms out along x.
        periodic: the last frame is followed by the first.
        ground: let planted feet lie flat and their toes bend.
    """
    world = np.tile(np.eye(3), (len(joints), JOINT_COUNT, 1, 1))
    sigma = MEMORY_SECONDS * fps
    mode = "wrap" if periodic else "nearest"
    for trunk, children in (PELVIS, CHEST):
        some = list(children)
        world[:, trunk] = best_rotation(rest[some] - rest[trunk], joints[:, some] - joints[:, trunk, None])
    _spine(world, joints, rest)
    world[:, 12] = _swing(world[:, 9], joints, rest, 12, 15)
    world[:, 15] = world[:, 12]
    for hip, knee, ankle, ball in LEGS:
        foot = unit(joints[:, ball] - joints[:, ankle])
        expected = np.cross(unit(joints[:, hip] - joints[:, ankle]), foot)
        _limb(world, joints, rest, (0, hip, knee, ankle), np.array([1.0, 0, 0]), expected, sigma, mode)
        world[:, ankle] = _swing(world[:, knee], joints, rest, ankle, ball)
        world[:, ball] = world[:, ankle]
        if ground:
            _plant(world, joints, ankle, ball)
    for (collar, shoulder, elbow, wrist), side in zip(ARMS, SIDES):
        world[:, collar] = _swing(world[:, 9], joints, rest, collar, shoulder)
        hinge = np.array([0, -side, 0])
        _limb(world, joints, rest, (collar, shoulder, elbow, wrist), hinge, np.zeros(3), sigma, mode)
        world[:, wrist] = world[:, elbow]
    return world


def to_local(world: Floats) -> Floats:
    """Rotations relative to the parent, quaternions [F, 22, 4] (x, y, z, w), from world matrices [F, 22, 3, 3]."""
    local = world.copy()
    local[:, 1:] = transpose(world[:, list(PARENTS[1:])]) @ world[:, 1:]
    return to_quaternions(local)


def to_world(quaternions: Floats) -> Floats:
    """World matrices [F, 22, 3, 3] from rotations relative to the parent, quaternions [F, 22, 4]."""
    world = to_matrices(quaternions)
    for joint in range(1, JOINT_COUNT):
        world[:, joint] = world[:, PARENTS[joint]] @ world[:, joint]
    return world


def _swing(base: Floats, joints: Floats, rest: Floats, start: int, end: int) -> Floats:
    """The orientations `base` [F, 3, 3] swung, without twist, so that the bone points where it does [F, 3, 3]."""
    lies = turn(base, unit(rest[end] - rest[start]))
    return shortest_arc(lies, _direction(joints, start, end, lies)) @ base


def _direction(joints: Floats, start: int, end: int, fallback: Floats) -> Floats:
    """Unit vectors [F, 3] from joint to joint; `fallback` where the two coincide."""
    bone = joints[:, end] - joints[:, start]
    return np.where(np.linalg.norm(bone, axis=1, keepdims=True) > 1e-6, unit(bone), fallback)


def _spine(world: Floats, joints: Floats, rest: Floats) -> None:
    """The two joints between pelvis and chest, each a third of the way of their twist."""
    twist = Rotation.from_matrix(transpose(world[:, 0]) @ world[:, 9])
    for share, (start, end) in ((1 / 3, (3, 6)), (2 / 3, (6, 9))):
        base = world[:, 0] @ Rotation.from_rotvec(share * twist.as_rotvec()).as_matrix()
        world[:, start] = _swing(base, joints, rest, start, end)


def _limb(
    world: Floats,
    joints: Floats,
    rest: Floats,
    chain: tuple[int, int, int, int],
    hinge: Floats,
    expected: Floats,
    sigma: float,
    mode: str,
) -> None:
    """Upper and lower bone of a limb, of chain (what carries it, upper, lower, end).

    hinge: [3], about which the lower bone bends at rest. expected: [F, 3], a vector that it should be near to, or
    zeros. All bends are seen from the upper bone as it would swing without twist, in which the hinge moves slowly.
    """
    carrier, upper, lower, end = chain
    base = _swing(world[:, carrier], joints, rest, upper, lower)
    rest_upper, rest_lower = unit(rest[lower] - rest[upper]), unit(rest[end] - rest[lower])
    first = _direction(joints, upper, lower, turn(base, rest_upper))
    second = _direction(joints, lower, end, turn(base, rest_lower))
    usual = frames(first, turn(base, hinge))[..., 0]
    upright = np.cross(usual, first)

    def seen(vectors: Floats) -> Floats:
        return np.stack((dot(vectors, usual), dot(vectors, upright)), axis=-1)

    wanted = unit_2d(np.array([1.0, 0.0]) + seen(np.broadcast_to(expected, first.shape)))
    bend = seen(np.cross(first, second))
    size = np.linalg.norm(bend, axis=-1, keepdims=True)
    angle = np.arctan2(size, dot(first, second)[:, None])
    # A knee that the motion bends the wrong way by a little says nothing about its hinge.
    backward = np.minimum((bend * wanted).sum(axis=-1, keepdims=True), 0.0) * wanted
    evidence = bend - backward * (1 - ramp(angle, np.radians(20), np.radians(45)))
    evidence = evidence * size
    remembered = evidence
    if len(joints) > 1 and sigma > 0:
        remembered = gaussian_filter1d(evidence, sigma, axis=0, mode=mode)
    settled = unit_2d(remembered + DOUBT * wanted)
    clear = unit_2d(bend)
    trust = ramp(angle, np.radians(12), np.radians(30)) * ramp(
        (clear * settled).sum(axis=-1, keepdims=True), 0, 0.5
    )
    axis = unit_2d(settled + trust * (clear - settled))
    across = axis[:, :1] * usual + axis[:, 1:] * upright
    for joint, along, rest_along in ((upper, first, rest_upper), (lower, second, rest_lower)):
        world[:, joint] = frames(along, across) @ transpose(frames(rest_along, hinge))


def unit_2d(vectors: Floats) -> Floats:
    """Vectors [F, 2] of length 1; (1, 0) for those without length."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > 1e-9, vectors / np.maximum(length, 1e-12), [1.0, 0.0])


def _plant(world: Floats, joints: Floats, ankle: int, ball: int) -> None:
    """Roll a foot near the ground until it lies flat, and bend its toes up while the heel is raised."""
    height = joints[:, ball, 1] - min(float(np.quantile(joints[:, ball, 1], 0.02)), 0.1)
    near = 1 - ramp(height, 0.03, 0.12)
    foot = unit(joints[:, ball] - joints[:, ankle])
    level = np.cross(UP, foot)
    across = frames(foot, world[:, ankle, :, 0])[..., 0]
    level_across = frames(foot, level)[..., 0]
    roll = np.arctan2(dot(np.cross(across, level_across), foot), dot(across, level_across))
    sure = near * ramp(np.linalg.norm(level, axis=-1), 0.2, 0.6) * (1 - ramp(np.abs(roll), 0.7, 1.4))
    world[:, ankle] = about(foot, np.clip(roll, -MAX_ROLL, MAX_ROLL) * sure) @ world[:, ankle]
    forward = world[:, ankle, :, 2]
    falls = np.clip(np.arcsin(np.clip(-forward[:, 1], -1, 1)), 0.0, MAX_TOES) * near
    world[:, ball] = about(world[:, ankle, :, 0], -falls) @ world[:, ankle]
