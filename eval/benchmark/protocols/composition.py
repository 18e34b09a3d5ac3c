"""`--protocol composition`: several actions, each looked at, and the transitions between them."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from eval.benchmark.draws import Draw
from eval.benchmark.protocols.clips import ClipProtocol
from eval.benchmark.settings import FPS, UNIT, BenchmarkSettings
from eval.metrics.evidence import Span


class Composition(ClipProtocol):
    name = "composition"
    about = "several actions, the transitions between them"
    quick: ClassVar[Mapping[str, Any]] = {"repetitions": 2, "texts": 16, "actions": 3}
    metrics = ("transitions", "feet", "actions", "retrieval", "fid", "kid", "diversity")
    reads = ("jerk_reference",)
    main = ("actions", "r_precision_top3", "fid", "transition_fid", "peak_jerk")

    def parts(self, settings: BenchmarkSettings) -> int:
        return settings.actions

    def actions(self, settings: BenchmarkSettings) -> int:
        return settings.actions

    def lengths(self, settings: BenchmarkSettings) -> tuple[int, ...]:
        return (round(settings.action_seconds * FPS),) * settings.actions

    def seen(
        self, method: str, whole: Sequence[Tensor], drawn: Draw, settings: BenchmarkSettings
    ) -> list[Span]:
        length = self.lengths(settings)[0]
        return [
            Span(motion, k * length, (k + 1) * length // UNIT * UNIT)
            for motion in range(len(whole))
            for k in range(settings.actions)
        ]

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        return (
            f"Every motion shows {settings.actions} texts for {settings.action_seconds:g} s each; the evaluator sees each"
            " action, and windows of 60 frames round the joins.",
            *super().conventions(settings),
        )


PROTOCOL = Composition()
