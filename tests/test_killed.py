"""Killed (kill -9) at any moment, a command leaves nothing half-written or mixed, and the next run ends as if nothing was.

Two kills of each command by default; `pytest tests/test_killed.py --cases 25` makes 25 of each, 100 in all.
"""

import json
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mdm_adapter.motion import Motion

multiprocessing = pytest.importorskip("multiprocessing.forkserver", reason="this system has no fork server")
pytestmark = pytest.mark.slow
PATIENCE = 600.0


@dataclass(frozen=True)
class Kept:
    """What of a command's folder has to be the same in the end; `whole` says that it appears as it stays, file by file."""

    arguments: tuple[object, ...]
    again: tuple[str, ...] = ()
    whole: bool = True
    names: tuple[str, ...] = ("*",)


def commands(toy: Path, pack: Path, motion: Path) -> dict[str, Kept]:
    size = ("--width", 32, "--layers", 1, "--transitions", 2, "--batch-size", 2, "--diffusion-steps", 4)
    small = ("--quick", "--texts", 16, "--repetitions", 1, "--steps", 1, "--spacing", 1, "--no-timing")
    return {
        "generate": Kept(
            ("generate", "a | b", "--seconds", 1, "--steps", 2, "--model", toy, "--to", "bvh,glb", "--no-sheet"),
            ("--force",),
        ),
        "export": Kept(("export", motion, "--to", "bvh,glb,csv,smpl"), ("--force",)),
        "train": Kept(
            ("train", "denoiser", pack, "--steps", 6, *size), whole=False, names=("model/*", "log.jsonl")
        ),
        "eval": Kept(
            ("eval", *small, "--methods", "real,short", "--model", toy), whole=False,
            names=("results.json", "report.md", "table.tex", "metrics.png"),
        ),
    }  # fmt: skip


def finished(arguments: tuple[object, ...], said: Path) -> float:
    """Run a command to its end; the seconds it took."""
    from forked import started

    start = time.monotonic()
    process = started([str(argument) for argument in arguments], said)
    process.join(PATIENCE)
    assert process.exitcode == 0, said.read_text()[-2000:]
    return time.monotonic() - start


def killed(arguments: tuple[object, ...], said: Path, moment: float) -> bool:
    """Kill a command after so many seconds; False where it was done before."""
    from forked import started

    process = started([str(argument) for argument in arguments], said)
    process.join(moment)
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode in (0, -signal.SIGKILL), said.read_text()[-2000:]
    return process.exitcode != 0


def content(folder: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    files = sorted({file for name in names for file in folder.glob(name) if file.is_file()})
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


@pytest.mark.parametrize("name", ["generate", "export", "train", "eval"])
def test_nothing_is_lost_or_mixed(
    name: str, toy: Path, pack: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    count = int(request.config.getoption("--cases")) or 2
    motion = tmp_path / "walk.npz"
    rng = np.random.default_rng(0)
    joints = rng.normal(0, 0.02, (1, 40, 22, 3)).cumsum(1) + np.linspace(0, 1.7, 22)[:, None]
    Motion(joints.astype(np.float32), np.zeros((1, 40, 263), np.float32)).save(motion)
    kept = commands(toy, pack, motion)[name]
    said, whole, out = tmp_path / "said", tmp_path / "whole", tmp_path / "out"
    finished((*kept.arguments, "--out", whole), said)
    wanted = content(whole, kept.names)
    assert wanted
    length = finished((*kept.arguments, "--out", out), said)
    assert content(out, kept.names) == wanted, "the command does not repeat itself"
    shutil.rmtree(out)
    moments = random.Random(count)
    reached = 0
    for _ in range(count):
        arguments = (*kept.arguments, "--out", out)
        reached += killed(arguments, said, moments.uniform(0.05, 1.05 * length))
        found = {key: value for key, value in content(out, kept.names).items() if ".tmp-" not in key}
        if kept.whole:
            assert {key: value == wanted[key] for key, value in found.items()} == dict.fromkeys(found, True)
        again = kept.again if any(found) or (out / "results.json").exists() else ()
        if (out / "results.json").exists():
            again = ("--force",)
        finished((*arguments, *again), said)
        assert content(out, kept.names) == wanted, said.read_text()[-2000:]
        assert [file.name for file in out.rglob(".tmp-*")] == []
        if (out / "log.jsonl").exists():
            steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
            assert len(steps) == len(set(steps))
        shutil.rmtree(out)
    print(f"{name}: {reached} of {count} killed before their end, which is after {length:.1f} s")


@pytest.mark.parametrize("name", ["generate", "export"])
def test_what_is_replaced_is_never_mixed(
    name: str, toy: Path, pack: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Killed while it replaces another result by --force: files of one or of the other, never of both."""
    count = int(request.config.getoption("--cases")) or 2
    motion = tmp_path / "walk.npz"
    joints = np.linspace(0, 1.7, 22)[:, None] + np.zeros((1, 40, 22, 3))
    Motion(joints.astype(np.float32), np.zeros((1, 40, 263), np.float32)).save(motion)
    kept = commands(toy, pack, motion)[name]
    other = {"generate": ("--seed", 1), "export": ("--fps", 30)}[name]
    said, whole, out, old = tmp_path / "said", tmp_path / "whole", tmp_path / "out", tmp_path / "old"
    length = finished((*kept.arguments, "--out", whole), said)
    finished((*kept.arguments, *other, "--out", old), said)
    new, before = content(whole, kept.names), content(old, kept.names)
    assert new.keys() == before.keys()
    moments = random.Random(count)
    for _ in range(count):
        shutil.copytree(old, out)
        killed((*kept.arguments, "--out", out, "--force"), said, moments.uniform(0.05, 1.05 * length))
        found = {key: value for key, value in content(out, kept.names).items() if ".tmp-" not in key}
        of_new = {key for key, value in found.items() if value == new[key]}
        of_old = {key for key, value in found.items() if value == before[key]}
        assert of_new == found.keys() or of_old == found.keys(), (of_new, of_old, found.keys())
        shutil.rmtree(out)
