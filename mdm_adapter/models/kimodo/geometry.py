"""Rotations as matrices, 6-D columns and axis times angle, batched over any leading shape."""

import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from mdm_adapter.representation.rotations import matrix_about_y as about_y
from mdm_adapter.representation.rotations import six_d_to_matrix, wrapped

__all__ = [
    "about_y",
    "axis_angle_to_matrix",
    "matrix_to_axis_angle",
    "matrix_to_six_d",
    "six_d_to_matrix",
    "wrapped",
]


def matrix_to_six_d(matrix: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] -> their first two columns, one after the other [..., 6]."""
    return matrix[..., :2].transpose(-1, -2).flatten(-2)


def axis_angle_to_matrix(vectors: Tensor) -> Tensor:
    """Axis times angle in radians [..., 3] -> rotation matrices [..., 3, 3] (Rodrigues)."""
    matrices = Rotation.from_rotvec(vectors.detach().cpu().double().reshape(-1, 3).numpy()).as_matrix()
    return torch.from_numpy(matrices).to(vectors).reshape(*vectors.shape[:-1], 3, 3)


def matrix_to_axis_angle(matrix: Tensor) -> Tensor:
    """Rotation matrices [..., 3, 3] -> axis times angle in radians [..., 3], the angle at most half a turn."""
    vectors = Rotation.from_matrix(matrix.detach().cpu().double().reshape(-1, 3, 3).numpy()).as_rotvec()
    return torch.from_numpy(vectors).to(matrix).reshape(*matrix.shape[:-2], 3)
