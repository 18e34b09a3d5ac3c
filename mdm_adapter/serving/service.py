"""What the server does, without HTTP: a model, its actions, prompts split, motions made one after another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from mdm_adapter.maker import GenerateSettings
from mdm_adapter.motion import Motion
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.prompts import Action
from mdm_adapter.serving.edits import Shown, prepare
from mdm_adapter.serving.fields import read_fields
from mdm_adapter.serving.jobs import Jobs, Limits, Watch
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.serving.requests import PROMPT, JobRequest, split_text
from mdm_adapter.serving.watched import WatchedPipeline
from mdm_adapter.telling import advice
from motioncollage.models import named, sources

# All samples of a job together: 3600 s of the bundled model are 95 MB of numbers, and as many again while they are made.
MAX_TOTAL_SECONDS = 3600.0


class Service:
    """One model at the disposal of many clients.

    Args:
        model: whose motions.
        precision: as in `GenerateSettings`.
    """

    def __init__(
        self, model: MotionPipeline, *, precision: str = "auto", limits: Limits | None = None
    ) -> None:
        self.model, self.precision = model, precision
        self.jobs = Jobs(limits)

    @property
    def batch_limit(self) -> int:
        """Windows of a call of the network, which is as long as a cancelled job goes on; on a CPU small calls are as fast as
        large ones."""
        return 4 if self.model.device.type == "cpu" else 32

    def health(self) -> dict[str, Any]:
        """That it is there, and what it is."""
        return {
            "version": version("motioncollage"),
            "model": self.model.name,
            "device": str(self.model.device),
            "jobs": self.jobs.counts(),
        }

    def models(self) -> dict[str, Any]:
        """The models that are installed, and the one that is served."""
        found = sources("motion")
        rows = [
            {"name": name, "served": name == self.model.name,
             "facts": found[name].describe(folder) if (folder := found[name].folder) else {}}
            for name in named("motion")
        ]  # fmt: skip
        if not any(row["served"] for row in rows):
            rows.append({"name": self.model.name, "served": True, "facts": {}})
        return {"models": rows}

    def actions(self) -> dict[str, Any]:
        """The actions that the model knows, and in which share of takes they happen; none for open-ended models."""
        matcher = self.model.model.matcher
        rows = []
        for entry in self.model.known:
            happening = matcher.happening.get(entry.action) if matcher else None
            rows.append(
                {"action": entry.action, "example": entry.captions[0], "seconds": entry.seconds,
                 "happens": None if happening is None else happening.share}
            )  # fmt: skip
        return {"actions": rows}

    def split(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The actions of a prompt, how long each would last, what could have been read otherwise.

        Raises:
            ValueError: one line for the client.
        """
        prompt = read_fields(body, (PROMPT,))["prompt"]
        if prompt is None:
            raise Refusal("give a prompt")
        split = split_text(prompt)
        rows = [
            {
                **asdict(action),
                "usual_seconds": self.model.natural_seconds(action.text) if action.text else None,
            }
            for action in split.actions
        ]
        return {
            "actions": rows, "notes": list(split.notes), "warnings": self.advice(split.actions)
        }  # fmt: skip

    def submit(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Plan a motion and queue it; what clients are told of the job.

        Raises:
            ValueError: one line for the client: the request is at fault, too large, or the queue is full.
        """
        request = JobRequest.read(body)
        settings = request.settings(self.model, precision=self.precision, batch_limit=self.batch_limit)
        if request.kind in ("generate", "loop"):
            work, shown = self._making(request, settings)
        else:
            edit = prepare(request.kind, request.given, request.actions, self.model, self.jobs, settings)
            work, shown = (lambda watch: edit.make(self.watched(watch).edit, watch.step)), edit.shown
        about = {"notes": list(request.notes), "warnings": self.advice(request.actions)}
        return self.queue(request.kind, work, shown, settings, about=about)

    def queue(
        self, kind: str, work: Callable[[Watch], Motion], shown: Shown, settings: GenerateSettings, *,
        about: Mapping[str, Any], runs: int = 1,
    ) -> dict[str, Any]:  # fmt: skip
        """Queue the making of motion; what clients are told of the job.

        Args:
            shown: what it will be.
            about: what else is told of it.
            runs: of the sampler.

        Raises:
            Refusal: too much for one job, or the queue is full.
        """
        seconds = shown.seconds
        if seconds * settings.samples > MAX_TOTAL_SECONDS:
            raise Refusal(
                f"{settings.samples} samples of {seconds:g} s are {seconds * settings.samples:g} s; ask for"
                f" {MAX_TOTAL_SECONDS:g} s at most in one job"
            )
        told = {
            "kind": kind,
            "samples": settings.samples,
            "seconds": round(seconds, 3),
            "fps": shown.fps,
            "segments": [{"text": text, "start": start, "end": end} for text, start, end in shown.parts],
            **about,
        }
        return self.jobs.submit(work, steps=runs * settings.sampler.steps, about=told)

    def _making(
        self, request: JobRequest, settings: GenerateSettings
    ) -> tuple[Callable[[Watch], Motion], Shown]:
        """How a motion is made of its actions, and what it will show."""
        plan = self.model.plan(
            request.actions, settings, seconds=request.seconds, loop=request.kind == "loop"
        )
        self.model.job(plan, settings)  # what it refuses, it refuses now
        name = self.model.method_of(plan)

        def work(watch: Watch) -> Motion:
            watch.check()
            return self.watched(watch).generate(plan, settings, method=name, on_step=watch.step)

        return work, Shown.of(plan)

    def watched(self, watch: Watch) -> WatchedPipeline:
        """The model at work for a job."""
        return WatchedPipeline(self.model.model, watch)

    def advice(self, actions: Sequence[Action]) -> list[str]:
        """What people should know before such actions are made."""
        return advice(self.model, actions, several='"samples": 4')

    def close(self, timeout: float = 10.0) -> bool:
        """Stop what is being made; whether it has ended after `timeout` seconds."""
        return self.jobs.close(timeout)
