"""Results of repeated measurements as JSON, Markdown, LaTeX and plots."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from eval.metrics.metric import Metric

ARROWS = {"higher": "↑", "lower": "↓", "matching real": "→"}
LATEX_ARROWS = {"higher": r"$\uparrow$", "lower": r"$\downarrow$", "matching real": r"$\rightarrow$"}


class Heading(NamedTuple):
    """A metric's title, and what tables in the field call it where there is little room."""

    title: str
    short: str


HEADINGS = {
    "r_precision_top1": Heading("R-precision top 1", "R@1"),
    "r_precision_top2": Heading("R-precision top 2", "R@2"),
    "r_precision_top3": Heading("R-precision top 3", "R@3"),
    "multimodal_distance": Heading("Multimodal distance", "MM-Dist"),
    "fid": Heading("FID", "FID"),
    "kid": Heading("KID", "KID"),
    "diversity": Heading("Diversity", "Diversity"),
    "multimodality": Heading("Multimodality", "MModality"),
    "actions": Heading("Actions that happen", "Happen"),
    "actions_seen": Heading("Of 3 clips or more", "3 clips+"),
    "actions_worst": Heading("Worst of 5 clips or more", "Worst, 5 clips+"),
    "actions_rare": Heading("Below one half", "Below half"),
    "transition_fid": Heading("Transition FID", "Transition FID"),
    "transition_diversity": Heading("Transition diversity", "Transition Diversity"),
    "peak_jerk": Heading("Peak jerk", "PJ"),
    "area_under_jerk": Heading("Area under jerk", "AUJ"),
    "area_under_jerk_flowmdm": Heading("Area under jerk, FlowMDM's reference", "AUJ, their reference"),
    "transition_peak_jerk": Heading("Peak jerk of transitions", "Peak Jerk"),
    "auj_gap": Heading("Area between jerk curves", "AUJ Gap"),
    "loop_jerk_ratio": Heading("Wrap jerk / interior", "Wrap jerk"),
    "loop_jerk_rank": Heading("Wrap's rank in the interior", "Wrap rank"),
    "loop_jerk_to_mean": Heading("Wrap jerk / mean of the cycle", "Wrap jerk, mean"),
    "loop_pose_gap": Heading("Wrap pose gap", "Pose gap"),
    "loop_velocity_gap": Heading("Wrap velocity gap", "Velocity gap"),
    "loop_drift": Heading("Drift", "Drift"),
    "loop_yaw": Heading("Turn", "Turn"),
    "skating_ratio": Heading("Foot skating", "Skating"),
    "ground_penetration": Heading("Ground penetration", "Sinking"),
}
# Variants of what the tables show, and side figures.
IN_FILES_ONLY = frozenset(
    (
        "peak_jerk_each", "area_under_jerk_each", "peak_jerk_worst", "loop_pose_ratio", "loop_velocity_ratio",
    )
)  # fmt: skip
MAIN = 4  # metrics of a table that fits 80 columns
SERIES = ("#4c7fdc", "#eda138", "#4fb286", "#b964a8", "#c65b4e", "#6b6f76", "#8a6d3b")


@dataclass(frozen=True)
class Summary:
    """A metric over repetitions.

    Attributes:
        values: one per repetition.
        metric: what it is (of the first repetition: unit, direction, source, conventions).
    """

    values: tuple[float, ...]
    metric: Metric

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))

    @property
    def std(self) -> float:
        """Population standard deviation, as the official evaluation prints it."""
        return float(np.std(self.values))

    @property
    def ci95(self) -> float | None:
        """Half the 95 % interval of the mean, 1.96 std / sqrt(repetitions), as officially; None after one repetition."""
        return 1.96 * self.std / math.sqrt(len(self.values)) if len(self.values) > 1 else None


Results = Mapping[str, Mapping[str, Summary]]


def summarise(repetitions: Mapping[str, Sequence[Sequence[Metric]]]) -> dict[str, dict[str, Summary]]:
    """{method: [[metrics of a repetition], ...]} -> {method: {metric: summary}}.

    Raises:
        ValueError: repetitions of one method that measured different things.
    """
    results: dict[str, dict[str, Summary]] = {}
    for method, rows in repetitions.items():
        names = [metric.name for metric in rows[0]]
        if any([metric.name for metric in row] != names for row in rows):
            raise ValueError(f"the repetitions of {method} measured different metrics")
        results[method] = {
            first.name: Summary(tuple(row[i].value for row in rows), first) for i, first in enumerate(rows[0])
        }
    return results


def to_json(results: Results) -> dict[str, dict[str, dict[str, Any]]]:
    """{method: {metric: {mean, std, ci95, values, unit, direction, source, details}}}."""
    return {
        method: {
            name: {
                "mean": summary.mean,
                "std": summary.std,
                "ci95": summary.ci95,
                "values": list(summary.values),
                "unit": summary.metric.unit,
                "direction": summary.metric.direction,
                "source": summary.metric.source,
                "details": dict(summary.metric.details),
            }
            for name, summary in row.items()
        }
        for method, row in results.items()
    }


def columns(results: Results) -> list[str]:
    """Metrics of the tables that any method has: those with a heading, in its order, then those of other packages."""
    present = dict.fromkeys(name for row in results.values() for name in row)
    known = [name for name in HEADINGS if name in present]
    return known + [name for name in present if name not in HEADINGS and name not in IN_FILES_ONLY]


def cell(summary: Summary | None) -> str:
    """Mean ± half the interval, to three significant digits of the mean; empty where nothing was measured."""
    if summary is None:
        return ""
    digits = max(0, 2 - math.floor(math.log10(abs(summary.mean)))) if summary.mean else 3
    digits = min(digits, 5)
    mean = f"{summary.mean:.{digits}f}"
    return mean if summary.ci95 is None else f"{mean} ± {summary.ci95:.{digits}f}"


def rows(results: Results, names: Sequence[str]) -> list[list[str]]:
    """Text of a table: a row per method, its name first, then the metrics of these names."""
    return [[method, *(cell(row.get(name)) for name in names)] for method, row in results.items()]


def heading(results: Results, name: str, arrows: Mapping[str, str] = ARROWS, *, short: bool = False) -> str:
    """A metric's title with the direction that is better and its unit."""
    metric = next(row[name].metric for row in results.values() if name in row)
    unit = "" if metric.unit == "1" or metric.unit.startswith("embedding") else f" ({metric.unit})"
    return f"{title_of(name, short=short)}{unit} {arrows[metric.direction]}"


def title_of(name: str, *, short: bool = False) -> str:
    """What a metric is called in tables."""
    if name not in HEADINGS:
        return name.replace("_", " ").capitalize()
    return HEADINGS[name].short if short else HEADINGS[name].title


def main_columns(results: Results, wanted: Sequence[str] = ()) -> list[str]:
    """The metrics that a table shows where nobody asks for more: those wanted that were measured, or the first ones.

    With the names of the methods they fill a terminal of 80 columns.
    """
    present = columns(results)
    return ([name for name in wanted if name in present] or present)[:MAIN]


def in_blocks(names: Sequence[str], size: int = MAIN) -> list[list[str]]:
    """Names a table at a time, so that none is wider than a page."""
    return [list(names[first : first + size]) for first in range(0, len(names), size)]


def markdown(results: Results, names: Sequence[str] | None = None) -> str:
    """A table in Markdown, methods down; of all metrics where none are named."""
    names = columns(results) if names is None else names
    titles = ["method", *(heading(results, name) for name in names)]
    lines = ["| " + " | ".join(titles) + " |", "|" + "---|" * len(titles)]
    lines += ["| " + " | ".join(row) + " |" for row in rows(results, names)]
    return "\n".join(lines) + "\n"


def latex(results: Results, names: Sequence[str] | None = None) -> str:
    """A table in LaTeX (booktabs), methods down; of all metrics where none are named."""
    names = columns(results) if names is None else names
    titles = [heading(results, name, LATEX_ARROWS) for name in names]
    lines = [r"\begin{tabular}{l" + "c" * len(titles) + "}", r"\toprule"]
    lines.append("method & " + " & ".join(re.sub(r"\^(\d)", r"$^\1$", title) for title in titles) + r" \\")
    lines.append(r"\midrule")
    for method, *cells in rows(results, names):
        texts = [text.replace(" ± ", r" $\pm$ ") for text in cells]
        lines.append(f"{method} & " + " & ".join(texts) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"]) + "\n"


def conventions(results: Results) -> str:
    """Which definition every number of every row follows, as a Markdown list; rows that agree share a line."""
    lines = []
    for name in columns(results):
        told: dict[str, list[str]] = {}
        for method, row in results.items():
            if name in row:
                told.setdefault(_convention(row[name].metric), []).append(method)
        lines.append(
            f"- **{title_of(name)}** (`{name}`)" + (f": {next(iter(told))}" if len(told) == 1 else ":")
        )
        if len(told) > 1:
            lines += [f"  - {', '.join(methods)}: {text}" for text, methods in told.items()]
    return "\n".join(lines) + "\n"


def _convention(metric: Metric) -> str:
    """Definition and details; several runs of it rest on as many numbers each as the first."""
    details = [f"{key} {_figure(value)}" for key, value in metric.details.items()]
    details += [f"of {metric.count}"] if metric.count else []
    return metric.source + (f" ({'; '.join(details)})" if details else "")


def _figure(value: float | int | str) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def plot_metrics(results: Results, path: Path) -> None:
    """One small bar chart per metric, methods beside each other, bars of the 95 % interval."""
    from matplotlib.figure import Figure

    names = columns(results)
    across = 4
    down = math.ceil(len(names) / across)
    figure = Figure(figsize=(3.4 * across, 2.7 * down), layout="constrained")
    for place, name in enumerate(names):
        axes = figure.add_subplot(down, across, place + 1)
        having = [method for method, row in results.items() if name in row]
        for method in having:
            summary = results[method][name]
            x = list(results).index(method)
            color = SERIES[x % len(SERIES)]
            axes.bar(x, summary.mean, yerr=summary.ci95 or 0.0, color=color, capsize=2, width=0.75)
        axes.set_xlim(-0.6, len(results) - 0.4)
        axes.set_xticks([list(results).index(m) for m in having], having, rotation=35, ha="right", fontsize=7)
        axes.set_title(heading(results, name), fontsize=9, loc="left")
        axes.tick_params(axis="y", labelsize=7)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=130)


def plot_times(times: Mapping[str, Sequence[tuple[float, float]]], path: Path) -> None:
    """Wall-clock against seconds of motion, a line per method (paper, figure 5)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    for place, points in enumerate(times.values()):
        lengths, seconds = zip(*points)
        axes.plot(lengths, seconds, marker="o", color=SERIES[place % len(SERIES)])
    # Names beside the ends of their lines, pushed apart where lines end close together.
    ends = sorted(
        (points[-1][1], points[-1][0], place, name) for place, (name, points) in enumerate(times.items())
    )
    height, lowest = -math.inf, max(end for end, *_ in ends) / 18
    for end, length, place, name in ends:
        height = max(end, height + lowest)
        axes.annotate(
            name, (length, height), textcoords="offset points", xytext=(8, 0), fontsize=8, va="center",
            color=SERIES[place % len(SERIES)],
        )  # fmt: skip
    axes.set_xlabel("seconds of motion")
    axes.set_ylabel("seconds of work")
    axes.margins(x=0.2)
    axes.set_ylim(bottom=0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=130)


def write_json(results: Results, path: Path) -> None:
    """`results.json`; NaN is refused, because JSON has none."""
    path.write_text(json.dumps(to_json(results), indent=1, allow_nan=False) + "\n", encoding="utf-8")
