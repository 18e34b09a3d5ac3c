"""Edits of real motion: in-between, extend, replace a stretch, regenerate some joints (paths: `paths`, whole motions: `redoing`).

Every edit is the same thing: a collage over all frames whose denoiser is told which features are known (paper,
appendix C.1): stretches of time by reconstruction (algorithm 5), which leads into them, and single joints or the
root's path by replacement (algorithm 4), which keeps them exactly. Features of a frame are seen from the body itself, so what is kept keeps its poses and its
way relative to itself exactly; where in the world a kept part stands follows from what comes before it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mdm_adapter.editing.arrival import Arrival, Arriving, eased, moving_shares
from mdm_adapter.pipeline import GenerateSettings, MotionPipeline
from mdm_adapter.planning.pieces import Plan, plan_pieces
from mdm_adapter.planning.timing import FPS
from mdm_adapter.prompts import Action
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import skeleton
from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed
from motioncollage.sampling.registry import sample
from motioncollage.sampling.solvers import DiscreteLevels, OnStep

NULL = ""  # a text that stands for the null token
LONGEST_CONTEXT = 60  # frames of a kept part that the model looks at
MIN_FRAMES = 4
FADE = 16  # frames over which the last difference between new and kept dies away

JOINT_SETS = {
    "upper-body": (3, 6, 9, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21),
    "arms": (13, 14, 16, 17, 18, 19, 20, 21),
    "left-arm": (13, 16, 18, 20),
    "right-arm": (14, 17, 19, 21),
    "head": (12, 15),
    "legs": (1, 2, 4, 5, 7, 8, 10, 11),
}


@dataclass(frozen=True)
class Script:
    """What an edit shows: (text, frames) in order; `NULL` for no text."""

    parts: tuple[tuple[str, int], ...]

    @property
    def frames(self) -> int:
        return sum(frames for _, frames in self.parts)


@dataclass(frozen=True)
class Known:
    """Features [frames, 263] of which `mask` [frames, 263] says what is kept."""

    features: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Stretch:
    """Frames `start` to before `end`, and what their way must come to."""

    start: int
    end: int
    arrival: Arrival


def fill(
    pipeline: MotionPipeline, known: Known, script: Script, settings: GenerateSettings, *,
    on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Features [samples, frames, 263]: the known entries exactly, the rest generated.

    Raises:
        ValueError: shapes that do not fit, or a script of another length.
    """
    frames = len(known.features)
    if known.features.shape != (frames, representation.WIDTH) or known.mask.shape != known.features.shape:
        raise ValueError(
            f"known features have shape {tuple(known.features.shape)} and the mask {tuple(known.mask.shape)};"
            f" both must be [frames, {representation.WIDTH}]"
        )
    if script.frames != frames:
        raise ValueError(f"the script has {script.frames} frames, the motion {frames}")
    made = sketch(pipeline, known, script, settings, Replacement, on_step=on_step)
    return torch.where(known.mask, known.features.float(), made)


def sketch(
    pipeline: MotionPipeline, known: Known, script: Script, settings: GenerateSettings,
    conditioning: type[Replacement] | type[Reconstruction], *, arriving: Stretch | None = None,
    on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Features [samples, frames, 263] that agree with the known ones as far as the conditioning makes them."""
    device = pipeline.device
    value = pipeline.normalisation.apply(known.features.to(device).float())
    mask = known.mask.to(device)
    value = torch.where(mask, value, torch.zeros_like(value))
    start, plan = start_of(pipeline, script, settings), plan_of(pipeline, script, settings)
    denoiser: Composed = pipeline.compose(plan, settings)
    if arriving:
        denoiser = Arriving(
            denoiser, arriving.arrival, pipeline.normalisation, (arriving.start, arriving.end)
        )
    denoiser = conditioning(denoiser, Mask(mask), value)
    generator = torch.Generator().manual_seed(settings.seed)
    levels = DiscreteLevels(pipeline.schedule, settings.sampler.spacing)
    made = sample(denoiser, start, levels, settings.sampler, generator, on_step=on_step)
    return pipeline.normalisation.undo(made).cpu()


def plan_of(pipeline: MotionPipeline, script: Script, settings: GenerateSettings) -> Plan:
    """Pieces of a script."""
    actions = [Action(text, frames / FPS) for text, frames in script.parts]
    seconds = [frames / FPS for _, frames in script.parts]
    return plan_pieces(actions, seconds, settings.plan_settings(pipeline.max_frames))


def start_of(pipeline: MotionPipeline, script: Script, settings: GenerateSettings) -> Tensor:
    """Noise [samples, frames, 263] of a script."""
    return torch.stack([pipeline.noise(script.frames, settings.seed, i) for i in range(settings.samples)])


def inbetween(
    pipeline: MotionPipeline, first: Tensor, second: Tensor, seconds: float, settings: GenerateSettings,
    *, text: str = NULL, on_step: OnStep | None = None,
) -> tuple[Tensor, tuple[int, int]]:  # fmt: skip
    """Generate what lies between the end of one motion and the start of another.

    Args:
        first: features [A, 263].
        second: features [B, 263].
        seconds: length of the new part.

    Returns:
        Features [samples, A + new + B, 263], and the frames where the new part starts and ends.
    """
    gap = _frames(seconds)
    before, after = first[-LONGEST_CONTEXT:], second[:LONGEST_CONTEXT]
    middle = _between(pipeline, before, after, gap, text, settings, on_step)
    samples = len(middle)
    whole = torch.cat((first.expand(samples, -1, -1), middle, second.expand(samples, -1, -1)), dim=1)
    return whole, (len(first), len(first) + gap)


def _between(
    pipeline: MotionPipeline, before: Tensor, after: Tensor, gap: int, text: str, settings: GenerateSettings,
    on_step: OnStep | None, arrival: Arrival | None = None,
) -> Tensor:  # fmt: skip
    """The new part alone [samples, gap, 263], between contexts that may be empty; arriving where it is told to."""
    features = torch.cat((before, torch.zeros(gap, representation.WIDTH), after)).float()
    mask = torch.ones_like(features, dtype=torch.bool)
    mask[len(before) : len(before) + gap] = False
    parts = [
        (NULL, len(before) // 2),
        (text, len(features) - len(before) // 2 - len(after) // 2),
        (NULL, len(after) // 2),
    ]
    script = Script(tuple((words, frames) for words, frames in parts if frames >= MIN_FRAMES))
    script = _exact(script, len(features))
    start, end = len(before), len(before) + gap
    arriving = Stretch(start, end, arrival) if arrival else None
    known = Known(features, mask)
    made = sketch(pipeline, known, script, settings, Reconstruction, arriving=arriving, on_step=on_step)
    new = _meet(made, features, start, end)
    if arrival is None:
        return new
    return arrival.project(new.double(), eased(moving_shares(new.double()))).float()


def _meet(made: Tensor, kept: Tensor, start: int, end: int) -> Tensor:
    """Frames `start` to `end` of made [samples, frames, 263], led into the kept features [frames, 263] on both sides.

    Reconstruction brings the two close together; what is left at a boundary fades out into the new part.
    """
    new = made[:, start:end].clone()
    count = min(FADE, (end - start) // 2)
    place = (torch.arange(count) + 1) / (count + 1)
    fade = (1 - 10 * place**3 + 15 * place**4 - 6 * place**5)[:, None]
    if start > 0:
        new[:, :count] += fade * (kept[start - 1] - made[:, start - 1])[:, None]
    if end < len(kept):
        new[:, -count:] += fade.flip(0) * (kept[end] - made[:, end])[:, None]
    return new


def _exact(script: Script, frames: int) -> Script:
    """The script with what was too short to be a part given to its longest part."""
    missing = frames - script.frames
    longest = max(range(len(script.parts)), key=lambda i: script.parts[i][1])
    parts = [(text, count + (missing if i == longest else 0)) for i, (text, count) in enumerate(script.parts)]
    return Script(tuple(parts))


def extend(
    pipeline: MotionPipeline, motion: Tensor, settings: GenerateSettings, *, before: float = 0.0, after: float = 0.0,
    text: str = NULL, on_step: OnStep | None = None,
) -> tuple[Tensor, tuple[int, int]]:  # fmt: skip
    """Go on with a motion [T, 263] after its end, lead up to its start, or both.

    Returns:
        Features [samples, new + T + new, 263], and the frames where the kept part starts and ends.
    """
    if before <= 0 and after <= 0:
        raise ValueError("nothing to extend by; give seconds before, after, or both")
    whole = motion.expand(settings.samples, -1, -1)
    lead = 0
    nothing = motion[:0]
    if after > 0:
        new = _between(pipeline, motion[-LONGEST_CONTEXT:], nothing, _frames(after), text, settings, on_step)
        whole = torch.cat((whole, new), dim=1)
    if before > 0:
        lead = _frames(before)
        new = _between(pipeline, nothing, motion[:LONGEST_CONTEXT], lead, text, settings, on_step)
        whole = torch.cat((new, whole), dim=1)
    return whole, (lead, lead + len(motion))


def replace_range(
    pipeline: MotionPipeline, motion: Tensor, start: float, end: float, text: str, settings: GenerateSettings,
    *, anchored: bool = True, on_step: OnStep | None = None,
) -> tuple[Tensor, tuple[int, int]]:  # fmt: skip
    """New motion from `start` to `end` seconds of a motion [T, 263], all else kept.

    Args:
        anchored: let the new part end where and facing as the old one did, so that what follows stays in its place;
            False keeps what follows as it moves, wherever the new part leads it.

    Raises:
        ValueError: a range outside the motion.
    """
    first, last = round(start * FPS), round(end * FPS)
    if not 0 <= first < last <= len(motion) or last - first < MIN_FRAMES:
        raise ValueError(
            f"the range {start:g} to {end:g} s does not lie inside the motion of {len(motion) / FPS:g} s"
            f" (or is shorter than {MIN_FRAMES / FPS:g} s)"
        )
    head, tail = motion[:first], motion[last:]
    arrival = Arrival.of(motion[first:last]) if anchored and len(tail) else None
    middle = _between(
        pipeline,
        head[-LONGEST_CONTEXT:],
        tail[:LONGEST_CONTEXT],
        last - first,
        text,
        settings,
        on_step,
        arrival,
    )
    samples = len(middle)
    whole = torch.cat((head.expand(samples, -1, -1), middle, tail.expand(samples, -1, -1)), dim=1)
    return whole, (first, last)


def regenerate_joints(
    pipeline: MotionPipeline, motion: Tensor, joints: Sequence[int], text: str, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """New motion [samples, T, 263] of some joints under a text; root path, facing and all other joints are kept."""
    if 0 in joints or not joints or not set(joints) <= set(range(skeleton.JOINT_COUNT)):
        raise ValueError(
            f"joints {list(joints)} must be numbers from 1 to {skeleton.JOINT_COUNT - 1}; the root is kept"
        )
    mask = torch.ones_like(motion, dtype=torch.bool)
    for joint in joints:
        for columns in joint_columns(joint):
            mask[:, columns] = False
    return fill(
        pipeline, Known(motion.float(), mask), Script(((text, len(motion)),)), settings, on_step=on_step
    )


def joint_columns(joint: int) -> list[slice]:
    """Where the features of a joint (not the root) stand in a frame: position, rotation, velocity, contacts."""
    position, rotation = representation.POSITIONS.start, representation.ROTATIONS.start
    columns = [
        slice(position + 3 * (joint - 1), position + 3 * joint),
        slice(rotation + 6 * (joint - 1), rotation + 6 * joint),
        slice(representation.VELOCITIES.start + 3 * joint, representation.VELOCITIES.start + 3 * (joint + 1)),
    ]
    if joint in (contacts := (7, 10, 8, 11)):
        place = representation.CONTACTS.start + contacts.index(joint)
        columns.append(slice(place, place + 1))
    return columns


def _frames(seconds: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError(f"{seconds:g} s is no length; give a number of seconds")
    frames = round(seconds * FPS)
    if frames < MIN_FRAMES:
        raise ValueError(f"{seconds:g} s is too short; give at least {MIN_FRAMES / FPS:g} s")
    return frames
