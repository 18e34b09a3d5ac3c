"""What judges pictures: the standard Inception network, or a fixed map of features that needs no download."""

import hashlib
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from eval.metrics.metric import Float64
from motioncollage.wording import reason

OFFLINE_HINT = "or use --features offline"
# the same file under the names that its two publishers give it, and the start of its SHA-256
INCEPTION_FILES = ("weights-inception-2015-12-05-6726825d.pth", "pt_inception-2015-12-05-6726825d.pth")
INCEPTION_SHA256 = "6726825d"
INCEPTION_WIDTH = 2048
# red, green, blue -> lightness, red against green, yellow against blue: uncorrelated in most photographs
OPPONENT = ((1 / 3, 1 / 3, 1 / 3), (0.5, -0.5, 0.0), (0.25, 0.25, -0.5))
SCALES = 4  # each half as fine as the one before
SMALLEST_SIDE = 3 * 2 ** (SCALES - 1)  # the coarsest scale has 3 pixels, so 2 differences
GRID = 4  # cells on a side for the layout
RANDOM_LAYERS = ((3, 32, 5), (32, 64, 3), (64, 64, 3))  # channels in, channels out, side of the filter
ENERGY_FLOOR = (
    1e-6  # below what 8 bits can hold, (2 / 255)^2 = 6e-5; keeps the logarithm of flat areas finite
)
MOST_COMPONENTS = 128


@runtime_checkable
class ImageFeatures(Protocol):
    """Turns pictures into points of a space where distances mean something."""

    @property
    def name(self) -> str:
        """Short name for result files: numbers of different names do not compare."""
        ...

    @property
    def source(self) -> str:
        """Whose features these are."""
        ...

    @property
    def limits(self) -> str:
        """What a reader of the numbers must know."""
        ...

    def embed(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, H, W] in -1..1 -> features [N, D], in the order of the input."""
        ...


class InceptionFeatures:
    """The 2048 features of the FID of the literature, computed by `torch-fidelity` as TensorFlow did.

    Args:
        weights: file of the weights; None looks for it where PyTorch keeps downloads. Nothing is downloaded.
        device: where the network runs.
        batch: pictures at a time.

    Raises:
        FileNotFoundError: the weights are not there; the message says where they belong.
        ImportError: `torch-fidelity` is not installed or does not start.
        ValueError: the file holds something else.
    """

    name = "inception"

    def __init__(
        self, weights: str | Path | None = None, *, device: str | torch.device = "cpu", batch: int = 32
    ) -> None:
        path = find_inception_weights(weights)
        self._device, self._batch = torch.device(device), batch
        self._network = _inception(path).to(self._device)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self._published = digest.startswith(INCEPTION_SHA256)
        self._digest = digest[:8]

    @property
    def source(self) -> str:
        network = "Heusel et al. 2017, Inception of 2015-12-05 through torch-fidelity"
        return network if self._published else f"{network}, but other weights (SHA-256 {self._digest}...)"

    @property
    def limits(self) -> str:
        common = "published FIDs rest on 50,000 pictures, fewer make it larger; up to 2048 leave it singular"
        if self._published:
            return common
        return f"these are not the published weights: not comparable with published FIDs; {common}"

    def embed(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, H, W] in -1..1 -> [N, 2048] float32 on the CPU; rounded to 8 bits, as files are."""
        levels = ((_checked(pictures, 1) + 1) * 127.5).round().to(torch.uint8)
        with torch.inference_mode():
            rows = [self._network(part.to(self._device))[0] for part in levels.split(self._batch)]
            return torch.cat(rows).float().cpu()


def find_inception_weights(weights: str | Path | None = None) -> Path:
    """The file of the Inception weights, given or from the folder where PyTorch keeps downloads.

    Raises:
        FileNotFoundError: it is not there.
    """
    if weights is not None:
        path = Path(weights)
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: no such file; give {INCEPTION_FILES[0]} of torch-fidelity's release v0.2.0, {OFFLINE_HINT}"
            )
        return path
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    for name in INCEPTION_FILES:
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"{INCEPTION_FILES[0]} is not in {folder}: put it there from torch-fidelity's release v0.2.0, {OFFLINE_HINT}"
    )


@dataclass(frozen=True)
class OfflineFeatures:
    """A fixed map of features that sees colour, layout, texture and straight edges, without any download.

    `describe` measures a picture in five groups of numbers. They are standardised by real pictures, each group
    gets the same weight, and the principal components of real pictures are kept. Make one with `fit`.

    mean: [R]; scale: [R]; basis: [R, D], with the weights of the groups; count: real pictures that they were
    measured on; pixels: height and width of those, and of all that can be judged.
    """

    mean: Float64
    scale: Float64
    basis: Float64
    count: int
    pixels: tuple[int, int]

    @classmethod
    def fit(cls, pictures: Tensor, components: int = 64) -> "OfflineFeatures":
        """Measure the standardisation and the principal components.

        Args:
            pictures: [N, 3, H, W] in -1..1, real ones, of the size of the crops to be judged, and best not the
                same ones that the crops are then compared with.
            components: D, at most 128 and below N; a FID wants several times as many pictures as this.

        Raises:
            ValueError: pictures of another shape, or too few.
        """
        if not 1 <= components <= MOST_COMPONENTS:
            raise ValueError(f"components is {components}; use 1 ... {MOST_COMPONENTS}")
        checked = _checked(pictures, SMALLEST_SIDE)
        height, width = checked.shape[-2:]
        if len(checked) <= components:
            raise ValueError(
                f"{len(checked)} pictures cannot carry {components} components; give at least "
                f"{components + 1} pictures or ask for fewer components"
            )
        groups = describe(checked)
        raw = np.concatenate(list(groups.values()), axis=1)
        size = np.concatenate([np.full(g.shape[1], g.shape[1]) for g in groups.values()])
        mean, spread = raw.mean(axis=0), raw.std(axis=0)
        # a number that never changes among real pictures keeps its unit, so a change of it still counts
        scale, weight = np.where(spread > 1e-6, spread, 1.0), 1 / np.sqrt(size)
        points = _compressed((raw - mean) / scale) * weight
        # about the mean: what the pictures share is no direction in which they differ
        _, _, rows = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
        basis = rows[:components].T
        # a component has no sign of its own: make its largest entry positive
        largest = basis[np.abs(basis).argmax(axis=0), np.arange(components)]
        return cls(mean, scale, weight[:, None] * basis * np.sign(largest), len(checked), (height, width))

    @property
    def name(self) -> str:
        return f"offline{self.basis.shape[1]}"

    @property
    def source(self) -> str:
        return "motioncollage: layout, texture, edges and random convolutions, no learnt network"

    @property
    def limits(self) -> str:
        return (
            "not comparable with published FIDs, nor across data sets or sizes of picture; knows no objects: "
            "a face with three eyes passes if its colours and textures are right"
        )

    def embed(self, pictures: Tensor) -> Tensor:
        """Pictures [N, 3, H, W] in -1..1 -> [N, D] float64 on the CPU."""
        if tuple(pictures.shape[-2:]) != self.pixels:
            raise ValueError(
                f"pictures are {list(pictures.shape[-2:])} pixels, these features were fitted to "
                f"{list(self.pixels)}; crop or fit to one size"
            )
        raw = np.concatenate(list(describe(pictures).values()), axis=1)
        return torch.from_numpy(_compressed((raw - self.mean) / self.scale) @ self.basis)


def describe(pictures: Tensor, batch: int = 64) -> dict[str, Float64]:
    """The numbers that `OfflineFeatures` is made of, by group.

    layout: mean colours on a 4 x 4 grid, and mean, spread and skew of all colours; texture: energies of
    differences in four directions at four scales; structure: how sparse these are and how they go together across
    directions, scales and colours; edges: how far the strongest column and row stand out, which in a photograph
    they hardly do; random: mean and spread of the responses of three layers of fixed random filters.

    Args:
        pictures: [N, 3, H, W] in -1..1, at least 24 pixels on a side; beyond the range they are clipped.
        batch: pictures at a time.

    Returns:
        [N, R_group] float64 for each group.

    Raises:
        ValueError: pictures of another shape, too small, not finite or in another range.
    """
    parts = [_describe_batch(part) for part in _checked(pictures, SMALLEST_SIDE).split(batch)]
    return {name: torch.cat([part[name] for part in parts]).numpy().astype(np.float64) for name in parts[0]}


def _compressed(deviations: Float64) -> Float64:
    """Linear up to about three deviations, logarithmic beyond: one number that is far off shall not drown the rest."""
    return 3.0 * np.arcsinh(deviations / 3.0)


def _describe_batch(pictures: Tensor) -> dict[str, Tensor]:
    with torch.inference_mode():
        colours = torch.einsum("oc,nchw->nohw", torch.tensor(OPPONENT), pictures)
        texture, structure, edges = [], [], []
        level, finer = colours, None
        for _ in range(SCALES):
            steps = _steps(level)
            texture.append((steps.square().mean((-2, -1)) + ENERGY_FLOOR).log().flatten(1))
            size = steps[:, :, 0].abs()  # of lightness
            structure += list(_structure(steps, size, finer))
            edges.append(_edges(steps))
            level, finer = F.avg_pool2d(level, 2), F.avg_pool2d(size, 2)
        return {
            "layout": torch.cat([F.adaptive_avg_pool2d(colours, GRID).flatten(1), _moments(colours)], 1),
            "texture": torch.cat(texture, 1),
            "structure": torch.cat(structure, 1),
            "edges": torch.cat(edges, 1),
            "random": _random_responses(pictures),
        }


def _moments(colours: Tensor) -> Tensor:
    """Mean, spread and skew of each colour channel: [N, 3, H, W] -> [N, 9]."""
    mean = colours.mean((-2, -1))
    centred = colours - mean[..., None, None]
    spread = (centred.square().mean((-2, -1)) + ENERGY_FLOOR).sqrt()
    return torch.cat([mean, spread, centred.pow(3).mean((-2, -1)) / spread.pow(3)], 1)


def _steps(level: Tensor) -> Tensor:
    """Differences to the neighbour: [N, 3, H, W] -> [N, 4, 3, H - 1, W - 1], right, down and both diagonals.

    At every pixel, not at every second as in a Haar transform: what they see must not depend on where a crop
    begins.
    """
    here, right = level[..., :-1, :-1], level[..., :-1, 1:]
    below, across = level[..., 1:, :-1], level[..., 1:, 1:]
    return torch.stack([right - here, below - here, across - here, right - below], 1)


def _structure(steps: Tensor, size: Tensor, finer: Tensor | None) -> Iterator[Tensor]:
    """Sparseness of differences and their correlations across directions, colours and scales, [N, n] each."""
    energy, level = size.square().mean((-2, -1)), size.mean((-2, -1))
    yield (energy + ENERGY_FLOOR).log() - (level.square() + ENERGY_FLOOR).log()
    yield torch.stack([_correlation(size[:, a], size[:, b]) for a, b in combinations(range(4), 2)], 1)
    for a, b in combinations(range(3), 2):
        yield torch.stack([_correlation(steps[:, k, a], steps[:, k, b]) for k in (0, 1)], 1)
    if finer is not None:
        height, width = (min(size.shape[k], finer.shape[k]) for k in (-2, -1))
        pairs = zip(size[..., :height, :width].unbind(1), finer[..., :height, :width].unbind(1))
        yield torch.stack([_correlation(a, b) for a, b in pairs], 1)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """Correlation over the last two axes: [N, H, W] twice -> [N]; 0 where one of them is flat."""
    a, b = a - a.mean((-2, -1), keepdim=True), b - b.mean((-2, -1), keepdim=True)
    norms = (a.square().mean((-2, -1)) + ENERGY_FLOOR) * (b.square().mean((-2, -1)) + ENERGY_FLOOR)
    return (a * b).mean((-2, -1)) / norms.sqrt()


def _edges(steps: Tensor) -> Tensor:
    """How far the strongest column and row of differences stand out from the others: -> [N, 4].

    An edge along a whole column is faint in the energy of a picture, but not in the mean of that column.
    """
    columns = steps[:, 0].abs().sum(1).mean(-2)
    rows = steps[:, 1].abs().sum(1).mean(-1)
    found = []
    for profile in (columns, rows):
        typical = profile.mean(-1) + ENERGY_FLOOR**0.5
        found += [(profile.amax(-1) / typical + 1e-3).log(), profile.std(-1) / typical]
    return torch.stack(found, 1)


def _random_responses(pictures: Tensor) -> Tensor:
    """Mean and spread of what three layers of random filters with ReLU respond: [N, 3, H, W] -> [N, 320]."""
    found, here = [], pictures
    for i, (weight, bias) in enumerate(_random_filters()):
        if i:
            here = F.avg_pool2d(here, 2)
        margin = weight.shape[-1] // 2
        here = F.relu(F.conv2d(F.pad(here, (margin,) * 4, mode="replicate"), weight, bias))
        found += [here.mean((-2, -1)), here.std((-2, -1))]
    return torch.cat(found, 1)


@cache
def _random_filters() -> list[tuple[Tensor, Tensor]]:
    """The same filters everywhere: Python promises the numbers of `random()` for a seed, NumPy and PyTorch do not."""
    source = random.Random(20230617)
    layers = []
    for i, (channels, filters, side) in enumerate(RANDOM_LAYERS):
        shape = (filters, channels, side, side)
        weight = torch.tensor([source.random() * 2 - 1 for _ in range(math.prod(shape))]).reshape(shape)
        if not i:  # blind to plain colour, which the layout knows, so as to see patterns
            weight = weight - weight.mean((-2, -1), keepdim=True)
        # keeps the size of the responses from layer to layer (He et al. 2015, uniform)
        weight = weight * (6 / (channels * side * side)) ** 0.5
        bias = torch.tensor([source.random() * 0.2 - 0.1 for _ in range(filters)])
        layers.append((weight, bias))
    return layers


def _inception(path: Path) -> Any:
    """torch-fidelity's extractor with the weights of a file."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
    except (ImportError, RuntimeError) as error:  # RuntimeError: a torchvision made for another torch
        raise ImportError(
            f"Inception features need torch-fidelity: pip install torch-fidelity, {OFFLINE_HINT} ({reason(error)})"
        ) from error
    try:
        # torch-fidelity unpickles whatever the file asks for; this refuses all but tensors first
        torch.load(path, map_location="cpu", weights_only=True)
        network = FeatureExtractorInceptionV3(
            "inception-v3-compat", [str(INCEPTION_WIDTH)], feature_extractor_weights_path=str(path)
        )
    except Exception as error:
        raise ValueError(
            f"{path} holds no Inception weights; give {INCEPTION_FILES[0]}, {OFFLINE_HINT} ({reason(error)})"
        ) from error
    return network.eval()


def _checked(pictures: Tensor, smallest: int) -> Tensor:
    """Pictures as float32 on the CPU, clipped to -1..1."""
    if pictures.ndim != 4 or pictures.shape[1] != 3 or not len(pictures):
        raise ValueError(f"pictures must be [N, 3, H, W] with N at least 1, they are {list(pictures.shape)}")
    if min(pictures.shape[-2:]) < smallest:
        raise ValueError(
            f"pictures of {list(pictures.shape[-2:])} pixels are too small; give {smallest} or more"
        )
    result = pictures.detach().to("cpu", torch.float32)
    # samplers overshoot, bad ones by several units; pictures of 0..255 by hundreds
    if not bool(torch.isfinite(result).all()) or float(result.abs().max()) > 10.0:
        raise ValueError(
            f"pictures reach from {float(result.min()):.3g} to {float(result.max()):.3g}; scale them to -1..1"
        )
    return result.clamp(-1.0, 1.0)
