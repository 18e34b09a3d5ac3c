"""From motions to numbers: the metrics of one repetition of one method."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from eval.distribution import (
    diversity,
    fid,
    frechet_distance,
    gaussian_from_embeddings,
    gaussian_from_moments,
    kid,
    multimodality,
)
from eval.feet import foot_report
from eval.loops import loop_report
from eval.metric import Metric
from eval.probes import embed_motions
from eval.protocols import TextMotionEvaluator
from eval.retrieval import multimodal_distance, r_precision
from eval.transitions import transition_jerk, transition_jerk_of_curves, transition_windows
from mdm_adapter import features as representation
from motioncollage.cli.benchmark.draws import Draw
from motioncollage.cli.benchmark.making import Motions
from motioncollage.cli.benchmark.reference import WINDOW, Reference
from motioncollage.cli.benchmark.settings import REAL, UNIT, BenchmarkSettings

FEET = ("skating_ratio", "ground_penetration")


class Texts:
    """Embeddings of the texts of a reference, each computed once."""

    def __init__(self, reference: Reference, evaluator: TextMotionEvaluator) -> None:
        distinct = list(dict.fromkeys(text for entry in reference.entries for text in entry.texts))
        embedded = evaluator.embed_text(distinct)
        self.rows = dict(zip(distinct, np.asarray(embedded.double().cpu().numpy())))
        self.reference = reference

    def of(self, clips: np.ndarray, captions: np.ndarray) -> np.ndarray:
        """Embeddings [..., D] of chosen captions [...] of chosen clips [...]."""
        entries = self.reference.entries
        flat = [self.rows[entries[c].texts[k]] for c, k in zip(clips.flatten(), captions.flatten())]
        return np.stack(flat).reshape(*clips.shape, -1)


def measure(
    method: str,
    made: Sequence[Motions],
    drawn: Draw,
    reference: Reference,
    texts: Texts,
    evaluator: TextMotionEvaluator,
    settings: BenchmarkSettings,
    seams: Sequence[int],
) -> list[Metric]:
    """All metrics of a repetition.

    Args:
        made: the units of the repetition, in order; empty for real motion.
        seams: where a collage is joined; methods without joins are looked at in the same places.
    """
    rng = np.random.default_rng([settings.seed, 7])
    words = texts.of(drawn.clips, drawn.captions)  # [texts, actions, D]
    parts = drawn.matches.shape[1]
    words = np.broadcast_to(words, (len(words), parts, words.shape[2])) if words.shape[1] == 1 else words
    if method == REAL:
        embedded = reference.embeddings[drawn.matches]
        jerk = transition_jerk_of_curves(reference.curves, np.ones_like(reference.curves), reference.jerk)
        others = [*jerk.metrics(), *(_constant(name, reference.feet[name]) for name in FEET)]
        if settings.protocol == "loops":
            others = others[-len(FEET) :]  # recordings have no wrap
        own = np.zeros_like(drawn.captions[:, :1])
        words = np.stack([texts.of(drawn.matches[:, k], own[:, 0]) for k in range(parts)], axis=1)
    else:
        whole = [torch.from_numpy(motion) for unit in made for motion in unit.features]
        pieces = _pieces(method, whole, made, drawn, settings)
        embedded = embed_motions(evaluator, pieces).reshape(len(words), parts, -1)
        if settings.protocol == "loops":
            others = _wraps(whole)
        else:
            joints = [representation.to_joints(motion.double()).numpy() for motion in whole]
            others = _transitions(method, whole, joints, made[0].seams or seams, evaluator, reference, rng)
        feet = foot_report([representation.to_joints(piece.double()).numpy() for piece in pieces])
        others += [metric for metric in feet.metrics() if metric.name in FEET]
    flat, flat_words = _by_part(embedded), _by_part(words)
    pools = [pool + part * len(words) for part in range(parts) for pool in drawn.pools]
    metrics = [
        *r_precision(flat_words, flat, pools=pools).top,
        multimodal_distance(flat_words, flat),
        *_distances(reference, drawn, flat),
        diversity(flat, pairs=min(300, len(flat)), rng=rng),
    ]
    if settings.protocol == "long" and parts > 1 and method == "short":
        # Crops of one long motion are not different answers to a text; short motions are. All pairs of them.
        first, second = np.triu_indices(parts, 1)
        metrics.append(multimodality(embedded, first=first, second=second))
    return metrics + others


def _distances(reference: Reference, drawn: Draw, flat: np.ndarray) -> list[Metric]:
    """FID and KID.

    Where clips have labels, the texts of a repetition name only some of them, and all alike, while a dataset holds
    some actions much more often than others. Against the whole dataset even real clips of the drawn labels are then
    far off (27 instead of 0.2 on the starter test split); so they are compared with the real clips of the same labels,
    every label weighing the same. Without labels the whole test set is the reference, as officially.
    """
    if not reference.labelled:
        return [fid(reference.embeddings, flat), kid(reference.embeddings, flat)]
    labels = reference.labels
    weights = np.zeros(len(labels))
    for clip in drawn.clips.flatten():
        same = labels == labels[clip]
        weights[same] += 1 / same.sum()
    weights /= weights.sum()
    mean = weights @ reference.embeddings
    centred = reference.embeddings - mean
    real = gaussian_from_moments(mean, (centred * weights[:, None]).T @ centred, int((weights > 0).sum()))
    value = frechet_distance(real, gaussian_from_embeddings(flat))
    plain = kid(reference.embeddings[weights > 0], flat)
    template = fid(reference.embeddings[:2], reference.embeddings[:2])
    details: dict[str, float | int | str] = {
        "reference": "real clips of the labels drawn, labels weighing alike",
        "real": real.count,
    }
    return [
        Metric("fid", value, template.unit, template.direction, template.source, len(flat), details),
        Metric(
            "kid",
            plain.value,
            plain.unit,
            plain.direction,
            plain.source,
            plain.count,
            {**plain.details, **details},
        ),
    ]


def _by_part(values: np.ndarray) -> np.ndarray:
    """[texts, parts, D] -> [parts * texts, D]."""
    return np.ascontiguousarray(values.swapaxes(0, 1)).reshape(-1, values.shape[2])


def _pieces(
    method: str, whole: list[torch.Tensor], made: Sequence[Motions], drawn: Draw, settings: BenchmarkSettings
) -> list[torch.Tensor]:
    """What the evaluator sees, [texts * parts] in that order: crops of one long motion, or its actions."""
    if settings.protocol != "long":
        length = settings.lengths()[0]
        if settings.protocol == "loops":
            return [motion[: length // UNIT * UNIT] for motion in whole]
        return [
            m[k * length : (k + 1) * length // UNIT * UNIT] for m in whole for k in range(settings.actions)
        ]
    lengths = drawn.crop_lengths
    if method == "short":
        # Made in order of length; back to the order of the draw.
        order = np.argsort(lengths.flatten(), kind="stable")
        sorted_back: list[torch.Tensor] = [whole[0]] * len(whole)
        for place, motion in zip(order, whole):
            sorted_back[place] = motion
        return sorted_back
    crops = []
    for motion, row, places in zip(whole, lengths, drawn.places):
        for length, place in zip(row, places):
            start = int(place * (len(motion) - length + 1))
            crops.append(motion[start : start + length])
    return crops


def _wraps(whole: list[torch.Tensor]) -> list[Metric]:
    """Means over motions of what is seen where a cycle starts again; two cycles are played."""
    reports = []
    for motion in whole:
        joints = representation.to_joints(motion.double().repeat(2, 1)).numpy()
        reports.append(loop_report(joints, len(motion)).metrics())
    return [
        Metric(
            m.name,
            float(np.mean([report[i].value for report in reports])),
            m.unit,
            m.direction,
            m.source,
            len(whole),
            m.details,
        )
        for i, m in enumerate(reports[0])
    ]


def _transitions(
    method: str, whole: list[torch.Tensor], joints: list[np.ndarray], seams: Sequence[int],
    evaluator: TextMotionEvaluator, reference: Reference, rng: np.random.Generator,
) -> list[Metric]:  # fmt: skip
    """Jerk of the windows round the joins, and how like real windows they are to the evaluator."""
    curves: list[np.ndarray] = []
    windows: list[torch.Tensor] = []
    for motion, body in zip(whole, joints):
        # Short motions have no join: the window in their middle shows the method's own jerk.
        inside = [s for s in seams if s < len(motion)] if len(motion) > 2 * WINDOW else [len(motion) // 2]
        around, kept = transition_windows(body, inside, WINDOW)
        curves += list(around)
        windows += [motion[inside[i] - WINDOW // 2 : inside[i] + WINDOW // 2] for i in kept]
    if not curves:
        raise ValueError(
            f"no motion of method {method} is as long as a window of {WINDOW} frames; use longer ones"
        )
    jerk = transition_jerk(np.stack(curves), reference.jerk)
    embedded = embed_motions(evaluator, windows)
    named: list[Any] = [
        fid(reference.windows, embedded),
        diversity(embedded, pairs=min(300, len(embedded)), rng=rng),
    ]
    extra = [
        Metric(f"transition_{m.name}", m.value, m.unit, m.direction, m.source, m.count, m.details)
        for m in named
    ]
    return [*jerk.metrics(), *extra]


def _constant(name: str, value: float) -> Metric:
    return Metric(name, value, "1" if name.endswith("ratio") else "m", "lower", "all real clips", 0)
