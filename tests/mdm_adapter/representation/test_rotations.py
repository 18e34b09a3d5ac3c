"""Quaternions and 6-D rotations against SciPy, which writes quaternions with w last."""

import math

import pytest
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor

from mdm_adapter.representation import rotations


def random_quaternions(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.nn.functional.normalize(
        torch.randn(*shape, 4, generator=generator, dtype=torch.float64), dim=-1
    )


def random_vectors(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def scipy_rotation(q: Tensor) -> Rotation:
    return Rotation.from_quat(q[:, [1, 2, 3, 0]].numpy())


def test_product_turns_by_the_right_factor_first() -> None:
    a, b, v = random_quaternions(20), random_quaternions(20, seed=2), random_vectors(20)
    expected = (scipy_rotation(a) * scipy_rotation(b)).apply(v.numpy())
    turned = rotations.rotate(rotations.multiply(a, b), v)
    torch.testing.assert_close(turned, torch.from_numpy(expected))
    torch.testing.assert_close(turned, rotations.rotate(a, rotations.rotate(b, v)))


def test_conjugate_undoes() -> None:
    q, v = random_quaternions(5, 3), random_vectors(5, 3)
    torch.testing.assert_close(rotations.rotate(rotations.conjugate(q), rotations.rotate(q, v)), v)
    identity = rotations.multiply(q, rotations.conjugate(q))
    torch.testing.assert_close(identity, torch.tensor([1.0, 0, 0, 0], dtype=torch.float64).expand(5, 3, 4))


def test_rotate_broadcasts_quaternions_over_joints_and_vectors_over_frames() -> None:
    q, v = random_quaternions(7, 1), random_vectors(7, 22)
    each = torch.stack([rotations.rotate(q[:, 0], v[:, joint]) for joint in range(22)], dim=1)
    torch.testing.assert_close(rotations.rotate(q, v), each)
    assert rotations.rotate(q, v[0, 0]).shape == (7, 1, 3)


def test_matrices_and_six_d_are_those_of_scipy() -> None:
    q = random_quaternions(30)
    expected = torch.from_numpy(scipy_rotation(q).as_matrix())
    torch.testing.assert_close(rotations.to_matrix(q), expected)
    six_d = rotations.to_six_d(q)
    torch.testing.assert_close(six_d[:, :3], expected[:, :, 0])
    torch.testing.assert_close(six_d[:, 3:], expected[:, :, 1])


def test_any_six_numbers_become_a_rotation() -> None:
    six_d = torch.randn(4, 5, 6, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    matrices = rotations.six_d_to_matrix(six_d)
    identity = torch.eye(3, dtype=torch.float64).expand(4, 5, 3, 3)
    torch.testing.assert_close(matrices @ matrices.mT, identity)
    torch.testing.assert_close(torch.linalg.det(matrices), torch.ones(4, 5, dtype=torch.float64))
    # The first column keeps its direction, the second stays in the plane of the two.
    torch.testing.assert_close(matrices[..., 0], torch.nn.functional.normalize(six_d[..., :3], dim=-1))
    torch.testing.assert_close(
        (matrices[..., 2] * six_d[..., 3:]).sum(-1).abs().max().item(), 0.0, atol=1e-12, rtol=0
    )


def test_between_takes_one_direction_to_the_other_by_the_shortest_way() -> None:
    a, b = random_vectors(50), random_vectors(50, seed=4)
    q = rotations.between(a, b)
    turned = torch.nn.functional.normalize(rotations.rotate(q, a), dim=-1)
    torch.testing.assert_close(turned, torch.nn.functional.normalize(b, dim=-1))
    angle = torch.nn.functional.cosine_similarity(a, b, dim=-1).arccos()
    torch.testing.assert_close(2 * q[:, 0].arccos(), angle)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_between_opposite_directions_is_a_half_turn_about_the_vertical(dtype: torch.dtype) -> None:
    forward = torch.tensor([0.0, 0.0, 1.0], dtype=dtype)
    q = rotations.between(-forward, forward)
    assert q.tolist() == [0.0, 0.0, 1.0, 0.0]
    assert torch.equal(rotations.between(forward, forward), torch.tensor([1.0, 0, 0, 0], dtype=dtype))


def test_about_y_takes_half_the_angle() -> None:
    q = rotations.about_y(torch.tensor([math.pi / 4], dtype=torch.float64))
    ahead = torch.tensor([[0.0, 0.0, 1.0]], dtype=torch.float64)
    torch.testing.assert_close(
        rotations.rotate(q, ahead), torch.tensor([[1.0, 0.0, 0.0]], dtype=torch.float64)
    )
