"""Prompts as users type them: all of one half, and what share of the other, which the grammar never saw."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from mdm_adapter.prompts import Action, split_prompt

FILE = Path(__file__).with_name("splitter_user_prompts.txt")


@dataclass(frozen=True)
class Case:
    """A prompt and the splits of it that a reader would accept; a refusal is an empty list."""

    prompt: str
    splits: tuple[tuple[str, ...], ...]

    def counts(self) -> set[int]:
        return {0 if split == ("!",) else len(split) for split in self.splits}

    def accepts(self, lines: list[str]) -> bool:
        if ("!",) in self.splits:
            return not lines
        return any(
            len(split) == len(lines) and all(plain(got) in wordings(line) for got, line in zip(lines, split))
            for split in self.splits
        )


def read_cases() -> list[Case]:
    cases: list[tuple[str, list[list[str]]]] = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("    "):
            splits = cases[-1][1]
            if line.strip() == "or":
                splits.append([])
            else:
                splits[-1].append(line.strip())
        elif line and not line.startswith("#"):
            cases.append((line.replace("\\n", "\n"), [[]]))
    return [Case(prompt, tuple(tuple(split) for split in splits)) for prompt, splits in cases]


def wordings(line: str) -> set[str]:
    """All that "A {man|person} walks." allows."""
    parts = [part.split("|") if n % 2 else [part] for n, part in enumerate(re.split(r"\{([^}]*)\}", line))]
    return {plain("".join(choice)) for choice in itertools.product(*parts)}


def plain(text: str) -> str:
    """Without articles, commas and the difference between his and their, which nobody would miss."""
    text = re.sub(r"\b(?:a|an|the)\b|[,.]", " ", text.lower())
    return " ".join(re.sub(r"\b(?:his|her|its)\b", "their", text).split())


def split(prompt: str) -> list[str]:
    try:
        return [_line(action) for action in split_prompt(prompt)]
    except ValueError as error:
        message = str(error)
        assert "\n" not in message
        return []


def _line(action: Action) -> str:
    return action.text + (f" [{action.seconds:g}]" if action.seconds is not None else "")


DEVELOPED = read_cases()[::2]
MEASURED = read_cases()[1::2]


def test_table_is_large() -> None:
    assert len(DEVELOPED) > 140
    assert len(MEASURED) > 140
    assert len({case.prompt for case in read_cases()}) == len(read_cases())


@pytest.mark.parametrize("case", DEVELOPED, ids=[case.prompt[:50] for case in DEVELOPED])
def test_developed_half(case: Case) -> None:
    lines = split(case.prompt)
    assert case.accepts(lines), lines


def test_measured_half() -> None:
    lines = [split(case.prompt) for case in MEASURED]
    number = sum(len(got) in case.counts() for got, case in zip(lines, MEASURED)) / len(MEASURED)
    accepted = sum(case.accepts(got) for got, case in zip(lines, MEASURED)) / len(MEASURED)
    assert number >= 0.95
    assert accepted >= 0.90
