"""Tables for people: 80 columns, four metrics, the rest on request, and pages that hold all of them."""

from io import StringIO

import pytest
from rich.console import Console

from eval.benchmark.report import Results, columns, conventions, in_blocks, main_columns, summarise
from eval.benchmark.tables import page_tables, terminal_tables
from eval.metrics.metric import Metric

MAIN = ("r_precision_top3", "fid", "transition_fid", "peak_jerk")
NAMES = {
    "r_precision_top3": 0.7512, "fid": 123.41, "transition_fid": 0.0123, "peak_jerk": 0.04713, "diversity": 9.481,
    "skating_ratio": 0.0412, "arm_span": 1.71,
}  # fmt: skip


def metric(name: str, value: float, **details: float | int | str) -> Metric:
    unit = "m/frame^3" if name == "peak_jerk" else "1"
    return Metric(name, value, unit, "lower", "somebody 2022", 10, details)


@pytest.fixture
def results() -> Results:
    methods = ("real", "reconstruction", "multidiffusion", "collage")
    return summarise(
        {
            method: [[metric(name, value * scale) for name, value in NAMES.items()] for scale in (1.0, 1.04)]
            for method in methods
        }
    )


def printed(results: Results, which: str, main: tuple[str, ...] = MAIN) -> str:
    console = Console(file=StringIO(), width=80)
    for table in terminal_tables(results, "starter, composition", main, which):
        console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_the_small_table_has_the_four_that_matter_in_eighty_columns(results: Results) -> None:
    text = printed(results, "main")
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for short in ("R@3", "FID", "Transition", "PJ"):
        assert short in text
    assert "Skating" not in text
    assert "and 3 more: --table all" in text
    # A line for every method, unbroken: its name, then a number and half an interval for each metric.
    for method in results:
        (line,) = (line for line in text.splitlines() if line.strip().startswith(method))
        assert line.count("±") == 4


def test_all_metrics_come_four_at_a_time(results: Results) -> None:
    text = printed(results, "all")
    assert max(map(len, text.splitlines())) <= 80
    assert "more: --table all" not in text
    for short in ("R@3", "PJ", "Diversity", "Skating", "Arm span"):
        assert short in text
    assert len([line for line in text.splitlines() if line.strip().startswith("collage")]) == 2


def test_without_a_choice_the_first_metrics_are_shown(results: Results) -> None:
    assert main_columns(results) == ["r_precision_top3", "fid", "diversity", "transition_fid"]
    assert main_columns(results, ("loop_drift", "fid")) == ["fid"]
    assert main_columns(results, ("loop_drift",)) == main_columns(results)
    assert in_blocks(columns(results), 3)[-1] == ["arm_span"]


def test_pages_hold_the_small_table_and_the_rest(results: Results) -> None:
    page = page_tables({"a <b>": results["real"], **results}, MAIN)
    assert page.count("<table>") == 2
    assert "<summary>3 more metrics</summary>" in page
    assert page.index("Peak jerk (m/frame^3)") < page.index("<summary>") < page.index("Foot skating")
    assert "a &lt;b&gt;" in page
    assert "<details>" not in page_tables({"real": {"fid": results["real"]["fid"]}}, MAIN)


def test_conventions_are_those_of_every_row() -> None:
    found = conventions(
        summarise(
            {
                "real": [[metric("fid", 0.0, real_count=4000), metric("kid", 0.0)]],
                "short": [[metric("fid", 1.0, real_count=900), metric("kid", 0.0)]],
                "collage": [[metric("fid", 2.0, real_count=900)]],
            }
        )
    )
    assert found.splitlines() == [
        "- **FID** (`fid`):",
        "  - real: somebody 2022 (real_count 4000; of 10)",
        "  - short, collage: somebody 2022 (real_count 900; of 10)",
        "- **KID** (`kid`): somebody 2022 (of 10)",
    ]
