"""What the protocols of long motion share: texts of clips of distinct labels, real clips of the labels drawn."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from eval.benchmark.draws import Draw, draw_clips
from eval.benchmark.making import Motions, Unit, in_batches, motions_of, numbered
from eval.benchmark.protocol import Bench, Protocol, Sample, fixed_jerk
from eval.benchmark.reference import Reference
from eval.benchmark.settings import REAL, BenchmarkSettings
from eval.judges.probes import embed_motions
from eval.metrics.distribution import frechet_distance, gaussian_from_embeddings
from eval.metrics.evidence import Evidence, Span
from eval.metrics.metric import Metric
from eval.metrics.motion import weighted_gaussian
from eval.metrics.resampling import jackknife
from eval.metrics.retrieval import sequential_pools
from motioncollage.methods import Script


class ClipProtocol(Protocol[Draw]):
    """Long motions of drawn captions, of which the evaluator sees parts as long as clips are."""

    def parts(self, settings: BenchmarkSettings) -> int:
        """How many motions the evaluator sees of every long one."""
        return 1

    def actions(self, settings: BenchmarkSettings) -> int:
        """Texts of every long motion."""
        return 1

    def fits(self, label: str) -> bool:
        """Whether clips of a label may be drawn."""
        return True

    @abstractmethod
    def lengths(self, settings: BenchmarkSettings) -> tuple[int, ...]:
        """Frames of every action of a long motion."""

    @abstractmethod
    def seen(
        self, method: str, whole: Sequence[Tensor], drawn: Draw, settings: BenchmarkSettings
    ) -> list[Span]:
        """What the evaluator sees of whole motions, [texts * parts] in that order."""

    def draw(self, reference: Reference, settings: BenchmarkSettings, repetition: int) -> Draw:
        return draw_clips(
            reference, settings, repetition,
            actions=self.actions(settings), parts=self.parts(settings), fits=self.fits,
        )  # fmt: skip

    def scripts(self, drawn: Draw, reference: Reference, settings: BenchmarkSettings) -> list[Script]:
        """What every long motion shows."""
        return drawn.scripts(reference, self.lengths(settings))

    def example(self, drawn: Draw, reference: Reference, settings: BenchmarkSettings) -> Script:
        return self.scripts(drawn, reference, settings)[0]

    def units(
        self, method: str, repetition: int, drawn: Draw, reference: Reference, settings: BenchmarkSettings
    ) -> list[Unit]:
        if method == REAL:
            return []
        scripts = self.scripts(drawn, reference, settings)
        pairs = numbered(scripts, settings.first_seed(repetition), apart=self.parts(settings))
        return in_batches(method, repetition, pairs, settings.batch)

    def evidence(self, method: str, made: Sequence[Motions], drawn: Draw, bench: Bench) -> Evidence:
        reference, settings = bench.reference, bench.settings
        parts = self.parts(settings)
        whole: list[Tensor] = []
        pieces: list[Tensor] = []
        spans: list[Span] = []
        pools = [pool + part * len(drawn.clips) for part in range(parts) for pool in drawn.pools]
        if method == REAL and not reference.labelled:
            # No label has another clip: the drawn ones themselves, each once.
            flat, captions = _each_once(drawn)
            embedded = reference.embeddings[flat][:, None]
            words = bench.texts.of(flat, captions)[:, None]
            pools = sequential_pools(len(flat), len(drawn.pools[0]))
        elif method == REAL:
            embedded = reference.embeddings[drawn.matches]
            own = np.zeros_like(drawn.captions[:, 0])
            words = np.stack([bench.texts.of(drawn.matches[:, k], own) for k in range(parts)], axis=1)
        else:
            words = bench.texts.of(drawn.clips, drawn.captions)  # [texts, actions, D]
            words = np.broadcast_to(words, (len(words), parts, words.shape[2]))
            whole = motions_of(made)
            spans = self.seen(method, whole, drawn, settings)
            pieces = [whole[motion][start:stop] for motion, start, stop in spans]
            embedded = embed_motions(bench.evaluator, pieces).reshape(len(words), parts, -1)
        return Evidence(
            method=method,
            embedded=_by_part(embedded),
            words=_by_part(words),
            pools=pools,
            real=reference,
            weights=_label_weights(reference, drawn) if reference.labelled else None,
            answers=self.answers(method, embedded),
            motions=whole,
            pieces=pieces,
            spans=spans,
            labels=_labels(reference, drawn, parts),
            seams=(made[0].seams or bench.seams) if made else bench.seams,
            loops=self.loop,
            **bench.means(),
            fixed_jerk=fixed_jerk(settings),
        )

    def answers(self, method: str, embedded: np.ndarray) -> np.ndarray | None:
        """[texts, answers, D] different motions to the same text among embeddings [texts, parts, D]; None without."""
        return None

    def sample(self, evidence: Evidence, reference: Reference) -> Sample:
        plain = super().sample(evidence, reference)
        if "transitions" in self.metrics and evidence.motions:
            return plain._replace(windows=evidence.windows)
        return plain

    def together(
        self, reference: Reference, repetitions: Sequence[Sequence[Metric]], samples: Sequence[Sample]
    ) -> list[list[Metric]]:
        """Metrics of repetitions, their Frechet distances exchanged for the jackknife's pseudo-values.

        A repetition's few motions bias a Frechet distance upward (two random parts of the real test split, one of 128
        clips, are 8.7 apart), which hides how methods differ. The pseudo-values rest on the motions of all repetitions,
        and their mean and interval are those of the distance without that bias.
        """
        if len(samples) < 2:
            return super().together(reference, repetitions, samples)

        def distance(groups: Sequence[int]) -> float:
            real = weighted_gaussian(
                reference.embeddings, sum((samples[i].weights for i in groups), np.zeros(1))
            )
            generated = np.concatenate([samples[i].embedded for i in groups])
            return frechet_distance(real, gaussian_from_embeddings(generated))

        windows = gaussian_from_embeddings(reference.windows)

        def windows_distance(groups: Sequence[int]) -> float:
            generated = np.concatenate([samples[i].windows for i in groups])
            return frechet_distance(windows, gaussian_from_embeddings(generated))

        values = {"fid": jackknife(distance, len(samples))}
        if len(samples[0].windows):
            values["transition_fid"] = jackknife(windows_distance, len(samples))
        note = {"repetitions": "all together; values are the jackknife's pseudo-values"}
        return [
            [
                replace(m, value=float(values[m.name][i]), details={**m.details, **note})
                if m.name in values
                else m
                for m in row
            ]
            for i, row in enumerate(repetitions)
        ]

    def conventions(self, settings: BenchmarkSettings) -> Sequence[str]:
        return (
            "Fréchet distances rest on the motions of all repetitions (jackknife): without the bias of small samples,"
            " which the published figures have. On HumanML3D the items, lengths and captions are the published"
            " evaluation's; what is made of them, and how many, is not: compare with published figures by `--protocol"
            " official`. Real motion counts every item once, with its own caption.",
        )


def _label_weights(reference: Reference, drawn: Draw) -> np.ndarray:
    """[clips] weights that give every drawn label the weight of its draws.

    The texts of a repetition name only some of the labels. Against the whole dataset even real clips of the drawn
    labels would then be far off (27 instead of 0.2 on the starter test split).
    """
    labels = reference.labels
    weights = np.zeros(len(labels))
    for clip in drawn.clips.flatten():
        same = labels == labels[clip]
        weights[same] += 1 / same.sum()
    return weights


def _labels(reference: Reference, drawn: Draw, parts: int) -> list[str]:
    """[texts * parts] action that every piece should show; with one text, all parts show it."""
    clips = np.broadcast_to(drawn.clips, (len(drawn.clips), parts))
    actions = reference.actions
    return [actions[clip] for clip in clips.flatten()]


def _each_once(drawn: Draw) -> tuple[np.ndarray, np.ndarray]:
    """Drawn clips without repetition, in the order drawn, and the captions drawn for them."""
    clips = drawn.matches.T.flatten()
    captions = np.broadcast_to(drawn.captions, drawn.matches.shape).T.flatten()
    first = np.sort(np.unique(clips, return_index=True)[1])
    return clips[first], captions[first]


def _by_part(values: np.ndarray) -> np.ndarray:
    """[texts, parts, D] -> [parts * texts, D]."""
    return np.ascontiguousarray(values.swapaxes(0, 1)).reshape(-1, values.shape[2])
