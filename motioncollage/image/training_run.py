"""A whole training of an image model, from a folder of pictures to a model that can be used, with what it says on its way."""

from dataclasses import dataclass
from pathlib import Path

import torch

from motioncollage.image.data import Crops, PictureFolder, read_pictures
from motioncollage.image.network import ImageConfig, ImageNetwork, save_network
from motioncollage.image.training import DETAIL, FRAMES, SQUARES, ImageObjective, ImageTraining, begin_with
from motioncollage.shell.output import check_output, console, progress_bar
from motioncollage.shell.training import run_trainer
from motioncollage.training import Trainer, TrainingSettings

DETAIL_ZOOM = (0.125, 0.5)  # detail is seen near


@dataclass(frozen=True)
class ImageRun:
    """What `train image` was asked for.

    Attributes:
        zoom: as in `Crops`; None for what is usual.
        scenes: teach whole scenes as well.
        detail: train a network of detail.
        start: folder of a model whose weights to begin with.
    """

    data: Path
    out: Path
    settings: TrainingSettings
    batch_size: int
    size: int
    zoom: tuple[float, float] | None
    flip: bool
    colour: float
    scenes: bool
    detail: bool
    start: Path | None
    device: torch.device

    def __post_init__(self) -> None:
        if self.detail and self.scenes:
            raise ValueError("--scenes is for models that make the whole; leave it away with --detail")

    @property
    def crops(self) -> Crops:
        zoom = self.zoom or (DETAIL_ZOOM if self.detail else Crops.zoom)
        whole = 0.0 if self.detail else Crops.whole
        return Crops(size=self.size, zoom=zoom, flip=self.flip, whole=whole, colour=self.colour)

    @property
    def training(self) -> ImageTraining:
        """What a step sees."""
        return ImageTraining(
            self.batch_size, self.crops, frames=FRAMES if self.scenes else SQUARES,
            drop_class=0.3 if self.detail else ImageTraining.drop_class,
        )  # fmt: skip

    def about(self, pictures: PictureFolder) -> str:
        """Describes the run; one of another description does not resume it."""
        least, most = self.crops.zoom
        more = {
            "colour": self.colour, "held out": len(pictures.held_out), "scenes": self.scenes, "detail": self.detail,
            "begun with": self.start.name if self.start else "",
        }  # fmt: skip
        return (
            f"image {self.size} px, {len(pictures.pictures)} pictures of {len(pictures.classes)} classes,"
            f" zoom {least:g} to {most:g}, batch {self.batch_size}, seed {self.settings.seed}"
            + "".join(f", {name} {value}" for name, value in more.items() if value)
        )

    def network(self, pictures: PictureFolder) -> ImageNetwork:
        """The network before its first step."""
        shape, labels = (DETAIL, 0) if self.detail else ({}, pictures.labels)
        config = ImageConfig(
            size=self.size,
            classes=pictures.classes,
            labels=labels,
            scenes=self.scenes,
            least_extent=self.crops.zoom[0],
            **shape,
        )
        torch.manual_seed(self.settings.seed)
        network = ImageNetwork(config)
        if self.start is not None:
            begin_with(network, self.start)
        return network.to(self.device)

    def train(self) -> None:
        """All of it; the same run begun again goes on where it stopped."""
        check_output(self.out, [], force=True)
        with progress_bar("reading pictures") as update:
            pictures = read_pictures(self.data, smallest=self.size, progress=update)
        for name, reason in pictures.rejected.items():
            console.print(f"left out {name}: {reason}")
        network = self.network(pictures)
        objective, about = ImageObjective(pictures, network.config, self.training), self.about(pictures)
        trainer = Trainer(
            network, objective, self.settings, checkpoint=self.out / "checkpoint.pt", about=about
        )
        reached = run_trainer(trainer, self.out, self.settings.steps)
        assert isinstance(trainer.average, ImageNetwork)
        save_network(self.out / "model", trainer.average, {"steps": reached, "data": about})
        console.print(f"step {reached} of {self.settings.steps}; wrote {self.out / 'model'}")
