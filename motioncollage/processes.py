"""Several processes that train one model together, as `torchrun` and `accelerate launch` start them.

Each takes its share of every batch, and gradients are averaged before the optimiser steps, so that all hold the same
weights throughout. What a launcher says stands in the environment: RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import torch
from torch import Tensor, distributed

PATIENCE = timedelta(hours=6)  # the first process may read and prepare a large data set while the others wait


@dataclass(frozen=True)
class Processes:
    """This process among those that train together."""

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and speaks."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """This process' rows of a batch that all of them know: every `count`-th, so that a sorted batch is shared evenly."""
        return batch[self.rank :: self.count]

    def mean(self, values: Tensor) -> Tensor:
        """The mean of a tensor over all processes; every process has to ask."""
        if self.count == 1:
            return values
        total = values.detach().clone()
        distributed.all_reduce(total)
        return total / self.count

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            distributed.barrier()

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """The first process goes ahead, the others follow when it is done: it writes what they read."""
        if not self.first:
            self.wait()
        yield
        if self.first:
            self.wait()


ALONE = Processes()


@contextmanager
def joined(device: torch.device) -> Iterator[tuple[Processes, torch.device]]:
    """The processes that a launcher started and this one's own device; alone where none did.

    Raises:
        ValueError: the environment says how many there are, but not where they meet.
    """
    count = _number("WORLD_SIZE", 1)
    if count == 1:
        yield ALONE, device
        return
    rank, local = _number("RANK", -1), _number("LOCAL_RANK", -1)
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT") if not os.environ.get(name)]
    if rank < 0 or local < 0 or missing:
        raise ValueError(
            f"WORLD_SIZE is {count}, but {', '.join(missing) or 'RANK or LOCAL_RANK'} is not set;"
            " start with torchrun or accelerate launch, or unset WORLD_SIZE"
        )
    if device.type == "mps":
        raise ValueError("several processes cannot share Apple's GPU; start one, or use --device cpu")
    if device.type == "cuda":
        if local >= torch.cuda.device_count():
            raise ValueError(
                f"process {local} of this machine has no GPU: PyTorch sees {torch.cuda.device_count()};"
                " start as many processes as there are GPUs"
            )
        device = torch.device("cuda", local)
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Processes(rank, count), device
    finally:
        distributed.destroy_process_group()


def refuse_several(what: str) -> None:
    """Raises:
    ValueError: a launcher started several processes for something that only one can do.
    """
    count = _number("WORLD_SIZE", 1)
    if count > 1:
        raise ValueError(f"{what} runs in one process, WORLD_SIZE is {count}; start it without a launcher")


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    if not text:
        return default
    if not text.isdecimal():
        raise ValueError(f"{name} is {text!r}; start with torchrun or accelerate launch, or unset it")
    return int(text)
