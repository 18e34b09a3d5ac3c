"""Teaching an image denoiser squares and parts of them at once (paper, algorithm 6; loss of Karras et al. 2022)."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motioncollage.image.data import Crops, Picture, PictureFolder, part_of
from motioncollage.image.network import ImageConfig, ImageNetwork, load_network
from motioncollage.training import normal_like, step_generator

VALIDATION_DRAWS = 8
DETAIL: dict[str, Any] = {"block": 4, "guide": 4, "channels": (80, 96, 96)}  # shape of a network of detail
MOST_PARTS = 4  # times the squares of a step; cutting more of them would cost more than learning from them


@dataclass(frozen=True)
class Part:
    """A shape that the network is taught, in parts of a square, and how often."""

    height: float
    width: float
    chance: float


@dataclass(frozen=True)
class Frame:
    """What is cut from a picture, before its parts: a square, or a whole scene made small, in parts of a square."""

    height: float
    width: float
    chance: float


# Squares at any size, and whole scenes, as a first coarse picture is made of them: half as high as a piece.
FRAMES = (Frame(1, 1, 0.7), Frame(1 / 2, 1, 0.22), Frame(1 / 2, 2, 0.08))
SQUARES = (Frame(1, 1, 1.0),)

# Pieces, what they share when they overlap by a half, a quarter or an eighth, and what four pieces of a grid share.
PARTS = (
    Part(1, 1, 0.5),
    Part(1, 1 / 2, 0.1), Part(1 / 2, 1, 0.1), Part(1 / 2, 1 / 2, 0.06),
    Part(1, 1 / 4, 0.06), Part(1 / 4, 1, 0.06), Part(1 / 4, 1 / 4, 0.02),
    Part(1, 1 / 8, 0.04), Part(1 / 8, 1, 0.04), Part(1 / 8, 1 / 8, 0.02),
)  # fmt: skip


@dataclass(frozen=True)
class ImageTraining:
    """What a step sees.

    Attributes:
        batch_size: squares in a step.
        crops: how they are cut.
        log_sigma: mean and standard deviation of the noise's logarithm.
        drop_class: chance of the null token instead of the class.
        drop_extent: chance of no extent.
        drop_labels: chance of no map.
        parts: shapes that are cut from frames.
        frames: what is cut from pictures.
        blur: most noise in the coarse picture that a network of detail is shown: what it is given is never perfect.
    """

    batch_size: int = 16
    crops: Crops = field(default_factory=Crops)
    log_sigma: tuple[float, float] = (-0.8, 1.4)
    drop_class: float = 0.1
    drop_extent: float = 0.1
    drop_labels: float = 0.2
    parts: tuple[Part, ...] = PARTS
    frames: tuple[Frame, ...] = SQUARES
    blur: float = 0.1

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch size is {self.batch_size}; use at least 1")


@dataclass(frozen=True, eq=False)
class Seen:
    """A batch before its noise.

    Attributes:
        clean: [batch, 3, height, width] in -1 to 1.
        labels: [batch], numbers of classes, -1 for none.
        extents: [batch, 2], top and bottom in the whole picture.
        kinds: [batch, height, width], what each pixel is, -1 for anything; None where no map is read.
        guides: [batch, 3, height, width], coarse pictures; None without.
    """

    clean: Tensor
    labels: Tensor
    extents: Tensor
    kinds: Tensor | None = None
    guides: Tensor | None = None

    def to(self, device: torch.device) -> "Seen":
        return Seen(
            self.clean.to(device), self.labels.to(device), self.extents.to(device),
            None if self.kinds is None else self.kinds.to(device),
            None if self.guides is None else self.guides.to(device),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Noise:
    """What is drawn for a batch: sigma [batch], noise [batch, 3, height, width], and whose conditions are dropped [batch]."""

    sigma: Tensor
    noise: Tensor
    unclassed: Tensor
    nowhere: Tensor
    unmapped: Tensor | None = None


class ImageObjective:
    """Denoising error of random crops, weighted as EDM weights it."""

    def __init__(self, pictures: PictureFolder, config: ImageConfig, settings: ImageTraining) -> None:
        self.pictures, self.config, self.settings = pictures, config, settings
        self.chances = torch.tensor([part.chance for part in settings.parts])
        self.frame_chances = torch.tensor([frame.chance for frame in settings.frames])
        self.balance = {False: pictures.balance, True: pictures.balance.clone()}
        # Views of a sphere are square; a scene that is not comes from the other pictures.
        self.balance[True][torch.tensor([picture.sphere for picture in pictures.pictures])] = 0
        if self.balance[True].sum() == 0:
            self.frame_chances *= torch.tensor([float(f.height == f.width) for f in settings.frames])

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        assert isinstance(model, ImageNetwork)
        return {"denoising": self._error(model, generator)}

    @torch.no_grad()
    def validation_loss(self, model: nn.Module) -> float:
        """The same crops and noise at every call, of pictures held out, or of those that are learnt where none are."""
        assert isinstance(model, ImageNetwork)
        other = self
        if self.pictures.held_out:
            other = ImageObjective(
                replace(self.pictures, pictures=self.pictures.held_out, held_out=()),
                self.config,
                self.settings,
            )
        errors = [float(other._error(model, step_generator(12345, k))) for k in range(VALIDATION_DRAWS)]
        return sum(errors) / len(errors)

    def _error(self, model: ImageNetwork, generator: torch.Generator) -> Tensor:
        seen = self._batch(generator).to(model.null.device)
        return self.error(model, seen, self._noise(seen, generator))

    def _noise(self, seen: Seen, generator: torch.Generator) -> Noise:
        device, count = seen.clean.device, len(seen.clean)
        mean, spread = self.settings.log_sigma
        sigma = (torch.randn(count, generator=generator) * spread + mean).exp().to(device)
        noise = normal_like(seen.clean, generator)

        def chosen(chance: float) -> Tensor:
            return (torch.rand(count, generator=generator) < chance).to(device)

        return Noise(
            sigma, noise, unclassed=chosen(self.settings.drop_class), nowhere=chosen(self.settings.drop_extent),
            unmapped=chosen(self.settings.drop_labels) if self.config.labels else None,
        )  # fmt: skip

    def error(self, model: ImageNetwork, seen: Seen, drawn: Noise) -> Tensor:
        """The loss of a batch with its noise, a number."""
        sigma, clean, kinds = drawn.sigma, seen.clean, seen.kinds
        unclassed = drawn.unclassed | (seen.labels < 0)
        vectors = model.classes(seen.labels.clamp_min(0)).masked_fill(unclassed[:, None], torch.nan)
        extents = seen.extents.masked_fill(drawn.nowhere[:, None], torch.nan)
        if drawn.unmapped is not None and kinds is not None:
            kinds = kinds.masked_fill(drawn.unmapped[:, None, None], -1)
        predicted = model(
            clean + sigma[:, None, None, None] * drawn.noise, sigma, vectors, extents, kinds, seen.guides
        )
        data = self.config.sigma_data
        weight = (sigma.square() + data**2) / (sigma * data).square()
        return (weight * (predicted - clean).square().mean(dim=(1, 2, 3))).mean()

    def _batch(self, generator: torch.Generator) -> Seen:
        """Frames or parts of them, cut at random."""
        frame = self.settings.frames[int(torch.multinomial(self.frame_chances, 1, generator=generator))]
        part = self.settings.parts[int(torch.multinomial(self.chances, 1, generator=generator))]
        whole, shape = self.shapes(frame, part)
        count = self.count(shape)
        squares, extents, labels, maps = [], [], [], []
        for picture, drawn in self.frames(whole, count, generator):
            cut, extent, kinds = part_of(*drawn, shape, generator)
            squares.append(cut)
            extents.append(extent)
            labels.append(picture.label)
            maps.append(torch.full(shape, -1) if kinds is None else kinds)
        clean = torch.stack(squares)
        guides = None
        if self.config.guide:
            spread = torch.rand(count, generator=generator)
            noise = torch.randn(count, 3, *(side // self.config.guide for side in shape), generator=generator)
            guides = self.guides(clean, spread, noise)
        return Seen(clean, torch.tensor(labels), torch.tensor(extents), torch.stack(maps), guides)

    def frames(
        self, shape: tuple[int, int], count: int, generator: torch.Generator
    ) -> Iterator[tuple[Picture, tuple[Tensor, tuple[float, float], Tensor | None]]]:
        """So many pictures, drawn by their balance, and of each a frame of a shape, as `Crops.draw` cuts it."""
        square = shape == (self.config.size, self.config.size)
        chosen = torch.multinomial(self.balance[not square], count, replacement=True, generator=generator)
        for number in chosen.tolist():
            picture = self.pictures.pictures[number]
            yield picture, self.settings.crops.draw(picture, generator, None if square else shape)

    def shapes(self, frame: Frame, part: Part) -> tuple[tuple[int, int], tuple[int, int]]:
        """Height and width of a frame and of a part of it, in pixels."""
        return (
            (self._sites(frame.height), self._sites(frame.width)),
            (self._sites(frame.height * part.height), self._sites(frame.width * part.width)),
        )

    def count(self, shape: tuple[int, int]) -> int:
        """Parts in a step: more of smaller ones, so that it costs about the same."""
        times = min(MOST_PARTS, self.config.size**2 // (shape[0] * shape[1]))
        return self.settings.batch_size * max(1, times)

    def guides(self, clean: Tensor, spread: Tensor, noise: Tensor) -> Tensor:
        """Coarse pictures, as a model would make them: with a little noise, each as much as another chance says.

        Args:
            clean: [batch, 3, height, width].
            spread: [batch], uniform in 0 to 1.
            noise: normal, of the shape of the coarse pictures.
        """
        coarse = torch.nn.functional.avg_pool2d(clean, self.config.guide)
        coarse = coarse + (self.settings.blur * spread.square())[:, None, None, None] * noise
        return repeated(coarse, self.config.guide)

    def _sites(self, part: float) -> int:
        """Pixels of a part of a square's side, as the network takes them."""
        multiple = self.config.multiple
        return max(multiple, round(part * self.config.size / multiple) * multiple)


def repeated(coarse: Tensor, times: int) -> Tensor:
    """A coarse picture [..., height, width], each of its pixels repeated in both directions: what a guide is."""
    return coarse.repeat_interleave(times, dim=-1).repeat_interleave(times, dim=-2)


def begin_with(network: ImageNetwork, folder: Path) -> None:
    """Give a network the weights of another of the same shape; classes that it does not know begin as their mean.

    Raises:
        ValueError: no model, or one of another shape.
    """
    other = load_network(folder)
    weights = other.state_dict()
    known = weights.pop("classes.weight")
    vectors = network.classes.weight.detach().clone()
    for row, name in enumerate(network.config.classes):
        if name in other.config.classes:
            vectors[row] = known[other.config.classes.index(name)]
        else:
            # A little apart, so that new classes can part.
            vectors[row] = known.mean(dim=0) + 0.1 * known.std() * vectors[row]
    mine = network.state_dict()
    if any(mine[name].shape != value.shape for name, value in weights.items() if name in mine) or (
        mine.keys() - weights.keys() != {"classes.weight"}
    ):
        raise ValueError(
            f"the model in {folder} has another shape; begin with one of the same size, or without --start"
        )
    network.load_state_dict({**weights, "classes.weight": vectors})
