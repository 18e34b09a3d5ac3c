"""The protocol of BABEL's sequences: draws, intervals and windows, and its figures in closed form."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from babel_files import Told, row, write_folder
from command_line import Command, one_line

from eval.benchmark.maker import RealSequences
from eval.benchmark.making import Motions
from eval.benchmark.protocol import Bench, Texts, measure, protocol
from eval.benchmark.protocols.babel import Sequences
from eval.benchmark.reference import Reference, sequence_reference
from eval.benchmark.settings import BenchmarkSettings
from mdm_adapter.data.babel import Action, RecordedSequence, RecordedSequences

BABEL = protocol("babel")
SETTINGS = BenchmarkSettings(protocol="babel", texts=None, repetitions=1, batch=1)


class Joints:
    """Features are joints."""

    name, fps, width = "joints", 20.0, 66

    def to_joints(self, features: torch.Tensor) -> torch.Tensor:
        return features.unflatten(-1, (22, 3))


class Judge:
    """Reads the number of a text's action, and a motion's height at its start."""

    embedding_width = 2

    def embed_text(self, texts: list[str]) -> torch.Tensor:
        return torch.tensor([[float(text.split()[-1]), 0.0] for text in texts])

    def embed_motion(self, features: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        return torch.stack([features[:, 0, 1].round(), torch.zeros(len(features))], dim=1)


def lifted(heights: list[int], frames: int) -> np.ndarray:
    """Joints [frames of all, 66] that stand at a height for each interval."""
    levels = np.repeat(np.array(heights, dtype=np.float32), frames)
    return np.tile(levels[:, None], (1, 66))


def recorded(count: int = 12) -> RealSequences:
    """Sequences of three intervals of 30 frames; their actions are numbers, of which two mean the same."""
    made = []
    for number in range(count):
        actions = tuple(
            Action(f"action {number * 3 + k}", f"group {number * 3 + k // 2}", 30 * k, 30 * k + 30)
            for k in range(3)
        )
        features = torch.from_numpy(lifted([number * 3 + k for k in range(3)], 30))
        made.append(RecordedSequence(f"{number}", features, actions))
    return RecordedSequences(tuple(made))


@pytest.fixture
def reference() -> Reference:
    return sequence_reference(recorded(), "test", tagged=False)


def bench(reference: Reference) -> Bench:
    judge = Judge()
    return Bench(SETTINGS, reference, Texts(reference, judge), judge, Joints(), ())


def figures(method: str, made: list[Motions], drawn: Sequences, at: Bench) -> dict[str, float]:
    return {m.name: m.value for m in measure(BABEL, BABEL.evidence(method, made, drawn, at))}


def test_a_draw_takes_whole_sequences_and_every_interval_once(reference: Reference) -> None:
    drawn = BABEL.draw(reference, SETTINGS, 0)
    assert sorted(drawn.entries) == list(range(36))
    assert sorted(drawn.order.tolist()) == list(range(36))
    assert all(b - a == 1 for chosen in drawn.chosen for a, b in zip(chosen, chosen[1:]))
    scripts = [unit.scripts[0] for unit in BABEL.units("collage", 0, drawn, reference, SETTINGS)]
    assert len(scripts) == 12
    assert scripts[0].frames == (30, 30, 30)
    assert scripts[0].texts == tuple(reference.entries[i].captions[0] for i in drawn.chosen[0])
    few = BenchmarkSettings(protocol="babel", texts=10)
    with pytest.raises(ValueError, match="10 sequences have 30 actions; a retrieval pool needs 32"):
        BABEL.draw(reference, few, 0)


def test_recordings_are_at_no_distance_from_themselves(reference: Reference) -> None:
    found = figures("real", [], BABEL.draw(reference, SETTINGS, 0), bench(reference))
    assert found["fid"] == pytest.approx(0.0, abs=1e-9)
    assert found["transition_fid"] == pytest.approx(0.0, abs=1e-9)
    assert found["auj_gap"] == 0.0
    assert found["r_precision_top1"] == 1.0
    # Every boundary is a step of a metre up: |third differences| 1, 2, 1 of all joints, sqrt(3) long, times 20^3.
    assert found["transition_peak_jerk"] == pytest.approx(2 * np.sqrt(3) * 8000)


def test_a_motion_of_the_same_action_is_right_and_joins_are_compared_in_pairs(reference: Reference) -> None:
    drawn = BABEL.draw(reference, SETTINGS, 0)
    made = []
    for chosen in drawn.chosen:
        first = chosen[0]
        # The first two intervals, of one group, are exchanged: heights 1, 0, 2 instead of 0, 1, 2.
        motion = lifted([first + 1, first, first + 2], 30)
        made.append(Motions((motion,), (), 0.0))
    found = figures("collage", made, drawn, bench(reference))
    # The second of the two boundaries is twice as high a step: the mean curve is 1.5 times the recordings'.
    assert found["transition_peak_jerk"] == pytest.approx(3 * np.sqrt(3) * 8000)
    assert found["auj_gap"] == pytest.approx(0.5 * 4 * np.sqrt(3) * 8000 / 20)
    evidence = BABEL.evidence("collage", made, drawn, bench(reference))
    assert len(evidence.around) == len(evidence.recorded) == 24
    assert evidence.around[0].shape == (20, 22, 3)
    # A text finds the other motion of its group where that is in its pool; its own is a metre away.
    (pool,) = evidence.pools
    groups = [evidence.groups[i] for i in pool]
    paired = sum(groups.count(group) == 2 for group in groups)
    unpaired = [i for i in pool if evidence.groups.count(evidence.groups[i]) == 1]
    assert found["r_precision_top1"] >= (paired + len(unpaired)) / 32


WALKS: tuple[Told, ...] = (
    (0.0, 1.6, "stand", ["stand"]), (1.6, 3.2, "walk forward", ["walk"]), (3.2, 4.8, "stop", None),
)  # fmt: skip


def test_babel_from_the_command_line(command: Command, toy: Path, tmp_path: Path) -> None:
    data = write_folder(
        tmp_path / "BABEL", {str(i): row(i, 4.8, WALKS) for i in range(11)} | {"99": row(99, 4.8, None)}
    )
    arguments = ("eval", "--protocol", "babel", "--data", data, "--model", toy, "--steps", 2, "--spacing", 1)
    result = command(*arguments, "--methods", "real,collage", "--out", tmp_path / "out", "--table", "all")
    assert result.code == 0, result.err
    assert "left out 1: no labels of frames" in " ".join(result.err.split())
    for short in ("R@3", "Transition FID", "AUJ Gap", "Peak Jerk"):
        assert short.split()[0] in result.out
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert found["real"]["transition_fid"]["mean"] == pytest.approx(0.0, abs=1e-6)
    assert found["collage"]["transition_fid"]["mean"] > 1.0
    assert found["collage"]["auj_gap"]["unit"] == "m/s^2"
    assert found["collage"]["auj_gap"]["details"]["window"] == 20
    assert "Deviations from it" in (tmp_path / "out" / "report.md").read_text()


def test_what_babel_needs_is_said_in_a_line(command: Command, toy: Path, tmp_path: Path) -> None:
    ask = ("eval", "--protocol", "babel", "--model", toy, "--out", tmp_path / "out")
    assert "needs --data BABEL/ (val.json of babel_v1.0_release" in one_line(command(*ask))
    assert "val.json is missing" in one_line(command(*ask, "--data", tmp_path))
    assert "not for the benchmark starter" in one_line(command(*ask, "--benchmark", "starter"))
    assert "does not read --scenario" in one_line(command(*ask, "--scenario", "short"))
    assert "choose one of main, all" in one_line(command(*ask, "--table", "some"))
