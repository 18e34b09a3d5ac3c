"""Kimodo's own way to a long motion: prompts one after the other, each led in by the end of the one before.

Kept as published, to compare with. No later prompt influences an earlier segment, and nothing closes a loop.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.constraints import Constraint, Poses, known_features
from mdm_adapter.models.kimodo.denoiser import Observed
from mdm_adapter.models.kimodo.representation import GROUND, Representation
from mdm_adapter.models.kimodo.skeletons import LIMBS
from mdm_adapter.models.kimodo.statistics import Statistics

# Number of the segment, its frames, headings of its first frame [batch], what is known of it -> normalised features.
SampleSegment = Callable[[int, int, Tensor, Observed], Tensor]


@dataclass(frozen=True)
class ChainSettings:
    """How a segment continues the one before.

    Attributes:
        transition: frames that are known from before and blended with what came of them.
        shared: part of the segment before that is made anew, in addition.
        limbs: know the rotations of hands and feet in the transition, too. Later versions of the published code do, and
            have `shared` 0.
    """

    transition: int = 5
    shared: float = 0.1
    limbs: bool = False

    def __post_init__(self) -> None:
        if self.transition < 1 or not 0 <= self.shared < 1:
            raise ValueError(
                f"transition is {self.transition} and shared {self.shared:g}; give at least 1 frame, and a part below 1"
            )


def chain_prompts(
    sample_segment: SampleSegment,
    representation: Representation,
    statistics: Statistics,
    frames: Sequence[int],
    *,
    batch: int = 1,
    heading: float = 0.0,
    constraints: Sequence[Constraint] = (),
    settings: ChainSettings = ChainSettings(),
) -> Tensor:
    """A motion of segments of these lengths, one behind the other: features [batch, sum of frames, width].

    Args:
        sample_segment: makes one segment over its own origin.
        constraints: on frames of the whole, the same for all samples.

    Raises:
        ValueError: a segment that is shorter than what the next one takes from it.
    """
    made: list[Tensor] = []
    first = 0
    headings = torch.full((batch,), heading)
    for number, count in enumerate(frames):
        known = [c.within(first, first + count) for c in constraints]
        base, mask = known_features(known, representation, count)
        base, mask = base.expand(batch, -1, -1), mask.expand(batch, -1, -1)
        if not made:
            observed = Observed(statistics.apply(base), mask)
            made.append(statistics.undo(sample_segment(number, count, headings, observed)))
        else:
            before = made.pop()
            taken = settings.transition + int(settings.shared * before.shape[1])
            if taken >= before.shape[1]:
                raise ValueError(
                    f"segment {number - 1} has {before.shape[1]} frames and the next takes {taken}; make it longer"
                )
            made.append(before[:, :-taken])
            made += _continued(
                partial(sample_segment, number),
                before[:, -taken:],
                (base, mask),
                representation,
                statistics,
                settings,
            )
        first += count
    return torch.cat(made, dim=1)


def _continued(
    sample: Callable[[int, Tensor, Observed], Tensor],
    old: Tensor,
    known: tuple[Tensor, Tensor],
    representation: Representation,
    statistics: Statistics,
    settings: ChainSettings,
) -> list[Tensor]:
    """What replaces the old frames [batch, taken, width] of a motion, and a new segment behind them."""
    blended, taken = settings.transition, old.shape[1]
    pose = representation.decode(old)
    ground = pose.smooth_root[..., list(GROUND)]
    parts = []
    for sample_number in range(len(old)):
        there = torch.arange(blended)
        frames = slice(0, blended)
        joints, rotations = pose.joints[sample_number, frames], pose.rotations[sample_number, frames]
        lead: list[Constraint] = [Poses(there, joints, rotations, ground[sample_number, frames])]
        if settings.limbs:
            lead.append(Poses(there, joints, rotations, ground[sample_number, frames], LIMBS))
        parts.append(known_features(lead, representation, taken))
    values = torch.cat((torch.stack([value for value, _ in parts]).to(known[0]), known[0]), dim=1)
    mask = torch.cat((torch.stack([named for _, named in parts]), known[1]), dim=1)
    values = representation.translated(values, -ground[:, 0].to(values))
    observed = Observed(statistics.apply(torch.where(mask, values, torch.zeros_like(values))), mask)
    headings = representation.heading_of(pose.joints)[:, 0]
    new = statistics.undo(sample(values.shape[1], headings, observed))
    new = representation.translated(new, ground[:, 0].to(new))
    share = torch.linspace(1, 0, blended).to(new)[:, None]
    return [share * old[:, :blended] + (1 - share) * new[:, :blended], new[:, blended:]]
