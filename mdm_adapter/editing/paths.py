"""Motion along a path on the ground, or to a place."""

import math

import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arrival, Arriving, onward, way_of
from mdm_adapter.editing.known import NULL, Known, Script, fill
from mdm_adapter.maker import GenerateSettings, Maker
from mdm_adapter.planning.lengths import check_speed, shares
from mdm_adapter.planning.pieces import Plan
from motioncollage.collage.denoiser import Composed
from motioncollage.sampling.noise import OnStep

EASED = 0.8  # seconds over which one pace becomes another


def follow(
    maker: Maker, path: Tensor, plan: Plan, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, frames, width] of a plan whose root runs along a ground path, facing where it goes.

    Where the actions differ in speed, so does the pace (`planning.lengths.shares`).

    Args:
        path: [points, 2] metres (x, z); the body starts at the first point.

    Raises:
        ValueError: fewer than two points, numbers that are not finite, a path without length, or one too long for the
            plan.
    """
    way = way_of(maker.representation)
    pace = _eased_pace(shares(plan.segments, plan.frames, maker.expected), plan.fps)
    features = torch.zeros(plan.frames, maker.representation.width)
    mask = torch.zeros_like(features, dtype=torch.bool)
    columns = list(way.columns)
    way_ahead = way.along(path, plan.frames) if pace is None else way.along(path, plan.frames, pace)
    check_speed(plan.segments, plan.fps, length_of(path), maker.expected)
    features[:, columns], mask[:, columns] = way_ahead, True
    script = _script(plan)
    return fill(maker, Known(features, mask), script, settings, on_step=on_step)


def _script(plan: Plan) -> Script:
    """What is told of each frame of a plan; gaps are told nothing."""
    parts: list[tuple[str, int]] = []
    end = 0
    for segment in plan.segments:
        if segment.start > end:
            parts.append((NULL, segment.start - end))
        if segment.start >= end:  # what lies on top of another has no frames of its own
            parts.append((segment.text, segment.end - segment.start))
            end = segment.end
    if end < plan.frames:
        parts.append((NULL, plan.frames - end))
    return Script(tuple(parts))


def length_of(path: Tensor) -> float:
    """Metres of a way along ground points [points, 2]."""
    return float(path.double().diff(dim=0).norm(dim=-1).sum())


def _eased_pace(pace: list[float], fps: float) -> Tensor | None:
    """The pace [frames], without jumps between actions; None where it is even."""
    if len(set(pace)) == 1:
        return None
    reach = max(1, round(EASED * fps / 2))
    padded = torch.nn.functional.pad(torch.tensor([[pace]]).double(), (reach, reach), mode="replicate")
    return torch.nn.functional.avg_pool1d(padded, 2 * reach + 1, stride=1)[0, 0]


def reach(
    maker: Maker, place: tuple[float, float], heading: float | None, plan: Plan,
    settings: GenerateSettings, *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, frames, width] of a plan that ends at a place on the ground, and facing a given way.

    Args:
        place: metres (x, z) from where the body starts, facing +z with +x on its left.
        heading: degrees to the left of how it starts; None for any.
    """
    way_of(maker.representation)  # refused before any work
    arrival = Arrival(None if heading is None else math.radians(heading), place)
    check_speed(plan.segments, plan.fps, math.hypot(*place), maker.expected)
    # The last frame's velocity leads to a frame that is not there.
    span = (0, plan.frames - 1)

    def conditioned(collage: Composed) -> Composed:
        return Arriving(collage, arrival, maker.model, span)

    made = maker.make(maker.job(plan, settings, conditioned=conditioned, on_step=on_step)).double()
    led = arrival.project(made[:, :-1], maker.representation)
    return torch.cat((led, onward(maker.representation, led, made[:, -1:], 0)), dim=1).float()
