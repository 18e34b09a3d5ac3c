"""`motioncollage edit`: keep what there is of a motion, make the rest."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdm_adapter.commands.output import Output
from motioncollage.shell.common import load_pipeline, progress_bar
from motioncollage.shell.options import ModelOptions, OutputOptions, spread_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from mdm_adapter.io.npz import Segment
    from mdm_adapter.pipeline import MotionPipeline

app = typer.Typer(
    help="Edit real motion (.npz of ours or .bvh): in-between, extend, replace, joints, follow, reach, restyle, detail.",
    no_args_is_help=True,
)

Motion = Annotated[Path, typer.Argument(help="A motion: .npz of ours (its first sample) or .bvh.")]
Text = Annotated[str, typer.Option(help="What the new part shows; nothing lets the model choose.")]


@dataclass(frozen=True)
class EditOptions(OutputOptions, ModelOptions):
    """What all edits take."""

    preset: Annotated[str, typer.Option(help="As for generate: fast or paper.")] = "fast"
    steps: Annotated[int | None, typer.Option(help="Sampling steps, instead of the preset's.")] = None
    guidance: Annotated[float, typer.Option(help="Classifier-free guidance.")] = 3.0


MAX_PATH_BYTES = 1 << 20


@app.command()
@spread_options
def inbetween(
    first: Motion, second: Motion, options: EditOptions,
    seconds: Annotated[float, typer.Option(help="Length of the new part.")] = 2.0, text: Text = "",
) -> None:  # fmt: skip
    """Make the seconds between the end of one motion and the start of another."""
    from mdm_adapter.editing import known as editing

    job = Job(options)
    before, after = read_motion(first), read_motion(second)
    with progress_bar("sampling") as update:
        made, span = editing.inbetween(
            job.pipeline, before, after, seconds, job.settings, text=text, on_step=update
        )
    job.finish(
        made, kept_around(made, span, text), {"edit": "inbetween", "from": first.name, "to": second.name}
    )


@app.command()
@spread_options
def extend(
    motion: Motion, options: EditOptions,
    before: Annotated[float, typer.Option(help="Seconds to lead up to the motion.")] = 0.0,
    after: Annotated[float, typer.Option(help="Seconds to go on after it.")] = 0.0, text: Text = "",
) -> None:  # fmt: skip
    """Continue a motion forwards, backwards, or both."""
    from mdm_adapter.editing import known as editing
    from mdm_adapter.io.npz import Segment

    job = Job(options)
    features = read_motion(motion)
    with progress_bar("sampling") as update:
        made, (start, end) = editing.extend(
            job.pipeline, features, job.settings, before=before, after=after, text=text, on_step=update
        )
    new = text or "new"
    spans = [(new, 0, start), ("kept", start, end), (new, end, made.shape[1])]
    segments = [Segment(name, a, b) for name, a, b in spans if b > a]
    job.finish(made, segments, {"edit": "extend", "source": motion.name})


@app.command("replace")
@spread_options
def replace_(
    motion: Motion, options: EditOptions,
    start: Annotated[float, typer.Option("--from", help="Where the new part starts, seconds.")],
    end: Annotated[float, typer.Option("--to", help="Where it ends, seconds.")],
    text: Text = "",
    anchored: Annotated[
        bool,
        typer.Option(
            help="Keep what follows in its place; otherwise it goes on from wherever the new part leads."
        ),
    ] = True,
) -> None:  # fmt: skip
    """Make a stretch of a motion anew, under another text, and keep the rest."""
    from mdm_adapter.editing import known as editing

    job = Job(options)
    features = read_motion(motion)
    with progress_bar("sampling") as update:
        made, span = editing.replace_range(
            job.pipeline, features, start, end, text, job.settings, anchored=anchored, on_step=update
        )
    job.finish(made, kept_around(made, span, text), {"edit": "replace", "source": motion.name})


@app.command()
@spread_options
def joints(
    motion: Motion, options: EditOptions, text: Text = "",
    only: Annotated[
        str, typer.Option(help="upper-body, arms, left-arm, right-arm, head, legs, or numbers such as 16,18,20.")
    ] = "upper-body",
) -> None:  # fmt: skip
    """Make some joints anew and keep the others, the path and the facing."""
    from mdm_adapter.editing import known as editing
    from mdm_adapter.io.npz import Segment

    chosen = read_joints(only)
    job = Job(options)
    features = read_motion(motion)
    with progress_bar("sampling") as update:
        made = editing.regenerate_joints(job.pipeline, features, chosen, text, job.settings, on_step=update)
    segment = Segment(text or "new " + only, 0, made.shape[1])
    job.finish(made, [segment], {"edit": "joints", "joints": chosen, "source": motion.name})


@app.command()
@spread_options
def restyle(
    motion: Motion, options: EditOptions, text: Text = "",
    strength: Annotated[float, typer.Option(help="0 keeps the motion, 1 forgets it.")] = 0.6,
) -> None:  # fmt: skip
    """Do a motion over in another manner (SDEdit)."""
    from mdm_adapter.editing import redoing
    from mdm_adapter.io.npz import Segment

    job = Job(options)
    features = read_motion(motion)
    with progress_bar("sampling") as update:
        made = redoing.restyle(job.pipeline, features, text, strength, job.settings, on_step=update)
    segment = Segment(text or "restyled", 0, made.shape[1])
    job.finish(made, [segment], {"edit": "restyle", "strength": strength, "source": motion.name})


@app.command()
@spread_options
def detail(
    motion: Motion, options: EditOptions, text: Text = "",
    block: Annotated[int, typer.Option(help="Frames whose mean is kept, 20 a second.")] = 10,
) -> None:  # fmt: skip
    """Keep a motion's means over blocks of frames (a rough blocking) and make the detail anew."""
    from mdm_adapter.editing import redoing
    from mdm_adapter.io.npz import Segment

    job = Job(options)
    features = read_motion(motion)
    with progress_bar("sampling") as update:
        made = redoing.detail(job.pipeline, features, block, text, job.settings, on_step=update)
    segment = Segment(text or "new detail", 0, made.shape[1])
    job.finish(made, [segment], {"edit": "detail", "block": block, "source": motion.name})


@app.command()
@spread_options
def follow(
    prompt: Annotated[str, typer.Argument(help="As for generate.")], options: EditOptions,
    path: Annotated[str, typer.Option(help='Ground points in metres, "0,0 0,3 2,5", or a file of JSON or CSV rows x,z.')],
    seconds: Annotated[float | None, typer.Option(help="Length of the whole motion.")] = None,
) -> None:  # fmt: skip
    """Make a motion that runs along a path on the ground, and so ends where and facing as the path does."""
    from mdm_adapter.editing import known as editing
    from mdm_adapter.editing import paths
    from mdm_adapter.prompts import read_prompt

    points = read_path(path)
    actions = read_prompt(prompt)
    job = Job(options)
    plan = job.pipeline.plan(actions, job.settings, seconds=seconds)
    script = editing.Script(tuple((part.text, part.end - part.start) for part in plan.segments))
    with progress_bar("sampling") as update:
        made = paths.follow(job.pipeline, points, script, job.settings, on_step=update)
    job.finish(made, plan.segments, {"edit": "follow", "path": points.tolist()})


@app.command()
@spread_options
def reach(
    prompt: Annotated[str, typer.Argument(help="As for generate.")], options: EditOptions,
    to: Annotated[str, typer.Option(help='Where the motion ends, "x,z" in metres: x to the left of the start, z ahead.')],
    heading: Annotated[
        float | None, typer.Option(help="Degrees to the left that it ends facing; any by default.")
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of the whole motion.")] = None,
) -> None:  # fmt: skip
    """Make a motion that ends at a given place, facing a given way."""
    from mdm_adapter.editing import paths
    from mdm_adapter.prompts import read_prompt

    places = read_path(to)
    if len(places) != 1:
        raise ValueError(f'--to {to!r} holds {len(places)} points; give one, such as "0,3"')
    actions = read_prompt(prompt)
    job = Job(options)
    plan = job.pipeline.plan(actions, job.settings, seconds=seconds)
    place = (float(places[0, 0]), float(places[0, 1]))
    with progress_bar("sampling") as update:
        made = paths.reach(job.pipeline, place, heading, plan, job.settings, on_step=update)
    job.finish(made, plan.segments, {"edit": "reach", "to": list(place), "heading": heading})


class Job:
    """What all edits need: where to write, the model, the settings."""

    def __init__(self, options: EditOptions) -> None:
        from mdm_adapter.pipeline import MOTION_GUIDANCE, GenerateSettings
        from motioncollage.sampling.registry import preset

        self.settings: GenerateSettings = GenerateSettings(
            seed=options.seed, samples=options.samples, guidance=replace(MOTION_GUIDANCE, scale=options.guidance),
            sampler=preset(options.preset, steps=options.steps),
        )  # fmt: skip
        self.output = Output.of(options)
        self.output.check()
        self.pipeline: MotionPipeline = load_pipeline(options.model, options.device)

    def finish(self, features: "Tensor", segments: "Sequence[Segment]", about: dict[str, Any]) -> None:
        """Write features [samples, frames, 263] and what is drawn of them."""
        from mdm_adapter.pipeline import archive_of

        about = {**self.pipeline.describe(self.settings), **about}
        self.output.write(archive_of(features, segments, about))


def kept_around(made: "Tensor", span: tuple[int, int], text: str) -> "list[Segment]":
    """Segments: kept, new, kept."""
    from mdm_adapter.io.npz import Segment

    start, end = span
    parts = [("kept", 0, start), (text or "new", start, end), ("kept", end, made.shape[1])]
    return [Segment(name, a, b) for name, a, b in parts if b > a]


def read_motion(path: Path) -> "Tensor":
    """Features [frames, 263] of a motion file.

    Raises:
        ValueError: neither `.npz` nor `.bvh`, or its content is at fault.
    """
    import torch

    from mdm_adapter.io.bvh_reader import import_bvh
    from mdm_adapter.io.npz import load_archive
    from mdm_adapter.representation import features as representation

    if not path.exists():
        raise ValueError(f"motion {path} does not exist; give a .npz of ours or a .bvh")
    if path.suffix.lower() == ".npz":
        return torch.from_numpy(load_archive(path).features[0].copy())
    if path.suffix.lower() == ".bvh":
        return representation.from_joints(torch.from_numpy(import_bvh(path))).features
    raise ValueError(f"motion {path} is neither .npz nor .bvh; import it first")


def read_joints(names: str) -> list[int]:
    """Joint numbers from a named set or numbers with commas."""
    from mdm_adapter.editing.known import JOINT_SETS

    if names in JOINT_SETS:
        return list(JOINT_SETS[names])
    try:
        return sorted({int(name) for name in names.split(",")})
    except ValueError as error:
        raise ValueError(
            f"joints {names!r} are neither numbers with commas nor one of {', '.join(JOINT_SETS)}"
        ) from error


def read_path(text: str) -> "Tensor":
    """Ground points [points, 2] from text or a file of JSON or CSV rows.

    Raises:
        ValueError: something that is no list of pairs of numbers.
    """
    import torch

    if Path(text).suffix.lower() in (".json", ".csv"):
        file = Path(text)
        if not file.exists():
            raise ValueError(f"path file {file} does not exist")
        if file.stat().st_size > MAX_PATH_BYTES:
            raise ValueError(f"path file {file} is larger than {MAX_PATH_BYTES >> 20} MB")
        text = file.read_text(encoding="utf-8")
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [row.split(",") for row in text.replace("\n", " ").split()]
        points = [(float(x), float(z)) for x, z in rows]
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f'path {text[:40]!r} is not a list of points; write "0,0 0,3 2,5" (x,z in metres)'
        ) from error
    return torch.tensor(points)
