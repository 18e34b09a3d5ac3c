"""What a check is, and what it answers: every number that it looked at beside the threshold it was held
against."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from eval.checks.kinematics import SMPL_22, Skeleton, Take
from eval.checks.series import RATE, Array

Sense = Literal["at least", "at most"]


@dataclass(frozen=True)
class Reading:
    """One measured number against its threshold.

    name: what was measured, with its unit where it has one ("foot height, legs"); value and threshold: in
    that unit; sense: on which side of the threshold the value must lie.
    """

    name: str
    value: float
    threshold: float
    sense: Sense

    @property
    def margin(self) -> float:
        """How far on the right side, as a share of the threshold (of 1 where that is smaller than 0.05);
        -1 to 1."""
        return float(_margin(np.float64(self.value), self.threshold, self.sense))

    def __str__(self) -> str:
        return f"{self.name} {self.value:.3g} ({self.sense} {self.threshold:.3g})"


@dataclass(frozen=True)
class Verdict:
    """Whether the action happened: all readings must hold."""

    readings: tuple[Reading, ...]

    @property
    def margin(self) -> float:
        """The smallest margin of the readings; 0 or more: it happened."""
        return min(reading.margin for reading in self.readings)

    @property
    def happened(self) -> bool:
        return self.margin >= 0.0

    @property
    def decisive(self) -> Reading:
        """The reading with the smallest margin: what would have to change."""
        return min(self.readings, key=lambda reading: reading.margin)

    def __bool__(self) -> bool:
        return self.happened

    def __and__(self, more: "Verdict") -> "Verdict":
        return Verdict(self.readings + more.readings)

    def __str__(self) -> str:
        word = "happened" if self.happened else "did not happen"
        return f"{word}: {'; '.join(map(str, self.readings))}"


Judge = Callable[[Take], Verdict]


def at_least(name: str, value: float, threshold: float) -> Verdict:
    return Verdict((Reading(name, float(value), threshold, "at least"),))


def at_most(name: str, value: float, threshold: float) -> Verdict:
    return Verdict((Reading(name, float(value), threshold, "at most"),))


def within(name: str, value: float, low: float, high: float) -> Verdict:
    return at_least(name, value, low) & at_most(name, value, high)


def best(candidates: Iterable[Verdict], missing: str) -> Verdict:
    """The candidate that is nearest to having happened: the action is looked for anywhere in a take.

    missing: what there was none of, where there is no candidate.
    """
    return max(candidates, key=lambda verdict: verdict.margin, default=at_least(missing, 0.0, 1.0))


@dataclass(frozen=True)
class Condition:
    """What must hold at one moment of a take: `series` [T] on the right side of the threshold."""

    name: str
    series: Array
    threshold: float
    sense: Sense = "at least"


def moment(*conditions: Condition) -> Verdict:
    """All at once, at some frame: the verdict of the frame that comes nearest to it."""
    return _at(conditions, int(_margins(conditions).argmax()))


def in_turn(*stages: Sequence[Condition], gap: float = 0.0) -> Verdict:
    """One stage after another, each as in `moment`, so many seconds apart at least: the best choice of
    frames."""
    wait = round(gap * RATE)
    count = len(stages[0][0].series)
    if count <= wait * (len(stages) - 1):
        return at_least("time for all stages, s", count / RATE, gap * (len(stages) - 1) + 1 / RATE)
    reached: list[Array] = []  # the best that can be had of the stages so far, the last of them at this frame
    for stage in stages:
        margins = _margins(stage)
        if reached:
            before = np.maximum.accumulate(reached[-1])
            margins[wait:] = np.minimum(margins[wait:], before[: count - wait])
            margins[:wait] = -np.inf
        reached.append(margins)
    frame = int(reached[-1].argmax())
    readings: tuple[Reading, ...] = ()
    for number in reversed(range(len(stages))):
        readings = _at(stages[number], frame).readings + readings
        if number:
            frame = int(reached[number - 1][: frame - wait + 1].argmax())
    return Verdict(readings)


def _margins(conditions: Sequence[Condition]) -> Array:
    return np.asarray(np.min([_margin(c.series, c.threshold, c.sense) for c in conditions], axis=0))


def _at(conditions: Sequence[Condition], frame: int) -> Verdict:
    return Verdict(tuple(Reading(c.name, float(c.series[frame]), c.threshold, c.sense) for c in conditions))


def _margin(values: Any, threshold: float, sense: Sense) -> Any:
    scale = abs(threshold) if abs(threshold) >= 0.05 else 1.0
    distance = (values - threshold) / scale
    return np.clip(distance if sense == "at least" else -distance, -1.0, 1.0)


@dataclass(frozen=True)
class Anywhere:
    """A judge of whole takes, made to look for the stretch in which the action happened.

    Before and after it the body may walk off, stand or lie down. The verdict is that of the whole take or of
    the best stretch of `seconds`, `hop` seconds apart.
    """

    judge: Judge
    seconds: tuple[float, ...] = (2.5, 4.5)
    hop: float = 0.7

    def __call__(self, take: Take) -> Verdict:
        found = self.judge(take)
        if not found.happened:
            for stretch in take.stretches(self.seconds, self.hop):
                found = max(found, self.judge(stretch), key=lambda verdict: verdict.margin)
                if found.happened:
                    break
        return found


@dataclass(frozen=True)
class ActionCheck:
    """Did an action happen?

    name: of the check; slugs: labels of the actions that it judges, of which every clip should pass; judge:
    what it does with a take; compatible: labels of actions in which this one may happen, so that they tell
    nothing about the check. Clips of all other labels should not pass.
    """

    name: str
    slugs: tuple[str, ...]
    judge: Judge
    compatible: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.slugs:
            raise ValueError(f"check {self.name!r} judges no action; name at least one slug")

    def __call__(self, joints: Any, skeleton: Skeleton = SMPL_22) -> Verdict:
        """Judge joints [frames, J, 3] in metres, y up.

        Raises:
            ValueError: no motion of such a skeleton, see `Take`.
        """
        return self.judge(Take(joints, skeleton))
