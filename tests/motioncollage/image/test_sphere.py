"""Surroundings like a panorama: every direction where it belongs, and nothing shows where band, caps and faces meet."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from eval.metrics.images import pair_energy
from motioncollage.image.plans import PieceSettings, plan_cube
from motioncollage.image.seams import cube_seams
from motioncollage.image.sphere import BAND, JOIN, Cap, Sphere, cap_directions, sphere_like
from motioncollage.image.surround import face_directions
from motioncollage.image.views import looked_up

HEIGHT = 224
REACH = math.radians(48)


def directions(height: int) -> Tensor:
    """To the pixels of an equirectangular picture [height, 2 height, 3]."""
    longitude = ((torch.arange(2 * height) + 0.5) / height - 1) * math.pi
    latitude = (0.5 - (torch.arange(height)[:, None] + 0.5) / height) * math.pi
    parts = latitude.cos() * longitude.sin(), latitude.sin() + 0 * longitude, latitude.cos() * longitude.cos()
    return torch.stack(parts, dim=-1)


def meadow(height: int, *, seed: int = 0) -> Tensor:
    """A panorama whose colour says how high it looks, lighter ahead, with grain: [3, height, 2 height]."""
    rng = torch.Generator().manual_seed(seed)
    grain = functional.avg_pool2d(torch.randn(1, 3, height + 2, 2 * height + 2, generator=rng), 3, 1)[0]
    up, ahead = directions(height)[..., 1], directions(height)[..., 2]
    return (0.6 * up + 0.25 * ahead + 0.3 * grain).clamp(-1, 1)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_cap_shows_each_direction_where_it_lies(sign: float) -> None:
    lying = cap_directions(96, sign, REACH)
    assert torch.allclose(lying.norm(dim=-1), torch.ones(96, 96), atol=1e-5)
    cap = Cap(lying.permute(2, 0, 1), sign, REACH)
    within = lying[8:-8, 8:-8]
    assert torch.allclose(cap.seen(within).permute(1, 2, 0), within, atol=1e-4)
    edge = lying[48, -1]
    assert math.acos(float(edge[1]) * sign) == pytest.approx(REACH, abs=0.02)


def test_faces_show_directions_and_meet() -> None:
    """A surrounding whose colours are directions: across all edges, and where caps replace the band."""
    band = directions(256).permute(2, 0, 1)
    caps = tuple(Cap(cap_directions(160, sign, REACH).permute(2, 0, 1), sign, REACH) for sign in (1.0, -1.0))
    seen = Sphere(band, caps).faces(64).permute(0, 2, 3, 1)
    assert float((seen - face_directions(64)).abs().max()) < 0.01
    poles = Sphere(torch.zeros_like(band), caps).faces(64)[4:, :, 32, 32]
    assert torch.allclose(poles[:, 1], torch.tensor([1.0, -1.0]), atol=0.01)


@pytest.mark.slow
def test_it_is_like_its_panorama_and_seeds_differ() -> None:
    panorama = meadow(HEIGHT)
    told: list[tuple[int, int]] = []
    one = sphere_like(panorama, seed=1, on_step=lambda done, total: told.append((done, total)))
    two = sphere_like(panorama, seed=2)
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]
    assert not torch.allclose(one.faces(32), two.faces(32), atol=0.1)
    # As high as it was.
    rows = slice(round(HEIGHT * (0.5 - BAND / math.pi)), round(HEIGHT * (0.5 + BAND / math.pi)))
    means = [of[:, rows].mean(dim=(0, 2)) for of in (one.band, panorama)]
    assert float((means[0] - means[1]).abs().max()) < 0.12
    # A pole is as rough as the panorama is on its cap, in both directions: no streaks.
    for cap in one.caps:
        lying = cap_directions(cap.pixels.shape[-1], cap.sign, cap.reach)
        real, inside = looked_up(panorama, lying), (cap.sign * lying[..., 1]).asin() > JOIN + 0.1
        for axis in (1, 2):
            rough = [np.diff(of.numpy(), axis=axis) for of in (cap.pixels, real)]
            kept = inside[1:, :] if axis == 1 else inside[:, 1:]
            made, wanted = ((step[:, kept.numpy()] ** 2).mean() for step in rough)
            assert 0.5 < made / wanted < 2
    # Faces meet as those of the panorama do, whose pixels are finer towards the edges than in the middle of a face.
    made, real = (torch.stack([of.faces(HEIGHT // 2).movedim(1, 0)]) for of in (one, Sphere(panorama, ())))
    for seam, rest in cube_seams(plan_cube(HEIGHT // 2, PieceSettings(32, 8))).values():
        assert 0.8 < pair_energy(made, *seam, *rest).value / pair_energy(real, *seam, *rest).value < 1.25


def test_what_is_no_panorama_is_refused() -> None:
    with pytest.raises(ValueError, match="the panorama has 300 x 200 pixels; give one twice as wide as high"):
        sphere_like(torch.zeros(3, 200, 300))
    with pytest.raises(ValueError, match="the panorama has 200 x 100 pixels"):
        sphere_like(torch.zeros(3, 100, 200))
