"""Prefix models: DiP, the diffusion planner of CLoSD (Tevet et al. 2024). A few known frames, the next few predicted.

Such a network was never asked for a motion of its own: it continues `context_len` frames by `pred_len`, again and again,
each time from the end of what it made last. The method `dip` does that; nothing else can be done with the model.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from mdm_adapter.models.mdm.denoiser import MDMDenoiser
from mdm_adapter.models.mdm.model import MDMModel
from mdm_adapter.models.protocol import MotionDefaults, PrefixModel
from mdm_adapter.representation import skeleton
from motioncollage.collage.denoiser import Composed, Denoiser
from motioncollage.collage.guidance import Guidance
from motioncollage.methods import Job, Made, Method

PUBLISHED_GUIDANCE = Guidance(7.5)  # of the planner; MDM's is 2.5
# Which way the bones point of somebody who stands at ease, facing +z, in the order of `skeleton.JOINTS`.
STANDING = torch.tensor(
    [
        [0, 0, 0], [0.8, -0.6, 0], [-0.8, -0.6, 0], [0, 1, 0], [0.05, -1, 0.03], [-0.05, -1, 0.03], [0, 1, 0],
        [0, -1, -0.05], [0, -1, -0.05], [0, 1, 0], [0.2, -0.5, 0.85], [-0.2, -0.5, 0.85], [0, 1, 0.05],
        [0.4, 0.9, 0], [-0.4, 0.9, 0], [0, 0.97, 0.25], [0.97, 0, -0.2], [-0.97, 0, -0.2], [0.2, -0.97, 0],
        [-0.2, -0.97, 0], [0.1, -0.97, 0.2], [-0.1, -0.97, 0.2],
    ],
    dtype=torch.float64,
)  # fmt: skip
NO_PREFIX = (
    "the method dip continues a prefix, for which this model was not trained (DiP is); leave --method out"
)


@runtime_checkable
class _MotionJob(Protocol):
    """What of a job of motion the method reads besides `Job`."""

    model: Any
    settings: Any
    keys: Sequence[Any]

    def told(self, part: int, denoiser: Denoiser) -> Composed: ...


class DiPModel(MDMModel):
    """`MotionModel` of a prefix checkpoint: its pieces are continuations only."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        config = self.loaded.config
        self.context, self.predicted = config.context_len, config.pred_len
        self.defaults = MotionDefaults(PUBLISHED_GUIDANCE, method="dip")

    @property
    def no_pieces(self) -> str:
        """Why methods that ask for pieces cannot be used (`motioncollage.methods.Method`)."""
        return (
            f"model {self.name} continues {self.context} frames by {self.predicted} (a prefix model, as DiP), and makes"
            " no motion of its own: the method dip does (generate, eval --methods dip)"
        )

    @cached_property
    def start(self) -> Tensor:
        """Somebody who stands still with hanging arms, for as long as a prefix."""
        pose = [STANDING[0]]
        for joint, direction in enumerate(STANDING[1:], 1):
            pose.append(pose[skeleton.PARENTS[joint]] + direction)
        # In the reference body's proportions the bones get their lengths.
        joints = torch.stack(pose).expand(self.context + 1, -1, -1)
        return self.normalise(self.representation.from_joints(joints.float()).to(self.device))

    def continuing(self, precision: str, known: Tensor) -> MDMDenoiser:
        return MDMDenoiser(self.loaded.network, precision=precision, known=known)

    def denoiser(self, precision: str, *, beyond: bool = False) -> MDMDenoiser:
        raise ValueError(self.no_pieces)

    def padded(self, precision: str, valid: Sequence[int]) -> MDMDenoiser:
        raise ValueError(self.no_pieces)


def chunks(parts: Sequence[int], predicted: int) -> list[tuple[int, int]]:
    """Predictions that make parts of some frames: (part, frames that are kept of it).

    A text changes when its part begins, so the last prediction of a part is cut off there.
    """
    return [
        (number, min(predicted, frames - done))
        for number, frames in enumerate(parts)
        for done in range(0, frames, predicted)
    ]


def _continue(job: Job) -> Made:
    if why := _without_prefix(getattr(job, "model", None)):
        raise ValueError(why)
    assert isinstance(job, _MotionJob)
    model: PrefixModel = job.model
    first = model.start.expand(len(job.keys), -1, -1)
    made, seams = first, []
    for number, (part, kept) in enumerate(chunks(job.parts, model.predicted)):
        denoiser = model.continuing(job.settings.precision, made[:, -model.context :])
        new = job.sample(job.told(part, denoiser), model.predicted, draw=number)
        seams.append(made.shape[1] - model.context)
        made = torch.cat((made, new[:, :kept]), dim=job.axis)
    return Made(made[:, model.context :], tuple(seams[1:]))


def _without_prefix(model: object) -> str:
    return "" if isinstance(model, PrefixModel) else NO_PREFIX


DIP = Method(_continue, refuses=_without_prefix, general=False)
