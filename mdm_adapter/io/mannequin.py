"""A body to wear a rig: tapered tubes, an egg for a head and a trunk turned on a lathe, in the colours of our videos.

Everything is laid around the T-pose of a rig and knows by which joints it is carried. A limb is stiff but for its
last part, which goes over to the joint at its end: bones of generated motion change their length a little, and the
limb then stretches instead of coming apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from mdm_adapter.io.drawing import BODY, LEFT, RIGHT, Colour
from mdm_adapter.io.geometry import Floats, frames, ramp, unit
from mdm_adapter.io.rig import ARMS, LEGS, SIDES, Rig, stature_of

AROUND, RINGS = 20, 5  # points around a tube; rings of each of its ends and between them
FACE: Colour = (0.80, 0.83, 0.87)
MATERIALS: tuple[tuple[str, Colour], ...] = (("Body", BODY), ("Left", LEFT), ("Right", RIGHT), ("Face", FACE))
_BODY, _LEFT, _RIGHT, _FACE = range(len(MATERIALS))


@dataclass(frozen=True, eq=False)
class Surface:
    """A part of one material.

    Attributes:
        points, normals: float32 [n, 3], metres, around the rest pose; normals of length 1.
        joints: uint8 [n, 4], the joints that carry each point.
        weights: uint8 [n, 4], their shares; they sum to 255.
        triangles: [m, 3], numbers of points, counter-clockwise from outside.
    """

    points: NDArray[np.float32]
    normals: NDArray[np.float32]
    joints: NDArray[np.uint8]
    weights: NDArray[np.uint8]
    triangles: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Part:
    """Rings of points, each ring carried by two joints.

    grid: [rings, around, 3]; a first or last ring without width is a pole. carriers: [rings, 2] joints. share:
    [rings], of the second one.
    """

    grid: Floats
    material: int
    carriers: NDArray[np.int64]
    share: Floats


def _stiff(grid: Floats, material: int, joint: int) -> _Part:
    """A part that one joint carries."""
    return _Part(grid, material, np.full((len(grid), 2), joint), np.zeros(len(grid)))


def mannequin(rig: Rig) -> list[Surface]:
    """The body of a rig: one surface for each of `MATERIALS`, in their order."""
    scale = stature_of(rig.lengths) / 1.7
    parts = [_trunk(rig, scale), *_head(rig, scale)]
    for leg, material in zip(LEGS, (_LEFT, _RIGHT)):
        parts += _leg(rig, scale, leg, material)
    for arm, material, side in zip(ARMS, (_LEFT, _RIGHT), SIDES):
        parts += _arm(rig, scale, arm, material, side)
    return [_joined([part for part in parts if part.material == kind]) for kind in range(len(MATERIALS))]


def _tube(
    start: Floats, end: Floats, radius_start: float, radius_end: float, flat: tuple[float, float]
) -> tuple[Floats, Floats]:
    """A tapered tube with round ends: points [rings, around, 3], and how far along the bone [rings] each ring lies."""
    length = float(np.linalg.norm(end - start))
    lean = np.arcsin(np.clip((radius_start - radius_end) / max(length, 1e-9), -0.999, 0.999))
    low, high = (np.linspace(a, b, RINGS + 1) for a, b in ((-np.pi / 2, lean), (lean, np.pi / 2)))
    straight = np.linspace(0, 1, RINGS + 2)[1:-1]
    ends = [
        np.stack((centre + radius * np.sin(angle), radius * np.cos(angle)), axis=1)
        for centre, radius, angle in ((0.0, radius_start, low), (length, radius_end, high))
    ]
    between = ends[0][-1] + straight[:, None] * (ends[1][0] - ends[0][-1])
    along, radius = np.concatenate((ends[0], between, ends[1])).T
    forward = abs(end[2] - start[2]) > 0.7 * length
    axes = frames(end - start, np.array([1.0, 0, 0] if forward else [0, 0, 1.0]))
    turn = np.arange(AROUND) * (2 * np.pi / AROUND)
    ring = np.cos(turn)[:, None] * axes[:, 0] * flat[0] + np.sin(turn)[:, None] * axes[:, 2] * flat[1]
    grid = start + along[:, None, None] * axes[:, 1] + radius[:, None, None] * ring
    return grid, along / max(length, 1e-9)


def _bone(
    start: Floats, end: Floats, radii: tuple[float, float], material: int, first: int, second: int | None = None,
    *, gives: float = 0.6, flat: tuple[float, float] = (1.0, 1.0),
) -> _Part:  # fmt: skip
    """A tube carried by one joint; from the share `gives` of its length on by the `second`, if there is one.

    flat: how wide the tube is from side to side (of a bone that points forward) or forward (of others), and the
    other way, in radii.
    """
    grid, along = _tube(start, end, *radii, flat)
    if second is None:
        return _stiff(grid, material, first)
    return _Part(grid, material, np.tile((first, second), (len(grid), 1)), ramp(along, gives, 1.0))


def _leg(rig: Rig, scale: float, leg: tuple[int, int, int, int], material: int) -> list[_Part]:
    hip, knee, ankle, ball = leg
    at, s = rig.rest, scale
    sole = 0.036 * s
    heel = np.array([at[ankle, 0], sole, at[ankle, 2] - 0.028 * s])
    under_ball = np.array([at[ball, 0], sole, at[ball, 2]])
    toes = under_ball + np.array([0, -0.008, 0.045]) * s
    return [
        _bone(at[hip], at[knee], (0.080 * s, 0.056 * s), material, hip, knee, gives=0.85),
        _bone(at[knee], at[ankle], (0.055 * s, 0.037 * s), material, knee, ankle, gives=0.45),
        _bone(at[ankle], heel, (0.037 * s, 0.036 * s), material, ankle),
        _bone(heel, under_ball, (0.036 * s, 0.036 * s), material, ankle, ball, gives=0.75, flat=(1.22, 1.0)),
        _bone(at[ankle], under_ball, (0.037 * s, 0.034 * s), material, ankle, ball, gives=0.75),
        _bone(under_ball, toes, (0.036 * s, 0.028 * s), material, ball, flat=(1.22, 1.0)),
    ]


def _arm(rig: Rig, scale: float, arm: tuple[int, int, int, int], material: int, side: float) -> list[_Part]:
    collar, shoulder, elbow, wrist = arm
    at, s = rig.rest, scale
    nape = at[12] + [side * 0.02 * s, -0.065 * s, 0]
    palm = at[wrist] + [side * 0.078 * s, 0, 0.004 * s]
    thumb = at[wrist] + np.array([[side * 0.018, -0.004, 0.020], [side * 0.062, -0.008, 0.050]]) * s
    return [
        # From the nape to the shoulder, which may hang far below it, and along the collar bone.
        _bone(nape, at[shoulder], (0.066 * s, 0.046 * s), _BODY, 9, collar, gives=0.2),
        _bone(at[collar], at[shoulder], (0.064 * s, 0.050 * s), _BODY, collar, shoulder, gives=0.7),
        _bone(at[shoulder], at[elbow], (0.056 * s, 0.040 * s), material, shoulder, elbow, gives=0.8),
        _bone(at[elbow], at[wrist], (0.0395 * s, 0.028 * s), material, elbow, wrist, gives=0.3),
        _bone(at[wrist], palm, (0.031 * s, 0.027 * s), material, wrist, flat=(1.25, 0.62)),
        _bone(thumb[0], thumb[1], (0.014 * s, 0.011 * s), material, wrist),
    ]


def _head(rig: Rig, scale: float) -> list[_Part]:
    at, s = rig.rest, scale
    centre = at[15] + np.array([0, 0.082, 0.012]) * s
    around = np.arange(24) * (2 * np.pi / 24)

    def egg(height: Floats, side: Floats) -> Floats:
        """Points at angles above and beside straight ahead; narrower towards the chin."""
        ball = np.stack(
            (np.cos(height) * np.sin(side), np.sin(height), np.cos(height) * np.cos(side)), axis=-1
        )
        slim = 1 - 0.14 * np.maximum(-ball[..., 1:2], 0) * np.array([1, 0, 1])
        return ball * slim * np.array([0.076, 0.108, 0.092]) * s

    height, side = np.broadcast_arrays(np.linspace(-np.pi / 2, np.pi / 2, 17)[:, None], around)
    # A visor says which way the head looks: a lens that rises a little out of the egg.
    reach = np.linspace(1, 0, 6)[:, None]
    lens = egg(
        np.radians(4) + np.radians(19) * reach * np.sin(around), np.radians(52) * reach * np.cos(around)
    )
    lens = lens * (0.985 + 0.05 * np.sqrt(1 - reach**2))[..., None]
    return [
        _bone(at[12] - [0, 0.02 * s, 0], at[15] + [0, 0.02 * s, 0], (0.050 * s, 0.046 * s), _BODY, 12),
        _stiff(centre + egg(height, side), _BODY, 15),
        _stiff(centre + lens, _FACE, 15),
    ]


def _trunk(rig: Rig, scale: float) -> _Part:
    """From crotch to neck, elliptic rings around the spine; carried by hips, spine and chest in turn."""
    at, s = rig.rest, scale
    hips_y, hips_x = at[[1, 2], 1].mean(), np.abs(at[[1, 2], 0]).mean()
    waist, ribs, chest, neck = (at[joint, 1] for joint in (3, 6, 9, 12))
    hips = hips_x + 0.088 * s
    rings = np.array([  # height, half the width, half the depth
        (hips_y - 0.100 * s, 0.0, 0.0), (hips_y - 0.096 * s, 0.40 * hips, 0.045 * s), (hips_y - 0.07 * s, 0.74 * hips, 0.085 * s),
        (hips_y - 0.01 * s, hips, 0.108 * s), (0.6 * waist + 0.4 * hips_y, 0.94 * hips, 0.106 * s),
        (0.4 * waist + 0.6 * ribs, 0.125 * s, 0.094 * s), (chest + 0.02 * s, 0.150 * s, 0.106 * s),
        (0.65 * chest + 0.35 * neck, 0.158 * s, 0.104 * s), (0.4 * chest + 0.6 * neck, 0.146 * s, 0.090 * s),
        (0.18 * chest + 0.82 * neck, 0.100 * s, 0.068 * s), (neck, 0.056 * s, 0.050 * s), (neck + 0.012 * s, 0.0, 0.0),
    ])  # fmt: skip
    rings[:, 0] = np.maximum.accumulate(rings[:, 0] + np.arange(len(rings)) * 1e-6)
    curve = PchipInterpolator(np.arange(len(rings)), rings)(
        np.linspace(0, len(rings) - 1, 3 * len(rings) - 2)
    )
    axis_z = np.interp(
        curve[:, 0], [hips_y, waist, ribs, chest, neck], [at[joint, 2] for joint in (0, 3, 6, 9, 12)]
    )
    turn = np.arange(28) * (2 * np.pi / 28)
    # A little squarer than an ellipse, as trunks are.
    square = 1 / (np.abs(np.cos(turn)) ** 2.6 + np.abs(np.sin(turn)) ** 2.6) ** (1 / 2.6)
    grid = np.stack(
        (
            curve[:, 1:2] * np.cos(turn) * square,
            np.broadcast_to(curve[:, :1], (len(curve), len(turn))),
            axis_z[:, None] + curve[:, 2:3] * np.sin(turn) * square,
        ),
        axis=-1,
    )
    heights = [at[0, 1], 0.5 * (waist + ribs), 0.5 * (ribs + chest) + 0.02 * s, chest + 0.08 * s]
    place = np.interp(curve[:, 0], np.maximum.accumulate(heights), np.arange(4.0))
    lower = np.minimum(place.astype(np.int64), 2)
    return _Part(grid, _BODY, np.array([(0, 3), (3, 6), (6, 9)])[lower], place - lower)


def _joined(parts: Sequence[_Part]) -> Surface:
    """One surface of several parts."""
    pieces: list[tuple[Any, ...]] = []
    count = 0
    for part in parts:
        points, normals, rings, triangles = _closed(part.grid)
        second = np.rint(part.share[rings] * 255).astype(np.uint8)
        joints, weights = np.zeros((2, len(points), 4), dtype=np.uint8)
        joints[:, :2] = part.carriers[rings]
        weights[:, 0], weights[:, 1] = 255 - second, second
        joints[weights == 0] = 0  # as the format wants it
        pieces.append((points, normals, joints, weights, triangles + count))
        count += len(points)
    points, normals, joints, weights, triangles = (np.concatenate(column) for column in zip(*pieces))
    return Surface(points.astype(np.float32), normals.astype(np.float32), joints, weights, triangles)


def _closed(grid: Floats) -> tuple[Floats, Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Points, normals, ring of each point, and triangles of rings [rings, around, 3]; poles become single points."""
    rings, around = grid.shape[:2]
    along = np.gradient(grid, axis=0)
    normals = unit(np.cross(np.roll(grid, -1, axis=1) - np.roll(grid, 1, axis=1), along))
    ring, column = np.meshgrid(np.arange(rings - 1), np.arange(around), indexing="ij")
    corner, beside = ring * around + column, ring * around + (column + 1) % around
    lower = np.stack((corner, beside, beside + around), axis=-1)  # an edge on the ring
    upper = np.stack((corner, beside + around, corner + around), axis=-1)  # an edge on the next one
    poles = [bool(np.ptp(grid[end], axis=0).max() < 1e-7) for end in (0, -1)]
    kept_lower, kept_upper = lower[1 if poles[0] else 0 :], upper[: -1 if poles[1] else None]
    triangles = np.concatenate((kept_lower.reshape(-1, 3), kept_upper.reshape(-1, 3)))
    if ((grid - grid.mean(axis=(0, 1))) * normals).sum() < 0:
        normals, triangles = -normals, triangles[:, ::-1]
    for end, inner in ((0, 1), (-1, -2)):
        if poles[end]:
            normals[end] = unit(grid[end, 0] - grid[inner].mean(axis=0))
    # One point at a pole instead of a ring of equal ones.
    number = np.arange(rings * around)
    if poles[0]:
        number[:around] = 0
    if poles[1]:
        number[-around:] = (rings - 1) * around
    kept, new = np.unique(number, return_inverse=True)
    return grid.reshape(-1, 3)[kept], normals.reshape(-1, 3)[kept], kept // around, new[triangles]
