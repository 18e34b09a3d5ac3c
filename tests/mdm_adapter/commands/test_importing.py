"""`data import`, and that the other commands read what it reads; a draft of a map for skeletons that nobody knows."""

import json
from pathlib import Path

import numpy as np
import pytest
from body_models import write_amass, write_body_model
from command_line import Command
from foreign_bodies import FOREIGN, foreign
from paths import FIXTURES

from mdm_adapter.io.rig import NAMES
from mdm_adapter.representation.skeleton import JOINTS


def test_every_readable_format_becomes_an_archive(command: Command, tmp_path: Path) -> None:
    write_body_model(tmp_path / "bodies", "smplh", "female")
    write_amass(tmp_path / "take.npz")
    with np.load(FIXTURES / "hml_official_012314.npz", allow_pickle=False) as file:
        np.save(tmp_path / "joints.npy", file["new_joints"])
    result = command(
        "data", "import", tmp_path / "take.npz", tmp_path / "joints.npy", "--out", tmp_path / "out",
        "--body-model", tmp_path / "bodies",
    )  # fmt: skip
    assert result.code == 0, result.err
    for name in ("take", "joints"):
        with np.load(tmp_path / "out" / f"{name}.npz", allow_pickle=False) as archive:
            assert archive["joints"].shape[2:] == (22, 3)
    result = command("export", tmp_path / "take.npz", "--to", "csv", "--body-model", tmp_path / "bodies")
    assert result.code == 0, result.err
    assert (tmp_path / "take.csv").exists()


def test_a_missing_body_model_is_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTIONCOLLAGE_BODY_MODELS", str(tmp_path / "bodies"))
    write_amass(tmp_path / "take.npz")
    result = command("view", tmp_path / "take.npz", "--no-open")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert "put smplh/female/model.npz into" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["take.npz"]


def test_a_draft_is_written_once(command: Command, tmp_path: Path) -> None:
    path = foreign(tmp_path / "walk.bvh")
    target = tmp_path / "walk.map.json"
    result = command("data", "import", path, "--out", tmp_path / "out")
    assert result.code == 2
    assert result.err.count("\n") == 1
    assert f"--map {target}" in result.err
    found = json.loads(target.read_text(encoding="utf-8"))
    assert set(found["map"]) == set(JOINTS)
    assert set(FOREIGN.values()) <= set(found["joints of the file"])
    found["map"] = {joint: FOREIGN[name] for joint, name in zip(JOINTS, NAMES)}
    target.write_text(json.dumps(found), encoding="utf-8")
    assert "is there already" in command("data", "import", path, "--out", tmp_path / "out").err
    result = command("data", "import", path, "--out", tmp_path / "out", "--map", target)
    assert result.code == 0, result.err


def test_options_for_other_files_are_refused(command: Command, tmp_path: Path) -> None:
    write_amass(tmp_path / "take.npz")
    (tmp_path / "names.json").write_text("{}", encoding="utf-8")
    result = command("export", tmp_path / "take.npz", "--to", "csv", "--map", tmp_path / "names.json")
    assert result.code == 2
    assert "--map is for other files than take.npz" in result.err


def test_an_archive_does_not_replace_itself(command: Command, tmp_path: Path) -> None:
    write_amass(tmp_path / "take.npz")
    result = command("data", "import", tmp_path / "take.npz", "--out", tmp_path, "--force")
    assert result.code == 2
    assert "would replace itself" in result.err


def test_a_broken_recording_among_good_ones_leaves_nothing(command: Command, tmp_path: Path) -> None:
    np.save(tmp_path / "joints.npy", np.load(FIXTURES / "hml_official_012314.npz")["new_joints"])
    (tmp_path / "broken.bvh").write_text("HIERARCHY nothing")
    arguments = (
        "data", "import", tmp_path / "joints.npy", tmp_path / "broken.bvh", "--out", tmp_path / "out",
    )  # fmt: skip
    result = command(*arguments)
    assert result.code == 2
    assert "broken.bvh" in result.err
    assert not list((tmp_path / "out").glob("*"))


def test_recordings_of_one_name_do_not_replace_each_other(command: Command, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        np.save(tmp_path / folder / "walk.npy", np.load(FIXTURES / "hml_official_012314.npz")["new_joints"])
    result = command(
        *("data", "import", tmp_path / "a" / "walk.npy", tmp_path / "b" / "walk.npy"),
        *("--out", tmp_path / "out", "--force"),
    )
    assert result.code == 2
    assert "several recordings would become" in result.err
    assert not (tmp_path / "out").exists()
