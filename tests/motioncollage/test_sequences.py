"""Crops of sequences: the same from memory, from a mapped file and from one tensor."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from motioncollage import sequences
from motioncollage.sequences import MappedRows, Sequences

CPU = torch.device("cpu")


def made(counts: tuple[int, ...] = (3, 5, 2)) -> list[Tensor]:
    """Rows that count on: 0, 1, 2 | 3 ... and their negatives."""
    rows = torch.arange(float(sum(counts)))[:, None] * torch.tensor([1.0, -1.0])
    return list(rows.split(list(counts)))


def test_crops_are_padded_with_zeros() -> None:
    store = Sequences(made(), CPU)
    assert store.starts == [0, 3, 8]
    crops, mask = store.take(torch.tensor([1, 3, 9]), torch.tensor([2, 4, 1]), 5)
    assert mask.sum(dim=1).tolist() == [2, 4, 1]
    assert crops[..., 0].tolist() == [[1, 2, 0, 0, 0], [3, 4, 5, 6, 0], [9, 0, 0, 0, 0]]
    assert crops[..., 1].tolist() == (-crops[..., 0]).tolist()


def test_one_tensor_gives_the_same() -> None:
    lengths = torch.tensor([3, 5, 2])
    flat = Sequences.of_rows(torch.cat(made()), lengths, CPU)
    assert flat.lengths.tolist() == lengths.tolist()
    assert flat.starts == [0, 3, 8]
    asked = torch.tensor([0, 4, 8]), torch.tensor([3, 2, 2]), 4
    for ours, theirs in zip(flat.take(*asked), Sequences(made(), CPU).take(*asked), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_rows_are_prepared_when_they_are_taken() -> None:
    store = Sequences(made(), CPU, prepare=lambda rows: 10 * rows + 1)
    crops, _ = store.take(torch.tensor([4]), torch.tensor([2]), 3)
    assert crops[0, :, 0].tolist() == [41, 51, 0]


def test_mapped_rows_come_back_after_they_were_given_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = np.arange(4000, dtype=np.float32).reshape(1000, 4)
    np.save(tmp_path / "rows.npy", rows)
    mapped = MappedRows(tmp_path / "rows.npy")
    released: list[int] = []

    def release() -> None:
        mapped.release()
        released.append(1)

    monkeypatch.setattr(sequences, "RELEASE_BYTES", 1000)
    store = Sequences([mapped.rows[:600], mapped.rows[600:]], CPU, release=release)
    for first in (0, 590, 999):
        length = min(10, 1000 - first)
        crops, _ = store.take(torch.tensor([first]), torch.tensor([length]), length)
        np.testing.assert_array_equal(crops[0].numpy(), rows[first : first + length])
    store.take(torch.arange(0, 900, 10), torch.full((90,), 4), 4)
    assert len(released) == 1


@pytest.mark.parametrize("damage", ["text", "doubles", "one axis", "short"])
def test_other_files_are_refused(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "rows.npy"
    if damage == "text":
        path.write_text("rows")
    elif damage == "short":
        np.save(path, np.zeros((50, 4), dtype=np.float32))
        path.write_bytes(path.read_bytes()[:200])
    else:
        np.save(path, np.zeros((5, 4)) if damage == "doubles" else np.zeros(5, dtype=np.float32))
    with pytest.raises(ValueError, match=r"rows\.npy"):
        MappedRows(path)
