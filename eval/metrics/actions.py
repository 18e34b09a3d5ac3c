"""Did every action of a long motion happen? The action checks (`eval.checks`), on pieces of it."""

import numpy as np

from eval.checks.kinematics import MIN_SECONDS, SMPL_22, NamedJoints, Take
from eval.checks.registry import checks_for, judge
from eval.metrics.evidence import Evidence
from eval.metrics.metric import Metric

# Seconds before and behind a piece in which its action may begin or end: what neighbours share (0.5 s by default) is
# the way from one action to the next, and half of it belongs to either.
TOLERANCE = 0.5
SOURCE = "motioncollage (docs/checks.md)"


def actions(evidence: Evidence) -> list[Metric]:
    """Share of the pieces in which the action of their text happened, of those whose label has a check.

    It happened if its check passes for the piece by itself, or with TOLERANCE seconds of the motion before and behind it,
    as far as the motion goes: so an action may begin or end there, and what the neighbours do there (the right hand in the
    air before the left one is raised) is not held against it. The number of real motion is the share of real clips of the
    same labels, a label weighing as often as it was drawn. Nothing where labels are unknown.
    """
    judged = [number for number, label in enumerate(evidence.labels) if label and checks_for(label)]
    if evidence.motions:
        verdicts = [float(_happened(evidence, number)) for number in judged if number < len(evidence.spans)]
    else:
        rates = evidence.real.happened
        verdicts = [
            rates[label].share for label in (evidence.labels[number] for number in judged) if label in rates
        ]
    if not verdicts:
        return []
    details: dict[str, float | int | str] = {"tolerance_seconds": TOLERANCE, "pieces": len(evidence.labels)}
    return [Metric("actions", float(np.mean(verdicts)), "1", "higher", SOURCE, len(verdicts), details)]


def _happened(evidence: Evidence, number: int) -> bool:
    motion, start, stop = evidence.spans[number]
    around = round(TOLERANCE * evidence.fps)
    seen = (evidence.joints[motion][max(0, start - more) : stop + more] for more in (around, 0))
    return any(_passes(evidence, evidence.labels[number], joints) for joints in seen)


def _passes(evidence: Evidence, label: str, joints: np.ndarray) -> bool:
    if len(joints) < MIN_SECONDS * evidence.fps:
        return False
    return judge(label, Take(joints, NamedJoints(SMPL_22.joints, evidence.fps))).happened
