"""From prompt to motion, on one screen: read, plan, compose, sample, turn features into joints.

model.generate("a person walks, then waves")
    -> read_prompt -> plan -> MotionJob -> the method `collage` -> Motion
"""

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from mdm_adapter.editing.editor import Editor
from mdm_adapter.editing.loops import LoopPath, tile
from mdm_adapter.maker import HELD, GenerateSettings, Maker
from mdm_adapter.making import MotionJob
from mdm_adapter.models.protocol import CountedModel, MotionModel, PaddedModel, PlacedModel, PrefixModel
from mdm_adapter.models.vocabulary import KnownAction, Match
from mdm_adapter.motion import Motion
from mdm_adapter.planning.lengths import over, with_repeats
from mdm_adapter.planning.pieces import Plan, plan_pieces, plan_rows
from mdm_adapter.planning.timing import lay_out
from mdm_adapter.prompts import Action, read_prompt
from mdm_adapter.rewritten import RewrittenPipeline, segments_of
from motioncollage import methods, plugins
from motioncollage.methods import Made, MethodSettings, Script
from motioncollage.sampling.noise import OnStep
from motioncollage.sampling.registry import SamplerSettings
from motioncollage.work import Call, Stand, Work, count_work, time_call

Request = str | Sequence[Action] | Plan


class MotionPipeline(Maker):
    """A model and what can be made with it; made once, used for many motions. `motioncollage.load` returns one."""

    @cached_property
    def edit(self) -> Editor:
        """Edits of real motion: `model.edit.inbetween(first, second, seconds=2)` and so on."""
        return Editor(self)

    def matches(self, actions: Sequence[Action]) -> list[Match]:
        """What the model knows of each action; empty for models without a vocabulary."""
        matcher = self.model.matcher
        return [matcher.match(a.text) for a in actions if a.text] if matcher else []

    @property
    def known(self) -> tuple[KnownAction, ...]:
        """The actions that it was trained on; empty for models without a vocabulary."""
        return self.model.matcher.vocabulary.actions if self.model.matcher else ()

    def natural_seconds(self, text: str) -> float:
        """How long an action lasts when nobody says so."""
        return self.expected(text).seconds

    def plan(
        self,
        request: str | Sequence[Action],
        settings: MethodSettings | None = None,
        *,
        seconds: float | None = None,
        loop: bool = False,
        metres: float | None = None,
    ) -> Plan:
        """Which pieces will be made.

        Args:
            request: a prompt in any form that `read_prompt` takes, or actions.
            seconds: length of everything; by default every action gets its own.
            loop: let the last frame flow into the first.
            metres: how far everything goes; actions that travel last as long as that takes at their speed.
        """
        settings = settings or MethodSettings()
        actions = read_prompt(request) if isinstance(request, str) else request
        natural = self.natural_seconds if metres is None else over(metres, actions, self.expected)
        timing = lay_out(actions, natural, seconds)
        loop = loop or settings.loop
        if loop and seconds is None and isinstance(settings, GenerateSettings):
            turning = settings.path.seconds
            if timing.seconds < turning and any(action.seconds is None for action in actions):
                timing = lay_out(actions, natural, turning)
        timing = with_repeats(timing, self.expected)
        return plan_rows(timing, self.plan_settings(settings), loop=loop)

    def generate(
        self,
        request: Request,
        settings: GenerateSettings | None = None,
        *,
        seconds: float | None = None,
        loop: bool = False,
        method: str | None = None,
        on_step: OnStep | None = None,
        **changes: Any,
    ) -> Motion:
        """One continuous motion in which the actions of a request follow each other.

            model.generate("a person walks, then waves", seed=1).save("walk.mp4")

        Args:
            request: a prompt, actions or a plan.
            settings: everything else; `changes` are fields of it, such as seed or samples.
            seconds: length of everything, for requests that are no plan yet.
            loop: let the last frame flow into the first, for requests that are no plan yet.
            method: by which it is made (`motioncollage.methods`); the model's own by default, which is nearly always the
                collage.
            on_step: called after every sampling step with (done, of how many).

        The same request, settings and device give the same motion, whatever else is made beside it.
        """
        settings = replace(settings or GenerateSettings(), **changes)
        if not isinstance(request, Plan):
            request = self.plan(request, settings, seconds=seconds, loop=loop)
        plan = request
        name = self.method_of(plan, method)
        made = self.made(self.job(plan, settings, on_step=on_step), name)
        return self.finish(made, plan, settings, name)

    def method_of(self, plan: Plan, asked: str | None = None) -> str:
        """By which method a plan is made: the one that is asked for, or the model's own.

        Raises:
            ValueError: one that is unknown, cannot be used with the model, or cannot make such a plan.
        """
        name = asked or ("collage" if plan.loop else self.model.defaults.method)
        if why := self.refusal(name):
            raise ValueError(why)
        ends = [0, *(segment.end for segment in plan.segments)]
        in_a_row = [segment.start for segment in plan.segments] == ends[:-1] and ends[-1] == plan.frames
        if name != "collage" and (plan.loop or plan.layers or not in_a_row):
            what = "no loops" if plan.loop else "actions one behind the other, without gaps or overlaps"
            raise ValueError(f"the method {name} makes {what}; use --method collage, or another request")
        return name

    def loop(
        self,
        request: str | Sequence[Action],
        settings: GenerateSettings | None = None,
        *,
        seconds: float | None = None,
        path: str = "free",
        turn: float = 360.0,
        on_step: OnStep | None = None,
        **changes: Any,
    ) -> Motion:
        """A motion whose last frame flows into its first.

            model.loop("a person walks forward", seconds=8, path="circular")

        Args:
            path: `free`, `in-place`, `circular` or `travelling` (`LoopPath`).
            turn: degrees to the left in a cycle of a circular path.
        """
        changes.setdefault("path", LoopPath(path, turn))
        return self.generate(request, settings, seconds=seconds, loop=True, on_step=on_step, **changes)

    def by_method(
        self,
        name: str,
        scripts: Sequence[Script],
        settings: MethodSettings,
        *,
        seeds: Sequence[int],
        on_step: OnStep | None = None,
    ) -> Made:
        """Motions of scripts that all have the same lengths, by a method (`motioncollage.methods`): for comparisons.

        Args:
            seeds: one per script; a motion depends on its own seed only.

        Returns:
            Features [scripts, frames, width], not normalised, and the frames where they were joined.

        Raises:
            ValueError: unknown method, or scripts whose lengths differ.
        """
        if len({script.frames for script in scripts}) != 1 or len(seeds) != len(scripts):
            raise ValueError("the scripts of a batch need the same lengths and a seed each")
        return self.made(self.scripted(scripts, settings, seeds=seeds, on_step=on_step), name)

    def ordinary(
        self, scripts: Sequence[Script], settings: MethodSettings, *, seeds: Sequence[int], frames: int
    ) -> Tensor:
        """Ordinary samples in windows of one length, of which a script's own frames count, as published evaluations
        sample: what lies beyond is as the model left it.

        Args:
            scripts: one text each.
            frames: of every window; at least the longest script's.

        Returns:
            Features [scripts, frames, width], not normalised.
        """
        valid = [sum(script.frames) for script in scripts]
        windows = [Script(script.texts, (frames,)) for script in scripts]
        job = self.scripted(windows, settings, seeds=seeds)
        if isinstance(self.model, PaddedModel):
            job = replace(job, single=self.model.padded(settings.precision, valid))
        return self.model.denormalise(job.sample(job.alone(0), frames)).cpu()

    @property
    def own_method(self) -> str:
        """By which method the model makes motion where nobody says otherwise."""
        return self.model.defaults.method

    def work(
        self, name: str, scripts: Sequence[Script], settings: MethodSettings, *, frames: int = 0
    ) -> Work:
        """What making motions would ask of the network, without asking it.

        Args:
            frames: of the windows of ordinary samples, instead of a method's (`ordinary`).
        """
        seeds = range(len(scripts))

        def make(stand: Stand, sampler: SamplerSettings) -> None:
            pipeline = MotionPipeline(_in_the_place(stand, self.model))
            how = replace(settings, sampler=sampler)
            if frames:
                pipeline.ordinary(scripts, how, seeds=seeds, frames=frames)
            else:
                pipeline.by_method(name, scripts, how, seeds=seeds)

        return count_work(make, settings.sampler)

    def seconds_of(self, call: Call, text: str, settings: MethodSettings) -> float:
        """How long a call of the network takes, measured.

        Args:
            text: of every window.
        """
        model, precision = self.model, settings.precision
        x = torch.randn(call.windows, call.frames, model.representation.width).to(model.device)
        if isinstance(model, PrefixModel):
            denoiser = model.continuing(precision, model.start.expand(call.windows, -1, -1))
        else:
            denoiser = model.denoiser(precision, beyond=True)
        levels = model.levels(settings.sampler.spacing).levels(settings.sampler.steps)
        condition = model.conditions([text])[0]
        return time_call(denoiser, x, levels[len(levels) // 2], condition, gradient=call.gradient)

    def seams(self, script: Script, settings: MethodSettings) -> tuple[int, ...]:
        """Frames at which the pieces of a collage of such a script join."""
        return self.scripted([script], settings, seeds=[0]).plan.seams

    def shown(self, features: Tensor, script: Script) -> Motion:
        """A motion of features [frames, width], not normalised, with the texts of its script."""
        return self.motion(features[None], segments_of(script, len(features)), {})

    def written_as(self, name: str) -> "MotionPipeline | RewrittenPipeline":
        """The same model with its motions in another representation, for those that read only that one.

        Raises:
            ValueError: no package brings such a representation.
        """
        if self.representation.name == name:
            return self
        return RewrittenPipeline(self, plugins.load("representations", name))

    @property
    def identity(self) -> str:
        """Hash of everything that decides the model's motions."""
        return self.model.identity

    def scripted(
        self,
        scripts: Sequence[Script],
        settings: MethodSettings,
        *,
        seeds: Sequence[int],
        on_step: OnStep | None = None,
    ) -> MotionJob:
        """The job of scripts of the same lengths: where pieces lie is the same for all, what they are told is not."""
        lengths = scripts[0].frames
        # Words of the plan stand for sentences that differ from script to script.
        names = [f"action {number}" for number in range(len(lengths))]
        seconds = [frames / self.representation.fps for frames in lengths]
        piece = settings.piece and min(settings.piece, self.model.longest)
        cut = self.plan_settings(replace(settings, piece=piece))
        plan = plan_pieces(
            [Action(name) for name in names],
            seconds,
            cut,
            loop=settings.loop,
        )
        wordings = {name: [script.texts[i] for script in scripts] for i, name in enumerate(names)}
        keys = tuple((seed, 0) for seed in seeds)
        return MotionJob(self.model, plan, settings, keys, wordings, on_step=on_step)

    def finish(self, made: Made, plan: Plan, settings: GenerateSettings, name: str = "collage") -> Motion:
        """A motion of what a method made, with what it remembers of how it was made."""
        first = plan.shift - plan.pieces[0].start
        pieces = [[piece.start + first, piece.frames] for piece in plan.pieces]
        about = {**self.describe(settings), "taper": plan.taper, "loop": plan.loop, "method": name}
        if name != "collage":
            unread = {"piece", "overlap", "taper", "style", "own_text"} - set(methods.method(name).all_reads)
            about = {key: value for key, value in about.items() if key not in unread}
            edges = [0, *made.seams, plan.frames]
            pieces = [[start, end - start] for start, end in pairwise(edges)]
        about["pieces"] = pieces
        if settings.path.kind != "free":
            about |= {"path": settings.path.kind, "turn": settings.path.turn}
        arrival = None if isinstance(self.model, PlacedModel) else settings.path.arrival
        features = made.sites.double()
        if arrival:
            features = arrival.project(features, self.representation)
        return self.standing(self.motion(features, plan.segments, about), settings)

    def tiled(self, motion: Motion, cycles: int) -> Motion:
        """A loop of this model played several times; travelling ones travel on."""
        period = motion.frames
        segments = [
            replace(segment, start=segment.start + cycle * period, end=segment.end + cycle * period)
            for cycle in range(cycles)
            for segment in motion.segments
        ]
        features = tile(torch.from_numpy(motion.features), cycles, self.representation)
        played = self.motion(features, segments, motion.settings)
        if motion.settings.get("feet") != HELD:
            return played
        return replace(played, joints=self.held_cycles(motion, cycles))


def _in_the_place(stand: Stand, model: MotionModel) -> MotionModel:
    """The same model with another denoiser."""
    if isinstance(model, CountedModel):
        return model.counted(stand)
    other = copy(model)
    for name in ("denoiser", "padded", "continuing"):
        if hasattr(other, name):
            object.__setattr__(other, name, lambda *_, **__: stand)
    return other
