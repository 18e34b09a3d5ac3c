"""`motioncollage train image`: resumable training of an image model on any folder of pictures."""

from pathlib import Path
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.training import LearningRate, RunFolder, TrainingSteps


def image(
    data: Annotated[Path, values.data_folder("A folder of pictures; folders inside it name classes.")],
    out: RunFolder = Path("runs/image"), steps: TrainingSteps = 30_000,
    batch_size: Annotated[int, values.count(most=65_536)] = 16, learning_rate: LearningRate = 5e-4,
    size: Annotated[int, values.count(least=8, most=1024, multiple=8)] = 64,
    zoom: Annotated[tuple[float, float], values.number(above=0, most=1)] | None = None, flip: bool = True,
    colour: Annotated[float, values.number(least=0, most=0.9)] = 0.0,
    scenes: Annotated[bool, values.named("--scenes")] = False, detail: Annotated[bool, values.named("--detail")] = False,
    start: Annotated[Path, values.folder_option(what="model")] | None = None,
    precision: str = "auto", seed: Annotated[int, values.seed()] = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train an image denoiser on any folder of pictures.

    What to make:
        size: Pixels along the squares that the model knows.
        zoom: Least and most height of a square as a part of its picture's; 0.125 to 1 by default, for detail 0.125 to 0.5.
        flip: Mirror half of the squares.
        colour: How far brightness and colour vary.
        scenes: Teach whole scenes made small as well: images then begin with a coarse picture of the whole.
        detail: Train a network of detail, which makes pictures 4 times as large; put it into a model's folder `detail`.
        seed: Seed of weights, squares and noise.
    How good:
        batch_size: Squares per step.
    Advanced:
        start: Model folder whose weights to begin with.
        precision: auto, float32 or bfloat16.
    """
    from motioncollage.devices import choose_device
    from motioncollage.image.training_run import ImageRun
    from motioncollage.processes import refuse_several
    from motioncollage.training import TrainingSettings

    # The average of a short run forgets its first steps, too.
    average = min(0.9995, 1 - 10 / max(steps, 20))
    settings = TrainingSettings(
        steps=steps, learning_rate=learning_rate, seed=seed, precision=precision, ema_decay=average
    )
    refuse_several("train image")
    ImageRun(
        data, out, settings, batch_size, size=size, zoom=zoom, flip=flip, colour=colour, scenes=scenes, detail=detail,
        start=start, device=choose_device(device),
    ).train()  # fmt: skip
