"""Can an evaluator tell? Real test motions against spoilt ones, and captions against captions shuffled.

An evaluator is fit to judge if real pairs retrieve far above chance and every way of spoiling the motion
scores worse. The rows made here are the table of an evaluator's card.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from eval.judges.corruptions import CORRUPTIONS
from eval.judges.protocol import MotionEmbedder, SeesBeyond, TextMotionEvaluator
from eval.metrics.distribution import fid, kid
from eval.metrics.metric import Float64, Indices, Metric, to_float64
from eval.metrics.retrieval import distinct_pools, multimodal_distance, r_precision

SOURCE = "motioncollage"


@dataclass(frozen=True)
class ProbeRow:
    """One row of the table.

    name: "real", "captions shuffled" or a kind of spoilt motion; metrics: R-precision at 1, 2, 3, multimodal
    distance, FID and KID against the real motions, and `recognised`: how often the spoilt motion lies further
    from its text than the real one (0.5 is guessing).
    """

    name: str
    metrics: tuple[Metric, ...]

    def __getitem__(self, name: str) -> float:
        return {metric.name: metric.value for metric in self.metrics}[name]


def embed_motions(
    evaluator: MotionEmbedder,
    motions: Sequence[Any],
    batch: int = 64,
    *,
    lengths: Sequence[int] | Indices | None = None,
) -> Float64:
    """Embeddings [N, D] of motions [T_i, 263] of any lengths, in the input's order.

    Motions of similar length share a batch.

    Args:
        lengths: [N] frames that count; what a motion has beyond, an evaluator may look at (`SeesBeyond`).
    """
    given = np.array([len(motion) for motion in motions])
    beyond = lengths is not None and isinstance(evaluator, SeesBeyond)
    counts = given if lengths is None else np.asarray(lengths)
    result = np.zeros((len(motions), evaluator.embedding_width))
    order = np.argsort(counts, kind="stable")
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        padded = pad([motions[row] for row in rows])
        counted = torch.from_numpy(counts[rows])
        if beyond:
            assert isinstance(evaluator, SeesBeyond)
            embedded = evaluator.embed_left(padded, counted, torch.from_numpy(given[rows]))
        else:
            embedded = evaluator.embed_motion(padded, counted)
        result[rows] = to_float64(embedded, "embeddings")
    return result


def pad(motions: Sequence[Any]) -> Tensor:
    """Motions [T_i, F] -> [B, max T_i, F], zero beyond."""
    tensors = [torch.as_tensor(motion).float() for motion in motions]
    return torch.nn.utils.rnn.pad_sequence(tensors, batch_first=True)


def spoil(motions: Sequence[Any], kind: str, seed: int) -> list[Tensor]:
    """Spoilt versions of motions [T_i, 263], by a kind of `eval.judges.corruptions`."""
    lengths = torch.tensor([len(motion) for motion in motions])
    generator = torch.Generator().manual_seed(seed)
    return [row[:length] for row, length in zip(CORRUPTIONS[kind](pad(motions), lengths, generator), lengths)]


def probe_evaluator(
    evaluator: TextMotionEvaluator,
    motions: Sequence[Any],
    texts: Sequence[str],
    labels: Sequence[Hashable],
    *,
    kinds: Sequence[str] = tuple(CORRUPTIONS),
    pool: int = 32,
    repetitions: int = 20,
    seed: int = 0,
) -> list[ProbeRow]:
    """Measure real and spoilt motions.

    Args:
        evaluator: the judge.
        motions: [T_i, 263] each, real ones of the test split, in the units of the features.
        texts: one for each motion.
        labels: of each motion; a pool of R-precision holds no label twice.
        kinds: of `eval.judges.corruptions.CORRUPTIONS`.
        pool: samples in a retrieval pool.
        repetitions: draws of the pools; R-precision is the mean over them.
        seed: of the pools and of the spoiling.
    """
    rng = np.random.default_rng(seed)
    # shuffled once, so that what is stitched together comes from different recordings
    order = rng.permutation(len(motions))
    motions, texts = [motions[i] for i in order], [texts[i] for i in order]
    labels = [labels[i] for i in order]
    text = to_float64(evaluator.embed_text(texts), "text embeddings", 2)
    real = embed_motions(evaluator, motions)
    pools = [distinct_pools(labels, pool, rng) for _ in range(repetitions)]

    def row(name: str, words: Float64, embedded: Float64) -> ProbeRow:
        results = [r_precision(words, embedded, pools=drawn).top for drawn in pools]
        top = [
            Metric(
                first.name,
                float(np.mean([result[k].value for result in results])),
                first.unit,
                first.direction,
                first.source,
                first.count,
                {**first.details, "repetitions": repetitions},
            )
            for k, first in enumerate(results[0])
        ]
        # equally far counts half: a judge that sees no difference guesses
        own, other = (np.linalg.norm(words - e, axis=1) for e in (real, embedded))
        recognised = float(((other > own) + 0.5 * (other == own)).mean())
        return ProbeRow(
            name,
            (
                *top,
                multimodal_distance(words, embedded),
                fid(real, embedded),
                kid(real, embedded),
                Metric("recognised", recognised, "1", "higher", SOURCE, len(words)),
            ),
        )

    rows = [row("real", text, real), row("captions shuffled", text[rng.permutation(len(text))], real)]
    return rows + [row(kind, text, embed_motions(evaluator, spoil(motions, kind, seed))) for kind in kinds]
