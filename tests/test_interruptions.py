"""Processes that are stopped: what is kept is whole, and the next goes on. These are real processes."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mdm_adapter.io.npz import load_archive
from motioncollage.shell import output

pytestmark = pytest.mark.slow
WAIT = 120.0


def start(*arguments: object, file_limit: int | None = None) -> "subprocess.Popen[str]":
    """`motioncollage ARGUMENTS` in a process of its own."""

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.Popen(
        [sys.executable, "-m", "motioncollage.shell.main", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def until(condition: "object", process: "subprocess.Popen[str]") -> None:
    """Wait for something that a process does."""
    assert callable(condition)
    end = time.monotonic() + WAIT
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def last_line(process: "subprocess.Popen[str]") -> str:
    _, err = process.communicate(timeout=WAIT)
    return err.strip().splitlines()[-1]


def locked(folder: Path) -> bool:
    """Whether another process works in a folder."""
    if not folder.is_dir():
        return False
    try:
        output.hold_folder(folder)
    except ValueError:
        return True
    output.release_folders()
    return False


def test_ctrl_c_says_what_is_kept(toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    long = ("generate", "a | b", "--seconds", 900, "--steps", 200, "--model", toy, "--out", out)
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = start(*long)
        until(lambda: locked(out), process)
        time.sleep(1.0)
        process.send_signal(number)
        assert "interrupted; " in last_line(process)
        assert process.returncode == code
        assert list(out.iterdir()) == []


def test_two_processes_never_share_a_folder(toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = start("generate", "a", "--seconds", 900, "--steps", 200, "--model", toy, "--out", out)
    until(lambda: locked(out), first)
    short = ("generate", "a", "--seconds", 1, "--steps", 1, "--model", toy, "--out", out, "--force")
    second = start(*short)
    assert "is in use by another motioncollage" in last_line(second)
    assert second.returncode == 2
    first.kill()
    first.wait()
    third = start(*short, "--no-video", "--no-sheet")
    third.communicate(timeout=WAIT)
    assert third.returncode == 0
    assert [file.name for file in out.iterdir()] == ["motion.npz"]


def test_what_was_killed_while_it_wrote_leaves_nothing_for_long(toy: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = ("generate", "a", "--seconds", 9, "--steps", 1, "--model", toy, "--out", out)
    process = start(*made)
    until(lambda: list(out.glob(".tmp-*.mp4")), process)
    process.kill()
    process.wait()
    load_archive(out / "motion.npz")  # whole
    assert list(out.glob(".tmp-*"))
    again = start(*made, "--force", "--no-video", "--no-sheet")
    again.communicate(timeout=WAIT)
    assert again.returncode == 0
    assert not list(out.glob(".tmp-*"))


def test_training_that_was_killed_goes_on_to_the_same_end(pack: Path, tmp_path: Path) -> None:
    def train(out: Path, steps: int) -> "subprocess.Popen[str]":
        size = ("--width", 32, "--layers", 1, "--transitions", 2, "--batch-size", 2)
        return start("train", "denoiser", pack, "--steps", steps, *size, "--out", out)

    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    process = train(stopped, 100_000)
    until(lambda: (stopped / "log.jsonl").exists() and len((stopped / "log.jsonl").read_text()) > 0, process)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 0
    assert "the same command goes on" in " ".join(out.split())
    reached = [json.loads(line)["step"] for line in (stopped / "log.jsonl").read_text().splitlines()]
    end = max(reached) + 100
    for folder in (stopped, whole):
        again = train(folder, end)
        again.communicate(timeout=WAIT)
        assert again.returncode == 0
    steps = [json.loads(line)["step"] for line in (stopped / "log.jsonl").read_text().splitlines()]
    assert len(steps) == len(set(steps))
    assert steps == sorted(steps)


def test_a_full_disk_names_the_path(toy: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for a small disk, which needs rights to be made."""
    out = tmp_path / "out"
    made = ("generate", "a", "--seconds", 4, "--steps", 1, "--model", toy, "--out", out, "--no-sheet")
    process = start(*made, file_limit=20_000)
    line = last_line(process)
    assert process.returncode == 2
    assert f"cannot write {out / 'motion.npz'}: the disk is full" in line
    assert list(out.iterdir()) == []
    # large enough for the motion, too small for its video
    process = start(*made, file_limit=140_000)
    _, err = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert f"cannot write {out / 'motion.mp4'}" in err.strip().splitlines()[-1]
    assert [file.name for file in out.iterdir()] == ["motion.npz"]
    assert np.isfinite(load_archive(out / "motion.npz").joints).all()
