from collections.abc import Sequence

import numpy as np
import pytest
import torch

from eval.judges.probes import embed_motions, pad, probe_evaluator, spoil


class Clock:
    """A judge that reads the number written into every frame and sees disorder: enough to test the table."""

    embedding_width = 2

    def embed_motion(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        rows = [
            torch.tensor([float(row[:n, 4].median()), float(row[:n, 7].diff().abs().mean())])
            for row, n in zip(features, lengths)
        ]
        return torch.stack(rows)

    def embed_text(self, texts: Sequence[str]) -> torch.Tensor:
        return torch.tensor([[float(text), 0.01] for text in texts])


def motions(count: int = 40) -> list[np.ndarray]:
    result = []
    for i in range(count):
        frames = 40 + i % 3 * 10
        motion = np.zeros((frames, 263), np.float32)
        motion[:, 4] = i
        motion[:, 7] = np.arange(frames) * 0.01
        result.append(motion)
    return result


def test_the_table_has_a_row_for_every_way_of_spoiling() -> None:
    rows = {
        row.name: row
        for row in probe_evaluator(Clock(), motions(), [str(i) for i in range(40)], list(range(40)))
    }
    assert list(rows) == ["real", "captions shuffled", "reversed", "frozen", "noisy", "shuffled", "stitched"]
    assert rows["real"]["r_precision_top1"] == 1.0
    assert rows["real"]["recognised"] == 0.5
    assert rows["captions shuffled"]["r_precision_top1"] < 0.2
    assert rows["reversed"]["recognised"] == pytest.approx(0.5, abs=0.5)
    for kind in ("noisy", "shuffled", "frozen"):
        assert rows[kind]["recognised"] > 0.9
    assert rows["real"]["fid"] == pytest.approx(0.0, abs=1e-9)


def test_motions_are_embedded_in_the_order_of_the_input() -> None:
    embedded = embed_motions(Clock(), motions(), batch=7)
    assert embedded[:, 0].tolist() == list(range(40))


def test_spoilt_motions_keep_their_lengths() -> None:
    source = motions(5)
    assert [len(m) for m in spoil(source, "noisy", 0)] == [len(m) for m in source]
    assert pad(source).shape == (5, 60, 263)
