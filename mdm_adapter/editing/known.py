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

from mdm_adapter.editing.arrival import Arrival, Arriving, eased, lead_in, onward, way_of
from mdm_adapter.maker import GenerateSettings, Maker
from mdm_adapter.planning.pieces import Plan, plan_pieces
from mdm_adapter.prompts import Action
from mdm_adapter.representation.skeleton import JOINT_COUNT
from motioncollage.collage.conditioning import Mask, Reconstruction, Replacement
from motioncollage.collage.denoiser import Composed
from motioncollage.sampling.noise import OnStep

NULL = ""  # a text that stands for the null token
CONTEXT = 3.0  # seconds of a kept part that the model looks at, at most
MIN_FRAMES = 4
FADE = 0.8  # seconds over which the last difference between new and kept dies away

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
    """What an edit shows.

    Attributes:
        parts: (text, frames) in order; `NULL` for no text.
        transitions: seconds over which each passes into the next, None for the usual overlap; empty for that of all.
    """

    parts: tuple[tuple[str, int], ...]
    transitions: tuple[float | None, ...] = ()

    @property
    def frames(self) -> int:
        return sum(frames for _, frames in self.parts)


@dataclass(frozen=True)
class Known:
    """Features [frames, width] of which `mask` [frames, width] says what is kept."""

    features: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Stretch:
    """Frames `start` to before `end`, and what their way must come to."""

    start: int
    end: int
    arrival: Arrival


def fill(
    maker: Maker, known: Known, script: Script, settings: GenerateSettings, *,
    on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Features [samples, frames, width]: the known entries exactly, the rest generated.

    Raises:
        ValueError: shapes that do not fit, or a script of another length.
    """
    frames, width = len(known.features), maker.representation.width
    if known.features.shape != (frames, width) or known.mask.shape != known.features.shape:
        raise ValueError(
            f"known features have shape {tuple(known.features.shape)} and the mask {tuple(known.mask.shape)};"
            f" both must be [frames, {width}]"
        )
    if script.frames != frames:
        raise ValueError(f"the script has {script.frames} frames, the motion {frames}")
    made = sketch(maker, known, script, settings, Replacement, on_step=on_step)
    return torch.where(known.mask, known.features.float(), made)


def sketch(
    maker: Maker, known: Known, script: Script, settings: GenerateSettings,
    conditioning: type[Replacement] | type[Reconstruction], *, arriving: Stretch | None = None,
    start: Tensor | None = None, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """Features [samples, frames, width] that agree with the known ones as far as the conditioning makes them.

    Args:
        start: features of a frame [width] that stands where the motion begins; by default the first known one.
    """
    device = maker.device
    value = maker.model.normalise(known.features.to(device).float())
    mask = known.mask.to(device)
    value = torch.where(mask, value, torch.zeros_like(value))

    def conditioned(collage: Composed) -> Composed:
        if arriving:
            collage = Arriving(collage, arriving.arrival, maker.model, (arriving.start, arriving.end))
        return conditioning(collage, Mask(mask), value)

    plan = plan_of(maker, script, settings)
    if start is None and bool(known.mask[0].any()):
        start = known.features[0]
    return maker.make(maker.job(plan, settings, conditioned=conditioned, start=start, on_step=on_step))


def plan_of(maker: Maker, script: Script, settings: GenerateSettings) -> Plan:
    """Pieces of a script."""
    fps = maker.representation.fps
    transitions = script.transitions or (None,) * len(script.parts)
    told = zip(script.parts, transitions)
    actions = [Action(text, frames / fps, transition=transition) for (text, frames), transition in told]
    seconds = [frames / fps for _, frames in script.parts]
    return plan_pieces(actions, seconds, maker.plan_settings(settings))


def inbetween(
    maker: Maker, first: Tensor, second: Tensor, seconds: float, settings: GenerateSettings,
    *, text: str = NULL, on_step: OnStep | None = None,
) -> tuple[Tensor, tuple[int, int]]:  # fmt: skip
    """Generate what lies between the end of one motion and the start of another.

    Args:
        first: features [A, width].
        second: features [B, width].
        seconds: length of the new part.

    Returns:
        Features [samples, A + new + B, width], and the frames where the new part starts and ends.
    """
    gap = _frames(seconds, maker.representation.fps)
    seen = context(maker)
    second = onward(maker.representation, first, second, gap)
    before, after = first[-seen:], second[:seen]
    middle = between(maker, before, after, Script(((text, gap),)), settings, on_step)
    samples = len(middle)
    whole = torch.cat((first.expand(samples, -1, -1), middle, second.expand(samples, -1, -1)), dim=1)
    return whole, (len(first), len(first) + gap)


def between(
    maker: Maker, before: Tensor, after: Tensor, new: Script, settings: GenerateSettings,
    on_step: OnStep | None, arrival: Arrival | None = None,
) -> Tensor:  # fmt: skip
    """What is new alone [samples, frames of the script, width], between contexts that may be empty; arriving where it is
    told to."""
    gap = new.frames
    features = torch.cat((before, torch.zeros(gap, maker.representation.width), after)).float()
    mask = torch.ones_like(features, dtype=torch.bool)
    mask[len(before) : len(before) + gap] = False
    script = _with_contexts(new, len(before), len(after))
    start, end = len(before), len(before) + gap
    arriving = Stretch(start, end, arrival) if arrival else None
    known = Known(features, mask)
    led = None if len(before) else lead_in(maker.representation, after, gap)
    made = sketch(
        maker, known, script, settings, Reconstruction, arriving=arriving, start=led, on_step=on_step
    )  # fmt: skip
    filled = _meet(made, features, start, end, round(FADE * maker.representation.fps))
    if arrival is None:
        return filled
    rep, filled = maker.representation, filled.double()
    return arrival.project(filled, rep, eased(way_of(rep).moving(filled))).float()


def _with_contexts(new: Script, before: int, after: int) -> Script:
    """A script whose first and last part reach over half of what is kept beside them; the model chooses the other halves."""
    parts = [*new.parts]
    for i, frames in ((0, before - before // 2), (-1, after - after // 2)):
        parts[i] = (parts[i][0], parts[i][1] + frames)
    inner = new.transitions or (None,) * len(parts)
    rows = [((NULL, before // 2), None), *zip(parts, inner), ((NULL, after // 2), None)]
    kept = [row for row in rows if row[0][1] >= MIN_FRAMES]
    script = Script(tuple(part for part, _ in kept), tuple(told for _, told in kept))
    return _exact(script, new.frames + before + after)


def context(maker: Maker) -> int:
    """Frames of a kept part that the model looks at."""
    return max(1, round(CONTEXT * maker.representation.fps))


def _meet(made: Tensor, kept: Tensor, start: int, end: int, fade_frames: int) -> Tensor:
    """Frames `start` to `end` of made [samples, frames, width], led into the kept features [frames, width] on both sides.

    Reconstruction brings the two close together; what is left at a boundary fades out into the new part.
    """
    new = made[:, start:end].clone()
    count = min(fade_frames, (end - start) // 2)
    place = (torch.arange(count) + 1) / (count + 1)
    fade = (1 - 10 * place**3 + 15 * place**4 - 6 * place**5)[:, None]
    if start > 0:
        new[:, :count] += fade * (kept[start - 1] - made[:, start - 1])[:, None]
    if end < len(kept):
        new[:, new.shape[1] - count :] += fade.flip(0) * (kept[end] - made[:, end])[:, None]
    return new


def _exact(script: Script, frames: int) -> Script:
    """The script with what was too short to be a part given to its longest part."""
    missing = frames - script.frames
    longest = max(range(len(script.parts)), key=lambda i: script.parts[i][1])
    parts = [(text, count + (missing if i == longest else 0)) for i, (text, count) in enumerate(script.parts)]
    return Script(tuple(parts), script.transitions)


def extend(
    maker: Maker, motion: Tensor, settings: GenerateSettings, *, before: float = 0.0, after: float = 0.0,
    text: str = NULL, on_step: OnStep | None = None,
) -> tuple[Tensor, tuple[int, int]]:  # fmt: skip
    """Go on with a motion [T, width] after its end, lead up to its start, or both.

    Returns:
        Features [samples, new + T + new, width], and the frames where the kept part starts and ends.
    """
    if before <= 0 and after <= 0:
        raise ValueError("nothing to extend by; give seconds before, after, or both")
    whole = motion.expand(settings.samples, -1, -1)
    seen = context(maker)
    lead = 0
    nothing = motion[:0]
    if after > 0:
        going = Script(((text, _frames(after, maker.representation.fps)),))
        new = between(maker, motion[-seen:], nothing, going, settings, on_step)
        whole = torch.cat((whole, new), dim=1)
    if before > 0:
        lead = _frames(before, maker.representation.fps)
        new = between(maker, nothing, motion[:seen], Script(((text, lead),)), settings, on_step)
        whole = torch.cat((new, whole), dim=1)
    return whole, (lead, lead + len(motion))


def replace_range(
    maker: Maker, motion: Tensor, start: float, end: float, text: str, settings: GenerateSettings,
    *, anchored: bool = True, on_step: OnStep | None = None,
) -> tuple[Tensor, tuple[int, int]]:  # fmt: skip
    """New motion from `start` to `end` seconds of a motion [T, width], all else kept.

    Args:
        anchored: let the new part end where and facing as the old one did, so that what follows stays in its place;
            False keeps what follows as it moves, wherever the new part leads it.

    Raises:
        ValueError: a range outside the motion.
    """
    fps = maker.representation.fps
    if not (math.isfinite(start) and math.isfinite(end)):
        raise ValueError(f"the range {start:g} to {end:g} s is no range; give two numbers of seconds")
    first, last = round(start * fps), round(end * fps)
    if not 0 <= first < last <= len(motion) or last - first < MIN_FRAMES:
        raise ValueError(
            f"the range {start:g} to {end:g} s does not lie inside the motion of {len(motion) / fps:g} s"
            f" (or is shorter than {MIN_FRAMES / fps:g} s)"
        )
    head, tail = motion[:first], motion[last:]
    anchor = anchored and len(tail) and maker.representation.way is not None
    arrival = Arrival.of(motion[first:last], maker.representation) if anchor else None
    if not anchored and len(head) and len(tail):
        tail = onward(maker.representation, head, tail, last - first)
    seen = context(maker)
    new = Script(((text, last - first),))
    middle = between(maker, head[-seen:], tail[:seen], new, settings, on_step, arrival)
    samples = len(middle)
    whole = torch.cat((head.expand(samples, -1, -1), middle, tail.expand(samples, -1, -1)), dim=1)
    return whole, (first, last)


def regenerate_joints(
    maker: Maker, motion: Tensor, joints: Sequence[int], text: str, settings: GenerateSettings,
    *, on_step: OnStep | None = None,
) -> Tensor:  # fmt: skip
    """New motion [samples, T, width] of some joints under a text; root path, facing and all other joints are kept."""
    if 0 in joints or not joints or not set(joints) <= set(range(JOINT_COUNT)):
        raise ValueError(
            f"joints {list(joints)} must be numbers from 1 to {JOINT_COUNT - 1}; the root is kept"
        )
    mask = torch.ones_like(motion, dtype=torch.bool)
    for joint in joints:
        columns = maker.representation.columns(joint)
        if not columns:
            raise ValueError(
                f"{maker.representation.name} features do not tell joint {joint} from the others"
            )
        for part in columns:
            mask[:, part] = False
    return fill(maker, Known(motion.float(), mask), Script(((text, len(motion)),)), settings, on_step=on_step)


def _frames(seconds: float, fps: float) -> int:
    if not math.isfinite(seconds):
        raise ValueError(f"{seconds:g} s is no length; give a number of seconds")
    frames = round(seconds * fps)
    if frames < MIN_FRAMES:
        raise ValueError(f"{seconds:g} s is too short; give at least {MIN_FRAMES / fps:g} s")
    return frames


def read_joints(names: str) -> list[int]:
    """Joint numbers from a named set or numbers with commas."""
    if names in JOINT_SETS:
        return list(JOINT_SETS[names])
    try:
        return sorted({int(name) for name in names.split(",")})
    except ValueError as error:
        raise ValueError(
            f"joints {names!r} are neither numbers with commas nor one of {', '.join(JOINT_SETS)}"
        ) from error
