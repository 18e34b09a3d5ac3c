"""What a page asks to be made of a project: everything, what has changed, one block, all from a block on, another manner."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arrival
from mdm_adapter.editing.assembling import New, Part, assemble
from mdm_adapter.editing.known import Script
from mdm_adapter.editing.loops import LoopPath
from mdm_adapter.editing.paths import length_of
from mdm_adapter.maker import FREE, GenerateSettings
from mdm_adapter.motion import Motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.planning.lengths import check_speed
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.segments import Segment
from mdm_adapter.serving.edits import Shown
from mdm_adapter.serving.fields import Field, read_fields
from mdm_adapter.serving.jobs import Watch
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.serving.service import Service
from mdm_adapter.studio.project import NO_LOOP, Document, Project, Span, Take
from mdm_adapter.studio.spans import JOIN_SECONDS, TAKE, Laid, Piece, blocks_on, find, lay, pieces_of
from mdm_adapter.studio.store import Store
from motioncollage.sampling.noise import OnStep
from motioncollage.sampling.registry import preset

WAYS = ("all", "changed", "block", "onward", "restyle")
MAKE_FIELDS = (
    Field("what", "string", "What is made: all, what changed, a block, all from a block on, another manner.", "changed",
          choices=WAYS),
    Field("block", "string", "Of block and onward: which.", "", high=40),
    Field("text", "string", "Of restyle: in which manner.", "", high=1000),
    Field("strength", "number", "Of restyle: how much changes.", 0.6, low=0.1, high=1),
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Something that can be made.

    Attributes:
        make: runs it with a watched model.
        spans: of the result. frames: of it. runs: of the sampler. how: for people.
    """

    make: Callable[[MotionPipeline, GenerateSettings, OnStep], Motion]
    spans: tuple[Span, ...]
    runs: int
    how: str


def ask(service: Service, store: Store, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Queue what a page asks to be made of the project as it was saved; what it is told of the job.

    When it is done its takes are kept in the project, whether a page still waits or not.

    Raises:
        ValueError: one line for the page.
    """
    given = read_fields(body, MAKE_FIELDS)
    project = store.read(name)
    document, model = project.document, service.model
    # Parts of a take are kept by their features, which hold no planted feet: what is kept is to be the same to the bit.
    settings = GenerateSettings(
        feet=FREE, seed=document.seed, samples=document.count, sampler=preset("fast"), path=path_of(document),
        batch_limit=service.batch_limit, precision=service.precision,
    )  # fmt: skip
    asked = _asked(project, given, model, settings, store)
    batch = secrets.token_hex(6)
    fps, last = model.representation.fps, asked.spans[-1].end
    shown = Shown(
        tuple((span.text, span.start / fps, span.end / fps) for span in asked.spans if span.text),
        last / fps,
        fps,
    )

    def work(watch: Watch) -> Motion:
        watch.check()
        motion = asked.make(service.watched(watch), settings, watch.step)
        takes = []
        for sample in range(motion.samples):
            kept = store.keep(motion.sample(sample))
            takes.append(
                Take(
                    f"{batch}-{sample}", batch, 1, document.seed, kept, document.loop, asked.how, asked.spans
                )
            )
        watch.check()
        store.add(name, takes)
        return motion

    about = {"project": name, "batch": batch, "how": asked.how, "notes": [], "warnings": []}
    return service.queue(given["what"], work, shown, settings, about=about, runs=asked.runs)


def path_of(document: Document) -> LoopPath:
    """Of a document's loop."""
    if document.loop == NO_LOOP:
        return LoopPath()
    return LoopPath(document.loop, document.turn if document.loop == "circular" else 360.0)


def plan_of(document: Document, model: MotionPipeline) -> Plan:
    """The collage that would make all of a document anew.

    Raises:
        ValueError: blocks that no motion can have.
    """
    return model.plan([block.action for block in document.in_time], loop=document.loop != NO_LOOP)


def keeps_nothing(project: Project) -> str:
    """Why nothing of the chosen take can be kept, in a few words; empty where it can."""
    take = project.chosen
    if take is None:
        return "nothing is made yet"
    if take.loop != project.document.loop:
        return "the take was made for another kind of loop"
    return ""


def _asked(
    project: Project,
    given: Mapping[str, Any],
    model: MotionPipeline,
    settings: GenerateSettings,
    store: Store,
) -> Asked:
    document, what = project.document, given["what"]
    if what == "restyle":
        return _restyled(project, given, store)
    laid = lay(document, model)
    clips = any(span.clip for span in laid.spans)
    why = keeps_nothing(project)
    if what in ("block", "onward"):
        block = find(document, given["block"])
        if why:
            raise Refusal(f"{why}; make everything first")
        if block.clip and what == "block":
            raise Refusal("imported motion is kept as it is; make what is beside it")
        anew = [block.id] if what == "block" else blocks_on(document, block.id)
        how = f"again: {block.text}" if what == "block" else f"from here on: {block.text}"
        asked = _assembled(project, laid, anew, model, store, how[:200])
        return asked if asked.runs else _whole(document, laid, model, settings)
    if clips or (what == "changed" and not why):
        asked = _assembled(project, laid, [], model, store, "what changed", whole=what == "all" or bool(why))
        if clips or asked.runs:
            return asked
    return _whole(document, laid, model, settings)


def _whole(document: Document, laid: Laid, model: MotionPipeline, settings: GenerateSettings) -> Asked:
    plan = plan_of(document, model)
    if (document.points or document.place) and document.loop != NO_LOOP:
        raise Refusal("a loop has no way of its own; choose its kind, or take the path and the place away")
    metres = 0.0
    if document.points:
        metres = length_of(torch.tensor(document.points))
    elif document.place:
        metres = float(torch.tensor(document.place).norm())
    if metres:
        check_speed(plan.segments, plan.fps, metres, model.expected)
    model.job(plan, settings)  # what it refuses, it refuses now

    def make(watched: MotionPipeline, settings: GenerateSettings, step: OnStep) -> Motion:
        if document.points:
            return watched.edit.follow(plan, document.points, settings=settings, on_step=step)
        if document.place:
            return watched.edit.reach(plan, document.place, settings=settings, on_step=step)
        return watched.generate(plan, settings, on_step=step)

    return Asked(make, laid.spans, 1, "everything")


def _restyled(project: Project, given: Mapping[str, Any], store: Store) -> Asked:
    take, text, strength = project.chosen, given["text"], given["strength"]
    if take is None:
        raise Refusal("there is no take to restyle; make one first")
    if take.loop != NO_LOOP:
        raise Refusal("a loop would not meet its beginning again; restyle motion that ends")
    motion = store.motion(take.motion)

    def make(watched: MotionPipeline, settings: GenerateSettings, step: OnStep) -> Motion:
        made = watched.edit.restyle(motion, text=text, strength=strength, settings=settings, on_step=step)
        about = {
            **made.settings,
            **{key: motion.settings[key] for key in ("pieces",) if key in motion.settings},
        }
        return replace(made, segments=motion.segments, settings=about)

    return Asked(make, take.spans, 1, f"restyled: {text}" if text else "restyled")


def _assembled(
    project: Project, laid: Laid, anew: list[str], model: MotionPipeline, store: Store, how: str, *, whole: bool = False
) -> Asked:  # fmt: skip
    """Kept spans, and all others made between them."""
    document, take = project.document, None if whole else project.chosen
    cyclic = document.loop != NO_LOOP
    if laid.timing.layers:
        if any(span.clip for span in laid.spans) or anew:
            raise Refusal("a block lies on top of another; make everything anew, or put it beside")
        return Asked(_nothing, laid.spans, 0, how)
    pieces = pieces_of(laid, take, anew, cyclic=cyclic, join=round(JOIN_SECONDS * model.representation.fps))
    clips = any(span.clip for span in laid.spans)
    if clips and (document.points or document.place):
        raise Refusal("imported motion goes its own way; take the path and the place away")
    if clips and document.loop not in (NO_LOOP, "free"):
        raise Refusal("a loop with imported motion goes its own way; let it be free")
    runs = sum(bool(piece.made) for piece in pieces)
    if not any(piece.source for piece in pieces):
        runs = 0  # nothing is kept: it is made as a whole
    base = store.motion(take.motion) if take and any(piece.source == TAKE for piece in pieces) else None
    features = {name: _clip(store, model, name, pieces) for name in {p.source for p in pieces} - {"", TAKE}}
    if base is not None:
        features[TAKE] = model.features_of(base)

    def make(watched: MotionPipeline, settings: GenerateSettings, step: OnStep) -> Motion:
        parts = [
            _part(piece, features, watched, keep_way=cyclic or bool(document.points or document.place))
            for piece in pieces
        ]
        # Single runs arrive where the old ones did; the way of a whole loop is no run's.
        free = replace(settings, path=LoopPath())
        made = assemble(watched, parts, free, cyclic=cyclic, on_step=step)
        seams = sorted({*_edges(pieces), *_inner(pieces)} - {0})
        edges = [0, *(seam for seam in seams if seam < made.shape[1]), made.shape[1]]
        segments = [Segment(span.text, span.start, span.end) for span in laid.spans if span.text]
        about = {
            **watched.describe(settings), "edit": "assemble", "loop": cyclic,
            "pieces": [[start, end - start] for start, end in zip(edges, edges[1:])],
        }  # fmt: skip
        if document.loop not in (NO_LOOP, "free"):
            about |= {"path": document.loop, "turn": settings.path.turn}
        return watched.motion(made, segments, about)

    return Asked(make, laid.spans, runs, how)


def _nothing(watched: MotionPipeline, settings: GenerateSettings, step: OnStep) -> Motion:
    raise Refusal("nothing of it can be kept; make everything anew")


def _clip(store: Store, model: MotionPipeline, name: str, pieces: list[Piece]) -> Tensor:
    """Features of imported motion, long enough for what is kept of it."""
    features = model.features_of(store.motion(name))
    for piece in pieces:
        if piece.source == name and piece.first + piece.frames > len(features):
            fps = model.representation.fps
            raise Refusal(
                f"a block keeps {piece.frames / fps:g} s of imported motion that has {len(features) / fps:g} s; make the"
                " block shorter"
            )
    return features


def _part(piece: Piece, features: Mapping[str, Tensor], model: MotionPipeline, *, keep_way: bool) -> Part:
    if piece.source:
        return features[piece.source][piece.first : piece.first + piece.frames]
    parts = tuple((text, frames) for text, frames, _ in piece.made)
    script = Script(parts, tuple(told for _, _, told in piece.made))
    arrival = None
    if piece.replaced and model.representation.way is not None:
        start, end = piece.replaced
        old = torch.cat((features[TAKE], features[TAKE]))[start:end]
        # What follows stays where it is, unless the new part is to go further, or less far, than the old one.
        followed = end < len(features[TAKE])
        if keep_way or (followed and end - start == piece.frames):
            arrival = Arrival.of(old, model.representation)
    return New(script, arrival)


def _edges(pieces: list[Piece]) -> list[int]:
    return list(accumulate(piece.frames for piece in pieces))


def _inner(pieces: list[Piece]) -> list[int]:
    """Where what is made passes from one text to the next."""
    found, at = [], 0
    for piece in pieces:
        for _, frames, _ in piece.made[:-1] if piece.made else ():
            at += frames
            found.append(at)
        at += piece.made[-1][1] if piece.made else piece.frames
    return found
