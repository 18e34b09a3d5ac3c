"""Tables, files and plots from numbers that are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eval.benchmark.report import (
    Results,
    Summary,
    cell,
    conventions,
    latex,
    markdown,
    plot_metrics,
    plot_times,
    summarise,
    to_json,
    write_json,
)
from eval.metrics.metric import Metric


def metric(name: str, value: float, unit: str = "1") -> Metric:
    return Metric(name, value, unit, "lower", "somebody 2022", 10, {"pool": 32})


@pytest.fixture
def results() -> Results:
    return summarise(
        {
            "real": [[metric("fid", 0.002)], [metric("fid", 0.004)]],
            "collage": [
                [metric("fid", 1.0), metric("peak_jerk", 0.05, "m/frame^3")],
                [metric("fid", 2.0), metric("peak_jerk", 0.07, "m/frame^3")],
                [metric("fid", 3.0), metric("peak_jerk", 0.06, "m/frame^3")],
            ],
        }
    )


def test_summaries_follow_the_official_definitions(results: Results) -> None:
    fid = results["collage"]["fid"]
    assert fid.mean == pytest.approx(2.0)
    assert fid.std == pytest.approx(np.sqrt(2 / 3))
    assert fid.ci95 == pytest.approx(1.96 * np.sqrt(2 / 3) / np.sqrt(3))
    with pytest.raises(ValueError, match="repetitions of collage measured different metrics"):
        summarise({"collage": [[metric("fid", 1.0)], [metric("kid", 1.0)]]})


def test_one_repetition_has_no_interval() -> None:
    once = Summary((0.5,), metric("fid", 0.5))
    assert once.ci95 is None
    assert cell(once) == "0.500"
    assert cell(None) == ""


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((12.0, 14.0), "13.0 ± 1.4"),
        ((0.7, 0.8), "0.750 ± 0.069"),
        ((0.0, 0.0), "0.000 ± 0.000"),
        ((123.4, 123.4), "123 ± 0"),
    ],
)
def test_cells_keep_three_digits(values: tuple[float, ...], text: str) -> None:
    assert cell(Summary(values, metric("fid", 0.0))) == text


def test_json_is_complete_and_strict(results: Results, tmp_path: Path) -> None:
    write_json(results, tmp_path / "results.json")
    read = json.loads((tmp_path / "results.json").read_text())
    assert read == json.loads(json.dumps(to_json(results)))
    assert read["collage"]["fid"]["values"] == [1.0, 2.0, 3.0]
    assert read["collage"]["fid"]["direction"] == "lower"
    broken = {"collage": {"fid": Summary((float("nan"),), metric("fid", 0.0))}}
    with pytest.raises(ValueError, match=r"not JSON compliant|Out of range"):
        write_json(broken, tmp_path / "broken.json")


def test_markdown_and_latex(results: Results) -> None:
    lines = markdown(results).splitlines()
    assert lines[0] == "| method | FID ↓ | Peak jerk (m/frame^3) ↓ |"
    assert lines[2].startswith("| real | 0.00300 ± ")
    assert lines[2].endswith("|  |")
    text = latex(results)
    assert r"\begin{tabular}{lcc}" in text
    assert r"collage & 2.00 $\pm$ 0.92 & 0.0600 $\pm$ 0.0092 \\" in text
    assert "somebody 2022 (pool 32; of 10)" in conventions(results)


def test_plots_are_pictures(results: Results, tmp_path: Path) -> None:
    plot_metrics(results, tmp_path / "metrics.png")
    plot_times(
        {"collage": [(6.0, 1.0), (12.0, 1.5)], "baseline": [(6.0, 2.0), (12.0, 5.0)]}, tmp_path / "times.png"
    )
    for name in ("metrics.png", "times.png"):
        with Image.open(tmp_path / name) as picture:
            pixels = np.asarray(picture.convert("RGB"))
        assert pixels.shape[0] > 200
        assert pixels.std() > 5
