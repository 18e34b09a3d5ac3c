"""Checkpoints: published files give the published outputs, ours come back, broken ones are refused."""

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from paths import golden
from safetensors.torch import load_file, save_file
from torch import Tensor

from mdm_adapter.models.mdm import checkpoint as module
from mdm_adapter.models.mdm.checkpoint import LoadedModel, load_checkpoint, save_model
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.representation.normalisation import Normalisation

ARGS: dict[str, Any] = {
    "arch": "trans_enc",
    "text_encoder_type": "static",
    "layers": 1,
    "latent_dim": 16,
    "lr": 1e-4,
}
STATISTICS = Normalisation(torch.linspace(-1, 1, 263), torch.linspace(0.5, 2, 263))


def small_network(seed: int = 0, **changes: Any) -> MDM:
    torch.manual_seed(seed)
    return MDM(NetworkConfig.from_args({**ARGS, **changes})).eval()


def write(folder: Path, contents: object, *, name: str = "model000000100.pt", **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "args.json").write_text(json.dumps({**ARGS, **changes}), encoding="utf-8")
    torch.save(contents, folder / name)
    return folder


def first_bias(loaded: LoadedModel) -> Tensor:
    return loaded.network.embed_text.bias


def refusal(path: Path) -> str:
    """The message, which must be one line that names a file of the folder."""
    with pytest.raises(ValueError, match=r"\A[^\n]+\Z") as caught:
        load_checkpoint(path, device="cpu")
    message = str(caught.value)
    assert str(path) in message
    assert ";" in message, "no remedy"
    return message


@pytest.mark.parametrize("variant", ["enc", "dec_clip", "dec_bert", "enc_maskframes", "enc_maskframes_avg"])
def test_published_files_give_the_published_outputs(tmp_path: Path, variant: str) -> None:
    args = json.loads(golden(f"mdm_{variant}.args.json").read_text(encoding="utf-8"))
    file, _, part = args["_weights"].partition(":")
    args["use_ema"] = part == "model_avg"
    (tmp_path / "args.json").write_text(json.dumps(args), encoding="utf-8")
    shutil.copyfile(golden(file), tmp_path / "model000475000.pt")
    loaded = load_checkpoint(tmp_path, device="cpu")
    assert (loaded.file, loaded.args, loaded.normalisation) == ("model000475000.pt", args, None)
    assert loaded.config == NetworkConfig.from_args(args) == loaded.network.config
    assert not loaded.network.training
    assert not any(p.requires_grad for p in loaded.network.parameters())
    with np.load(golden(f"mdm_{variant}.npz")) as archive:
        arrays = {key: torch.from_numpy(archive[key]) for key in archive.files}
    ours = loaded.network(
        arrays["x"][:, :, 0].transpose(1, 2), arrays["timesteps"], arrays["text_embed"].transpose(0, 1),
        text_padding=arrays.get("text_mask"), frame_mask=arrays["mask"][:, 0, 0],
    )  # fmt: skip
    theirs = arrays["out_cond"][:, :, 0].transpose(1, 2)
    assert (ours - theirs).abs().max() < 1e-4 * theirs.abs().max()


def test_the_average_is_read_where_the_training_kept_one(tmp_path: Path) -> None:
    plain, average = small_network(1), small_network(2)
    both = {"model": plain.state_dict(), "model_avg": average.state_dict()}
    for use_ema, contents, expected in (
        (True, both, average),
        (False, both, plain),
        (True, {"model": plain.state_dict()}, plain),
        (True, plain.state_dict(), plain),
    ):
        loaded = load_checkpoint(write(tmp_path / "a", contents, use_ema=use_ema), device="cpu")
        assert torch.equal(first_bias(loaded), expected.embed_text.bias)
    assert torch.equal(
        first_bias(load_checkpoint(write(tmp_path / "b", both), device="cpu")), plain.embed_text.bias
    )


def test_the_highest_number_wins_and_a_file_can_be_named(tmp_path: Path) -> None:
    names = ["model.pt", "model000000100.pt", "model99.pt", "model000012000.pt"]
    for seed, name in enumerate(names):
        write(tmp_path, small_network(seed).state_dict(), name=name)
    write(tmp_path, {"state": {}}, name="opt000020000.pt")
    (tmp_path / "model_best.pt").write_bytes(b"not a numbered file")
    assert load_checkpoint(tmp_path, device="cpu").file == "model000012000.pt"
    for seed, name in enumerate(names):
        loaded = load_checkpoint(tmp_path / name, device="cpu")
        assert loaded.file == name
        assert torch.equal(first_bias(loaded), small_network(seed).embed_text.bias)


def test_parameters_buffers_and_the_text_encoder_of_published_files(tmp_path: Path) -> None:
    network = small_network()
    state = {name: torch.nn.Parameter(value) for name, value in network.state_dict().items()}
    extra = {
        "sequence_pos_encoder.pe": torch.zeros(5000, 1, 16),
        "embed_timestep.sequence_pos_encoder.pe": torch.zeros(5000, 1, 16),
        "clip_model.text_projection": torch.zeros(3),
    }
    loaded = load_checkpoint(write(tmp_path, {**state, **extra}), device="cpu")
    torch.testing.assert_close(loaded.network.sequence_pos_encoder.pe, network.sequence_pos_encoder.pe)


def test_our_own_format_comes_back_in_half_precision(tmp_path: Path) -> None:
    network = small_network()
    save_model(tmp_path / "new", network, STATISTICS, {"use_ema": True, "note": "kept", "layers": 99})
    folder = tmp_path / "new"
    assert sorted(p.name for p in folder.iterdir()) == [
        "Mean.npy",
        "Std.npy",
        "args.json",
        "model.safetensors",
    ]
    assert {t.dtype for t in load_file(folder / "model.safetensors").values()} == {torch.float16}
    loaded = load_checkpoint(folder, device="cpu")
    assert loaded.file == "model.safetensors"
    assert loaded.config == network.config
    assert (loaded.args["note"], loaded.args["layers"]) == ("kept", 1)
    for name, value in loaded.network.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, network.state_dict()[name].half().float())
    assert loaded.normalisation is not None
    assert torch.equal(loaded.normalisation.mean, STATISTICS.mean)
    assert torch.equal(loaded.normalisation.std, STATISTICS.std)
    assert first_bias(load_checkpoint(folder / "model.safetensors", device="cpu")).dtype == torch.float32


def test_saving_again_replaces_everything(tmp_path: Path) -> None:
    save_model(tmp_path, small_network(0), STATISTICS, {})
    save_model(tmp_path, small_network(1, layers=2), None, {})
    loaded = load_checkpoint(tmp_path, device="cpu")
    assert (loaded.config.layers, loaded.normalisation) == (2, None)


def test_failed_save_leaves_the_old_model(tmp_path: Path) -> None:
    save_model(tmp_path, small_network(0), STATISTICS, {})
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    broken = Normalisation(torch.zeros(263), None)  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        save_model(tmp_path, small_network(1), broken, {})
    diverged = small_network(2)
    diverged.embed_text.bias.data[0] = 1e6
    with pytest.raises(ValueError, match=r"embed_text\.bias has numbers that float16 cannot hold"):
        save_model(tmp_path, diverged, STATISTICS, {})
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_saving_beside_a_published_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, small_network().state_dict())
    with pytest.raises(ValueError, match=r"holds model000000100\.pt, which would be read instead"):
        save_model(tmp_path, small_network(), None, {})


def test_missing_files(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nowhere")
    assert "has neither model*.pt nor model.safetensors" in refusal(tmp_path)
    write(tmp_path, small_network().state_dict())
    (tmp_path / "args.json").unlink()
    assert "args.json is missing" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"arch": ', "is not JSON"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[1, 2]", "holds a list"),
        (b" " * (2 << 20), "is larger than"),
        (b'{"arch": "gru"}', "arch is 'gru'"),
        (b'{"arch": ["trans_enc"]}', "arch is"),
        (b'{"layers": "8"}', "layers is '8'"),
        (b'{"text_encoder_type": ["clip"]}', "it holds something else than it should"),
        (b'{"mask_frames": "false"}', "mask_frames is 'false'"),
        (b'{"max_frames": null}', "args.json"),
        (b'{"features": -1}', "no such network"),
        (b'{"features": 1000000000000, "layers": 64, "latent_dim": 8192}', "not [8192, 1000000000000]"),
    ],
)
def test_broken_arguments(tmp_path: Path, text: bytes, message: str) -> None:
    write(tmp_path, small_network().state_dict())
    (tmp_path / "args.json").write_bytes(text)
    assert message in refusal(tmp_path)


@pytest.mark.parametrize("keep", [0, 10, 1000, -200, -1])
@pytest.mark.parametrize("kind", ["pt", "safetensors"])
def test_truncated_files(tmp_path: Path, kind: str, keep: int) -> None:
    if kind == "pt":
        file = write(tmp_path, small_network().state_dict()) / "model000000100.pt"
    else:
        save_model(tmp_path, small_network(), None, {})
        file = tmp_path / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    assert "is damaged or no checkpoint" in refusal(tmp_path)


class Payload:
    """Would run code if it were unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('code of the file was run')",)


@pytest.mark.parametrize(
    "contents",
    [
        Payload(),
        {"model": Payload()},
        [1, 2],
        7,
        {"state": {0: torch.zeros(2)}, "param_groups": []},
        {"model": None},
        {0: torch.zeros(2)},
        {"embed_text.bias": torch.zeros(16, device="meta")},
        {"embed_text.bias": torch.zeros(16).to_sparse()},
    ],
    ids=lambda contents: type(contents).__name__,
)
def test_foreign_pickles(tmp_path: Path, contents: object) -> None:
    refusal(write(tmp_path, contents))


def test_foreign_files(tmp_path: Path) -> None:
    write(tmp_path, {})
    for text in (b"<html>not found</html>", b"\x89PNG\r\n\x1a\n" * 50, b"\0" * 4096, b"\x80\x02."):
        (tmp_path / "model000000100.pt").write_bytes(text)
        assert "is damaged or no checkpoint" in refusal(tmp_path)
    assert "is damaged or no checkpoint" in refusal(write(tmp_path, {}) / "args.json")


def test_oversized_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, small_network().state_dict())
    with (tmp_path / "model000000200.pt").open("wb") as sparse:
        sparse.truncate((4 << 30) + 1)
    assert "is larger than 4 GiB" in refusal(tmp_path)
    (tmp_path / "model000000200.pt").unlink()
    with zipfile.ZipFile(tmp_path / "model000000300.pt", "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("archive/data.pkl", b"\0" * 4_000_000)
    monkeypatch.setattr(module, "MAX_BYTES", 1_000_000)
    assert "unpacks to more than" in refusal(tmp_path)


def test_keys_and_shapes_must_fit(tmp_path: Path) -> None:
    state = small_network().state_dict()
    name = "output_process.poseFinal.weight"
    lacking = {key: value for key, value in state.items() if key != name}
    assert f"lacks {name}; use the args.json" in refusal(write(tmp_path, lacking))
    assert "holds 'target.bias', which this architecture has not" in refusal(
        write(tmp_path, {**state, "target.bias": torch.zeros(1)})
    )
    assert f"{name} has shape [251, 16], not [263, 16]" in refusal(
        write(tmp_path, {**state, name: torch.zeros(251, 16)})
    )
    assert "lacks seqTransEncoder.layers.1." in refusal(write(tmp_path, state, layers=2))
    assert "has shape" in refusal(write(tmp_path, state, text_encoder_type="clip"))
    assert "lacks seqTransDecoder" in refusal(write(tmp_path, state, arch="trans_dec"))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 1e300])
def test_numbers_must_be_finite(tmp_path: Path, value: float) -> None:
    state = {key: tensor.double() for key, tensor in small_network().state_dict().items()}
    state["embed_text.bias"][3] = value
    assert "embed_text.bias holds no finite floats" in refusal(write(tmp_path, state))
    state["embed_text.bias"] = torch.zeros(16, dtype=torch.int64)
    assert "embed_text.bias holds no finite floats" in refusal(write(tmp_path, state))


def test_statistics_beside_the_weights(tmp_path: Path) -> None:
    write(tmp_path, small_network().state_dict())
    np.save(tmp_path / "Mean.npy", np.zeros(263))
    assert "Std.npy is missing" in refusal(tmp_path)
    np.save(tmp_path / "Std.npy", np.ones(263))
    loaded = load_checkpoint(tmp_path, device="cpu").normalisation
    assert loaded is not None
    assert loaded.std.dtype == torch.float32
    for broken in (
        np.zeros(263),
        np.ones(251),
        np.full(263, np.nan),
        np.array([None] * 263),
        np.ones(1 << 20),
    ):
        np.save(tmp_path / "Std.npy", broken, allow_pickle=True)
        assert "Std.npy" in refusal(tmp_path)
    (tmp_path / "Std.npy").write_bytes(b"PK\x03\x04 no array")
    assert "Std.npy" in refusal(tmp_path)


def test_safetensors_of_another_model(tmp_path: Path) -> None:
    write(tmp_path, {})
    (tmp_path / "model000000100.pt").unlink()
    save_file({"vision.weight": torch.zeros(2)}, tmp_path / "model.safetensors")
    assert "lacks input_process.poseEmbedding.weight" in refusal(tmp_path)
