"""`motioncollage generate`, `loop` and `split`."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated

from mdm_adapter.commands.job import Job
from mdm_adapter.commands.options import Feet, Length, Precision, Prompt
from mdm_adapter.io.output import OutputOptions
from motioncollage.shell import values
from motioncollage.shell.options import GuidanceOptions, ModelOptions, PieceOptions, SamplingOptions
from motioncollage.shell.output import console

if TYPE_CHECKING:
    from mdm_adapter.prompts import Split

DryRun = Annotated[
    bool,
    values.option(
        "Show the actions, how long each lasts and the pieces; make nothing.",
        "--dry-run",
        panel=values.OUTPUT,
    ),
]


def generate(
    prompt: Prompt, output: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
    model: ModelOptions, seconds: Length | None = None, method: str | None = None, precision: Precision | None = None,
    feet: Feet | None = None, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Make one continuous motion in which the actions of the prompt follow each other.

    motioncollage generate "a person walks, then waves" --seconds 8

    Advanced:
        method: How: the model's own by default (collage, or dip of models that continue a prefix); also short, baseline,
            replacement, reconstruction, multidiffusion, or a plug-in's (motioncollage plugins), to compare.
    """
    from mdm_adapter.prompts.ahead import split_ahead

    if method is not None:
        from motioncollage.methods import method as known

        known(method)  # an unknown one is refused before a model is loaded
    split = split_ahead(prompt)
    job = Job(output, model, sampling, guidance, pieces, precision, feet)
    actions = split()
    job.load(writes=not dry_run)
    _make(job, actions, seconds=seconds, method=method, dry_run=dry_run)


def loop(
    prompt: Prompt, output: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
    model: ModelOptions, seconds: Length | None = None,
    frames: Annotated[int, values.count(most=100_000)] | None = None, path: str = "free",
    turn: Annotated[float, values.number(least=-36_000, most=36_000)] | None = None,
    tile: Annotated[int, values.count(most=100)] = 2, precision: Precision | None = None,
    feet: Feet | None = None, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Make a motion whose last frame flows into its first.

    motioncollage loop "a person walks forward" --seconds 8

    How long:
        frames: Period in frames, instead of --seconds.
    What to make:
        path: Way of a cycle: free, in-place (ends where it began), circular (--turn), or travelling (no net turn).
        turn: Degrees to the left in a cycle of a circular path; 360 by default.
    Output:
        tile: Cycles that the video shows.
    """
    from mdm_adapter.editing.loops import LoopPath
    from mdm_adapter.prompts.ahead import split_ahead

    if turn is not None and path != "circular":
        raise ValueError(f"--turn is {turn:g} but --path is {path}; only a circular path turns")
    if frames is not None and seconds is not None:
        raise ValueError(
            f"--frames {frames} and --seconds {seconds:g} say the same; leave one of the two out"
        )
    way = LoopPath(path, 360.0 if turn is None else turn)
    split = split_ahead(prompt)
    job = Job(output, model, sampling, guidance, pieces, precision, feet)
    actions = split()
    job.load(writes=not dry_run)
    job.settings = replace(job.settings, path=way)
    if frames is not None:
        seconds = frames / job.model.representation.fps
    _make(job, actions, seconds=seconds, loop=True, cycles=tile, dry_run=dry_run)


def split(prompt: Prompt) -> None:
    """Show the actions that a prompt is split into.

    motioncollage split "a person walks, then waves"
    """
    from rich.table import Table

    from mdm_adapter.prompts import read_split
    from mdm_adapter.telling import tell

    found = read_split(prompt)
    table = Table("", "action", "seconds")
    for number, action in enumerate(found.actions, 1):
        seconds = "" if action.seconds is None else f"{action.seconds:g}"
        table.add_row(str(number), action.text or "(gap)", seconds)
    console.print(table)
    tell(found.notes)


def _make(
    job: Job, split: "Split", *, seconds: float | None, loop: bool = False, method: str | None = None, cycles: int = 1,
    dry_run: bool = False,
) -> None:  # fmt: skip
    """Say what will happen, and unless it is a dry run, make it."""
    from mdm_adapter.telling import show, tell, warn

    tell(split.notes)
    warn(job.model, split.actions)
    plan = job.model.plan(split.actions, job.settings, seconds=seconds, loop=loop)
    method = job.model.method_of(plan, method)
    show(plan, method)
    if not dry_run:
        job.make(partial(job.model.generate, plan, method=method), cycles=cycles)
