"""Constraints: a path on the ground, whole poses, hands and feet at chosen frames, as known features and their mask."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.denoiser import Observed
from mdm_adapter.models.kimodo.geometry import matrix_to_six_d
from mdm_adapter.models.kimodo.representation import GROUND, HEADING, Representation, on_the_ground
from mdm_adapter.models.kimodo.skeletons import LIMBS
from mdm_adapter.models.kimodo.statistics import Statistics

HIPS = "Hips"
HEIGHT = 1  # channel of the root's height


@dataclass(frozen=True, eq=False)
class GroundPath:
    """Where the smooth root is, and which way the body faces, at frames.

    Attributes:
        frames: [n], int64.
        ground: x and z [n, 2], metres.
        heading: cos and sin [n, 2], or None where it is free.
    """

    frames: Tensor
    ground: Tensor
    heading: Tensor | None = None

    def __post_init__(self) -> None:
        _check(self.frames, {"ground": (self.ground, (2,)), "heading": (self.heading, (2,))})

    def within(self, start: int, end: int) -> "GroundPath":
        """The constraints on frames `start` to before `end`, counted from `start`."""
        kept = (self.frames >= start) & (self.frames < end)
        heading = None if self.heading is None else self.heading[kept]
        return GroundPath(self.frames[kept] - start, self.ground[kept], heading)


@dataclass(frozen=True, eq=False)
class Poses:
    """What the body does at frames, all of it or at its ends.

    Attributes:
        frames: [n], int64.
        joints: places in the world [n, J, 3], metres.
        rotations: against the world [n, J, 3, 3].
        ground: x and z of the smooth root [n, 2]; None puts it over the root joint.
        limbs: which of `LIMBS` and `HIPS` are known; None knows all joints' places (and no rotation, as published).
    """

    frames: Tensor
    joints: Tensor
    rotations: Tensor
    ground: Tensor | None = None
    limbs: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        count = self.joints.shape[1] if self.joints.ndim == 3 else 0
        shapes = {"joints": (self.joints, (count, 3)), "rotations": (self.rotations, (count, 3, 3))}
        _check(self.frames, {**shapes, "ground": (self.ground, (2,))})
        for limb in self.limbs or ():
            if limb not in (*LIMBS, HIPS):
                raise ValueError(f"limb {limb!r} is unknown; choose from {', '.join((*LIMBS, HIPS))}")

    def within(self, start: int, end: int) -> "Poses":
        """The constraints on frames `start` to before `end`, counted from `start`."""
        kept = (self.frames >= start) & (self.frames < end)
        ground = None if self.ground is None else self.ground[kept]
        return replace(
            self,
            frames=self.frames[kept] - start,
            joints=self.joints[kept],
            rotations=self.rotations[kept],
            ground=ground,
        )


Constraint = GroundPath | Poses


def _check(frames: Tensor, parts: dict[str, tuple[Tensor | None, tuple[int, ...]]]) -> None:
    if frames.ndim != 1 or frames.is_floating_point() or bool((frames < 0).any()):
        raise ValueError(f"frames have shape {list(frames.shape)}; give whole numbers [n] from 0")
    for name, (value, shape) in parts.items():
        if value is not None and value.shape != (len(frames), *shape):
            raise ValueError(
                f"{name} has shape {list(value.shape)} for {len(frames)} frames; expected {[len(frames), *shape]}"
                " (of the smooth root give x and z)"
            )
        if value is not None and not torch.isfinite(value).all():
            raise ValueError(f"{name} holds numbers that are not finite; give each frame's own")


def known_features(
    constraints: Sequence[Constraint], representation: Representation, frames: int
) -> tuple[Tensor, Tensor]:
    """Features [frames, width], not normalised, and a mask of those that constraints name; the last one wins.

    Raises:
        ValueError: a constraint on a frame that is not there, or on another skeleton.
    """
    layout, skeleton = representation.layout, representation.skeleton
    features = torch.zeros(frames, layout.width)
    mask = torch.zeros(frames, layout.width, dtype=torch.bool)

    def fill(rows: Tensor, columns: Sequence[int], values: Tensor) -> None:
        places = torch.tensor(columns)
        # One row after the other: of two values for one frame the later counts, which indexing does not promise.
        for row, value in zip(rows.tolist(), values.to(features)):
            features[row, places], mask[row, places] = value, True

    for constraint in constraints:
        if len(constraint.frames) and int(constraint.frames.max()) >= frames:
            raise ValueError(
                f"a constraint is on frame {int(constraint.frames.max())}; the motion has {frames}: 0 to {frames - 1}"
            )
        if isinstance(constraint, Poses):
            _check_skeleton(constraint, representation)
            root = constraint.joints[:, 0]
            ground = root[:, list(GROUND)] if constraint.ground is None else constraint.ground
            angle = representation.heading_of(constraint.joints)
            fill(constraint.frames, GROUND, ground)
            fill(constraint.frames, (HEIGHT,), root[:, 1:2])
            fill(constraint.frames, (3, 4), torch.stack((angle.cos(), angle.sin()), dim=-1))
        else:
            fill(constraint.frames, GROUND, constraint.ground)
            if constraint.heading is not None:
                fill(constraint.frames, range(HEADING.start, HEADING.stop), constraint.heading)
    # Places are seen from the frame's smooth root, so they follow once all constraints have had their say on it.
    for constraint in constraints:
        if not isinstance(constraint, Poses):
            continue
        for joint in _placed(constraint, representation):
            seen = constraint.joints[:, joint].to(features) - on_the_ground(features[constraint.frames, :3])
            first = layout.positions.start + 3 * joint
            fill(constraint.frames, range(first, first + 3), seen)
        for joint in _turned(constraint, representation):
            first = layout.rotations.start + 6 * joint
            fill(constraint.frames, range(first, first + 6), matrix_to_six_d(constraint.rotations[:, joint]))
    assert features.shape[1] == 9 + 12 * len(skeleton)
    return features, mask


def observe(
    constraints: Sequence[Sequence[Constraint]],
    representation: Representation,
    statistics: Statistics,
    frames: int,
) -> Observed:
    """Constraints of each sample of a batch, normalised (values that are not known are 0)."""
    parts = [known_features(each, representation, frames) for each in constraints]
    features, mask = (torch.stack(column) for column in zip(*parts))
    normalised = statistics.apply(features)
    return Observed(torch.where(mask, normalised, torch.zeros_like(normalised)), mask)


def _check_skeleton(constraint: Poses, representation: Representation) -> None:
    count = len(representation.skeleton)
    if constraint.joints.shape[1] != count:
        raise ValueError(
            f"a constraint has {constraint.joints.shape[1]} joints; {representation.skeleton.name} has {count}"
        )


def _placed(constraint: Poses, representation: Representation) -> list[int]:
    """Joints whose places a constraint names."""
    skeleton = representation.skeleton
    if constraint.limbs is None:
        return list(range(len(skeleton)))
    chains = dict(zip(LIMBS, skeleton.limbs))
    return [joint for limb in constraint.limbs for joint in chains.get(limb, (0,))]


def _turned(constraint: Poses, representation: Representation) -> list[int]:
    """Joints whose rotations a constraint names: the first of each chain."""
    chains = dict(zip(LIMBS, representation.skeleton.limbs))
    return [chains.get(limb, (0,))[0] for limb in constraint.limbs or ()]
