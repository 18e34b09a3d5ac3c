"""Edits as jobs: of motion that another job has made (extend, inbetween, replace), and along the ground (follow, reach)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mdm_adapter.editing.editor import Editor
from mdm_adapter.editing.paths import length_of
from mdm_adapter.maker import GenerateSettings
from mdm_adapter.motion import Motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.planning.lengths import check_speed
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.prompts import Action
from mdm_adapter.serving.fields import Field, read_place
from mdm_adapter.serving.jobs import Jobs
from mdm_adapter.serving.refusal import Refusal
from motioncollage.sampling.noise import OnStep

MAX_POINTS = 10_000
_PAIR = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}

EDIT_FIELDS = (
    Field("source", "string", "Of extend, inbetween, replace: id of a job that is done, whose motion is edited.", high=64),
    Field("source_sample", "integer", "Which of its motions, from 0; the first by default.", low=0, high=999),
    Field("second", "string", "Of inbetween: id of the job whose motion follows.", high=64),
    Field("second_sample", "integer", "Which of its motions, from 0; the first by default.", low=0, high=999),
    Field("text", "string", "Of extend, inbetween, replace: what the new part shows; the model chooses by default.",
          high=1000),
    Field("before", "number", "Of extend: seconds to lead up to the motion.", low=0, high=3600),
    Field("after", "number", "Of extend: seconds to go on after it.", low=0, high=3600),
    Field("start", "number", "Of replace: where the new part starts, seconds.", low=0, high=3600),
    Field("end", "number", "Of replace: where it ends, seconds.", low=0, high=3600),
    Field("anchored", "boolean", "Of replace: keep what follows in its place, true by default."),
    Field("points", "array", "Of follow: ground points [x, z] in metres, x to the left of the start, z ahead.", low=2,
          high=MAX_POINTS, schema={"items": _PAIR}),
    Field("place", "array", "Of reach: where the motion ends, [x, z] in metres.", low=2, high=2, schema=_PAIR),
    Field("heading", "number", "Of reach: degrees to the left that it ends facing; any by default.", low=-3600, high=3600),
)  # fmt: skip
_SOURCE = ("source", "source_sample", "text")
# What each kind of job takes besides what all take, the members that it cannot do without first.
TAKES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "generate": ((), ("prompt", "actions", "seconds")),
    "loop": ((), ("prompt", "actions", "seconds")),
    "extend": (("source",), (*_SOURCE, "before", "after")),
    "inbetween": (("source", "second"), (*_SOURCE, "second", "second_sample", "seconds")),
    "replace": (("source", "start", "end"), (*_SOURCE, "start", "end", "anchored")),
    "follow": (("points",), ("prompt", "actions", "seconds", "points")),
    "reach": (("place",), ("prompt", "actions", "seconds", "place", "heading")),
}
OF_MOTION = ("extend", "inbetween", "replace")
_SPECIAL = {name for _, takes in TAKES.values() for name in takes}


def check_members(kind: str, body: Mapping[str, Any]) -> None:
    """Refuse members that a kind of job does not take, or lacks."""
    needs, takes = TAKES[kind]
    for name in body:
        if name in _SPECIAL and name not in takes and body[name] is not None:
            raise Refusal(f"{name} is not for the kind {kind}; leave it out")
    for name in needs:
        if body.get(name) is None:
            raise Refusal(f"the kind {kind} needs {name}")


@dataclass(frozen=True)
class Shown:
    """What a motion will show.

    Attributes:
        parts: text, start and end in seconds.
        seconds: length of everything. fps: frames a second.
    """

    parts: tuple[tuple[str, float, float], ...]
    seconds: float
    fps: float

    @classmethod
    def of(cls, plan: Plan) -> "Shown":
        parts = tuple((part.text, part.start / plan.fps, part.end / plan.fps) for part in plan.segments)
        return cls(parts, plan.frames / plan.fps, plan.fps)

    @classmethod
    def spans(cls, fps: float, *lengths: tuple[str, float]) -> "Shown":
        """Parts one after the other, from their lengths; none without length."""
        found, at = [], 0.0
        for text, length in lengths:
            if length > 0:
                found.append((text, at, at + length))
                at += length
        return cls(tuple(found), at, fps)


@dataclass(frozen=True)
class Edit:
    """An edit that can begin.

    Attributes:
        make: runs it with a model's edits; told of each step.
        shown: what the result will be.
    """

    make: Callable[[Editor, OnStep], Motion]
    shown: Shown


def prepare(
    kind: str, given: Mapping[str, Any], actions: Sequence[Action], model: MotionPipeline, jobs: Jobs,
    settings: GenerateSettings,
) -> Edit:  # fmt: skip
    """What a request asks for, with its motions found.

    Raises:
        ValueError: one line for the client: a job that has no result, or members that are at fault.
    """
    if kind in OF_MOTION:
        return _of_motion(kind, given, jobs, settings)
    path = [read_place(point) for point in given["points"] or ()]
    place = None if given["place"] is None else read_place(given["place"])
    metres = length_of(torch.tensor(path)) if place is None else math.hypot(*place)
    plan = model.plan(actions, settings, seconds=given["seconds"], metres=metres)
    check_speed(plan.segments, plan.fps, metres, model.expected)
    heading = given["heading"]

    def make(edit: Editor, step: OnStep) -> Motion:
        if place is None:
            return edit.follow(plan, path, settings=settings, on_step=step)
        return edit.reach(plan, place, heading=heading, settings=settings, on_step=step)

    return Edit(make, Shown.of(plan))


def _of_motion(kind: str, given: Mapping[str, Any], jobs: Jobs, settings: GenerateSettings) -> Edit:
    text = given["text"] or ""
    new = text or "new"
    first = jobs.motion(given["source"]).sample(given["source_sample"] or 0)
    length = first.seconds
    if kind == "extend":
        before, after = given["before"] or 0.0, given["after"] or 0.0
        if not before + after:
            raise Refusal("extend by how long? give before or after, in seconds")
        return Edit(
            lambda edit, step: edit.extend(first, before=before, after=after, text=text, settings=settings, on_step=step),
            Shown.spans(first.fps, (new, before), ("kept", length), (new, after)),
        )  # fmt: skip
    if kind == "inbetween":
        second = jobs.motion(given["second"]).sample(given["second_sample"] or 0)
        seconds = 2.0 if given["seconds"] is None else given["seconds"]
        return Edit(
            lambda edit, step: edit.inbetween(first, second, seconds=seconds, text=text, settings=settings, on_step=step),
            Shown.spans(first.fps, ("kept", length), (new, seconds), ("kept", second.seconds)),
        )  # fmt: skip
    start, end = given["start"], given["end"]
    anchored = given["anchored"] is not False
    if not start < end <= length:
        raise Refusal(f"start is {start:g} and end {end:g}; give start < end, at most {length:g}")
    return Edit(
        lambda edit, step: edit.replace(
            first, start, end, text=text, anchored=anchored, settings=settings, on_step=step
        ),
        Shown.spans(first.fps, ("kept", start), (new, end - start), ("kept", length - end)),
    )
