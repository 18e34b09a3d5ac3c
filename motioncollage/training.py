"""A training loop that resumes: exponential moving average, atomic checkpoints, the same on CPU and GPU.

The loop knows nothing of motion or images. Each step's randomness comes from a generator seeded by (seed, step), so a
run that was interrupted goes on exactly as if it had not been.
"""

import copy
import json
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from torch import Tensor, nn

from motioncollage.files import atomic_path, write_text
from motioncollage.precision import check_precision, mixed
from motioncollage.processes import ALONE, Processes
from motioncollage.wording import reason

# Steps between two looks at the loss on a GPU: each look waits until all that was asked of it is done.
LOOK_EVERY = 25


@dataclass(frozen=True)
class TrainingSettings:
    """How to optimise; `steps` counts from the start of the run, not from the checkpoint it resumes.

    The learning rate rises over `warmup` steps; `linear` then stays, and falls to a hundredth over the last `decay`
    fraction of the steps, `cosine` falls to zero.

    Attributes:
        betas: of Adam.
        decay_vectors: weight decay also for biases, norms and other parameters of less than two dimensions.
        checkpoint_seconds: time between two checkpoints.
        checkpoint_steps: steps between two checkpoints, besides; 0 for time alone.
        validate_every: steps between two validations; 0 for an objective that has nothing held out.
    """

    steps: int = 20_000
    learning_rate: float = 5e-4
    warmup: int = 300
    schedule: Literal["linear", "cosine"] = "linear"
    decay: float = 0.25
    betas: tuple[float, float] = (0.9, 0.99)
    weight_decay: float = 0.01
    decay_vectors: bool = True
    ema_decay: float = 0.999
    gradient_clip: float = 1.0
    checkpoint_seconds: float = 180.0
    checkpoint_steps: int = 0
    validate_every: int = 500
    seed: int = 0
    precision: str = "auto"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; train for at least 1 step")
        check_precision(self.precision)

    def learning_rate_at(self, step: int) -> float:
        rise = min(1.0, (step + 1) / max(1, self.warmup))
        if self.schedule == "cosine":
            gone = max(0, step - self.warmup) / max(self.steps - self.warmup, 1)
            return self.learning_rate * rise * 0.5 * (1 + math.cos(math.pi * gone))
        left = (self.steps - step) / max(1.0, self.decay * self.steps)
        return self.learning_rate * rise * max(0.01, min(1.0, left))


class Objective(Protocol):
    """What is minimised: named terms of one training step, whose sum is the loss."""

    def training_terms(self, model: nn.Module, step: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Terms of the loss of one batch, drawn with the generator."""
        ...

    def validation_loss(self, model: nn.Module) -> float:
        """One number on held-out data, the same data and noise at every call."""
        ...


# Called with the step and the means of the terms since the last call: after every step on the CPU, every
# `LOOK_EVERY` steps on a GPU, and after every validation.
Report = Callable[[int, dict[str, float]], None]


def step_generator(seed: int, step: int, device: torch.device | str = "cpu") -> torch.Generator:
    """Generator for one step of one run, independent of all steps before it."""
    # The CPU generator reads the low 32 bits of its seed only.
    return torch.Generator(device=device).manual_seed((seed * 0x85EBCA6B + step * 2654435761) % (1 << 32))


def normal_like(x: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers of a tensor's shape on its device, from a generator of the CPU.

    A GPU draws them itself, from a seed that the generator draws: sending a batch of noise takes longer than a step.
    """
    if x.device.type == "cpu":
        return torch.randn(x.shape, generator=generator)
    seed = int(torch.randint(1 << 31, (), generator=generator))
    return torch.randn(x.shape, generator=torch.Generator(x.device).manual_seed(seed), device=x.device)


def save_atomically(contents: dict[str, Any], path: Path) -> None:
    """`torch.save`, whole or not at all: a killed process leaves the old file or the new one."""
    with atomic_path(path, force=True) as target:
        torch.save(contents, target)


@contextmanager
def stop_requested() -> Iterator[list[int]]:
    """A list that fills when Ctrl-C or SIGTERM asks to stop; a second signal acts as usual.

    An interrupt between the optimiser's step and the counter would repeat a step after resuming. Outside the main
    thread Python allows no handlers, and the list stays empty.
    """
    requests: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield requests
        return
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def remember(number: int, _: object) -> None:
        requests.append(number)
        signal.signal(number, usual[signal.Signals(number)])

    try:
        for number in usual:
            signal.signal(number, remember)
        yield requests
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)


class Trainer:
    """Minimises an objective over a model's parameters, with everything needed to go on in one file."""

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        settings: TrainingSettings,
        *,
        checkpoint: Path | None,
        about: str | Mapping[str, str] = "",
        processes: Processes = ALONE,
    ) -> None:
        """Args:
        checkpoint: file to resume from, if it exists, and to write; None for a run that leaves no trace.
        about: describes model and data, as a whole or by parts; a checkpoint with another description is refused.
        processes: that train together. The objective has to take its share of every batch; the first process writes.
        """
        self.model, self.objective, self.settings = model, objective, settings
        self.checkpoint, self.processes = checkpoint, processes
        self.about = about if isinstance(about, str) else dict(about)
        self.device = next(model.parameters()).device
        self.average = copy.deepcopy(model).eval().requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self._groups(),
            lr=settings.learning_rate,
            betas=settings.betas,
            weight_decay=settings.weight_decay,
            fused=self.device.type in ("cpu", "cuda"),
        )
        self.step = 0
        self.best = float("inf")
        self.asked_to_stop = False
        self.look_every = 1 if self.device.type == "cpu" else LOOK_EVERY
        if checkpoint is not None and checkpoint.exists():
            self._resume(checkpoint)
        # Nobody overwrites the file before everybody has read it.
        processes.wait()

    def _groups(self) -> list[dict[str, Any]]:
        parameters = list(self.model.parameters())
        if self.settings.decay_vectors:
            return [{"params": parameters}]
        vectors = [p for p in parameters if p.ndim < 2]
        return [
            {"params": [p for p in parameters if p.ndim >= 2]},
            {"params": vectors, "weight_decay": 0.0},
        ]

    @property
    def best_file(self) -> Path | None:
        """Where the average of the best validation is kept."""
        return None if self.checkpoint is None else self.checkpoint.with_name("best.pt")

    @property
    def autocast(self) -> torch.autocast:
        return mixed(self.settings.precision, self.device)

    def run(self, report: Report | None = None) -> int:
        """Train up to `settings.steps`; returns the step reached. Ctrl-C and SIGTERM finish the step, save and stop."""
        last_save = time.monotonic()
        unseen: list[dict[str, Tensor]] = []
        with stop_requested() as stop:
            while self.step < self.settings.steps and not self._stopping(stop):
                unseen.append(self._train_step(stop))
                validate = self._due(self.settings.validate_every, last=True)
                save = self._due(self.settings.checkpoint_steps)
                if not (validate or save or self._due(self.look_every, last=True)):
                    continue
                figures = self._look(unseen)
                unseen = []
                if validate:
                    figures["validation"] = self._validate()
                if save or time.monotonic() - last_save > self.settings.checkpoint_seconds:
                    self.save()
                    last_save = time.monotonic()
                if report:
                    report(self.step, figures)
        self._look(unseen)
        self.save()
        return self.step

    def _look(self, steps: list[dict[str, Tensor]]) -> dict[str, float]:
        """Means of the terms of some steps and of their sum, the loss; refuses one that is no number."""
        if not steps:
            return {}
        means = {name: float(self._mean_of([terms[name] for terms in steps])) for name in steps[0]}
        if not math.isfinite(means["loss"]):
            raise ValueError(
                f"loss is {means['loss']} at step {self.step - 1}; lower the learning rate and resume"
            )
        return means

    def _mean_of(self, values: list[Tensor]) -> Tensor:
        return self.processes.mean(torch.stack(values).mean())

    def _due(self, every: int, *, last: bool = False) -> bool:
        """Whether a number of steps has passed, or all of them."""
        return bool(every) and (self.step % every == 0 or (last and self.step == self.settings.steps))

    def _stopping(self, stop: list[int]) -> bool:
        """Whether to take no more steps; processes agree on that at the end of a step, or one would wait for the others."""
        return bool(stop) if self.processes.count == 1 else self.asked_to_stop

    def _train_step(self, stop: list[int]) -> dict[str, Tensor]:
        self.model.train()
        rate = self.settings.learning_rate_at(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # Dropout draws from the global generator; seeding it makes a resumed run identical. Others find it as it was.
        with torch.random.fork_rng(devices=[self.device] if self.device.type == "cuda" else []):
            # Processes drop different units: their rows are different.
            chance = self.settings.seed * 0x85EBCA6B + self.step + self.processes.rank * 0x9E3779B1
            torch.manual_seed(chance % (1 << 32))
            with self.autocast:
                terms = self.objective.training_terms(
                    self.model, self.step, step_generator(self.settings.seed, self.step)
                )
        loss = torch.stack(list(terms.values())).sum()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.processes.count > 1:
            self._share_gradients(bool(stop))
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.gradient_clip)
        self.optimizer.step()
        self.step += 1
        self._update_average()
        return {"loss": loss.detach(), **{name: term.detach() for name, term in terms.items()}}

    def _share_gradients(self, asked_to_stop: bool) -> None:
        """Average the gradients over all processes, and hear whether any of them was asked to stop."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        asked = torch.tensor([float(asked_to_stop)], device=self.device)
        shared = self.processes.mean(torch.cat([asked, *(gradient.flatten() for gradient in gradients)]))
        parts = shared[1:].split([gradient.numel() for gradient in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))
        self.asked_to_stop = bool(shared[0] > 0)

    @torch.no_grad()
    def _update_average(self) -> None:
        decay = min(self.settings.ema_decay, (1 + self.step) / (10 + self.step))
        average: list[Tensor] = list(self.average.parameters())
        current: list[Tensor] = list(self.model.parameters())
        torch._foreach_lerp_(average, current, 1 - decay)

    @torch.no_grad()
    def _validate(self) -> float:
        with self.autocast:
            value = self.objective.validation_loss(self.average)
        if value < self.best:
            self.best = value
            if self.best_file is None or not self.processes.first:
                return value
            save_atomically(
                {
                    "model": self.average.state_dict(),
                    "step": self.step,
                    "validation": value,
                    "about": self.about,
                },
                self.best_file,
            )
        return value

    def save(self) -> None:
        """Write the checkpoint."""
        if self.checkpoint is None or not self.processes.first:
            return
        contents = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "best": self.best,
            "about": self.about,
        }
        save_atomically(contents, self.checkpoint)

    def _resume(self, path: Path) -> None:
        try:
            contents = torch.load(path, map_location=self.device, weights_only=True)
            about = contents["about"]
        except Exception as error:
            # A damaged or foreign file surfaces as whatever its parser trips over.
            raise ValueError(
                f"{path} is damaged or no checkpoint of a training ({type(error).__name__}); move it away"
                " to start anew, or choose another --out"
            ) from error
        if about != self.about:
            raise ValueError(
                f"{path} was written by another run ({self._differing(about)}); choose another --out"
            )
        try:
            self.model.load_state_dict(contents["model"])
            self.average.load_state_dict(contents["average"])
            self.optimizer.load_state_dict(contents["optimizer"])
            self.step, self.best = int(contents["step"]), float(contents["best"])
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            raise ValueError(
                f"{path} does not fit this model ({reason(error, 120)}); choose another --out"
            ) from error

    def _differing(self, about: object) -> str:
        """What another run's description says, or which parts of it are others."""
        if not (isinstance(about, dict) and isinstance(self.about, dict)):
            return str(about)
        return "with other " + " and ".join(k for k, v in self.about.items() if about.get(k) != v)


class TrainingLog:
    """Means of every `every` steps as JSON lines, appended; also what the plot in the model card is drawn from.

    A run that was killed goes on from its last checkpoint: rows that it had written beyond are dropped when the steps
    come again, so that none is there twice.
    """

    def __init__(self, path: Path, *, every: int = 50) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.file = path.open("a", encoding="utf-8")
        self.began = False
        self.every, self.count = every, 0
        self.sums: dict[str, float] = {}

    def __enter__(self) -> "TrainingLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def _drop_from(self, step: int) -> None:
        """Leave out rows of this step and later ones, and a row that was cut off."""
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        kept = [line for line in lines if (done := _step_of(line)) is not None and done < step]
        if kept != lines:
            self.file.close()
            write_text(self.path, "".join(f"{line}\n" for line in kept), force=True)
            self.file = self.path.open("a", encoding="utf-8")

    def add(self, step: int, figures: dict[str, float]) -> None:
        if not self.began:
            self._drop_from(step)
            self.began = True
        validation = figures.pop("validation", None)
        for name, value in figures.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.count += 1
        if step % self.every and validation is None:
            return
        row = {"step": step, **{name: round(value / self.count, 5) for name, value in self.sums.items()}}
        if validation is not None:
            row["validation"] = round(validation, 6)
        self.file.write(json.dumps(row) + "\n")
        self.file.flush()
        self.sums, self.count = {}, 0


def _step_of(line: str) -> int | None:
    """The step of a row; None for what is no whole row."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return None
