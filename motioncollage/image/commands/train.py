"""`motioncollage train image`: resumable training of an image model on any folder of pictures."""

from pathlib import Path
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.output import check_output, console, progress_bar, tell_stopped

Out = Annotated[Path, values.folder("Folder for checkpoint, log and the finished model.")]


def image(
    data: Annotated[Path, values.data_folder("A folder of pictures; folders inside it name classes.")],
    out: Out = Path("runs/image"),
    steps: Annotated[
        int,
        values.count(
            "Steps in all, counted from the start of the run.", most=100_000_000, panel=values.LENGTH
        ),
    ] = 30_000,
    batch_size: Annotated[int, values.count("Squares per step.", most=65_536, panel=values.QUALITY)] = 16,
    learning_rate: Annotated[
        float, values.number("Peak learning rate.", above=0, most=1, panel=values.QUALITY)
    ] = 5e-4,
    size: Annotated[
        int,
        values.count(
            "Pixels along the squares that the model knows.",
            least=8,
            most=1024,
            multiple=8,
            panel=values.MAKING,
        ),
    ] = 64,
    zoom: Annotated[
        tuple[float, float],
        values.number(
            "Least and most height of a square as a part of its picture's.",
            above=0,
            most=1,
            panel=values.MAKING,
        ),
    ] = (0.35, 1.0),
    flip: Annotated[bool, values.option("Mirror half of the squares.", panel=values.MAKING)] = True,
    precision: Annotated[str, values.option("auto, float32 or bfloat16.", panel=values.ADVANCED)] = "auto",
    seed: Annotated[int, values.seed("Seed of weights, squares and noise.")] = 0,
    device: Device = "auto",
) -> None:
    """Train an image denoiser on any folder of pictures."""
    import torch

    from motioncollage.devices import choose_device
    from motioncollage.image.data import Crops, read_pictures
    from motioncollage.image.network import ImageConfig, ImageNetwork, save_network
    from motioncollage.image.training import ImageObjective, ImageTraining
    from motioncollage.processes import refuse_several
    from motioncollage.training import Trainer, TrainingLog, TrainingSettings

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
    if trainer.step:
        console.print(f"resuming {out / 'checkpoint.pt'} at step {trainer.step}")
    with progress_bar("training") as update, TrainingLog(out / "log.jsonl") as log:

        def report(step: int, figures: dict[str, float]) -> None:
            update(step, steps)
            log.add(step, figures)

        reached = trainer.run(report)
    tell_stopped(reached, steps)
    assert isinstance(trainer.average, ImageNetwork)
    save_network(out / "model", trainer.average, {"steps": reached, "data": about})
    console.print(f"step {reached} of {steps}; wrote {out / 'model'}")
