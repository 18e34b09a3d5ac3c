"""Chance of a benchmark: which texts, which lengths, which crops; decided by seed and repetition alone."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.benchmark.reference import Reference, item_crops
from eval.benchmark.settings import POOL, UNIT, BenchmarkSettings
from motioncollage.methods import Script


@dataclass(frozen=True)
class Draw:
    """One repetition.

    Attributes:
        clips: [texts, actions] entry whose caption each action carries.
        captions: [texts, actions] which of its captions.
        matches: [texts, crops] another entry of the same label, for the row of real motion and for lengths.
        crop_lengths: [texts, crops] frames, multiples of 4.
        places: [texts, crops] in 0 to 1: where in a long motion a crop lies.
        pools: index arrays over the texts in which no label occurs twice.
    """

    clips: np.ndarray
    captions: np.ndarray
    matches: np.ndarray
    crop_lengths: np.ndarray
    places: np.ndarray
    pools: tuple[np.ndarray, ...]

    def scripts(self, reference: Reference, lengths: tuple[int, ...]) -> list[Script]:
        """What every long motion shows, given the frames of its actions."""
        return [
            Script(tuple(reference.entries[c].captions[k] for c, k in zip(row, which)), lengths)
            for row, which in zip(self.clips, self.captions)
        ]


def draw_clips(
    reference: Reference,
    settings: BenchmarkSettings,
    repetition: int,
    *,
    actions: int = 1,
    parts: int = 1,
    fits: Callable[[str], bool] = lambda label: True,
) -> Draw:
    """The draw of a repetition: clips in random order, those left out whose label a pool already holds.

    Args:
        actions: texts of every motion.
        parts: crops of every motion; with several actions, one each.
        fits: whether clips of a label may be drawn.

    Raises:
        ValueError: fewer labels than a pool holds.
    """
    rng = np.random.default_rng([settings.seed, repetition])
    members = members_of(reference, [i for i, entry in enumerate(reference.entries) if fits(entry.label)])
    texts = settings.texts or POOL
    size = min(POOL, texts)
    if len(members) < size:
        raise ValueError(
            f"{len(members)} distinct labels cannot fill a retrieval pool of {size}; use --texts {len(members)}"
        )
    pools = [np.arange(first, min(first + size, texts)) for first in range(0, texts, size)]
    clips = np.empty((texts, actions), dtype=np.int64)
    for pool in pools:
        for action in range(actions):
            clips[pool, action] = distinct(members, len(pool), rng)
    captions = np.array([[rng.integers(len(reference.entries[c].captions)) for c in row] for row in clips])
    of_label = [
        members[reference.entries[clips[i, k if actions > 1 else 0]].label]
        for i in range(len(clips))
        for k in range(parts)
    ]
    matches = np.array([rng.choice(group) for group in of_label]).reshape(len(clips), parts)
    frames = np.array([[reference.entries[m].frames for m in row] for row in matches])
    lengths, places = frames // UNIT * UNIT, rng.random(matches.shape)
    if reference.motions is not None:
        # Items of the official evaluation have its lengths.
        lengths, _ = item_crops(frames, rng)
    return Draw(
        clips,
        captions,
        matches,
        lengths,
        places,
        tuple(p for p in pools if len(p) == size),
    )


def members_of(reference: Reference, numbers: Iterable[int]) -> dict[str, list[int]]:
    """Entries of some numbers by their labels."""
    members: dict[str, list[int]] = defaultdict(list)
    for number in numbers:
        members[reference.entries[number].label].append(int(number))
    return members


def distinct(members: Mapping[str, Sequence[int]], count: int, rng: np.random.Generator) -> list[int]:
    """Clips of different labels; labels with many clips come up more often, as they do in the test set."""
    label_of = {clip: label for label, clips in members.items() for clip in clips}
    order = rng.permutation(sorted(label_of))
    chosen: dict[str, int] = {}
    for clip in order:
        chosen.setdefault(label_of[int(clip)], int(clip))
    return list(chosen.values())[:count]
