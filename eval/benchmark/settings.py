"""What a benchmark run is made of, and the hash that keeps runs of different making apart."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from motioncollage import plugins
from motioncollage.methods import MethodSettings

PROTOCOLS = ("long", "composition", "loops")
REAL = "real"
METHODS = ("short", "baseline", "replacement", "reconstruction", "multidiffusion", "collage")
POOL = 32
UNIT = 4  # the evaluators read motion in groups of four frames
LONGEST_CROP = 196
# What the evaluators, their figures of real motion and the crops of the protocols are made for.
REPRESENTATION, WIDTH, FPS = "humanml3d", 263, 20.0


@dataclass(frozen=True)
class BenchmarkSettings:
    """Everything that decides the numbers, besides model, data and evaluator.

    Attributes:
        protocol: `long` (24 s of one text, random crops), `composition` (several texts, pieces and transitions) or
            `loops` (one text, the wrap against the interior).
        repetitions: how often all is drawn and made anew.
        texts: motions per repetition and method; a whole number of pools of 32.
        crops: crops of every long motion, each as long as some real clip of the same label.
        seconds: length of a motion of the long protocol.
        actions: texts per motion of the composition protocol.
        action_seconds: length of each of them.
        loop_seconds: period of the loops protocol.
        batch: motions made at a time, which is also what an interruption loses.
        methods: sampling, the same for all.
        seed: of draws and noise.
    """

    protocol: str = "long"
    repetitions: int = 20
    texts: int = 32
    crops: int = 4
    seconds: float = 24.0
    actions: int = 6
    action_seconds: float = 4.0
    loop_seconds: float = 8.0
    batch: int = 8
    methods: MethodSettings = field(default_factory=MethodSettings)
    seed: int = 0

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"protocol {self.protocol!r} is unknown; choose one of {', '.join(PROTOCOLS)}")
        for name in ("repetitions", "texts", "crops", "actions", "batch"):
            value = getattr(self, name)
            if value < 1:
                raise ValueError(f"{name} is {value}; give at least 1")
        if self.protocol == "long" and not LONGEST_CROP / FPS <= self.seconds <= 600:
            raise ValueError(
                f"seconds is {self.seconds:g}; the longest crop is {LONGEST_CROP / FPS:g} s, and 600 s are plenty"
            )

    @property
    def parts(self) -> int:
        """How many motions the evaluator sees of every long one: crops, actions, or the one cycle."""
        return {"long": self.crops, "composition": self.actions, "loops": 1}[self.protocol]

    def lengths(self) -> tuple[int, ...]:
        """Frames of every action of a long motion."""
        if self.protocol != "composition":
            return (round((self.seconds if self.protocol == "long" else self.loop_seconds) * FPS),)
        return (round(self.action_seconds * FPS),) * self.actions


def all_methods() -> list[str]:
    """What can be compared: real motion, the paper's methods in its order, then those of plug-ins."""
    known = list(plugins.available("methods"))
    first = [name for name in METHODS if name in known]
    return [REAL, *first, *(name for name in known if name not in first)]


def quick(settings: BenchmarkSettings) -> dict[str, Any]:
    """What `--quick` changes: a rough table in about five minutes on two cores."""
    return {
        "repetitions": 2,
        "texts": 16,
        "crops": 2,
        "seconds": 12.0,
    } | ({"actions": 3} if settings.protocol == "composition" else {})


def digest(*parts: object) -> str:
    """Short hash of anything that JSON can hold, dataclasses included; equal parts give equal hashes on any machine."""

    def plain(value: object) -> object:
        if hasattr(value, "__dataclass_fields__"):
            return asdict(value)  # type: ignore[call-overload]
        return str(value)

    text = json.dumps(parts, sort_keys=True, default=plain)
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()
