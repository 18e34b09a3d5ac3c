"""A way of writing motion down that is nobody else's: 16 joints and a root, 52 numbers a frame, 30 frames a second.

| numbers | what they are                                                        |
|---------|----------------------------------------------------------------------|
| 0       | turn of the frame, radians to the left                               |
| 1, 2    | step of the root, metres to the left and ahead, before that turn     |
| 3       | height of the root, metres                                           |
| 4 to 51 | places of 16 joints seen from the root, x to the left and z ahead    |
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mdm_adapter.representation.protocol import Way

# The joints that are kept, as numbers of the 22; spine and collars follow from them.
OWN = (1, 2, 4, 5, 7, 8, 10, 11, 12, 15, 16, 17, 18, 19, 20, 21)
BETWEEN = {3: (None, 12, 0.25), 6: (None, 12, 0.5), 9: (None, 12, 0.7), 13: (12, 16, 0.5), 14: (12, 17, 0.5)}
HEAD = 4
WIDTH = HEAD + 3 * len(OWN)
FPS = 30.0

# How a body stands: the mean of the features.
_SIDE = ((0.1, -0.08, 0), (0.1, -0.46, 0), (0.1, -0.88, 0), (0.1, -0.92, 0.12))
_ARM = ((0.18, 0.45, 0), (0.2, 0.18, 0), (0.2, -0.06, 0.05))
STANDING = [
    *[(sign * x, y, z) for x, y, z in _SIDE for sign in (1, -1)],
    (0, 0.5, 0),
    (0, 0.62, 0.05),
    *[(sign * x, y, z) for x, y, z in _ARM for sign in (1, -1)],
]


def turned(planar: Tensor, angle: Tensor) -> Tensor:
    """Vectors [..., 2] (x to the left of z) turned to the left by angles that fit."""
    x, z = planar.unbind(-1)
    return torch.stack((angle.cos() * x + angle.sin() * z, angle.cos() * z - angle.sin() * x), dim=-1)


def before(sums: Tensor) -> Tensor:
    """Sums over the frames before each frame, of numbers [..., T]."""
    return sums.cumsum(-1) - sums


class StickWay:
    """`Way` of these features."""

    columns = (0, 1, 2)

    def arrival(self, features: Tensor) -> tuple[float, tuple[float, float]]:
        features = features.double()
        place = turned(features[..., 1:3], before(features[..., 0])).sum(-2)
        return float(features[..., 0].sum()), (float(place[0]), float(place[1]))

    def project(
        self,
        features: Tensor,
        turn: float | None,
        place: tuple[float, float] | None,
        weights: Tensor | None = None,
    ) -> Tensor:
        share = self.moving(features) if weights is None else weights.to(features)
        turns, steps = features[..., 0], features[..., 1:3]
        if turn is not None:
            turns = turns + (turn - turns.sum(-1, keepdim=True)) * share
        if place is not None:
            facing = before(turns)
            missing = steps.new_tensor(place) - turned(steps, facing).sum(-2)
            steps = steps + turned(missing[..., None, :] * share[..., None], -facing)
        return torch.cat((turns[..., None], steps, features[..., 3:]), dim=-1)

    def moving(self, features: Tensor) -> Tensor:
        weights = features[..., 1:3].square().sum(-1) + 1e-5
        return weights / weights.sum(-1, keepdim=True)

    def along(self, path: Tensor, frames: int, pace: Tensor | None = None) -> Tensor:
        lengths = path.double().diff(dim=0).norm(dim=1)
        if len(path) < 2 or float(lengths.sum()) < 1e-6:
            raise ValueError("a path needs two points that lie apart")
        reached = torch.cat((lengths.new_zeros(1), lengths.cumsum(0)))
        pace = torch.ones(frames) if pace is None else pace
        wanted = torch.cat((reached[:1], pace.double().cumsum(0) / pace.double().sum() * reached[-1]))
        at = torch.searchsorted(reached, wanted, right=True).clamp(1, len(path) - 1)
        share = (wanted - reached[at - 1]) / (reached[at] - reached[at - 1]).clamp_min(1e-9)
        move = torch.lerp(path.double()[at - 1], path.double()[at], share[:, None]).diff(dim=0)
        facing = torch.atan2(move[:, 0], move[:, 1])
        turn = torch.remainder(facing.diff() + torch.pi, 2 * torch.pi) - torch.pi
        turn = torch.cat((turn, turn.new_zeros(1)))
        return torch.stack((turn, torch.zeros_like(turn), move.norm(dim=1)), dim=1).float()


@dataclass(frozen=True)
class Stick:
    """`Representation` of these features; without its way it is that of `stick-blind`."""

    name: str = "stick"
    width: int = WIDTH
    fps: float = FPS
    way: Way | None = field(default_factory=StickWay)

    def to_joints(self, features: Tensor) -> Tensor:
        facing = before(features[..., 0])
        steps = turned(features[..., 1:3], facing)
        planar = steps.cumsum(-2) - steps
        root = torch.stack((planar[..., 0], features[..., 3], planar[..., 1]), dim=-1)
        own = features[..., HEAD:].unflatten(-1, (len(OWN), 3))
        flat = turned(own[..., [0, 2]], facing[..., None])
        placed = torch.stack((flat[..., 0], own[..., 1], flat[..., 1]), dim=-1) + root[..., None, :]
        joints = root[..., None, :].repeat(*(1 for _ in root.shape[:-1]), 22, 1)
        joints[..., list(OWN), :] = placed
        for joint, (first, second, part) in BETWEEN.items():
            start = root if first is None else joints[..., first, :]
            joints[..., joint, :] = torch.lerp(start, joints[..., second, :], part)
        return joints

    def from_joints(self, joints: Tensor) -> Tensor:
        joints = joints.double()
        left = joints[:, 1] - joints[:, 2]
        facing = torch.atan2(-left[:, 2], left[:, 0])
        turn = torch.remainder(facing.diff() + torch.pi, 2 * torch.pi) - torch.pi
        joints, here = joints[:-1], joints[:, 0, [0, 2]]
        step = turned(here.diff(dim=0), -facing[:-1])
        own = joints[:, list(OWN)] - joints[:, :1]
        flat = turned(own[..., [0, 2]], -facing[:-1, None])
        placed = torch.stack((flat[..., 0], own[..., 1], flat[..., 1]), dim=-1)
        return torch.cat((turn[:, None], step, joints[:, 0, 1:2], placed.flatten(1)), dim=1).float()

    def columns(self, joint: int) -> list[slice]:
        if joint not in OWN:
            return []
        start = HEAD + 3 * OWN.index(joint)
        return [slice(start, start + 3)]
