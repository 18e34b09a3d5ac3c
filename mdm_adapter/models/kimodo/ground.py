"""Where a body of Kimodo's features goes over the ground: read from them, led elsewhere, put where another motion ends.

Features hold places, so a stretch is led by carrying every frame along: frame t turns by a growing share of what is
missing and steps on from where frame t - 1 was carried to. Velocities follow their joints, so that the frame after the
last one, which only they tell of, is carried as well.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.geometry import about_y, wrapped
from mdm_adapter.models.kimodo.representation import FPS, GROUND, HEADING, Layout, on_the_ground
from mdm_adapter.representation.way import as_numbers, shares_of, walked

CHANNELS = list(GROUND)


@dataclass(frozen=True)
class GroundWay:
    """`Way` and `StandingWay` of Kimodo's features; places are seen from the first frame's, in the world's axes.

    Attributes:
        joints: of the body.
        hips: right and left hip, from which the heading is read.
    """

    joints: int
    hips: tuple[int, int]
    fps: float = FPS

    columns = (0, 2, 3, 4)

    @property
    def layout(self) -> Layout:
        return Layout(self.joints)

    def arrival(self, features: Tensor) -> tuple[float, tuple[float, float]]:
        return as_numbers(*self._arrival(features.double()))

    def project(
        self,
        features: Tensor,
        turn: float | None,
        place: tuple[float, float] | None,
        weights: Tensor | None = None,
    ) -> Tensor:
        share = self.moving(features) if weights is None else weights.to(features)
        share = share.expand(features.shape[:-1])
        lacks = features.new_zeros(features.shape[:-2])
        if turn is not None:
            lacks = turn - self._arrival(features)[0]
        turned = self._carried(features, lacks, features.new_zeros(*lacks.shape, 2), share)
        if place is None:
            return turned
        missing = features.new_tensor(place) - self._arrival(turned)[1]
        return self._carried(turned, torch.zeros_like(lacks), missing, share)

    def moving(self, features: Tensor) -> Tensor:
        """In proportion to the speed of the smooth root: steps grow or shrink, who stands still stays."""
        steps = features[..., CHANNELS].diff(dim=-2).norm(dim=-1)
        last = steps[..., -1:] if steps.shape[-1] else features.new_zeros(features.shape[:-1])
        return shares_of(torch.cat((steps, last), dim=-1))

    def along(self, path: Tensor, frames: int, pace: Tensor | None = None) -> Tensor:
        points, angle = walked(path, frames, pace)
        facing = torch.stack((angle.cos(), angle.sin()), dim=-1)
        return torch.cat((points[:-1], facing), dim=-1).float()

    def onward(self, before: Tensor, after: Tensor, gap: int) -> Tensor:
        step, rate = self._step(before[..., -1:, :])
        own_step, own_rate = self._step(after[..., :1, :])
        heading = self._headings(before[..., -1:, :])[..., 0]
        here = self._headings(after[..., :1, :])[..., 0]
        turn = rate if gap == 0 else (rate + own_rate) / 2 * (gap + 1)
        angle = wrapped(heading + turn - here)
        if gap:
            led = (about_y(angle)[..., 0::2, 0::2] @ own_step[..., None])[..., 0]
            step = (step + led) / 2 * (gap + 1)
        return self._moved(after, angle, self._pelvis(before)[..., -1, CHANNELS] + step)

    def lead_in(self, after: Tensor, gap: int) -> Tensor:
        first = after[..., :1, :]
        step, rate = self._step(first)
        moved = self._moved(first, -rate * gap, self._pelvis(first)[..., 0, CHANNELS] - step * gap)
        return moved[..., 0, :]

    def closed(self, features: Tensor, way: Tensor) -> Tensor:
        """A cycle [..., T, width] whose last frame leads to its first, moved by `way` [..., 2]: its velocities say so."""
        places = self._places(features)
        following = places[..., 0, :, :].clone()
        following[..., CHANNELS] += way.to(following)[..., None, :]
        led = features.clone()
        last = (following - places[..., -1, :, :]) * self.fps
        led[..., -1, self.layout.velocities] = last.flatten(-2)
        return led

    def _arrival(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Turn [...] and place [..., 2] of the frame after features [..., T, width], from their first."""
        headings = self._headings(self._with_next(features))
        pelvis = self._with_next(features)[..., 0, :]
        return wrapped(headings.diff(dim=-1)).sum(dim=-1), (pelvis[..., -1, :] - pelvis[..., 0, :])[
            ..., CHANNELS
        ]

    def _places(self, features: Tensor) -> Tensor:
        """Joints in the world [..., T, joints, 3], as the position part has them."""
        seen = features[..., self.layout.positions].unflatten(-1, (self.joints, 3))
        return seen + on_the_ground(features[..., :3])[..., None, :]

    def _with_next(self, features: Tensor) -> Tensor:
        """`_places` [..., T + 1, joints, 3] with the frame to which the last velocities lead."""
        places = self._places(features)
        velocity = features[..., -1:, self.layout.velocities].unflatten(-1, (self.joints, 3))
        return torch.cat((places, places[..., -1:, :, :] + velocity / self.fps), dim=-3)

    def _pelvis(self, features: Tensor) -> Tensor:
        return self._places(features)[..., 0, :]

    def _headings(self, features: Tensor) -> Tensor:
        """Which way the hips face [..., T] of features, or of joints in the world [..., T, joints, 3]."""
        places = features if features.shape[-1] == 3 else self._places(features)
        right, left = self.hips
        across = places[..., right, :] - places[..., left, :]
        return torch.atan2(across[..., 2], -across[..., 0])

    def _step(self, frame: Tensor) -> tuple[Tensor, Tensor]:
        """Step of the pelvis [..., 2] and turn [...] to the frame after features [..., 1, width]."""
        turn, place = self._arrival(frame)
        return place, turn

    def _moved(self, features: Tensor, angle: Tensor, pelvis: Tensor) -> Tensor:
        """Features [..., T, width] turned by angles [...], with the first pelvis over [..., 2]."""
        even = angle[..., None].expand(features.shape[:-1])
        turned = self._turned(features, even)
        ground = features[..., CHANNELS] - features[..., :1, CHANNELS]
        turned[..., CHANNELS] = (about_y(even)[..., 0::2, 0::2] @ ground[..., None])[..., 0]
        lacks = pelvis - self._pelvis(turned)[..., 0, CHANNELS]
        turned[..., CHANNELS] += lacks[..., None, :]
        return turned

    def _turned(self, features: Tensor, angle: Tensor) -> Tensor:
        """Every frame [..., T, width] turned about its own place by its angle [..., T]."""
        layout, turn = self.layout, about_y(angle).to(features)
        turned = features.clone()
        for part, count in (
            (layout.positions, self.joints), (layout.rotations, 2 * self.joints), (layout.velocities, self.joints),
        ):  # fmt: skip
            vectors = features[..., part].unflatten(-1, (count, 3))
            turned[..., part] = (vectors @ turn.transpose(-1, -2)).flatten(-2)
        facing, aside = features[..., HEADING].unbind(-1)
        cos, sin = angle.cos(), angle.sin()
        turned[..., HEADING] = torch.stack((facing * cos - aside * sin, facing * sin + aside * cos), dim=-1)
        return turned

    def _carried(self, features: Tensor, turn: Tensor, move: Tensor, share: Tensor) -> Tensor:
        """Features whose frame after the last is turned by [...] and moved by [..., 2] more; the first frame stays."""
        grown = torch.cat((torch.zeros_like(share[..., :1]), share.cumsum(dim=-1)), dim=-1)
        angle = turn[..., None] * grown
        before = self._with_next(features)
        ground = features[..., CHANNELS]
        leaves = before[..., -1, 0, :] - before[..., -2, 0, :]
        centres = torch.cat((ground, ground[..., -1:, :] + leaves[..., None, CHANNELS]), dim=-2)
        turns = about_y(angle[..., :-1])[..., 0::2, 0::2].to(features)
        steps = (turns @ centres.diff(dim=-2)[..., None])[..., 0] + share[..., None] * move[..., None, :]
        led = torch.cat((centres[..., :1, :], centres[..., :1, :] + steps.cumsum(dim=-2)), dim=-2)
        carried = self._turned(features, angle[..., :-1])
        carried[..., CHANNELS] = led[..., :-1, :]
        # World joints of all frames and of the one behind them, carried along; velocities are told by them.
        seen = before.clone()
        seen[..., CHANNELS] -= centres[..., None, :]
        seen = seen @ about_y(angle).to(features).transpose(-1, -2)
        seen[..., CHANNELS] += led[..., None, :]
        own = features[..., self.layout.velocities].unflatten(-1, (self.joints, 3))
        rest = own - before.diff(dim=-3) * self.fps
        rest = rest @ about_y(angle[..., :-1]).to(features).transpose(-1, -2)
        carried[..., self.layout.velocities] = (seen.diff(dim=-3) * self.fps + rest).flatten(-2)
        return carried
