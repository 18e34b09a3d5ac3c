import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from eval.judges.image_features import OfflineFeatures
from eval.metrics.distribution import fid, gaussian_from_embeddings
from eval.metrics.images import (
    drift,
    fid_plus,
    grid_pairs,
    neighbours,
    pair_energy,
    seam_energy,
    square_crops,
)


def numbered(count: int, height: int, width: int) -> Tensor:
    """Images whose channels are the number of the image, the row and the column."""
    n, y, x = torch.meshgrid(*(torch.arange(k) for k in (count, height, width)), indexing="ij")
    return torch.stack([n, y, x], 1)


def cloudy(count: int, height: int, width: int, seed: int) -> Tensor:
    """Smooth random colours that go round in both directions: no place differs from another."""
    rng = np.random.default_rng(seed)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    falloff = np.maximum(radius, 1 / width) ** -1.5
    falloff[0, 0] = 0.0
    noise = np.fft.rfft2(rng.normal(size=(count, 3, height, width))) * falloff
    images = np.fft.irfft2(noise, (height, width))
    return torch.tensor(0.3 * images / images.std(), dtype=torch.float32).clamp(-1, 1)


class MeanColours:
    """Features that have no place in them: mean and mean square of each channel."""

    name, source, limits = "mean colours", "test", "sees colours only"

    def embed(self, pictures: Tensor) -> Tensor:
        pictures = pictures.double()
        return torch.cat([pictures.mean((2, 3)), pictures.square().mean((2, 3))], 1)


# crops


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 12),
    st.integers(1, 9),
    st.booleans(),
    st.integers(0, 99),
)
def test_crops_are_squares_of_the_images(n, height, width, count, wrapped, seed) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, min(height, width) + 1))
    crops = square_crops(numbered(n, height, width), size, count, rng, wrapped)
    assert crops.shape == (count, 3, size, size)
    for number, rows, columns in crops:
        assert (number == number[0, 0]).all()
        assert torch.equal(rows, rows[0, 0] + torch.arange(size)[:, None].expand(size, size))
        across = columns[0, 0] + torch.arange(size)
        assert torch.equal(columns, (across % width if wrapped else across).expand(size, size))
        assert 0 <= columns.min() <= columns.max() < width
        assert 0 <= rows.min() <= rows.max() < height
    # each image once before one comes again
    uses = np.bincount(crops[:, 0, 0, 0].numpy(), minlength=n)
    assert uses.max() - uses.min() <= 1


def test_crops_reach_every_place_alike() -> None:
    images = numbered(1, 4, 10)
    for wrapped, places in ((False, 7), (True, 10)):
        crops = square_crops(images, None, 7000, np.random.default_rng(0), wrapped)
        lefts = np.bincount(crops[:, 2, 0, 0].numpy())
        assert len(lefts) == places
        np.testing.assert_allclose(lefts, 7000 / places, atol=5 * (7000 / places) ** 0.5)


def test_crops_depend_on_the_generator_only() -> None:
    images = torch.rand(5, 3, 8, 30).numpy()
    first, again, other = (square_crops(images, None, 12, np.random.default_rng(s)) for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.dtype == torch.float32


@pytest.mark.parametrize(
    ("shape", "size", "count", "message"),
    [
        ((2, 3, 8, 6), None, 1, "a square of 8 does not fit into 8 x 6 pixels; use a smaller size"),
        ((2, 3, 8, 20), 9, 1, "a square of 9 does not fit into 8 x 20"),
        ((2, 3, 8, 20), 0, 1, "a square of 0"),
        ((3, 8, 20), None, 1, r"must be \[N, 3, H, W\]"),
        ((0, 3, 8, 20), None, 1, "N at least 1"),
        ((2, 3, 8, 20), None, 0, "at least 1 crop"),
    ],
)
def test_crops_that_cannot_be_are_refused(shape, size, count, message) -> None:
    with pytest.raises(ValueError, match=message):
        square_crops(torch.zeros(shape), size, count, np.random.default_rng(0))


# FID+


def test_fid_plus_is_the_fid_under_the_papers_name() -> None:
    rng = np.random.default_rng(0)
    real, crops = rng.normal(size=(60, 5)), rng.normal(0.5, 1.2, size=(50, 5))
    metric = fid_plus(real, crops, features="offline64")
    assert metric.name == "fid_plus"
    assert metric.value == fid(real, crops).value == fid_plus(gaussian_from_embeddings(real), crops).value
    assert metric.count == 50
    assert metric.details == {"real_count": 60, "generated_count": 50, "features": "offline64"}
    assert "DiffCollage" in metric.source
    assert metric.direction == "lower"
    shuffled = fid_plus(real[rng.permutation(60)], crops[rng.permutation(50)])
    assert shuffled.value == pytest.approx(metric.value, rel=1e-9)


def test_colours_cannot_tell_tilings_from_their_squares_but_seams_can() -> None:
    """A crop of one square repeated is that square rolled: the same colours, and an edge in the middle."""
    squares = cloudy(150, 24, 48, 0)[..., :24]  # half of something that goes round: does not go round itself
    tilings = squares.repeat(1, 1, 1, 6)
    crops = square_crops(tilings, None, len(tilings), np.random.default_rng(1))
    look = MeanColours()
    assert fid_plus(look.embed(squares), look.embed(crops)).value < 1e-9
    seams = seam_energy(tilings, range(24, 144, 24))
    assert seams.value > 3
    assert seams.value - 1 > 10 * seams.details["standard_error"]


def test_offline_features_see_the_boundaries_of_a_naive_collage() -> None:
    wide = cloudy(360, 24, 144, 0)
    real = square_crops(wide, None, 360, np.random.default_rng(0))
    other, fitted = real[120:240], OfflineFeatures.fit(real[240:], components=24)
    naive = torch.cat([real[:120].roll(i, 0) for i in range(6)], -1)
    crops = square_crops(naive, None, 120, np.random.default_rng(2))
    a, b, c = (fitted.embed(x) for x in (other, real[:120], crops))
    assert fid_plus(a, c).value > 3 * fid_plus(a, b).value


# seams


def test_white_noise_has_no_seam() -> None:
    noise = torch.randn(60, 3, 16, 64, generator=torch.Generator().manual_seed(0))
    for axis, seams in (("columns", [16, 32, 48]), ("rows", [8])):
        metric = seam_energy(noise, seams, axis)
        assert abs(metric.value - 1) < 4 * metric.details["standard_error"]
        assert 0 < metric.details["standard_error"] < 0.05
        assert metric.details["rest_energy"] == pytest.approx(3 * 2.0, rel=0.02)
        assert metric.count == 60 * len(seams)
        assert metric.direction == "matching real"


def test_the_standard_error_is_that_of_repeating_the_measurement() -> None:
    generator = torch.Generator().manual_seed(1)
    metrics = [seam_energy(torch.randn(12, 1, 6, 20, generator=generator) * 1.5, [10]) for _ in range(300)]
    errors = [m.details["standard_error"] for m in metrics]
    assert np.mean(errors) == pytest.approx(np.std([m.value for m in metrics]), rel=0.15)


def test_a_step_on_a_ramp_is_the_closed_form() -> None:
    slope, step = 0.01, 0.05
    ramp = slope * torch.arange(40.0, dtype=torch.float64).expand(2, 3, 8, 40).clone()
    ramp[..., 20:] += step
    metric = seam_energy(ramp, [20])
    assert metric.value == pytest.approx(((slope + step) / slope) ** 2)
    assert metric.details["seam_energy"] == pytest.approx(3 * (slope + step) ** 2)
    assert metric.details["rest_energy"] == pytest.approx(3 * slope**2)
    assert seam_energy(ramp.mT, [20], "rows").value == pytest.approx(metric.value)
    # a band of 2 places on each side dilutes the step among five
    wider = seam_energy(ramp, [20], band=2)
    assert wider.details["seam_energy"] == pytest.approx(3 * ((slope + step) ** 2 + 4 * slope**2) / 5)
    # two seams, one of them harmless
    both = seam_energy(ramp, [10, 20, 20])
    assert both.details["seams"] == 2
    assert both.details["worst_seam"] == 20
    assert both.details["worst_ratio"] == pytest.approx(36)
    assert both.value == pytest.approx(37 / 2)


def test_a_step_in_noise_is_the_closed_form() -> None:
    sigma, step = 0.2, 0.5
    noise = sigma * torch.randn(200, 3, 16, 32, generator=torch.Generator().manual_seed(2))
    noise[..., 16:] += step
    metric = seam_energy(noise, [16])
    expected = 1 + step**2 / (2 * sigma**2)
    assert abs(metric.value - expected) < 4 * metric.details["standard_error"]
    assert metric.value == pytest.approx(expected, rel=0.03)


def test_averaging_leaves_less_energy_than_the_rest() -> None:
    noise = torch.randn(60, 3, 16, 32, generator=torch.Generator().manual_seed(3))
    noise[..., 14:18] = noise[..., 14:18].mean(-1, keepdim=True)
    assert seam_energy(noise, [16], band=1).value < 0.1


def test_the_seam_of_the_wrap() -> None:
    x = torch.arange(64.0) / 64
    wave = torch.sin(2 * torch.pi * (x[None, :] + torch.rand(30, 1))).expand(3, 8, 30, 64).permute(2, 0, 1, 3)
    # the same energy everywhere on average over random phases
    assert seam_energy(wave, [0], wrapped=True).value == pytest.approx(1.0, abs=0.3)
    ramp = x.expand(2, 3, 8, 64)
    assert seam_energy(ramp, [0], wrapped=True).value == pytest.approx(63.0**2)
    assert seam_energy(ramp.mT, [0], "rows", wrapped=True).value == pytest.approx(63.0**2)
    # not among the seams it belongs to the rest
    inner = seam_energy(ramp, [32], wrapped=True)
    assert inner.value == pytest.approx(1 / ((62 + 63**2) / 63))
    # a band goes round: places 63, 0 and 1
    near = seam_energy(ramp, [0], wrapped=True, band=1)
    assert near.value == pytest.approx((63.0**2 + 2) / 3)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 99), st.integers(0, 11), st.floats(0.1, 100), st.floats(-50, 50), st.integers(0, 2))
def test_what_does_not_change_the_ratio(seed, shift, factor, offset, band) -> None:
    rng = np.random.default_rng(seed)
    images = rng.normal(size=(4, 2, 5, 12))
    value = seam_energy(images, [0, 6], wrapped=True, band=band).value
    same = pytest.approx(value, rel=1e-6)
    assert seam_energy(images * factor + offset, [0, 6], wrapped=True, band=band).value == same
    assert seam_energy(images[rng.permutation(4)], [6, 0], wrapped=True, band=band).value == same
    assert seam_energy(images.swapaxes(2, 3), [0, 6], "rows", wrapped=True, band=band).value == same
    rolled = np.roll(images, shift, axis=3)
    seams = [shift % 12, (shift + 6) % 12]
    assert seam_energy(rolled, seams, wrapped=True, band=band).value == same
    assert seam_energy(torch.from_numpy(images), [0, 6], wrapped=True, band=band).value == same


def test_flat_images_have_no_seam_and_a_seam_in_flat_images_is_infinite() -> None:
    flat = torch.zeros(2, 3, 4, 8)
    assert seam_energy(flat, [4]).value == 1.0
    flat[..., 4:] = 1.0
    metric = seam_energy(flat, [4])
    assert metric.value == float("inf")
    assert "standard_error" not in metric.details
    assert "standard_error" not in seam_energy(torch.rand(1, 3, 4, 8), [4]).details


@pytest.mark.parametrize(
    ("seams", "options", "message"),
    [
        ([8], {}, r"seams \[8\] are outside 1 \.\.\. 7 of these columns"),
        ([0], {}, "seam 0 needs wrapped=True"),
        ([-1], {"wrapped": True}, r"seams \[-1\] are outside 0 \.\.\. 7"),
        ([4], {"axis": "rows"}, r"outside 1 \.\.\. 3 of these rows"),
        ([], {}, "there are no seams"),
        ([4], {"band": 7}, "cover all 7 places; use a smaller band"),
        ([4], {"band": -1}, "band is -1; use 0 or more"),
        ([4], {"axis": "diagonals"}, "'diagonals' is unknown; use 'columns' or 'rows'"),
    ],
)
def test_seams_that_cannot_be_are_refused(seams, options, message) -> None:
    with pytest.raises(ValueError, match=message):
        seam_energy(torch.zeros(2, 3, 4, 8), seams, **options)


def test_images_that_cannot_be_measured_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \[N, C, H, W\] and not empty, they are \[3, 4, 8\]"):
        seam_energy(torch.zeros(3, 4, 8), [4])
    with pytest.raises(ValueError, match="not empty"):
        seam_energy(torch.zeros(0, 3, 4, 8), [4])
    with pytest.raises(ValueError, match="NaN"):
        seam_energy(torch.full((1, 3, 4, 8), torch.nan), [4])


# seams given as pairs of pixels


def test_pairs_of_a_straight_seam_give_the_same_ratio() -> None:
    images = np.random.default_rng(0).normal(size=(5, 3, 6, 10))
    numbers = np.arange(60).reshape(6, 10)
    rest = [s for s in range(1, 10) if s != 4]
    pairs = pair_energy(
        images,
        numbers[:, 3],
        numbers[:, 4],
        np.concatenate([numbers[:, s - 1] for s in rest]),
        np.concatenate([numbers[:, s] for s in rest]),
    )
    straight = seam_energy(images, [4])
    assert pairs.value == pytest.approx(straight.value)
    assert pairs.details["standard_error"] == pytest.approx(straight.details["standard_error"])
    assert pairs.details["interior_pairs"] == 48
    assert pairs.count == 5 * 6


def test_grid_pairs_are_all_neighbours_inside_each_face() -> None:
    first, second = grid_pairs((6, 4, 4))
    assert len(first) == len(second) == 6 * 2 * 12
    a, b = (np.stack(np.unravel_index(x, (6, 4, 4)), 1) for x in (first, second))
    steps = b - a
    assert (steps[:, 0] == 0).all()  # never from one face to another
    assert (steps[:, 1:].sum(1) == 1).all()
    assert (steps >= 0).all()
    assert len({*zip(first.tolist(), second.tolist())}) == len(first)
    with pytest.raises(ValueError, match="is no picture"):
        grid_pairs((4,))


def test_the_faces_of_a_cube() -> None:
    """Two faces side by side, joined once where they fit and once where they do not."""
    side = 8
    wide = torch.arange(16.0).expand(3, 3, side, 16)
    faces = torch.stack([wide[..., :side], wide[..., side:]], 2)
    numbers = np.arange(2 * side * side).reshape(2, side, side)
    inside = grid_pairs((2, side, side))
    # half of the pairs inside lie along the ramp, half across it
    fits = pair_energy(faces, numbers[0, :, -1], numbers[1, :, 0], *inside)
    assert fits.value == pytest.approx(2.0)
    wrong = pair_energy(faces, numbers[0, :, 0], numbers[1, :, -1], *inside)
    assert wrong.value == pytest.approx(2 * 15.0**2)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ([0, 1], [2], "two lists of the same length"),
        ([], [], "not empty"),
        ([0], [32], r"seam pixels 0 \.\.\. 32 reach outside 0 \.\.\. 31"),
        ([-1], [2], "reach outside"),
    ],
)
def test_pairs_that_cannot_be_are_refused(first, second, message) -> None:
    with pytest.raises(ValueError, match=message):
        pair_energy(torch.zeros(1, 3, 4, 8), first, second, *grid_pairs((4, 8)))


# neighbours


def test_neighbours_of_one_colour_are_the_same_and_of_tiles_strangers() -> None:
    rng = np.random.default_rng(0)
    look = MeanColours()
    plain = torch.rand(60, 3, 1, 1, generator=torch.Generator().manual_seed(0)).expand(60, 3, 8, 32)
    assert neighbours(plain, look, rng).value == 0
    # Two colours that know nothing of each other: squares that hold one each are as unlike as those of two images.
    halves = torch.cat([plain[..., :16], plain.roll(7, 0)[..., :16]], dim=3)
    apart = neighbours(halves[..., 8:24], look, rng)
    assert apart.value == pytest.approx(1.0, abs=0.25)
    assert 0 < apart.details["standard_error"] < 0.2
    # Half as much of it: the square of a half.
    mixed = torch.cat([plain[..., :16], (plain + plain.roll(7, 0))[..., :16] / 2], dim=3)
    assert 0.1 < neighbours(mixed[..., 8:24], look, rng).value < 0.5


def test_neighbours_take_images_of_many_widths_in_any_order() -> None:
    look = MeanColours()
    wide = [torch.rand(3, 8, 16 + 4 * k, generator=torch.Generator().manual_seed(k)) for k in range(9)]
    found = neighbours(wide, look, np.random.default_rng(1))
    assert found.value == neighbours(wide, look, np.random.default_rng(1)).value
    assert found.count == 9


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(1, 3, 8, 16), "1 images have no strangers"),
        (torch.zeros(2, 3, 8, 15), "15 x 8; give images at least twice as wide"),
    ],
)
def test_neighbours_need_two_wide_images(images: Tensor, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        neighbours(images, MeanColours(), np.random.default_rng(0))


# drift


def test_drift_stands_out_from_its_floor_and_none_does_not() -> None:
    wide = cloudy(200, 16, 96, 4)
    look = MeanColours()
    steady = drift(wide, look, np.random.default_rng(0))
    assert steady.value < 3 * steady.details["floor"]
    fading = wide * torch.linspace(1.0, 0.3, 96)
    moved = drift(fading, look, np.random.default_rng(0))
    assert moved.value > 10 * moved.details["floor"]
    assert moved.name == "drift_fid"
    assert moved.details["features"] == "mean colours"
    assert moved.details["size"] == 16
    assert moved.value == drift(fading, look, np.random.default_rng(0)).value


def test_drift_from_the_middle_needs_the_middle() -> None:
    wide = cloudy(200, 16, 96, 5)
    look = MeanColours()
    both_ends = torch.where((torch.arange(96) - 48).abs() > 16, 0.4 * wide, wide)
    ends = drift(both_ends, look, np.random.default_rng(0))
    middle = drift(both_ends, look, np.random.default_rng(0), first=(1 / 3, 2 / 3))
    assert middle.value > 5 * ends.value


def test_spans_that_hold_no_square_are_refused() -> None:
    wide = torch.zeros(4, 3, 16, 40)
    with pytest.raises(ValueError, match=r"span 0\.00 \.\.\. 0\.33 of 40 pixels holds no square of 16"):
        drift(wide, MeanColours(), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"span 0\.50 \.\.\. 1\.50"):
        drift(wide, MeanColours(), np.random.default_rng(0), size=8, second=(0.5, 1.5))
