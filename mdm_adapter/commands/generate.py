"""`motioncollage generate`, `loop` and `split`."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from mdm_adapter.commands.output import Output
from motioncollage.shell.common import console, load_pipeline, notes, progress_bar
from motioncollage.shell.options import (
    FPS,
    GuidanceOptions,
    ModelOptions,
    OutputOptions,
    PieceOptions,
    SamplingOptions,
    spread_options,
)

if TYPE_CHECKING:
    from mdm_adapter.pipeline import GenerateSettings, MotionPipeline
    from mdm_adapter.planning.pieces import Plan
    from mdm_adapter.prompts import Action

Prompt = Annotated[
    str,
    typer.Argument(
        help='A sentence, "a | b | c", or a timeline: [{"text": ..., "seconds": ...}], a .json or a .csv file.'
    ),
]
Seconds = Annotated[
    float | None, typer.Option(help="Length of the whole motion; by default each action gets its own.")
]
Precision = Annotated[
    str, typer.Option(help="auto (bfloat16 where it is fast; float32 for the last steps), float32, bfloat16.")
]


@spread_options
def generate(
    prompt: Prompt, output: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
    model: ModelOptions, seconds: Seconds = None, precision: Precision = "auto",
) -> None:  # fmt: skip
    """Make one continuous motion in which the actions of the prompt follow each other."""
    settings = _settings(output, pieces, sampling, guidance, precision)
    _make(prompt, settings, output, model, seconds=seconds)


@spread_options
def loop(
    prompt: Prompt, output: OutputOptions, pieces: PieceOptions, sampling: SamplingOptions, guidance: GuidanceOptions,
    model: ModelOptions, seconds: Seconds = None,
    frames: Annotated[int | None, typer.Option(help="Period in frames (20 a second), instead of --seconds.")] = None,
    path: Annotated[
        str,
        typer.Option(
            help="Way of a cycle: free, in-place (ends where it began), circular (--turn), or travelling (no net turn)."
        ),
    ] = "free",
    turn: Annotated[
        float | None, typer.Option(help="Degrees to the left in a cycle of a circular path; 360 by default.")
    ] = None,
    tile: Annotated[int, typer.Option(help="Cycles that the video shows.")] = 2, precision: Precision = "auto",
) -> None:  # fmt: skip
    """Make a motion whose last frame flows into its first."""
    from mdm_adapter.editing.loops import LoopPath

    if turn is not None and path != "circular":
        raise ValueError(f"--turn is {turn:g} but --path is {path}; only a circular path turns")
    if frames is not None:
        if seconds is not None:
            raise ValueError(
                f"--frames {frames} and --seconds {seconds:g} say the same; leave one of the two out"
            )
        seconds = frames / FPS
    if not 1 <= tile <= 100:
        raise ValueError(f"--tile is {tile}; show 1 to 100 cycles")
    settings = replace(
        _settings(output, pieces, sampling, guidance, precision),
        path=LoopPath(path, 360.0 if turn is None else turn),
    )
    _make(prompt, settings, output, model, seconds=seconds, cycles=tile)


def split(prompt: Prompt) -> None:
    """Show the actions that a prompt is split into."""
    table = Table("", "action", "seconds")
    for number, action in enumerate(_read(prompt), 1):
        table.add_row(
            str(number), action.text or "(gap)", "" if action.seconds is None else f"{action.seconds:g}"
        )
    console.print(table)


def _settings(
    output: OutputOptions,
    pieces: PieceOptions,
    sampling: SamplingOptions,
    guidance: GuidanceOptions,
    precision: str,
) -> "GenerateSettings":
    from mdm_adapter.pipeline import GenerateSettings

    return GenerateSettings(
        seed=output.seed, samples=output.samples, guidance=guidance.settings(), sampler=sampling.settings(),
        precision=precision, **pieces.settings(),
    )  # fmt: skip


def _read(prompt: str) -> "list[Action]":
    from mdm_adapter.prompts import read_prompt

    return read_prompt(prompt)


def _make(
    prompt: str, settings: "GenerateSettings", wanted: OutputOptions, model: ModelOptions, *,
    seconds: float | None, cycles: int | None = None,
) -> None:  # fmt: skip
    """Plan, generate, write; says what it chose. `cycles` make it a loop."""
    actions = _read(prompt)
    output = Output.of(wanted, cycles=cycles or 1)
    output.check()
    pipeline = load_pipeline(model.model, model.device)
    warn_of_unknown(pipeline, actions)
    plan = pipeline.plan(actions, settings, seconds=seconds, loop=cycles is not None)
    _show(plan)
    with progress_bar("sampling") as update:
        archive = pipeline.generate(plan, settings, on_step=update)
    output.write(archive)


def warn_of_unknown(pipeline: "MotionPipeline", actions: "list[Action]") -> None:
    for match in pipeline.matches(actions):
        if not match.familiar:
            closest = "; ".join(entry.captions[0].rstrip(".") for entry, _ in match.nearest)
            notes.print(
                f"[yellow]warning:[/] this model does not know {match.text!r}; the closest it knows: {closest}"
            )


def _show(plan: "Plan") -> None:
    table = Table("action", "from", "to", "seconds")
    for part in plan.segments:
        start, end = part.start / FPS, part.end / FPS
        table.add_row(part.text, f"{start:g} s", f"{end:g} s", f"{end - start:g}")
    console.print(table)
    console.print(plan.describe())
