"""Processes that train together: found in the environment, refused where it is not whole, equal to one with all the rows."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from motioncollage.processes import ALONE, Processes, joined, refuse_several

CPU = torch.device("cpu")
NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")

# A regression whose batch everybody knows; each process takes its share.
SCRIPT = """
import sys
from pathlib import Path
import torch
from torch import nn
from motioncollage.processes import joined
from motioncollage.training import Trainer, TrainingSettings

class Regression:
    def __init__(self, processes): self.processes = processes
    def training_terms(self, model, step, generator):
        x = torch.randn(16, 4, generator=generator)
        own = self.processes.share(x)
        return {"fit": (model(own) - own.sum(dim=1, keepdim=True)).square().mean()}
    def validation_loss(self, model):
        return float(model(torch.ones(1, 4)).sum())

out = Path(sys.argv[1])
with joined(torch.device("cpu")) as (processes, device):
    torch.manual_seed(0)
    model = nn.Linear(4, 1)
    settings = TrainingSettings(steps=int(sys.argv[2]), warmup=2, learning_rate=1e-2, precision="float32", validate_every=4)
    trainer = Trainer(model, Regression(processes), settings, checkpoint=out / "checkpoint.pt", processes=processes)
    rows = []
    def report(step, figures):
        rows.append(figures["loss"])
        if sys.argv[3:] == [str(step)] and processes.rank == 1:
            import signal
            signal.raise_signal(signal.SIGTERM)
    reached = trainer.run(report)
    torch.save({"losses": rows, "reached": reached, "weights": list(model.parameters())}, out / f"rank{processes.rank}.pt")
"""


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def launch(out: Path, count: int, *arguments: object) -> list[dict[str, object]]:
    """Run the script in so many processes, as torchrun does; what each of them found."""
    out.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    root = Path(__file__).parents[2]
    running = []
    for rank in range(count):
        environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        if count > 1:
            environment |= {
                "RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": str(rank),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
            }  # fmt: skip
        command = [sys.executable, "-c", SCRIPT, str(out), *map(str, arguments)]
        running.append(subprocess.Popen(command, env=environment))
    try:
        assert [process.wait(timeout=300) for process in running] == [0] * count
    finally:
        for process in running:
            process.kill()
    return [torch.load(out / f"rank{rank}.pt", weights_only=True) for rank in range(count)]


def test_nobody_launched_anything() -> None:
    with joined(CPU) as (processes, device):
        assert processes == ALONE
        assert processes.first
        assert device == CPU
    values = torch.arange(6)
    assert processes.share(values).tolist() == [0, 1, 2, 3, 4, 5]
    assert processes.mean(values) is values
    refuse_several("this")


def test_rows_are_shared_out() -> None:
    batch = torch.arange(10).reshape(5, 2)
    shares = [Processes(rank, 3).share(batch) for rank in range(3)]
    assert torch.cat(shares).sort(dim=0).values.tolist() == batch.tolist()
    assert [len(share) for share in shares] == [2, 2, 1]


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE is 'two'"),
        ({"WORLD_SIZE": "2", "MASTER_ADDR": "a", "MASTER_PORT": "1"}, "RANK or LOCAL_RANK"),
        ({"WORLD_SIZE": "2", "RANK": "0", "LOCAL_RANK": "0", "MASTER_ADDR": "a"}, "MASTER_PORT is not set"),
    ],
)
def test_half_an_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], words: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=words), joined(CPU):
        pass


def test_what_only_one_can_do_is_refused_to_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="train evaluator runs in one process"):
        refuse_several("train evaluator")


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    (alone,) = launch(tmp_path / "one", 1, 12)
    first, second = launch(tmp_path / "two", 2, 12)
    torch.testing.assert_close(first["losses"], alone["losses"], rtol=1e-5, atol=1e-7)
    assert first["losses"] == second["losses"]
    for ours, theirs, whole in zip(first["weights"], second["weights"], alone["weights"], strict=True):  # type: ignore[call-overload]
        assert torch.equal(ours, theirs)
        torch.testing.assert_close(ours, whole)


@pytest.mark.slow
def test_processes_stop_together_and_go_on(tmp_path: Path) -> None:
    """The second is asked to stop; both do, behind the same step, and resumed they end where an undisturbed run does."""
    whole, _ = launch(tmp_path / "whole", 2, 12)
    first, second = launch(tmp_path / "parts", 2, 12, 5)
    assert first["reached"] == second["reached"] == 6
    resumed, _ = launch(tmp_path / "parts", 2, 12)
    for ours, theirs in zip(resumed["weights"], whole["weights"], strict=True):  # type: ignore[call-overload]
        assert torch.equal(ours, theirs)
