"""Teaching an image denoiser squares, halves and quarters at once (paper, algorithm 6; loss of Karras et al. 2022)."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from motioncollage.image.data import Crops, PictureFolder, part_of
from motioncollage.image.network import ImageConfig, ImageNetwork
from motioncollage.training import step_generator

VALIDATION_DRAWS = 8


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
        parts: chances of (square, half on end, half lying, quarter).
    """

    batch_size: int = 16
    crops: Crops = field(default_factory=Crops)
    log_sigma: tuple[float, float] = (-0.8, 1.4)
    drop_class: float = 0.1
    drop_extent: float = 0.1
    drop_labels: float = 0.2
    parts: tuple[float, ...] = (0.55, 0.18, 0.17, 0.1)

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ValueError(f"batch size is {self.batch_size}; use at least 1")


class ImageObjective:
    """Denoising error of random crops, weighted as EDM weights it."""

    def __init__(self, pictures: PictureFolder, config: ImageConfig, settings: ImageTraining) -> None:
        self.pictures, self.config, self.settings = pictures, config, settings
        half = config.size // 2
        self.shapes = ((config.size, config.size), (config.size, half), (half, config.size), (half, half))

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
        noise = torch.randn(clean.shape, generator=generator).to(device)
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
        chances = torch.tensor(self.settings.parts)
        shape = self.shapes[int(torch.multinomial(chances, 1, generator=generator))]
        # Smaller parts, more of them: a step costs the same.
        count = self.settings.batch_size * self.config.size**2 // (shape[0] * shape[1])
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
