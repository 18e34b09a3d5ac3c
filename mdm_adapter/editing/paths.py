"""Motion along a path on the ground, or to a place."""

import math

import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arrival, Arriving
from mdm_adapter.editing.known import Known, Script, fill
from mdm_adapter.pipeline import GenerateSettings, MotionPipeline
from mdm_adapter.planning.pieces import Plan
from mdm_adapter.representation import features as representation
from motioncollage.sampling.registry import sample
from motioncollage.sampling.solvers import DiscreteLevels, OnStep


def follow(
    pipeline: MotionPipeline, path: Tensor, script: Script, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, frames, 263] whose root runs along a ground path at even speed, facing where it goes.

    Args:
        path: [points, 2] metres (x, z); the body starts at the first point.

    Raises:
        ValueError: fewer than two points, numbers that are not finite, or a path without length.
    """
    velocities = path_features(path, script.frames)
    features = torch.zeros(script.frames, representation.WIDTH)
    mask = torch.zeros_like(features, dtype=torch.bool)
    features[:, :3], mask[:, :3] = velocities, True
    return fill(pipeline, Known(features, mask), script, settings, on_step=on_step)


def reach(
    pipeline: MotionPipeline, place: tuple[float, float], heading: float | None, plan: Plan,
    settings: GenerateSettings, *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Motion [samples, frames, 263] of a plan that ends at a place on the ground, and facing a given way.

    Args:
        place: metres (x, z) from where the body starts, facing +z with +x on its left.
        heading: degrees to the left of how it starts; None for any.
    """
    arrival = Arrival(None if heading is None else math.radians(heading), place)
    # The last frame's velocity leads to a frame that is not there.
    span = (0, plan.frames - 1)
    denoiser = Arriving(pipeline.compose(plan, settings), arrival, pipeline.normalisation, span)
    generator = torch.Generator().manual_seed(settings.seed)
    levels = DiscreteLevels(pipeline.schedule, settings.sampler.spacing)
    start = torch.stack([pipeline.noise(plan.frames, settings.seed, i) for i in range(settings.samples)])
    made = sample(denoiser, start, levels, settings.sampler, generator, on_step=on_step)
    made = pipeline.normalisation.undo(made).cpu().double()
    return torch.cat((arrival.project(made[:, :-1]), made[:, -1:]), dim=1).float()


def path_features(path: Tensor, frames: int) -> Tensor:
    """Root yaw and planar velocities [frames, 3] that run along a path [points, 2] at even speed."""
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2:
        raise ValueError(
            f"a path has shape {tuple(path.shape)}; give at least two points of two numbers, x and z"
        )
    if not bool(torch.isfinite(path).all()):
        raise ValueError("the path holds numbers that are not finite")
    path = path.double()
    steps = path.diff(dim=0).norm(dim=1)
    if float(steps.sum()) < 1e-6:
        raise ValueError("all points of the path are the same; give points that lie apart")
    along = torch.cat((steps.new_zeros(1), steps.cumsum(0)))
    wanted = torch.linspace(0, float(along[-1]), frames + 1, dtype=torch.float64)
    place = torch.searchsorted(along, wanted, right=True).clamp(1, len(path) - 1)
    share = ((wanted - along[place - 1]) / (along[place] - along[place - 1]).clamp_min(1e-9)).clamp(0, 1)
    points = torch.lerp(path[place - 1], path[place], share[:, None])
    move = points.diff(dim=0)
    # Facing is the way ahead, averaged over half a second so that corners are turned and not cut.
    window = min(11, frames // 2 * 2 - 1)
    padded = torch.nn.functional.pad(move.T[None], (window // 2, window // 2), mode="replicate")
    ahead = torch.nn.functional.avg_pool1d(padded, window, stride=1)[0].T
    angle = torch.atan2(ahead[:, 0], ahead[:, 1])
    turn = torch.remainder(angle.diff() + torch.pi, 2 * torch.pi) - torch.pi
    turn = torch.cat((turn, turn.new_zeros(1)))
    # The heading of the features turns the world to the body: half the angle, and the other way round.
    after = angle + turn
    sin, cos = after.sin(), after.cos()
    local = torch.stack((move[:, 0] * cos - move[:, 1] * sin, move[:, 0] * sin + move[:, 1] * cos), dim=1)
    return torch.cat((-turn[:, None] / 2, local), dim=1).float()
