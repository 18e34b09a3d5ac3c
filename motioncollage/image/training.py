"""Teaching an image denoiser squares and parts of them at once (paper, algorithm 6; loss of Karras et al. 2022)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from motioncollage.image.data import Crops, PictureFolder, part_of
from motioncollage.image.network import SMALLEST, ImageConfig, ImageNetwork
from motioncollage.training import normal_like, step_generator

VALIDATION_DRAWS = 8
MOST_PARTS = 4  # times the squares of a step; cutting more of them would cost more than learning from them


@dataclass(frozen=True)
class Part:
    """A shape that the network is taught, in parts of a square, and how often."""

    height: float
    width: float
    chance: float


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
        parts: shapes that are cut from squares.
    """

    batch_size: int = 16
    crops: Crops = field(default_factory=Crops)
    log_sigma: tuple[float, float] = (-0.8, 1.4)
    drop_class: float = 0.1
    drop_extent: float = 0.1
    drop_labels: float = 0.2
    parts: tuple[Part, ...] = PARTS

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch size is {self.batch_size}; use at least 1")


class ImageObjective:
    """Denoising error of random crops, weighted as EDM weights it."""

    def __init__(self, pictures: PictureFolder, config: ImageConfig, settings: ImageTraining) -> None:
        self.pictures, self.config, self.settings = pictures, config, settings
        self.chances = torch.tensor([part.chance for part in settings.parts])
        self.shapes = [
            (_sites(part.height, config.size), _sites(part.width, config.size)) for part in settings.parts
        ]

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        assert isinstance(model, ImageNetwork)
        return {"denoising": self._error(model, generator)}

    @torch.no_grad()
    def validation_loss(self, model: nn.Module) -> float:
        """The same crops and noise at every call; pictures are few, so that these are crops of the training pictures."""
        assert isinstance(model, ImageNetwork)
        errors = [float(self._error(model, step_generator(12345, k))) for k in range(VALIDATION_DRAWS)]
        return sum(errors) / len(errors)

    def _error(self, model: ImageNetwork, generator: torch.Generator) -> Tensor:
        device = model.null.device
        clean, labels, extents, kinds = (part.to(device) for part in self._batch(generator))
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
        predicted = model(clean + sigma[:, None, None, None] * noise, sigma, vectors, extents, kinds)
        data = self.config.sigma_data
        weight = (sigma.square() + data**2) / (sigma * data).square()
        return (weight * (predicted - clean).square().mean(dim=(1, 2, 3))).mean()

    def _batch(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Squares or parts of them, the numbers of their classes, their extents and their maps (-1 without)."""
        shape = self.shapes[int(torch.multinomial(self.chances, 1, generator=generator))]
        # Smaller parts, more of them: a step costs about the same.
        times = min(MOST_PARTS, self.config.size**2 // (shape[0] * shape[1]))
        count = self.settings.batch_size * times
        chosen = torch.randint(len(self.pictures.pictures), (count,), generator=generator)
        squares, extents, labels, maps = [], [], [], []
        for number in chosen.tolist():
            picture = self.pictures.pictures[number]
            square, extent, kinds = part_of(*self.settings.crops.draw(picture, generator), shape, generator)
            squares.append(square)
            extents.append(extent)
            labels.append(picture.label)
            maps.append(torch.full(shape, -1) if kinds is None else kinds)
        return torch.stack(squares), torch.tensor(labels), torch.tensor(extents), torch.stack(maps)


def _sites(part: float, size: int) -> int:
    """Pixels of a part of a square's side, as the network takes them."""
    return max(SMALLEST, round(part * size / SMALLEST) * SMALLEST)
