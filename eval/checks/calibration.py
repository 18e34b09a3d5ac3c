"""How often each check finds its action in clips of that action, and in clips of others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from eval.checks.check import ActionCheck
from eval.checks.kinematics import Take

OWN_RATE, REJECT_RATE = 0.9, 0.1
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Calibration:
    """What one check says of labelled clips.

    check: its name; own: of each label that it judges, (clips that pass, clips); others: of each label that
    it should reject; compatible: of each label in which the action may happen too.
    """

    check: str
    own: Mapping[str, tuple[int, int]]
    others: Mapping[str, tuple[int, int]]
    compatible: Mapping[str, tuple[int, int]]

    @property
    def own_rate(self) -> float:
        """Share of its clips that pass, of the label with the lowest."""
        return min(passed / clips for passed, clips in self.own.values())

    @property
    def pooled(self) -> float:
        """Share of the clips of other actions that pass, every clip weighing the same."""
        return sum(passed for passed, _ in self.others.values()) / max(
            1, sum(n for _, n in self.others.values())
        )

    @property
    def balanced(self) -> float:
        """The same, every label weighing the same: a thousand clips of raised hands would hide everything
        else."""
        rates = [passed / clips for passed, clips in self.others.values()]
        return sum(rates) / max(1, len(rates))

    @property
    def holds(self) -> bool:
        """0.9 of its own clips pass, and 0.1 of the others at most, counted either way."""
        return self.own_rate >= OWN_RATE and max(self.pooled, self.balanced) <= REJECT_RATE

    def confusions(self, count: int = 3) -> list[tuple[str, float]]:
        """The labels that pass most often among those that should not, with their rates; none at 0."""
        rates = [(slug, passed / clips) for slug, (passed, clips) in self.others.items() if passed]
        return sorted(rates, key=lambda item: (-item[1], item[0]))[:count]


def calibrate(
    checks: Sequence[ActionCheck],
    clips: Mapping[str, Sequence[Take]],
    *,
    others: int | None = None,
    progress: Progress | None = None,
) -> list[Calibration]:
    """Calibration of each check.

    Args:
        clips: takes by label; labels without a take are left out.
        others: look at no more than so many clips of an action that a check does not judge, evenly spread.
        progress: called with (checks done, checks).

    Raises:
        ValueError: no clip of an action that a check judges.
    """
    filled = {slug: takes for slug, takes in clips.items() if takes}
    found = []
    for number, check in enumerate(checks, 1):
        missing = [slug for slug in check.slugs if slug not in filled]
        if missing:
            raise ValueError(f"no clip of {missing[0]}; check {check.name} cannot be calibrated on such data")
        own = {slug: _passed(check, filled[slug]) for slug in check.slugs}
        rest = {
            slug: _passed(check, _spread(takes, others)) for slug, takes in filled.items() if slug not in own
        }
        compatible = {slug: rest.pop(slug) for slug in sorted(check.compatible & rest.keys())}
        found.append(Calibration(check.name, own, rest, compatible))
        if progress:
            progress(number, len(checks))
    return found


def _passed(check: ActionCheck, takes: Sequence[Take]) -> tuple[int, int]:
    return sum(check.judge(take).happened for take in takes), len(takes)


def _spread(takes: Sequence[Take], most: int | None) -> Sequence[Take]:
    if most is None or len(takes) <= most:
        return takes
    step = (len(takes) - 1) / max(most - 1, 1)
    return [takes[round(i * step)] for i in range(most)]


def as_table(calibrations: Sequence[Calibration]) -> str:
    """A line for each label, those with the lowest own rate first, as GitHub's Markdown."""
    lines = [
        "| action | check | clips | pass | others that pass: clips | labels | most confused with |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = [(row, slug) for row in calibrations for slug in row.own]
    rows.sort(
        key=lambda item: (item[0].own[item[1]][0] / item[0].own[item[1]][1], -item[0].balanced, item[1])
    )
    for row, slug in rows:
        passed, clips = row.own[slug]
        worst = ", ".join(f"{other} {rate:.2f}" for other, rate in row.confusions())
        lines.append(
            f"| {slug} | {row.check} | {clips} | {passed / clips:.2f} "
            f"| {row.pooled:.3f} | {row.balanced:.3f} | {worst} |"
        )
    return "\n".join(lines) + "\n"
