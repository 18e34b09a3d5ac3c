"""Motion models from a hub by their name: through `mc.load` and the commands, with text encoders; on a server here."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, one_line
from hub_server import NEW, OLD, Hub, point_to, serving
from official_files import write_bert
from paths import REPOSITORY

import motioncollage as mc
from mdm_adapter.models.mdm.checkpoint import load_checkpoint, save_model
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.motion import read_motion
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.models import load_model

NAME, PINNED = "hf:somebody/mdm", f"hf:somebody/mdm@{OLD[:12]}"
QUICK = ("--seconds", "1", "--steps", "1", "--no-video", "--no-sheet")


def published(folder: Path, kind: str = "static", **more: object) -> dict[str, bytes]:
    """A small random MDM as copies on hubs are laid out: `mdm_config.json`, with what was left open as null."""
    torch.manual_seed(0)
    network = MDM(NetworkConfig(text_encoder_type=kind, layers=1, latent_dim=16, diffusion_steps=50))
    save_model(folder, network, Normalisation(torch.zeros(263), torch.full((263,), 0.1)), {})
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    args = json.loads(files.pop("args.json"))
    kept = (
        "arch",
        "layers",
        "latent_dim",
        "text_encoder_type",
        "noise_schedule",
        "diffusion_steps",
        "emb_trans_dec",
    )
    config = {name: args[name] for name in kept}
    config |= {"dataset": "humanml", "cond_mask_prob": 0.1, "pred_len": None, "unconstrained": False, **more}
    return {**files, "mdm_config.json": json.dumps(config).encode(), "model000.pt": b"pickle"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return published(tmp_path_factory.mktemp("published"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: dict[str, bytes]) -> Iterator[Hub]:
    with serving() as server:
        point_to(monkeypatch, server.url, str(tmp_path / "cache"))
        server.add("somebody/mdm", files, licence="mit")
        yield server


def test_fields_of_the_config_are_read_as_those_of_args(tmp_path: Path) -> None:
    for name, content in published(tmp_path / "from").items():
        if not name.endswith(".pt"):
            (tmp_path / name).write_bytes(content)
    loaded = load_checkpoint(tmp_path, device="cpu")
    assert loaded.config == NetworkConfig(
        text_encoder_type="static", layers=1, latent_dim=16, diffusion_steps=50, max_frames=196
    )
    assert loaded.normalisation is not None
    # Where both are, the training's own counts.
    (tmp_path / "args.json").write_text(json.dumps({**loaded.args, "layers": 2}))
    with pytest.raises(ValueError, match=r"lacks seqTransEncoder\.layers\.1"):
        load_checkpoint(tmp_path, device="cpu")


def test_loads_by_name_and_says_which_commit(hub: Hub) -> None:
    model = mc.load(NAME, device="cpu")
    assert model.name == PINNED
    made = model.generate("a person walks", seconds=1, sampler=mc.SamplerSettings(steps=2))
    assert made.settings["model"] == PINNED
    assert not [file for file in hub.fetched() if file.endswith(".pt")]
    hub.asked.clear()
    again = mc.load(made.settings["model"], device="cpu")
    np.testing.assert_array_equal(
        again.generate("a person walks", seconds=1, sampler=mc.SamplerSettings(steps=2)).features,
        made.features,
    )
    assert not hub.asked


def test_other_options_and_names(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"--text-encoder is x, but this model's is 'static', which comes along"
    ):
        mc.load(NAME, device="cpu", text_encoder="x")
    with pytest.raises(
        ValueError, match=r"model 'starter' comes with its text encoder; leave --text-encoder out"
    ):
        mc.load("starter", device="cpu", text_encoder="x")
    with pytest.raises(
        ValueError, match=r"neither a bundled model .* nor a name on a hub \(hf:owner/name\)$"
    ):
        mc.load("somebody/mdm")
    with pytest.raises(ValueError, match=r"has no files, so it is no model of a kind that is read from hubs"):
        load_model(NAME, medium="image")


def test_fetch_says_where_it_is_and_how_to_use_it(
    command: Command, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    result = command("models", "fetch", NAME)
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{PINNED} is in ")
    folder = Path(lines[0].removeprefix(f"{PINNED} is in "))
    assert (folder / "mdm_config.json").is_file()
    assert lines[1:] == [
        "licence of the weights: mit",
        f"use it: motioncollage generate PROMPT --model {NAME}",
    ]
    assert f"{NAME} came without a list of actions" in command("models", NAME).out


def test_models_alone_lists_and_a_name_shows_its_actions(command: Command) -> None:
    assert "starter" in command("models").out
    assert "clips" in command("models", "starter", "--captions").out
    assert command("models", "show", "starter").out == command("models", "starter").out


def test_commands_make_motion_and_refuse_in_a_line(command: Command, hub: Hub, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = command("generate", "a person walks", "--model", NAME, "--out", out, "--preset", "mdm", *QUICK)
    assert result.code == 0, result.err
    told = read_motion(out / "motion.npz").settings
    assert (told["model"], told["sampler"], told["steps"]) == (PINNED, "ddpm", 1)
    assert "hf:somebody/mmd: not there; check the spelling" in one_line(
        command("generate", "a person walks", "--model", "hf:somebody/mmd", "--out", tmp_path / "no")
    )
    hub.add("somebody/pickled", {"args.json": b"{}", "model.pt": b"x", "Mean.npy": b"", "Std.npy": b""})
    assert "which can carry code" in one_line(command("models", "fetch", "hf:somebody/pickled"))


def test_a_fetched_model_of_something_else_is_told(
    command: Command, hub: Hub, files: dict[str, bytes]
) -> None:
    config = {**json.loads(files["mdm_config.json"]), "dataset": "kit"}
    hub.add("somebody/kit", {**files, "mdm_config.json": json.dumps(config).encode()})
    line = one_line(command("models", "fetch", "hf:somebody/kit"))
    assert f"hf:somebody/kit@{OLD[:12]} was fetched, but it is a model of KIT-ML" in line
    assert "it is a model of KIT-ML" in one_line(
        command("generate", "a person walks", "--model", "hf:somebody/kit")
    )


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda hub: setattr(hub, "status", 503), "hf:somebody/mdm"),
        (lambda hub: setattr(hub.repositories["somebody/mdm"], "gated", True), "hf:somebody/mdm"),
        (lambda hub: hub.repositories.clear(), "not there; check the spelling"),
        (lambda hub: hub.repositories["somebody/mdm"].commits[OLD].pop("Std.npy"), "Std.npy"),
        (lambda hub: hub.repositories["somebody/mdm"].sizes.update({"model.safetensors": 5 << 30}), "4,294,967,296"),
    ],
    ids=["the hub is down", "gated", "removed", "no statistics", "too large"],
)  # fmt: skip
def test_what_a_hub_may_lack_is_one_line(
    command: Command,
    hub: Hub,
    tmp_path: Path,
    files: dict[str, bytes],
    spoil: Callable[[Hub], object],
    message: str,
) -> None:
    hub.add("somebody/mdm", dict(files))
    spoil(hub)
    for words in (
        ("models", "fetch", NAME),
        ("generate", "a person walks", "--model", NAME),
        ("eval", "--model", NAME),
    ):
        place = () if words[0] == "models" else ("--out", tmp_path / "out")
        assert message in one_line(command(*words, *place))
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").iterdir())


def test_presets_own_sampling_and_what_options_change(command: Command, hub: Hub, tmp_path: Path) -> None:
    def settings(*options: object) -> dict[str, object]:
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        quiet = ("--seconds", "1", "--no-video", "--no-sheet", "--out", out)
        result = command("generate", "a person walks", "--model", NAME, "--preset", "mdm", *quiet, *options)
        assert result.code == 0, result.err
        told = read_motion(out / "motion.npz").settings
        names = ("sampler", "steps", "guidance", "guidance_limit", "precision")
        return {name: told[name] for name in names}

    own = {"sampler": "ddpm", "steps": 50, "guidance": 2.5, "guidance_limit": None, "precision": "float32"}
    assert settings() == own
    changed = {"steps": 2, "guidance": 4.0, "precision": "auto", "sampler": "ddim"}
    options = [part for name, value in changed.items() for part in (f"--{name}", value)]
    assert settings(*options) == {**own, **changed}


def test_text_encoders_from_a_folder_and_from_the_hub(
    command: Command, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_bert(tmp_path / "bert")
    encoder = {path.name: path.read_bytes() for path in folder.iterdir()}
    hub.add("somebody/withbert", published_decoder(tmp_path / "decoder"))
    name, out = "hf:somebody/withbert", tmp_path / "out"
    make = ("generate", "a person walks", "--model", name, *QUICK, "--out")
    # Not on the hub: said with the option that takes a folder.
    line = command(*make, out).err.splitlines()[-1]
    assert line.startswith("motioncollage: text model hf:distilbert/distilbert-base-uncased: not there")
    assert line.endswith("or give its folder: --text-encoder FOLDER")
    assert command(*make, out, "--text-encoder", folder).code == 0
    assert "bert/absent does not exist" in one_line(
        command(*make, tmp_path / "no", "--text-encoder", folder / ".." / "bert" / "absent")
    )
    hub.add("distilbert/distilbert-base-uncased", encoder | {"pytorch_model.bin": b"pickle"})
    told = command("models", "fetch", "hf:distilbert/distilbert-base-uncased").out
    assert "--model FOLDER --text-encoder hf:distilbert/distilbert-base-uncased" in " ".join(told.split())
    fetched = tmp_path / "fetched"
    assert command(*make, fetched).code == 0
    assert "pytorch_model.bin" not in hub.fetched()
    np.testing.assert_array_equal(
        read_motion(out / "motion.npz").features, read_motion(fetched / "motion.npz").features
    )
    point_to(monkeypatch, hub.url, str(tmp_path / "cache"), offline=True)
    assert command(*make, tmp_path / "offline").code == 0
    point_to(monkeypatch, hub.url, str(tmp_path / "elsewhere"), offline=True)
    assert "HF_HUB_OFFLINE" in one_line(command(*make, tmp_path / "no"))


def published_decoder(folder: Path) -> dict[str, bytes]:
    torch.manual_seed(0)
    config = NetworkConfig(
        arch="trans_dec", text_encoder_type="bert", layers=1, latent_dim=16, diffusion_steps=50
    )
    save_model(folder, MDM(config), Normalisation(torch.zeros(263), torch.full((263,), 0.1)), {})
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.slow
def test_the_environment_decides_where_the_hub_is(hub: Hub, tmp_path: Path) -> None:
    """As a user runs it: HF_ENDPOINT, HF_HOME and HF_HUB_OFFLINE, each command a program of its own."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        around = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "home"), **more}
        around["PYTHONPATH"] = str(REPOSITORY)
        return subprocess.run(
            [sys.executable, "-m", "motioncollage.shell.main", "models", "fetch", *arguments],
            env=around, capture_output=True, text=True, check=False,
        )  # fmt: skip

    first = run(NAME, HF_HUB_OFFLINE="1")
    assert (first.returncode, first.stderr.count("\n")) == (2, 1)
    assert "HF_HUB_OFFLINE forbids" in first.stderr
    assert run(NAME).returncode == 0
    hub.repositories["somebody/mdm"].references["main"] = NEW
    later = run(NAME, HF_HUB_OFFLINE="1")
    assert later.returncode == 0
    assert PINNED in later.stdout
