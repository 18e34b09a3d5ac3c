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
from eval.metrics.transitions import jerk_curve, sequence_jerk, transition_jerk_of_curves

FEET = ("skating_ratio", "ground_penetration")
PAIRS = 300  # of diversity, as officially
DRAWN = {"reference": "real clips of the labels drawn, a label weighing as often as it was drawn"}


def retrieval(evidence: Evidence) -> list[Metric]:
    """R-precision in the pools, and the distance of the texts to their motions."""
    top = r_precision(
        evidence.words, evidence.embedded, pools=evidence.pools,
        groups=evidence.groups or None, stands_for=evidence.stands_for or None,
    ).top  # fmt: skip
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
    curves = jerk_curve(np.stack(evidence.around)) if evidence.motions else real.curves
    every = np.ones_like(curves)
    found = list(transition_jerk_of_curves(curves, every, real.jerk).metrics())
    if evidence.fixed_jerk is not None:
        fixed = transition_jerk_of_curves(curves, every, evidence.fixed_jerk).area_under_jerk
        found.append(replace(fixed, name="area_under_jerk_flowmdm"))
    return found + (_likeness(evidence) if evidence.motions else [])


def sequences(evidence: Evidence) -> list[Metric]:
    """Joins against those of recordings at the same places, as the leaderboard of sequences on BABEL measures them."""
    if not evidence.recorded:
        return []
    jerk = sequence_jerk(np.stack(evidence.around), np.stack(evidence.recorded), evidence.fps)
    return [*_likeness(evidence), *jerk]


def _likeness(evidence: Evidence) -> list[Metric]:
    """Frechet distance and diversity of the windows round the joins, to the evaluator."""
    embedded = evidence.windows
    named = [
        distribution.fid(evidence.real.windows, embedded),
        distribution.diversity(embedded, pairs=min(PAIRS, len(embedded)), rng=evidence.rng),
    ]
    return [replace(metric, name=f"transition_{metric.name}") for metric in named]


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
