"""What a benchmark run is made of, and the hash that keeps runs of different making apart."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from motioncollage import plugins
from motioncollage.methods import MethodSettings, method

REAL = "real"
METHODS = ("short", "baseline", "replacement", "reconstruction", "multidiffusion", "collage")
TAILS = ("kept", "zero")
JERK_REFERENCES = ("measured", "flowmdm")
POOL = 32
UNIT = 4  # the evaluators read motion in groups of four frames
LONGEST_CROP = 196
# What the evaluators, their figures of real motion and the crops of the protocols are made for.
REPRESENTATION, WIDTH, FPS = "humanml3d", 263, 20.0


@dataclass(frozen=True)
class BenchmarkSettings:
    """Everything that decides the numbers, besides model, data and evaluator.

    Attributes:
        protocol: name of an `eval.benchmark.protocol.Protocol`.
        repetitions: how often all is drawn and made anew.
        texts: motions per repetition and method; a whole number of pools of 32. None for the whole test set, where a
            protocol can have that.
        crops: crops of every long motion, each as long as some real clip of the same label.
        seconds: length of a motion of the long protocol.
        actions: texts per motion of the composition protocol.
        action_seconds: length of each of them.
        loop_seconds: period of the loops protocol.
        answer_texts: texts of the official protocol that are answered many times, for multimodality.
        answers: motions for each of them.
        answer_pairs: pairs of them that are compared.
        tail: what the official evaluator sees of a made motion behind its end: `kept` (up to three frames as the model
            left them, as in the published evaluations) or `zero` (nothing, as of real motion).
        compositions: file of texts and lengths of the flowmdm protocol; empty to draw them from the data.
        scenario: which part of that file; empty for all of it.
        jerk_reference: `measured`, on the benchmark's recordings, or `flowmdm`: from FlowMDM's constant as well.
        takes: of every action, of the actions protocol; they are made at a time.
        only: labels of the actions protocol; none for all that have a check.
        batch: motions made at a time, which is also what an interruption loses.
        methods: sampling, the same for all.
        seed: of draws and noise.
    """

    protocol: str = "long"
    repetitions: int = 20
    texts: int | None = 32
    crops: int = 4
    seconds: float = 24.0
    actions: int = 6
    action_seconds: float = 4.0
    loop_seconds: float = 8.0
    answer_texts: int = 100
    answers: int = 30
    answer_pairs: int = 10
    tail: str = "kept"
    compositions: str = ""
    scenario: str = ""
    jerk_reference: str = JERK_REFERENCES[0]
    takes: int = 16
    only: tuple[str, ...] = ()
    batch: int = 8
    methods: MethodSettings = field(default_factory=MethodSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        for name in (
            "repetitions",
            "texts",
            "crops",
            "actions",
            "answer_texts",
            "answer_pairs",
            "takes",
            "batch",
        ):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is {value}; give at least 1")

        if self.answers < 2 or self.answer_pairs > self.answers:
            raise ValueError(
                f"{self.answer_pairs} pairs of {self.answers} answers; give 2 answers or more, and no more pairs than that"
            )
        if self.tail not in TAILS:
            raise ValueError(f"tail is {self.tail!r}; choose one of {', '.join(TAILS)}")
        if self.jerk_reference not in JERK_REFERENCES:
            raise ValueError(
                f"jerk reference is {self.jerk_reference!r}; choose one of {', '.join(JERK_REFERENCES)}"
            )

    def as_numbers(self) -> dict[str, Any]:
        """What JSON can hold of all this; infinities, which it cannot, become words."""
        return dict(json.loads(json.dumps(asdict(self)), parse_constant=str))

    def first_seed(self, repetition: int) -> int:
        """Of the first motion's noise; a repetition has 100,000 seeds of its own."""
        return (self.seed * 1_000 + repetition) * 100_000


def all_methods() -> list[str]:
    """What can be compared with any model: real motion, the paper's methods in its order, then those of plug-ins."""
    known = [name for name in plugins.available("methods") if _general(name)]
    first = [name for name in METHODS if name in known]
    return [REAL, *first, *(name for name in known if name not in first)]


def _general(name: str) -> bool:
    """Whether a method takes any model; not of one that cannot be loaded."""
    try:
        return method(name).general
    except ImportError:
        return False


def digest(*parts: object) -> str:
    """Short hash of anything that JSON can hold, dataclasses included; equal parts give equal hashes on any machine."""

    def plain(value: object) -> object:
        if hasattr(value, "__dataclass_fields__"):
            return asdict(value)  # type: ignore[call-overload]
        return str(value)

    text = json.dumps(parts, sort_keys=True, default=plain)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
