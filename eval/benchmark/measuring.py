"""From motions to numbers: the metrics of one repetition of one method."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from eval.benchmark.draws import Draw
from eval.benchmark.maker import MotionNumbers
from eval.benchmark.making import Motions
from eval.benchmark.reference import WINDOW, Reference
from eval.benchmark.settings import REAL, UNIT, BenchmarkSettings
from eval.judges.probes import embed_motions
from eval.judges.protocol import TextMotionEvaluator
from eval.metrics.distribution import (
    GaussianStatistics,
    diversity,
    fid,
    frechet_distance,
    gaussian_from_embeddings,
    kid,
    multimodality,
)
from eval.metrics.feet import foot_report
from eval.metrics.loops import loop_report
from eval.metrics.metric import Metric
from eval.metrics.resampling import jackknife
from eval.metrics.retrieval import multimodal_distance, r_precision
from eval.metrics.transitions import transition_jerk, transition_jerk_of_curves, transition_windows

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
    representation: MotionNumbers,
) -> tuple[list[Metric], "Sample"]:
    """All metrics of a repetition, and what distances between distributions are computed from.

    Args:
        made: the units of the repetition, in order; empty for real motion.
        seams: where a collage is joined; methods without joins are looked at in the same places.
    """
    rng = np.random.default_rng([settings.seed, 7])
    words = texts.of(drawn.clips, drawn.captions)  # [texts, actions, D]
    parts = drawn.matches.shape[1]
    words = np.broadcast_to(words, (len(words), parts, words.shape[2])) if words.shape[1] == 1 else words
    windows = np.empty((0, words.shape[2]))
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
            others = _wraps(whole, representation)
        else:
            joints = [representation.to_joints(motion.double()).numpy() for motion in whole]
            inside = made[0].seams or seams
            others, windows = _transitions(whole, joints, inside, evaluator, reference, rng)
        feet = foot_report([representation.to_joints(piece.double()).numpy() for piece in pieces])
        others += [metric for metric in feet.metrics() if metric.name in FEET]
    flat, flat_words = _by_part(embedded), _by_part(words)
    sample = Sample(flat, _label_weights(reference, drawn), windows)
    pools = [pool + part * len(words) for part in range(parts) for pool in drawn.pools]
    metrics = [
        *r_precision(flat_words, flat, pools=pools).top,
        multimodal_distance(flat_words, flat),
        *_distances(reference, sample),
        diversity(flat, pairs=min(300, len(flat)), rng=rng),
    ]
    if settings.protocol == "long" and parts > 1 and method == "short":
        # Crops of one long motion are not different answers to a text; short motions are. All pairs of them.
        first, second = np.triu_indices(parts, 1)
        metrics.append(multimodality(embedded, first=first, second=second))
    return metrics + others, sample


class Sample(NamedTuple):
    """Embeddings of a repetition.

    Attributes:
        embedded: [motions, D].
        weights: [clips] how much each real clip counts beside them; all alike where clips have no labels.
        windows: [windows, D] round the joins; none where nothing is joined.
    """

    embedded: np.ndarray
    weights: np.ndarray
    windows: np.ndarray


def together(
    reference: Reference, repetitions: Sequence[Sequence[Metric]], samples: Sequence[Sample]
) -> list[list[Metric]]:
    """Metrics of repetitions, their Frechet distances exchanged for the jackknife's pseudo-values.

    A repetition's few motions bias a Frechet distance upward (two random parts of the real test split, one of 128
    clips, are 8.7 apart), which hides how methods differ. The pseudo-values rest on the motions of all repetitions, and
    their mean and interval are those of the distance without that bias.
    """
    if len(samples) < 2:
        return [list(row) for row in repetitions]

    def distance(groups: Sequence[int]) -> float:
        real = _weighted(reference.embeddings, sum((samples[i].weights for i in groups), np.zeros(1)))
        generated = np.concatenate([samples[i].embedded for i in groups])
        return frechet_distance(real, gaussian_from_embeddings(generated))

    windows = gaussian_from_embeddings(reference.windows)

    def windows_distance(groups: Sequence[int]) -> float:
        generated = np.concatenate([samples[i].windows for i in groups])
        return frechet_distance(windows, gaussian_from_embeddings(generated))

    values = {"fid": jackknife(distance, len(samples))}
    if len(samples[0].windows):
        values["transition_fid"] = jackknife(windows_distance, len(samples))
    note = {"repetitions": "all together; values are the jackknife's pseudo-values"}
    return [
        [
            replace(m, value=float(values[m.name][i]), details={**m.details, **note})
            if m.name in values
            else m
            for m in row
        ]
        for i, row in enumerate(repetitions)
    ]


def _label_weights(reference: Reference, drawn: Draw) -> np.ndarray:
    """[clips] weights that give every drawn label the weight of its draws; without labels all clips weigh alike.

    The texts of a repetition name only some of the labels. Against the whole dataset even real clips of the drawn
    labels would then be far off (27 instead of 0.2 on the starter test split).
    """
    labels = reference.labels
    weights = np.zeros(len(labels))
    if not reference.labelled:
        return weights + 1
    for clip in drawn.clips.flatten():
        same = labels == labels[clip]
        weights[same] += 1 / same.sum()
    return weights


def _weighted(embeddings: np.ndarray, weights: np.ndarray) -> GaussianStatistics:
    """The Gaussian of real clips that count differently."""
    weights = weights / weights.sum()
    mean = weights @ embeddings
    centred = (embeddings - mean) * np.sqrt(weights)[:, None]
    return GaussianStatistics(mean, centred, int((weights > 0).sum()))


def _distances(reference: Reference, sample: Sample) -> list[Metric]:
    """FID and KID against real clips of the labels drawn; without labels against the whole test set, as officially."""
    if not reference.labelled:
        return [fid(reference.embeddings, sample.embedded), kid(reference.embeddings, sample.embedded)]
    real = _weighted(reference.embeddings, sample.weights)
    note = {"reference": "real clips of the labels drawn, a label weighing as often as it was drawn"}
    return [
        replace(metric, details={**metric.details, **note})
        for metric in (
            fid(real, sample.embedded),
            kid(reference.embeddings[sample.weights > 0], sample.embedded),
        )
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
    # Of an ordinary sample one crop is taken, of a long motion several, all alike at random.
    sources = whole if method == "short" else [m for m in whole for _ in range(drawn.places.shape[1])]
    crops = []
    for motion, length, place in zip(sources, drawn.crop_lengths.flatten(), drawn.places.flatten()):
        start = int(place * (len(motion) - length + 1))
        crops.append(motion[start : start + length])
    return crops


def _wraps(whole: list[torch.Tensor], representation: MotionNumbers) -> list[Metric]:
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
    whole: list[torch.Tensor], joints: list[np.ndarray], seams: Sequence[int],
    evaluator: TextMotionEvaluator, reference: Reference, rng: np.random.Generator,
) -> tuple[list[Metric], np.ndarray]:  # fmt: skip
    """Jerk of the windows round the joins, how like real windows they are to the evaluator, and their embeddings."""
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
            f"no motion is as long as a window of {WINDOW} frames round its joins; use longer ones"
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
    return [*jerk.metrics(), *extra], embedded


def _constant(name: str, value: float) -> Metric:
    return Metric(name, value, "1" if name.endswith("ratio") else "m", "lower", "all real clips", 0)
