"""`--protocol loops`: cycles of one text, the wrap against the interior."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from torch import Tensor

from eval.benchmark.draws import Draw
from eval.benchmark.protocols.clips import ClipProtocol
from eval.benchmark.protocols.long import ENDING
from eval.benchmark.settings import FPS, UNIT, BenchmarkSettings
from eval.metrics.evidence import Span


class Loops(ClipProtocol):
    name = "loops"
    about = "cycles of one text, the wrap against the interior"
    quick: ClassVar[Mapping[str, Any]] = {"repetitions": 2, "texts": 16}
    loop = True
    metrics = ("loops", "feet", "retrieval", "fid", "kid", "diversity")
    main = ("r_precision_top3", "fid", "loop_jerk_ratio", "loop_pose_gap")

    def fits(self, label: str) -> bool:
        return label.split(" / ")[0] not in ENDING

    def lengths(self, settings: BenchmarkSettings) -> tuple[int, ...]:
        return (round(settings.loop_seconds * FPS),)

    def seen(
        self, method: str, whole: Sequence[Tensor], drawn: Draw, settings: BenchmarkSettings
    ) -> list[Span]:
        length = self.lengths(settings)[0]
        return [Span(motion, 0, length // UNIT * UNIT) for motion in range(len(whole))]

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        return (
            f"Every motion is a cycle of {settings.loop_seconds:g} s of one text; two cycles are played to look at the"
            " wrap. Loops have no standard: the measures are ours.",
            *super().conventions(settings),
        )


PROTOCOL = Loops()
