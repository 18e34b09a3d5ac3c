"""The metrics that come along (`motioncollage.metrics`): each reads what it needs of the evidence."""

from dataclasses import replace
from typing import Any

import numpy as np

from eval.metrics import distribution
from eval.metrics.distribution import GaussianStatistics
from eval.metrics.evidence import Evidence
from eval.metrics.feet import foot_report
from eval.metrics.loops import loop_report
from eval.metrics.metric import Float64, Metric
from eval.metrics.retrieval import multimodal_distance, r_precision
from eval.metrics.transitions import transition_jerk, transition_jerk_of_curves

FEET = ("skating_ratio", "ground_penetration")
PAIRS = 300  # of diversity, as officially
DRAWN = {"reference": "real clips of the labels drawn, a label weighing as often as it was drawn"}


def retrieval(evidence: Evidence) -> list[Metric]:
    """R-precision in the pools, and the distance of the texts to their motions."""
    top = r_precision(evidence.words, evidence.embedded, pools=evidence.pools).top
    return [*top, multimodal_distance(evidence.words, evidence.embedded)]


def fid(evidence: Evidence) -> list[Metric]:
    """Frechet distance to real clips, those of the labels drawn where clips have labels."""
    if evidence.weights is None:
        return [distribution.fid(evidence.real.embeddings, evidence.embedded)]
    real = weighted_gaussian(evidence.real.embeddings, evidence.weights)
    return [_drawn(distribution.fid(real, evidence.embedded))]


def kid(evidence: Evidence) -> list[Metric]:
    """Kernel distance to the same clips."""
    if evidence.weights is None:
        return [distribution.kid(evidence.real.embeddings, evidence.embedded)]
    return [_drawn(distribution.kid(evidence.real.embeddings[evidence.weights > 0], evidence.embedded))]


def diversity(evidence: Evidence) -> list[Metric]:
    """Mean distance of random pairs of motions."""
    pairs = min(PAIRS, len(evidence.embedded))
    return [distribution.diversity(evidence.embedded, pairs=pairs, rng=evidence.rng)]


def multimodality(evidence: Evidence) -> list[Metric]:
    """Mean distance of different answers to the same text."""
    if evidence.answers is None:
        return []
    if evidence.answer_pairs is None:
        first, second = np.triu_indices(evidence.answers.shape[1], 1)
        return [distribution.multimodality(evidence.answers, first=first, second=second)]
    return [distribution.multimodality(evidence.answers, pairs=evidence.answer_pairs, rng=evidence.rng)]


def transitions(evidence: Evidence) -> list[Metric]:
    """Jerk of the windows round the joins, and how like real windows they are to the evaluator."""
    real = evidence.real
    if not evidence.motions:
        curves = real.curves
        return list(transition_jerk_of_curves(curves, np.ones_like(curves), real.jerk).metrics())
    embedded = evidence.windows
    named = [
        distribution.fid(real.windows, embedded),
        distribution.diversity(embedded, pairs=min(PAIRS, len(embedded)), rng=evidence.rng),
    ]
    jerk = transition_jerk(np.stack(evidence.around), real.jerk).metrics()
    return [*jerk, *(replace(metric, name=f"transition_{metric.name}") for metric in named)]


def loops(evidence: Evidence) -> list[Metric]:
    """Means over cycles of what is seen where they start again; two of each are played. Recordings have no wrap."""
    if not (evidence.loops and evidence.motions):
        return []
    reports = []
    for motion in evidence.motions:
        played = evidence.to_joints(motion.double().repeat(2, 1)).numpy()
        reports.append(loop_report(played, len(motion)).metrics())
    return [
        replace(m, value=float(np.mean([report[i].value for report in reports])), count=len(reports))
        for i, m in enumerate(reports[0])
    ]


def feet(evidence: Evidence) -> list[Metric]:
    """Do feet slide or sink, in what the evaluator saw?"""
    if not evidence.pieces:
        return [_constant(name, evidence.real.feet[name]) for name in FEET]
    report: Any = foot_report(evidence.piece_joints)
    return [metric for metric in report.metrics() if metric.name in FEET]


def weighted_gaussian(embeddings: Float64, weights: Float64) -> GaussianStatistics:
    """The Gaussian of embeddings [clips, D] that count differently, weights [clips]."""
    weights = weights / weights.sum()
    mean = weights @ embeddings
    centred = (embeddings - mean) * np.sqrt(weights)[:, None]
    return GaussianStatistics(mean, centred, int((weights > 0).sum()))


def _drawn(metric: Metric) -> Metric:
    return replace(metric, details={**metric.details, **DRAWN})


def _constant(name: str, value: float) -> Metric:
    return Metric(name, value, "1" if name.endswith("ratio") else "m", "lower", "all real clips", 0)
