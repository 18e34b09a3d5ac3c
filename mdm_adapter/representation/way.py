"""The way of HumanML3D features over the ground: a turn and a place are sums over frames, so they can be projected on."""

import torch
from torch import Tensor

from mdm_adapter.representation import features as layout

STILL = 0.005  # metres per frame that count as standing
SMOOTHED = 11  # frames


def as_numbers(turn: Tensor, place: Tensor) -> tuple[float, tuple[float, float]]:
    """An arrival, turn [] and place [2], as `Way.arrival` returns it."""
    return float(turn), (float(place[0]), float(place[1]))


class PlanarWay:
    """`Way` of the 263 features: half of a turn to the right, and a step seen from the heading after it."""

    columns = (0, 1, 2)

    def arrival(self, features: Tensor) -> tuple[float, tuple[float, float]]:
        features = features.double()
        facing = -2 * features[..., 0].cumsum(dim=-1)
        place = turned(features[..., layout.PLANAR_VELOCITY], facing).sum(dim=-2)
        return as_numbers(facing[-1], place)

    def project(
        self,
        features: Tensor,
        turn: float | None,
        place: tuple[float, float] | None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """The yaw of a stretch is a sum of features; its place a sum of velocities turned by the heading, known then."""
        share = self.moving(features) if weights is None else weights.to(features)
        # Features hold half of a turn to the right.
        half = features[..., 0]
        if turn is not None:
            half = half + (-turn / 2 - half.sum(dim=-1, keepdim=True)) * share
        planar = features[..., layout.PLANAR_VELOCITY]
        if place is not None:
            # A step is seen from the heading after it; in world coordinates it is turned back by it.
            facing = -2 * half.cumsum(dim=-1)
            missing = planar.new_tensor(place) - turned(planar, facing).sum(dim=-2)
            planar = planar + turned(missing[..., None, :] * share[..., None], -facing)
        return torch.cat((half[..., None], planar, features[..., 3:]), dim=-1)

    def moving(self, features: Tensor) -> Tensor:
        """In proportion to the speed of the root: steps grow or shrink, who stands still stays.

        Shared evenly, a body that walks and then waves would glide while it waves.
        """
        return shares_of(features[..., layout.PLANAR_VELOCITY].norm(dim=-1))

    def along(self, path: Tensor, frames: int, pace: Tensor | None = None) -> Tensor:
        points, angle = walked(path, frames, pace)
        move = points.diff(dim=0)
        turn = torch.remainder(angle.diff() + torch.pi, 2 * torch.pi) - torch.pi
        turn = torch.cat((turn, turn.new_zeros(1)))
        # The heading of the features turns the world to the body: half the angle, and the other way round.
        after = angle + turn
        sin, cos = after.sin(), after.cos()
        local = torch.stack((move[:, 0] * cos - move[:, 1] * sin, move[:, 0] * sin + move[:, 1] * cos), dim=1)
        return torch.cat((-turn[:, None] / 2, local), dim=1).float()


def turned(planar: Tensor, angle: Tensor) -> Tensor:
    """Vectors [..., 2] of (x, z), x to the left of z, turned to the left by angles [...]."""
    x, z = planar.unbind(-1)
    cos, sin = angle.cos(), angle.sin()
    return torch.stack((cos * x + sin * z, cos * z - sin * x), dim=-1)


def shares_of(speed: Tensor) -> Tensor:
    """Shares [..., T] that sum to 1, larger where speeds [..., T] in metres a frame are."""
    kernel = max(1, min(SMOOTHED, speed.shape[-1] // 2 * 2 - 1))
    even = torch.nn.functional.avg_pool1d(
        speed.reshape(-1, 1, speed.shape[-1]),
        kernel,
        stride=1,
        padding=kernel // 2,
        count_include_pad=False,
    )
    weights = even.reshape(speed.shape).square() + STILL**2
    return weights / weights.sum(dim=-1, keepdim=True)


def walked(path: Tensor, frames: int, pace: Tensor | None) -> tuple[Tensor, Tensor]:
    """Places [frames + 1, 2] on a path [points, 2] (x, z), and which way one faces [frames], radians to the left of +z.

    Raises:
        ValueError: no path, or no frames.
    """
    if path.ndim != 2 or path.shape[1] != 2 or len(path) < 2:
        raise ValueError(
            f"a path has shape {tuple(path.shape)}; give at least two points of two numbers, x and z"
        )
    if not bool(torch.isfinite(path).all()):
        raise ValueError("the path holds numbers that are not finite")
    if frames < 1:
        raise ValueError(f"a path is to be walked in {frames} frames; give it at least 1")
    path = path.double()
    steps = path.diff(dim=0).norm(dim=1)
    if float(steps.sum()) < 1e-6:
        raise ValueError("all points of the path are the same; give points that lie apart")
    along = torch.cat((steps.new_zeros(1), steps.cumsum(0)))
    reached = torch.arange(frames + 1, dtype=torch.float64)
    if pace is not None:
        reached = torch.cat((reached[:1], pace.double().cumsum(0)))
    wanted = reached / reached[-1] * along[-1]
    place = torch.searchsorted(along, wanted, right=True).clamp(1, len(path) - 1)
    share = ((wanted - along[place - 1]) / (along[place] - along[place - 1]).clamp_min(1e-9)).clamp(0, 1)
    points = torch.lerp(path[place - 1], path[place], share[:, None])
    move = points.diff(dim=0)
    # Facing is the way ahead, averaged over half a second so that corners are turned and not cut.
    window = max(1, min(11, frames // 2 * 2 - 1))
    padded = torch.nn.functional.pad(move.T[None], (window // 2, window // 2), mode="replicate")
    ahead = torch.nn.functional.avg_pool1d(padded, window, stride=1)[0].T
    return points, torch.atan2(ahead[:, 0], ahead[:, 1])
