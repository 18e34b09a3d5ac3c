"""Sequences of rows [T, width] as training draws them: batches of crops by row number, held where they lie."""

import mmap
from bisect import bisect_right
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

RELEASE_BYTES = 256 << 20  # of rows taken between two releases of mapped pages


class MappedRows:
    """A `.npy` file of float32 rows, mapped: what is read comes in page by page, and may be given back."""

    def __init__(self, path: Path) -> None:
        """Raises:
        ValueError: not such a file.
        """
        try:
            # Copy on write, so that PyTorch gets an array that it may call writable; the file never changes.
            array = np.lib.format.open_memmap(path, mode="c")
        except (ValueError, OSError, EOFError, TypeError, SyntaxError) as error:
            raise ValueError(f"{path} is damaged or no .npy file ({str(error)[:100]})") from error
        if array.dtype != np.float32 or array.ndim != 2:
            raise ValueError(f"{path} holds {array.dtype} {array.shape}; expected float32 rows")
        self.rows = torch.from_numpy(array)
        self._pages = getattr(array, "_mmap", None)

    def release(self) -> None:
        """Give the memory of all pages back; they are read again when somebody asks."""
        if self._pages is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._pages.madvise(mmap.MADV_DONTNEED)


class Sequences:
    """Sequences [T_i, width] numbered row by row, one behind the other.

    On the CPU they stay where they are, in memory or in a mapped file, and a crop is copied when it is taken. A GPU
    holds them all as one tensor `rows`, so that a batch is one look-up which can be recorded.
    """

    def __init__(
        self,
        sequences: Sequence[Tensor],
        device: torch.device,
        *,
        prepare: Callable[[Tensor], Tensor] | None = None,
        release: Callable[[], None] | None = None,
    ) -> None:
        """Args:
        prepare: what is done to rows [T, width] before anybody sees them, row by row.
        release: gives the memory of mapped sequences back; called after every `RELEASE_BYTES` of crops.
        """
        self.lengths = torch.tensor([len(sequence) for sequence in sequences], dtype=torch.long)
        self.starts: list[int] = (torch.cumsum(self.lengths, 0) - self.lengths).tolist()
        self.width = int(sequences[0].shape[1])
        self.device, self.prepare = device, prepare or _same
        self.release = release or _nothing
        self.rows: Tensor | None = None
        self._sequences, self._taken = sequences, 0
        if device.type != "cpu":
            self.rows = torch.empty(int(self.lengths.sum()), self.width, device=device)
            for start, sequence in zip(self.starts, sequences, strict=True):
                self.rows[start : start + len(sequence)] = self.prepare(sequence.float()).to(device)
                self._count(sequence.nbytes)
            self._sequences = ()
            self.release()

    @classmethod
    def of_rows(cls, rows: Tensor, lengths: Tensor, device: torch.device) -> "Sequences":
        """Sequences that lie one behind the other in rows [all, width]."""
        found = cls([rows], device)
        found.rows = found.rows if found.rows is not None else rows
        found.lengths = lengths
        found.starts = (torch.cumsum(lengths, 0) - lengths).tolist()
        return found

    def take(self, first: Tensor, lengths: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """Crops [batch, longest, width], zero padded, and their mask [batch, longest], from first rows and lengths [batch]."""
        mask = torch.arange(longest, device=self.device) < lengths[:, None]
        if self.rows is not None:
            index = (first[:, None] + torch.arange(longest, device=self.device)).clamp_max(len(self.rows) - 1)
            return self.rows[index] * mask[..., None], mask
        crops = torch.zeros(len(first), longest, self.width)
        for crop, row, length in zip(crops, first.tolist(), lengths.tolist(), strict=True):
            number = bisect_right(self.starts, row) - 1
            begin = row - self.starts[number]
            crop[:length] = self.prepare(self._sequences[number][begin : begin + length].float())
        self._count(int(mask.sum()) * self.width * 4)
        return crops, mask

    def _count(self, taken: int) -> None:
        self._taken += taken
        if self._taken >= RELEASE_BYTES:
            self.release()
            self._taken = 0


def _same(rows: Tensor) -> Tensor:
    return rows


def _nothing() -> None:
    return None
