"""Quaternions (w, x, y, z) and the 6-D rotation representation, batched over any leading shape.

The 6-D form is the first two columns of the rotation matrix (Zhou et al. 2019, "On the Continuity of Rotation
Representations in Neural Networks"), in the order that HumanML3D stores them.
"""

import torch
from torch import Tensor


def multiply(a: Tensor, b: Tensor) -> Tensor:
    """Hamilton product of quaternions [..., 4]."""
    aw, ax, ay, az = a.unbind(-1)
    bw, bx, by, bz = b.unbind(-1)
    return torch.stack(
        (
            aw * bw - ax * bx - ay * by - az * bz,
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
        ),
        dim=-1,
    )


def conjugate(q: Tensor) -> Tensor:
    """Inverse of unit quaternions [..., 4]."""
    return torch.cat((q[..., :1], -q[..., 1:]), dim=-1)


def rotate(q: Tensor, v: Tensor) -> Tensor:
    """Vectors [..., 3] turned by unit quaternions [..., 4] (leading shapes broadcast)."""
    w, u = q[..., :1], q[..., 1:]
    # Not `broadcast_shapes`, which imports PyTorch's compiler.
    u, v = torch.broadcast_tensors(u, v)
    uv = torch.linalg.cross(u, v)
    return v + 2 * (w * uv + torch.linalg.cross(u, uv))


def between(a: Tensor, b: Tensor) -> Tensor:
    """Shortest rotation [..., 4] that takes the direction of `a` [..., 3] to that of `b`.

    Opposite directions have no unique answer; the zero quaternion of the formula is then replaced by a half
    turn about y, the axis bodies turn about.
    """
    a, b = torch.broadcast_tensors(a, b)
    w = (a.square().sum(-1) * b.square().sum(-1)).sqrt() + (a * b).sum(-1)
    q = torch.cat((w[..., None], torch.linalg.cross(a, b)), dim=-1)
    norm = q.norm(dim=-1, keepdim=True)
    half_turn = torch.zeros_like(q)
    half_turn[..., 2] = 1.0
    return torch.where(norm > 1e-9, q / norm.clamp_min(1e-9), half_turn)


def about_y(half_angle: Tensor) -> Tensor:
    """Quaternions [..., 4] for turns about the vertical, given *half* the angle in radians."""
    zero = torch.zeros_like(half_angle)
    return torch.stack((half_angle.cos(), zero, half_angle.sin(), zero), dim=-1)


def to_six_d(q: Tensor) -> Tensor:
    """Unit quaternions [..., 4] -> 6-D [..., 6]: first column of the matrix, then the second."""
    w, x, y, z = q.unbind(-1)
    return torch.stack(
        (
            1 - 2 * (y * y + z * z),
            2 * (x * y + w * z),
            2 * (x * z - w * y),
            2 * (x * y - w * z),
            1 - 2 * (x * x + z * z),
            2 * (y * z + w * x),
        ),
        dim=-1,
    )


def six_d_to_matrix(six_d: Tensor) -> Tensor:
    """6-D [..., 6] -> rotation matrices [..., 3, 3] by the cross products of the published code."""
    x = torch.nn.functional.normalize(six_d[..., :3], dim=-1)
    z = torch.nn.functional.normalize(torch.linalg.cross(x, six_d[..., 3:]), dim=-1)
    y = torch.linalg.cross(z, x)
    return torch.stack((x, y, z), dim=-1)


def to_matrix(q: Tensor) -> Tensor:
    """Unit quaternions [..., 4] -> rotation matrices [..., 3, 3]."""
    return six_d_to_matrix(to_six_d(q))


def matrix_about_y(angle: Tensor) -> Tensor:
    """Matrices [..., 3, 3] of turns to the left about the vertical by angles [...] in radians: +z goes towards +x."""
    sin, cos, zero = angle.sin(), angle.cos(), torch.zeros_like(angle)
    rows = (cos, zero, sin, zero, zero + 1, zero, -sin, zero, cos)
    return torch.stack(rows, dim=-1).unflatten(-1, (3, 3))


def wrapped(angle: Tensor) -> Tensor:
    """Angles in radians, brought between -pi and pi."""
    return torch.atan2(angle.sin(), angle.cos())
