"""`motioncollage train image`: resumable training of an image model on any folder of pictures."""

from pathlib import Path
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.output import check_output, console, progress_bar
from motioncollage.shell.training import LearningRate, RunFolder, TrainingSteps, run_trainer


def image(
    data: Annotated[Path, values.data_folder("A folder of pictures; folders inside it name classes.")],
    out: RunFolder = Path("runs/image"), steps: TrainingSteps = 30_000,
    batch_size: Annotated[int, values.count(most=65_536)] = 16, learning_rate: LearningRate = 5e-4,
    size: Annotated[int, values.count(least=8, most=1024, multiple=8)] = 64,
    zoom: Annotated[tuple[float, float], values.number(above=0, most=1)] = (0.35, 1.0), flip: bool = True,
    precision: str = "auto", seed: Annotated[int, values.seed()] = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train an image denoiser on any folder of pictures.

    What to make:
        size: Pixels along the squares that the model knows.
        zoom: Least and most height of a square as a part of its picture's.
        flip: Mirror half of the squares.
        seed: Seed of weights, squares and noise.
    How good:
        batch_size: Squares per step.
    Advanced:
        precision: auto, float32 or bfloat16.
    """
    import torch

    from motioncollage.devices import choose_device
    from motioncollage.image.data import Crops, read_pictures
    from motioncollage.image.network import ImageConfig, ImageNetwork, save_network
    from motioncollage.image.training import ImageObjective, ImageTraining
    from motioncollage.processes import refuse_several
    from motioncollage.training import Trainer, TrainingSettings

    settings = TrainingSettings(
        steps=steps, learning_rate=learning_rate, seed=seed, precision=precision, ema_decay=0.9995
    )
    crops = Crops(size=size, zoom=zoom, flip=flip)
    refuse_several("train image")
    where = choose_device(device)
    check_output(out, [], force=True)
    with progress_bar("reading pictures") as update:
        pictures = read_pictures(data, smallest=size, progress=update)
    for name, reason in pictures.rejected.items():
        console.print(f"left out {name}: {reason}")
    config = ImageConfig(size=size, classes=pictures.classes, labels=pictures.labels)
    torch.manual_seed(seed)
    network = ImageNetwork(config).to(where)
    objective = ImageObjective(pictures, config, ImageTraining(batch_size=batch_size, crops=crops))
    about = (
        f"image {size} px, {len(pictures.pictures)} pictures of {len(pictures.classes)} classes, zoom {zoom[0]:g} to"
        f" {zoom[1]:g}, batch {batch_size}, seed {seed}"
    )
    trainer = Trainer(network, objective, settings, checkpoint=out / "checkpoint.pt", about=about)
    reached = run_trainer(trainer, out, steps)
    assert isinstance(trainer.average, ImageNetwork)
    save_network(out / "model", trainer.average, {"steps": reached, "data": about})
    console.print(f"step {reached} of {steps}; wrote {out / 'model'}")
