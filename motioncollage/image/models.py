"""What image commands ask of a model, whoever trained it: our own network, or a folder that `diffusers` saved."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, Denoiser
from motioncollage.image.denoiser import ImageDenoiser
from motioncollage.image.diffusers_denoisers import PixelDenoiser
from motioncollage.image.diffusers_flow import Flux
from motioncollage.image.diffusers_models import INDEX, DiffusersModel, load_diffusers_model
from motioncollage.image.diffusers_texts import TextCondition
from motioncollage.image.network import CONFIG, ImageCondition, ImageNetwork, load_network
from motioncollage.sampling.levels import ContinuousLevels, Levels


class ImageModel(Protocol):
    """A model of small squares. Sites are what its denoiser sees: pixels, or latents of `factor` pixels along a side."""

    @property
    def size(self) -> int:
        """Sites along the squares that it was trained on."""
        ...

    @property
    def factor(self) -> int:
        """Pixels along a site."""
        ...

    @property
    def channels(self) -> int: ...

    @property
    def multiple(self) -> int:
        """What divides the sides of pieces, in sites."""
        ...

    @property
    def overlap(self) -> int:
        """Sites that neighbouring pieces best share."""
        ...

    @property
    def levels(self) -> Levels: ...

    @property
    def device(self) -> torch.device: ...

    def guided(self, scale: float) -> tuple[Denoiser, float]:
        """The denoiser for a scale of guidance, and the scale left to the collage: 1 where the network is told it."""
        ...

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes; none where it takes texts or numbers."""
        ...

    @property
    def scenes(self) -> bool:
        """Whether it knows whole scenes made small, with which images begin."""
        ...

    @property
    def least_extent(self) -> float:
        """Height of the smallest part of a picture that it was taught, in parts of the whole; 0 if it is told no place."""
        ...

    @property
    def detail(self) -> ImageNetwork | None:
        """A network that makes pictures larger; None without."""
        ...

    def vector(self, wanted: str) -> Tensor:
        """A class or a text as a vector that leads to others by slerp."""
        ...

    def condition(
        self, vector: Tensor | None, extent: tuple[float, float] | None, labels: Tensor | None = None
    ) -> Condition | None:
        """What the denoiser understands, from a vector (None: the null token), the place in a picture, and a map."""
        ...

    def decode(self, sites: Tensor, *, wrapped: bool) -> Tensor:
        """Pictures [samples, 3, height, width] in -1 to 1."""
        ...

    def encode(self, pictures: Tensor) -> Tensor:
        """Sites of pictures."""
        ...


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A network of `train image`; it sees pixels."""

    network: ImageNetwork
    precision: str = "auto"
    factor: int = 1
    channels: int = 3
    detail: ImageNetwork | None = None

    @property
    def size(self) -> int:
        return self.network.config.size

    @property
    def multiple(self) -> int:
        return self.network.config.multiple

    @property
    def classes(self) -> tuple[str, ...]:
        return self.network.config.classes

    @property
    def scenes(self) -> bool:
        return self.network.config.scenes

    @property
    def least_extent(self) -> float:
        return self.network.config.least_extent

    @property
    def overlap(self) -> int:
        """An eighth of a piece, the thinnest strip that `train image` teaches: as good as half, and far less work."""
        return -(-self.size // 8 // self.multiple) * self.multiple

    @property
    def levels(self) -> Levels:
        return ContinuousLevels()

    @property
    def device(self) -> torch.device:
        return self.network.null.device

    def guided(self, scale: float) -> tuple[Denoiser, float]:
        return ImageDenoiser(self.network, precision=self.precision), scale

    def vector(self, wanted: str) -> Tensor:
        return self.network.class_vector(wanted)

    def condition(
        self, vector: Tensor | None, extent: tuple[float, float] | None, labels: Tensor | None = None
    ) -> Condition | None:
        return ImageCondition(vector, extent, labels)

    def decode(self, sites: Tensor, *, wrapped: bool) -> Tensor:
        return sites.clamp(-1, 1)

    def encode(self, pictures: Tensor) -> Tensor:
        return pictures


@dataclass(frozen=True, eq=False)
class PretrainedModel:
    """A downloaded model: texts for latent ones, numbers of classes for those that have classes."""

    model: DiffusersModel
    device: torch.device
    classes: tuple[str, ...] = ()
    scenes: bool = False
    least_extent: float = 0.0
    detail: ImageNetwork | None = None

    @property
    def size(self) -> int:
        return self.model.size // self.model.factor

    @property
    def factor(self) -> int:
        return self.model.factor

    @property
    def channels(self) -> int:
        return self.model.channels

    @property
    def multiple(self) -> int:
        return self.model.multiple

    @property
    def overlap(self) -> int:
        """Half a piece, as in the paper: a model of squares alone does worse the thinner a strip is."""
        return self.size // 2 // self.multiple * self.multiple

    @property
    def levels(self) -> Levels:
        return self.model.levels

    def guided(self, scale: float) -> tuple[Denoiser, float]:
        denoiser = self.model.denoiser
        if isinstance(denoiser, Flux) and denoiser.told_guidance:
            return denoiser.guided(scale), 1.0
        return denoiser, scale

    def vector(self, wanted: str) -> Tensor:
        if isinstance(self.model.denoiser, PixelDenoiser) and not wanted.isdigit():
            raise ValueError(f"class {wanted!r} is no number; this model counts its classes from 0")
        condition = self.model.condition(wanted)
        if isinstance(condition, TextCondition):
            return condition.vector
        return torch.nn.functional.one_hot(torch.tensor(condition), MOST_CLASSES).float()

    def condition(
        self, vector: Tensor | None, extent: tuple[float, float] | None, labels: Tensor | None = None
    ) -> Condition | None:
        if labels is not None:
            raise ValueError("this model reads no maps; use one of train image, on pictures with maps")
        if vector is None:
            return None
        denoiser = self.model.denoiser
        if isinstance(denoiser, PixelDenoiser):
            return int(vector.argmax())  # between two classes the nearer one
        return denoiser.null.of_vector(vector)

    def decode(self, sites: Tensor, *, wrapped: bool) -> Tensor:
        return self.model.decode(sites, wrapped=wrapped)

    def encode(self, pictures: Tensor) -> Tensor:
        return self.model.encode(pictures.to(self.device))


MOST_CLASSES = 1 << 15
DETAIL = "detail"  # folder inside a model's, of the network that makes pictures larger


def load_image_model(
    folder: Path, *, device: torch.device | str = "cpu", precision: str = "auto"
) -> ImageModel:
    """A model of either kind from its folder.

    Raises:
        ValueError: files that are missing or of something else.
    """
    if (folder / INDEX).exists():
        loaded = load_diffusers_model(folder, device=device, precision=precision)
        return PretrainedModel(loaded, torch.device(device))
    network = load_network(folder, device=device)
    if network.config.guide:
        raise ValueError(f"{folder} holds a network of detail; put it into the folder {DETAIL} of a model")
    detail = load_network(folder / DETAIL, device=device) if (folder / DETAIL / CONFIG).exists() else None
    if detail is not None and not detail.config.guide:
        raise ValueError(f"{folder / DETAIL} holds no network of detail; train one with train image --detail")
    return TrainedModel(network, precision, detail=detail)
