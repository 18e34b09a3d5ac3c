"""Classifier-free guidance of texts and constraints, as a weighted sum of passes."""

import math
from dataclasses import dataclass

KINDS = ("separated", "regular", "nocfg")


@dataclass(frozen=True)
class Pass:
    """One evaluation of the network: whether it sees the text and the constraint, and what it counts."""

    text: bool
    constraint: bool
    weight: float


@dataclass(frozen=True)
class KimodoGuidance:
    """How much a prediction u of neither text nor constraint is led by both.

    `separated`: u + text (text alone - u) + constraint (constraint alone - u): no pass sees both, as published.
    `regular`: u + text (both - u). `nocfg`: both.
    """

    kind: str = "separated"
    text: float = 2.0
    constraint: float = 2.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"guidance {self.kind!r} is unknown; choose one of {', '.join(KINDS)}")
        for name in ("text", "constraint"):
            if not math.isfinite(getattr(self, name)):
                raise ValueError(
                    f"guidance of {name} is {getattr(self, name)}; give a finite number, such as 2"
                )

    def passes(self, *, has_text: bool, has_constraint: bool) -> tuple[Pass, ...]:
        """The evaluations whose weighted sum is the guided prediction; those that are the same, or count 0, are one."""
        if self.kind == "nocfg":
            wanted = [(True, True, 1.0)]
        elif self.kind == "regular":
            wanted = [(True, True, self.text), (False, False, 1 - self.text)]
        else:
            wanted = [(True, False, self.text), (False, True, self.constraint)]
            wanted.append((False, False, 1 - self.text - self.constraint))
        weights: dict[tuple[bool, bool], float] = {}
        for text, constraint, weight in wanted:
            key = (text and has_text, constraint and has_constraint)
            weights[key] = weights.get(key, 0.0) + weight
        return tuple(Pass(*key, weight) for key, weight in weights.items() if weight != 0)


PUBLISHED = KimodoGuidance()
