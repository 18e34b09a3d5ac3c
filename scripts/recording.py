"""Training against the clock with steps that are recorded as CUDA graphs, one for each shape a step takes.

On a small network a GPU waits for Python: a step of 65 ms, of which it works less than ten. Recorded once and
replayed, a step costs what the GPU needs. Without a GPU the same steps are taken unrecorded. The clock takes the place
of a number of steps, so two runs are not equal to the bit.
"""

import copy
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from motioncollage.precision import supports_bfloat16
from motioncollage.shell.output import progress_bar

Kind = TypeVar("Kind")

DECAY = 0.35  # last part of the time, over which the learning rate falls to a hundredth
LOOK = 200  # steps between two rows of the log; until then the GPU is not waited for
VALIDATE = 100.0  # seconds between two validations


class RecordedTraining(Generic[Kind]):
    """A network in training: everything that a step reads and writes, at addresses that stay.

    A step is of a kind, such as the length of its crops: each kind is recorded by itself.
    """

    def __init__(
        self, model: nn.Module, loss: Callable[[Kind], Tensor], *, device: torch.device, average: float = 0.9993,
        warmup: int = 1000,
    ) -> None:  # fmt: skip
        """Args:
        loss: of one batch of a kind; on a GPU without waiting for it, with randomness of the GPU alone.
        average: how much of the average of weights stays at a step.
        warmup: steps over which the learning rate rises; the average begins behind them.
        """
        self.model, self.loss, self.device, self.decay, self.warmup = model, loss, device, average, warmup
        cuda = device.type == "cuda"
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=torch.tensor(1e-6, device=device) if cuda else 1e-6, betas=(0.9, 0.99),
            weight_decay=0.01, fused=True, capturable=cuda,
        )  # fmt: skip
        self.losses = torch.zeros((), device=device)
        # What a scaler of gradients would say: a step whose gradient is no number changes nothing.
        self.skipped = torch.zeros((), device=device)
        self.skip = torch.zeros((), device=device)
        self.optimizer.found_inf = self.skip
        self.recorded: dict[Kind, Callable[[], None]] = {}

    def step(self, kind: Kind) -> None:
        """One step, unrecorded."""
        with self.autocast(cache=False):
            loss = self.loss(kind)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.skip.copy_(~norm.isfinite())
        self.optimizer.step()
        with torch.no_grad():
            self.skipped += self.skip
            torch._foreach_lerp_(
                list(self.average.parameters()), list(self.model.parameters()), 1 - self.decay
            )
            self.losses += loss.detach().nan_to_num(0.0, 0.0, 0.0)

    def autocast(self, *, cache: bool = True) -> torch.autocast:
        enabled = supports_bfloat16(self.device)
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled, cache_enabled=cache)

    def record(self, kinds: Iterable[Kind]) -> None:
        """Record a step of every kind, in this order, all in the same memory: give the largest first."""
        kinds = list(kinds)
        ahead = torch.cuda.Stream()
        ahead.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(ahead):  # what is compiled or tuned on first use must not be recorded
            for kind in kinds:
                self.optimizer.zero_grad(set_to_none=True)
                self.step(kind)
        torch.cuda.current_stream().wait_stream(ahead)
        pool = None
        for kind in kinds:
            self.optimizer.zero_grad(set_to_none=True)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=pool):
                self.step(kind)
            pool = graph.pool()
            self.recorded[kind] = graph.replay
        self.losses.zero_()

    def take(self, kind: Kind, rate: float) -> None:
        """One step, recorded or not."""
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        if kind in self.recorded:
            self.recorded[kind]()
        else:
            self.optimizer.zero_grad(set_to_none=True)
            self.step(kind)

    def train(
        self, kinds: Iterable[Kind], seconds: float, peak: float, out: Path, validation: Callable[[], float],
        keep: Callable[[int], None],
    ) -> int:  # fmt: skip
        """Steps until the time is over; returns how many.

        Args:
            kinds: of the steps, without end.
            peak: learning rate.
            out: folder of `log.jsonl`.
            validation: loss of the average on what is held out.
            keep: called with the steps taken, beside every validation: writes the model.
        """
        begin, step, seen, validated = time.monotonic(), 0, 0, 0.0
        with progress_bar("training") as progress, (out / "log.jsonl").open("w", encoding="utf-8") as log:
            for kind in kinds:
                gone = time.monotonic() - begin
                if gone >= seconds:
                    break
                left = 1 - gone / seconds
                self.take(kind, peak * min(1.0, (step + 1) / self.warmup) * max(0.01, min(1.0, left / DECAY)))
                step += 1
                if step == self.warmup:
                    self.average.load_state_dict(self.model.state_dict())
                if step % LOOK:
                    continue
                row = {"step": step, "seconds": round(gone, 1), "loss": float(self.losses) / (step - seen)}
                if skipped := int(self.skipped):
                    row["skipped"] = skipped
                    if 2 * skipped > step - seen:
                        raise ValueError(
                            f"{skipped} of {step - seen} gradients before step {step} were no numbers; lower --rate"
                        )
                self.losses.zero_()
                self.skipped.zero_()
                seen = step
                if gone - validated > VALIDATE:
                    validated = gone
                    with self.autocast():
                        row["validation"] = validation()
                    keep(step)
                log.write(json.dumps(row) + "\n")
                log.flush()
                progress(int(gone), int(seconds))
        return step
