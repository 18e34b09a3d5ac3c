"""Rotations of a rig's joints from where the joints are.

Positions leave the turn of a bone about itself open. It is settled by what bodies are like: knees and elbows are
hinges, a spine twists evenly, planted feet lie flat. While a limb is nearly straight its hinge cannot be seen; then
the hinge stays where it was around that time, and near where pelvis, foot or shoulder would have it.
"""

from typing import Any

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
from mdm_adapter.representation.skeleton import JOINT_COUNT, PARENTS

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
        # A knee bends about a line upright to the leg and to the foot, or as far from it as it does at rest.
        expected, at_rest = (
            np.cross(
                unit(pose[..., hip, :] - pose[..., ankle, :]), unit(pose[..., ball, :] - pose[..., ankle, :])
            )
            for pose in (joints, rest)
        )
        _limb(
            world,
            joints,
            rest,
            (0, hip, knee, ankle),
            np.array([1.0, 0, 0]),
            sigma,
            mode,
            (expected, at_rest),
        )
        world[:, ankle] = _swing(world[:, knee], joints, rest, ankle, ball)
        world[:, ball] = world[:, ankle]
        if ground:
            _plant(world, joints, rest, ankle, ball)
    for (collar, shoulder, elbow, wrist), side in zip(ARMS, SIDES):
        world[:, collar] = _swing(world[:, 9], joints, rest, collar, shoulder)
        hinge = np.array([0, -side, 0])
        _limb(world, joints, rest, (collar, shoulder, elbow, wrist), hinge, sigma, mode)
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
    sigma: float,
    mode: str,
    expected: tuple[Floats, Floats] | None = None,
) -> None:
    """Upper and lower bone of a limb, of chain (what carries it, upper, lower, end).

    hinge: [3], about which the lower bone bends at rest. expected: [F, 3] vectors near which it ought to be, and the
    one [3] of the rest pose. All is seen from the upper bone as it would swing without twist: there the hinge moves
    slowly.
    """
    carrier, upper, lower, end = chain
    rest_upper, rest_lower = unit(rest[lower] - rest[upper]), unit(rest[end] - rest[lower])
    base = _swing(world[:, carrier], joints, rest, upper, lower)
    first = _direction(joints, upper, lower, turn(base, rest_upper))
    second = _direction(joints, lower, end, turn(base, rest_lower))
    usual = frames(first, turn(base, hinge))[..., 0]
    rest_usual = frames(rest_upper, hinge)[..., 0]

    def seen(vectors: Floats, now: bool = True) -> Floats:
        """Vectors as complex numbers: along the usual hinge, and upright to it and to the bone."""
        x, along = (usual, first) if now else (rest_usual, rest_upper)
        found: Floats = dot(vectors, x) + 1j * dot(vectors, np.cross(x, along))
        return found

    wanted = np.ones(len(joints), dtype=complex)
    if expected is not None:
        wanted = _direction_of(1.0 + seen(expected[0]) / _direction_of(seen(expected[1], now=False)))
    bend = seen(np.cross(first, second)) - seen(np.cross(rest_upper, rest_lower), now=False)
    angle = np.arctan2(np.abs(bend), dot(first, second))
    # A knee that the motion bends the wrong way by a little says nothing about its hinge.
    backward = np.minimum((bend * wanted.conj()).real, 0.0) * wanted
    evidence = (bend - backward * (1 - ramp(angle, np.radians(20), np.radians(45)))) * np.abs(bend)
    if len(joints) > 1 and sigma > 0:
        evidence = gaussian_filter1d(evidence, sigma, mode=mode)
    settled = _direction_of(evidence + DOUBT * wanted)
    clear = _direction_of(bend)
    trust = ramp(angle, np.radians(12), np.radians(30)) * ramp((clear * settled.conj()).real, 0, 0.5)
    axis = _direction_of(settled + trust * (clear - settled))
    across = axis.real[:, None] * usual + axis.imag[:, None] * np.cross(usual, first)
    for joint, along, rest_along in ((upper, first, rest_upper), (lower, second, rest_lower)):
        world[:, joint] = frames(along, across) @ transpose(frames(rest_along, rest_usual))


def _direction_of(values: Any) -> Any:
    """Complex numbers of length 1; 1 for those without length."""
    size = np.abs(values)
    return np.where(size > 1e-9, values / np.maximum(size, 1e-12), 1.0)


def _plant(world: Floats, joints: Floats, rest: Floats, ankle: int, ball: int) -> None:
    """Roll a foot near the ground until it lies as flat as at rest, and bend its toes up while the heel is raised."""
    height = joints[:, ball, 1] - min(float(np.quantile(joints[:, ball, 1], 0.02)), 0.1)
    near = 1 - ramp(height, 0.03, 0.12)
    foot = _direction(joints, ankle, ball, turn(world[:, ankle], unit(rest[ball] - rest[ankle])))
    level = np.cross(UP, foot)
    across = turn(world[:, ankle], unit(np.cross(UP, rest[ball] - rest[ankle])))
    flat = frames(foot, level)[..., 0]
    roll = np.arctan2(dot(np.cross(across, flat), foot), dot(across, flat))
    sure = near * ramp(np.linalg.norm(level, axis=-1), 0.2, 0.6) * (1 - ramp(np.abs(roll), 0.7, 1.4))
    world[:, ankle] = about(foot, np.clip(roll, -MAX_ROLL, MAX_ROLL) * sure) @ world[:, ankle]
    forward = world[:, ankle, :, 2]
    falls = np.clip(np.arcsin(np.clip(-forward[:, 1], -1, 1)), 0.0, MAX_TOES) * near
    world[:, ball] = about(world[:, ankle, :, 0], -falls) @ world[:, ankle]
