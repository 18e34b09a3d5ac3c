"""Feet that stand, stand still: a clean-up of joints by inverse kinematics of the legs.

A network leaves standing feet creeping by some centimetres a second, which the eye sees and a game engine's ground
shows. Where the ball of a foot is low and slow it is put where it stood on the whole, the ankle goes along, and the knee
bends for it; hips and everything above stay as they are. Between stands the shift fades, so nothing jumps.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mdm_adapter.representation.skeleton import JOINTS

Floats = NDArray[np.float64]
LEGS = tuple(
    tuple(JOINTS.index(f"{side}_{joint}") for joint in ("hip", "knee", "ankle", "foot"))
    for side in ("left", "right")
)
SLOW, LOW = 0.25, 0.06  # m/s over the ground and metres above it: below both, the ball of a foot stands
FAR = 0.2  # metres from the middle of a stand: who gets that far is meant to slide
SHORTEST = 0.15  # seconds of a stand
FADE = 0.2  # seconds before and after a stand in which the foot comes and goes
STRAIGHT = 0.999  # of thigh and shin together: a leg is made no longer than that by the shift of its foot


def planted(joints: Floats, fps: float, period: int | None = None) -> Floats:
    """Joints [frames, 22, 3], metres, y up, whose standing feet do not slide.

    Bones keep their lengths, and what is not a knee, an ankle or a foot is returned as it came.

    Args:
        period: frames after which it all comes again, if it does. A foot that stands all the time then goes evenly as
            far as the cycle leads: were it held, it would have to jump at the end of each.
    """
    joints = np.array(joints, dtype=np.float64)
    for hip, knee, ankle, ball in LEGS:
        shift = _shift(joints[:, ball], fps, period)
        moved = np.flatnonzero(np.abs(shift).max(axis=1) > 0)
        leg = joints[moved]
        toes = leg[:, ball] - leg[:, ankle]
        reached, bent = _two_bones(
            leg[:, hip], leg[:, knee], leg[:, ankle], leg[:, ankle] + shift[moved], toes
        )
        joints[moved, ball] += reached - leg[:, ankle]
        joints[moved, ankle], joints[moved, knee] = reached, bent
    return joints


def planted_loop(cycles: Floats, period: int, fps: float) -> Floats:
    """Cycles of a loop, planted as if they had always been played and went on for ever.

    Args:
        cycles: [n * period, 22, 3], n >= 3; each goes on where the one before leads.
        period: frames of a cycle.

    Returns:
        [(n - 2) * period, 22, 3]: all but the first and the last, which have only one neighbour, moved to begin where
        `cycles` does.
    """
    inner = planted(cycles, fps, period)[period:-period]
    # The second cycle is the first one, turned and moved: by how much, any frame of theirs says.
    first, second = cycles[0], cycles[period]
    a, b = first - first[0], second - second[0]
    turn = np.arctan2(
        (b[:, 2] * a[:, 0] - b[:, 0] * a[:, 2]).sum(), (a[:, 0] * b[:, 0] + a[:, 2] * b[:, 2]).sum()
    )
    cos, sin = np.cos(turn), np.sin(turn)
    back = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    result: Floats = (inner - second[0]) @ back + first[0]
    return result


def _shift(ball: Floats, fps: float, period: int | None) -> Floats:
    """How far [frames, 3] over the ground a foot is moved, from the path [frames, 3] of its ball."""
    frames, shift = len(ball), np.zeros_like(ball)
    if frames < 2:
        return shift
    ground = ball[:, [0, 2]]
    speed = np.hypot(*np.gradient(ground, axis=0).T) * fps
    stands = np.concatenate(([False], (speed < SLOW) & (ball[:, 1] < LOW), [False]))
    fade, known = round(FADE * fps), np.ones(frames, dtype=bool)
    edges = np.flatnonzero(stands[1:] != stands[:-1])
    held: list[tuple[slice, Floats]] = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist()):
        stand = slice(start, end)
        middle = np.median(ground[stand], axis=0)
        if period is not None and end - start >= period:
            middle = _even(ground[stand], period)
        away = np.hypot(*(middle - ground[stand]).T)
        if away.max() <= FAR and end - start >= SHORTEST * fps:
            held.append((stand, middle))
            known[max(start - fade, 0) : end + fade] = False
    for stand, middle in held:
        known[stand] = True
        shift[stand, ::2] = middle - ground[stand]
    if held:
        _fade_between(shift, np.flatnonzero(known))
    return shift


def _even(path: Floats, period: int) -> Floats:
    """The mean of a path [frames, 2] over a period round every frame: what repeats goes, what leads on stays."""
    before = period // 2
    padded = np.pad(path, ((before, period - 1 - before), (0, 0)), mode="edge")
    sums = np.concatenate((np.zeros((1, 2)), padded.cumsum(axis=0)))
    result: Floats = (sums[period:] - sums[:-period]) / period
    return result


def _fade_between(shift: Floats, known: NDArray[np.int64]) -> None:
    """Fill in rows between those that are known, smoothly; rows before the first or behind the last take their value."""
    for before, after in pairwise(known.tolist()):
        if after - before > 1:
            part = np.arange(1, after - before)[:, None] / (after - before)
            part = part * part * (3 - 2 * part)
            shift[before + 1 : after] = (1 - part) * shift[before] + part * shift[after]
    shift[: known[0]], shift[known[-1] + 1 :] = shift[known[0]], shift[known[-1]]


def _two_bones(
    hip: Floats, knee: Floats, ankle: Floats, wanted: Floats, toes: Floats
) -> tuple[Floats, Floats]:
    """Ankle and knee [n, 3] of legs whose ankle goes to `wanted`, or as near as they are long.

    Args:
        toes: where they point; a straight leg bends that way if it must.
    """
    thigh, shin = (np.linalg.norm(bone, axis=1) for bone in (knee - hip, ankle - knee))
    before, way = ankle - hip, wanted - hip
    distance = np.linalg.norm(way, axis=1)
    most = np.maximum(STRAIGHT * (thigh + shin), np.linalg.norm(before, axis=1))
    # What an ankle cannot reach on the ground it is short of; nor does a leg fold to nothing.
    reach = np.clip(distance, np.abs(thigh - shin) + 1e-6, most)
    along = way / np.maximum(distance, 1e-9)[:, None]
    # The plane that the knee bends in turns with the leg, by the smallest turn.
    straight = before / np.maximum(np.linalg.norm(before, axis=1), 1e-9)[:, None]
    axis, cosine = np.cross(straight, along), (straight * along).sum(axis=1, keepdims=True)
    bend = knee - hip + 1e-6 * toes
    bend = bend + np.cross(axis, bend) + np.cross(axis, np.cross(axis, bend)) / np.maximum(1 + cosine, 1e-6)
    bend = bend - (bend * along).sum(axis=1, keepdims=True) * along
    bend = bend / np.maximum(np.linalg.norm(bend, axis=1), 1e-9)[:, None]
    share = (thigh**2 - shin**2 + reach**2) / (2 * reach)
    height = np.sqrt(np.maximum(thigh**2 - share**2, 0.0))
    return hip + reach[:, None] * along, hip + share[:, None] * along + height[:, None] * bend
