"""Motion along a path on the ground, or to a place."""

import math

import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arrival, Arriving, way_of
from mdm_adapter.editing.known import Known, Script, fill
from mdm_adapter.maker import GenerateSettings, Maker
from mdm_adapter.planning.pieces import Plan
from motioncollage.collage.denoiser import Composed
from motioncollage.sampling.noise import OnStep


def follow(
    maker: Maker, path: Tensor, script: Script, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, frames, width] whose root runs along a ground path at even speed, facing where it goes.

    Args:
        path: [points, 2] metres (x, z); the body starts at the first point.

    Raises:
        ValueError: fewer than two points, numbers that are not finite, or a path without length.
    """
    way = way_of(maker.representation)
    features = torch.zeros(script.frames, maker.representation.width)
    mask = torch.zeros_like(features, dtype=torch.bool)
    columns = list(way.columns)
    features[:, columns], mask[:, columns] = way.along(path, script.frames), True
    return fill(maker, Known(features, mask), script, settings, on_step=on_step)


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
    # The last frame's velocity leads to a frame that is not there.
    span = (0, plan.frames - 1)

    def conditioned(collage: Composed) -> Composed:
        return Arriving(collage, arrival, maker.model, span)

    made = maker.make(maker.job(plan, settings, conditioned=conditioned, on_step=on_step)).double()
    led = arrival.project(made[:, :-1], maker.representation)
    return torch.cat((led, made[:, -1:]), dim=1).float()
