"""Two real processes, as torchrun and accelerate start them, train a denoiser like one with twice the batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[2]


def train(pack: Path, out: Path, batch: int, *launcher: object) -> list[dict[str, float]]:
    """Rows of the log of a training of four steps."""
    command = [
        sys.executable, "-m", *launcher, *([] if not launcher else ["-m"]), "motioncollage.shell.main",
        "train", "denoiser", pack, "--out", out, "--steps", 4, "--batch-size", batch, "--width", 32, "--layers", 1,
        "--transitions", 3, "--device", "cpu", "--precision", "float32",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), *sys.path)),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


LAUNCHERS = {
    "torchrun": ("torch.distributed.run", "--nproc-per-node", 2, "--master-port"),
    "accelerate": (
        *("accelerate.commands.launch", "--multi_gpu", "--num_processes", 2, "--num_machines", 1),
        *("--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port"),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("launcher", sorted(LAUNCHERS))
def test_two_processes_train_like_one_with_twice_the_batch(pack: Path, tmp_path: Path, launcher: str) -> None:
    if launcher == "accelerate":
        pytest.importorskip("accelerate", reason="accelerate is not installed")
    (alone,) = train(pack, tmp_path / "one", 8)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (together,) = train(pack, tmp_path / "two", 4, *LAUNCHERS[launcher], port)
    assert alone.keys() == together.keys()
    np.testing.assert_allclose(list(together.values()), list(alone.values()), rtol=2e-4)
    weights = [
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True)["average"] for name in ("one", "two")
    ]
    for key, value in weights[0].items():
        torch.testing.assert_close(weights[1][key], value, rtol=1e-3, atol=1e-5)
