"""Surfaces: their scenes, what they are half as large, and how they are written."""

from hypothesis import given
from hypothesis import strategies as st

from motioncollage.image.plans import PieceSettings
from motioncollage.image.surface import Cube, Sheet, Surface, Torus

PIECES = PieceSettings(64, 8)
SIDES = st.integers(1, 200).map(lambda units: 8 * units)
SURFACES = st.one_of(
    st.builds(Sheet, SIDES, SIDES, st.booleans(), st.sampled_from([32, 64])),
    st.builds(Torus, SIDES, SIDES, st.just("brick")),
    st.builds(Cube, SIDES),
)


@given(SURFACES)
def test_the_nearest_size_halves_down_to_a_scene(size: Surface) -> None:
    near, least = size.nearest(PIECES), size.least(PIECES)
    assert type(near) is type(size)
    assert near.nearest(PIECES) == near
    small = near
    while small.halves(PIECES) and max(small.sides) > PIECES.size:
        small = small.half()
    assert max(small.sides) <= PIECES.size or any(side < 2 * bound for side, bound in zip(small.sides, least))
    if all(side >= bound for side, bound in zip(size.sides, least)) and max(size.sides) > PIECES.size:
        assert max(near.sides[0] / size.sides[0], size.sides[0] / near.sides[0]) <= 2


def test_a_scene_is_cut_into_pieces_that_see_most_of_it() -> None:
    wide = Sheet(32, 256).scene_pieces(PIECES)
    assert (wide.size, wide.overlap) == (128, 64)
    assert Sheet(32, 64).scene_pieces(PIECES).size == 64
    assert Sheet(64, 64).scene_pieces(PIECES) == PIECES


def test_surfaces_are_covered_and_written_each_in_its_way() -> None:
    sheet, torus, cube = Sheet(64, 128, wrapped=True), Torus(64, 128, "brick"), Cube(64)
    assert [surface.plan(PIECES).graph.site_shape for surface in (sheet, torus, cube)] == [
        (64, 128),
        (64, 128),
        (6, 64, 64),
    ]
    assert [surface.laid_out for surface in (sheet, torus, cube)] == [(64, 128), (64, 128), (64, 384)]
    assert [surface.described(2) for surface in (sheet, torus, cube)] == [
        "256 x 128",
        "256 x 128",
        "faces of 128",
    ]
    assert [surface.goes_round for surface in (Sheet(64, 128), sheet, torus, cube)] == [
        False,
        True,
        True,
        True,
    ]


def test_an_odd_face_names_the_next_that_halves() -> None:
    assert Cube(200).nearest(PIECES) == Cube(208)
    assert Cube(256).nearest(PIECES) == Cube(256)
    assert Torus(128, 200, "hexagonal").nearest(PIECES) == Torus(128, 208, "hexagonal")
