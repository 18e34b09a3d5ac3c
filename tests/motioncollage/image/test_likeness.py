"""Textures of a photograph's own pieces."""

import numpy as np
import pytest
import torch
from torch import Tensor

from eval.metrics.images import pair_energy
from motioncollage.image.canvas import Canvas, Side
from motioncollage.image.files import shrunk
from motioncollage.image.likeness import AROUND, WAVES, Known, Likeness, _enlarged, middle
from motioncollage.image.seams import texture_seams


def stones(height: int, width: int, *, seed: int = 0) -> Tensor:
    """A photo of flat round stones on dark ground, [3, height, width]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    photo = np.full((3, height, width), -0.8)
    for row in range(6, height, 13):
        for column in range(6, width, 13):
            colour = rng.uniform(-0.2, 0.9, 3)
            away = np.hypot(rows - row - rng.uniform(-2, 2), columns - column - rng.uniform(-2, 2))
            photo = np.where(away < rng.uniform(4, 6), colour[:, None, None], photo)
    return torch.from_numpy(photo).float()


PHOTO = stones(128, 136)


def test_enlarging_goes_round() -> None:
    coarse = torch.randn(3, 16, 24, generator=torch.Generator().manual_seed(0))
    small, finer = (Canvas(Side(16 * n, True), Side(24 * n, True)) for n in (1, 2))
    large = _enlarged(coarse.flatten(1), small, finer).unflatten(1, (32, 48))
    turned = _enlarged(coarse.roll((3, 5), (1, 2)).flatten(1), small, finer)
    assert torch.allclose(turned.unflatten(1, (32, 48)), large.roll((6, 10), (1, 2)), atol=1e-5)


def test_pieces_of_a_panorama_stay_as_high_as_they_are() -> None:
    rows = torch.arange(128)[:, None].expand(128, 160) / 64 - 1
    photo = (rows + 0.1 * torch.randn(3, 128, 160, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)
    for around in (True, False):
        made = Likeness(photo).make(128, 320, meets=(False, around))[0]
        assert float((made.mean(dim=(0, 2)) - photo.mean(dim=(0, 2))).abs().max()) < 0.12
        ends = float((made[..., 0] - made[..., -1]).square().mean())
        beside = float((made[..., 1:] - made[..., :-1]).square().mean())
        assert not around or ends < 2 * beside


@pytest.mark.parametrize(("height", "width"), [(128, 128), (96, 168), (64, 40)])
def test_textures_of_any_size_say_what_the_photo_says(height: int, width: int) -> None:
    seen_steps: list[tuple[int, int]] = []
    made = Likeness(PHOTO).make(
        height, width, seed=1, on_step=lambda done, total: seen_steps.append((done, total))
    )
    assert made.shape == (1, 3, height, width)
    assert [done for done, _ in seen_steps] == list(range(1, seen_steps[-1][1] + 1))
    # Every small piece of it, round its edges too, is nearly one of the photo's; those of noise are not.
    pieces = PHOTO.unfold(1, 6, 1).unfold(2, 6, 1).permute(1, 2, 0, 3, 4).flatten(0, 1).flatten(1)

    def strangeness(texture: Tensor) -> float:
        around = torch.nn.functional.pad(texture[None], (0, 5, 0, 5), mode="circular")[0]
        squares = around.unfold(1, 6, 3).unfold(2, 6, 3).permute(1, 2, 0, 3, 4).flatten(0, 1).flatten(1)
        return float(torch.cdist(squares, pieces).amin(dim=1).square().mean()) / squares.shape[1]

    noise = PHOTO.flatten(1)[:, torch.randperm(128 * 136)[: height * width]].reshape(3, height, width)
    assert strangeness(made[0]) < 0.12 * strangeness(noise)
    # And it has the photo's contrast: nothing was smoothed away.
    assert 0.8 < float(made.std() / PHOTO.std()) < 1.2


def test_its_edges_are_places_like_all_others() -> None:
    made = Likeness(PHOTO).make(128, 128, samples=4)
    for seam, rest in texture_seams(128, 128).values():
        found = pair_energy(made, *seam, *rest)
        assert abs(found.value - 1) < 3 * float(found.details["standard_error"])


def test_samples_do_not_depend_on_each_other() -> None:
    two = Likeness(PHOTO).make(64, 64, samples=2)
    assert torch.equal(two[:1], Likeness(PHOTO).make(64, 64))
    assert not torch.allclose(two[0], two[1], atol=0.05)
    assert not torch.equal(two[:1], Likeness(PHOTO).make(64, 64, seed=1))


def test_what_is_known_is_kept_and_its_borders_meet() -> None:
    photo, known = stones(140, 150)[:, 6:134, 7:143], middle(128, 136, 24)  # its edges cut stones through
    made = Likeness(photo).make(128, 136, known=known, samples=4)
    assert torch.equal(made[..., 24:-24, 24:-24], photo[:, 24:-24, 24:-24].expand(4, 3, 80, 88))
    assert float((made - photo)[..., ~known.where].abs().mean()) > 0.01
    for seam, rest in texture_seams(128, 136).values():
        before, after = (pair_energy(of, *seam, *rest) for of in (photo[None], made))
        assert before.value > after.value + 2 * float(after.details["standard_error"])
        assert after.value < 1 + 3 * float(after.details["standard_error"])


def test_a_sample_is_the_same_alone() -> None:
    both = Likeness(PHOTO).make(64, 64, samples=2)
    assert torch.equal(Likeness(PHOTO).make(64, 64, first=1), both[1:])


def test_a_picture_grows_from_what_is_kept_of_another() -> None:
    outside = torch.ones(96, 96, dtype=torch.bool)
    outside[24:-24, 24:-24] = False
    rim = Likeness(PHOTO).make(96, 96, seed=5)[0]
    made = Likeness(PHOTO).make(96, 96, known=Known(outside, rim))[0]
    assert torch.equal(made[:, outside], rim[:, outside])
    assert float((made - rim)[:, ~outside].abs().mean()) > 0.02  # it need not have been the same, but it fits
    steps = (made[:, :, 1:] - made[:, :, :-1]).abs().mean(dim=0)
    inside, across = steps[24:-24, 24:-24], steps[24:-24, [23, -24]]
    assert float(across.mean()) < 1.5 * float(inside.mean())


def test_it_is_light_where_the_photo_is() -> None:
    ahead = torch.cos((torch.arange(256) + 77) / 256 * 2 * torch.pi)
    photo = (0.6 * ahead + 0.1 * torch.randn(3, 128, 256, generator=torch.Generator().manual_seed(0))).clamp(
        -1, 1
    )
    made = Likeness(photo, AROUND).make(128, 256, meets=(False, True))[0]
    wave = torch.fft.rfft(made.mean(dim=(0, 1)))[1] / torch.fft.rfft(photo.mean(dim=(0, 1)))[1]
    assert WAVES > 1
    assert abs(float(wave.angle())) < 0.15
    assert 0.7 < float(wave.abs()) < 1.2


def test_small_photos_and_textures_are_refused() -> None:
    with pytest.raises(ValueError, match="the photo has 300 x 100 pixels; give one of at least 128"):
        Likeness(stones(100, 300))
    with pytest.raises(ValueError, match="width is 24 pixels; a picture like a photo has at least 32"):
        Likeness(PHOTO).make(64, 24)


@pytest.mark.parametrize("border", [0, 32, 40])
def test_a_border_leaves_a_middle(border: int) -> None:
    with pytest.raises(ValueError, match=f"--border is {border} pixels of 80 x 64"):
        middle(64, 80, border)


def test_photos_are_made_smaller_not_larger() -> None:
    assert shrunk(stones(64, 80), 128).shape == (3, 64, 80)
    assert shrunk(stones(64, 80), 32).shape == (3, 32, 40)
