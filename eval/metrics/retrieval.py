"""Does the motion match its text? R-precision and multimodal distance (Guo et al. 2022).

A text is put before a pool of motions, its own and 31 others, and the motions are ranked by distance to the
text in the evaluator's space. R-precision top k is how often its own motion is among the first k: k/32 by
chance.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eval.metrics.metric import Float64, Indices, Metric, paired

SOURCE = "Guo et al. 2022 (HumanML3D)"
Ties = Literal["expected", "optimistic", "pessimistic"]
Incomplete = Literal["drop", "keep", "error"]


@dataclass(frozen=True)
class RPrecision:
    """R-precision at 1 ... K.

    top: one Metric for each k, unit 1, higher is better; ranks: [queries] how many motions of the pool are
    strictly nearer than the right one; equal: [queries] how many are exactly as near, the right one included;
    dropped: samples that entered no pool.
    """

    top: tuple[Metric, ...]
    ranks: Indices
    equal: Indices
    dropped: int

    def metrics(self) -> tuple[Metric, ...]:
        return self.top


def sequential_pools(count: int, size: int = 32, incomplete: Incomplete = "drop") -> list[Indices]:
    """Pools of consecutive samples, as the official loader makes them: shuffle before, if that is wanted.

    Args: count: number of samples. size: samples in a pool. incomplete: the last `count % size` samples are
        dropped (the official way), kept as a smaller and therefore
            easier pool, or an error.
    """
    if size < 1:
        raise ValueError(f"a pool needs at least one sample, size is {size}")
    pools = [np.arange(start, min(start + size, count)) for start in range(0, count, size)]
    if pools and len(pools[-1]) < size:
        if incomplete == "error":
            raise ValueError(f"{count} samples do not fill pools of {size}; drop or keep the incomplete one")
        if incomplete == "drop":
            pools.pop()
    return pools


def distinct_pools(labels: Sequence[Hashable], size: int, rng: np.random.Generator) -> list[Indices]:
    """Pools in which no label occurs twice, so that a second clip of the same action and style is no wrong
    match.

    As many pools as possible are made and no sample is used twice: a label with more samples than there are
    pools leaves some out. The clips of a label go to the pools that are emptiest at that moment, chance
    deciding between equals, so no pool holds only frequent labels. Samples of a pool that is more than full
    are left out by chance.

    Args:
        labels: [N], hashable, e.g. (action, style).
        size: samples in a pool.
        rng: all chance comes from here.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for index, label in enumerate(labels):
        members[label].append(index)
    counts = np.array([len(group) for group in members.values()], dtype=np.int64)
    number = 0
    # `number` pools can be filled exactly when the samples left after capping every label at `number` suffice
    while counts.size and np.minimum(counts, number + 1).sum() >= size * (number + 1):
        number += 1
    if number == 0:
        raise ValueError(f"{len(members)} distinct labels cannot fill a pool of {size}; use a smaller pool")
    filled: list[list[int]] = [[] for _ in range(number)]
    groups = list(members.values())
    for which in rng.permutation(len(groups)):
        clips = rng.permutation(groups[which])[:number]
        fullness = np.array([len(pool) for pool in filled]) + rng.random(number) * 0.5
        for clip, pool in zip(clips, np.argsort(fullness)):
            filled[pool].append(int(clip))
    return [rng.permutation(np.array(pool, dtype=np.int64))[:size] for pool in filled]


def distance_matrix(rows: Float64, columns: Float64) -> Float64:
    """Euclidean distances [N, M] of the rows [N, D] to the columns [M, D].

    Differences first, squares second: the expanded form |a|^2 - 2ab + |b|^2 loses half the digits of small
    distances and can break or make ties.
    """
    return np.sqrt(np.square(rows[:, None, :] - columns[None, :, :]).sum(axis=-1))


def r_precision(
    text_embeddings: Any,
    motion_embeddings: Any,
    *,
    pool: int = 32,
    pools: Sequence[Indices] | None = None,
    top: int = 3,
    ties: Ties = "expected",
    incomplete: Incomplete = "drop",
    groups: Sequence[Hashable] | None = None,
    stands_for: Sequence[int] | None = None,
) -> RPrecision:
    """R-precision at 1 ... `top`; higher is better; unit 1.

    Args:
        text_embeddings: [N, D].
        motion_embeddings: [N, D], pairs in the same row.
        pool: samples in a pool, 32 officially.
        pools: index arrays, e.g. from `distinct_pools`; None takes consecutive samples.
        top: largest k.
        ties: motions exactly as near as the right one come before it ("pessimistic"), behind it ("optimistic"), or in
            random order, whose expectation is taken ("expected", so that an encoder that maps everything to
            one point scores k/32). Without ties all agree with the official code, which leaves them to the
            sorting routine.
        incomplete: see `sequential_pools`.
        groups: [N] what each text asks for; any motion of its own group in the pool is a right one, the nearest of
            them counts. None where only its own motion is right.
        stands_for: samples that each pool stands for, where it lacks those whose text another of it has; a pool's
            share of hits counts as often. None where every query counts once.
    """
    texts, motions = paired(text_embeddings, motion_embeddings, "text embeddings", "motion embeddings")
    if pools is None:
        pools = sequential_pools(len(texts), pool, incomplete)
    if not pools:
        raise ValueError(
            f"{len(texts)} samples fill no pool of {pool}; add samples, or keep the incomplete pool"
        )
    if stands_for is not None and len(stands_for) != len(pools):
        raise ValueError(f"{len(stands_for)} numbers say what {len(pools)} pools stand for; give one of each")
    ranks, equal, answers = [], [], []
    for members in pools:
        distances = distance_matrix(texts[members], motions[members])
        right = np.eye(len(members), dtype=bool)
        if groups is not None:
            asked = [groups[member] for member in members]
            right = np.array([[theirs == mine for theirs in asked] for mine in asked])
        own = np.where(right, distances, np.inf).min(axis=1)[:, None]
        ranks.append((distances < own).sum(axis=1))
        equal.append(1 + ((distances == own) & ~right).sum(axis=1))
        answers.append(right.sum(axis=1))
    rank, tied = np.concatenate(ranks), np.concatenate(equal)
    sizes = sorted({len(members) for members in pools})
    dropped = len(texts) - len(np.unique(np.concatenate(list(pools))))
    details: dict[str, float | int | str] = {
        "pool": "/".join(str(size) for size in sizes),
        "ties": ties,
        "tied_queries": int((tied > 1).sum()),
        "dropped": dropped,
        "direction_of_retrieval": "text to motion",
    }
    if groups is not None:
        details["right_answers"] = "all of the same group in the pool"
    weights = np.ones(len(rank))
    if stands_for is not None:
        details["texts_of_two"] = "one of them in a pool, which counts with all its samples"
        weights = np.concatenate(
            [np.full(len(pool), stands / len(pool)) for pool, stands in zip(pools, stands_for)]
        )
    results = tuple(
        Metric(
            f"r_precision_top{k}",
            float(np.average(_hit_probability(rank, tied, k, ties), weights=weights)),
            "1",
            "higher",
            SOURCE,
            len(rank),
            {**details, "chance": float(np.average(_chance(answers, k), weights=weights))},
        )
        for k in range(1, top + 1)
    )
    return RPrecision(results, rank, tied, dropped)


def multimodal_distance(
    text_embeddings: Any, motion_embeddings: Any, *, indices: Indices | None = None
) -> Metric:
    """Mean distance of a text to its own motion (officially also "matching score"); lower is better.

    Args:
        text_embeddings: [N, D].
        motion_embeddings: [N, D], pairs in the same row.
        indices: rows to use; the official loop uses only those in complete pools
            (`np.concatenate(sequential_pools(N))`). None uses all.
    """
    texts, motions = paired(text_embeddings, motion_embeddings, "text embeddings", "motion embeddings")
    if indices is not None:
        texts, motions = texts[indices], motions[indices]
    if not len(texts):
        raise ValueError("no pair to measure: 0 rows")
    distances = np.linalg.norm(texts - motions, axis=1)
    return Metric(
        "multimodal_distance", float(distances.mean()), "embedding", "lower", SOURCE, len(distances)
    )


def _chance(answers: Sequence[Indices], k: int) -> Float64:
    """[queries] probability that one of the first k is right, in random order, given the right ones of every query of
    every pool."""
    found = []
    for right in answers:
        size = len(right)
        missed = np.ones(size)
        for place in range(min(k, size)):
            missed *= np.maximum(size - right - place, 0) / (size - place)
        found.append(1 - missed)
    return np.concatenate(found)


def _hit_probability(rank: Indices, equal: Indices, k: int, ties: Ties) -> Float64:
    """Probability that the right one is among the first k, given how many are nearer and how many as near."""
    if ties == "optimistic":
        return (rank < k).astype(np.float64)
    if ties == "pessimistic":
        return (rank + equal - 1 < k).astype(np.float64)
    if ties == "expected":
        return np.clip((k - rank) / equal, 0.0, 1.0)
    raise ValueError(f"ties must be expected, optimistic or pessimistic, not {ties!r}")
