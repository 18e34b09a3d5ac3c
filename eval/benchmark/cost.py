"""What a benchmark will cost, before it begins: motions, evaluations of the network, minutes on this machine.

Batches that are not kept yet are gone through without a network, which counts what it would be asked; of batches that
differ in length only, a dozen. Then a few of those calls are made and timed, on the model itself.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.table import Table

from eval.benchmark.maker import MotionMaker
from eval.benchmark.making import Unit, Workers
from eval.benchmark.settings import BenchmarkSettings
from motioncollage.shell.output import console, progress_bar
from motioncollage.work import Call, Work

COUNTED = 12  # lengths of a method's motions that are counted; others are as much work a frame as the nearest of them
TIMED = 3  # sizes of calls that are timed; the others are as fast a frame as the nearest of them


@dataclass(frozen=True)
class Cost:
    """What a method has to do.

    Attributes:
        name: of the method.
        motions: that are made.
        evaluations: windows that go through the network.
        seconds: on this machine, in one process.
    """

    name: str
    motions: int
    evaluations: int
    seconds: float


@dataclass(frozen=True)
class Costs:
    """What a benchmark has to do.

    Attributes:
        rows: a method each.
        kept: motions that an earlier run left behind.
        measured: calls that were timed, with their seconds.
        exact: every length was counted.
    """

    rows: tuple[Cost, ...]
    kept: int
    measured: dict[Call, float]
    exact: bool = True


def work_out(
    groups: Mapping[str, Sequence[Unit]], kept: int, pipeline: MotionMaker, settings: BenchmarkSettings,
    *, progress: Callable[[int, int], None] | None = None,
) -> Costs:  # fmt: skip
    """Count the work of units and time what it is made of.

    Args:
        groups: units that have to be made, under the name of the row that they are added up in.
        kept: motions that need not.
    """
    every = [unit for units in groups.values() for unit in units]
    first = {_shape(unit): unit for unit in reversed(every)}
    counted = _counted(first)
    steps, done = len(counted) + 2 * TIMED, 0

    def another() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, steps)

    works: dict[_Shape, Work] = {}
    for shape in counted:
        unit = first[shape]
        works[shape] = pipeline.work(unit.method, unit.scripts, settings.methods, frames=unit.window)
        another()
    for shape in first.keys() - works.keys():
        near = min(
            (known for known in counted if known.alike == shape.alike),
            key=lambda known: abs(known.size - shape.size),
        )
        works[shape] = works[near].times(shape.size / near.size)
    total: Counter[Call] = Counter()
    for shape, count in Counter(map(_shape, every)).items():
        total.update({call: times * count for call, times in works[shape].calls.items()})
    measured: dict[Call, float] = {}
    for call in _worth_timing(total):
        measured[call] = pipeline.seconds_of(call, every[0].scripts[0].texts[0], settings.methods)
        another()
    if progress:
        progress(steps, steps)
    rows = []
    for name, units in groups.items():
        own = [works[_shape(unit)] for unit in units]
        seconds = {id(work): _seconds(work, measured) for work in own}
        rows.append(
            Cost(
                name,
                sum(len(unit.scripts) for unit in units),
                sum(work.evaluations for work in own),
                sum(seconds[id(work)] for work in own),
            )
        )
    exact = len(counted) == len(first)
    return Costs(tuple(row for row in rows if row.motions), kept, measured, exact)


class _Shape(NamedTuple):
    """What decides how much work a unit is; frames of the parts, none where windows are all of one length."""

    method: str
    motions: int
    parts: tuple[int, ...]
    window: int

    @property
    def alike(self) -> tuple[str, int, int]:
        """What shapes have in common that differ in length only."""
        return self.method, self.motions, self.window

    @property
    def size(self) -> int:
        """Frames of a motion."""
        return sum(self.parts) or self.window


def _shape(unit: Unit) -> _Shape:
    parts = () if unit.window else unit.scripts[0].frames
    return _Shape(unit.method, len(unit.scripts), parts, unit.window)


def _counted(shapes: Iterable[_Shape]) -> list[_Shape]:
    """Of shapes that differ in length only, some of all lengths."""
    groups: dict[tuple[str, int, int], list[_Shape]] = {}
    for shape in shapes:
        groups.setdefault(shape.alike, []).append(shape)
    chosen: list[_Shape] = []
    for group in groups.values():
        ordered = sorted(group, key=lambda shape: (shape.size, shape))
        last = len(ordered) - 1
        places: Sequence[int] = range(len(ordered))
        if last >= COUNTED:
            places = [round(i * last / (COUNTED - 1)) for i in range(COUNTED)]
        chosen += [ordered[place] for place in places]
    return chosen


def _worth_timing(total: Counter[Call]) -> list[Call]:
    """The calls that most of the work consists of, differentiated ones apart."""
    heaviest = sorted(total, key=lambda call: (-call.size * total[call], call))
    return [
        call
        for gradient in (False, True)
        for call in [call for call in heaviest if call.gradient is gradient][:TIMED]
    ]


def _seconds(work: Work, measured: dict[Call, float]) -> float:
    return work.around + sum(_pace(call, measured) * call.size * n for call, n in work.calls.items())


def _pace(call: Call, measured: dict[Call, float]) -> float:
    """Seconds a frame: of the same call, or of the one whose size is nearest."""
    alike = [other for other in measured if other.gradient == call.gradient]
    nearest = min(alike, key=lambda other: (abs(other.size - call.size), other))
    return measured[nearest] / nearest.size


def tell_cost(costs: Costs, workers: Workers, machine: str) -> None:
    """Print it: a line for every method, and how the minutes came about."""
    if not costs.rows:
        console.print(f"all {costs.kept} motions are there from an earlier run; nothing is made")
        return
    table = Table("to make", "motions", "evaluations", "time")
    about = "" if costs.exact else "about "
    for row in costs.rows:
        table.add_row(row.name, f"{row.motions:,}", f"{about}{row.evaluations:,}", duration(row.seconds))
    seconds = sum(row.seconds for row in costs.rows)
    motions, evaluations = sum(r.motions for r in costs.rows), sum(r.evaluations for r in costs.rows)
    if len(costs.rows) > 1:
        table.add_row("all", f"{motions:,}", f"{about}{evaluations:,}", duration(seconds))
    console.print(table)
    call, took = max(costs.measured.items(), key=lambda item: item[0].size)
    several = f"; {workers.count} processes share it" if workers.count > 1 else ""
    there = f" {costs.kept:,} motions are there from an earlier run." if costs.kept else ""
    console.print(
        f"Making takes about {duration(seconds / workers.count)} on {machine}, measured: {call.windows} windows of"
        f" {call.frames} frames in {took:.2g} s{several}.{there} Measuring the motions comes on top.",
        highlight=False,
    )


def announce(
    units: Sequence[Unit], stored: Callable[[Unit], bool], pipeline: MotionMaker, settings: BenchmarkSettings,
    workers: Workers, machine: str, *, timed: Sequence[Unit] = (),
) -> None:  # fmt: skip
    """Work out and print what the units that are not stored will cost; the first of several processes does.

    Args:
        timed: units that are made besides, to time methods.
    """
    if workers.rank:
        return
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        if not stored(unit):
            groups.setdefault(unit.method, []).append(unit)
    missing = sum(len(unit.scripts) for own in groups.values() for unit in own)
    there = sum(len(unit.scripts) for unit in units) - missing
    if timed:
        groups["timing"] = list(timed)
    with progress_bar("working out the cost") as update:
        costs = work_out(groups, there, pipeline, settings, progress=update)
    tell_cost(costs, workers, machine)


def duration(seconds: float) -> str:
    """In the unit that people would use."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
