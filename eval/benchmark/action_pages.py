"""What the actions protocol leaves behind: tables, a plot of made against real, and a page with the worst actions."""

import html
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from eval.benchmark.asked import Questions
from eval.benchmark.outcomes import SEEN, WELL_SEEN, Outcome, worst_first
from eval.benchmark.report import (
    SERIES,
    Results,
    conventions,
    latex,
    markdown,
    write_json,
)
from eval.benchmark.run import machine
from eval.benchmark.settings import BenchmarkSettings
from eval.benchmark.tables import plain_table, terminal_tables
from eval.checks.undecided import UNDECIDED
from motioncollage.files import atomic_path, write_text

IN_A_COLUMN = 42  # actions of a column of the plot
FILE = "actions.json"


@dataclass(frozen=True)
class Shown:
    """All that is shown.

    Attributes:
        results: the headline numbers of every method.
        outcomes: of every action, by method; the first is the one that tables and plot are sorted by.
        questions: what was asked.
        sheets: contact sheets of the worst actions, relative to the folder, by label.
        model: its name.
        device: where it ran.
    """

    results: Results
    outcomes: Mapping[str, Sequence[Outcome]]
    questions: Questions
    sheets: Mapping[str, Path]
    model: str
    device: torch.device

    @property
    def main(self) -> str:
        """The method that tables are sorted by."""
        return next(iter(self.outcomes))

    def terminal(self) -> list[Table]:
        """The headline, then the actions that hardly happen."""
        title = f"{len(self.outcomes[self.main])} actions of {self.model}"
        tables = terminal_tables(self.results, title, (), "main")
        rare = [row for row in worst_first(self.outcomes[self.main]) if row.made < 1][:5]
        if rare:
            worst = plain_table("Those that happen least", None)
            worst.add_column("action")
            worst.add_column("real", justify="right")
            worst.add_column(self.main, justify="right")
            for row in rare:
                real = "" if row.asked.real is None else f"{row.asked.real.share:.2f}"
                worst.add_row(row.asked.label, real, f"{row.made:.2f}")
            tables.append(worst)
        return tables


def write_actions(out: Path, shown: Shown, settings: BenchmarkSettings) -> None:
    """Write everything into `out`, each file whole; `results.json` last.

    `actions.json` is what a model's folder may hold (`mdm_adapter.models.happening`).
    """
    about = {
        "model": shown.model,
        "settings": settings.as_numbers(),
        "machine": machine(shown.device),
        "without_check": list(shown.questions.unchecked),
        "without_caption": list(shown.questions.unknown),
    }
    with atomic_path(out / "actions.png", force=True) as target:
        plot(shown, target)
    for number, (method, outcomes) in enumerate(shown.outcomes.items()):
        numbers = {row.asked.label: row.as_numbers() for row in outcomes}
        content = {"model": shown.model, "method": method, "seed": settings.seed, "actions": numbers}
        name = FILE if number == 0 else f"actions-{method}.json"
        write_text(out / name, json.dumps(content, indent=1, allow_nan=False) + "\n", force=True)
    write_text(out / "table.tex", latex(shown.results), force=True)
    write_text(out / "about.json", json.dumps(about, indent=1) + "\n", force=True)
    write_text(out / "report.md", report(shown, settings, about), force=True)
    write_text(out / "index.html", page(shown), force=True)
    with atomic_path(out / "results.json", force=True) as target:
        write_json(shown.results, target)


def table(shown: Shown) -> str:
    """All actions in Markdown, lowest rate first."""
    others = [method for method in shown.outcomes if method != shown.main]
    beside = {m: {row.asked.label: row.made for row in shown.outcomes[m]} for m in others}
    titles = ["action", shown.main, *others, "real", "clips", "margin", "missing", "caption"]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    for row in worst_first(shown.outcomes[shown.main]):
        real = row.asked.real
        cells = [
            row.asked.label,
            f"{row.made:.2f}",
            *(f"{beside[method][row.asked.label]:.2f}" for method in others),
            "" if real is None else f"{real.share:.2f} of {real.takes}",
            str(row.asked.clips),
            f"{row.margin:+.2f}",
            row.missing,
            row.asked.caption,
        ]
        lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def report(shown: Shown, settings: BenchmarkSettings, about: Mapping[str, Any]) -> str:
    """The Markdown report."""
    methods = settings.methods
    scale = f", guidance {methods.guidance.scale:g}" if methods.guidance else ""
    asked = shown.questions
    errors = [
        f"{method} {row['actions'].metric.details['standard_error']:.3f}"
        for method, row in shown.results.items()
        if "standard_error" in row["actions"].metric.details
    ]
    lines = [
        "# Does every action happen?",
        "",
        f"Model `{shown.model}`; {methods.sampler.name}, {methods.sampler.steps} steps{scale};"
        f" {settings.takes} takes of each of {len(asked.asked)} actions. Machine: {about['machine']}.",
        "",
        markdown(shown.results),
        f"Columns two and three: of actions with {SEEN} training clips or more, and the worst of those with {WELL_SEEN} or"
        f" more. Standard error of the mean over the takes: {', '.join(errors)}.",
        "",
        "![rate of every action, made against real](actions.png)",
        "",
        "## Every action",
        "",
        "Lowest rate first. `clips` are those of the training; `margin` is the median of the takes' (0 or more: it"
        " happened); `missing` is what takes that failed lacked most often.",
        "",
        table(shown),
        "## What the numbers are",
        "",
        "Every take shows one action alone, as long as the model finds natural, under captions of its training clips in"
        " turn (the table names the first); its check (docs/checks.md) looks for the action anywhere in it. Real rates are of all recordings of a"
        " label, those that the thresholds were set on among them.",
        "",
    ]
    if asked.unchecked:
        reasons = [f"{label} ({UNDECIDED.get(label, 'nobody has written one')})" for label in asked.unchecked]
        lines += [f"Without a check: {'; '.join(reasons)}.", ""]
    if asked.unknown:
        lines += [f"With a check, but no caption to ask for them: {', '.join(asked.unknown)}.", ""]
    return "\n".join([*lines, conventions(shown.results)])


def plot(shown: Shown, path: Path) -> None:
    """A line per action in columns, best first: made (dots) against real (strokes)."""
    from matplotlib.figure import Figure

    order = worst_first(shown.outcomes[shown.main])[::-1]
    across = math.ceil(len(order) / IN_A_COLUMN)
    down = math.ceil(len(order) / across)
    size = (max(4.2 * across, 6.0), 0.19 * down + 1.1)
    figure = Figure(figsize=size, layout="constrained")
    beside = {
        method: {row.asked.label: row.made for row in outcomes} for method, outcomes in shown.outcomes.items()
    }
    for column in range(across):
        axes = figure.add_subplot(1, across, column + 1)
        part = order[column * down : (column + 1) * down]
        for y, row in enumerate(part):
            real = row.asked.real
            if real is not None:
                axes.plot([row.made, real.share], [y, y], color="#c9ccd1", linewidth=2.5, zorder=1)
                axes.plot([real.share] * 2, [y - 0.34, y + 0.34], color="#2a2f36", linewidth=1.6, zorder=3)
        for place, (method, made) in enumerate(beside.items()):
            axes.scatter(
                [made[row.asked.label] for row in part], range(len(part)), s=24 if place == 0 else 12,
                color=SERIES[place % len(SERIES)], zorder=4 - place, label=method,
            )  # fmt: skip
        axes.axvline(0.5, color="#c65b4e", linewidth=0.8, linestyle=(0, (3, 3)), zorder=0)
        axes.set_yticks(range(len(part)), [_plain(row.asked.label) for row in part], fontsize=8)
        axes.set_ylim(down - 0.4, -0.6)
        axes.set_xlim(-0.04, 1.04)
        axes.set_xticks([0, 0.5, 1], ["0", "½", "1"], fontsize=8)
        axes.tick_params(axis="both", length=0)
        axes.grid(axis="x", color="#e3e4e6", linewidth=0.6)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left", "bottom"):
            axes.spines[side].set_visible(False)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    from matplotlib.lines import Line2D

    stroke = Line2D([], [], color="#2a2f36", marker="|", markersize=9, markeredgewidth=1.6, linewidth=0)
    figure.legend(
        [*handles, stroke], [*labels, "real"], loc="outside upper left", ncols=8, frameon=False, fontsize=9
    )
    figure.savefig(path, dpi=120)


def _plain(label: str) -> str:
    return label if len(label) <= 30 else label[:29] + "…"


def page(shown: Shown) -> str:
    """A page with the plot and the sheets of the worst actions."""
    title = f"Does every action happen? {shown.model}"
    rates = {row.asked.label: row for row in shown.outcomes[shown.main]}
    figures = "".join(
        f"<figure><figcaption>{html.escape(label)}: {rates[label].passed} of {len(rates[label].verdicts)} takes."
        f" {html.escape(rates[label].missing)}</figcaption>"
        f'<a href="{html.escape(str(path))}"><img src="{html.escape(str(path))}" alt="{html.escape(label)}"></a></figure>'
        for label, path in shown.sheets.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem; color: #2a2f36; background: #f5f4f0; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(26rem, 1fr)); gap: 1rem; }}
figure {{ margin: 0; }}
figcaption {{ margin-bottom: .4rem; }}
img {{ width: 100%; }}
img.wide {{ max-width: 80rem; background: #fff; }}
</style></head><body>
<h1>{html.escape(title)}</h1>
<p>All numbers are in <a href="report.md">report.md</a> and <a href="{FILE}">{FILE}</a>.</p>
<img class="wide" src="actions.png" alt="rate of every action, made against real">
<h2>The actions that happen least; a take in the middle of theirs</h2>
<main>{figures}</main>
</body></html>
"""
