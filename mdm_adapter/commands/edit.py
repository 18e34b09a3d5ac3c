"""`motioncollage edit`: keep what there is of a motion, make the rest."""

import math
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mdm_adapter.commands.job import Job
from mdm_adapter.commands.options import Feet, Prompt
from mdm_adapter.io.incoming import READABLE, ReadOptions
from mdm_adapter.io.output import OutputOptions
from motioncollage.shell import values
from motioncollage.shell.options import GuidanceOptions, ModelOptions, SamplingOptions, Scale, Seconds, Steps

if TYPE_CHECKING:
    from mdm_adapter.motion import Motion
    from mdm_adapter.pipeline import MotionPipeline
    from mdm_adapter.planning.pieces import Plan

app = typer.Typer(
    help="Edit real motion: in-between, extend, replace, joints, follow, reach, restyle, detail.",
    no_args_is_help=True,
)

MotionFile = Annotated[
    Path, values.file_to_read(f"A motion: {READABLE}; its first sample.", what="motion")
]  # fmt: skip
Text = Annotated[
    str, values.option("What the new part shows; nothing lets the model choose.", panel=values.MAKING)
]
Whole = Annotated[
    float,
    values.seconds(
        "Length of the whole motion; by default what the way takes at the action's speed.", panel=values.LENGTH
    ),
]  # fmt: skip
Lead = Annotated[float, values.seconds(zero=True)]


@dataclass(frozen=True)
class EditOptions(OutputOptions, ModelOptions):
    """What all edits take; some have a --to of their own, so formats are --export here.

    How good:
        preset: As for generate: fast, paper or mdm.
        sampler: As for generate, instead of the preset's.
        steps: Sampling steps, instead of the preset's.
        guidance: Classifier-free guidance: 1 none, higher follows the text more; the model's own by default.
    """

    formats: Annotated[str, values.named("--export")] = ""
    preset: str = "fast"
    sampler: str | None = None
    steps: Steps | None = None
    guidance: Scale | None = None

    def job(self, feet: str | None = None) -> Job:
        sampling = SamplingOptions(self.preset, self.steps, self.sampler)
        return Job(self, self, sampling, GuidanceOptions(self.guidance), feet=feet)


@dataclass(frozen=True)
class FileEditOptions(EditOptions, ReadOptions):
    """What edits of files take."""

    def open(self, *files: Path) -> "tuple[Job, MotionPipeline, list[Motion]]":
        """A job with its model, and the motions of files, which remember their names."""
        job = self.job()
        motions = [
            replace(motion, settings={**motion.settings, "source": file.name})
            for motion, file in zip(self.read(files), files)
        ]
        return job, job.load(), motions


@app.command()
def inbetween(
    first: MotionFile, second: MotionFile, options: FileEditOptions, seconds: Seconds = 2.0, text: Text = ""
) -> None:
    """Make the seconds between the end of one motion and the start of another.

    How long:
        seconds: Length of the new part.
    """
    job, model, motions = options.open(first, second)
    job.make(partial(model.edit.inbetween, *motions, seconds=seconds, text=text))


@app.command()
def extend(
    motion: MotionFile, options: FileEditOptions, before: Lead = 0.0, after: Lead = 0.0, text: Text = ""
) -> None:
    """Continue a motion forwards, backwards, or both.

    How long:
        before: Seconds to lead up to the motion.
        after: Seconds to go on after it.
    """
    job, model, (source,) = options.open(motion)
    job.make(partial(model.edit.extend, source, before=before, after=after, text=text))


@app.command("replace")
def replace_(
    motion: MotionFile, options: FileEditOptions, start: Annotated[Lead, values.named("--from")],
    end: Annotated[Seconds, values.named("--to")], text: Text = "", anchored: bool = True,
) -> None:  # fmt: skip
    """Make a stretch of a motion anew, under another text, and keep the rest.

    How long:
        start: Where the new part starts, seconds.
        end: Where it ends, seconds.
    What to make:
        anchored: Keep what follows in its place; otherwise it goes on from wherever the new part leads.
    """
    job, model, (source,) = options.open(motion)
    job.make(partial(model.edit.replace, source, start, end, text=text, anchored=anchored))


@app.command()
def joints(motion: MotionFile, options: FileEditOptions, text: Text = "", only: str = "upper-body") -> None:
    """Make some joints anew and keep the others, the path and the facing.

    What to make:
        only: upper-body, arms, left-arm, right-arm, head, legs, or numbers such as 16,18,20.
    """
    job, model, (source,) = options.open(motion)
    job.make(partial(model.edit.joints, source, only, text=text))


@app.command()
def restyle(
    motion: MotionFile, options: FileEditOptions, text: Text = "",
    strength: Annotated[float, values.number(above=0, most=1)] = 0.6,
) -> None:  # fmt: skip
    """Do a motion over in another manner (SDEdit).

    What to make:
        strength: 0 keeps the motion, 1 forgets it.
    """
    job, model, (source,) = options.open(motion)
    job.make(partial(model.edit.restyle, source, text=text, strength=strength))


@app.command()
def detail(
    motion: MotionFile, options: FileEditOptions, text: Text = "",
    block: Annotated[int, values.count(most=100_000)] = 10,
) -> None:  # fmt: skip
    """Keep a motion's means over blocks of frames (a rough blocking) and make the detail anew.

    What to make:
        block: Frames of the model (20 a second for the bundled one) whose mean is kept.
    """
    job, model, (source,) = options.open(motion)
    job.make(partial(model.edit.detail, source, block=block, text=text))


@app.command()
def follow(
    prompt: Prompt, options: EditOptions, path: str, seconds: Whole | None = None, feet: Feet | None = None
) -> None:
    """Make a motion that runs along a path on the ground, and so ends where and facing as the path does.

    What to make:
        path: Ground points in metres, "0,0 0,3 2,5", or a file of JSON or CSV rows x,z.
    """
    from mdm_adapter.editing.paths import length_of
    from mdm_adapter.editing.points import read_points

    points = read_points(path)
    job = options.job(feet)
    plan = _plan(job, prompt, seconds, length_of(points))
    job.make(partial(job.model.edit.follow, plan, points))


@app.command()
def reach(
    prompt: Prompt, options: EditOptions, to: str,
    heading: Annotated[float, values.number(least=-36_000, most=36_000)] | None = None,
    seconds: Whole | None = None, feet: Feet | None = None,
) -> None:  # fmt: skip
    """Make a motion that ends at a given place, facing a given way.

    What to make:
        to: Where the motion ends, "x,z" in metres: x to the left of the start, z ahead.
        heading: Degrees to the left that it ends facing; any by default.
    """
    from mdm_adapter.editing.points import read_place

    place = read_place(to)
    job = options.job(feet)
    plan = _plan(job, prompt, seconds, math.hypot(*place))
    job.make(partial(job.model.edit.reach, plan, place, heading=heading))


def _plan(job: Job, prompt: str, seconds: float | None, metres: float) -> "Plan":
    """Which pieces go so far, in the time that it takes unless told."""
    from mdm_adapter.planning.lengths import check_speed
    from mdm_adapter.prompts import read_prompt
    from mdm_adapter.telling import show, warn

    model = job.load()
    actions = read_prompt(prompt)
    warn(model, actions)
    plan = model.plan(actions, job.settings, seconds=seconds, metres=metres)
    check_speed(plan.segments, plan.fps, metres, model.expected)
    show(plan)
    return plan
