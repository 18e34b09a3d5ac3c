"""Chance of a benchmark: which texts, which lengths, which crops; decided by seed and repetition alone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.benchmark.reference import Reference
from eval.benchmark.settings import POOL, UNIT, BenchmarkSettings
from motioncollage.methods import Script

# Actions of the starter pack that come to an end: 24 seconds of one are something else than its clips, whoever makes
# them (ordinary samples of the model, cropped at random, are as far from the clips as any long method's).
ENDING = frozenset(
    (
        "raise-up-right-hand", "raise-up-left-hand", "raise-up-both-hands", "bow", "guide", "slash", "punch", "kick",
        "soccer - kick ball", "respond", "call",
    )
)  # fmt: skip


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

    def scripts(self, reference: Reference, settings: BenchmarkSettings) -> list[Script]:
        """What every long motion shows."""
        lengths = settings.lengths()
        return [
            Script(tuple(reference.entries[c].captions[k] for c, k in zip(row, which)), lengths)
            for row, which in zip(self.clips, self.captions)
        ]


def draw(reference: Reference, settings: BenchmarkSettings, repetition: int) -> Draw:
    """The draw of a repetition: clips in random order, those left out whose label a pool already holds.

    Raises:
        ValueError: fewer labels than a pool holds.
    """
    rng = np.random.default_rng([settings.seed, repetition])
    members: dict[str, list[int]] = defaultdict(list)
    for number, entry in enumerate(reference.entries):
        if settings.protocol == "composition" or not _ends(entry.label):
            members[entry.label].append(number)
    size = min(POOL, settings.texts)
    if len(members) < size:
        raise ValueError(
            f"{len(members)} distinct labels cannot fill a retrieval pool of {size}; use --texts {len(members)}"
        )
    actions = settings.actions if settings.protocol == "composition" else 1
    pools = [np.arange(first, min(first + size, settings.texts)) for first in range(0, settings.texts, size)]
    clips = np.empty((settings.texts, actions), dtype=np.int64)
    for pool in pools:
        for action in range(actions):
            clips[pool, action] = _distinct(members, len(pool), rng)
    captions = np.array([[rng.integers(len(reference.entries[c].captions)) for c in row] for row in clips])
    crops = settings.parts
    of_label = [
        members[reference.entries[clips[i, k if actions > 1 else 0]].label]
        for i in range(len(clips))
        for k in range(crops)
    ]
    matches = np.array([rng.choice(group) for group in of_label]).reshape(len(clips), crops)
    lengths = np.array([[reference.entries[m].frames // UNIT * UNIT for m in row] for row in matches])
    return Draw(
        clips,
        captions,
        matches,
        lengths,
        rng.random(matches.shape),
        tuple(p for p in pools if len(p) == size),
    )


def _ends(label: str) -> bool:
    return label.split(" / ")[0] in ENDING


def _distinct(members: Mapping[str, Sequence[int]], count: int, rng: np.random.Generator) -> list[int]:
    """Clips of different labels; labels with many clips come up more often, as they do in the test set."""
    label_of = {clip: label for label, clips in members.items() for clip in clips}
    order = rng.permutation(sorted(label_of))
    chosen: dict[str, int] = {}
    for clip in order:
        chosen.setdefault(label_of[int(clip)], int(clip))
    return list(chosen.values())[:count]
