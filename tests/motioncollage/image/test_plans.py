"""Covers of images: any sides, wraps, cubes, and conditions that know where they are."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from motioncollage.image.plans import (
    PieceSettings,
    along_chain,
    places,
    plan_cube,
    plan_image,
    slerp,
)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.sampled_from([8, 16, 24, 32]), st.floats(0, 1))
def test_pieces_cover_images_of_any_size(rows: int, columns: int, overlap: int, taper: float) -> None:
    plan = plan_image(rows * 8, columns * 8, PieceSettings(32 + overlap, overlap, taper))
    # The graph checks that every pixel counts once.
    assert plan.graph.site_shape == (rows * 8, columns * 8)
    for node in plan.graph.nodes:
        assert all(side % 8 == 0 and side <= 32 + overlap for side in node.region.shape)
    for place in plan.places(least=0.35):
        assert 0 <= place.extent[0] < place.extent[1] <= 1 + 1e-9
        assert 0 <= place.middle <= 1


@settings(max_examples=30, deadline=None)
@given(st.integers(8, 60), st.sampled_from([8, 16, 32]))
def test_panoramas_go_round(columns: int, overlap: int) -> None:
    plan = plan_image(64, columns * 8, PieceSettings(64, overlap), wrapped=True)
    assert plan.graph.site_shape == (64, columns * 8)
    reach = {
        (site % (columns * 8)) for site in plan.graph.nodes[plan.graph.factors - 1].region.sites.tolist()
    }
    assert {0, columns * 8 - 1} <= reach  # the last piece goes on at the left edge


@pytest.mark.parametrize(
    ("height", "width", "wrapped", "message"),
    [
        (60, 64, False, "height is 60; it must be a multiple of 8"),
        (64, 0, False, "width is 0; it must"),
        (64, 56, True, "width is 56; a panorama of pieces of 64 needs at least 64"),
        (1 << 14, 1 << 14, False, "are more than 64 million"),
    ],
)
def test_sizes_that_cannot_be(height: int, width: int, wrapped: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan_image(height, width, PieceSettings(), wrapped=wrapped)


def test_overlaps_that_cannot_be() -> None:
    for overlap in (0, 12, 64):
        with pytest.raises(ValueError, match=f"overlap is {overlap}; it must be a multiple of 8"):
            PieceSettings(64, overlap)


def test_nodes_know_where_they_lie() -> None:
    where = plan_image(128, 192, PieceSettings(64, 32)).places(least=0.35)
    assert where[0].middle == pytest.approx(32 / 192)
    assert min(place.extent[0] for place in where) == 0
    assert max(place.extent[1] for place in where) == pytest.approx(1)
    # Where the image is many pieces high, a piece is told no less than models have seen.
    tall = plan_image(1024, 64, PieceSettings(64, 32)).places(least=0.35)
    assert min(place.extent[1] - place.extent[0] for place in tall) == pytest.approx(0.35)
    assert max(place.extent[1] for place in tall) == pytest.approx(1)
    near = plan_image(512, 64, PieceSettings(64, 32)).places(least=0.01)
    assert max(place.extent[1] - place.extent[0] for place in near) == pytest.approx(1 / 8)


def test_pieces_of_cubes_are_told_as_they_are() -> None:
    image, cube = plan_image(512, 64, PieceSettings(64, 32)), plan_cube(64, PieceSettings(32, 16))
    assert places(cube, least=0.5) == cube.places() == places(cube, least=0.01)
    assert places(image, least=0.5) == image.places(least=0.5) != places(image, least=0.01)


def test_cubes_know_up_from_down() -> None:
    plan = plan_cube(64, PieceSettings(32, 16))
    where = plan.places()
    assert len(where) == len(plan.graph.nodes)
    assert all(0 <= place.extent[0] < place.extent[1] <= 1 for place in where)
    # The first ring starts with the left face: a quarter round from behind to ahead, its pieces above each other.
    assert where[0].extent[0] < 0.35 < where[0].extent[1]
    assert where[0].middle == pytest.approx(0.25, abs=0.13)
    for face in (60, 16, 4096):
        with pytest.raises(ValueError, match=f"face is {face}; it must be a multiple of 8"):
            plan_cube(face, PieceSettings(32, 16))


@settings(max_examples=25, deadline=None)
@given(face=st.integers(4, 12), overlap=st.integers(1, 3))
def test_cubes_of_any_face(face: int, overlap: int) -> None:
    plan = plan_cube(8 * face, PieceSettings(32, 8 * overlap))  # the graph checks that all sites count once
    assert plan.graph.site_shape == (6, 8 * face, 8 * face)
    assert {node.region.shape for node in plan.graph.nodes[: plan.graph.factors]} == {(32, 32)}


def test_slerp_keeps_lengths_and_angles() -> None:
    a, b = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 4.0, 0.0])
    middle = slerp(a, b, 0.5)
    assert float(middle.norm()) == pytest.approx(3)
    assert float(middle[0]) == pytest.approx(float(middle[1]))
    third = slerp(a, b, 1 / 3)
    assert math.degrees(math.atan2(float(third[1]), float(third[0]))) == pytest.approx(30, abs=1e-3)
    assert torch.equal(slerp(a, a, 0.3), a)
    assert torch.allclose(slerp(a, -a, 0.5), torch.zeros(3))


def test_vectors_along_a_chain() -> None:
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    line, ring = along_chain([a, b]), along_chain([a, b], wrapped=True)
    assert torch.allclose(line(0.0), a)
    assert torch.allclose(line(1.0), b)
    assert torch.allclose(ring(0.5), b)
    assert torch.allclose(ring(1.0), a)
    assert torch.equal(along_chain([a])(0.7), a)
    with pytest.raises(ValueError, match="no vectors"):
        along_chain([])
