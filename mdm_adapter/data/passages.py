"""Made-up passages between recorded clips, so that a model meets two actions in one window before it has to join them.

Recordings hold one action each; the overlaps and the ends of pieces of a collage hold the way from one action to the
next. Two clips are put one behind the other where their poses are alike, and what still differs at the cut, pose and
velocity, dies away over the first frames of the second ("inertialisation", Bollo, GDC 2018).
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from mdm_adapter.data.cache import Part, RowCache, Source, digest_of
from mdm_adapter.data.datasets import Clip, Dataset
from mdm_adapter.representation import features as representation
from mdm_adapter.representation import rotations, skeleton

STRIDE = 3  # frames between cuts that are tried
VELOCITY_WEIGHT = 4.0  # frames: a difference of velocity counts like where it leads in that time
CLIPS_AT_HAND = 128  # whose joints are kept for the next passage
VERSION = 1  # of how passages are made; another one makes those in caches anew
MAX_SINK = 0.04  # metres below the ground that a passage may reach


@dataclass(frozen=True)
class TransitionSettings:
    """How passages are made.

    Attributes:
        count: passages.
        tries: second clips of which the one that fits best is taken.
        blend: frames over which the difference dies away, shortest and longest.
        kept: frames of either clip, shortest and longest.
    """

    count: int = 3000
    tries: int = 3
    blend: tuple[int, int] = (10, 24)
    kept: tuple[int, int] = (24, 120)


@dataclass(frozen=True)
class Transition:
    """Features [frames, 263] in which clip `before` gives way to clip `after` at frame `seam`."""

    features: Tensor
    seam: int
    before: int
    after: int


def make_transitions(
    clips: tuple[Clip, ...],
    chances: Tensor,
    settings: TransitionSettings,
    *,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Transition]:
    """Passages between clips drawn with the given chances [clips]; clips shorter than `kept` are left out."""
    generator = torch.Generator().manual_seed(seed)
    long_enough = torch.tensor([clip.frames > settings.kept[0] for clip in clips])
    chances = chances * long_enough
    if not bool((chances > 0).any()):
        raise ValueError(f"no clip is longer than {settings.kept[0]} frames; passages need longer ones")
    made: list[Transition] = []

    @lru_cache(maxsize=CLIPS_AT_HAND)
    def joints_of(number: int) -> Tensor:
        return representation.to_joints(clips[number].features.double())

    attempts = 0
    while len(made) < settings.count and attempts < 4 * settings.count:
        attempts += 1
        drawn = torch.multinomial(chances, 1 + settings.tries, replacement=True, generator=generator).tolist()
        first = drawn[0]
        options = [(*best_cut(clips[first].features, clips[n].features, settings.kept), n) for n in drawn[1:]]
        _, leave, enter, second = min(options)
        low, high = settings.blend
        blend = low + int(torch.randint(high - low + 1, (), generator=generator))
        shortest, longest = settings.kept
        head = joints_of(first)[max(0, leave - longest) : leave]
        tail = joints_of(second)[enter : enter + longest]
        whole = join(head, tail, min(blend, shortest))
        if float(whole[..., 1].min()) < -MAX_SINK:
            continue
        features = representation.from_joints(whole).features.float()
        if torch.isfinite(features).all():
            made.append(Transition(features, len(head), first, second))
        if progress:
            progress(len(made), settings.count)
    return made


def kept_transitions(
    dataset: Dataset,
    chances: Tensor,
    settings: TransitionSettings,
    cache: Path,
    *,
    name: str,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[Transition], Callable[[], None]]:
    """`make_transitions` in a mapped file of a cache: passages, and what gives their memory back."""

    def digest() -> str:
        return digest_of(VERSION, dataset.identity, astuple(settings), seed, chances.numpy().tobytes())

    def make() -> tuple[list[Part], dict[str, str]]:
        made = make_transitions(dataset.clips, chances, settings, seed=seed, progress=progress)
        return [Part(p.features, {"seam": p.seam, "before": p.before, "after": p.after}) for p in made], {}

    ((kept,), mapped) = RowCache(cache, name, representation.WIDTH).fill([Source(digest, make)])
    passages = [
        Transition(p.rows, int(p.about["seam"]), int(p.about["before"]), int(p.about["after"]))
        for p in kept.parts
    ]
    return passages, mapped.release


def best_cut(first: Tensor, second: Tensor, kept: tuple[int, int]) -> tuple[float, int, int]:
    """Where features [A, 263] are best left and [B, 263] entered: (difference, frame of A, frame of B).

    At least `kept[0]` frames remain on both sides.
    """
    leave = torch.arange(kept[0], len(first), STRIDE)
    enter = torch.arange(0, len(second) - kept[0], STRIDE)
    # The cut replaces frame `leave` of the first by frame `enter` of the second.
    difference = torch.cdist(_pose(first[leave - 1]), _pose(second[enter]))
    best = int(difference.argmin())
    row, column = divmod(best, len(enter))
    return float(difference.flatten()[best]), int(leave[row]), int(enter[column])


def _pose(features: Tensor) -> Tensor:
    """Positions and velocities seen from the heading, in metres."""
    velocities = features[:, representation.VELOCITIES] * VELOCITY_WEIGHT
    return torch.cat(
        (features[:, representation.ROOT_HEIGHT], features[:, representation.POSITIONS], velocities), -1
    )


def join(head: Tensor, tail: Tensor, blend: int) -> Tensor:
    """Joints [A, 22, 3] then [B, 22, 3] as one motion [A + B, 22, 3], the second placed where the first leads."""
    velocity = head[-1] - head[-2]
    wanted, facing = head[-1] + velocity, skeleton.forward_direction(head[-1])
    turn = rotations.between(skeleton.forward_direction(tail[0]), facing)
    level = tail.new_tensor([1.0, 0.0, 1.0])
    placed = rotations.rotate(turn.expand(*tail.shape[:2], 4), tail - tail[0, 0] * level) + wanted[0] * level
    offset = wanted - placed[0]
    drift = velocity - (placed[1] - placed[0])
    time = torch.arange(len(placed), dtype=placed.dtype).clamp_max(blend) / blend
    # Quintics that start with value or slope 1 and end, like all else, with value, slope and curvature 0.
    fade = 1 - 10 * time**3 + 15 * time**4 - 6 * time**5
    glide = (time - 6 * time**3 + 8 * time**4 - 3 * time**5) * blend
    placed = placed + fade[:, None, None] * offset + glide[:, None, None] * drift
    return torch.cat((head, placed))
