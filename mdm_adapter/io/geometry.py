"""Vectors, frames and quaternions as NumPy arrays [..., 3], [..., 3, 3] and [..., 4] (x, y, z, w, as in scipy)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Floats = NDArray[np.float64]


def unit(vectors: Floats) -> Floats:
    """Vectors [..., 3] of length 1; a vector without length stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    result: Floats = vectors / np.maximum(length, 1e-12)
    return result


def dot(a: Floats, b: Floats) -> Floats:
    """Scalar products [...] of vectors [..., 3]."""
    result: Floats = (a * b).sum(axis=-1)
    return result


def turn(matrices: Floats, vectors: Floats) -> Floats:
    """Vectors [..., 3] turned by matrices [..., 3, 3]; leading shapes broadcast."""
    result: Floats = (matrices @ vectors[..., None])[..., 0]
    return result


def transpose(matrices: Floats) -> Floats:
    """Inverse of rotation matrices [..., 3, 3]."""
    return np.swapaxes(matrices, -1, -2)


def ramp(values: Any, low: float, high: float) -> Floats:
    """0 below `low`, 1 above `high` (or the other way round if low > high), smooth between."""
    t = np.clip((np.asarray(values, dtype=np.float64) - low) / (high - low), 0.0, 1.0)
    result: Floats = t * t * (3 - 2 * t)
    return result


def frames(along: Floats, across: Floats) -> Floats:
    """Orthonormal frames [..., 3, 3] whose second column is `along` and whose first is `across` made upright to it.

    Where the two are parallel any upright direction is taken.
    """
    y = unit(along)
    x = across - dot(across, y)[..., None] * y
    weak = np.linalg.norm(x, axis=-1, keepdims=True) < 1e-9
    if weak.any():
        spare = np.where(np.abs(y[..., :1]) < 0.9, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
        x = np.where(weak, spare - dot(spare, y)[..., None] * y, x)
    x = unit(x)
    return np.stack((x, y, np.cross(x, y)), axis=-1)


def shortest_arc(start: Floats, end: Floats) -> Floats:
    """Matrices [..., 3, 3] of the smallest rotations that take unit vectors `start` to `end` [..., 3].

    Opposite vectors have no smallest one: a half turn about some axis upright to them is taken.
    """
    start, end = np.broadcast_arrays(start, end)
    axis, cosine = np.cross(start, end), dot(start, end)
    x, y, z = np.moveaxis(axis, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), axis=-1).reshape(*x.shape, 3, 3)
    matrix = np.eye(3) + cross + cross @ cross / np.maximum(1 + cosine, 1e-9)[..., None, None]
    opposite = cosine < -1 + 1e-7
    if opposite.any():
        half = frames(start, np.zeros(3))[..., 0]
        flip = 2 * half[..., :, None] * half[..., None, :] - np.eye(3)
        matrix = np.where(opposite[..., None, None], flip, matrix)
    return matrix


def about(axis: Floats, angle: Floats) -> Floats:
    """Matrices [..., 3, 3] of turns by `angle` [...] radians about unit vectors `axis` [..., 3]."""
    axis = np.broadcast_to(axis, (*np.shape(angle), 3))
    shape = np.shape(angle)
    vectors = (axis * np.asarray(angle)[..., None]).reshape(-1, 3)
    return Rotation.from_rotvec(vectors).as_matrix().reshape(*shape, 3, 3)


def best_rotation(rest: Floats, now: Floats) -> Floats:
    """Rotations [F, 3, 3] that take points `rest` [K, 3] nearest to `now` [F, K, 3] (Kabsch; least squares)."""
    u, _, vt = np.linalg.svd(np.einsum("fki,kj->fij", now, rest))
    sign = np.ones((len(now), 3))
    sign[:, 2] = np.sign(np.linalg.det(u @ vt))
    result: Floats = (u * sign[:, None, :]) @ vt
    return result


def to_quaternions(matrices: Floats) -> Floats:
    """Matrices [F, ..., 3, 3] -> quaternions [F, ..., 4], x y z w, which never change sign along the first axis."""
    shape = matrices.shape[:-2]
    quaternions = Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_quat().reshape(*shape, 4)
    return continuous(quaternions)


def continuous(quaternions: Floats) -> Floats:
    """The same rotations [F, ..., 4] with signs such that neighbours along the first axis are near each other."""
    if len(quaternions) < 2:
        return quaternions
    flips = np.where(dot(quaternions[1:], quaternions[:-1]) < 0, -1.0, 1.0)
    sign = np.concatenate((np.ones_like(flips[:1]), np.cumprod(flips, axis=0)))
    return quaternions * sign[..., None]


def to_matrices(quaternions: Floats) -> Floats:
    """Quaternions [..., 4], x y z w, of any length -> matrices [..., 3, 3]."""
    shape = quaternions.shape[:-1]
    return Rotation.from_quat(quaternions.reshape(-1, 4)).as_matrix().reshape(*shape, 3, 3)
