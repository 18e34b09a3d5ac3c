"""Teaching an image denoiser squares and parts of them at once (paper, algorithm 6; loss of Karras et al. 2022)."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motioncollage.image.data import Crops, PictureFolder, part_of
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
        device = model.null.device
        clean, labels, extents, kinds, guides = self._batch(generator)
        clean, labels, extents, kinds = (part.to(device) for part in (clean, labels, extents, kinds))
        mean, spread = self.settings.log_sigma
        sigma = (torch.randn(len(clean), generator=generator) * spread + mean).exp().to(device)
        noise = normal_like(clean, generator)
        unclassed = (torch.rand(len(clean), generator=generator) < self.settings.drop_class).to(device) | (
            labels < 0
        )
        nowhere = (torch.rand(len(clean), generator=generator) < self.settings.drop_extent).to(device)
        vectors = model.classes(labels.clamp_min(0)).masked_fill(unclassed[:, None], torch.nan)
        extents = extents.masked_fill(nowhere[:, None], torch.nan)
        if self.config.labels:
            unmapped = (torch.rand(len(clean), generator=generator) < self.settings.drop_labels).to(device)
            kinds = kinds.masked_fill(unmapped[:, None, None], -1)
        predicted = model(
            clean + sigma[:, None, None, None] * noise, sigma, vectors, extents, kinds,
            None if guides is None else guides.to(device),
        )  # fmt: skip
        data = self.config.sigma_data
        weight = (sigma.square() + data**2) / (sigma * data).square()
        return (weight * (predicted - clean).square().mean(dim=(1, 2, 3))).mean()

    def _batch(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor | None]:
        """Frames or parts of them, the numbers of their classes, extents, maps (-1 without) and coarse pictures."""
        frame = self.settings.frames[int(torch.multinomial(self.frame_chances, 1, generator=generator))]
        part = self.settings.parts[int(torch.multinomial(self.chances, 1, generator=generator))]
        whole = self._sites(frame.height), self._sites(frame.width)
        shape = self._sites(frame.height * part.height), self._sites(frame.width * part.width)
        # Smaller parts, more of them: a step costs about the same.
        times = min(MOST_PARTS, self.config.size**2 // (shape[0] * shape[1]))
        count = self.settings.batch_size * max(1, times)
        square = whole == (self.config.size, self.config.size)
        chosen = torch.multinomial(self.balance[not square], count, replacement=True, generator=generator)
        squares, extents, labels, maps = [], [], [], []
        for number in chosen.tolist():
            picture = self.pictures.pictures[number]
            drawn = self.settings.crops.draw(picture, generator, None if square else whole)
            cut, extent, kinds = part_of(*drawn, shape, generator)
            squares.append(cut)
            extents.append(extent)
            labels.append(picture.label)
            maps.append(torch.full(shape, -1) if kinds is None else kinds)
        clean = torch.stack(squares)
        guides = self._guides(clean, generator) if self.config.guide else None
        return clean, torch.tensor(labels), torch.tensor(extents), torch.stack(maps), guides

    def _guides(self, clean: Tensor, generator: torch.Generator) -> Tensor:
        """Coarse pictures, as a model would make them: with a little noise, each as much as another chance says."""
        coarse = torch.nn.functional.avg_pool2d(clean, self.config.guide)
        spread = self.settings.blur * torch.rand(len(clean), generator=generator).square()
        coarse = coarse + spread[:, None, None, None] * torch.randn(coarse.shape, generator=generator)
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
