"""HY-Motion's 201 numbers a frame, both ways, and where they go over the ground.

    place of the root 3 | its rotation, 6-D 6 | rotations of 21 joints against their parents, 6-D 126 |
    places of 22 joints seen from the root 66

Metres, y up, 30 frames a second, absolute; clips of the training face +z at first. 6-D are the first two columns of a
matrix row by row: x of both, y of both, z of both. Joints are taken from the last part, in the world's axes, so that no
body model is needed.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mdm_adapter.representation import rotations, skeleton
from mdm_adapter.representation.rotations import matrix_about_y, wrapped
from mdm_adapter.representation.way import as_numbers, shares_of, walked

WIDTH, FPS = 201, 30.0
GROUND = [0, 2]
ROOT, BODY, POSITIONS = slice(3, 9), slice(9, 135), slice(135, 201)
SHORTEST = 2


def to_six_d(matrix: Tensor) -> Tensor:
    """Matrices [..., 3, 3] -> their first two columns row by row [..., 6]."""
    return matrix[..., :2].flatten(-2)


def to_matrix(six_d: Tensor) -> Tensor:
    """The inverse of `to_six_d`, for noisy numbers too."""
    return rotations.six_d_to_matrix(six_d.unflatten(-1, (3, 2)).transpose(-1, -2).flatten(-2))


def facing(features: Tensor) -> Tensor:
    """Which way the root faces [...] in radians, from features [..., width]: 0 is +z, positive to the left."""
    ahead = to_matrix(features[..., ROOT])[..., 2]
    return torch.atan2(ahead[..., 0], ahead[..., 2])


def turned(features: Tensor, angle: Tensor) -> Tensor:
    """Features [..., width] turned about the world's vertical by angles [...]: linear, noisy ones too."""
    turn = matrix_about_y(angle).to(features)
    root = turn @ features[..., ROOT].unflatten(-1, (3, 2))
    seen = features[..., POSITIONS].unflatten(-1, (22, 3)) @ turn.transpose(-1, -2)
    place = (turn @ features[..., :3, None])[..., 0]
    return torch.cat((place, root.flatten(-2), features[..., BODY], seen.flatten(-2)), dim=-1)


class StandingGround:
    """`Way` and `StandingWay` of these features; the frame after the last goes on as the last one came."""

    columns = (0, 2)

    def arrival(self, features: Tensor) -> tuple[float, tuple[float, float]]:
        return as_numbers(*self._arrival(features.double()))

    def project(
        self,
        features: Tensor,
        turn: float | None,
        place: tuple[float, float] | None,
        weights: Tensor | None = None,
    ) -> Tensor:
        share = (self.moving(features) if weights is None else weights.to(features)).expand(
            features.shape[:-1]
        )
        # The frame after the last repeats its step, so that frame has all that is missing and the last one has less.
        grown = torch.cat((torch.zeros_like(share[..., :1]), share[..., :-1].cumsum(dim=-1)), dim=-1)
        full = 2 * grown[..., -1:] - grown[..., -2:-1] if features.shape[-2] > 1 else torch.ones_like(grown)
        grown = grown / torch.where(full.abs() < 1e-6, torch.ones_like(full), full)
        if turn is not None:
            missing = turn - self._arrival(features)[0]
            features = self._bent(features, missing[..., None] * grown)
        if place is not None:
            lacks = features.new_tensor(place) - self._arrival(features)[1]
            features = features.clone()
            features[..., GROUND] += grown[..., None] * lacks[..., None, :]
        return features

    def moving(self, features: Tensor) -> Tensor:
        steps = features[..., GROUND].diff(dim=-2).norm(dim=-1)
        last = steps[..., -1:] if steps.shape[-1] else features.new_zeros(features.shape[:-1])
        return shares_of(torch.cat((steps, last), dim=-1))

    def along(self, path: Tensor, frames: int, pace: Tensor | None = None) -> Tensor:
        return walked(path, frames, pace)[0][:-1].float()

    def onward(self, before: Tensor, after: Tensor, gap: int) -> Tensor:
        turn, step = self._last(before)
        first_turn, first = self._last(after[..., :2, :].flip(-2))
        rate = turn if gap == 0 else (turn - first_turn) / 2 * (gap + 1)
        angle = wrapped(facing(before[..., -1, :]) + rate - facing(after[..., 0, :]))
        if gap:
            led = (matrix_about_y(angle)[..., 0::2, 0::2].to(first) @ -first[..., None])[..., 0]
            step = (step + led) / 2 * (gap + 1)
        put = turned(after, angle[..., None].expand(after.shape[:-1]))
        put[..., GROUND] += (before[..., -1, GROUND] + step - put[..., 0, GROUND])[..., None, :]
        return put

    def lead_in(self, after: Tensor, gap: int) -> Tensor:
        turn, step = self._last(after[..., :2, :].flip(-2))
        frame = turned(after[..., 0, :], turn * gap)
        frame[..., GROUND] = after[..., 0, GROUND] + step * gap
        return frame

    def _last(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Turn [...] and step [..., 2] with which features [..., T, width] end."""
        if features.shape[-2] < SHORTEST:
            return features.new_zeros(features.shape[:-2]), features.new_zeros(*features.shape[:-2], 2)
        headings = facing(features[..., -2:, :])
        return wrapped(headings[..., 1] - headings[..., 0]), features[..., -1, GROUND] - features[
            ..., -2, GROUND
        ]

    def _arrival(self, features: Tensor) -> tuple[Tensor, Tensor]:
        turn, step = self._last(features)
        turns = wrapped(facing(features).diff(dim=-1)).sum(dim=-1)
        return turns + turn, features[..., -1, GROUND] + step - features[..., 0, GROUND]

    def _bent(self, features: Tensor, angle: Tensor) -> Tensor:
        """Frames turned by angles [..., T], each standing where the one before it leads."""
        bent = turned(features, angle)
        steps = features[..., GROUND].diff(dim=-2)
        steps = (matrix_about_y(angle[..., :-1])[..., 0::2, 0::2].to(steps) @ steps[..., None])[..., 0]
        bent[..., GROUND] = features[..., :1, GROUND]
        bent[..., 1:, GROUND] += steps.cumsum(dim=-2)
        return bent


@dataclass(frozen=True)
class HYMotionNumbers:
    """`Representation` of HY-Motion."""

    name: str = "hymotion"
    width: int = WIDTH
    fps: float = FPS
    way: StandingGround = field(default_factory=StandingGround)

    def to_joints(self, features: Tensor) -> Tensor:
        return features[..., POSITIONS].unflatten(-1, (22, 3)) + features[..., None, :3]

    def from_joints(self, joints: Tensor) -> Tensor:
        """Bones turn as they do from a T-pose of the same body; about themselves, as their parents do."""
        from mdm_adapter.io.rig import fit_rig
        from mdm_adapter.io.solve import solve

        places = joints.detach().cpu().double().numpy()
        world = torch.from_numpy(solve(places, fit_rig(places).rest, fps=self.fps)).to(joints)
        above = world[..., list(skeleton.PARENTS[1:]), :, :]
        local = above.transpose(-1, -2) @ world[..., 1:, :, :]
        root = joints[..., 0, :]
        seen = (joints - root[..., None, :]).flatten(-2)
        return torch.cat((root, to_six_d(world[..., 0, :, :]), to_six_d(local).flatten(-2), seen), dim=-1)

    def columns(self, joint: int) -> list[slice]:
        if joint == 0:
            return []
        rotation, place = BODY.start + 6 * (joint - 1), POSITIONS.start + 3 * joint
        return [slice(rotation, rotation + 6), slice(place, place + 3)]


HYMOTION = HYMotionNumbers()
