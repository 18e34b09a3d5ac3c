"""Kimodo from the command line, as any other model: a random checkpoint in the published layout, by folder and by hub."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from counting import check_counted
from hub_server import Hub, point_to, serving
from kimodo_toys import ToyEncoder, toy_folder

import motioncollage as mc
from mdm_adapter.models.kimodo.numbers import SOMA
from mdm_adapter.models.kimodo.text import embed_sentences, read_embeddings, write_embeddings
from mdm_adapter.motion import read_motion
from motioncollage.methods import MethodSettings, Script

pytest.importorskip("yaml")
QUIET = ("--steps", 2, "--no-video", "--no-sheet")
TEXTS = ("a person walks", "he waves")
NAME = "hf:nvidia/Kimodo-SOMA-RP-v1"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with embeddings beside it."""
    made = toy_folder(tmp_path_factory.mktemp("kimodo") / "toy")
    together = "a person walks, then he waves."  # what a window over everything is told
    embedded = embed_sentences([*TEXTS, together], ToyEncoder(), name="toy")
    write_embeddings(made / "sentences.safetensors", embedded, force=False)
    (made / "README.md").write_text(
        "---\nlicense: other\nlicense_name: nvidia-open-model-license\n---\n# Card\n"
    )
    return made


@pytest.fixture(scope="module")
def motion(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A motion of the toy of 4 s."""
    path = tmp_path_factory.mktemp("motion") / "walk.npz"
    mc.load(str(folder)).generate(TEXTS[0], seconds=4, sampler=mc.SamplerSettings(steps=2)).save(path)
    return path


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folder: Path) -> Iterator[Hub]:
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    with serving() as server:
        point_to(monkeypatch, server.url, str(tmp_path / "cache"))
        server.add("nvidia/Kimodo-SOMA-RP-v1", {**files, "model.pt": b"pickle"}, licence="other")
        yield server


def test_generate(command: Command, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "made"
    result = command(
        "generate", " | ".join(TEXTS), "--seconds", 12, "--samples", 2, "--model", folder, "--out", out, "--to", "bvh",
        *QUIET,
    )  # fmt: skip
    assert result.code == 0, result.err
    made = read_motion(out / "motion.npz")
    assert (made.joints.shape, made.features.shape, made.fps) == ((2, 360, 22, 3), (2, 360, 369), 30.0)
    assert made.settings["representation"] == "kimodo-soma30"
    assert (made.settings["guidance"], made.settings["piece"], made.settings["overlap"]) == (2.0, 240, 30)
    assert (out / "motion.bvh").exists()
    # Joints are where the features say.
    joints = SOMA.to_joints(torch.from_numpy(made.features).double())
    np.testing.assert_allclose(made.joints, joints.numpy(), atol=1e-4)
    assert "licence" not in result.err


@pytest.mark.parametrize("path", ["free", "in-place", "circular"])
def test_loops_close_and_are_played_on(command: Command, folder: Path, tmp_path: Path, path: str) -> None:
    out = tmp_path / "loop"
    made_by = (
        "loop",
        TEXTS[0],
        "--seconds",
        8,
        "--path",
        path,
        "--model",
        folder,
        "--out",
        out,
        "--to",
        "bvh",
        *QUIET,
    )
    result = command(*made_by)
    assert result.code == 0, result.err
    made = read_motion(out / "motion.npz")
    assert made.features.shape == (1, 240, 369)
    turn, place = SOMA.way.arrival(torch.from_numpy(made.features[0]).double())
    if path != "free":
        assert place == pytest.approx((0.0, 0.0), abs=1e-4)
    assert abs((turn + np.pi) % (2 * np.pi) - np.pi) < 1e-4
    # Played twice, the second cycle begins where the first one leads, in the same pose.
    twice = mc.load(str(folder)).tiled(made, 2)  # type: ignore[attr-defined]
    assert twice.frames == 480
    step = twice.joints[0, 240] - twice.joints[0, 0]
    np.testing.assert_allclose(step, np.broadcast_to([place[0], 0, place[1]], step.shape), atol=1e-3)


def test_a_part_of_a_turn_is_refused(command: Command, folder: Path, tmp_path: Path) -> None:
    quarter = ("loop", TEXTS[0], "--seconds", 8, "--path", "circular", "--turn", 90, *QUIET)
    line = one_line(command(*quarter, "--model", folder, "--out", tmp_path))
    assert "turn is 90 degrees; loops of this model make whole turns" in line


def test_edits(command: Command, folder: Path, motion: Path, tmp_path: Path) -> None:
    kept = read_motion(motion)

    def edit(name: str, *arguments: object) -> "mc.face.Motion":
        out = tmp_path / f"{name}{len(list(tmp_path.iterdir()))}"
        result = command("edit", name, *arguments, "--model", folder, "--out", out, *QUIET)
        assert result.code == 0, result.err
        return read_motion(out / "motion.npz")

    between = edit("inbetween", motion, motion, "--seconds", 1)
    assert between.features.shape == (1, 120 + 30 + 120, 369)
    np.testing.assert_array_equal(between.features[0, :120], kept.features[0])
    # The second motion is the same one, elsewhere.
    own = SOMA.own
    canonical = [
        own.canonical(torch.from_numpy(f).double()) for f in (between.features[0, 150:], kept.features[0])
    ]
    assert torch.allclose(canonical[0][:, 5:], canonical[1][:, 5:], atol=1e-3)
    longer = edit("extend", motion, "--before", 1, "--after", 1)
    np.testing.assert_array_equal(longer.features[0, 30:150], kept.features[0])
    replaced = edit("replace", motion, "--from", 1, "--to", 2, "--text", TEXTS[1])
    np.testing.assert_array_equal(replaced.features[0, 60:], kept.features[0, 60:])
    free = edit("replace", motion, "--from", 1, "--to", 2, "--no-anchored")
    assert free.features.shape == kept.features.shape
    joints = edit("joints", motion, "--only", "arms")
    columns = [0, 1, 2, 3, 4]
    np.testing.assert_allclose(joints.features[0][:, columns], kept.features[0][:, columns], atol=1e-4)
    assert edit("restyle", motion, "--text", TEXTS[1]).features.shape == kept.features.shape
    assert edit("detail", motion).features.shape == kept.features.shape


def test_paths_and_places(command: Command, folder: Path, tmp_path: Path) -> None:
    follow = (
        "edit",
        "follow",
        TEXTS[0],
        "--path",
        "1,0 1,3 4,3",
        "--model",
        folder,
        "--out",
        tmp_path / "a",
        *QUIET,
    )
    assert command(*follow).code == 0
    features = read_motion(tmp_path / "a" / "motion.npz").features[0]
    assert features[0, [0, 2]] == pytest.approx([1, 0], abs=1e-5)
    assert features[-1, [0, 2]] == pytest.approx([4, 3], abs=0.2)
    reach = (
        "edit",
        "reach",
        TEXTS[0],
        "--to",
        "2,3",
        "--heading",
        90,
        "--model",
        folder,
        "--out",
        tmp_path / "b",
    )
    result = command(*reach, *QUIET)
    assert result.code == 0, result.err
    made = torch.from_numpy(read_motion(tmp_path / "b" / "motion.npz").features[0]).double()
    turn, place = SOMA.way.arrival(made[:-1])
    assert place == pytest.approx((2, 3), abs=1e-3)
    assert (turn - np.pi / 2 + np.pi) % (2 * np.pi) - np.pi == pytest.approx(0, abs=1e-3)
    pelvis = SOMA.own.decode(made).root
    assert (pelvis[-1] - pelvis[0])[[0, 2]].tolist() == pytest.approx([2, 3], abs=1e-3)


def test_files_of_other_programs(command: Command, motion: Path, tmp_path: Path) -> None:
    result = command("export", motion, "--to", "glb,smpl,csv,html", "--out", tmp_path)
    assert result.code == 0, result.err
    assert command("view", motion, "--out", tmp_path / "page.html").code == 0


def test_methods_its_own_among_them(command: Command, folder: Path, tmp_path: Path) -> None:
    made = {}
    for method in ("collage", "kimodo-chain", "short", "replacement", "reconstruction", "baseline"):
        out = tmp_path / method
        asked = (
            "generate",
            " | ".join(TEXTS),
            "--seconds",
            12,
            "--method",
            method,
            "--model",
            folder,
            "--out",
            out,
        )
        result = command(*asked, *QUIET)
        assert result.code == 0, result.err
        made[method] = read_motion(out / "motion.npz")
        assert made[method].features.shape == (1, 360, 369)
        assert np.isfinite(made[method].features).all()
    assert made["kimodo-chain"].settings["method"] == "kimodo-chain"
    assert made["kimodo-chain"].settings["pieces"] == [[0, 180], [180, 180]]
    # Unjoined parts go on where the one before leads.
    short = torch.from_numpy(made["short"].features[0]).double()
    _, place = SOMA.way.arrival(short[:180])
    pelvis = SOMA.own.decode(short).root
    assert (pelvis[180] - pelvis[0])[[0, 2]].tolist() == pytest.approx(place, abs=1e-3)
    line = one_line(
        command("generate", TEXTS[0], "--method", "kimodo-chain", "--out", tmp_path / "no", *QUIET)
    )
    assert "method kimodo-chain is Kimodo's own and starter is none" in line
    assert "method 'weaving' is unknown" in one_line(command("generate", TEXTS[0], "--method", "weaving"))


def test_long_actions_are_chained_in_parts(command: Command, folder: Path, tmp_path: Path) -> None:
    asked = (
        "generate",
        TEXTS[0],
        "--seconds",
        20,
        "--method",
        "kimodo-chain",
        "--model",
        folder,
        "--out",
        tmp_path,
    )
    assert command(*asked, *QUIET).code == 0
    made = read_motion(tmp_path / "motion.npz")
    assert (made.frames, made.settings["pieces"]) == (600, [[0, 200], [200, 200], [400, 200]])


def test_what_it_is_asked_is_counted(folder: Path) -> None:
    maker = mc.load(str(folder)).written_as("humanml3d")  # type: ignore[attr-defined]
    settings = MethodSettings(sampler=mc.SamplerSettings(steps=2))
    network, methods = maker.model.kimodo.network, ("collage", "kimodo-chain", "replacement", "short")
    check_counted(maker, network, methods, [Script(TEXTS, (80, 80))], settings)
    cycle = [Script(TEXTS[:1], (80,))]
    check_counted(maker, network, ("collage",), cycle, replace(settings, loop=True))
    call = next(iter(maker.work("collage", cycle, settings).calls))
    assert maker.seconds_of(call, TEXTS[0], settings) > 0


def test_evaluators_judge_it(
    command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mdm_adapter.models.kimodo.text.places.load_encoder", lambda *_, **__: ToyEncoder())
    tiny = ("--quick", "--repetitions", 1, "--texts", 32, "--steps", 1, "--spacing", 1, "--no-timing")
    methods = ("--protocol", "loops", "--methods", "collage")
    result = command("eval", *tiny, *methods, "--model", folder, "--out", tmp_path)
    assert result.code == 0, result.err
    assert list(json.loads((tmp_path / "results.json").read_text())) == ["collage"]


def test_by_its_name_on_a_hub(command: Command, hub: Hub, tmp_path: Path) -> None:
    fetched = command("models", "fetch", NAME)
    assert fetched.code == 0, fetched.err
    assert f"use it: motioncollage generate PROMPT --model {NAME}" in " ".join(fetched.out.split())
    result = command("generate", TEXTS[0], "--seconds", 2, "--model", NAME, "--out", tmp_path / "out", *QUIET)
    assert result.code == 0, result.err
    assert read_motion(tmp_path / "out" / "motion.npz").settings["model"].startswith(f"{NAME}@")
    assert "model.pt" not in hub.fetched()
    shown = " ".join(command("models", NAME).out.split())
    assert "nvidia-open-model-license" in shown
    assert "10 s at 30 frames a second" in shown


def test_what_is_missing_is_said_in_a_line(
    command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = ("--out", tmp_path / "no", *QUIET)
    line = one_line(command("generate", "he kneels", "--model", folder, *out))
    assert "1 sentences have no embedding, such as 'He kneels.'" in line
    elsewhere = one_line(
        command("generate", TEXTS[0], "--model", folder, "--text-encoder", tmp_path / "x", *out)
    )
    assert "is neither a file of embeddings" in elsewhere
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    assert "pip install 'motioncollage[kimodo]'" in one_line(
        command("generate", TEXTS[0], "--model", folder, *out)
    )


def test_texts_are_embedded_once(
    command: Command, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = ToyEncoder()
    monkeypatch.setattr("mdm_adapter.models.kimodo.text.places.load_encoder", lambda place: encoder)
    (tmp_path / "list.txt").write_text("he kneels\n\nhe sits\n")
    place, out = ("--text-encoder", "http://127.0.0.1:9"), ("--out", tmp_path / "s.safetensors")
    result = command("texts", "embed", tmp_path / "list.txt", "a person walks, then waves", *place, *out)
    assert result.code == 0, result.err
    found = read_embeddings(tmp_path / "s.safetensors")
    assert {
        "He kneels.",
        "He sits.",
        "A person walks, then waves.",
        "A person walks.",
        "A person waves.",
    } == set(found.rows)
    assert found.encoder == "LLM2Vec at http://127.0.0.1:9"
    assert "use --add" in one_line(command("texts", "embed", "he jumps", *place, *out))
    encoder.asked.clear()
    assert command("texts", "embed", "he jumps", "he sits", "--add", *place, *out).code == 0
    assert encoder.asked == ["He jumps."]
    assert len(read_embeddings(tmp_path / "s.safetensors")) == 6
    made = (
        "generate",
        "he jumps",
        "--seconds",
        1,
        "--model",
        folder,
        "--text-encoder",
        tmp_path / "s.safetensors",
    )
    monkeypatch.undo()
    assert command(*made, "--out", tmp_path / "out", *QUIET).code == 0


def test_what_cannot_be_embedded(command: Command, folder: Path, tmp_path: Path) -> None:
    place = ("--text-encoder", "http://127.0.0.1:9")
    refused = {
        "holds": ("he sits", "--out", tmp_path / "a.npz", *place),
        "does not exist": (tmp_path / "no.txt", "--out", tmp_path / "a.safetensors", *place),
        "knows its own sentences only": ("a", "--text-encoder", folder / "sentences.safetensors"),
        "give one of the two": ("a", "--add", "--force", *place),
    }
    told = {word: one_line(command("texts", "embed", *given)) for word, given in refused.items()}
    assert "is no .safetensors" in told.pop("holds")
    for word, line in told.items():
        assert word in line
