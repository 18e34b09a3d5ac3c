"""The body around a rig: closed, turned outside out, carried by its joints, and standing on the ground."""

import numpy as np
import pytest
from bodies import T_POSE, stroll

from mdm_adapter.io.mannequin import MATERIALS, Surface, mannequin
from mdm_adapter.io.rig import fit_rig

RIG = fit_rig(T_POSE[None])


@pytest.fixture(scope="module")
def surfaces() -> list[Surface]:
    return mannequin(RIG)


def test_a_surface_for_each_material(surfaces: list[Surface]) -> None:
    assert len(surfaces) == len(MATERIALS)
    assert sum(len(surface.points) for surface in surfaces) < 12_000


def test_surfaces_are_sound(surfaces: list[Surface]) -> None:
    for surface in surfaces:
        count = len(surface.points)
        assert surface.points.dtype == surface.normals.dtype == np.float32
        assert np.isfinite(surface.points).all()
        np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1, atol=1e-5)
        assert surface.triangles.min() == 0
        assert surface.triangles.max() == count - 1
        assert len(np.unique(surface.triangles)) == count
        corners = surface.points[surface.triangles].astype(np.float64)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert np.linalg.norm(across, axis=1).min() > 0
        # The triangles look where the normals look: outwards.
        agree = (across * surface.normals[surface.triangles].mean(axis=1)).sum(axis=1)
        assert (agree > 0).mean() > 0.999


def test_closed_parts_hold_a_volume(surfaces: list[Surface]) -> None:
    """Outward triangles of closed parts span a positive volume: that of limbs of a person, in litres."""
    for surface, least, most in zip(surfaces[:3], (20, 8, 8), (90, 30, 30)):
        a, b, c = np.moveaxis(surface.points[surface.triangles].astype(np.float64), 1, 0)
        assert least < 1000 * (np.cross(a, b) * c).sum() / 6 < most


def test_every_point_is_carried_whole(surfaces: list[Surface]) -> None:
    for surface in surfaces:
        np.testing.assert_array_equal(surface.weights.astype(int).sum(axis=1), 255)
        assert surface.joints.max() < 22
        assert (surface.joints[surface.weights == 0] == 0).all()


def test_left_is_carried_by_the_left(surfaces: list[Surface]) -> None:
    for surface, side, joints in (
        (surfaces[1], 1, {1, 4, 7, 10, 16, 18, 20}),
        (surfaces[2], -1, {2, 5, 8, 11, 17, 19, 21}),
    ):
        assert (side * surface.points[:, 0]).mean() > 0.1
        assert set(surface.joints[surface.weights > 0].tolist()) == joints


def test_the_body_is_as_large_as_a_person_and_stands(surfaces: list[Surface]) -> None:
    points = np.concatenate([surface.points for surface in surfaces])
    assert -0.012 < points[:, 1].min() < 0.01
    assert 1.65 < points[:, 1].max() < 1.85
    np.testing.assert_allclose(points[:, 0].max(), -points[:, 0].min(), atol=1e-6)
    face = surfaces[3].points
    assert face[:, 2].min() > T_POSE[15, 2]  # in front of the head


def test_taller_bodies_are_larger_throughout() -> None:
    large = mannequin(fit_rig(1.1 * stroll()))
    small = mannequin(fit_rig(stroll()))
    for one, other in zip(large, small):
        np.testing.assert_allclose(np.ptp(one.points, axis=0), 1.1 * np.ptp(other.points, axis=0), rtol=0.02)
