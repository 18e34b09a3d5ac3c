"""`motioncollage generate`, `loop` and `split`."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from mdm_adapter.commands.options import OutputOptions, Precision, Prompt, Seconds
from mdm_adapter.commands.output import Output
from motioncollage.shell.options import (
    GuidanceOptions,
    ModelOptions,
    PieceOptions,
    SamplingOptions,
    spread_options,
)
from motioncollage.shell.output import console, notes, progress_bar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mdm_adapter.maker import GenerateSettings
    from mdm_adapter.pipeline import MotionPipeline
    from mdm_adapter.planning.pieces import Plan
    from mdm_adapter.prompts import Action

DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the actions, how long each lasts and the pieces; make nothing."),
]


@spread_options
def generate(
    prompt: Prompt, output: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
    model: ModelOptions, seconds: Seconds = None,
    method: Annotated[
        str | None,
        typer.Option(
            help="How: the model's own by default (collage, or dip of models that continue a prefix); also short, baseline,"
            " replacement, reconstruction, multidiffusion, kimodo-chain of Kimodo's, or a plug-in's, to compare."
        ),
    ] = None,
    precision: Precision = None, dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Make one continuous motion in which the actions of the prompt follow each other."""
    if method is not None:
        from motioncollage.methods import method as known

        known(method)  # an unknown one is refused before a model is loaded
    job = Job(prompt, output, pieces, sampling, guidance, model, precision, dry_run=dry_run)
    job.make(job.settings, seconds=seconds, loop=False, method=method)


@spread_options
def loop(
    prompt: Prompt, output: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
    model: ModelOptions, seconds: Seconds = None,
    frames: Annotated[int | None, typer.Option(help="Period in frames, instead of --seconds.")] = None,
    path: Annotated[
        str,
        typer.Option(
            help="Way of a cycle: free, in-place (ends where it began), circular (--turn), or travelling (no net turn)."
        ),
    ] = "free",
    turn: Annotated[
        float | None, typer.Option(help="Degrees to the left in a cycle of a circular path; 360 by default.")
    ] = None,
    tile: Annotated[int, typer.Option(help="Cycles that the video shows.")] = 2, precision: Precision = None,
    dry_run: DryRun = False,
) -> None:  # fmt: skip
    """Make a motion whose last frame flows into its first."""
    from mdm_adapter.editing.loops import LoopPath

    if turn is not None and path != "circular":
        raise ValueError(f"--turn is {turn:g} but --path is {path}; only a circular path turns")
    if frames is not None and seconds is not None:
        raise ValueError(
            f"--frames {frames} and --seconds {seconds:g} say the same; leave one of the two out"
        )
    if not 1 <= tile <= 100:
        raise ValueError(f"--tile is {tile}; show 1 to 100 cycles")
    way = LoopPath(path, 360.0 if turn is None else turn)
    job = Job(prompt, output, pieces, sampling, guidance, model, precision, cycles=tile, dry_run=dry_run)
    if frames is not None:
        seconds = frames / job.model.representation.fps
    job.make(replace(job.settings, path=way), seconds=seconds, loop=True)


def split(prompt: Prompt) -> None:
    """Show the actions that a prompt is split into."""
    from rich.table import Table

    from mdm_adapter.prompts import read_split

    found = read_split(prompt)
    table = Table("", "action", "seconds")
    for number, action in enumerate(found.actions, 1):
        table.add_row(
            str(number), action.text or "(gap)", "" if action.seconds is None else f"{action.seconds:g}"
        )
    console.print(table)
    tell(found.notes)


class Job:
    """What generate and loop share: read, load, plan, say what was chosen, make, write; a dry run ends before making."""

    def __init__(
        self, prompt: str, wanted: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions,
        guidance: GuidanceOptions, model: ModelOptions, precision: str | None, *, cycles: int = 1,
        dry_run: bool = False,
    ) -> None:  # fmt: skip
        from motioncollage.models import at_hand, load_model

        at_hand(model.model, medium="motion")
        from mdm_adapter.maker import GenerateSettings
        from mdm_adapter.prompts import read_split

        first = GenerateSettings(
            seed=wanted.seed, samples=wanted.samples, sampler=sampling.settings(),
            precision=sampling.precision(precision), taper=pieces.taper,
        )  # fmt: skip
        split = read_split(prompt)
        self.actions, self.notes, self.dry_run = list(split.actions), split.notes, dry_run
        self.output = Output.of(wanted, cycles=cycles)
        if not dry_run:
            self.output.check()
        self.model: MotionPipeline = load_model(
            model.model, medium="motion", device=model.device, text_encoder=model.text_encoder
        )
        self.settings = replace(
            first,
            **sampling.with_model(self.model.model, guidance, precision),
            **pieces.settings(self.model.representation.fps),
        )

    def make(
        self, settings: "GenerateSettings", *, seconds: float | None, loop: bool, method: str | None = None
    ) -> None:
        tell(self.notes)
        warn_of_unknown(self.model, self.actions)
        plan = self.model.plan(self.actions, settings, seconds=seconds, loop=loop)
        method = self.model.method_of(plan, method)
        show(plan, method)
        if self.dry_run:
            return
        with progress_bar("sampling") as update:
            motion = self.model.generate(plan, settings, method=method, on_step=update)
        self.output.write(motion, self.model)


def tell(readings: "Sequence[str]") -> None:
    """Say where the prompt could have been read otherwise."""
    from rich.markup import escape

    for reading in readings:
        notes.print(f"[cyan]note:[/] {escape(reading)}")


def warn_of_unknown(model: "MotionPipeline", actions: "list[Action]") -> None:
    """Say which actions a model does not know or hardly makes, what is like them, and which counts it cuts short."""
    from mdm_adapter.advice import advice

    for line in advice(model, actions):
        notes.print(f"[yellow]warning:[/] {line}")


def show(plan: "Plan", method: str) -> None:
    """What happens when, and the pieces, or the method that makes none."""
    from rich.table import Table

    table = Table("action", "from", "to", "seconds")
    for part in plan.segments:
        start, end = part.start / plan.fps, part.end / plan.fps
        table.add_row(part.text, f"{start:g} s", f"{end:g} s", f"{end - start:g}")
    console.print(table)
    console.print(
        plan.describe() if method == "collage" else f"{plan.frames / plan.fps:g} s by the method {method}"
    )
