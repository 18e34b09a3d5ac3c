"""`--protocol official`: what the published evaluations on HumanML3D do, so that their numbers can be checked.

Guo et al. 2022 and Tevet et al. 2022: ordinary samples as long as the test set's items, the whole set in pools of 32, a
Frechet distance as it comes, everything made 20 times. Where the reference is odd, its way is followed and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from torch import Tensor

from eval.benchmark.making import Motions, Unit, in_batches, motions_of
from eval.benchmark.protocol import Bench, Protocol
from eval.benchmark.reference import Reference, item_crops
from eval.benchmark.settings import LONGEST_CROP, POOL, REAL, UNIT, BenchmarkSettings
from eval.judges.probes import embed_motions
from eval.metrics.evidence import Evidence
from eval.metrics.retrieval import sequential_pools
from motioncollage.methods import Script


@dataclass(frozen=True)
class Pass:
    """One pass over the test set: whole pools of items in random order [N], each drawn anew.

    Attributes:
        items: which.
        captions: which of an item's.
        lengths: frames, multiples of 4.
        starts: first frame.
    """

    items: np.ndarray
    captions: np.ndarray
    lengths: np.ndarray
    starts: np.ndarray

    @classmethod
    def draw(cls, reference: Reference, rng: np.random.Generator) -> "Pass":
        entries = reference.entries
        items = rng.permutation(len(entries))[: len(entries) // POOL * POOL]
        captions = np.array([rng.integers(len(entries[i].captions)) for i in items])
        lengths, starts = item_crops(np.array([entries[i].frames for i in items]), rng)
        return cls(items, captions, lengths, starts)

    def first(self, count: int) -> "Pass":
        """The first so many, in whole pools."""
        count = count // POOL * POOL
        return Pass(*(part[:count] for part in (self.items, self.captions, self.lengths, self.starts)))

    def motions(self, reference: Reference) -> list[Tensor]:
        """Features [length, width] of the real items."""
        assert reference.motions is not None
        return [
            reference.motions[i][start : start + length]
            for i, start, length in zip(self.items, self.starts, self.lengths)
        ]


@dataclass(frozen=True)
class OfficialDraw:
    """One replication.

    Attributes:
        real: the row of real motion.
        statistics: another pass, which the Frechet distance compares with.
        asked: texts and lengths of what is made.
        again: rows of `asked` that are answered many times, for multimodality.
    """

    real: Pass
    statistics: Pass
    asked: Pass
    again: np.ndarray


class Official(Protocol[OfficialDraw]):
    name = "official"
    about = "HumanML3D as published: ordinary samples at the test items' lengths, official files"
    benchmark = "humanml3d"
    methods = (REAL, "short")
    timed = False
    defaults: ClassVar[Mapping[str, Any]] = {"texts": None, "batch": 32}
    quick: ClassVar[Mapping[str, Any]] = {
        "repetitions": 2, "texts": 64, "answer_texts": 8, "answers": 4, "answer_pairs": 2,
    }  # fmt: skip
    metrics = ("retrieval", "fid", "diversity", "multimodality")
    main = ("r_precision_top3", "fid", "multimodal_distance", "diversity")

    def check(self, settings: BenchmarkSettings) -> None:
        if settings.texts is not None and settings.texts < POOL:
            raise ValueError(
                f"texts is {settings.texts}; the official protocol retrieves in pools of {POOL}: give {POOL} or more, or"
                " none for the whole test set"
            )

    def draw(self, reference: Reference, settings: BenchmarkSettings, repetition: int) -> OfficialDraw:
        if reference.motions is None:
            raise ValueError(
                "the official protocol needs the recordings: --benchmark humanml3d --data HumanML3D/ --evaluator t2m/"
                " --glove glove/"
            )
        if len(reference.entries) < POOL:
            raise ValueError(
                f"the test set has {len(reference.entries)} usable items; a retrieval pool needs {POOL}"
            )
        rng = np.random.default_rng([settings.seed, repetition, 13])
        real, statistics, asked = (Pass.draw(reference, rng) for _ in range(3))
        if settings.texts is not None:
            asked = asked.first(settings.texts)
        again = rng.permutation(len(asked.items))[: settings.answer_texts]
        return OfficialDraw(real, statistics, asked, again)

    def scripts(
        self, method: str, drawn: OfficialDraw, reference: Reference, settings: BenchmarkSettings
    ) -> list[Script]:
        """What is made: every text once, then the other answers to some of them.

        Methods other than ordinary samples make a group of frames more, which the evaluator may look into.
        """
        asked = drawn.asked
        longer = UNIT if settings.tail == "kept" and method != "short" else 0
        once = [
            Script((reference.entries[i].captions[k],), (min(int(length) + longer, LONGEST_CROP),))
            for i, k, length in zip(asked.items, asked.captions, asked.lengths)
        ]
        return once + [once[row] for row in drawn.again for _ in range(settings.answers - 1)]

    def units(
        self,
        method: str,
        repetition: int,
        drawn: OfficialDraw,
        reference: Reference,
        settings: BenchmarkSettings,
    ) -> list[Unit]:
        if method == REAL:
            return []
        scripts = self.scripts(method, drawn, reference, settings)
        first = settings.first_seed(repetition)
        pairs = [(scripts[i], first + int(i)) for i in _by_length(scripts)]
        window = LONGEST_CROP if method == "short" and settings.tail == "kept" else 0
        return in_batches(method, repetition, pairs, settings.batch, window=window)

    def example(self, drawn: OfficialDraw, reference: Reference, settings: BenchmarkSettings) -> Script:
        return self.scripts("short", drawn, reference, settings)[0]

    def evidence(self, method: str, made: Sequence[Motions], drawn: OfficialDraw, bench: Bench) -> Evidence:
        reference, settings = bench.reference, bench.settings
        answers = None
        if method == REAL:
            told, motions = drawn.real, drawn.real.motions(reference)
            embedded = embed_motions(bench.evaluator, motions)
        else:
            told = drawn.asked
            whole = self._in_order(method, made, drawn, bench)
            lengths = np.concatenate(
                [told.lengths, np.repeat(told.lengths[drawn.again], settings.answers - 1)]
            )
            seen = lengths if settings.tail == "kept" else None
            motions = [motion[:length] for motion, length in zip(whole, lengths)]
            every = embed_motions(bench.evaluator, whole if seen is not None else motions, lengths=seen)
            embedded, others = np.split(every, [len(told.items)])
            others = others.reshape(len(drawn.again), settings.answers - 1, every.shape[1])
            answers = np.concatenate([embedded[drawn.again][:, None], others], axis=1)
            motions = motions[: len(told.items)]
        return Evidence(
            method=method,
            embedded=embedded,
            words=bench.texts.of(told.items, told.captions),
            pools=sequential_pools(len(embedded), POOL),
            real=replace(reference, embeddings=self._statistics(drawn, bench)),
            answers=answers,
            answer_pairs=settings.answer_pairs,
            motions=motions,
            pieces=motions,
            **bench.means(),
        )

    def _in_order(
        self, method: str, made: Sequence[Motions], drawn: OfficialDraw, bench: Bench
    ) -> list[Tensor]:
        """Made motions in the order of their scripts; units hold them by length."""
        scripts = self.scripts(method, drawn, bench.reference, bench.settings)
        motions = motions_of(made)
        place = np.argsort(_by_length(scripts))
        return [motions[i] for i in place]

    def _statistics(self, drawn: OfficialDraw, bench: Bench) -> np.ndarray:
        """Embeddings of the pass that distances compare with; the same for all methods of a replication."""
        kept = bench.remembered.get("statistics")
        if kept is None or kept[0] is not drawn:
            kept = drawn, embed_motions(bench.evaluator, drawn.statistics.motions(bench.reference))
            bench.remembered["statistics"] = kept
        embedded: np.ndarray = kept[1]
        return embedded

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        tail = (
            "Behind a sample's end the evaluator sees up to three frames as the model left them, as in the published"
            " evaluations: ordinary samples are made in windows of 196 frames (`--tail zero` shows it nothing there)."
            if settings.tail == "kept"
            else "Behind a sample's end the evaluator sees nothing (`--tail zero`), and samples are made at their own"
            " lengths; the published evaluations leave up to three frames of the model's there, which can move the FID."
        )
        count = (
            "the whole test set" if settings.texts is None else f"{settings.texts // POOL * POOL} texts of it"
        )
        return (
            "Items: clips and passages of 40 to 199 frames; a random start, the length rounded down to groups of four"
            " frames and one time in three a group less, a random caption. All items in random order in pools of 32, the"
            f" last incomplete one dropped; samples are made for {count}, at the items' own lengths.",
            tail,
            f"The Fréchet distance compares with another pass over the test set, without correction for small samples."
            f" Diversity: 300 pairs. Multimodality: {settings.answer_texts} texts, {settings.answers} samples,"
            f" {settings.answer_pairs} pairs. {settings.repetitions} replications; ± is 1.96 s / √n, s the population"
            " standard deviation.",
            "Methods other than `short` have no published counterpart; they make one text of the item's length"
            + (" and four frames more." if settings.tail == "kept" else "."),
        )


def _by_length(scripts: Sequence[Script]) -> np.ndarray:
    """Order in which scripts of one length stand together."""
    return np.argsort([script.frames[0] for script in scripts], kind="stable")


PROTOCOL = Official()
