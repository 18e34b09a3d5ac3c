"""What the commands that train share: their parameters, and the run with a bar, a log and a word at the end."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from motioncollage.shell import values
from motioncollage.shell.output import console, progress_bar
from motioncollage.shell.values import ADVANCED, LENGTH, QUALITY

if TYPE_CHECKING:
    from motioncollage.training import Trainer

MotionData = Annotated[Path, values.data_folder("A HumanML3D folder or a starter pack.")]
RunFolder = Annotated[Path, values.folder("Folder for checkpoint, log and the finished model.")]
TrainingSteps = Annotated[
    int,
    values.count("Steps in all, counted from the start of the run.", most=100_000_000, panel=LENGTH),
]
LearningRate = Annotated[float, values.number("Peak learning rate.", above=0, most=1, panel=QUALITY)]
Cache = Annotated[
    Path,
    values.folder("Folder for the features, read once; usually cache/ beside the run.", panel=ADVANCED),
]


def run_trainer(trainer: "Trainer", out: Path, steps: int) -> int:
    """Train to so many steps, or until Ctrl-C, with a bar, and log.jsonl in the run's folder; the steps done."""
    from motioncollage.training import TrainingLog

    if trainer.step:
        console.print(f"resuming {out / 'checkpoint.pt'} at step {trainer.step}")
    with progress_bar("training") as update, TrainingLog(out / "log.jsonl") as log:

        def report(step: int, figures: dict[str, float]) -> None:
            update(step, steps)
            log.add(step, figures)

        update(trainer.step, steps)
        reached = trainer.run(report)
    if reached < steps:
        console.print(
            f"stopped at step {reached} of {steps}, which is kept: the same command goes on from there"
        )
    return reached
