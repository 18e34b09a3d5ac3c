"""`--protocol long`: one text for 24 s, random crops (paper, table 3)."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from eval.benchmark.draws import Draw
from eval.benchmark.making import Unit, in_batches
from eval.benchmark.protocols.clips import ClipProtocol
from eval.benchmark.reference import Reference
from eval.benchmark.settings import FPS, LONGEST_CROP, BenchmarkSettings
from eval.metrics.evidence import Span
from motioncollage.methods import Script

# Actions of the starter pack that come to an end: 24 seconds of one are something else than its clips, whoever makes
# them (ordinary samples of the model, cropped at random, are as far from the clips as any long method's).
ENDING = frozenset(
    (
        "raise-up-right-hand", "raise-up-left-hand", "raise-up-both-hands", "bow", "guide", "slash", "punch", "kick",
        "soccer - kick ball", "respond", "call",
    )
)  # fmt: skip


class Long(ClipProtocol):
    name = "long"
    about = "24 s of one text, random crops"
    quick: ClassVar[Mapping[str, Any]] = {"repetitions": 2, "texts": 16, "crops": 2, "seconds": 12.0}
    metrics = ("transitions", "feet", "actions", "retrieval", "fid", "kid", "diversity", "multimodality")
    reads = ("jerk_reference",)
    main = ("r_precision_top3", "fid", "multimodal_distance", "peak_jerk")

    def check(self, settings: BenchmarkSettings) -> None:
        super().check(settings)
        if not LONGEST_CROP / FPS <= settings.seconds <= 600:
            raise ValueError(
                f"seconds is {settings.seconds:g}; the longest crop is {LONGEST_CROP / FPS:g} s, and 600 s are plenty"
            )

    def parts(self, settings: BenchmarkSettings) -> int:
        return settings.crops

    def fits(self, label: str) -> bool:
        return label.split(" / ")[0] not in ENDING

    def lengths(self, settings: BenchmarkSettings) -> tuple[int, ...]:
        return (round(settings.seconds * FPS),)

    def units(
        self, method: str, repetition: int, drawn: Draw, reference: Reference, settings: BenchmarkSettings
    ) -> list[Unit]:
        if method != "short":
            return super().units(method, repetition, drawn, reference, settings)
        # As many motions as others have crops, each at the model's own length; they are cropped as all are.
        first, parts = settings.first_seed(repetition), self.parts(settings)
        pairs = [
            (Script(script.texts, (LONGEST_CROP,)), first + i * parts + k)
            for i, script in enumerate(self.scripts(drawn, reference, settings))
            for k in range(parts)
        ]
        return in_batches(method, repetition, pairs, settings.batch)

    def seen(
        self, method: str, whole: Sequence[Tensor], drawn: Draw, settings: BenchmarkSettings
    ) -> list[Span]:
        # Of an ordinary sample one crop is taken, of a long motion several, all alike at random.
        each = 1 if method == "short" else drawn.places.shape[1]
        sources = [motion for motion in range(len(whole)) for _ in range(each)]
        crops = []
        for motion, length, place in zip(sources, drawn.crop_lengths.flatten(), drawn.places.flatten()):
            start = int(place * (len(whole[motion]) - length + 1))
            crops.append(Span(motion, start, start + int(length)))
        return crops

    def answers(self, method: str, embedded: np.ndarray) -> np.ndarray | None:
        # Crops of one long motion are not different answers to a text; short motions are. All pairs of them.
        return embedded if method == "short" and embedded.shape[1] > 1 else None

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        return (
            f"Every long motion lasts {settings.seconds:g} s and shows one text; the evaluator sees"
            f" {settings.crops} random crops of it, each as long as a real clip of the text's label. Of ordinary samples"
            f" (`short`, {LONGEST_CROP} frames) one crop is taken each.",
            *super().conventions(settings),
        )


PROTOCOL = Long()
