"""Rotations: each form comes back from every other, and a turn to the left takes +z towards +x."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from mdm_adapter.models.kimodo.geometry import (
    about_y,
    axis_angle_to_matrix,
    matrix_to_axis_angle,
    matrix_to_six_d,
    six_d_to_matrix,
    wrapped,
)

numbers = st.floats(-3.0, 3.0)


@given(numbers, numbers, numbers)
def test_forms_come_back(x: float, y: float, z: float) -> None:
    vector = torch.tensor([x, y, z], dtype=torch.float64)
    matrix = axis_angle_to_matrix(vector)
    assert torch.allclose(matrix @ matrix.T, torch.eye(3, dtype=torch.float64), atol=1e-12)
    assert torch.allclose(six_d_to_matrix(matrix_to_six_d(matrix)), matrix, atol=1e-12)
    assert torch.allclose(axis_angle_to_matrix(matrix_to_axis_angle(matrix)), matrix, atol=1e-9)
    if vector.norm() < math.pi - 1e-3:
        assert torch.allclose(matrix_to_axis_angle(matrix), vector, atol=1e-9)


def test_a_quarter_turn_to_the_left() -> None:
    quarter = about_y(torch.tensor(math.pi / 2, dtype=torch.float64))
    ahead, left = torch.tensor([0.0, 0.0, 1.0]).double(), torch.tensor([1.0, 0.0, 0.0]).double()
    assert torch.allclose(quarter @ ahead, left, atol=1e-12)
    about = axis_angle_to_matrix(torch.tensor([0.0, math.pi / 2, 0.0], dtype=torch.float64))
    assert torch.allclose(quarter, about, atol=1e-12)
    # Two columns, one after the other.
    assert torch.allclose(matrix_to_six_d(quarter), torch.tensor([0.0, 0, -1, 0, 1, 0]).double(), atol=1e-12)


@given(st.floats(-50, 50))
def test_angles_are_wrapped(angle: float) -> None:
    found = float(wrapped(torch.tensor(angle, dtype=torch.float64)))
    assert -math.pi - 1e-9 <= found <= math.pi + 1e-9
    assert abs(math.remainder(found - angle, 2 * math.pi)) < 1e-9
