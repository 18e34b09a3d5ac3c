"""Work that takes longer than a request: one job at a time, with progress and cancelling; results are kept for a while."""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mdm_adapter.motion import Motion
from mdm_adapter.serving.refusal import Refusal

logger = logging.getLogger("motioncollage.serve")

OVER = ("done", "failed", "cancelled")
STATES = ("waiting", "running", *OVER)


class Cancelled(Exception):
    """Raised inside a job that nobody waits for any more."""


@dataclass(frozen=True)
class Limits:
    """How much a server takes on and keeps.

    Attributes:
        waiting: jobs in the queue.
        kept: finished jobs that are remembered.
        kept_bytes: numbers of all motions that are kept; the oldest is forgotten first, the newest stays.
    """

    waiting: int = 32
    kept: int = 64
    kept_bytes: int = 1 << 30


@dataclass(eq=False)
class Job:
    """One request in the making; read and changed under the lock of its `Jobs`.

    Attributes:
        id: unguessable name.
        work: makes the motion; reports and asks through the `Watch` that it is given.
        about: what clients are told of it besides its state, JSON types.
        steps: of sampling, known before the first one.
        preview: gives what it would be if it ended now; None while there is nothing to see.
    """

    id: str
    work: "Callable[[Watch], Motion]"
    about: Mapping[str, Any]
    steps: int
    step: int = 0
    state: str = "waiting"
    error: str | None = None
    motion: Motion | None = None
    preview: Callable[[], Motion] | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = 0.0
    stepped: float = 0.0

    @property
    def bytes(self) -> int:
        return 0 if self.motion is None else self.motion.joints.nbytes + self.motion.features.nbytes

    def seconds_left(self, now: float) -> float | None:
        """As the steps before it went; None before the first step."""
        if self.state != "running" or self.step == 0:
            return None
        each = (self.stepped - self.began) / self.step
        return max(0.0, each * (self.steps - self.step) - (now - self.stepped))


@dataclass(frozen=True)
class Watch:
    """What a job's work sees of the world that waits for it."""

    jobs: "Jobs"
    job: Job

    def check(self) -> None:
        """Raises `Cancelled` where nobody waits any more."""
        if self.job.stop.is_set():
            raise Cancelled

    def step(self, done: int, steps: int) -> None:
        """The sampler's `OnStep`."""
        self.check()
        with self.jobs.lock:
            self.job.step, self.job.steps, self.job.stepped = done, steps, time.monotonic()

    def show(self, preview: Callable[[], Motion]) -> None:
        """Let others look at what there is so far; it is called when somebody does."""
        with self.jobs.lock:
            self.job.preview = preview


def _over(watch: Watch) -> Motion:
    raise Cancelled


class Jobs:
    """A queue with one worker thread. Every method may be called from any thread."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.lock = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._waiting: deque[Job] = deque()
        self._over: deque[Job] = deque()  # as they ended, the oldest first
        self._running: Job | None = None
        self._closed = False
        # A daemon, so that work that is stuck in a library cannot keep the program from ending.
        self._worker = threading.Thread(target=self._run, name="jobs", daemon=True)
        self._worker.start()

    def submit(
        self, work: Callable[[Watch], Motion], *, steps: int, about: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Queue work; what clients are told of the new job.

        Raises:
            Refusal: the queue is full.
        """
        with self.lock:
            if len(self._waiting) >= self.limits.waiting:
                raise Refusal(f"{len(self._waiting)} jobs are waiting already; try again later", status=429)
            job = Job(secrets.token_hex(8), work, about, steps)
            self._jobs[job.id] = job
            self._waiting.append(job)
            self.lock.notify_all()
            return self._told(job)

    def status(self, id: str) -> dict[str, Any]:
        """What clients are told of a job.

        Raises:
            Refusal: there is no such job.
        """
        with self.lock:
            return self._told(self._find(id))

    def cancel(self, id: str) -> dict[str, Any]:
        """Nobody waits for a job any more: its result, made or not, is dropped. Cancelling twice changes nothing.

        Raises:
            Refusal: there is no such job.
        """
        with self.lock:
            job = self._find(id)
            job.stop.set()
            if job.state == "waiting":
                self._waiting.remove(job)
            if job.state != "failed":
                job.state, job.motion = "cancelled", None
            if job is not self._running and job not in self._over:
                self._over.append(job)
                self._forget()
            return self._told(job)

    def motion(self, id: str) -> Motion:
        """The result of a job.

        Raises:
            Refusal: there is no such job, or it is not done.
        """
        with self.lock:
            job = self._find(id)
            if job.motion is None:
                why = f" ({job.error})" if job.error else ""
                raise Refusal(
                    f"job {id} is {job.state}{why}; only a job that is done has a result", status=409
                )
            return job.motion

    def preview(self, id: str) -> tuple[int, Motion]:
        """What a running job would be if it ended now, and how many steps it has taken.

        Raises:
            Refusal: there is no such job, or nothing to see of it.
        """
        with self.lock:
            job = self._find(id)
            step, preview = job.step, job.preview
        if preview is None:
            raise Refusal(f"there is nothing to see of job {id}, which is {job.state}", status=409)
        return step, preview()

    def counts(self) -> dict[str, int]:
        """How many jobs are waiting and running."""
        with self.lock:
            return {"waiting": len(self._waiting), "running": int(self._running is not None)}

    def close(self, timeout: float = 10.0) -> bool:
        """Cancel everything and wait for the worker to stop; whether it has."""
        with self.lock:
            self._closed = True
            for job in self._jobs.values():
                job.stop.set()
            self.lock.notify_all()
        self._worker.join(timeout)
        return not self._worker.is_alive()

    def _find(self, id: str) -> Job:
        if id not in self._jobs:
            raise Refusal("there is no such job, or it was forgotten: only the latest are kept", status=404)
        return self._jobs[id]

    def _told(self, job: Job) -> dict[str, Any]:
        left = job.seconds_left(time.monotonic())
        ahead = 0
        if job.state == "waiting":
            ahead = self._waiting.index(job) + (self._running is not None)
        return {
            "id": job.id, "state": job.state, "step": job.step, "steps": job.steps,
            "seconds_left": None if left is None else round(left, 1),
            "ahead": ahead, "error": job.error, **job.about,
        }  # fmt: skip

    def _run(self) -> None:
        while (job := self._next()) is not None:
            motion, error = None, None
            try:
                motion = job.work(Watch(self, job))
            except Cancelled:
                pass
            except ValueError as problem:
                error = " ".join(str(problem).split())
            except Exception as problem:
                logger.exception("job %s failed", job.id)
                error = f"the server could not make it ({type(problem).__name__}); its log says more"
            with self.lock:
                self._running = None
                if not job.stop.is_set():
                    job.state, job.motion, job.error = "failed" if motion is None else "done", motion, error
                elif job.state == "running":  # closing
                    job.state = "cancelled"
                job.work, job.preview = _over, None  # lets go of the plan
                self._over.append(job)
                self._forget()
            logger.info("job %s is %s", job.id, job.state)

    def _next(self) -> Job | None:
        """The next job, once there is one; None when closed."""
        with self.lock:
            self.lock.wait_for(lambda: self._waiting or self._closed)
            if self._closed:
                return None
            job = self._running = self._waiting.popleft()
            job.state, job.began = "running", time.monotonic()
            return job

    def _forget(self) -> None:
        while len(self._over) > 1 and (
            len(self._over) > self.limits.kept
            or sum(job.bytes for job in self._over) > self.limits.kept_bytes
        ):
            del self._jobs[self._over.popleft().id]
