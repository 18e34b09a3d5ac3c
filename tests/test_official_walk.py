"""From a folder of official files to a table and a model of one's own, by the commands of README and docs alone."""

import json
from pathlib import Path

import pytest
from command_line import Command, Result
from hub_server import OLD, point_to, serving
from official_files import Official, make_official

from mdm_adapter.motion import read_motion

PROMPT = "a person walks, then waves"
QUIET = ("--no-video", "--no-sheet")


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Official:
    return make_official(tmp_path_factory.mktemp("official"), clips=40)


def ran(result: Result) -> str:
    assert result.code == 0, result.err
    return result.out


def row(out: Path, method: str) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, dict[str, object]]] = json.loads((out / "results.json").read_text())
    return found[method]


@pytest.mark.slow
def test_the_walk(
    command: Command, official: Official, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "one second of motion" in ran(command("doctor"))
    own = ("--model", official.model, "--text-encoder", official.encoder)

    # A published model, from its folder.
    ran(command("generate", PROMPT, *own, "--seconds", 6, "--out", tmp_path / "made"))
    made = read_motion(tmp_path / "made" / "motion.npz")
    assert (made.frames, made.settings["guidance"]) == (120, 2.5)
    assert (tmp_path / "made" / "motion.mp4").stat().st_size > 1000
    ran(
        command(
            "generate", PROMPT, *own, "--seconds", 2, "--preset", "mdm", *QUIET, "--out", tmp_path / "as-mdm"
        )
    )
    assert read_motion(tmp_path / "as-mdm" / "motion.npz").settings["steps"] == 50
    ran(command("loop", "a person walks", *own, "--seconds", 5, *QUIET, "--out", tmp_path / "loop"))
    assert read_motion(tmp_path / "loop" / "motion.npz").settings["loop"] is True

    # The tables: what is going to happen, then the smallest of each.
    few = ("--quick", "--repetitions", 2, "--steps", 2, "--spacing", 1, "--no-timing", "--out")
    assert "Making takes about" in ran(
        command(*official.eval("official"), "--quick", *few, tmp_path / "official", "--dry-run")
    )
    assert not (tmp_path / "official").exists()
    for protocol, methods in (
        ("official", "real,short"),
        ("long", "collage"),
        ("composition", "real,collage"),
    ):
        out = tmp_path / protocol
        texts = () if protocol == "official" else ("--texts", 32)
        ran(command(*official.eval(protocol), "--methods", methods, *texts, *few, out))
        for method in methods.split(","):
            assert {"fid", "r_precision_top3"} <= row(out, method).keys()
        assert (out / "report.md").is_file()
        assert (out / "index.html").is_file()

    # A model and a judge of one's own, on the same data, and both at work.
    small = ("--steps", 2, "--batch-size", 4, "--layers", 1, "--width", 32, "--transitions", 0)
    runs = tmp_path / "runs"
    ran(
        command(
            "train", "denoiser", official.data, *small, "--text-encoder", "static", "--out", runs / "denoiser"
        )
    )
    trained = runs / "denoiser" / "model"
    ran(
        command("generate", PROMPT, "--model", trained, "--seconds", 4, *QUIET, "--out", tmp_path / "trained")
    )
    assert read_motion(tmp_path / "trained" / "motion.npz").frames == 80
    ran(
        command(
            "train", "evaluator", official.data, "--steps", 2, "--batch-size", 4, "--out", runs / "evaluator"
        )
    )
    ran(
        command(
            "eval", "--protocol", "long", "--benchmark", "humanml3d", "--data", official.data, "--evaluator",
            runs / "evaluator" / "evaluator.safetensors", "--model", trained, "--methods", "short,collage", "--texts", 32,
            *few, tmp_path / "own",
        )
    )  # fmt: skip
    assert row(tmp_path / "own", "collage")["fid"]["mean"]

    # What was trained, from a hub: as copies are laid out there.
    files = {path.name: path.read_bytes() for path in trained.iterdir() if path.is_file()}
    with serving() as hub:
        point_to(monkeypatch, hub.url, str(tmp_path / "cache"))
        hub.add("somebody/mine", {**files, "mdm_config.json": files["args.json"]})
        told = ran(command("models", "fetch", "hf:somebody/mine"))
        assert "use it: motioncollage generate PROMPT --model hf:somebody/mine" in told
    # The network cable is pulled: the cache serves.
    hub_model = ("--model", "hf:somebody/mine", "--seconds", 4, *QUIET)
    ran(command("generate", PROMPT, *hub_model, "--out", tmp_path / "fetched"))
    fetched = read_motion(tmp_path / "fetched" / "motion.npz")
    assert fetched.settings["model"] == f"hf:somebody/mine@{OLD[:12]}"
