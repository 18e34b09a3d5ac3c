"""Are wide images good, and do their seams show? Random square crops for FID+, and the energy of edges at seams."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from eval.judges.image_features import ImageFeatures
from eval.metrics.distribution import FID_SOURCE, fid
from eval.metrics.metric import Float64, Indices, Metric, ratio, to_float64

Axis = Literal["columns", "rows"]
Span = tuple[float, float]
Details = dict[str, float | int | str]

FID_PLUS_SOURCE = f"Zhang et al. 2023 (DiffCollage), section 5.1: {FID_SOURCE} on random square crops"
OWN_SOURCE = "motioncollage"
UNIT = "pixel^2"
PAIRS = 4  # of squares beside each other, of each image
FLOOR_DRAWS = 16  # random exchanges that the floor of the drift is the mean of


def square_crops(
    images: Any, size: int | None, count: int, rng: np.random.Generator, wrapped: bool = False
) -> Tensor:
    """Random squares of images, as FID+ wants them: every image is used once before one is used again.

    Args:
        images: [N, 3, H, W], tensor or array, of one size.
        size: side of a square in pixels; None is the full height H.
        count: squares; N gives one of each image, in random order, as the paper does.
        rng: draws images and places, all places equally likely.
        wrapped: whether a square may cross the right edge and go on at the left one.

    Returns:
        [count, 3, size, size], of the type of the images.

    Raises:
        ValueError: no images, images that are not [N, 3, H, W], a size that does not fit, or a count below 1.
    """
    pictures = torch.as_tensor(images)
    if count < 1:
        raise ValueError(f"count is {count}; ask for at least 1 crop")
    if pictures.ndim != 4 or not len(pictures):
        raise ValueError(f"images must be [N, 3, H, W] with N at least 1, they are {list(pictures.shape)}")
    rounds = -(-count // len(pictures))
    picks = np.concatenate([rng.permutation(len(pictures)) for _ in range(rounds)])[:count]
    return _crops_of(pictures, picks, size, rng, wrapped)


def fid_plus(real_features: Any, crop_features: Any, *, features: str = "") -> Metric:
    """FID of random square crops of wide images against real squares of the same size; lower is better.

    Biased upward for small sets like every FID: compare only at equal counts, and next to the value of real
    squares against other real squares.

    Args:
        real_features: [N, D] features of real squares, or `GaussianStatistics` measured before.
        crop_features: [M, D] features of `square_crops` of the wide images, or `GaussianStatistics`.
        features: name of the feature network, kept in the details: numbers of different ones do not compare.
    """
    plain = fid(real_features, crop_features)
    details: Details = {**plain.details}
    if features:
        details["features"] = features
    return Metric("fid_plus", plain.value, plain.unit, "lower", FID_PLUS_SOURCE, plain.count, details)


def seam_energy(
    images: Any, seams: Sequence[int], axis: Axis = "columns", wrapped: bool = False, band: int = 0
) -> Metric:
    """Energy of edges at seams over the energy everywhere else in the same images: `seam_ratio`.

    The energy at a place is the squared difference of the pixels on its two sides, summed over the channels
    and averaged over the other axis and the images. 1 is a seam that cannot be told from the rest, more shows
    an edge, less a blur, which averaging leaves. Real pictures are not the same everywhere (a horizon, a
    vignette): where seams lie at few places, rows above all, measure real pictures there too and aim at theirs.

    Args:
        images: [N, C, H, W], tensor or array, of any range: the ratio does not depend on it.
        seams: pixel numbers; seam s lies between s - 1 and s. Repeated ones count once.
        axis: "columns", seams are vertical lines between columns; "rows", horizontal lines between rows.
        wrapped: whether the last pixel is the neighbour of the first. That place is seam 0, and belongs to
            the rest if 0 is not among the seams.
        band: places on each side of a seam that count as part of it, for methods that blend.

    Returns:
        `seam_ratio`, with the two energies, the worst seam (its ratio, averaged over the images) and the
        standard error over images in the details. The error is left out for a single image or flat ones.

    Raises:
        ValueError: images of another shape or not finite, seams outside the image, none, or no place left
            that is not a seam.
    """
    if axis not in ("columns", "rows"):
        raise ValueError(f"axis {axis!r} is unknown; use 'columns' or 'rows'")
    if band < 0:
        raise ValueError(f"band is {band}; use 0 or more")
    shape = _shape(images, 4, "[N, C, H, W]")
    length = shape[3 if axis == "columns" else 2]
    # place s lies between pixels s - 1 and s; place 0 exists in wrapped images only
    places = np.arange(0 if wrapped else 1, length)
    at = np.array(sorted({int(s) for s in seams}), dtype=np.int64)
    outside = at[~np.isin(at, places)]
    if len(outside) or not len(at):
        hint = "; seam 0 needs wrapped=True" if 0 in outside else ""
        what = f"seams {outside.tolist()} are outside" if len(outside) else "there are no seams: name some in"
        raise ValueError(f"{what} {places[0] if len(places) else 1} ... {length - 1} of these {axis}{hint}")
    # offsets of every place from every seam; the distance goes round where the image does
    distance = np.abs(places[:, None] - at[None, :])
    if wrapped:
        distance = np.minimum(distance, length - distance)
    near = distance <= band
    rest = ~near.any(axis=1)
    if not rest.any():
        raise ValueError(
            f"seams and a band of {band} cover all {len(places)} places; use a smaller band to leave a rest"
        )
    profiles = np.stack([_profile(image, axis, wrapped) for image in images])
    at_rest = profiles[:, rest].mean(axis=1)
    each = np.stack([profiles[:, near[:, i]].mean(axis=1) for i in range(len(at))], axis=1)
    typical = float(at_rest.mean())
    own = [ratio(float(value), typical) for value in each.mean(axis=0)]
    details: Details = {
        "axis": axis,
        "seams": len(at),
        "band": band,
        "wrapped": int(wrapped),
        "worst_seam": int(at[int(np.argmax(own))]),
        "worst_ratio": max(own),
    }
    # all places of the seams, each once: the bands of two close seams share some
    return _contrast(profiles[:, ~rest].mean(axis=1), at_rest, len(profiles) * len(at), details)


def pair_energy(
    images: Any,
    first_pixels: Any,
    second_pixels: Any,
    interior_first: Any,
    interior_second: Any,
) -> Metric:
    """As `seam_energy`, of pairs of pixels named one by one: for seams that are no straight line of one array.

    For the twelve edges of a cube map, images are [N, 3, 6, S, S], the seam's pairs come from whoever knows how
    the faces meet, and `grid_pairs((6, S, S))` gives the pairs inside the faces.

    Args:
        images: [N, C, ...], tensor or array; the axes after the channels are counted as one, last one fastest.
        first_pixels: [K] pixel numbers on one side of the seam.
        second_pixels: [K] pixel numbers on the other side.
        interior_first: [M] pixel numbers of neighbours that no seam separates.
        interior_second: [M].

    Raises:
        ValueError: lists of different lengths or empty, numbers outside the image, values that are not finite.
    """
    shape = _shape(images, None, "[N, C, ...]")
    pixels = int(np.prod(shape[2:]))
    seam = _pixel_pairs(first_pixels, second_pixels, pixels, "seam")
    inside = _pixel_pairs(interior_first, interior_second, pixels, "interior")
    at_seam, at_rest = np.zeros(shape[0]), np.zeros(shape[0])
    for i, image in enumerate(images):
        flat = to_float64(image, f"image {i}").reshape(shape[1], pixels)
        at_seam[i], at_rest[i] = (
            np.square(flat[:, a] - flat[:, b]).sum(axis=0).mean() for a, b in (seam, inside)
        )
    details: Details = {"pairs": len(seam[0]), "interior_pairs": len(inside[0])}
    return _contrast(at_seam, at_rest, shape[0] * len(seam[0]), details)


def grid_pairs(shape: Sequence[int]) -> tuple[Indices, Indices]:
    """All pairs of horizontal and vertical neighbours in an array of pixels.

    Args:
        shape: (..., H, W); leading axes, such as the faces of a cube, are pictures of their own.

    Returns:
        [M] pixel numbers and [M] pixel numbers, for `pair_energy`.
    """
    if len(shape) < 2 or min(shape) < 1:
        raise ValueError(f"shape {tuple(shape)} is no picture; give (..., H, W)")
    numbers = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    before, after = (numbers[..., :-1], numbers[..., :-1, :]), (numbers[..., 1:], numbers[..., 1:, :])
    return np.concatenate([a.ravel() for a in before]), np.concatenate([b.ravel() for b in after])


def neighbours(
    images: Sequence[Tensor] | Tensor, features: ImageFeatures, rng: np.random.Generator
) -> Metric:
    """How unlike squares beside each other are, over how unlike squares of two images are: 0 the same, 1 strangers.

    A wide image is one place; pieces that know only what they share wander off to another. Real wide pictures say how
    alike neighbours are; lower than theirs is a picture that goes on and on.

    Args:
        images: [3, H, W] in -1..1 of one height H, two or more, each at least twice as wide as high.
        features: the network that looks at the squares, as high as the images.
        rng: draws places, PAIRS of each image.

    Returns:
        The ratio of the mean squared distances of features, with the standard error of the neighbours' part.

    Raises:
        ValueError: fewer than two images, or one that is too narrow.
    """
    if len(images) < 2:
        raise ValueError(f"{len(images)} images have no strangers; give two or more")
    left, right = [], []
    # Strangers are those next to each other, and images may lie by class.
    shuffled = [images[number] for number in rng.permutation(len(images))]
    for _ in range(PAIRS):
        for image in shuffled:
            height, width = image.shape[1:]
            if width < 2 * height:
                raise ValueError(
                    f"an image is {width} x {height}; give images at least twice as wide as high"
                )
            start = int(rng.integers(0, width - 2 * height + 1))
            left.append(image[..., start : start + height])
            right.append(image[..., start + height : start + 2 * height])
    a, b = (to_float64(features.embed(torch.stack(squares)), "features", 2) for squares in (left, right))
    beside = ((a - b) ** 2).sum(axis=1)
    of_others = np.roll(b.reshape(PAIRS, len(images), -1), 1, axis=1).reshape(b.shape)
    strangers = ((a - of_others) ** 2).sum(axis=1)
    each = beside.reshape(PAIRS, -1).mean(axis=0)
    details: Details = {
        "standard_error": float(each.std(ddof=1) / np.sqrt(len(each)) / strangers.mean()),
        "features": features.name,
        "pairs": PAIRS,
    }
    value = float(beside.mean() / strangers.mean())
    return Metric("neighbours", value, "1", "matching real", OWN_SOURCE, len(images), details)


def drift(
    images: Any,
    features: ImageFeatures,
    rng: np.random.Generator,
    *,
    size: int | None = None,
    first: Span = (0.0, 1 / 3),
    second: Span = (2 / 3, 1.0),
) -> Metric:
    """How the look changes along a wide image: FID between crops of its left and of its right third.

    Lower is better, but never 0: the details hold a `floor`, the same distance after left and right were
    exchanged in a random half of the images, which undoes any drift and keeps everything else. Methods that
    start in the middle drift both ways alike; for them compare the middle with an end.

    Args:
        images: [N, 3, H, W] in -1..1, N at least 2 and rather hundreds.
        features: the network that looks at the crops.
        rng: draws one crop of each image in each span, and the exchanges.
        size: side of a crop in pixels; None is the full height.
        first: start and end of the one span as shares of the width.
        second: of the other.

    Raises:
        ValueError: a span outside 0 ... 1 or too narrow for a crop.
    """
    pictures = torch.as_tensor(images)
    side = size or pictures.shape[-2]
    embedded: list[Float64] = []
    for start, end in (first, second):
        left, right = round(start * pictures.shape[-1]), round(end * pictures.shape[-1])
        if not 0 <= start < end <= 1 or right - left < side:
            raise ValueError(
                f"span {start:.2f} ... {end:.2f} of {pictures.shape[-1]} pixels holds no square of {side}; "
                "use a smaller size, wider images or a wider span"
            )
        crops = _crops_of(pictures[..., left:right], np.arange(len(pictures)), size, rng, False)
        embedded.append(to_float64(features.embed(crops), "features", 2))
    a, b = embedded
    floors = []
    for _ in range(FLOOR_DRAWS):
        exchange = (rng.permutation(len(a)) < len(a) // 2)[:, None]
        floors.append(fid(np.where(exchange, b, a), np.where(exchange, a, b)).value)
    plain = fid(a, b)
    details: Details = {"floor": float(np.mean(floors)), "features": features.name, "size": side}
    source = f"{OWN_SOURCE}: {FID_SOURCE} between two parts of the same images"
    return Metric("drift_fid", plain.value, plain.unit, "lower", source, len(a), details)


def _crops_of(
    pictures: Tensor, picks: Indices, size: int | None, rng: np.random.Generator, wrapped: bool
) -> Tensor:
    """One random square of each picked image [N, 3, H, W], in the order of the picks."""
    height, width = pictures.shape[-2:]
    side = height if size is None else size
    if not 1 <= side <= min(height, width):
        raise ValueError(
            f"a square of {side} does not fit into {height} x {width} pixels; use a smaller size"
        )
    tops = rng.integers(0, height - side + 1, len(picks))
    lefts = rng.integers(0, width if wrapped else width - side + 1, len(picks))
    columns = (torch.from_numpy(lefts)[:, None] + torch.arange(side)) % width
    return torch.stack(
        [
            pictures[int(n), :, top : top + side][..., across.to(pictures.device)]
            for n, top, across in zip(picks, tops.tolist(), columns)
        ]
    )


def _profile(image: Any, axis: Axis, wrapped: bool) -> Float64:
    """Mean squared difference across every place between two columns or rows of one image [C, H, W]."""
    pixels = to_float64(image, "images", 3)
    if axis == "rows":
        pixels = pixels.swapaxes(1, 2)
    # a copy of the last column in front makes place 0
    steps = np.diff(pixels, axis=2, prepend=pixels[..., -1:]) if wrapped else np.diff(pixels, axis=2)
    return np.asarray(np.square(steps).sum(axis=0).mean(axis=0))


def _contrast(at_seam: Float64, at_rest: Float64, count: int, details: Details) -> Metric:
    """`seam_ratio` of energies [N] of the images, with its standard error over them.

    A ratio of means, not a mean of ratios: an image that is nearly flat would drown all others.
    """
    typical = float(at_rest.mean())
    value = ratio(float(at_seam.mean()), typical)
    details = {
        **details,
        "seam_energy": float(at_seam.mean()),
        "rest_energy": typical,
        "energy_unit": UNIT,
        "images": len(at_seam),
    }
    if len(at_seam) > 1 and typical > 0 and np.isfinite(value):
        # first order in the fluctuations of both means, which belong to the same images
        residual = at_seam - value * at_rest
        details["standard_error"] = float(
            np.sqrt(np.square(residual).sum() / (len(residual) * (len(residual) - 1))) / typical
        )
    return Metric("seam_ratio", value, "1", "matching real", OWN_SOURCE, count, details)


def _shape(images: Any, ndim: int | None, wanted: str) -> tuple[int, ...]:
    """Shape of images without converting all of them at once, which would take eight bytes for each value."""
    shape = tuple(int(n) for n in np.shape(images))
    if len(shape) < 3 or (ndim is not None and len(shape) != ndim) or min(shape) < 1:
        raise ValueError(f"images must be {wanted} and not empty, they are {list(shape)}")
    return shape


def _pixel_pairs(first: Any, second: Any, pixels: int, what: str) -> tuple[Indices, Indices]:
    a, b = np.asarray(first), np.asarray(second)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ValueError(
            f"{what} pixels must be two lists of the same length, not empty; got {a.shape} and {b.shape}"
        )
    lowest, highest = min(a.min(), b.min()), max(a.max(), b.max())
    if lowest < 0 or highest >= pixels:
        raise ValueError(f"{what} pixels {lowest} ... {highest} reach outside 0 ... {pixels - 1}")
    return a.astype(np.int64), b.astype(np.int64)
