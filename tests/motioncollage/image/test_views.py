"""Views of real panoramas: where they look, and that nothing shows where faces or edges meet."""

import math

import pytest
import torch

from motioncollage.collage.layouts import cube_directions
from motioncollage.image.plans import looking_extent
from motioncollage.image.views import draw_view

HEIGHT = 256


def panorama() -> torch.Tensor:
    """The direction that every pixel shows, as a colour: x, y and z from -1 to 1 as 0 to 255."""
    longitude = ((torch.arange(2 * HEIGHT) + 0.5) / (2 * HEIGHT) * 2 - 1) * math.pi
    latitude = (0.5 - (torch.arange(HEIGHT) + 0.5) / HEIGHT)[:, None] * math.pi
    parts = (
        latitude.cos() * longitude.sin(),
        latitude.sin() + 0 * longitude,
        latitude.cos() * longitude.cos(),
    )
    return ((torch.stack(parts) + 1) * 127.5).round().to(torch.uint8)


@pytest.fixture(scope="module")
def views() -> list[tuple[torch.Tensor, tuple[float, float]]]:
    generator, whole = torch.Generator().manual_seed(0), panorama()
    return [draw_view(whole, 32, part, generator) for part in [1.0, 0.7, 0.4] * 60]


def test_colours_are_directions_without_an_edge(
    views: list[tuple[torch.Tensor, tuple[float, float]]],
) -> None:
    for view, _ in views:
        directions = view / 127.5 - 1
        assert torch.allclose(directions.norm(dim=0), torch.ones(32, 32), atol=0.03)
        # A pixel of a face spans at most 2 / 32, so that neighbours differ by little more.
        for axis in (1, 2):
            assert float(directions.diff(dim=axis).norm(dim=0).max()) < 0.09


def test_extents_are_those_of_what_is_seen(views: list[tuple[torch.Tensor, tuple[float, float]]]) -> None:
    for view, extent in views:
        seen = looking_extent((view / 127.5 - 1).permute(1, 2, 0))
        assert seen == pytest.approx(extent, abs=0.03)


def test_pieces_look_everywhere_and_never_stand_on_their_heads(
    views: list[tuple[torch.Tensor, tuple[float, float]]],
) -> None:
    heights = torch.tensor([float(view[1].mean() / 127.5 - 1) for view, _ in views])
    assert float(heights.min()) < -0.85
    assert float(heights.max()) > 0.85
    steps = torch.tensor([float((view[1, 0] - view[1, -1]).mean()) for view, _ in views])
    level = heights.abs() < 0.5
    assert bool((steps[level] > 0).all())
    assert len({round(float(view[0].mean())) for view, _ in views}) > 60


def test_views_are_as_the_faces_of_a_cube_show_them() -> None:
    """A view of a whole face of the ring round the horizon keeps straight lines, and its middle is as far as a cube's."""
    generator = torch.Generator().manual_seed(3)
    face = cube_directions(32)[1]
    unit = face / face.norm(dim=-1, keepdim=True)
    width = float((unit[16, 0] - unit[16, -1]).norm())
    found = []
    for _ in range(40):
        view, (top, bottom) = draw_view(panorama(), 32, 1.0, generator)
        if (top, bottom) == pytest.approx(looking_extent(unit.float()), abs=0.02):
            directions = (view / 127.5 - 1).permute(1, 2, 0)
            found.append(float((directions[16, 0] - directions[16, -1]).norm()))
    assert found
    assert min(found) > 0.9 * width
