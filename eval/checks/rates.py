"""How often the checks find the actions of recordings: the most that can be asked of a model."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from eval.checks.kinematics import MIN_SECONDS, NamedJoints, Skeleton, Take
from eval.checks.registry import checks_for, judge
from motioncollage.files import write_text

MAX_BYTES = 1 << 20
Labelled = Iterable[tuple[str, Any]]


@dataclass(frozen=True)
class Rate:
    """Of so many takes of an action it happened in so many."""

    passed: int
    takes: int

    def __post_init__(self) -> None:
        if not 0 <= self.passed <= self.takes or self.takes < 1:
            raise ValueError(f"{self.passed} of {self.takes} takes; give 0 or more of 1 or more")

    @property
    def share(self) -> float:
        return self.passed / self.takes


Rates = Mapping[str, Rate]


def count(labelled: Labelled, skeleton: Skeleton) -> dict[str, Rate]:
    """Rates of labelled joints [frames, J, 3]; takes shorter than half a second, and labels without a check, are left out."""
    counts: dict[str, list[bool]] = {}
    for label, joints in labelled:
        if checks_for(label) and len(joints) >= MIN_SECONDS * skeleton.fps:
            verdict = judge(label, Take(joints, NamedJoints(tuple(skeleton.joints), skeleton.fps)))
            counts.setdefault(label, []).append(verdict.happened)
    return {label: Rate(sum(verdicts), len(verdicts)) for label, verdicts in sorted(counts.items())}


def write(path: Path, rates: Rates, data: str, *, force: bool = False) -> None:
    """As JSON, a label a line, with the name of the data."""
    lines = ",\n".join(
        f" {json.dumps(label)}: [{rate.passed}, {rate.takes}]" for label, rate in sorted(rates.items())
    )
    write_text(path, f'{{"data": {json.dumps(data)}, "rates": {{\n{lines}\n}}}}\n', force=force)


def read(path: Path) -> dict[str, Rate]:
    """What `write` wrote.

    Raises:
        ValueError: something else.
    """
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MB; it holds no rates of checks")
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["rates"]
        return {str(label): Rate(int(passed), int(takes)) for label, (passed, takes) in rows.items()}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} holds no rates of checks ({error}); install the package again") from error


@cache
def bundled() -> dict[str, Rate]:
    """Rates of the clips that the checks were set on (`scripts/calibrate_checks.py`)."""
    with as_file(files("eval") / "assets" / "checks" / "real.json") as path:
        return read(path)
