"""What became of the takes of every action, and the few numbers that say it in short."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.benchmark.asked import Asked
from eval.benchmark.maker import MotionNumbers
from eval.benchmark.making import Motions
from eval.checks.check import Verdict
from eval.checks.kinematics import SMPL_22, NamedJoints, Take
from eval.checks.registry import judge
from eval.metrics.metric import Metric

SEEN, WELL_SEEN = 3, 5  # training clips from which on an action counts as trained
SOURCE = "motioncollage (docs/checks.md)"


@dataclass(frozen=True)
class Outcome:
    """Takes of one action.

    Attributes:
        asked: the action.
        verdicts: [takes] of its check.
    """

    asked: Asked
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> int:
        return sum(verdict.happened for verdict in self.verdicts)

    @property
    def made(self) -> float:
        """Share of the takes in which it happened."""
        return self.passed / len(self.verdicts)

    @property
    def margin(self) -> float:
        """Median of the takes' margins; 0 or more: it happened."""
        return float(np.median([verdict.margin for verdict in self.verdicts]))

    @property
    def typical(self) -> int:
        """The take whose margin is the median, or the one below it."""
        order = np.argsort([verdict.margin for verdict in self.verdicts], kind="stable")
        return int(order[(len(order) - 1) // 2])

    @property
    def missing(self) -> str:
        """What takes that failed missed most often, with the median of its values; empty where none failed."""
        decisive = [verdict.decisive for verdict in self.verdicts if not verdict.happened]
        if not decisive:
            return ""
        name, _ = Counter(reading.name for reading in decisive).most_common(1)[0]
        readings = [reading for reading in decisive if reading.name == name]
        value = float(np.median([reading.value for reading in readings]))
        return f"{name} {value:.3g} ({readings[0].sense} {readings[0].threshold:.3g})"

    def as_numbers(self) -> dict[str, Any]:
        """JSON-ready."""
        real = self.asked.real
        return {
            "made": round(self.made, 4),
            "takes": len(self.verdicts),
            "real": None if real is None else round(real.share, 4),
            "recordings": 0 if real is None else real.takes,
            "clips": self.asked.clips,
            "margin": round(self.margin, 3),
            "missing": self.missing,
            "seconds": round(self.asked.seconds, 2),
            "caption": self.asked.caption,
            "wordings": len(set(self.asked.told(len(self.verdicts)))),
        }


def judged(asked: Asked, motions: Motions, numbers: MotionNumbers) -> Outcome:
    """What the check of an action says of its takes."""
    import torch

    skeleton = NamedJoints(SMPL_22.joints, numbers.fps)
    takes = [numbers.to_joints(torch.from_numpy(motion).double()).numpy() for motion in motions.features]
    return Outcome(asked, tuple(judge(asked.label, Take(joints, skeleton)) for joints in takes))


def worst_first(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Lowest rate first; among equals those that miss by more."""
    return sorted(outcomes, key=lambda outcome: (outcome.made, outcome.margin, outcome.asked.label))


def headline(shares: Mapping[str, float], asked: Sequence[Asked], takes: int | None) -> list[Metric]:
    """The numbers that stand for all actions.

    Args:
        shares: how often each action happened, by label.
        asked: the actions.
        takes: of each; None for recordings, of which there are different numbers.
    """
    here = [action for action in asked if action.label in shares]
    every = [shares[action.label] for action in here]
    details: dict[str, float | int | str] = {}
    if takes:
        # Of the mean over just these actions: the takes are what is drawn.
        error = np.sqrt(sum(share * (1 - share) / takes for share in every)) / len(every)
        details = {"takes": takes, "standard_error": round(float(error), 5)}
    found = [_rate("actions", every, details)]
    seen = [shares[action.label] for action in here if action.clips >= SEEN]
    if seen:
        found.append(_rate("actions_seen", seen, {"clips": SEEN}))
    well = [action for action in here if action.clips >= WELL_SEEN]
    if well:
        worst = min(well, key=lambda action: (shares[action.label], action.label))
        found.append(
            _rate("actions_worst", [shares[worst.label]], {"clips": WELL_SEEN, "action": worst.label})
        )
    rare = float(sum(share < 0.5 for share in every))
    found.append(Metric("actions_rare", rare, "actions", "lower", SOURCE, len(every), {"below": 0.5}))
    return found


def _rate(name: str, shares: Sequence[float], details: Mapping[str, float | int | str]) -> Metric:
    return Metric(name, float(np.mean(shares)), "1", "higher", SOURCE, len(shares), details)
