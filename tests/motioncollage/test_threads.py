"""How threads wait is settled from what runs, before PyTorch is loaded, and never against the user."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from motioncollage import threads

# libgomp tells how it was set up when OMP_DISPLAY_ENV asks for it.
SHOW = "from motioncollage import threads; threads.running_beside = lambda: {others}; threads.settled(); import torch"


def test_threads_spin_briefly_on_a_machine_that_does_nothing_else() -> None:
    environment: dict[str, str] = {}
    assert threads.settle(environment, others=0) == "GOMP_SPINCOUNT=1000: nothing else ran at the start"
    assert environment == {"GOMP_SPINCOUNT": "1000"}


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (1, "OMP_WAIT_POLICY=passive: 1 other task ran at the start"),
        (3, "OMP_WAIT_POLICY=passive: 3 other tasks ran at the start"),
    ],
)
def test_threads_sleep_beside_other_work(others: int, told: str) -> None:
    environment: dict[str, str] = {}
    assert threads.settle(environment, others=others) == told
    assert environment == {"OMP_WAIT_POLICY": "passive"}


@pytest.mark.parametrize(("name", "value"), [("OMP_WAIT_POLICY", "active"), ("GOMP_SPINCOUNT", "7")])
def test_what_the_user_set_stays(name: str, value: str) -> None:
    environment = {name: value}
    assert threads.settle(environment, others=5) == f"as {name}={value} says"
    assert environment == {name: value}


@pytest.mark.parametrize(
    ("text", "others"),
    [
        ("0.20 0.58 1.36 1/108 21535\n", 0),
        ("9.20 0.58 1.36 4/108 21535\n", 3),
        ("0 0 0 0/1 1\n", 0),
        ("?", 0),
        ("a b c d e", 0),
    ],
)
def test_tasks_are_counted_without_this_one(tmp_path: Path, text: str, others: int) -> None:
    (tmp_path / "loadavg").write_text(text)
    assert threads.running_beside(tmp_path / "loadavg") == others


def test_a_system_that_does_not_say_counts_as_idle(tmp_path: Path) -> None:
    assert threads.running_beside(tmp_path / "none") == 0


@pytest.mark.parametrize(("others", "rounds"), [(0, threads.ROUNDS), (2, 0)])
def test_it_reaches_the_threads_of_torch(others: int, rounds: int) -> None:
    clean = {name: value for name, value in os.environ.items() if name not in threads.VARIABLES}
    result = subprocess.run(
        [sys.executable, "-c", SHOW.format(others=others)], capture_output=True, text=True, check=True,
        env={**clean, "OMP_DISPLAY_ENV": "verbose"},
    )  # fmt: skip
    spins = re.search(r"GOMP_SPINCOUNT = '(\d+)'", result.stderr)
    if spins is None:
        pytest.skip("PyTorch here does not use libgomp")
    assert int(spins[1]) == rounds


def test_nothing_is_settled_when_torch_is_there_already() -> None:
    code = (
        "import os, torch; from motioncollage import threads; before = dict(os.environ);"
        "print(threads.settled(), before == dict(os.environ))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "as PyTorch was loaded: this program chose nothing True"


def test_the_command_settles_it_before_anything_loads_torch() -> None:
    code = (
        "import atexit, os, sys; from motioncollage import threads; from motioncollage.shell.main import main;"
        "threads.running_beside = lambda: 2; sys.argv = ['motioncollage', '--help'];"
        "atexit.register(lambda: print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)); main()"
    )
    clean = {name: value for name, value in os.environ.items() if name not in threads.VARIABLES}
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean
    )
    assert result.stdout.splitlines()[-1] == "passive False"
