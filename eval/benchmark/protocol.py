"""What a protocol of a benchmark decides; each is an object of its own, in `eval.benchmark.protocols` or a plug-in.

An entry point of `motioncollage.protocols` names one, and `--protocol` takes that name.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, NamedTuple, TypedDict, TypeVar

import numpy as np
from torch import Tensor

from eval.benchmark.maker import DrawSheet, MotionMaker, MotionNumbers
from eval.benchmark.making import Motions, Unit
from eval.benchmark.reference import Reference
from eval.benchmark.settings import BenchmarkSettings
from eval.judges.probes import embed_motions
from eval.judges.protocol import TextMotionEvaluator
from eval.metrics.evidence import Evidence
from eval.metrics.metric import Metric
from eval.metrics.transitions import FLOWMDM_JERK
from motioncollage import plugins
from motioncollage.methods import Script

Drawn = TypeVar("Drawn")

# Built-in metrics, which protocols choose among; all others are measured in every protocol.
BUILT_IN = (
    "transitions",
    "sequences",
    "loops",
    "feet",
    "retrieval",
    "fid",
    "kid",
    "diversity",
    "multimodality",
    "actions",
)


class Texts:
    """Embeddings of the texts of a reference, each computed once."""

    def __init__(self, reference: Reference, evaluator: TextMotionEvaluator) -> None:
        distinct = list(dict.fromkeys(text for entry in reference.entries for text in entry.texts))
        embedded = [
            evaluator.embed_text(distinct[first : first + 4096]) for first in range(0, len(distinct), 4096)
        ]
        rows = [row for part in embedded for row in np.asarray(part.double().cpu().numpy())]
        self.rows = dict(zip(distinct, rows))
        self.reference = reference

    def of(self, clips: np.ndarray, captions: np.ndarray) -> np.ndarray:
        """Embeddings [..., D] of chosen captions [...] of chosen clips [...]."""
        entries = self.reference.entries
        flat = [self.rows[entries[c].texts[k]] for c, k in zip(clips.flatten(), captions.flatten())]
        return np.stack(flat).reshape(*clips.shape, -1)


@dataclass(frozen=True)
class Bench:
    """What motions are measured with.

    Attributes:
        settings: of the benchmark.
        reference: the real side.
        texts: their embeddings.
        evaluator: the judge.
        representation: how features become joints.
        seams: where a collage is joined; methods without joins are looked at in the same places.
        remembered: what a protocol need not compute again for the next method.
    """

    settings: BenchmarkSettings
    reference: Reference
    texts: Texts
    evaluator: TextMotionEvaluator
    representation: MotionNumbers
    seams: Sequence[int]
    remembered: dict[str, Any] = field(default_factory=dict)

    def means(self) -> "Means":
        """What all evidence is looked at with."""
        return {
            "fps": self.representation.fps,
            "to_joints": self.representation.to_joints,
            "embed": lambda motions: embed_motions(self.evaluator, motions),
            "rng": np.random.default_rng([self.settings.seed, 7]),
        }


class Means(TypedDict):
    """Fields of `Evidence` that are the same in every protocol."""

    fps: float
    to_joints: Callable[[Tensor], Tensor]
    embed: Callable[[Sequence[Tensor]], np.ndarray]
    rng: np.random.Generator


class Sample(NamedTuple):
    """Embeddings of a repetition, for what is computed from all repetitions together.

    Attributes:
        embedded: [motions, D].
        weights: [clips] how much each real clip counts beside them; all alike where clips have no labels.
        windows: [windows, D] round the joins; none where nothing is joined.
    """

    embedded: np.ndarray
    weights: np.ndarray
    windows: np.ndarray


@dataclass(frozen=True)
class Task:
    """What a protocol is run with.

    Attributes:
        settings: of the benchmark.
        methods: what is compared; "real" for recordings.
        maker: the model.
        model: its name, for the report.
        data: folder of recordings; None for what ships with the package.
        out: folder of the results, and of what is kept so that an interrupted run goes on.
        sheet: draws a motion.
        dry_run: only say what it would cost.
    """

    settings: BenchmarkSettings
    methods: Sequence[str]
    maker: MotionMaker
    model: str
    data: Path | None
    out: Path
    sheet: DrawSheet
    dry_run: bool = False


class AnyProtocol(ABC):
    """What `--protocol` takes.

    Attributes:
        name: by which it is asked for.
        about: what is made and looked at, in a few words.
        defaults: fields of `BenchmarkSettings` that it starts from.
        quick: what `--quick` changes: a rough table in about five minutes on two cores.
        loop: motions are cycles.
        methods: what is compared, where nobody says otherwise; None for all.
        reads: settings that only some protocols read, and that it does; options for others are refused.
    """

    name: str
    about: str
    defaults: ClassVar[Mapping[str, Any]] = {}
    quick: ClassVar[Mapping[str, Any]] = {}
    loop: bool = False
    methods: tuple[str, ...] | None = None
    reads: tuple[str, ...] = ()

    @abstractmethod
    def check(self, settings: BenchmarkSettings) -> None:
        """Raise ValueError for settings that make no sense here."""


class OwnProtocol(AnyProtocol):
    """One that needs no evaluator: it makes, judges and shows in its own way."""

    reads: tuple[str, ...] = ("takes", "only")

    @abstractmethod
    def run(self, task: Task) -> None:
        """From beginning to end; `results.json` last, as the sign that all is there."""


class Protocol(AnyProtocol, Generic[Drawn]):
    """One way of comparing methods by an evaluator that knows texts and motions (`eval.benchmark.run`).

    Attributes:
        benchmark: data that it is for, where nobody says otherwise.
        timed: whether wall-clock against length is worth measuring beside it.
        metrics: names of the built-in metrics, in the order in which they are computed.
        main: names of the four numbers that its small table shows; the first ones where it names none.
    """

    benchmark: str = "starter"
    timed: bool = True
    metrics: tuple[str, ...] = ()
    main: tuple[str, ...] = ()

    def check(self, settings: BenchmarkSettings) -> None:
        if settings.texts is None:
            raise ValueError(f"the protocol {self.name} needs a number of texts; give --texts")

    @abstractmethod
    def draw(self, reference: Reference, settings: BenchmarkSettings, repetition: int) -> Drawn:
        """All chance of a repetition, decided by seed and repetition alone."""

    @abstractmethod
    def units(
        self, method: str, repetition: int, drawn: Drawn, reference: Reference, settings: BenchmarkSettings
    ) -> list[Unit]:
        """What a method has to make in a repetition; nothing for real motion.

        Noise depends on seed, repetition and place in the draw, not on the method: all methods start alike.
        """

    @abstractmethod
    def example(self, drawn: Drawn, reference: Reference, settings: BenchmarkSettings) -> Script:
        """One of the motions, whose joins tell where others are looked at."""

    @abstractmethod
    def evidence(self, method: str, made: Sequence[Motions], drawn: Drawn, bench: Bench) -> Evidence:
        """What the metrics are given.

        Args:
            made: the units of the repetition, in order; empty for real motion.
        """

    def sample(self, evidence: Evidence, reference: Reference) -> Sample:
        """What is kept of a repetition until all are there."""
        weights = np.ones(len(reference.entries)) if evidence.weights is None else evidence.weights
        return Sample(evidence.embedded, weights, np.empty((0, evidence.words.shape[1])))

    def together(
        self, reference: Reference, repetitions: Sequence[Sequence[Metric]], samples: Sequence[Sample]
    ) -> list[list[Metric]]:
        """Metrics of all repetitions; here each stands for itself."""
        return [list(row) for row in repetitions]

    @abstractmethod
    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        """Sentences of the report that say what was made, how it was looked at, and where that deviates from others."""


def any_protocol(name: str) -> "Protocol[Any] | OwnProtocol":
    """A protocol by its name.

    Raises:
        ValueError: an unknown name.
    """
    found: Protocol[Any] | OwnProtocol = plugins.load("protocols", name)
    return found


def protocol(name: str) -> Protocol[Any]:
    """A protocol that is measured by an evaluator, by its name.

    Raises:
        ValueError: an unknown name, or a protocol that is run in its own way.
    """
    found = any_protocol(name)
    if isinstance(found, OwnProtocol):
        raise ValueError(
            f"the protocol {name} is run in its own way; see motioncollage eval --protocol {name}"
        )
    return found


def fixed_jerk(settings: BenchmarkSettings) -> float | None:
    """A published mean jerk from which the area under the jerk is measured as well."""
    return FLOWMDM_JERK if settings.jerk_reference == "flowmdm" else None


def metric_names(chosen: Protocol[Any]) -> list[str]:
    """Metrics of a protocol: its own, then those of other packages."""
    known = plugins.available("metrics")
    return [*chosen.metrics, *(name for name in known if name not in BUILT_IN)]


def measure(chosen: Protocol[Any], evidence: Evidence) -> list[Metric]:
    """All metrics of a repetition.

    Raises:
        ValueError: a metric of another package fails or repeats a name; the message names it.
    """
    found: dict[str, Metric] = {}
    for name in metric_names(chosen):
        run = plugins.load("metrics", name)
        if name not in BUILT_IN and not evidence.motions:
            continue  # recordings that are only known by their figures
        try:
            metrics = list(run(evidence))
        except Exception as error:
            if name in BUILT_IN:
                raise
            owner = plugins.distribution(plugins.available("metrics")[name])
            raise ValueError(
                f"metric {name!r} of {owner} fails on {evidence.method}:"
                f" {type(error).__name__} {' '.join(str(error).split())[:160]}"
            ) from error
        for metric in metrics:
            if metric.name in found:
                raise ValueError(f"metric {name!r} measures {metric.name!r}, which is measured already")
            found[metric.name] = metric
    return list(found.values())
