"""FlowMDM's protocol: its file, its pools, the windows at the boundaries of texts, and its figures in closed form."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from command_line import Command, one_line

from eval.benchmark.compositions import read_compositions
from eval.benchmark.making import Motions
from eval.benchmark.protocol import Bench, Texts, measure, protocol
from eval.benchmark.protocols.flowmdm import Compositions
from eval.benchmark.reference import Entry, Reference
from eval.benchmark.settings import BenchmarkSettings
from eval.metrics.transitions import FLOWMDM_JERK

FLOWMDM = protocol("flowmdm")
SETTINGS = BenchmarkSettings(protocol="flowmdm", texts=4, actions=8, jerk_reference="flowmdm")


class Joints:
    """Features are joints."""

    name, fps, width = "joints", 20.0, 66

    def to_joints(self, features: torch.Tensor) -> torch.Tensor:
        return features.unflatten(-1, (22, 3))


class Judge:
    """Reads the number in a text, and the number that a motion carries in its last frame's last column."""

    embedding_width = 1

    def embed_text(self, texts: list[str]) -> torch.Tensor:
        return torch.tensor([[float(text.split()[-1])] for text in texts])

    def embed_motion(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return features[torch.arange(len(features)), torch.as_tensor(lengths) - 1, -1:]


def rows(texts: list[list[str]], frames: int = 70, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": str(i), "text": told, "lengths": [frames] * len(told), **more} for i, told in enumerate(texts)
    ]


@pytest.fixture
def reference() -> Reference:
    """Sixty recordings of 40 to 217 frames."""
    rng = np.random.default_rng(0)
    motions = tuple(torch.from_numpy(rng.normal(size=(40 + 3 * i, 66)).astype(np.float32)) for i in range(60))
    entries = tuple(
        Entry(f"{i}", (f"text {i}", f"again {i}"), (f"text {i}", f"again {i}"), f"{i}", len(motion))
        for i, motion in enumerate(motions)
    )
    curves = np.full((4, 57), 0.05)
    return Reference(entries, np.zeros((60, 1)), np.zeros((4, 1)), curves, {}, "test", motions)


def bench(reference: Reference, settings: BenchmarkSettings = SETTINGS) -> Bench:
    judge = Judge()
    return Bench(settings, reference, Texts(reference, judge), judge, Joints(), ())


def test_texts_are_drawn_from_segments_of_70_to_199_frames_at_their_lengths(reference: Reference) -> None:
    drawn = FLOWMDM.draw(reference, SETTINGS, 0)
    assert [len(script.texts) for script in drawn.scripts] == [8] * 4
    told = [(text, frames) for script in drawn.scripts for text, frames in zip(script.texts, script.frames)]
    assert len({text.split()[1] for text, _ in told}) == 32
    assert all(frames == 40 + 3 * int(text.split()[1]) and 70 <= frames <= 199 for text, frames in told)
    assert sorted(drawn.items.tolist()) == list(range(10, 54))
    # Windows of all recordings of 60 frames or more, anywhere in them.
    assert len(drawn.shown) == 53
    again = FLOWMDM.draw(reference, SETTINGS, 1)
    assert again.scripts != drawn.scripts
    units = FLOWMDM.units("collage", 0, drawn, reference, replace(SETTINGS, batch=1))
    assert [unit.scripts[0] for unit in units] == list(drawn.scripts)
    with pytest.raises(ValueError, match="cannot fill a retrieval pool of 32"):
        FLOWMDM.draw(replace(reference, entries=reference.entries[:30]), SETTINGS, 0)


def smooth(scripts: Compositions, coefficient: float, number: int = 0) -> list[Motions]:
    """Motions on a cubic path straight up, whose jerk is 6 times the coefficient everywhere."""
    made = []
    for script in scripts.scripts:
        motion = np.zeros((sum(script.frames), 22, 3))
        motion[:, :, 1] = coefficient * (np.arange(len(motion))[:, None] - len(motion) / 2) ** 3
        motion[:, 1:3, 0] = (0.1, -0.1)  # hips, which say where it faces
        motion[:, 21, 2] = number
        made.append(Motions((motion.reshape(-1, 66),), (), 0.0))
    return made


def test_jerk_in_closed_form_from_both_references(reference: Reference) -> None:
    drawn = FLOWMDM.draw(reference, SETTINGS, 0)
    at = bench(reference)
    evidence = FLOWMDM.evidence("collage", smooth(drawn, 1e-5), drawn, at)
    found = {m.name: m for m in measure(FLOWMDM, evidence)}
    assert found["peak_jerk"].value == pytest.approx(6e-5, rel=1e-4)
    assert found["area_under_jerk"].value == pytest.approx(57 * (0.05 - 6e-5), rel=1e-6)
    assert found["area_under_jerk_flowmdm"].value == pytest.approx(57 * (FLOWMDM_JERK - 6e-5), rel=1e-6)
    # Seven boundaries of each of four compositions, at the ends of texts.
    assert found["peak_jerk"].count == 28
    assert evidence.joins[:7] == [(0, int(n)) for n in np.cumsum(drawn.scripts[0].frames)[:-1]]
    measured = FLOWMDM.evidence(
        "collage", smooth(drawn, 1e-5), drawn, bench(reference, replace(SETTINGS, jerk_reference="measured"))
    )
    assert "area_under_jerk_flowmdm" not in {m.name for m in measure(FLOWMDM, measured)}


def test_the_direction_that_a_body_faces_does_not_change_its_jerk(reference: Reference) -> None:
    drawn = FLOWMDM.draw(reference, SETTINGS, 0)
    rng = np.random.default_rng(3)
    made, turned = [], []
    for motion in smooth(drawn, 1e-5):
        body = (
            motion.features[0].reshape(-1, 22, 3) + rng.normal(size=(len(motion.features[0]), 22, 3)) * 0.001
        )
        made.append(Motions((body.reshape(-1, 66),), (), 0.0))
        x, y, z = np.moveaxis(body, -1, 0)
        turned.append(Motions((np.stack([z, y, -x], -1).reshape(-1, 66),), (), 0.0))
    peaks = [
        next(
            m.value
            for m in measure(FLOWMDM, FLOWMDM.evidence("collage", motions, drawn, bench(reference)))
            if m.name == "peak_jerk"
        )
        for motions in (made, turned)
    ]
    assert peaks[0] == pytest.approx(peaks[1], rel=1e-9)


def test_real_motion_is_compared_with_itself_and_with_other_windows(reference: Reference) -> None:
    drawn = FLOWMDM.draw(reference, SETTINGS, 0)
    evidence = FLOWMDM.evidence("real", [], drawn, bench(reference))
    found = {m.name: m for m in measure(FLOWMDM, evidence)}
    assert found["fid"].value == pytest.approx(0.0, abs=1e-9)
    assert found["transition_fid"].value > 0
    assert found["transition_fid"].count == 53
    assert [len(pool) for pool in evidence.pools] == [32, 12]


def test_of_a_text_that_comes_twice_one_enters_its_pool(reference: Reference, tmp_path: Path) -> None:
    """FlowMDM's utils/metrics.py: unique captions of the 32, their hits times 32 / their number."""
    texts = [[f"text {n % 24}" for n in range(32)], [f"text {n}" for n in range(32)]]
    file = tmp_path / "set.json"
    file.write_text(json.dumps(rows(texts)))
    settings = replace(SETTINGS, compositions=str(file), texts=None, actions=32)
    drawn = FLOWMDM.draw(reference, settings, 0)
    made = smooth(drawn, 1e-5)
    for motion, told in zip(made, texts):
        for k, text in enumerate(told):
            # All right in the first composition; in the second half are far off.
            wrong = told is texts[1] and k % 2
            motion.features[0][70 * k + 69, -1] = 1000.0 + k if wrong else float(text.split()[1])
    evidence = FLOWMDM.evidence("collage", made, drawn, bench(reference, settings))
    assert [len(pool) for pool in evidence.pools] == [24, 32]
    found = {m.name: m.value for m in measure(FLOWMDM, evidence)}
    wrong_hits = 0.5
    assert found["r_precision_top1"] == pytest.approx((32 * 24 / 24 + 32 * wrong_hits) / 64)


def test_the_file_is_read_by_scenario_and_refused_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    told = (
        rows([["walk", "sit"]], scenario="short")
        + rows([["run", "hop"]], scenario="long")
        + rows([["a", "b"]])
    )
    file.write_text(json.dumps(told))
    assert [script.texts for script in read_compositions(file, "long")] == [("run", "hop"), ("a", "b")]
    assert len(read_compositions(file)) == 3
    assert read_compositions(file)[0].frames == (70, 70)
    file.write_text(json.dumps(told[:1]))
    with pytest.raises(ValueError, match=r"no composition in scenario 'long' \(it has short\)"):
        read_compositions(file, "long")
    with pytest.raises(ValueError, match=r"do not exist; they come with FlowMDM's processed data"):
        read_compositions(tmp_path / "none.json")
    for broken, why in (
        ("{", "is not JSON"),
        ('{"a": 1}', "holds no list of compositions"),
        ('[{"text": ["a", "b"], "lengths": [1]}]', "no text and lengths of the same number"),
        ('[{"text": ["a", 3], "lengths": [9, 9]}]', "not two captions or more"),
        ('[{"text": ["a", "b"], "lengths": [9, -1]}]', "no numbers of frames"),
        ("[7]", "no text and lengths"),
    ):
        file.write_text(broken)
        with pytest.raises(ValueError, match=why):
            read_compositions(file)


def test_flowmdm_from_the_command_line(command: Command, toy: Path, tmp_path: Path) -> None:
    file = tmp_path / "set.json"
    told = [f"a person does number {n}" for n in range(32)]
    file.write_text(json.dumps(rows([told[:16], told[16:]], scenario="short")))
    ask = (
        "eval",
        "--protocol",
        "flowmdm",
        "--benchmark",
        "starter",
        "--model",
        toy,
        "--steps",
        2,
        "--spacing",
        1,
    )
    out = tmp_path / "out"
    arguments = (
        *ask,
        "--compositions",
        file,
        "--scenario",
        "short",
        "--repetitions",
        1,
        "--methods",
        "real,collage",
    )
    result = command(*arguments, "--out", out)
    assert result.code == 0, result.err
    found = json.loads((out / "results.json").read_text())
    assert found["collage"]["area_under_jerk_flowmdm"]["details"]["reference"] == FLOWMDM_JERK
    assert found["collage"]["transition_fid"]["details"]["generated_count"] == 30
    assert found["real"]["fid"]["mean"] == pytest.approx(0.0, abs=1e-6)
    report = (out / "report.md").read_text()
    assert "The compositions are those of set.json, scenario short" in report
    assert max(map(len, result.out.splitlines())) <= 80
    assert "--scenario is a part of a file" in one_line(
        command(*ask, "--scenario", "short", "--out", tmp_path / "b")
    )
    assert "does not exist" in one_line(
        command(*ask, "--compositions", tmp_path / "no", "--out", tmp_path / "b")
    )
    refused = ("eval", "--model", toy, "--compositions", file, "--out", tmp_path / "b")
    assert "the protocol long does not read --compositions" in one_line(command(*refused))
    loops = (
        "eval",
        "--model",
        toy,
        "--protocol",
        "loops",
        "--jerk-reference",
        "flowmdm",
        "--out",
        tmp_path / "b",
    )
    assert "does not read --jerk-reference" in one_line(command(*loops))
