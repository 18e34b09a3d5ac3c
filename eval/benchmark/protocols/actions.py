"""`--protocol actions`: takes of every action that has a check, and in how many of them it happened."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch

from eval.benchmark.action_pages import Shown, write_actions
from eval.benchmark.asked import Asked, questions
from eval.benchmark.cost import announce
from eval.benchmark.making import Store, Unit, Workers, make_units
from eval.benchmark.outcomes import Outcome, headline, judged, worst_first
from eval.benchmark.protocol import OwnProtocol, Task
from eval.benchmark.report import summarise
from eval.benchmark.run import machine
from eval.benchmark.settings import REAL, BenchmarkSettings, digest
from eval.metrics.metric import Metric
from motioncollage.methods import Script
from motioncollage.shell.output import console, progress_bar

# Of every family of checks the action with the most clips, and what is made with the hands, on the floor, in the air.
QUICK = (
    "bow", "box", "crawl-forward", "dance-salsa", "jump", "jumping-jacks", "kick-front", "lie-down", "pick-up-box",
    "punch-jab-left", "run", "sit-down", "sneak", "walk", "walk-back", "wave-right-hand",
)  # fmt: skip
MAX_TAKES = 100
SHEETS = 8  # worst actions that are drawn


class Actions(OwnProtocol):
    name = "actions"
    about = "takes of every action, in how many it happened"
    methods = (REAL, "collage")
    quick: ClassVar[Mapping[str, Any]] = {"takes": 4, "only": QUICK}

    def check(self, settings: BenchmarkSettings) -> None:
        if settings.takes > MAX_TAKES:
            raise ValueError(f"takes is {settings.takes}; {MAX_TAKES} of every action are plenty")

    def units(
        self, method: str, asked: Sequence[Asked], settings: BenchmarkSettings, fps: float
    ) -> list[Unit]:
        """What a method has to make: of every action all takes at a time, in its captions in turn.

        Noise depends on seed, action and number of the take: another choice of actions makes the same takes, and so
        does another method.
        """
        units = []
        for number, action in enumerate(asked):
            frames = (round(action.seconds * fps),)
            scripts = tuple(Script((text,), frames) for text in action.told(settings.takes))
            first = settings.first_seed(0) + int(digest(action.label)[:8], 16) % 900 * MAX_TAKES
            seeds = tuple(range(first, first + settings.takes))
            units.append(Unit(method, 0, number, scripts, seeds))
        return units

    def run(self, task: Task) -> None:
        settings, maker = task.settings, task.maker
        methods = [method for method in task.methods if method != REAL]
        if not methods:
            raise ValueError("no method makes anything; name one besides real, such as collage")
        found = questions(maker, task.data, settings.only, named=settings.only != QUICK, model=task.model)
        workers = Workers.here()
        if not task.dry_run:
            workers.hold(task.out)
        store = Store(task.out / "cache", settings, digest(self.name, maker.identity))
        units = {m: self.units(m, found.asked, settings, maker.representation.fps) for m in methods}
        every = [unit for own in units.values() for unit in own]
        announce(every, store.__contains__, maker, settings, workers, machine(maker.device))
        if task.dry_run:
            return
        with progress_bar("making motion") as update:
            make_units(workers.mine(every), store, maker, progress=update)
        workers.wait()
        if workers.rank:
            return
        outcomes = self._judge(task, found.asked, units, store)
        metrics: dict[str, list[list[Metric]]] = {}
        if REAL in task.methods:
            real = {a.label: a.real.share for a in found.asked if a.real is not None}
            metrics |= {REAL: [headline(real, found.asked, None)]} if real else {}
        for method, rows in outcomes.items():
            shares = {row.asked.label: row.made for row in rows}
            metrics[method] = [headline(shares, found.asked, settings.takes)]
        sheets = self._sheets(task, outcomes[methods[0]], units[methods[0]], store)
        shown = Shown(summarise(metrics), outcomes, found, sheets, task.model, task.maker.device)
        write_actions(task.out, shown, settings)
        for table in shown.terminal():
            console.print(table)
        console.print(
            f"wrote {task.out / 'results.json'}, {task.out / 'report.md'}, {task.out / 'index.html'}"
        )

    def _judge(
        self, task: Task, asked: Sequence[Asked], units: Mapping[str, Sequence[Unit]], store: Store
    ) -> dict[str, list[Outcome]]:
        outcomes: dict[str, list[Outcome]] = {}
        with progress_bar("judging") as update:
            for place, (method, own) in enumerate(units.items()):
                outcomes[method] = []
                for number, (action, unit) in enumerate(zip(asked, own), 1):
                    outcomes[method].append(judged(action, store.load(unit), task.maker.representation))
                    update(place * len(own) + number, len(units) * len(own))
        return outcomes

    def _sheets(
        self, task: Task, outcomes: Sequence[Outcome], units: Sequence[Unit], store: Store
    ) -> dict[str, Path]:
        """Contact sheets of the worst actions, of each the take that lies in the middle of its takes, by label."""
        sheets = {}
        by_label = {outcome.asked.label: unit for outcome, unit in zip(outcomes, units)}
        for number, outcome in enumerate(worst_first(outcomes)[:SHEETS], 1):
            unit = by_label[outcome.asked.label]
            motion = torch.from_numpy(store.load(unit).features[outcome.typical])
            path = task.out / "sheets" / f"worst-{number}.png"
            task.sheet(path, motion, unit.scripts[outcome.typical])
            sheets[outcome.asked.label] = path.relative_to(task.out)
        return sheets


PROTOCOL = Actions()
