"""HumanML3D's representation as a value: 263 numbers at 20 frames a second (Guo et al. 2022; the numbers: `features`)."""

from dataclasses import dataclass, field

from torch import Tensor

from mdm_adapter.representation import features as layout
from mdm_adapter.representation.protocol import Way
from mdm_adapter.representation.skeleton import FEET
from mdm_adapter.representation.way import PlanarWay


@dataclass(frozen=True)
class HumanML3D:
    """`Representation` of MDM, of the bundled model and of the official evaluator."""

    name: str = "humanml3d"
    width: int = layout.WIDTH
    fps: float = layout.FPS
    way: Way | None = field(default_factory=PlanarWay)

    def to_joints(self, features: Tensor) -> Tensor:
        return layout.to_joints(features)

    def from_joints(self, joints: Tensor) -> Tensor:
        return layout.from_joints(joints).features

    def columns(self, joint: int) -> list[slice]:
        """Position, rotation, velocity and, of feet, contact; the root's own stand elsewhere."""
        if joint == 0:
            return []
        position, rotation, velocity = (
            part.start for part in (layout.POSITIONS, layout.ROTATIONS, layout.VELOCITIES)
        )
        found = [
            slice(position + 3 * (joint - 1), position + 3 * joint),
            slice(rotation + 6 * (joint - 1), rotation + 6 * joint),
            slice(velocity + 3 * joint, velocity + 3 * (joint + 1)),
        ]
        if joint in FEET:
            place = layout.CONTACTS.start + FEET.index(joint)
            found.append(slice(place, place + 1))
        return found


HUMANML3D = HumanML3D()
