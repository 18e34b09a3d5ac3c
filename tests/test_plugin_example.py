"""The house is open: a package of somebody else (plugin_example/) is installed, and all that it brings works like our own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import invalidate_caches
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import torch
from command_line import Command, one_line
from install import install
from paths import REPOSITORY, golden

import motioncollage as mc
from motioncollage import plugins
from motioncollage.methods import Script, method
from motioncollage.sampling.registry import SamplerSettings

DISTRIBUTION = "motioncollage-example 0.3"
FAST = ("--steps", 3, "--no-video", "--no-sheet")
STEPS = {"sampler": SamplerSettings(steps=3, spacing=1.0)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that pip has installed the package into."""
    return install(Path(__file__).parent / "plugin_example", tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module", autouse=True)
def example(installed: Path) -> Iterator[None]:
    """Importable and found among the installed packages, while this file is tested."""
    sys.path.insert(0, str(installed))
    invalidate_caches()
    plugins.forget()
    yield
    sys.path.remove(str(installed))
    for name in [name for name in sys.modules if name.split(".")[0] == "collage_example"]:
        del sys.modules[name]
    plugins.forget()


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion of the example's model as .npz, 3 seconds."""
    path = tmp_path_factory.mktemp("walk") / "walk.npz"
    mc.load("stick").generate("a person walks", seconds=3, seed=1, **STEPS).save(path)
    return path


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded walk as text, at 20 frames a second."""
    with np.load(golden("hml_clip_walk.npz")) as archive:
        joints = archive["joints"][:60].astype(np.float32)
    path = tmp_path_factory.mktemp("recording") / "walk.txt"
    np.savetxt(path, joints.reshape(60, -1), header="fps 20")
    return path


def test_everything_it_brings_is_listed(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    result = command("plugins")
    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]] for line in result.out.splitlines() if "│" in line
    ]
    ours = {(row[0], row[1]): row[3] for row in rows if row[2] == DISTRIBUTION}
    assert set(ours) == {
        *(("models", name) for name in ("stick", "stick-blind", "stick-folder")),
        ("text_encoders", "letters"),
        ("methods", "same-noise"),
        ("samplers", "fixed-noise"),
        ("checks", "clap"),
        ("readers", "txt"),
        ("writers", "txt"),
        ("splitters", "plus"),
        ("commands", "distance"),
        ("commands", "show speed"),
    }
    assert set(ours.values()) == {"ready"}


def test_its_models_are_listed_and_have_no_list_of_actions(command: Command) -> None:
    assert mc.model_names("motion") == ["starter", "stick", "stick-blind"]
    listed = command("models")
    assert listed.code == 0
    assert "stick-blind" in listed.out
    assert "starter" in listed.out
    one = command("models", "stick")
    assert one.code == 0, one.err
    assert "came without a list of actions" in one.out


def test_generate_writes_every_format(command: Command, tmp_path: Path) -> None:
    result = command(
        "generate", "a person walks | he waves", "--seconds", 2, "--model", "stick", "--steps", 2, "--out", tmp_path,
        "--to", "txt,.PNG", "--samples", 2,
    )  # fmt: skip
    assert result.code == 0, result.err
    names = ["contact_sheet-2.png", "contact_sheet.png", "motion-2.mp4", "motion-2.png", "motion-2.txt"]
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        *names,
        "motion.mp4",
        "motion.npz",
        "motion.png",
        "motion.txt",
    ]
    with np.load(tmp_path / "motion.npz", allow_pickle=False) as archive:
        assert archive["joints"].shape == (2, 60, 22, 3)
        assert archive["features"].shape == (2, 60, 52)
        assert float(archive["fps"]) == 30
        assert json.loads(str(archive["settings"]))["representation"] == "stick"
        assert [part["end"] for part in json.loads(str(archive["segments"]))] == [30, 60]
    frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "motion.mp4"))
    assert frames == 60
    assert seconds == pytest.approx(2.0, abs=0.1)
    # Both formats hold the same motion, and are read back by the ending.
    archive, text = mc.read(tmp_path / "motion.npz"), mc.read(tmp_path / "motion-2.txt")
    assert text.fps == archive.fps == 30
    np.testing.assert_allclose(text.joints[0], archive.joints[1], atol=1e-6)


def test_further_formats_are_looked_for_before_the_work(command: Command, tmp_path: Path) -> None:
    arguments = ("generate", "he walks", "--seconds", 1, "--model", "stick", "--out", tmp_path, *FAST)
    assert "writer 'xyz' is unknown; choose one of" in one_line(command(*arguments, "--to", "xyz"))
    (tmp_path / "motion.txt").write_text("mine")
    assert "motion.txt exists; use --force" in one_line(command(*arguments, "--to", "txt"))
    assert [file.name for file in tmp_path.iterdir()] == ["motion.txt"]


def test_long_motion_is_composed_of_its_own_pieces(command: Command, tmp_path: Path) -> None:
    """Pieces of 90 frames that share 15, as the model says, and never more than its 150."""
    plan = mc.plan("a person walks", model="stick", seconds=12)
    assert plan.fps == 30
    assert plan.frames == 360
    assert max(piece.frames for piece in plan.pieces) <= 150
    assert len(plan.pieces) > 3
    arguments = ("--model", "stick", "--out", tmp_path / "plan.png", "--seconds", 12)
    result = command("timeline", "a person walks", *arguments)
    assert result.code == 0, result.err
    motion = mc.load("stick").generate(plan, seed=2, **STEPS)
    assert motion.joints.shape == (1, 360, 22, 3)
    assert np.isfinite(motion.joints).all()
    # No join is a jump: a frame of 1/30 s.
    assert np.linalg.norm(np.diff(motion.joints[0], axis=0), axis=-1).max() < 0.3


def test_its_sampler_and_its_noise_levels(command: Command, tmp_path: Path) -> None:
    arguments = ("generate", "he walks", "--seconds", 1, "--model", "stick", "--no-video", "--no-sheet")
    made = command(*arguments, "--sampler", "fixed-noise", "--steps", 4, "--out", tmp_path / "a")
    assert made.code == 0, made.err
    assert mc.read(tmp_path / "a" / "motion.npz").settings["sampler"] == "fixed-noise"
    refused = command(*arguments, "--steps", 61, "--spacing", 1, "--out", tmp_path / "b")
    assert "this model was trained with 60" in one_line(refused)
    other = command(*arguments, "--sampler", "fixed-noise", "--eta", 0.5, "--out", tmp_path / "c")
    assert "the sampler is 'fixed-noise'; only ddim takes eta" in one_line(other)


def test_a_checkpoint_folder_of_its_own_kind(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "stick.json").write_text('{"seed": 7, "steps": 40}')
    result = command(
        "generate", "he walks", "--seconds", 1, "--model", folder, "--out", tmp_path / "a", *FAST
    )
    assert result.code == 0, result.err
    assert mc.read(tmp_path / "a" / "motion.npz").settings["model"] == "mine"
    (folder / "stick.json").write_text("{}")
    refused = command("generate", "he walks", "--model", folder, "--out", tmp_path / "b", *FAST)
    assert "stick.json must hold" in one_line(refused)
    (folder / "stick.json").unlink()
    unknown = command("generate", "he walks", "--model", folder, "--out", tmp_path / "c", *FAST)
    assert "holds no motion model of a known kind (hymotion, kimodo, mdm, stick-folder)" in one_line(unknown)


@pytest.mark.parametrize("path", ["free", "in-place", "circular", "travelling"])
def test_loops(command: Command, tmp_path: Path, path: str) -> None:
    arguments = ("--seconds", 4, "--path", path, "--model", "stick", "--out", tmp_path, *FAST)
    result = command("loop", "a person walks", *arguments)
    assert result.code == 0, result.err
    motion = mc.read(tmp_path / "motion.npz")
    assert motion.joints.shape == (1, 120, 22, 3)
    model = mc.load("stick")
    turn, place = model.representation.way.arrival(torch.from_numpy(motion.features[0]))
    if path == "circular":
        assert turn == pytest.approx(2 * np.pi, abs=1e-4)
    elif path != "free":
        assert turn == pytest.approx(0, abs=1e-4)
    if path in ("in-place", "circular"):
        assert place == pytest.approx((0, 0), abs=1e-3)
    # Where it starts again it moves on as it does elsewhere.
    joints = model.tiled(motion, 2).joints[0]
    steps = np.linalg.norm(np.diff(joints, axis=0), axis=-1).max(axis=1)
    assert len(steps) == 239
    assert steps[119] <= 1.5 * steps.max(initial=0, where=np.arange(239) != 119)


def test_what_needs_a_way_is_refused_in_a_line_by_a_model_without(
    command: Command, tmp_path: Path, walk: Path
) -> None:
    model = ("--model", "stick-blind", "--out", tmp_path)
    assert command("loop", "he walks", "--seconds", 3, *model, *FAST).code == 0
    (tmp_path / "motion.npz").unlink()
    for arguments in (
        ("loop", "he walks", "--seconds", 3, "--path", "in-place"),
        ("edit", "follow", "he walks", "--path", "0,0 0,3"),
        ("edit", "reach", "he walks", "--to", "0,3"),
    ):
        line = one_line(command(*arguments, *model, *FAST))
        assert "stick-blind features do not say how the body moves over the ground" in line, arguments
    # A stretch is replaced all the same, and what follows goes on from where that leads.
    kept = command("edit", "replace", walk, "--from", 1, "--to", 2, *model, *FAST)
    assert kept.code == 0, kept.err


def test_edits_keep_what_they_say(walk: Path) -> None:
    model, motion = mc.load("stick"), mc.read(walk)
    between = model.edit.inbetween(motion, motion, seconds=1, text="he turns", **STEPS)
    assert between.features.shape == (1, 210, 52)
    np.testing.assert_array_equal(between.features[0, :90], motion.features[0])
    np.testing.assert_array_equal(between.features[0, 120:], motion.features[0])
    longer = model.edit.extend(motion, before=1, after=1, **STEPS)
    assert longer.features.shape == (1, 150, 52)
    np.testing.assert_array_equal(longer.features[0, 30:120], motion.features[0])
    replaced = model.edit.replace(motion, 1.0, 2.0, text="he jumps", **STEPS)
    np.testing.assert_array_equal(replaced.features[0, :30], motion.features[0, :30])
    # Anchored: what follows stands where it stood.
    np.testing.assert_allclose(replaced.joints[0, 60:], motion.joints[0, 60:], atol=1e-3)
    assert np.abs(replaced.joints[0, 30:60] - motion.joints[0, 30:60]).max() > 0.01
    done_over = model.edit.restyle(motion, text="proudly", strength=0.5, **STEPS)
    assert done_over.features.shape == motion.features.shape


def test_joints_are_made_anew_where_they_can_be_told_apart(
    command: Command, tmp_path: Path, walk: Path
) -> None:
    arguments = ("edit", "joints", walk, "--model", "stick", *FAST)
    result = command(*arguments, "--only", "18,20", "--out", tmp_path)
    assert result.code == 0, result.err
    before, after = mc.read(walk).joints[0], mc.read(tmp_path / "motion.npz").joints[0]
    others = [joint for joint in range(22) if joint not in (18, 20)]
    np.testing.assert_allclose(after[:, others], before[:, others], atol=1e-5)
    assert np.abs(after[:, 18] - before[:, 18]).max() > 0.01
    spine = one_line(command(*arguments, "--only", "3", "--out", tmp_path / "c"))
    assert "stick features do not tell joint 3 from the others" in spine


def test_follow_and_reach(command: Command, tmp_path: Path) -> None:
    arguments = ("--seconds", 4, "--model", "stick", *FAST)
    points = command(
        "edit", "follow", "he walks", "--path", "0,0 0,3 2,5", "--out", tmp_path / "a", *arguments
    )
    assert points.code == 0, points.err
    root = mc.read(tmp_path / "a" / "motion.npz").joints[0, :, 0]
    np.testing.assert_allclose(root[-1, [0, 2]], (2, 5), atol=0.1)
    place = ("edit", "reach", "he walks", "--to", "1,2", "--heading", 90, "--out", tmp_path / "b")
    assert command(*place, *arguments).code == 0
    root = mc.read(tmp_path / "b" / "motion.npz").joints[0, :, 0]
    np.testing.assert_allclose(root[-1, [0, 2]], (1, 2), atol=0.02)


def test_recordings_at_another_rate_come_in_by_their_joints(
    command: Command, tmp_path: Path, recording: Path
) -> None:
    """20 frames a second, read by the example's reader, kept and extended at its model's 30."""
    arguments = ("--after", 1, "--model", "stick", "--out", tmp_path, *FAST)
    result = command("edit", "extend", recording, *arguments)
    assert result.code == 0, result.err
    motion, source = mc.read(tmp_path / "motion.npz"), mc.read(recording)
    assert motion.fps == 30
    # 60 frames at 20 fps are 89 at 30, and the last of them has no step.
    assert motion.joints.shape == (1, 88 + 30, 22, 3)
    for joint in (4, 15, 21):  # an own joint of every limb; distances do not depend on where a motion starts
        theirs = np.linalg.norm(source.joints[0, ::2, joint] - source.joints[0, ::2, 0], axis=-1)
        ours = np.linalg.norm(motion.joints[0, :88:3, joint] - motion.joints[0, :88:3, 0], axis=-1)
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_models_exchange_motion(toy: Path, walk: Path, recording: Path) -> None:
    """What one model made another edits, whatever its features and its frame rate."""
    mdm, stick = mc.load(str(toy)), mc.load("stick")
    longer = mdm.edit.extend(mc.read(walk), after=1, **STEPS)
    assert longer.features.shape[2] == 263
    assert longer.fps == 20
    assert longer.seconds == pytest.approx(4, abs=0.11)
    back = stick.edit.extend(longer, after=1, **STEPS)
    assert back.features.shape[2] == 52
    assert back.seconds == pytest.approx(5, abs=0.2)
    # The two kinds without a way between them: the same width and rate, another name.
    blind = mc.load("stick-blind").edit.extend(mc.read(walk), after=1, **STEPS)
    assert blind.settings["representation"] == "stick-blind"
    assert mdm.edit.extend(mc.read(recording), after=1, **STEPS).features.shape[2] == 263


def test_its_method_takes_part_in_comparisons(command: Command, toy: Path, tmp_path: Path) -> None:
    scripts = [Script(("he walks", "he waves"), (60, 45))]
    made = mc.load("stick").by_method("same-noise", scripts, _method_settings(), seeds=[3])
    assert made.sites.shape == (1, 105, 52)
    assert made.seams == (60,)
    for name in ("short", "baseline", "replacement", "reconstruction", "multidiffusion", "collage"):
        others = mc.load("stick").by_method(name, scripts, _method_settings(), seeds=[3])
        assert torch.isfinite(others.sites).all(), name
    assert method("same-noise").reads == ()
    arguments = (
        "--protocol",
        "composition",
        "--quick",
        "--texts",
        16,
        "--repetitions",
        1,
        "--steps",
        1,
        "--spacing",
        1,
        "--no-timing",
    )
    result = command("eval", *arguments, "--methods", "real,same-noise", "--model", toy, "--out", tmp_path)
    assert result.code == 0, result.err
    found = json.loads((tmp_path / "results.json").read_text())
    assert list(found) == ["real", "same-noise"]
    assert (tmp_path / "sheets" / "same-noise-1.png").exists()


def _method_settings() -> object:
    from motioncollage.methods import MethodSettings

    return MethodSettings(sampler=SamplerSettings(steps=2, spacing=1.0))


def test_judges_read_its_motion_in_their_own_numbers(command: Command, tmp_path: Path) -> None:
    tiny = ("--quick", "--repetitions", 1, "--texts", 32, "--steps", 1, "--spacing", 1, "--no-timing")
    result = command(
        "eval", *tiny, "--methods", "collage", "--protocol", "loops", "--model", "stick", "--out", tmp_path
    )
    assert result.code == 0, result.err
    assert list(json.loads((tmp_path / "results.json").read_text())) == ["collage"]


def test_its_check_judges_its_own_model(command: Command, pack: Path, tmp_path: Path) -> None:
    """Captions and recordings are of a pack with a label that only the package knows to judge; at 30 frames a second."""
    rows = (pack / "captions.jsonl").read_text()
    (pack / "captions.jsonl").write_text(rows.replace('"content": "cmu06"', '"content": "clap"'))
    arguments = (
        "eval",
        "--protocol",
        "actions",
        "--model",
        "stick",
        "--data",
        pack,
        "--steps",
        2,
        "--spacing",
        1,
    )
    result = command(*arguments, "--takes", 2, "--only", "clap", "--out", tmp_path / "out")
    assert result.code == 0, result.err
    found = json.loads((tmp_path / "out" / "actions.json").read_text())["actions"]
    assert list(found) == ["clap"]
    assert (found["clap"]["takes"], found["clap"]["recordings"]) == (2, 2)
    assert found["clap"]["caption"] == "a person does cmu06."


def test_its_splitter_and_its_commands(command: Command, walk: Path) -> None:
    assert [action.text for action in mc.split("walk + run", splitter="plus")] == ["walk", "run"]
    moved = command("distance", walk)
    assert moved.code == 0, moved.err
    assert float(moved.out.split()[0]) > 0
    assert command("show", "speed", walk).out.split()[0] == "30"
    assert "distance" in command("--help").out
    assert "motion nowhere.txt does not exist" in one_line(command("distance", "nowhere.txt"))


@pytest.mark.slow
def test_in_a_process_of_its_own(installed: Path, tmp_path: Path) -> None:
    """As its user has it: installed, and found by nothing but that."""
    environment = {**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{REPOSITORY}"}
    arguments = ("generate", "he walks", "--seconds", "1", "--model", "stick", "--to", "txt", "--no-video")
    result = subprocess.run(
        [sys.executable, "-m", "motioncollage.shell.main", *arguments, "--steps", "2", "--out", "made"],
        capture_output=True, text=True, cwd=tmp_path, env=environment, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    names = sorted(file.name for file in (tmp_path / "made").iterdir())
    assert names == ["contact_sheet.png", "motion.npz", "motion.txt"]
