"""Kimodo's representation as the house asks for one (`mdm_adapter.representation.protocol.Representation`)."""

from dataclasses import dataclass
from functools import cached_property

from torch import Tensor

from mdm_adapter.models.kimodo.ground import GroundWay
from mdm_adapter.models.kimodo.representation import Representation
from mdm_adapter.models.kimodo.retarget import from_smpl, smpl_joints, to_smpl
from mdm_adapter.models.kimodo.skeletons import SOMA30, SOMA77, with_fingers
from mdm_adapter.representation.protocol import Body
from mdm_adapter.representation.skeleton import FEET


@dataclass(frozen=True)
class KimodoNumbers:
    """`Representation` of features of one of Kimodo's bodies; what it tells of is our 22 joints on that body."""

    own: Representation

    @property
    def name(self) -> str:
        return f"kimodo-{self.own.skeleton.name}"

    @property
    def width(self) -> int:
        return self.own.width

    @property
    def fps(self) -> float:
        return self.own.fps

    @cached_property
    def way(self) -> GroundWay:
        return GroundWay(len(self.own.skeleton), self.own.skeleton.hips, self.own.fps)

    def to_joints(self, features: Tensor) -> Tensor:
        return to_smpl(self.own.decode(features).joints, self.own.skeleton)

    def from_joints(self, joints: Tensor) -> Tensor:
        return from_smpl(joints, self.own, fps=self.fps).to(joints)

    def columns(self, joint: int) -> list[slice]:
        """Places, rotations and velocities of a joint and of what hangs stiffly on it, such as fingers; of feet, contacts."""
        if joint == 0:
            return []
        layout, wanted = self.own.layout, smpl_joints(self.own.skeleton)[joint]
        found = []
        for own, bearer in enumerate(self._bearers):
            if bearer == wanted:
                for part, size in ((layout.positions, 3), (layout.rotations, 6), (layout.velocities, 3)):
                    found.append(slice(part.start + size * own, part.start + size * (own + 1)))
        if joint in FEET:
            place = layout.contacts.start + FEET.index(joint)
            found.append(slice(place, place + 1))
        return found

    @cached_property
    def _bearers(self) -> list[int]:
        """For each own joint the one of our 22 that carries it."""
        skeleton = self.own.skeleton
        named = set(smpl_joints(skeleton))
        found: list[int] = []
        for joint, parent in enumerate(skeleton.parents):
            found.append(joint if joint in named else found[parent])
        return found

    def body(self, features: Tensor) -> Body:
        """The model's own body, SOMA's with its fingers at rest, as published tools have it."""
        skeleton, pose = self.own.skeleton, self.own.decode(features.double())
        local = pose.local
        if len(skeleton) == len(SOMA30):
            skeleton, local = SOMA77, with_fingers(local)
        return Body(skeleton.joints, skeleton.parents, skeleton.neutral, local, pose.root)


@dataclass(frozen=True)
class WayAlone:
    """What can be said of features of SMPL-X without that body's bones, which have a licence of their own."""

    name: str
    way: GroundWay


# What features in a file mean, by what the file says that they are (`motioncollage.representations`).
SOMA = KimodoNumbers(Representation(SOMA30))
SMPLX = WayAlone("kimodo-smplx22", GroundWay(22, (2, 1)))
