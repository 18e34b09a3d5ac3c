"""`motioncollage generate`, `loop` and `split`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from motioncollage.cli.common import BUNDLED, console, load_pipeline, notes, progress_bar
from motioncollage.cli.output import Output

if TYPE_CHECKING:
    from mdm_adapter.pipelines import GenerateSettings, MotionPipeline
    from mdm_adapter.planning import Plan
    from mdm_adapter.prompts import Action
    from motioncollage.sampling import SamplerSettings

FPS = 20

Prompt = Annotated[
    str,
    typer.Argument(
        help='A sentence, "a | b | c", or a timeline: [{"text": ..., "seconds": ...}], a .json or a .csv file.'
    ),
]
Out = Annotated[Path, typer.Option(help="Folder for motion.npz, motion.mp4 and contact_sheet.png.")]
Seconds = Annotated[
    float | None, typer.Option(help="Length of the whole motion; by default each action gets its own.")
]
Samples = Annotated[int, typer.Option(help="How many motions to make of the same prompt.")]
Seed = Annotated[int, typer.Option(help="The same command with the same seed gives the same motion.")]
Overlap = Annotated[float, typer.Option(help="Seconds that neighbouring pieces share.")]
Taper = Annotated[
    float,
    typer.Option(
        help="Part of an overlap over which a piece fades out; 0 is the paper's composition, 1 a cross-fade."
    ),
]
Style = Annotated[
    str, typer.Option(help="Text of the overlaps, such as a manner that all actions share; empty for none.")
]
Piece = Annotated[float | None, typer.Option(help="Seconds of the pieces that a long action is cut into.")]
Preset = Annotated[
    str,
    typer.Option(help="fast (10 evaluations) or paper (50 even steps of DDIM); the options below change it."),
]
Steps = Annotated[int | None, typer.Option(help="Sampling steps.")]
Sampler = Annotated[str | None, typer.Option(help="ddim, ddpm, euler, heun, deis, dpm++, dpm++sde or unipc.")]
Spacing = Annotated[
    float | None,
    typer.Option(help="1 spaces steps evenly; 2 or 3 put more at high noise, which few steps need."),
]
Eta = Annotated[float | None, typer.Option(help="Share of the noise that ddim renews: 0 none, 1 as ddpm.")]
Guidance = Annotated[
    float, typer.Option(help="Classifier-free guidance: 1 none, higher follows the text more.")
]
GuidanceLimit = Annotated[
    float,
    typer.Option(
        help="Noise-to-signal ratio above which --guidance-above holds; inf for one scale throughout."
    ),
]
GuidanceAbove = Annotated[float, typer.Option(help="Guidance at the noise levels above the limit.")]
Model = Annotated[str, typer.Option(help="A bundled model or a checkpoint folder (args.json + model*.pt).")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, mps.")]
Precision = Annotated[
    str, typer.Option(help="auto (bfloat16 where it is fast; float32 for the last steps), float32, bfloat16.")
]
Video = Annotated[bool, typer.Option(help="Render motion.mp4.")]
Sheet = Annotated[bool, typer.Option(help="Draw contact_sheet.png.")]
Force = Annotated[bool, typer.Option(help="Replace files that are there.")]


def generate(
    prompt: Prompt, out: Out = Path("out"), seconds: Seconds = None, samples: Samples = 1, seed: Seed = 0,
    overlap: Overlap = 0.5, taper: Taper = 0.5, style: Style = "", piece: Piece = None,
    preset: Preset = "fast", steps: Steps = None, sampler: Sampler = None, spacing: Spacing = None, eta: Eta = None,
    guidance: Guidance = 3.0,
    guidance_limit: GuidanceLimit = 6.4, guidance_above: GuidanceAbove = 2.0, model: Model = BUNDLED,
    device: Device = "auto", precision: Precision = "auto",
    video: Video = True, sheet: Sheet = True, force: Force = False,
) -> None:  # fmt: skip
    """Make one continuous motion in which the actions of the prompt follow each other."""
    request = _settings(
        samples, seed, overlap, taper, style, piece, sampling(preset, steps, sampler, spacing, eta), guidance,
        guidance_limit, guidance_above, precision,
    )  # fmt: skip
    actions = _read(prompt)
    output = Output(out, samples, video=video, sheet=sheet, force=force)
    output.check()
    _make(load_pipeline(model, device), actions, request, output, seconds=seconds, looped=False)


def loop(
    prompt: Prompt, out: Out = Path("out"), seconds: Seconds = None,
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
    tile: Annotated[int, typer.Option(help="Cycles that the video shows.")] = 2,
    samples: Samples = 1, seed: Seed = 0,
    overlap: Overlap = 0.5, taper: Taper = 0.5, style: Style = "", piece: Piece = None,
    preset: Preset = "fast", steps: Steps = None, sampler: Sampler = None, spacing: Spacing = None, eta: Eta = None,
    guidance: Guidance = 3.0,
    guidance_limit: GuidanceLimit = 6.4, guidance_above: GuidanceAbove = 2.0, model: Model = BUNDLED,
    device: Device = "auto", precision: Precision = "auto",
    video: Video = True, sheet: Sheet = True, force: Force = False,
) -> None:  # fmt: skip
    """Make a motion whose last frame flows into its first."""
    from dataclasses import replace

    from mdm_adapter.loops import LoopPath

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
    request = _settings(
        samples, seed, overlap, taper, style, piece, sampling(preset, steps, sampler, spacing, eta), guidance,
        guidance_limit, guidance_above, precision,
    )  # fmt: skip
    request = replace(request, path=LoopPath(path, 360.0 if turn is None else turn))
    actions = _read(prompt)
    output = Output(out, samples, video=video, sheet=sheet, force=force, cycles=tile)
    output.check()
    _make(load_pipeline(model, device), actions, request, output, seconds=seconds, looped=True)


def split(prompt: Prompt) -> None:
    """Show the actions that a prompt is split into."""
    table = Table("", "action", "seconds")
    for number, action in enumerate(_read(prompt), 1):
        table.add_row(
            str(number), action.text or "(gap)", "" if action.seconds is None else f"{action.seconds:g}"
        )
    console.print(table)


def sampling(
    name: str, steps: int | None, sampler: str | None, spacing: float | None, eta: float | None = None
) -> "SamplerSettings":
    """A preset with what was asked for otherwise."""
    from motioncollage.sampling import preset

    return preset(name, steps=steps, sampler=sampler, spacing=spacing, eta=eta)


def _settings(
    samples: int,
    seed: int,
    overlap: float,
    taper: float,
    style: str,
    piece: float | None,
    sampler: "SamplerSettings",
    guidance: float,
    guidance_limit: float,
    guidance_above: float,
    precision: str,
) -> "GenerateSettings":
    import math

    from mdm_adapter.pipelines import GenerateSettings
    from motioncollage.guidance import Guidance

    for name, value in (("overlap", overlap), ("piece", piece)):
        if value is not None and (not math.isfinite(value) or value <= 0):
            raise ValueError(f"--{name} is {value:g}; give seconds above 0")
    return GenerateSettings(
        seed=seed,
        samples=samples,
        guidance=Guidance(guidance, limit=guidance_limit, above=guidance_above),
        precision=precision,
        piece=None if piece is None else round(piece * FPS),
        overlap=round(overlap * FPS),
        taper=taper,
        style=style,
        sampler=sampler,
    )


def _read(prompt: str) -> "list[Action]":
    from mdm_adapter.prompts import read_prompt

    return read_prompt(prompt)


def _make(
    pipeline: "MotionPipeline", actions: "list[Action]", settings: "GenerateSettings", output: Output, *,
    seconds: float | None, looped: bool,
) -> None:  # fmt: skip
    """Plan, generate, write; says what it chose."""
    warn_of_unknown(pipeline, actions)
    plan = pipeline.plan(actions, settings, seconds=seconds, loop=looped)
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
