"""`motioncollage train evaluator`: resumable training of a judge of text and motion."""

from pathlib import Path
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import Device
from motioncollage.shell.training import Cache, LearningRate, MotionData, RunFolder, TrainingSteps


def evaluator(
    data: MotionData, out: RunFolder = Path("runs/evaluator"), steps: TrainingSteps = 800,
    batch_size: Annotated[int, values.count(least=2, most=65_536)] = 128, learning_rate: LearningRate = 1e-3,
    mirror: bool = True, cache: Cache | None = None, seed: Annotated[int, values.seed()] = 0, device: Device = "auto",
) -> None:  # fmt: skip
    """Train a text-motion evaluator and show how well it judges the val split.

    What to make:
        mirror: Add mirrored clips with left and right exchanged.
        seed: Seed of weights, batches and noise.
    How good:
        batch_size: Clips per step; each is the others' wrong answer.
    """
    from eval.judges.training_data import TrainingSettings
    from eval.judges.training_run import run
    from motioncollage.devices import choose_device
    from motioncollage.processes import refuse_several

    refuse_several("train evaluator")
    settings = TrainingSettings(steps=steps, batch=batch_size, learning_rate=learning_rate, seed=seed)
    run(data, out, cache or out / "cache", settings, mirror=mirror, device=choose_device(device))
