"""`motioncollage edit`: keep what there is of a motion, make the rest."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdm_adapter.commands.generate import show, warn_of_unknown
from mdm_adapter.commands.options import (
    READABLE,
    GuidanceScale,
    ModelOptions,
    OutputOptions,
    Prompt,
    ReadOptions,
)
from mdm_adapter.commands.output import Output
from motioncollage.shell import values
from motioncollage.shell.options import GuidanceOptions, SamplingOptions, spread_options
from motioncollage.shell.output import progress_bar

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion
    from mdm_adapter.pipeline import MotionPipeline
    from mdm_adapter.planning.pieces import Plan

app = typer.Typer(
    help="Edit real motion: in-between, extend, replace, joints, follow, reach, restyle, detail.",
    no_args_is_help=True,
)

MotionFile = Annotated[
    Path,
    values.file_to_read(f"A motion: {READABLE}; its first sample.", what="motion"),
]
Text = Annotated[
    str, values.option("What the new part shows; nothing lets the model choose.", panel=values.MAKING)
]
Whole = Annotated[
    float | None,
    values.seconds(
        "Length of the whole motion; by default what the way takes at the action's speed.",
        panel=values.LENGTH,
    ),
]


@dataclass(frozen=True)
class EditOptions(OutputOptions, ModelOptions):
    """What all edits take; some have a --to of their own, so formats are --export here."""

    formats: Annotated[
        str,
        values.option(
            "Also write these formats, with commas: bvh, glb, html, smpl, csv, npy.",
            "--export",
            panel=values.OUTPUT,
        ),
    ] = ""

    preset: Annotated[str, values.option("As for generate: fast, paper or mdm.", panel=values.QUALITY)] = (
        "fast"
    )
    sampler: Annotated[
        str | None, values.option("As for generate, instead of the preset's.", panel=values.QUALITY)
    ] = None
    steps: Annotated[int | None, values.steps("Sampling steps, instead of the preset's.")] = None
    guidance: GuidanceScale = None


@dataclass(frozen=True)
class FileEditOptions(EditOptions, ReadOptions):
    """What edits of files take."""


@app.command()
@spread_options
def inbetween(
    first: MotionFile, second: MotionFile, options: FileEditOptions,
    seconds: Annotated[float, values.seconds("Length of the new part.", panel=values.LENGTH)] = 2.0,
    text: Text = "",
) -> None:  # fmt: skip
    """Make the seconds between the end of one motion and the start of another."""
    job = Job(options, first, second)
    job.make(lambda model, **how: model.edit.inbetween(*job.motions, seconds=seconds, text=text, **how))


@app.command()
@spread_options
def extend(
    motion: MotionFile, options: FileEditOptions,
    before: Annotated[
        float, values.seconds("Seconds to lead up to the motion.", zero=True, panel=values.LENGTH)
    ] = 0.0,
    after: Annotated[float, values.seconds("Seconds to go on after it.", zero=True, panel=values.LENGTH)] = 0.0,
    text: Text = "",
) -> None:  # fmt: skip
    """Continue a motion forwards, backwards, or both."""
    job = Job(options, motion)
    job.make(
        lambda model, **how: model.edit.extend(*job.motions, before=before, after=after, text=text, **how)
    )


@app.command("replace")
@spread_options
def replace_(
    motion: MotionFile, options: FileEditOptions,
    start: Annotated[
        float, values.seconds("Where the new part starts, seconds.", "--from", zero=True, panel=values.LENGTH)
    ],
    end: Annotated[float, values.seconds("Where it ends, seconds.", "--to", panel=values.LENGTH)],
    text: Text = "",
    anchored: Annotated[
        bool,
        values.option(
            "Keep what follows in its place; otherwise it goes on from wherever the new part leads.",
            panel=values.MAKING,
        ),
    ] = True,
) -> None:  # fmt: skip
    """Make a stretch of a motion anew, under another text, and keep the rest."""
    job = Job(options, motion)
    job.make(
        lambda model, **how: model.edit.replace(*job.motions, start, end, text=text, anchored=anchored, **how)
    )


@app.command()
@spread_options
def joints(
    motion: MotionFile, options: FileEditOptions, text: Text = "",
    only: Annotated[
        str,
        values.option(
            "upper-body, arms, left-arm, right-arm, head, legs, or numbers such as 16,18,20.", panel=values.MAKING
        ),
    ] = "upper-body",
) -> None:  # fmt: skip
    """Make some joints anew and keep the others, the path and the facing."""
    job = Job(options, motion)
    job.make(lambda model, **how: model.edit.joints(*job.motions, only, text=text, **how))


@app.command()
@spread_options
def restyle(
    motion: MotionFile, options: FileEditOptions, text: Text = "",
    strength: Annotated[
        float, values.number("0 keeps the motion, 1 forgets it.", above=0, most=1, panel=values.MAKING)
    ] = 0.6,
) -> None:  # fmt: skip
    """Do a motion over in another manner (SDEdit)."""
    job = Job(options, motion)
    job.make(lambda model, **how: model.edit.restyle(*job.motions, text=text, strength=strength, **how))


@app.command()
@spread_options
def detail(
    motion: MotionFile, options: FileEditOptions, text: Text = "",
    block: Annotated[
        int,
        values.count(
            "Frames of the model (20 a second for the bundled one) whose mean is kept.", most=100_000,
            panel=values.MAKING,
        ),
    ] = 10,
) -> None:  # fmt: skip
    """Keep a motion's means over blocks of frames (a rough blocking) and make the detail anew."""
    job = Job(options, motion)
    job.make(lambda model, **how: model.edit.detail(*job.motions, block=block, text=text, **how))


@app.command()
@spread_options
def follow(
    prompt: Prompt, options: EditOptions,
    path: Annotated[
        str,
        values.option(
            'Ground points in metres, "0,0 0,3 2,5", or a file of JSON or CSV rows x,z.', panel=values.MAKING
        ),
    ],
    seconds: Whole = None,
) -> None:  # fmt: skip
    """Make a motion that runs along a path on the ground, and so ends where and facing as the path does."""
    from mdm_adapter.editing.paths import length_of
    from mdm_adapter.editing.points import read_points

    points = read_points(path)
    job = Job(options)
    plan = job.plan(prompt, seconds, length_of(points))
    job.make(lambda model, **how: model.edit.follow(plan, points, **how))


@app.command()
@spread_options
def reach(
    prompt: Prompt, options: EditOptions,
    to: Annotated[
        str,
        values.option(
            'Where the motion ends, "x,z" in metres: x to the left of the start, z ahead.', panel=values.MAKING
        ),
    ],
    heading: Annotated[
        float | None,
        values.number(
            "Degrees to the left that it ends facing; any by default.", least=-36_000, most=36_000,
            panel=values.MAKING,
        ),
    ] = None,
    seconds: Whole = None,
) -> None:  # fmt: skip
    """Make a motion that ends at a given place, facing a given way."""
    from mdm_adapter.editing.points import read_place

    place = read_place(to)
    job = Job(options)
    plan = job.plan(prompt, seconds, math.hypot(*place))
    job.make(lambda model, **how: model.edit.reach(plan, place, heading=heading, **how))


class Job:
    """What all edits need: where to write, the model, the settings, the motions."""

    def __init__(self, options: EditOptions, *files: Path) -> None:
        from motioncollage.models import at_hand, load_model

        at_hand(options.model, medium="motion")
        from mdm_adapter.maker import GenerateSettings

        self.output = Output.of(options)
        self.output.check()
        read = options.read(files) if isinstance(options, FileEditOptions) else ()
        self.motions = [self._named(motion, file) for motion, file in zip(read, files)]
        sampling = SamplingOptions(options.preset, options.steps, options.sampler)
        sampling.settings()  # refused before the model is loaded
        self.model: MotionPipeline = load_model(
            options.model, medium="motion", device=options.device, text_encoder=options.text_encoder
        )
        self.settings = GenerateSettings(
            seed=options.seed,
            samples=options.samples,
            **sampling.with_model(self.model.model, GuidanceOptions(options.guidance)),
        )

    @staticmethod
    def _named(motion: "Motion", file: Path) -> "Motion":
        return replace(motion, settings={**motion.settings, "source": file.name})

    def plan(self, prompt: str, seconds: float | None, metres: float) -> "Plan":
        """Which pieces go so far, in the time that it takes unless told."""
        from mdm_adapter.planning.lengths import check_speed
        from mdm_adapter.prompts import read_prompt

        actions = read_prompt(prompt)
        warn_of_unknown(self.model, actions)
        plan = self.model.plan(actions, self.settings, seconds=seconds, metres=metres)
        check_speed(plan.segments, plan.fps, metres, self.model.expected)
        show(plan, "collage")
        return plan

    def make(self, edit: "Callable[..., Motion]") -> None:
        """Run an edit of the model and write what it makes."""
        with self.output.making(), progress_bar("sampling") as update:
            how: dict[str, Any] = {"settings": self.settings, "on_step": update}
            motion = edit(self.model, **how)
        self.output.write(motion, self.model)
