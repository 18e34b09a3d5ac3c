"""Kimodo's own chaining of prompts as a method (`motioncollage.methods`), to compare the collage with."""

import math
from functools import partial

import torch
from torch import Tensor

from mdm_adapter.making import MotionJob
from mdm_adapter.models.kimodo.chaining import ChainSettings, chain_prompts
from mdm_adapter.models.kimodo.denoiser import MAX_FRAMES, Observed
from mdm_adapter.models.kimodo.pieces import KimodoPieces
from mdm_adapter.models.kimodo.windows import Origin
from motioncollage.collage.denoiser import Composed, Condition
from motioncollage.collage.layouts import chain
from motioncollage.methods import Job, Made, Method

CHAINING = ChainSettings()


def _chain(job: Job) -> Made:
    """Every action after the one before, led in by its last frames; one longer than the model knows in equal parts."""
    if why := _no_kimodo(getattr(job, "model", None)):
        raise ValueError(why)
    assert isinstance(job, MotionJob)
    assert isinstance(job.model, KimodoPieces)
    kimodo = job.model.kimodo
    texts, frames = _segments([segment.text for segment in job.plan.segments], job.parts)
    conditions = [job.condition(text) for text in texts]

    def segment(number: int, count: int, headings: Tensor, observed: Observed) -> Tensor:
        seen = Observed(observed.values.to(kimodo.device), observed.mask.to(kimodo.device))
        start = Origin(torch.zeros(len(headings), 2), headings)
        composed = job.guidance.compose(partial(_composed, job, conditions[number], count, seen, start))
        return job.sample(composed, count, draw=number).cpu()

    statistics = kimodo.statistics.to("cpu")
    features = chain_prompts(
        segment, kimodo.representation, statistics, frames, batch=len(job.keys), settings=CHAINING
    )
    ends = tuple(sum(frames[: number + 1]) for number in range(len(frames) - 1))
    return Made(job.model.normalise(features.to(kimodo.device)), ends)


def _composed(
    job: MotionJob, condition: Condition | None, frames: int, seen: Observed, start: Origin, scale: float
) -> Composed:
    assert isinstance(job.model, KimodoPieces)
    return job.model.kimodo.compose(
        chain([frames], []), [condition], guidance=job.model.guidance(scale), observed=seen, start=start,
        precision=job.settings.precision, batch_limit=job.settings.batch_limit,
    )  # fmt: skip


def _segments(texts: list[str], frames: tuple[int, ...]) -> tuple[list[str], list[int]]:
    """Texts and lengths of segments that fit into a window with what they take from the one before."""
    most = math.floor((MAX_FRAMES - CHAINING.transition) / (1 + CHAINING.shared))
    cut_texts: list[str] = []
    cut: list[int] = []
    for text, count in zip(texts, frames):
        parts = -(-count // most)
        edges = [count * number // parts for number in range(parts + 1)]
        cut += [after - before for before, after in zip(edges, edges[1:])]
        cut_texts += [text] * parts
    return cut_texts, cut


def _no_kimodo(model: object) -> str:
    if isinstance(model, KimodoPieces):
        return ""
    named = getattr(model, "name", "what makes images")
    return f"the method kimodo-chain is Kimodo's own and {named} is none; choose collage or replacement"


CHAIN = Method(_chain, ("batch_limit",), refuses=_no_kimodo, general=False)
