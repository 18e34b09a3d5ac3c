"""A benchmark from beginning to end: draw, make, measure, show."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from eval.benchmark.cost import announce
from eval.benchmark.maker import DrawSheet, MotionMaker
from eval.benchmark.making import Store, Unit, Workers, make_units, time_methods, timing_units
from eval.benchmark.pages import write_results
from eval.benchmark.protocol import Bench, Protocol, Sample, Texts, measure, protocol
from eval.benchmark.reference import Reference
from eval.benchmark.report import Results, summarise
from eval.benchmark.settings import REAL, BenchmarkSettings, digest
from eval.benchmark.tables import terminal_tables
from eval.judges.protocol import TextMotionEvaluator
from eval.metrics.metric import Metric
from motioncollage.shell.output import console, progress_bar

TIMED_SECONDS = (6.0, 12.0, 24.0, 48.0)


def run(
    settings: BenchmarkSettings, methods: Sequence[str], pipeline: MotionMaker, judge: TextMotionEvaluator,
    reference: Reference, out: Path, *, timing: bool, model: str, benchmark: str, sheet: DrawSheet,
    table: str = "main", dry_run: bool = False,
) -> None:  # fmt: skip
    """Say what it costs, make what is missing, measure all, write tables and pages.

    Only the first of several processes measures. A dry run ends when the cost is told.

    Args:
        table: what the terminal shows (`eval.benchmark.tables.TABLES`).
    """
    text = reference.entries[0].captions[0]
    fps = pipeline.representation.fps
    timed = timing_units(methods, settings, fps, TIMED_SECONDS, text) if timing else []
    found = collect(
        settings, methods, pipeline, judge, reference, out / "cache", benchmark=benchmark, timed=timed, told=True,
        dry_run=dry_run,
    )  # fmt: skip
    if found is None:
        return
    results, examples = found
    times = {}
    if timed:
        with progress_bar("timing") as update:
            times = time_methods(timed, pipeline, settings, progress=update)
    how = protocol(settings.protocol)
    about = {
        "benchmark": benchmark,
        "model": model,
        "main": list(how.main),
        "conventions": list(how.conventions(settings)),
        "settings": settings.as_numbers(),
        "machine": machine(pipeline.device),
    }
    write_results(out, results, times, about, examples, sheet)
    title = f"{benchmark}, {settings.protocol}, {settings.repetitions} repetitions"
    for shown in terminal_tables(results, title, how.main, table):
        console.print(shown)
    console.print(f"wrote {out / 'results.json'}, {out / 'report.md'}, {out / 'index.html'}")


def collect(
    settings: BenchmarkSettings, methods: Sequence[str], pipeline: MotionMaker, judge: TextMotionEvaluator,
    reference: Reference, cache: Path, *, benchmark: str, timed: Sequence[Unit] = (),
    told: bool = False, dry_run: bool = False,
) -> tuple[Results, dict[str, tuple[Unit, Path]]] | None:  # fmt: skip
    """Results, and a unit of every method to look at; None for all but the first of several processes.

    Args:
        timed: what is made besides, afterwards.
        told: say what it will cost before it begins.
        dry_run: stop there.
    """
    workers = Workers.here()
    if not dry_run:
        workers.hold(cache.parent)
    identity = digest(benchmark, reference.identity, pipeline.identity)
    store = Store(cache, settings, identity)
    how = protocol(settings.protocol)
    how.check(settings)
    draws = [how.draw(reference, settings, repetition) for repetition in range(settings.repetitions)]
    # Repetition by repetition, so that an early look at the cache shows every method.
    units = [
        unit
        for repetition, drawn in enumerate(draws)
        for method in methods
        for unit in how.units(method, repetition, drawn, reference, settings)
    ]
    if told:
        announce(
            units, store.__contains__, pipeline, settings, workers, machine(pipeline.device), timed=timed
        )
    if dry_run:
        return None
    with progress_bar("making motion") as update:
        make_units(workers.mine(units), store, pipeline, progress=update)
    workers.wait()
    if workers.rank:
        return None
    results = summarise(_measure_all(how, settings, methods, draws, units, store, pipeline, judge, reference))
    return results, _examples(methods, units, store)


def _measure_all(
    how: Protocol[Any], settings: BenchmarkSettings, methods: Sequence[str], draws: Sequence[Any],
    units: Sequence[Unit], store: Store, pipeline: MotionMaker, judge: TextMotionEvaluator, reference: Reference,
) -> dict[str, list[list[Metric]]]:  # fmt: skip
    seams = pipeline.seams(how.example(draws[0], reference, settings), settings.methods)
    bench = Bench(settings, reference, Texts(reference, judge), judge, pipeline.representation, seams)
    measured: dict[str, list[list[Metric]]] = {method: [] for method in methods}
    samples: dict[str, list[Sample]] = {method: [] for method in methods}
    with progress_bar("measuring") as update:
        for repetition, drawn in enumerate(draws):
            for place, method in enumerate(methods):
                own = [unit for unit in units if unit.method == method and unit.repetition == repetition]
                evidence = how.evidence(method, [store.load(unit) for unit in own], drawn, bench)
                measured[method].append(measure(how, evidence))
                samples[method].append(how.sample(evidence, reference))
                update(repetition * len(methods) + place + 1, len(draws) * len(methods))
    return {method: how.together(reference, measured[method], samples[method]) for method in methods}


def _examples(methods: Sequence[str], units: Sequence[Unit], store: Store) -> dict[str, tuple[Unit, Path]]:
    """The first unit of every method, to look at."""
    first: dict[str, tuple[Unit, Path]] = {}
    for unit in units:
        if unit.method in methods and unit.method != REAL:
            first.setdefault(unit.method, (unit, store.path(unit)))
    return first


def machine(device: torch.device) -> str:
    """The machine, in words, without its name."""
    if device.type == "cuda":
        return f"{torch.cuda.get_device_name(device)}, PyTorch {torch.__version__}"
    return (
        f"{os.cpu_count()} CPU cores ({platform.machine()}), {torch.get_num_threads()} threads a process,"
        f" PyTorch {torch.__version__}"
    )
