"""Textures of a photograph's own pieces."""

import numpy as np
import pytest
import torch
from torch import Tensor

from eval.metrics.images import pair_energy
from motioncollage.image.likeness import Canvas, Likeness, Side, _enlarged, middle, nearest, seen, shrunk
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


def test_every_piece_has_its_turn() -> None:
    pieces = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 4.0]])
    # All are nearest to the first piece; the one that is least far from the third takes it instead.
    wanted = torch.tensor([[0.1, 0.0], [0.0, 0.1], [0.1, 0.9]])
    plain = torch.cdist(wanted, pieces).argmin(dim=1)
    assert plain.tolist() == [0, 0, 0]
    squared = torch.cdist(wanted, pieces).square()
    share = 0.01 * (pieces - pieces.mean(dim=0)).square().sum(dim=1).mean()
    expected = (squared / (squared.amin(dim=0) + share)).argmin(dim=1)
    assert nearest(wanted, pieces).tolist() == expected.tolist()
    assert 2 in expected.tolist()


def test_what_is_there_is_its_own_nearest() -> None:
    pieces = torch.randn(600, 12, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(600, generator=torch.Generator().manual_seed(1))
    assert torch.equal(nearest(pieces[order], pieces), order)


def test_pieces_are_compared_by_means_of_areas() -> None:
    square = torch.arange(16.0).repeat(16, 1).expand(1, 3, 16, 16).flatten(2)
    assert torch.allclose(seen(square, 16)[0, :8], torch.arange(0.5, 16, 2))
    small = torch.randn(2, 3, 64)
    assert torch.equal(seen(small, 8), small.flatten(1))


@pytest.mark.parametrize("meets", [True, False])
@pytest.mark.parametrize("length", [16, 21, 40])
def test_pieces_cover_a_side_and_every_pixel_has_one(meets: bool, length: int) -> None:
    side = Side(length, meets)
    for seed in range(6):
        starts = side.starts(8, np.random.default_rng(seed))
        covered = (starts[:, None] + torch.arange(8)).flatten()
        assert meets or (int(covered.min()), int(covered.max())) == (0, length - 1)
        assert len((covered % length).unique()) == length
        owner, within = side.owners(starts, 8)
        assert torch.equal((starts[owner] + within) % length, torch.arange(length))
        assert bool(((within >= 0) & (within < 8)).all())
        # In the middle half of a piece, but for what lies at an edge that meets nothing.
        edge = 0 if meets else 4
        assert bool(((within - 3.5).abs() <= 4)[edge : length - edge].all())


def test_squares_go_round() -> None:
    canvas = Canvas(Side(20, True), Side(26, True))
    corner = canvas.squares(torch.tensor([19]), torch.tensor([25]), 2)
    assert corner.tolist() == [[19 * 26 + 25, 19 * 26, 25, 0]]


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
    assert float((made - photo)[..., ~known].abs().mean()) > 0.01
    for seam, rest in texture_seams(128, 136).values():
        before, after = (pair_energy(of, *seam, *rest) for of in (photo[None], made))
        assert before.value > after.value + 2 * float(after.details["standard_error"])
        assert after.value < 1 + 3 * float(after.details["standard_error"])


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
