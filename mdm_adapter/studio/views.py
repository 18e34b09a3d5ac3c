"""What a page is told before anything is made: how the blocks lie, what would be kept, what every piece counts, what the
model knows of a sentence."""

from collections.abc import Mapping
from typing import Any

from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.prompts.action import clean
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.studio.making import keeps_nothing, plan_of
from mdm_adapter.studio.project import NO_LOOP, Document, Project
from mdm_adapter.studio.spans import lay

MOST_TEXTS, MOST_NODES = 200, 400


def told_plan(
    project: Project, document: Document, model: MotionPipeline, *, weights: bool
) -> dict[str, Any]:
    """How a document lies in time, as JSON types.

    Args:
        weights: also what every piece and overlap counts on every frame.

    Raises:
        ValueError: blocks that no motion can have; one line.
    """
    laid, fps = lay(document, model), model.representation.fps
    take = project.chosen
    there = {span.block: span for span in take.spans} if take and not keeps_nothing(project) else {}
    changed = [
        s.block
        for s in laid.spans
        if s.text and not ((old := there.get(s.block)) and s.same(old) and not s.clip)
    ]
    told: dict[str, Any] = {
        "fps": fps,
        "frames": laid.frames,
        "seconds": laid.frames / fps,
        "spans": [{"block": s.block, "text": s.text, "start": s.start, "end": s.end} for s in laid.spans],
        "changed": [] if not there else changed,
        "same": take is not None and bool(there) and not changed and [s.block for s in laid.spans] == [s.block for s in take.spans],
        "joins": [],
        "pieces": "",
    }  # fmt: skip
    if any(block.clip for block in document.blocks):
        return told
    plan = plan_of(document, model)
    middles = [*plan.seams, *([0] if document.loop != NO_LOOP else [])]
    told["joins"] = [{"frame": frame, "width": width} for frame, width in zip(middles, plan.overlaps)]
    told["pieces"] = plan.describe()
    if weights:
        told["nodes"] = counting(plan)
    return told


def counting(plan: Plan) -> list[dict[str, Any]]:
    """What every node of a plan counts: kind, text, first frame, a number for each of its frames.

    Raises:
        Refusal: more nodes than a page can show.
    """
    if len(plan.nodes) > MOST_NODES:
        raise Refusal(f"the plan has {len(plan.nodes)} pieces and overlaps; {MOST_NODES} can be drawn")
    first = plan.pieces[0].start
    rows = []
    for planned in plan.nodes:
        sites = planned.node.region.sites
        start = (int(sites[0]) + first) % plan.frames
        values = [round(float(value), 3) for value in planned.node.site_weights()]
        rows.append({"kind": planned.kind, "text": planned.text, "start": start, "values": values})
    return rows


def told_texts(body: Mapping[str, Any], model: MotionPipeline) -> dict[str, Any]:
    """For each sentence: whether the model knows it (yes, rarely, no, or null where it has no vocabulary), in which share of
    takes it happens, how long it usually lasts, what is like it.

    Raises:
        Refusal: no list of sentences.
    """
    texts: Any = body.get("texts")
    good = isinstance(texts, list) and len(texts) <= MOST_TEXTS and set(body) == {"texts"}
    if not good or not all(isinstance(text, str) and 0 < len(text) <= 1000 for text in texts):
        raise Refusal(f"give texts: a list of at most {MOST_TEXTS} sentences of at most 1,000 characters")
    return {"texts": [_told(" ".join(clean(text).split()), model) for text in texts if text.strip()]}


def _told(text: str, model: MotionPipeline) -> dict[str, Any]:
    expected = model.expected(text)
    told: dict[str, Any] = {
        "text": text, "seconds": round(expected.seconds, 2), "knows": None, "happens": None, "near": [],
    }  # fmt: skip
    matcher = model.model.matcher
    if matcher is None:
        return told
    match = matcher.match(text)
    told["knows"] = "no" if not match.familiar else "rarely" if match.rare else "yes"
    told["happens"] = match.happening.share if match.happening else None
    others = match.instead if match.rare else [entry for entry, _ in match.nearest]
    told["near"] = [entry.captions[0].rstrip(".") for entry in others][:3] if told["knows"] != "yes" else []
    return told
