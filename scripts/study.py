#!/usr/bin/env python3
"""Measure how settings of the collage move its quality: study.py seams|pieces|samplers|length [--repetitions N].

Every variant is a benchmark run of the collage alone, cached as `motioncollage eval` caches. Writes a table and a plot
to docs/studies/, as the numbers came out.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from eval.benchmark.judging import JudgingOptions
from eval.benchmark.report import ARROWS, Results, Summary, cell, title_of
from eval.benchmark.run import collect, machine
from eval.benchmark.settings import BenchmarkSettings
from mdm_adapter.models.protocol import MotionDefaults
from mdm_adapter.pipeline import MotionPipeline
from motioncollage.files import atomic_path, write_text
from motioncollage.models import load_model
from motioncollage.plugins import available
from motioncollage.sampling.registry import SamplerSettings

SHOWN = ("r_precision_top1", "r_precision_top3", "fid", "peak_jerk", "area_under_jerk", "skating_ratio")


@dataclass(frozen=True)
class Variant:
    """A setting on an axis of a study: a number or a name, and the run that measures it."""

    axis: str
    value: float | str
    settings: BenchmarkSettings
    method: str = "collage"
    usual: bool = False


Rows = Sequence[tuple[Variant, Mapping[str, Summary]]]


def changed(base: BenchmarkSettings, **changes: object) -> BenchmarkSettings:
    return replace(base, methods=replace(base.methods, **changes))  # type: ignore[arg-type]


def settled(base: BenchmarkSettings, own: MotionDefaults) -> BenchmarkSettings:
    """Settings with what a model's own values are, so that a study can go beyond them on both sides."""
    return changed(base, guidance=own.guidance, piece=own.piece, overlap=own.overlap)


def seams(base: BenchmarkSettings) -> list[Variant]:
    """What the joins of several actions depend on."""
    found: list[Variant] = []
    now = base.methods
    guidance, overlap = now.guidance, now.overlap
    if guidance is None or overlap is None:
        raise ValueError("guidance or overlap is the model's own; settle the settings first")

    def axis(
        name: str, values: Sequence[float], usual: float, make: Callable[[float], BenchmarkSettings]
    ) -> None:
        found.extend(Variant(name, value, make(value), usual=value == usual) for value in values)

    axis("taper", (0.0, 0.25, 0.5, 0.75, 1.0), now.taper, lambda v: changed(base, taper=v))
    axis(
        "overlap (s)",
        (0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0),
        overlap / 20,
        lambda v: changed(base, overlap=round(v * 20)),
    )
    scales = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
    axis(
        "guidance",
        scales,
        guidance.scale,
        lambda v: changed(base, guidance=replace(guidance, scale=v)),
    )
    axis(
        "guidance at the highest noise", (1.0, 1.5, 2.0, 3.0), guidance.above,
        lambda v: changed(base, guidance=replace(guidance, above=v)),
    )  # fmt: skip
    axis(
        "steps", (5, 8, 10, 15, 20), now.sampler.steps,
        lambda v: changed(base, sampler=replace(now.sampler, steps=int(v))),
    )  # fmt: skip
    ddim = SamplerSettings("ddim", 50, spacing=now.sampler.spacing)
    axis("eta (50 steps of DDIM)", (0.0, 1.0), -1, lambda v: changed(base, sampler=replace(ddim, eta=v)))
    axis(
        "noise shared by pieces",
        (0.0, 0.25, 0.5, 1.0),
        now.shared_noise,
        lambda v: changed(base, shared_noise=v),
    )
    return found


def pieces(base: BenchmarkSettings) -> list[Variant]:
    """What one long action depends on: how it is cut, and what the overlaps are told."""
    long = replace(base, protocol="long")
    lengths = [
        Variant("piece (s)", frames / 20, changed(long, piece=frames), usual=frames == base.methods.piece)
        for frames in (60, 80, 100, 120, 160, 196)
    ]
    texts = [
        Variant("overlaps told the text", v, changed(long, own_text=bool(v)), usual=v == 1) for v in (0, 1)
    ]
    return lengths + texts


def samplers(base: BenchmarkSettings) -> list[Variant]:
    """Quality against evaluations of the network, a sampler on each axis."""
    found = []
    for name in available("samplers"):
        for spacing in (
            (1.0, base.methods.sampler.spacing)
            if name in ("ddim", "dpm++")
            else (base.methods.sampler.spacing,)
        ):
            for evaluations in (5, 10, 15, 50) if name == "ddim" else (5, 10, 15):
                # Heun's method looks twice a step, but for the last.
                steps = (evaluations + 1) // 2 if name == "heun" else evaluations
                chosen = SamplerSettings(name, steps, spacing=spacing)
                label = name if spacing != 1 else f"{name}, even steps"
                usual = chosen == base.methods.sampler
                found.append(Variant(label, evaluations, changed(base, sampler=chosen), usual=usual))
    return found


def length(base: BenchmarkSettings) -> list[Variant]:
    """How many steps a chain of L pieces needs (paper, appendix D)."""
    found = []
    for steps in (3, 5, 10):
        for count in (1, 2, 4, 8, 16):
            sampler = replace(base.methods.sampler, steps=steps)
            # Every piece shows 4 s of its own and shares the usual overlap.
            run = replace(base, actions=count, action_seconds=4.0)
            found.append(Variant(f"{steps} steps", count, changed(run, sampler=sampler)))
    return found


STUDIES = {"seams": seams, "pieces": pieces, "samplers": samplers, "length": length}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--repetitions", type=int, default=2)
    parser.add_argument("--texts", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path("docs/studies"))
    parser.add_argument("--work", type=Path, default=Path("runs/studies"))
    arguments = parser.parse_args()
    pipeline: MotionPipeline = load_model("starter", medium="motion", device="cpu")
    base = BenchmarkSettings(
        protocol="composition", repetitions=arguments.repetitions, texts=arguments.texts, batch=16
    )
    base = settled(base, pipeline.model.defaults)
    bundled = JudgingOptions()
    judge = bundled.judge()
    reference = bundled.reference(judge, "starter")
    rows: list[tuple[Variant, Mapping[str, Summary]]] = []
    variants = STUDIES[arguments.study](base)
    begin = time.perf_counter()
    for number, variant in enumerate(variants, 1):
        found = collect(
            variant.settings,
            [variant.method],
            pipeline,
            judge.evaluator,
            reference,
            arguments.work / "cache",
            benchmark="starter",
        )
        assert found is not None
        results: Results = found[0]
        rows.append((variant, results[variant.method]))
        line = " ".join(
            f"{name} {cell(results[variant.method][name])}"
            for name in SHOWN
            if name in results[variant.method]
        )
        print(
            f"{number}/{len(variants)} {time.perf_counter() - begin:.0f} s {variant.axis} {variant.value}: {line}",
            flush=True,
        )
    arguments.out.mkdir(parents=True, exist_ok=True)
    real = collect(
        base, ["real"], pipeline, judge.evaluator, reference, arguments.work / "cache", benchmark="starter"
    )
    assert real is not None
    write(arguments.out, arguments.study, rows, real[0]["real"], base, machine(pipeline.device))


def write(
    out: Path, study: str, rows: Rows, real: Mapping[str, Summary],
    base: BenchmarkSettings, where: str,
) -> None:  # fmt: skip
    """A Markdown table, a plot and the numbers."""
    names = [name for name in SHOWN if all(name in row for _, row in rows)]
    titles = [f"{title_of(n)} {ARROWS[rows[0][1][n].metric.direction]}" for n in names]
    table = ["| setting | value | " + " | ".join(titles) + " |", "|---|---|" + "---|" * len(names)]
    for variant, row in rows:
        value = f"{variant.value:g}" if isinstance(variant.value, (int, float)) else variant.value
        mark = f"**{value}**" if variant.usual else value
        table.append(f"| {variant.axis} | {mark} | " + " | ".join(cell(row[n]) for n in names) + " |")
    table.append("| real motion |  | " + " | ".join(cell(real[n]) if n in real else "" for n in names) + " |")
    head = f"{base.repetitions} repetitions of {base.texts} motions; {where}. Bold: the default."
    write_text(out / f"{study}.table.md", "\n".join([head, "", *table, ""]), force=True)
    numbers = [
        {"axis": v.axis, "value": v.value, **{n: {"mean": row[n].mean, "ci95": row[n].ci95} for n in names}}
        for v, row in rows
    ]
    settings = json.loads(json.dumps(asdict(base), default=str).replace("Infinity", '"inf"'))
    text = json.dumps({"settings": settings, "rows": numbers}, indent=1) + "\n"
    write_text(out / f"{study}.json", text, force=True)
    with atomic_path(out / f"{study}.png", force=True) as target:
        plot(target, study, rows, real, names)


def plot(
    path: Path, study: str, rows: Rows, real: Mapping[str, Summary],
    names: Sequence[str],
) -> None:  # fmt: skip
    """A column for every metric; a row for every axis, or one row with an axis as a line.

    With many lines in a panel, values over half as much again from their median lie outside: they are in the table.
    """
    from matplotlib.figure import Figure

    axes_names = list(dict.fromkeys(v.axis for v, _ in rows))
    together = study in ("samplers", "length")
    down = 1 if together else len(axes_names)
    figure = Figure(figsize=(2.9 * len(names), 4 if together else 1.9 * down), layout="constrained")
    grid = figure.subplots(down, len(names), squeeze=False)
    ticks = sorted({float(v.value) for v, _ in rows})
    for number, axis in enumerate(axes_names):
        own = [(v, row) for v, row in rows if v.axis == axis]
        xs = [float(v.value) for v, _ in own]
        for column, name in enumerate(names):
            panel = grid[0 if together else number][column]
            means, errors = [row[name].mean for _, row in own], [row[name].ci95 or 0.0 for _, row in own]
            panel.errorbar(
                xs, means, yerr=errors, marker="o", ms=3, lw=1.2, capsize=2, label=axis, color=f"C{number}"
            )
            for (variant, row), x in zip(own, xs):
                if variant.usual:
                    panel.plot([x], [row[name].mean], "o", ms=8, mfc="none", mec="black")
            if name in real and (not together or number == 0):
                panel.axhline(real[name].mean, ls=":", color="0.5", lw=1)
            panel.set_title(title_of(name), fontsize=8, loc="left")
            panel.tick_params(labelsize=7)
            panel.spines[["top", "right"]].set_visible(False)
            if not together:
                panel.set_xlabel(axis, fontsize=7)
                continue
            shown = [row[name].mean for _, row in rows]
            shown += [real[name].mean] if name in real and name != "fid" else []
            middle = median(shown)
            shown = [value for value in shown if middle / 1.5 <= value <= middle * 1.5]
            margin = 0.06 * (max(shown) - min(shown))
            panel.set_ylim(min(shown) - margin, max(shown) + margin)
            panel.set_xscale("log")
            panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            panel.minorticks_off()
    if together:
        grid[0][0].set_xlabel("evaluations of the network" if study == "samplers" else "pieces", fontsize=8)
        figure.legend(
            *grid[0][0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=6,
            fontsize=7,
            frameon=False,
        )
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
