"""What a benchmark leaves behind: JSON, Markdown, LaTeX, plots, and a page of contact sheets side by side."""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from eval.benchmark.maker import DrawSheet
from eval.benchmark.making import Motions, Unit
from eval.benchmark.report import (
    Results,
    columns,
    conventions,
    in_blocks,
    latex,
    main_columns,
    markdown,
    plot_metrics,
    plot_times,
    write_json,
)
from eval.benchmark.tables import page_tables
from motioncollage.files import atomic_path, write_text

SHOWN = 2  # motions of every method on the page

Times = Mapping[str, Sequence[tuple[float, float]]]


def write_results(
    out: Path,
    results: Results,
    times: Times,
    about: Mapping[str, Any],
    examples: Mapping[str, tuple[Unit, Path]],
    draw: DrawSheet,
) -> None:
    """Write everything into `out`, each file whole; `results.json` last, as the sign that all is there."""
    with atomic_path(out / "metrics.png", force=True) as target:
        plot_metrics(results, target)
    if times:
        with atomic_path(out / "times.png", force=True) as target:
            plot_times(times, target)
    main = main_columns(results, about["main"])
    others = [name for name in columns(results) if name not in main]
    write_text(
        out / "table.tex",
        "\n".join(latex(results, names) for names in [main, *in_blocks(others)]),
        force=True,
    )
    write_text(out / "about.json", json.dumps({**about, "times": times}, indent=1) + "\n", force=True)
    write_text(out / "report.md", report(results, times, about), force=True)
    sheets = _sheets(out, examples, draw)
    write_text(out / "index.html", page(results, sheets, about, timed=bool(times)), force=True)
    with atomic_path(out / "results.json", force=True) as target:
        write_json(results, target)


def report(results: Results, times: Times, about: Mapping[str, Any]) -> str:
    """The Markdown report."""
    settings = about["settings"]
    methods = settings["methods"]
    main = main_columns(results, about["main"])
    others = [name for name in columns(results) if name not in main]
    lines = [
        f"# {about['benchmark']} benchmark, {settings['protocol']} protocol",
        "",
        f"Model `{about['model']}`; {methods['sampler']['name']}, {methods['sampler']['steps']} steps, guidance"
        f" {methods['guidance']['scale']:g}; {settings['repetitions']} repetitions of {settings['texts'] or 'all'} texts; mean ± half the"
        f" 95 % interval. Machine: {about['machine']}.",
        "",
        markdown(results, main),
    ]
    if others:
        lines += ["## All metrics", "", *(markdown(results, names) for names in in_blocks(others))]
    lines += ["![metrics](metrics.png)", ""]
    if times:
        lines += [
            "## Time",
            "",
            *_times_table(times),
            "",
            "![seconds of work against seconds of motion](times.png)",
            "",
        ]
    lines += ["## What the numbers are", "", *(f"{line}\n" for line in about["conventions"])]
    lines.append(conventions(results))
    return "\n".join(lines)


def _times_table(times: Times) -> list[str]:
    lengths = [length for length, _ in next(iter(times.values()))]
    lines = [
        "| seconds of work for one motion of | " + " | ".join(f"{length:g} s" for length in lengths) + " |"
    ]
    lines.append("|" + "---|" * (len(lengths) + 1))
    lines += [
        f"| {method} | " + " | ".join(f"{seconds:.2f}" for _, seconds in points) + " |"
        for method, points in times.items()
    ]
    return lines


def _sheets(out: Path, examples: Mapping[str, tuple[Unit, Path]], draw: DrawSheet) -> dict[str, list[str]]:
    """Contact sheets of the first motions of every method; paths relative to the page."""
    sheets: dict[str, list[str]] = {}
    for method, (unit, path) in examples.items():
        motions = Motions.load(path)
        # Of texts that a method shows more than once, the first motion.
        first: dict[tuple[str, ...], int] = {}
        for place, script in enumerate(unit.scripts):
            first.setdefault(script.texts, place)
        for number, place in enumerate(list(first.values())[:SHOWN]):
            motion, script = motions.features[place], unit.scripts[place]
            target = out / "sheets" / f"{method}-{number + 1}.png"
            draw(target, torch.from_numpy(motion), script)
            sheets.setdefault(method, []).append(str(target.relative_to(out)))
    return sheets


def page(results: Results, sheets: Mapping[str, list[str]], about: Mapping[str, Any], *, timed: bool) -> str:
    """A self-contained page: plots, then the sheets of all methods side by side."""
    title = f"{about['benchmark']} benchmark, {about['settings']['protocol']} protocol"
    columns = "".join(
        f"<figure><figcaption>{html.escape(method)}</figcaption>"
        + "".join(
            f'<a href="{html.escape(f)}"><img src="{html.escape(f)}" alt="{html.escape(method)}"></a>'
            for f in files
        )
        + "</figure>"
        for method, files in sheets.items()
    )
    times = (
        '<img class="wide" src="times.png" alt="seconds of work against seconds of motion">' if timed else ""
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #2a2f36; background: #f5f4f0; }}
main {{ display: flex; gap: 1rem; overflow-x: auto; align-items: flex-start; }}
figure {{ margin: 0; min-width: 26rem; }}
figcaption {{ font-weight: 600; margin-bottom: .4rem; }}
img {{ width: 100%; margin-bottom: 1rem; }}
img.wide {{ max-width: 70rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: right; padding: .25rem .9rem; }}
th:first-child {{ text-align: left; }}
thead th {{ border-bottom: 1px solid #9aa0a8; font-weight: 600; vertical-align: bottom; max-width: 11rem; }}
summary {{ cursor: pointer; }}
</style></head><body>
<h1>{html.escape(title)}</h1>
<p>{len(results)} methods; the numbers are in <a href="report.md">report.md</a> and <a href="results.json">results.json</a>.</p>
{page_tables(results, about["main"])}
<img class="wide" src="metrics.png" alt="metrics of every method">
{times}
<h2>The same texts by every method</h2>
<main>{columns}</main>
</body></html>
"""
