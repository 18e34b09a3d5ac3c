"""`--protocol flowmdm`: FlowMDM's evaluation of compositions, so that a row can stand beside its table.

Barquero et al., "Seamless Human Motion Composition with Blended Positional Encodings" (CVPR 2024), as its release does it on
HumanML3D (runners/eval.py, utils/metrics.py and data_loaders of BarqueroGerman/FlowMDM, commit a3188905): segments of 70 to
199 frames, 32 texts to a composition and 32 segments to a pool, transitions of 60 frames, 10 repetitions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from eval.benchmark.compositions import read_compositions
from eval.benchmark.draws import distinct, members_of
from eval.benchmark.making import Motions, Unit, in_batches, motions_of, numbered
from eval.benchmark.protocol import Bench, Protocol, fixed_jerk
from eval.benchmark.reference import Reference
from eval.benchmark.settings import POOL, REAL, BenchmarkSettings
from eval.judges.probes import embed_motions
from eval.judges.tagging import tag_words
from eval.metrics.evidence import WINDOW, Evidence
from eval.metrics.retrieval import distinct_pools, sequential_pools
from motioncollage.methods import Script

SHORTEST, LONGEST = 70, 199  # frames of a real segment
DRAWN = 32  # compositions, where no file says which


@dataclass(frozen=True)
class Compositions:
    """One repetition.

    Attributes:
        scripts: what is made.
        items: real segments in random order.
        captions: which of an item's captions the row of real motion is asked for.
        shown: [items of WINDOW frames or more] first frames of the real windows that transitions are compared with.
        real: as `shown`, of the row of real motion.
    """

    scripts: tuple[Script, ...]
    items: np.ndarray
    captions: np.ndarray
    shown: np.ndarray
    real: np.ndarray


class FlowMDM(Protocol[Compositions]):
    name = "flowmdm"
    about = "compositions of 32 texts as FlowMDM evaluates them, segments and transitions"
    benchmark = "humanml3d"
    methods = (REAL, "multidiffusion", "collage")
    timed = False
    defaults: ClassVar[Mapping[str, Any]] = {
        "repetitions": 10, "texts": None, "actions": 32, "batch": 1, "jerk_reference": "flowmdm",
    }  # fmt: skip
    quick: ClassVar[Mapping[str, Any]] = {"repetitions": 2, "texts": 4, "actions": 8}
    metrics = ("transitions", "retrieval", "fid", "diversity")
    reads = ("compositions", "scenario", "jerk_reference")
    main = ("r_precision_top3", "fid", "transition_fid", "area_under_jerk_flowmdm")

    def check(self, settings: BenchmarkSettings) -> None:
        if settings.actions < 2:
            raise ValueError(f"actions is {settings.actions}; a composition has two texts or more")
        if settings.scenario and not settings.compositions:
            raise ValueError("--scenario is a part of a file; give --compositions humanml_test_set.json, too")
        if settings.compositions:
            read_compositions(Path(settings.compositions), settings.scenario)

    def draw(self, reference: Reference, settings: BenchmarkSettings, repetition: int) -> Compositions:
        rng = np.random.default_rng([settings.seed, repetition, 17])
        fitting = fitting_items(reference)
        if len(fitting) < 2:
            raise ValueError(
                f"{len(fitting)} real segments have {SHORTEST} to {LONGEST} frames; FlowMDM's evaluation compares with those"
            )
        if settings.compositions:
            scripts = read_compositions(Path(settings.compositions), settings.scenario)[: settings.texts]
        else:
            scripts = _drawn(reference, settings, fitting, rng)
        items = rng.permutation(fitting)
        captions = np.array([rng.integers(len(reference.entries[i].captions)) for i in items])
        room = np.array([e.frames - WINDOW for e in reference.entries if e.frames >= WINDOW])
        shown, real = (rng.integers(0, room + 1) for _ in range(2))
        return Compositions(tuple(scripts), items, captions, shown, real)

    def units(
        self, method: str, repetition: int, drawn: Compositions, reference: Reference, settings: BenchmarkSettings
    ) -> list[Unit]:  # fmt: skip
        if method == REAL:
            return []
        pairs = numbered(drawn.scripts, settings.first_seed(repetition))
        return in_batches(method, repetition, pairs, settings.batch)

    def example(self, drawn: Compositions, reference: Reference, settings: BenchmarkSettings) -> Script:
        return drawn.scripts[0]

    def evidence(self, method: str, made: Sequence[Motions], drawn: Compositions, bench: Bench) -> Evidence:
        reference, settings = bench.reference, bench.settings
        boundaries: Sequence[Sequence[int]]
        if method == REAL:
            texts = [reference.entries[i].texts[k] for i, k in zip(drawn.items, drawn.captions)]
            embedded = self._segments(drawn.items, bench)
            whole = _windows(reference, drawn.real)
            boundaries = [[WINDOW // 2]] * len(whole)
            pieces: list[torch.Tensor] = []
        else:
            texts = _read([text for script in drawn.scripts for text in script.texts], bench)
            whole = motions_of(made)
            ends = [np.cumsum(script.frames) for script in drawn.scripts]
            pieces = [
                motion[stop - length : stop]
                for motion, script, stops in zip(whole, drawn.scripts, ends, strict=True)
                for length, stop in zip(script.frames, stops)
            ]
            boundaries = [stops[:-1].tolist() for stops in ends]
            embedded = embed_motions(bench.evaluator, pieces)
        batches = sequential_pools(len(texts), POOL, "keep")
        if method == REAL and reference.labelled:
            # Another clip of the same label would be no wrong answer.
            labels = [reference.entries[i].label for i in drawn.items]
            batches = distinct_pools(labels, POOL, np.random.default_rng([settings.seed, 23]))
        real = replace(
            reference,
            embeddings=self._segments(fitting_items(reference), bench),
            windows=self._transitions(drawn, bench),
        )
        return Evidence(
            method=method,
            embedded=embedded,
            words=_words(texts, bench),
            pools=[_once(texts, batch) for batch in batches],
            stands_for=[len(batch) for batch in batches],
            real=real,
            motions=whole,
            pieces=pieces,
            boundaries=boundaries,
            own_frame=True,
            fixed_jerk=fixed_jerk(settings),
            **bench.means(),
        )

    def _segments(self, items: np.ndarray, bench: Bench) -> np.ndarray:
        """Embeddings of whole items [N, D]; each is embedded once."""
        reference = bench.reference
        if reference.motions is None:
            return reference.embeddings[items]
        if "segments" not in bench.remembered:
            fitting = fitting_items(reference)
            rows = embed_motions(bench.evaluator, [reference.motions[i] for i in fitting])
            bench.remembered["segments"] = dict(zip(fitting.tolist(), rows))
        known: dict[int, np.ndarray] = bench.remembered["segments"]
        return np.stack([known[int(i)] for i in items])

    def _transitions(self, drawn: Compositions, bench: Bench) -> np.ndarray:
        """Embeddings of the real windows of a repetition [windows, D]; the same for all methods."""
        if bench.reference.motions is None:
            return bench.reference.windows
        kept = bench.remembered.get("windows")
        if kept is None or kept[0] is not drawn:
            kept = drawn, embed_motions(bench.evaluator, _windows(bench.reference, drawn.shown))
            bench.remembered["windows"] = kept
        embedded: np.ndarray = kept[1]
        return embedded

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        if settings.compositions:
            part = f", scenario {settings.scenario}" if settings.scenario else ""
            asked = f"The compositions are those of {Path(settings.compositions).name}{part}, in its order."
        else:
            asked = (
                f"Deviation: {settings.texts or DRAWN} compositions of {settings.actions} texts each were drawn from the data,"
                " a label once in a pool, each text as long as its own recording; FlowMDM has a fixed file of compositions"
                " (`--compositions humanml_test_set.json`)."
            )
        return (
            "As FlowMDM evaluates (Barquero et al. 2024, and its release): the evaluator sees each text's own frames, and"
            f" windows of {WINDOW} frames round the boundaries of texts. {asked}",
            f"R-precision in consecutive pools of {POOL} segments, the last one kept; of segments with the same text one enters"
            " its pool, whose share of hits then counts for all. The Fréchet distance is raw and compares with all recorded"
            f" segments of {SHORTEST} to {LONGEST} frames, in their whole length; that of transitions with a random window of"
            f" every recording of {WINDOW} frames or more. Diversity: 300 pairs, or as many as there are.",
            "Peak jerk and area under the jerk are of the curve averaged over all transitions, each window turned to face +z at"
            " its first frame; `area_under_jerk` measures from the mean jerk of this benchmark's recordings,"
            " `area_under_jerk_flowmdm` from FlowMDM's constant for HumanML3D.",
            "Deviations: of texts in the data the tags of HumanML3D's files are read, of others spaCy's, where FlowMDM tags all"
            " anew; behind a segment's end the evaluator sees zeros, where FlowMDM shows it the training set's mean frame; the"
            " row of real motion is all recorded segments against themselves (its FID is 0), its transitions another random"
            " window of each. On the starter benchmark the windows are the recordings' middle ones, the pools of `real` hold"
            " a label once, and it has no transitions to embed.",
        )


def fitting_items(reference: Reference) -> np.ndarray:
    """Entries that are segments of FlowMDM's evaluation."""
    return np.array([i for i, e in enumerate(reference.entries) if SHORTEST <= e.frames <= LONGEST])


def _drawn(
    reference: Reference, settings: BenchmarkSettings, fitting: np.ndarray, rng: np.random.Generator
) -> list[Script]:
    """Compositions of random captions of the segments, as long as these are; a label once in a pool."""
    count = (settings.texts or DRAWN) * settings.actions
    members = members_of(reference, fitting)
    if len(members) < min(POOL, count):
        raise ValueError(f"{len(members)} distinct labels cannot fill a retrieval pool of {POOL}")
    segments: list[int] = []
    while len(segments) < count:
        segments += distinct(members, min(POOL, count - len(segments)), rng)
    entries = [reference.entries[i] for i in segments]
    texts = [entry.captions[rng.integers(len(entry.captions))] for entry in entries]
    parts = sequential_pools(count, settings.actions)
    return [Script(tuple(texts[i] for i in part), tuple(entries[i].frames for i in part)) for part in parts]


def _windows(reference: Reference, starts: np.ndarray) -> list[torch.Tensor]:
    """Features of a window of every recording that is long enough; none of recordings that are only known by figures."""
    if reference.motions is None:
        return []
    long = [motion for motion, entry in zip(reference.motions, reference.entries) if entry.frames >= WINDOW]
    return [motion[start : start + WINDOW] for motion, start in zip(long, starts, strict=True)]


def _once(texts: Sequence[str], batch: np.ndarray) -> np.ndarray:
    """Members of a pool without those whose text another of it has."""
    first: dict[str, int] = {}
    for member in batch.tolist():
        first.setdefault(texts[member], member)
    return np.array(list(first.values()))


def _read(captions: Sequence[str], bench: Bench) -> list[str]:
    """What the evaluator reads for captions, in the data or not."""
    if not bench.reference.tagged:
        return list(captions)
    if "tags" not in bench.remembered:
        entries = bench.reference.entries
        bench.remembered["tags"] = {c: t for e in entries for c, t in zip(e.captions, e.texts)}
    known: dict[str, str] = bench.remembered["tags"]
    return [known[caption] if caption in known else tag_words(caption) for caption in captions]


def _words(texts: Sequence[str], bench: Bench) -> np.ndarray:
    """Embeddings of texts as the evaluator reads them [N, D]."""
    rows: dict[str, np.ndarray] = bench.remembered.setdefault("words", dict(bench.texts.rows))
    new = [text for text in dict.fromkeys(texts) if text not in rows]
    if new:
        rows.update(zip(new, bench.evaluator.embed_text(new).double().cpu().numpy()))
    return np.stack([rows[text] for text in texts])


PROTOCOL = FlowMDM()
