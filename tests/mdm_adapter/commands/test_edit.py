"""`motioncollage edit` on real recordings, with a small random model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from paths import golden, shared

from mdm_adapter.io.npz import save_archive
from mdm_adapter.motion import Motion
from mdm_adapter.representation.features import root_motion

FAST = ("--steps", 2, "--no-video", "--no-sheet")


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    with np.load(golden("hml_clip_walk.npz")) as archive:
        features, joints = archive["features"], archive["recovered"]
    path = tmp_path / "walk.npz"
    save_archive(path, Motion(joints[None].astype(np.float32), features[None].astype(np.float32)))
    return path


def features(folder: Path) -> np.ndarray:
    with np.load(folder / "motion.npz", allow_pickle=False) as archive:
        return archive["features"]


def test_every_edit_writes_a_motion(command: Command, toy: Path, walk: Path, tmp_path: Path) -> None:
    bvh = next(iter(sorted(shared("data", "bvh_samples").glob("bandai*.bvh"))))
    commands = {
        "inbetween": (walk, bvh, "--seconds", 1.5, "--text", "a person walks"),
        "extend": (walk, "--after", 2, "--before", 1),
        "replace": (walk, "--from", 2, "--to", 4, "--text", "he waves"),
        "joints": (walk, "--only", "upper-body", "--text", "he waves"),
        "detail": (walk, "--block", 5),
        "restyle": (walk, "--strength", 0.5, "--text", "he walks sadly"),
        "reach": ("a person walks", "--to", "0.5,2", "--heading", -90, "--seconds", 4),
        "follow": ("a person walks", "--path", "0,0 0,2 1,3", "--seconds", 4),
    }
    original = features_of(walk)
    for name, arguments in commands.items():
        out = tmp_path / name
        result = command("edit", name, *arguments, "--model", toy, "--samples", 2, "--out", out, *FAST)
        assert result.code == 0, result.err
        assert len(features(out)) == 2
    assert features(tmp_path / "extend").shape[1] == 20 + len(original) + 40
    assert np.array_equal(features(tmp_path / "extend")[0, 20:-40], original)
    assert np.array_equal(features(tmp_path / "replace")[1, :40], original[:40])
    assert features(tmp_path / "follow").shape[1] == 80
    _, root = root_motion(torch.from_numpy(features(tmp_path / "reach")[0]).double())
    assert root[-1, [0, 2]].tolist() == pytest.approx([0.5, 2.0], abs=1e-3)


def features_of(path: Path) -> np.ndarray:
    with np.load(path) as archive:
        return archive["features"][0]


def test_paths_from_files(command: Command, toy: Path, tmp_path: Path) -> None:
    (tmp_path / "path.csv").write_text("0,0\n0,2\n1,3\n")
    (tmp_path / "path.json").write_text("[[0, 0], [0, 2], [1, 3]]")
    made = []
    for name in ("path.csv", "path.json"):
        out = tmp_path / name.replace(".", "-")
        arguments = ("--path", tmp_path / name, "--seconds", 3, "--model", toy, "--out", out)
        assert command("edit", "follow", "he walks", *arguments, *FAST).code == 0
        made.append(features(out))
    assert np.array_equal(*made)


def test_a_way_lasts_as_long_as_it_takes(command: Command, toy: Path, tmp_path: Path) -> None:
    for name, way in (("follow", ("--path", "0,0 0,3 3,3")), ("reach", ("--to", "0,6"))):
        arguments = ("he walks", *way, "--model", toy, "--out", tmp_path / name)
        assert command("edit", name, *arguments, *FAST).code == 0
        assert features(tmp_path / name).shape[1] == 100  # 6 m at 1.2 m/s


def test_who_waves_stays_where_the_walk_ends(command: Command, toy: Path, tmp_path: Path) -> None:
    arguments = (
        "he walks | he waves",
        "--path",
        "0,0 0,6",
        "--seconds",
        9,
        "--model",
        toy,
        "--out",
        tmp_path,
    )
    assert command("edit", "follow", *arguments, *FAST).code == 0
    _, root = root_motion(torch.from_numpy(features(tmp_path)[0]).double())
    assert len(root) == 180
    assert root[-1, 2] == pytest.approx(6.0, abs=0.05)
    assert root[120, 2] > 5.8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("extend", "{walk}"), "nothing to extend by"),
        (("extend", "nowhere.npz", "--after", 1), "motion nowhere.npz does not exist"),
        (("extend", "{text}", "--after", 1), "is none of bvh, glb, npy, npz"),
        (("extend", "{broken}", "--after", 1), "broken.bvh"),
        (("replace", "{walk}", "--from", 3, "--to", 2), "does not lie inside the motion of 9.05 s"),
        (("replace", "{walk}", "--from", 3, "--to", 99), "does not lie inside the motion of 9.05 s"),
        (("joints", "{walk}", "--only", "tail"), "joints 'tail' are neither numbers"),
        (("joints", "{walk}", "--only", "0,3"), "must be numbers from 1 to 21"),
        (("detail", "{walk}", "--block", 1), "block is 1 frames"),
        (("restyle", "{walk}", "--strength", 2), "strength is 2"),
        (("inbetween", "{walk}", "{walk}", "--seconds", 0), "--seconds is 0; give seconds above 0"),
        (("inbetween", "{walk}", "{walk}", "--seconds", "nan"), "--seconds is nan"),
        (("follow", "he walks", "--path", "1,1"), "at least two points"),
        (("follow", "he walks", "--path", "here there"), "is not a list of points"),
        (("follow", "he walks", "--path", "nowhere.csv"), "path file nowhere.csv does not exist"),
        (("reach", "he walks", "--to", "0,1 2,3"), "--to '0,1 2,3' holds 2 points; give one"),
        (("reach", "he walks", "--to", "nan,1"), "no place within 100,000 m"),
        (
            ("reach", "he walks", "--to", "0,141", "--seconds", 1),
            "give at least 47 s, 117.5 s at its usual pace",
        ),
        (("follow", "he walks", "--path", "0,0 0,141", "--seconds", 1), "141.0 m in 1 s are too fast for"),
        (("follow", "", "--path", "0,0 1,1"), "the prompt has no words"),
    ],
)
def test_bad_input(
    command: Command, toy: Path, walk: Path, tmp_path: Path, arguments: tuple[object, ...], message: str
) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "broken.bvh").write_text("HIERARCHY\nROOT Hips\n{")
    files = {"{walk}": walk, "{text}": tmp_path / "notes.txt", "{broken}": tmp_path / "broken.bvh"}
    filled = [files.get(str(a), a) for a in arguments]
    out = tmp_path / "out"
    assert message in one_line(command("edit", *filled, "--model", toy, "--out", out, *FAST))
    assert not list(out.rglob("*")) if out.exists() else True
