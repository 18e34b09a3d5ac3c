"""Vectors, frames and quaternions against closed forms and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mdm_adapter.io import geometry

seeds = st.integers(0, 2**31 - 1)


def vectors(seed: int, count: int = 20) -> np.ndarray:
    return geometry.unit(np.random.default_rng(seed).normal(size=(count, 3)))


def assert_rotations(matrices: np.ndarray) -> None:
    identity = np.broadcast_to(np.eye(3), matrices.shape)
    np.testing.assert_allclose(matrices @ np.swapaxes(matrices, -1, -2), identity, atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(matrices), 1, atol=1e-9)


@given(seeds)
def test_the_shortest_arc_arrives_without_twist(seed: int) -> None:
    start, end = vectors(seed), vectors(seed + 1)
    matrices = geometry.shortest_arc(start, end)
    assert_rotations(matrices)
    np.testing.assert_allclose(geometry.turn(matrices, start), end, atol=1e-9)
    axis = Rotation.from_matrix(matrices).as_rotvec()
    np.testing.assert_allclose(geometry.dot(axis, start), 0, atol=1e-7)


@pytest.mark.parametrize("direction", [[0, 1, 0], [1, 0, 0], [0.6, 0, 0.8]])
def test_the_arc_to_the_opposite_is_a_half_turn(direction: list[float]) -> None:
    start = np.array(direction)
    matrix = geometry.shortest_arc(start, -start)
    assert_rotations(matrix)
    np.testing.assert_allclose(matrix @ start, -start, atol=1e-6)
    np.testing.assert_array_equal(geometry.shortest_arc(start, start), np.eye(3))


def test_frames_follow_their_first_vector_and_survive_parallel_ones() -> None:
    along, across = (
        np.array([[0, 2.0, 0], [0, 0, 3.0], [1.0, 0, 0]]),
        np.array([[1.0, 5, 0], [0, 0, 1.0], [0, 0, 0]]),
    )
    made = geometry.frames(along, across)
    assert_rotations(made)
    np.testing.assert_allclose(made[..., 1], geometry.unit(along), atol=1e-12)
    np.testing.assert_allclose(made[0], np.eye(3), atol=1e-12)


@given(seeds)
def test_the_best_rotation_is_the_one_that_was_applied(seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(3, 3))
    turns = Rotation.random(5, random_state=seed).as_matrix()
    found = geometry.best_rotation(points, np.einsum("fij,kj->fki", turns, points))
    np.testing.assert_allclose(found, turns, atol=1e-6)


def test_the_best_rotation_is_never_a_mirror() -> None:
    points = np.eye(3)
    assert_rotations(geometry.best_rotation(points, points[None] * [-1, 1, 1]))
    assert_rotations(geometry.best_rotation(points, np.zeros((1, 3, 3))))


def test_quaternions_keep_their_sign_through_a_whole_turn() -> None:
    angles = np.linspace(0, 4 * np.pi, 41)
    quaternions = geometry.to_quaternions(Rotation.from_rotvec(angles[:, None] * [0, 1, 0]).as_matrix())
    np.testing.assert_allclose(quaternions[:, 1], np.sin(angles / 2), atol=1e-9)
    np.testing.assert_allclose(quaternions[:, 3], np.cos(angles / 2), atol=1e-9)
    assert geometry.continuous(quaternions[:1]).shape == (1, 4)


def test_ramp_and_turns_about_an_axis() -> None:
    np.testing.assert_allclose(geometry.ramp([-1, 0, 0.5, 1, 2], 0, 1), [0, 0, 0.5, 1, 1])
    np.testing.assert_allclose(geometry.ramp([0, 1, 2], 2, 0), [1, 0.5, 0])
    quarter = geometry.about(np.array([0, 0, 1.0]), np.array([np.pi / 2]))
    np.testing.assert_allclose(quarter[0] @ [1, 0, 0], [0, 1, 0], atol=1e-12)
