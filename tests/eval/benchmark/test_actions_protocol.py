"""The actions protocol, with a model whose takes are constructed: what happens in them is known."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from figures import Figure
from moves import bowed, kicked
from PIL import Image

from eval.benchmark.asked import Asked, questions
from eval.benchmark.making import Motions
from eval.benchmark.outcomes import Outcome, headline, judged, worst_first
from eval.benchmark.protocol import OwnProtocol, Task, any_protocol, protocol
from eval.benchmark.protocols.actions import PROTOCOL, QUICK
from eval.benchmark.settings import REAL, BenchmarkSettings
from eval.checks.check import at_least
from eval.checks.rates import Rate
from eval.checks.registry import by_slug
from mdm_adapter.models.happening import read_happening
from mdm_adapter.models.vocabulary import KnownAction, Vocabulary
from motioncollage.methods import Made, Script
from motioncollage.work import Call, Work

JOINTS = SimpleNamespace(
    name="joints",
    fps=20.0,
    width=66,
    to_joints=lambda features: features.reshape(*features.shape[:-1], 22, 3),
)
KNOWN = (
    KnownAction("bow", ("a person bows.", "someone bows."), 7, 3.0),
    KnownAction("kick", ("a person kicks.",), 3, 3.0),
    KnownAction("walk", ("a person walks.",), 1, 3.0),
    KnownAction("look-around", ("a person looks around.",), 9, 3.0),
)


@dataclass
class Acting:
    """Bows in all takes but the first of an action, kicks in every one, and never walks."""

    calls: int = 0
    known: tuple[KnownAction, ...] = KNOWN
    identity: str = "acting"
    representation: ClassVar[Any] = JOINTS
    device: ClassVar[torch.device] = torch.device("cpu")

    def natural_seconds(self, text: str) -> float:
        return 3.0

    def work(self, name: str, scripts: Sequence[Script], settings: Any, *, frames: int = 0) -> Work:
        return Work({Call(len(scripts), frames or scripts[0].frames[0], False): 1}, 0.0)

    def seconds_of(self, call: Call, text: str, settings: Any) -> float:
        return 0.001

    def by_method(self, name: str, scripts: Sequence[Script], settings: Any, *, seeds: Sequence[int]) -> Made:
        self.calls += 1
        texts = [script.texts[0] for script in scripts]
        known = [text for action in KNOWN for text in action.captions if text in texts]
        assert texts[: len(known)] == known  # all captions of the action, in turn
        assert len(set(seeds)) == len(scripts)
        still = Figure(60).joints()
        made = {"a person bows.": bowed(), "a person kicks.": kicked("left")}.get(texts[0], still)
        takes = [still[: len(made)] if k == 0 and "bows" in texts[0] else made for k in range(len(texts))]
        frames = min(map(len, takes))
        return Made(torch.from_numpy(np.stack([take[:frames].reshape(frames, 66) for take in takes])), ())


def task(out: Path, maker: Any, **changes: Any) -> Task:
    def sheet(path: Path, features: torch.Tensor, script: Script) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{script.texts[0]} {len(features)}")

    settings = BenchmarkSettings(protocol="actions", takes=4)
    values: dict[str, Any] = {
        "settings": settings, "methods": (REAL, "collage"), "maker": maker, "model": "acting", "data": None, "out": out,
        "sheet": sheet,
    }  # fmt: skip
    return Task(**{**values, **changes})


def test_rates_are_what_happened_in_the_takes(tmp_path: Path) -> None:
    PROTOCOL.run(task(tmp_path, Acting()))
    found = json.loads((tmp_path / "actions.json").read_text())
    rows = found["actions"]
    assert (found["model"], found["method"]) == ("acting", "collage")
    assert {label: row["made"] for label, row in rows.items()} == {"bow": 0.75, "kick": 1.0, "walk": 0.0}
    assert rows["bow"]["takes"] == 4
    assert rows["bow"]["caption"] == "a person bows."
    assert rows["bow"]["missing"] != "" == rows["kick"]["missing"]
    results = json.loads((tmp_path / "results.json").read_text())
    made = {name: entry["mean"] for name, entry in results["collage"].items()}
    # All; those of 3 clips or more (bow, kick); the worst of 5 or more (bow); those below one half (walk).
    assert made == pytest.approx(
        {"actions": 1.75 / 3, "actions_seen": 0.875, "actions_worst": 0.75, "actions_rare": 1.0}
    )
    assert results["collage"]["actions_worst"]["details"]["action"] == "bow"
    assert results["real"]["actions"]["mean"] > 0.9
    # Standard error of the mean of three rates, of which only that of the bow is uncertain.
    error = results["collage"]["actions"]["details"]["standard_error"]
    assert error == pytest.approx(np.sqrt(0.75 * 0.25 / 4) / 3, abs=1e-5)


def test_everything_that_is_left_behind(tmp_path: Path) -> None:
    PROTOCOL.run(task(tmp_path, Acting()))
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {
        "cache", "sheets", "actions.json", "actions.png", "about.json", "table.tex", "report.md", "index.html",
        "results.json",
    }  # fmt: skip
    report = (tmp_path / "report.md").read_text()
    table = [line for line in report.splitlines() if line.startswith("| ") and " a person " in line]
    assert [line.split("|")[1].strip() for line in table] == ["walk", "bow", "kick"]
    assert "Without a check: look-around (turns of the head alone" in report
    assert "no caption to ask for them: advance," in report
    assert (tmp_path / "sheets" / "worst-1.png").read_text() == "a person walks. 60"
    page = (tmp_path / "index.html").read_text()
    assert "walk: 0 of 4 takes" in page
    assert 'src="sheets/worst-3.png"' in page
    with Image.open(tmp_path / "actions.png") as picture:
        assert picture.width >= 700
    # A model's folder takes the file as it is.
    assert read_happening(tmp_path)["bow"].share == 0.75
    assert read_happening(tmp_path)["walk"].group == "rarely"


def test_takes_of_an_action_are_made_at_once_and_only_once(tmp_path: Path) -> None:
    first, again = Acting(), Acting()
    PROTOCOL.run(task(tmp_path, first))
    assert first.calls == 3
    (tmp_path / "results.json").unlink()
    # Fewer actions make the same takes.
    fewer = BenchmarkSettings(protocol="actions", takes=4, only=("bow",))
    PROTOCOL.run(task(tmp_path, again, settings=fewer))
    assert again.calls == 0
    PROTOCOL.run(task(tmp_path, again, settings=replace(fewer, seed=1)))
    assert again.calls == 1
    assert list(json.loads((tmp_path / "actions.json").read_text())["actions"]) == ["bow"]


def test_another_process_only_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("eval.benchmark.making.Workers.wait", lambda self: None)
    maker = Acting()
    PROTOCOL.run(task(tmp_path, maker))
    assert maker.calls == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_several_methods_stand_side_by_side(tmp_path: Path) -> None:
    PROTOCOL.run(task(tmp_path, Acting(), methods=("collage", "short")))
    results = json.loads((tmp_path / "results.json").read_text())
    assert list(results) == ["collage", "short"]
    assert json.loads((tmp_path / "actions-short.json").read_text())["method"] == "short"
    assert "| action | collage | short | real |" in (tmp_path / "report.md").read_text()
    with pytest.raises(ValueError, match="no method makes anything"):
        PROTOCOL.run(task(tmp_path, Acting(), methods=(REAL,)))


def test_what_cannot_be_asked_is_said() -> None:
    maker = Acting()
    for label, why in (("look-around", "has no check"), ("skip", "is no action of the model's")):
        with pytest.raises(ValueError, match=f"'{label}' {why}"):
            questions(maker, None, (label,), named=True, model="m")
    # Of a subset that nobody named, what is there.
    some = questions(maker, None, QUICK, named=False, model="m")
    assert [action.label for action in some.asked] == ["bow", "walk"]
    with pytest.raises(ValueError, match=r"came without a list of actions; give --data"):
        questions(Acting(known=()), None, (), named=False, model="m")
    with pytest.raises(ValueError, match="no action of model 'm' has a check"):
        questions(Acting(known=KNOWN[3:]), None, (), named=False, model="m")


def test_data_gives_captions_and_rates(pack: Path) -> None:
    """Of `walk` two training clips, of `run` one and another of validation."""
    found = questions(Acting(known=()), pack, (), named=False, model="m")
    assert [(a.label, a.caption, a.clips) for a in found.asked] == [
        ("run", "a person does run.", 1),
        ("walk", "a person does walk.", 2),
    ]
    assert found.unchecked == ("cmu06",)
    assert [a.real.takes for a in found.asked if a.real] == [2, 2]
    assert found.asked[1].real == Rate(2, 2)


@pytest.mark.parametrize(
    ("captions", "takes", "told"), [(2, 5, "01010"), (5, 2, "02"), (3, 3, "012"), (1, 2, "00"), (7, 3, "024")]
)
def test_takes_are_told_all_captions_in_turn(captions: int, takes: int, told: str) -> None:
    asked = Asked("walk", tuple(map(str, range(captions))), captions, 2.0, None)
    assert "".join(asked.told(takes)) == told


def test_the_quick_subset_has_checks() -> None:
    assert set(QUICK) <= by_slug().keys()
    assert list(QUICK) == sorted(QUICK)


def outcome(label: str, *values: float, clips: int = 1) -> Outcome:
    verdicts = tuple(at_least("height", value, 1.0) for value in values)
    return Outcome(Asked(label, ("a",), clips, 3.0, None), verdicts)


def test_an_outcome_says_what_was_missing_and_which_take_is_typical() -> None:
    one = outcome("a", 0.2, 1.5, 0.6, 1.1)
    assert one.made == 0.5
    assert one.missing == "height 0.4 (at least 1)"
    assert one.typical == 2  # margins -0.8, 0.5, -0.4, 0.1: the lower of the two in the middle
    order = worst_first([one, outcome("b", 0.1, 0.1), outcome("c", 0.0, 0.1)])
    assert [row.asked.label for row in order] == ["c", "b", "a"]


def test_headline_leaves_out_what_has_no_member() -> None:
    asked = [outcome("a", 1.0).asked, outcome("b", 1.0, clips=3).asked]
    names = [metric.name for metric in headline({"a": 1.0, "b": 0.4}, asked, 4)]
    assert names == ["actions", "actions_seen", "actions_rare"]


def test_takes_are_judged_in_the_models_own_frames() -> None:
    """At 40 frames a second a bow is as long as it is at 20."""
    joints = np.repeat(bowed(), 2, axis=0).reshape(-1, 66)
    fast = SimpleNamespace(**{**vars(JOINTS), "fps": 40.0})
    asked = Asked("bow", ("a person bows.",), 1, 3.0, None)
    assert judged(asked, Motions((joints,), (), 0.0), fast).made == 1.0


def test_it_is_a_protocol_of_its_own_kind() -> None:
    assert isinstance(any_protocol("actions"), OwnProtocol)
    with pytest.raises(ValueError, match="run in its own way"):
        protocol("actions")
    with pytest.raises(ValueError, match="takes is 101"):
        PROTOCOL.check(BenchmarkSettings(takes=101))


def test_the_command(command: Command, toy: Path, tmp_path: Path) -> None:
    Vocabulary(KNOWN).write(toy)
    try:
        arguments = ("eval", "--protocol", "actions", "--model", toy, "--steps", 2, "--spacing", 1)
        result = command(*arguments, "--takes", 2, "--only", "bow,walk", "--out", tmp_path / "a")
        assert result.code == 0, result.err
        rows = json.loads((tmp_path / "a" / "actions.json").read_text())["actions"]
        assert {label: row["takes"] for label, row in rows.items()} == {"bow": 2, "walk": 2}
        # Real contact sheets: of the toy's noise, but pictures.
        with Image.open(tmp_path / "a" / "sheets" / "worst-1.png") as picture:
            assert picture.width == 1600
        assert "results.json exists; use --force" in one_line(command(*arguments, "--out", tmp_path / "a"))
        for option, name in (
            ("--texts", "texts"),
            ("--evaluator", "evaluator"),
            ("--benchmark", "benchmark"),
        ):
            value = tmp_path if option == "--evaluator" else 3  # a path that is there
            line = one_line(command(*arguments, option, value, "--out", tmp_path / "b"))
            assert f"the protocol actions does not read --{name}" in line
        line = one_line(command("eval", "--protocol", "long", "--takes", 3, "--out", tmp_path / "b"))
        assert "the protocol long does not read --takes" in line
        assert "is no action of the model's" in one_line(
            command(*arguments, "--only", "skip", "--out", tmp_path / "b")
        )
    finally:
        (toy / "vocabulary.json").unlink()
