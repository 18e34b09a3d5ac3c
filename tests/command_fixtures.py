"""Fixtures of tests that run commands."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import Command, Result
from paths import golden

from mdm_adapter.models.mdm.checkpoint import save_model
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.representation.normalisation import Normalisation
from motioncollage.shell.main import main


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `motioncollage ARGUMENTS` as its entry point does."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["motioncollage", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return Result(int(exit_.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a small random network."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("models") / "toy"
    network = MDM(NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16))
    save_model(folder, network, Normalisation(torch.zeros(263), torch.full((263,), 0.1)), {})
    return folder


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A starter pack of six clips."""
    motions, rows = [], []
    for number, name in enumerate(("walk", "run", "cmu06", "walk", "run", "cmu06")):
        with np.load(golden(f"hml_clip_{name}.npz")) as archive:
            motions.append(archive["joints"][: 60 + number])
        split = "train" if number < 4 else "val"
        row = {"name": f"{name}{number}", "split": split, "content": name, "style": "normal"}
        rows.append({**row, "captions": [f"a person does {name}."]})
    folder = tmp_path / "pack"
    folder.mkdir()
    np.savez(
        folder / "motions.npz",
        joints=np.concatenate([np.round(motion / 0.0004).astype(np.int16) for motion in motions]),
        offsets=np.cumsum([0, *map(len, motions)]),
        metres_per_unit=0.0004,
    )
    (folder / "captions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder
