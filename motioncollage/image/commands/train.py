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
        tuple[float, float] | None,
        values.number(
            "Least and most height of a square as a part of its picture's; 0.35 to 1 by default, for detail 0.125 to 0.5.",
            above=0,
            most=1,
            panel=values.MAKING,
        ),
    ] = None,
    flip: Annotated[bool, values.option("Mirror half of the squares.", panel=values.MAKING)] = True,
    colour: Annotated[
        float, values.number("How far brightness and colour vary.", least=0, most=0.9, panel=values.MAKING)
    ] = 0.0,
    scenes: Annotated[
        bool,
        values.option(
            "Teach whole scenes made small as well: images then begin with a coarse picture of the whole.",
            panel=values.MAKING,
        ),
    ] = False,
    detail: Annotated[
        bool,
        values.option(
            "Train a network of detail, which makes pictures 4 times as large; put it into a model's folder `detail`.",
            panel=values.MAKING,
        ),
    ] = False,
    start: Annotated[
        Path | None,
        values.folder_option(
            "Model folder whose weights to begin with.", "--start", what="model", panel=values.ADVANCED
        ),
    ] = None,
    precision: Annotated[str, values.option("auto, float32 or bfloat16.", panel=values.ADVANCED)] = "auto",
    seed: Annotated[int, values.seed("Seed of weights, squares and noise.")] = 0,
    device: Device = "auto",
) -> None:
    """Train an image denoiser on any folder of pictures."""
    import torch

    from motioncollage.devices import choose_device
    from motioncollage.image.data import Crops, read_pictures
    from motioncollage.image.network import ImageConfig, ImageNetwork, save_network
    from motioncollage.image.training import (
        DETAIL,
        FRAMES,
        SQUARES,
        ImageObjective,
        ImageTraining,
        begin_with,
    )
    from motioncollage.processes import refuse_several
    from motioncollage.training import Trainer, TrainingLog, TrainingSettings

    if detail and scenes:
        raise ValueError("--scenes is for models that make the whole; leave it away with --detail")
    if zoom is None:
        zoom = (0.125, 0.5) if detail else (0.35, 1.0)
    settings = TrainingSettings(
        steps=steps, learning_rate=learning_rate, seed=seed, precision=precision, ema_decay=min(0.9995, 1 - 10 / max(steps, 20))
    )  # fmt: skip
    crops = Crops(size=size, zoom=zoom, flip=flip, whole=0.0 if detail else 1 / 3, colour=colour)
    refuse_several("train image")
    where = choose_device(device)
    check_output(out, [], force=True)
    with progress_bar("reading pictures") as update:
        pictures = read_pictures(data, smallest=size, progress=update)
    for name, reason in pictures.rejected.items():
        console.print(f"left out {name}: {reason}")
    config = ImageConfig(
        size=size, classes=pictures.classes, labels=0 if detail else pictures.labels, scenes=scenes, **(DETAIL if detail else {})
    )  # fmt: skip
    torch.manual_seed(seed)
    network = ImageNetwork(config)
    if start is not None:
        begin_with(network, start)
    network = network.to(where)
    training = ImageTraining(
        batch_size=batch_size,
        crops=crops,
        frames=FRAMES if scenes else SQUARES,
        drop_class=0.3 if detail else 0.1,
    )
    objective = ImageObjective(pictures, config, training)
    about = (
        f"image {size} px, {len(pictures.pictures)} pictures of {len(pictures.classes)} classes, zoom {zoom[0]:g} to"
        f" {zoom[1]:g}, batch {batch_size}, seed {seed}"
    )
    more = {
        "colour": colour, "held out": len(pictures.held_out), "scenes": scenes, "detail": detail,
        "begun with": start.name if start else "",
    }  # fmt: skip
    about += "".join(f", {name} {value}" for name, value in more.items() if value)
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
