"""What `eval` refuses before it begins: one line for each thing that is missing, wrong, or in the way."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import Command, one_line
from official_files import Official, make_official, write_evaluator

from eval.benchmark.before import check_babel, check_humanml3d, check_place, usable_methods


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Official:
    return make_official(tmp_path_factory.mktemp("official"), clips=3)


@pytest.fixture
def official(made: Official, tmp_path: Path) -> Official:
    """A copy of one's own to spoil."""
    return replace(made, root=Path(shutil.copytree(made.root, tmp_path / "official")))


def _args(official: Official, **changes: object) -> None:
    file = official.model / "args.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def _kit_clips(official: Official) -> None:
    for number in range(3):
        np.save(official.data / "new_joint_vecs" / f"{number:06d}.npy", np.zeros((60, 251), dtype=np.float32))


CASES: dict[str, tuple[Callable[[Official], object], str]] = {
    "no data": (lambda o: shutil.rmtree(o.data), "HumanML3D does not exist; check the path"),
    "no listing": (lambda o: (o.data / "test.txt").unlink(), "test.txt is missing; give HumanML3D's folder"),
    "empty listing": (lambda o: (o.data / "test.txt").write_text("\n"), "test.txt is empty"),
    "no features": (lambda o: shutil.rmtree(o.data / "new_joint_vecs"), "new_joint_vecs is missing"),
    "no clips": (
        lambda o: [file.unlink() for file in (o.data / "new_joint_vecs").iterdir()],
        "000000.npy is missing; none of the first 3 clips of",
    ),
    "KIT-ML's data": (_kit_clips, "has shape (60, 251), not [frames, 263] (251 are KIT-ML's)"),
    "no evaluator": (lambda o: shutil.rmtree(o.t2m), "t2m does not exist; check the path"),
    "no finest.tar": (
        lambda o: (o.t2m / "text_mot_match/model/finest.tar").unlink(),
        "finest.tar is missing: the weights of the text and motion encoders",
    ),
    "damaged finest.tar": (
        lambda o: (o.t2m / "text_mot_match/model/finest.tar").write_bytes(b"<html>"),
        "finest.tar cannot be read as plain weights",
    ),
    "no meta": (
        lambda o: (o.t2m / "Comp_v6_KLD01/meta/std.npy").unlink(),
        "std.npy is missing: the evaluator's standard deviation",
    ),
    "damaged meta": (lambda o: (o.t2m / "Comp_v6_KLD01/meta/std.npy").write_bytes(b"<html>"), "std.npy"),
    "KIT-ML's evaluator": (
        lambda o: write_evaluator(o.t2m, width=251),
        "reads 251 numbers a frame (KIT-ML's), not 263; give HumanML3D's t2m/",
    ),
    "no glove": (lambda o: shutil.rmtree(o.glove), "glove does not exist; check the path"),
    "no words": (lambda o: (o.glove / "our_vab_idx.pkl").unlink(), "our_vab_idx.pkl is missing"),
    "damaged vectors": (lambda o: (o.glove / "our_vab_data.npy").write_bytes(b"<html>"), "our_vab_data.npy"),
    "no model": (lambda o: shutil.rmtree(o.model), "is neither a bundled model"),
    "no args": (
        lambda o: (o.model / "args.json").rename(o.model / "x.json"),
        "args.json is missing; copy the args.json that was published",
    ),
    "no weights": (
        lambda o: (o.model / "model000600343.pt").unlink(),
        "has neither model*.pt nor model.safetensors",
    ),
    "no statistics": (lambda o: (o.model / "Std.npy").unlink(), "Std.npy"),
    "damaged statistics": (lambda o: (o.model / "Mean.npy").write_bytes(b"<html>"), "Mean.npy or Std.npy is broken"),
    "KIT-ML's model": (lambda o: _args(o, dataset="kit"), "it is a model of KIT-ML"),
    "a model of actions": (lambda o: _args(o, dataset="uestc"), "it is a model of UESTC"),
    "damaged weights": (
        lambda o: (o.model / "model000600343.pt").write_bytes(b"<html>"),
        "model000600343.pt is damaged or no checkpoint",
    ),
    "no encoder": (lambda o: shutil.rmtree(o.encoder), "text model folder"),
    "an encoder without weights": (
        lambda o: (o.encoder / "model.safetensors").unlink(),
        "has no model.safetensors",
    ),
    "another network": (lambda o: _args(o, layers=2), "lacks seqTransDecoder.layers.1"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_file_is_one_line(command: Command, official: Official, tmp_path: Path, name: str) -> None:
    spoil, message = CASES[name]
    spoil(official)
    assert message in one_line(command(*official.eval(), "--out", tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_one_bad_clip_among_good_ones_is_let_in(official: Official) -> None:
    (official.data / "new_joint_vecs" / "000000.npy").unlink()
    (official.data / "new_joint_vecs" / "000001.npy").write_bytes(b"<html>")
    check_humanml3d(official.data)


def test_what_lies_beside_babels_labels(tmp_path: Path) -> None:
    labels, motion = tmp_path / "val.json", tmp_path / "pose_data"

    def refused(words: str) -> None:
        for data in (tmp_path, labels):
            with pytest.raises(ValueError, match=words):
                check_babel(data)

    refused("val.json is missing: BABEL's labels")
    labels.write_text("[]")
    refused("does not map ids to sequences")
    labels.write_text('{"1": {}}')
    refused("pose_data/ is missing")
    motion.mkdir()
    refused("holds no .npy file")
    (motion / "CMU").mkdir()
    np.save(motion / "CMU" / "walk.npy", np.zeros((60, 251), dtype=np.float32))
    refused(r"has shape \(60, 251\), not \[frames, 22 or more, 3\] \(251 are KIT-ML's\); none of the first")
    np.save(motion / "CMU" / "run.npy", np.zeros((60, 52, 3), dtype=np.float32))
    check_babel(tmp_path)
    check_babel(labels)


def test_the_place_of_the_results(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for out, message in ((file, "is a file; name a folder"), (file / "deeper", "is a file; name a folder")):
        assert message in one_line(command("eval", "--out", out))
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "results.json").write_text("{}")
    assert "results.json exists; use --force" in one_line(command("eval", "--out", tmp_path / "old"))
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(ValueError, match=r"is not yours\); name a folder you may write"):
        check_place(tmp_path / "new", force=False)
    assert not (tmp_path / "new").exists()


def test_methods_that_a_model_cannot_do() -> None:
    class Model:
        own_method = "collage"

        def refusal(self, name: str) -> str:
            return "no prefix" if name == "dip" else ""

    class Planner:
        own_method = "dip"

        def refusal(self, name: str) -> str:
            return "" if name == "dip" else "no pieces"

    every = ["real", "short", "collage", "dip"]
    assert usable_methods(every, Model(), named=False) == ["real", "short", "collage"]  # type: ignore[arg-type]
    assert usable_methods(every, Planner(), named=False) == ["real", "dip"]  # type: ignore[arg-type]
    assert usable_methods(["real", "short"], Planner(), named=False) == ["real", "dip"]  # type: ignore[arg-type]
    assert usable_methods(["real", "short"], Model(), named=True) == ["real", "short"]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no pieces"):
        usable_methods(["real", "short"], Planner(), named=True)  # type: ignore[arg-type]


def test_a_dry_run_says_the_cost_and_makes_nothing(
    command: Command, toy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    arguments = ("eval", "--methods", "real,collage", "--texts", 16, "--repetitions", 2)
    quick = (
        "--quick",
        "--steps",
        2,
        "--spacing",
        1,
        "--no-timing",
        "--model",
        toy,
        "--out",
        tmp_path / "out",
    )
    result = command(*arguments, *quick, "--dry-run")
    assert result.code == 0, result.err
    assert not (tmp_path / "out").exists()
    row = next(line for line in result.out.splitlines() if "collage" in line)
    assert [cell.strip() for cell in row.strip("│ ").split("│")][:2] == ["collage", "32"]
    assert "Making takes about" in result.out
    assert command(*arguments, *quick).code == 0
    again = command(*arguments, *quick, "--dry-run", "--force")
    assert "all 32 motions are there from an earlier run; nothing is made" in again.out
    actions = ("eval", "--protocol", "actions", "--only", "walk", "--takes", 2, "--steps", 2, "--dry-run")
    told = command(*actions, "--out", tmp_path / "actions")
    assert told.code == 0, told.err
    assert "Making takes about" in told.out
    assert not (tmp_path / "actions").exists()
