"""The queue: order, progress, cancelling, forgetting; without a model."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mdm_adapter.motion import Motion
from mdm_adapter.serving.jobs import Job, Jobs, Limits, Watch
from mdm_adapter.serving.refusal import Refusal


def motion(frames: int = 10) -> Motion:
    return Motion(np.zeros((1, frames, 22, 3), np.float32), np.zeros((1, frames, 263), np.float32))


def quick(watch: Watch) -> Motion:
    watch.step(1, 1)
    return motion()


def until(jobs: Jobs, job: dict[str, Any], *states: str) -> dict[str, Any]:
    """The job's status once it is in one of some states."""
    deadline = time.monotonic() + 20
    while (told := jobs.status(job["id"]))["state"] not in states:
        assert time.monotonic() < deadline, told
        time.sleep(0.005)
    return told


class Gate:
    """Work that goes on when it is told to, asking whether anybody waits for it all the time."""

    def __init__(self) -> None:
        self.open, self.entered, self.left = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, watch: Watch) -> Motion:
        self.entered.set()
        try:
            watch.step(1, 4)
            while not self.open.wait(0.005):
                watch.check()
            return motion()
        finally:
            self.left.set()


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Callable[..., Jobs]:
    def make(**limits: int) -> Jobs:
        jobs = Jobs(Limits(**limits))
        request.addfinalizer(jobs.close)
        return jobs

    return make


def submit(jobs: Jobs, work: Callable[[Watch], Motion]) -> dict[str, Any]:
    return jobs.submit(work, steps=4, about={"seconds": 0.5})


def test_one_after_another(start: Callable[..., Jobs]) -> None:
    jobs, gate, order = start(), Gate(), []

    def noted(name: str) -> Callable[[Watch], Motion]:
        def work(watch: Watch) -> Motion:
            order.append(name)
            return quick(watch)

        return work

    first = submit(jobs, gate)
    gate.entered.wait(10)
    second, third = submit(jobs, noted("second")), submit(jobs, noted("third"))
    assert (second["state"], second["ahead"], third["ahead"]) == ("waiting", 1, 2)
    assert jobs.counts() == {"waiting": 2, "running": 1}
    told = until(jobs, first, "running")
    assert (told["step"], told["steps"], told["seconds"]) == (1, 4, 0.5)
    with pytest.raises(Refusal, match="is running") as refusal:
        jobs.motion(first["id"])
    assert refusal.value.status == 409
    gate.open.set()
    until(jobs, third, "done")
    assert order == ["second", "third"]
    assert jobs.motion(first["id"]).frames == 10


def test_cancelling_what_runs_and_what_waits(start: Callable[..., Jobs]) -> None:
    jobs, gate, never = start(), Gate(), Gate()
    running = submit(jobs, gate)
    gate.entered.wait(10)
    waiting = submit(jobs, never)
    assert jobs.cancel(waiting["id"])["state"] == "cancelled"
    assert jobs.cancel(running["id"])["state"] == "cancelled"
    assert gate.left.wait(10)
    assert until(jobs, submit(jobs, quick), "done")["error"] is None
    assert not never.entered.is_set()
    for job in (running, waiting):
        assert jobs.cancel(job["id"])["state"] == "cancelled"
        with pytest.raises(Refusal, match="is cancelled"):
            jobs.motion(job["id"])


def test_cancelling_drops_a_result(start: Callable[..., Jobs]) -> None:
    jobs = start()
    job = submit(jobs, quick)
    until(jobs, job, "done")
    assert jobs.cancel(job["id"])["state"] == "cancelled"
    with pytest.raises(Refusal, match="cancelled"):
        jobs.motion(job["id"])


def test_failures_are_one_line_and_the_next_job_runs(
    start: Callable[..., Jobs], caplog: pytest.LogCaptureFixture
) -> None:
    jobs = start()

    def unfit(watch: Watch) -> Motion:
        raise ValueError("too\nshort")

    def broken(watch: Watch) -> Motion:
        raise KeyError("secret")

    first, second, third = (submit(jobs, work) for work in (unfit, broken, quick))
    until(jobs, third, "done")
    assert until(jobs, first, "failed")["error"] == "too short"
    error = until(jobs, second, "failed")["error"]
    assert "KeyError" in error
    assert "secret" not in error
    assert [record.exc_info is not None for record in caplog.records if record.levelname == "ERROR"] == [True]
    with pytest.raises(Refusal, match="too short"):
        jobs.motion(first["id"])


def test_a_full_queue_is_refused(start: Callable[..., Jobs]) -> None:
    jobs, gate = start(waiting=2), Gate()
    submit(jobs, gate)
    gate.entered.wait(10)
    submit(jobs, quick), submit(jobs, quick)
    with pytest.raises(Refusal, match="2 jobs") as refusal:
        submit(jobs, quick)
    assert refusal.value.status == 429
    gate.open.set()


@pytest.mark.parametrize(
    "limits", [{"kept": 2}, {"kept_bytes": 2 * (motion().joints.nbytes + motion().features.nbytes)}]
)
def test_the_oldest_are_forgotten(start: Callable[..., Jobs], limits: dict[str, int]) -> None:
    jobs = start(**limits)
    made = [submit(jobs, quick) for _ in range(4)]
    until(jobs, made[3], "done")
    for job in made[:2]:
        with pytest.raises(Refusal, match="forgotten") as refusal:
            jobs.status(job["id"])
        assert refusal.value.status == 404
    assert [jobs.motion(job["id"]).frames for job in made[2:]] == [10, 10]


def test_the_newest_is_kept_however_large(start: Callable[..., Jobs]) -> None:
    jobs = start(kept_bytes=1)
    job = submit(jobs, quick)
    until(jobs, job, "done")
    assert jobs.motion(job["id"]).frames == 10


def test_seconds_left_go_as_the_steps_before() -> None:
    job = Job("a", quick, {}, steps=10, step=4, state="running", began=100.0, stepped=108.0)
    assert job.seconds_left(108.0) == pytest.approx(12.0)
    assert job.seconds_left(110.0) == pytest.approx(10.0)
    assert job.seconds_left(999.0) == 0.0
    job.step = 0
    assert job.seconds_left(108.0) is None


def test_closing_stops_everything() -> None:
    jobs, gate, never = Jobs(), Gate(), Gate()
    submit(jobs, gate)
    gate.entered.wait(10)
    submit(jobs, never)
    jobs.close()
    assert gate.left.is_set()
    assert not never.entered.is_set()
