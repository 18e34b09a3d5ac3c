"""Training on sets as large as HumanML3D: little memory, and a model that loads.

`LARGE_SET_CLIPS=23000` takes the published size (3.4 GB of features, twice on disk); without it there are fewer.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from large_sets import write_humanml3d

from mdm_adapter.models.vocabulary import MOST_ACTIONS, Vocabulary

CLIPS = int(os.environ.get("LARGE_SET_CLIPS", "3200"))
PROGRAM = 700 << 20  # bytes that Python, PyTorch, the network and its optimiser take with a set of no size
MAIN = "import sys; from motioncollage.shell.main import main; sys.argv[0] = 'motioncollage'; main()"
WATCHED = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def run(*arguments: object) -> int:
    """Run one command; returns the peak of its memory in bytes.

    A small process starts it and is asked: Linux counts a process as large as the one that started it was (its memory
    is the parent's until it runs its own program), and this one may have held gigabytes in tests before.
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", WATCHED, sys.executable, "-c", MAIN, *map(str, arguments)]
    peak = int(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return peak * (1 if sys.platform == "darwin" else 1024)  # kilobytes on Linux, bytes on a Mac


@pytest.mark.slow
def test_a_large_set_trains_in_little_memory_and_its_model_loads(tmp_path: Path) -> None:
    features = write_humanml3d(tmp_path / "set", CLIPS) * 263 * 4
    small = ("--device", "cpu", "--steps", 3, "--transitions", 20)
    peak = run("train", "denoiser", tmp_path / "set", "--out", tmp_path / "run", *small)
    assert peak < PROGRAM + 1.3 * features
    known = Vocabulary.read(tmp_path / "run" / "model")
    assert known is not None
    assert 0.9 * min(MOST_ACTIONS, CLIPS // 2) < len(known.actions) <= MOST_ACTIONS
    run(
        "generate", "a person walks", "--seconds", 2, "--steps", 2, "--no-video", "--no-sheet",
        "--model", tmp_path / "run" / "model", "--out", tmp_path / "made",
    )  # fmt: skip
    assert (tmp_path / "made" / "motion.npz").is_file()
