"""Kimodo's representation of motion both ways: rotations and a root path <-> 9 + 12 J numbers a frame.

Layout of a frame (J joints; metres, seconds, the world's axes with y up; heading 0 faces +z):

    smooth root path 3 | heading (cos, sin) 2 | joints seen from the smooth root 3 J | rotations, 6-D 6 J |
    velocities 3 J | contacts of left ankle, left toe, right ankle, right toe 4

Positions are absolute: the smooth root carries the place on the ground, heights are heights, rotations and velocities
are the world's. Tensors are [..., frames, width] and not normalised unless said otherwise (`statistics`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.geometry import about_y, matrix_to_six_d, six_d_to_matrix, wrapped
from mdm_adapter.models.kimodo.skeletons import Skeleton
from mdm_adapter.models.kimodo.smoothing import SHORTEST, smooth_path

FPS = 30.0
ROOT = slice(0, 5)  # smooth root and heading: what the network's first stage predicts
SMOOTH_ROOT, HEADING, GROUND = slice(0, 3), slice(3, 5), (0, 2)
ROOT_WIDTH, LOCAL_ROOT_WIDTH = 5, 4
CONTACT_SPEED, CONTACT_HEIGHT = 0.15, 0.10  # metres per second, metres


@dataclass(frozen=True)
class Layout:
    """Where the numbers of a frame stand, for a body of `joints` joints."""

    joints: int

    @property
    def width(self) -> int:
        return 9 + 12 * self.joints

    @property
    def body(self) -> slice:
        """All but the root: what the network's second stage predicts."""
        return slice(ROOT_WIDTH, self.width)

    @property
    def positions(self) -> slice:
        return slice(5, 5 + 3 * self.joints)

    @property
    def rotations(self) -> slice:
        return slice(5 + 3 * self.joints, 5 + 9 * self.joints)

    @property
    def velocities(self) -> slice:
        return slice(5 + 9 * self.joints, 5 + 12 * self.joints)

    @property
    def contacts(self) -> slice:
        return slice(5 + 12 * self.joints, self.width)


@dataclass(frozen=True)
class Pose:
    """What features describe, frame by frame.

    Attributes:
        joints: places in the world [..., T, J, 3].
        local: rotations against the parents [..., T, J, 3, 3].
        rotations: rotations against the world [..., T, J, 3, 3].
        root: place of the root joint [..., T, 3].
        smooth_root: its smooth path [..., T, 3], at the height of the root.
        contacts: [..., T, 4] bool.
    """

    joints: Tensor
    local: Tensor
    rotations: Tensor
    root: Tensor
    smooth_root: Tensor
    contacts: Tensor


@dataclass(frozen=True)
class Representation:
    """Features of one skeleton at a frame rate."""

    skeleton: Skeleton
    fps: float = FPS

    @property
    def layout(self) -> Layout:
        return Layout(len(self.skeleton))

    @property
    def width(self) -> int:
        return self.layout.width

    def encode(self, local: Tensor, root: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        """Features [..., T, width] of rotations against the parents [..., T, J, 3, 3] and root places [..., T, 3].

        Args:
            lengths: frames [...] that count of each clip, where a batch is padded. As published, smoothing sees the
                padding too; only the velocity of the last frame that counts repeats the one before it.

        Raises:
            ValueError: fewer than 5 frames.
        """
        frames = root.shape[-2]
        if frames < SHORTEST:
            raise ValueError(f"{frames} frames are too few for features; give at least {SHORTEST}")
        rotations, joints = self.skeleton.forward_kinematics(local, root)
        return self.assemble(joints, rotations, self.smooth_root(root), lengths=lengths)

    def assemble(
        self, joints: Tensor, rotations: Tensor, smooth_root: Tensor, *, lengths: Tensor | None = None
    ) -> Tensor:
        """Features from places [..., T, J, 3], rotations against the world and a smooth root path [..., T, 3]."""
        heading = self.heading_of(joints)
        velocities = self.fps * _ahead(joints.flatten(-2), lengths)
        feet = list(self.skeleton.feet)
        speed = velocities.unflatten(-1, joints.shape[-2:])[..., feet, :].norm(dim=-1)
        height = joints[..., feet, 1]
        contacts = (speed < CONTACT_SPEED) & (height < CONTACT_HEIGHT)
        parts = (
            smooth_root,
            torch.stack((heading.cos(), heading.sin()), dim=-1),
            (joints - on_the_ground(smooth_root)[..., None, :]).flatten(-2),
            matrix_to_six_d(rotations).flatten(-2),
            velocities,
            contacts.to(joints),
        )
        return torch.cat(parts, dim=-1)

    def decode(self, features: Tensor, *, by_positions: bool = False) -> Pose:
        """What features [..., T, width] describe; noisy ones too.

        Args:
            by_positions: take the joints from the position part, whose bones may vary in length, instead of from
                the rotations.
        """
        layout, joints = self.layout, len(self.skeleton)
        smooth_root = features[..., SMOOTH_ROOT]
        ground = on_the_ground(smooth_root)
        places = features[..., layout.positions].unflatten(-1, (joints, 3)) + ground[..., None, :]
        rotations = six_d_to_matrix(features[..., layout.rotations].unflatten(-1, (joints, 6)))
        root = places[..., 0, :]
        if not by_positions:
            places = self.skeleton.place(rotations, root)
        contacts = features[..., layout.contacts] > 0.5
        local = self.skeleton.local_rotations(rotations)
        return Pose(places, local, rotations, root, smooth_root, contacts)

    def heading_of(self, joints: Tensor) -> Tensor:
        """Which way a body faces [...] in radians, from its hips [..., J, 3]: 0 is +z, positive to its left (+x)."""
        right, left = self.skeleton.hips
        across = joints[..., right, :] - joints[..., left, :]
        return torch.atan2(across[..., 2], -across[..., 0])

    def smooth_root(self, root: Tensor) -> Tensor:
        """The smooth path [..., T, 3] of root places [..., T, 3]: smoothed over the ground, its height as it is."""
        clips = root.detach().reshape(-1, *root.shape[-2:]).cpu().double().numpy()
        smooth = torch.stack([torch.from_numpy(smooth_path(clip[:, list(GROUND)])) for clip in clips])
        x, z = smooth.to(root).reshape(*root.shape[:-1], 2).unbind(-1)
        return torch.stack((x, root[..., 1], z), dim=-1)

    def local_root(self, root: Tensor, *, lengths: Tensor | None = None) -> Tensor:
        """Turning rate, velocity over the ground (world axes) and height [..., T, 4] of root features [..., T, 5].

        Args:
            lengths: as in `encode`; a clip of one frame has no velocity and its numbers mean nothing.
        """
        heading = torch.atan2(root[..., 4], root[..., 3])
        turn = self.fps * wrapped(_ahead(heading[..., None], lengths)[..., 0])
        velocity = self.fps * _ahead(root[..., list(GROUND)], lengths)
        return torch.cat((turn[..., None], velocity, root[..., 1:2]), dim=-1)

    def translated(self, features: Tensor, ground: Tensor) -> Tensor:
        """Features [..., T, width] moved over the ground by (x, z) [..., 2]: two channels change."""
        moved = features.clone()
        moved[..., list(GROUND)] += ground[..., None, :]
        return moved

    def rotated(self, features: Tensor, angle: Tensor) -> Tensor:
        """Features [..., T, width] turned to the left about the vertical axis by angles [...]: linear, noisy ones too."""
        layout, joints = self.layout, len(self.skeleton)
        turn = about_y(angle)[..., None, :, :]
        cos, sin = angle.cos()[..., None], angle.sin()[..., None]
        facing, aside = features[..., HEADING].unbind(-1)

        def turned(vectors: Tensor, count: int) -> Tensor:
            vectors = vectors.unflatten(-1, (count, 3))
            return (vectors @ turn.to(vectors).transpose(-1, -2)).flatten(-2)

        parts = (
            turned(features[..., SMOOTH_ROOT], 1),
            torch.stack((facing * cos - aside * sin, facing * sin + aside * cos), dim=-1),
            turned(features[..., layout.positions], joints),
            turned(features[..., layout.rotations], 2 * joints),
            turned(features[..., layout.velocities], joints),
            features[..., layout.contacts],
        )
        return torch.cat(parts, dim=-1)

    def canonical(self, features: Tensor) -> Tensor:
        """Features [..., T, width] moved and turned so that the first frame's smooth root is over 0 and faces +z."""
        first = features[..., 0, :]
        centred = self.translated(features, -first[..., list(GROUND)])
        return self.rotated(centred, -torch.atan2(first[..., 4], first[..., 3]))


def on_the_ground(places: Tensor) -> Tensor:
    """Places [..., 3] with height 0."""
    return places * places.new_tensor([1.0, 0.0, 1.0])


def _ahead(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Differences of [..., T, n] to the next frame; the last frame that counts repeats the one before."""
    step = values.diff(dim=-2)
    step = torch.cat((step, step[..., -1:, :]), dim=-2)
    if lengths is None:
        return step
    last = torch.arange(values.shape[-2], device=values.device) == lengths[..., None] - 1
    return torch.where(last[..., None], step.roll(1, dims=-2), step)
