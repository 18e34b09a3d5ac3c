"""`--protocol babel`: BABEL's recorded sequences of many actions, made anew from their labels and measured beside them.

After the leaderboard of sequences on BABEL (Motius, "BABEL Sequential Generation", 2026; docs/evaluation/babel_sequential.md
and motius/evaluation of ZeyuLing/Motius): the labelled intervals of every sequence of the validation split, windows of a
second round their boundaries, retrieval in pools of 32 in which every motion of the same action is right, distances to the
paired recordings. Labels and cuts: `mdm_adapter.data.babel`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from eval.benchmark.making import Motions, Unit, in_batches, motions_of, numbered
from eval.benchmark.protocol import Bench, Protocol
from eval.benchmark.reference import Reference
from eval.benchmark.settings import FPS, POOL, REAL, BenchmarkSettings
from eval.judges.probes import embed_motions
from eval.metrics.evidence import Evidence
from eval.metrics.metric import Float64
from eval.metrics.retrieval import sequential_pools
from eval.metrics.transitions import transition_windows
from motioncollage.methods import Script

WINDOW = round(FPS)  # frames of a second


@dataclass(frozen=True)
class Sequences:
    """One repetition: recorded sequences, each by the entries of its intervals, and the order in which pools take these."""

    chosen: tuple[tuple[int, ...], ...]
    order: np.ndarray

    @property
    def entries(self) -> list[int]:
        """Of all intervals, in order."""
        return [entry for sequence in self.chosen for entry in sequence]


@dataclass(frozen=True)
class Recorded:
    """The recordings of a repetition: features of whole sequences, embeddings of intervals and of windows round their
    boundaries, and the joints of these windows."""

    whole: list[Tensor]
    embedded: Float64
    windows: Float64
    around: list[Float64]


class Babel(Protocol[Sequences]):
    name = "babel"
    about = "recorded sequences of many actions, made anew from BABEL's labels"
    benchmark = "babel"
    methods = (REAL, "multidiffusion", "collage")
    timed = False
    defaults: ClassVar[Mapping[str, Any]] = {"repetitions": 1, "texts": None, "batch": 1}
    quick: ClassVar[Mapping[str, Any]] = {"texts": 12}
    metrics = ("sequences", "retrieval", "fid", "diversity")
    main = ("r_precision_top3", "fid", "transition_fid", "auj_gap")

    def check(self, settings: BenchmarkSettings) -> None:
        """Any number of sequences will do."""

    def draw(self, reference: Reference, settings: BenchmarkSettings, repetition: int) -> Sequences:
        rng = np.random.default_rng([settings.seed, repetition, 19])
        order = rng.permutation(len(reference.sequences))[: settings.texts]
        chosen = tuple(reference.sequences[i] for i in order)
        count = sum(map(len, chosen))
        if count < POOL:
            raise ValueError(
                f"{len(chosen)} sequences have {count} actions; a retrieval pool needs {POOL}: more --texts, or more data"
            )
        return Sequences(chosen, rng.permutation(count))

    def scripts(self, drawn: Sequences, reference: Reference) -> list[Script]:
        """What every sequence shows."""
        rows = [[reference.entries[i] for i in sequence] for sequence in drawn.chosen]
        return [
            Script(tuple(entry.captions[0] for entry in row), tuple(entry.frames for entry in row))
            for row in rows
        ]

    def units(
        self, method: str, repetition: int, drawn: Sequences, reference: Reference, settings: BenchmarkSettings
    ) -> list[Unit]:  # fmt: skip
        if method == REAL:
            return []
        pairs = numbered(self.scripts(drawn, reference), settings.first_seed(repetition))
        return in_batches(method, repetition, pairs, settings.batch)

    def example(self, drawn: Sequences, reference: Reference, settings: BenchmarkSettings) -> Script:
        return self.scripts(drawn, reference)[0]

    def evidence(self, method: str, made: Sequence[Motions], drawn: Sequences, bench: Bench) -> Evidence:
        reference = bench.reference
        recorded = self._recorded(drawn, bench)
        ends = _ends(drawn, reference)
        whole = motions_of(made)
        whole = recorded.whole if method == REAL else whole
        pieces = _pieces(whole, ends)
        entries = np.array(drawn.entries)
        return Evidence(
            method=method,
            embedded=recorded.embedded if method == REAL else embed_motions(bench.evaluator, pieces),
            words=bench.texts.of(entries, np.zeros_like(entries)),
            pools=[drawn.order[pool] for pool in sequential_pools(len(entries), POOL)],
            real=replace(reference, embeddings=recorded.embedded, windows=recorded.windows),
            motions=whole,
            pieces=pieces,
            **bench.means(),
            boundaries=[stops[:-1].tolist() for stops in ends],
            window=WINDOW,
            recorded=recorded.around,
            groups=[reference.entries[i].label for i in entries],
        )

    def _recorded(self, drawn: Sequences, bench: Bench) -> Recorded:
        """The same for all methods of a repetition."""
        kept = bench.remembered.get("recorded")
        if kept is None or kept[0] is not drawn:
            motions = bench.reference.motions
            assert motions is not None
            ends = _ends(drawn, bench.reference)
            whole = [torch.cat([motions[i] for i in sequence]) for sequence in drawn.chosen]
            cuts: list[Tensor] = []
            around: list[Float64] = []
            for motion, stops in zip(whole, ends):
                joints = bench.representation.to_joints(motion.double()).numpy()
                near, places = transition_windows(joints, stops[:-1].tolist(), WINDOW)
                around += list(near)
                cuts += [motion[stops[i] - WINDOW // 2 : stops[i] + WINDOW // 2] for i in places]
            if len(around) < 2:
                raise ValueError(
                    f"{len(around)} boundaries between actions; two are needed to compare transitions"
                )
            embedded, windows = (
                embed_motions(bench.evaluator, parts) for parts in (_pieces(whole, ends), cuts)
            )
            kept = drawn, Recorded(whole, embedded, windows, around)
            bench.remembered["recorded"] = kept
        found: Recorded = kept[1]
        return found

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        count = "all sequences" if settings.texts is None else f"{settings.texts} sequences, drawn at random,"
        return (
            f"Of {count} of BABEL's file with two labelled actions or more: labels 'transition' removed, neighbours cut in the"
            " middle of them or else where the later one starts, what is shorter than a second joined with the next. Every"
            " method makes the whole sequence from its labels, each as long as it was recorded.",
            f"The evaluator sees each interval, and windows of a second round the boundaries. R-precision in pools of {POOL}"
            " intervals in random order, the last incomplete one dropped; every motion of the same action (BABEL's `act_cat`,"
            " else the label) is a right answer. Fréchet distances are raw and compare with the recordings of the same"
            " intervals and boundaries: those of `real` are 0.",
            "Peak jerk is the largest value of the jerk averaged over windows and joints (m/s^3), the AUJ gap the area between"
            " that curve and the recordings' (m/s^2): R@1, R@2, R@3, FID, MM-Dist, Transition FID, Peak Jerk and AUJ Gap of the"
            " leaderboard of sequences on BABEL (Motius 2026).",
            "Deviations from it: this evaluator instead of its own, whose distances are of normalised embeddings, so that R@k,"
            " MM-Dist and distances are no numbers to put beside its; labels as BABEL has them instead of rewritten captions;"
            f" {FPS:g} frames a second instead of 30, which peak jerk and AUJ gap depend on; bodies brought to HumanML3D's"
            " skeleton; MM-Dist to a text's own motion instead of the nearest right one.",
        )


def _ends(drawn: Sequences, reference: Reference) -> list[np.ndarray]:
    """Of every sequence the frames at which its intervals end."""
    return [np.cumsum([reference.entries[i].frames for i in sequence]) for sequence in drawn.chosen]


def _pieces(whole: Sequence[Tensor], ends: Sequence[np.ndarray]) -> list[Tensor]:
    return [
        motion[start:stop]
        for motion, stops in zip(whole, ends, strict=True)
        for start, stop in zip([0, *stops[:-1]], stops)
    ]


PROTOCOL = Babel()
