"""Protocols by name, and metrics of other packages in every one of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from eval.benchmark.protocol import BUILT_IN, measure, metric_names, protocol
from eval.benchmark.reference import Entry, Reference
from eval.benchmark.settings import BenchmarkSettings
from eval.metrics.evidence import Evidence
from motioncollage import plugins

NAMES = ("composition", "long", "loops")

PACKAGE = """
from eval.metrics.metric import Metric

def span(evidence):
    frames = [len(joints) for joints in evidence.joints]
    return [Metric("span", sum(frames) / evidence.fps, "s", "matching real", "a test", len(frames))]

def broken(evidence):
    return 1 / 0
"""


def install(folder: Path, metrics: str) -> None:
    """A package as pip leaves it."""
    (folder / "somebodys_metrics.py").write_text(PACKAGE)
    info = folder / "somebodys_metrics-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-metrics\nVersion: 2.0\n")
    (info / "entry_points.txt").write_text(f"[motioncollage.metrics]\n{metrics}\n")


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.forget()
    yield tmp_path
    monkeypatch.undo()
    plugins.forget()


def evidence(method: str = "collage", **changes: Any) -> Evidence:
    """Four random motions of 100 frames."""
    rng = np.random.default_rng(0)
    names = [f"{number}" for number in range(6)]
    reference = Reference(
        tuple(Entry(name, ("a",), ("a",), name, 80) for name in names),
        rng.normal(size=(6, 5)), rng.normal(size=(6, 5)), rng.random((6, 57)),
        {"skating_ratio": 0.1, "ground_penetration": 0.01}, "test",
    )  # fmt: skip
    motions = [torch.from_numpy(rng.normal(size=(100, 66))) for _ in range(4)]
    values: dict[str, Any] = {
        "method": method, "embedded": rng.normal(size=(4, 5)), "words": rng.normal(size=(4, 5)),
        "pools": [np.arange(4)], "real": reference, "weights": None, "answers": None, "answer_pairs": None,
        "motions": motions, "pieces": motions, "seams": (50,), "loops": False, "fps": 20.0,
        "to_joints": lambda features: features.reshape(*features.shape[:-1], 22, 3),
        "embed": lambda parts: np.stack([part[:, :5].mean(0).numpy() for part in parts]),
        "rng": np.random.default_rng(1),
    }  # fmt: skip
    return Evidence(**{**values, **changes})


def test_protocols_are_objects_with_names_defaults_and_conventions() -> None:
    assert set(NAMES) <= set(plugins.available("protocols"))
    for name in NAMES:
        chosen = protocol(name)
        settings = BenchmarkSettings(protocol=name)
        chosen.check(settings)
        assert chosen.name == name
        assert set(chosen.metrics) <= set(BUILT_IN) <= set(plugins.available("metrics"))
        assert all(line.endswith(".") for line in chosen.conventions(settings))
        with pytest.raises(ValueError, match="give --texts"):
            chosen.check(BenchmarkSettings(protocol=name, texts=None))
    with pytest.raises(
        ValueError, match="protocol 'circles' is unknown; choose one of actions, babel, composition, flowmdm"
    ):
        protocol("circles")
    with pytest.raises(ValueError, match=r"seconds is 2; the longest crop is 9\.8 s"):
        protocol("long").check(BenchmarkSettings(seconds=2.0))


def test_a_metric_of_another_package_stands_in_every_protocol(packages: Path) -> None:
    install(packages, "span=somebodys_metrics:span")
    for name in NAMES:
        assert metric_names(protocol(name))[-1] == "span"
    found = {metric.name: metric for metric in measure(protocol("composition"), evidence())}
    assert found["span"].value == pytest.approx(4 * 100 / 20)
    assert {"fid", "peak_jerk", "transition_fid", "r_precision_top1", "skating_ratio"} <= found.keys()
    # Recordings that are only known by their figures have no motions.
    real = {
        metric.name for metric in measure(protocol("composition"), evidence("real", motions=(), pieces=()))
    }
    assert "span" not in real
    assert {"peak_jerk", "skating_ratio"} <= real


def test_a_metric_that_fails_is_named_with_its_package(packages: Path) -> None:
    install(packages, "broken=somebodys_metrics:broken")
    message = r"metric 'broken' of somebodys-metrics 2\.0 fails on collage: ZeroDivisionError"
    with pytest.raises(ValueError, match=message):
        measure(protocol("long"), evidence())


def test_a_name_that_is_measured_already_is_refused(packages: Path) -> None:
    install(packages, "again=eval.metrics.motion:fid")
    with pytest.raises(ValueError, match="metric 'again' measures 'fid', which is measured already"):
        measure(protocol("long"), evidence())


def test_joins_need_a_whole_window() -> None:
    assert evidence(motions=[torch.zeros(200, 66)], seams=(20, 100, 180)).joins == [(0, 100)]
    # A short motion is looked at in its middle.
    assert evidence(motions=[torch.zeros(90, 66)], seams=(20,)).joins == [(0, 45)]
    with pytest.raises(ValueError, match="as long as a window of 60 frames"):
        _ = evidence(motions=[torch.zeros(50, 66)]).windows
