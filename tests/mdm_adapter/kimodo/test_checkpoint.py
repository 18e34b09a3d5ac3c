"""Folders as the hub ships them, and folders of strangers."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from kimodo_toys import FOLDER_CONFIG, arrays, golden_network, sentence, toy_folder, toy_network
from paths import golden
from safetensors.torch import load_file, save_file
from torch import Tensor

from mdm_adapter.models.kimodo.checkpoint import load_kimodo
from mdm_adapter.models.kimodo.denoiser import KimodoDenoiser
from motioncollage.collage.denoiser import NoiseLevel

pytest.importorskip("yaml")
LEVEL = NoiseLevel(0.6, 0.8, 500.0)


def test_the_published_layout(tmp_path: Path) -> None:
    folder = golden("kimodo_release_smplx22")
    with pytest.raises(ValueError, match="joints have a licence of their own; copy kimodo/assets"):
        load_kimodo(folder)
    joints = tmp_path / "joints.npy"
    np.save(joints, arrays("kimodo_skeletons.npz")["smplx22/neutral_joints"].numpy())
    loaded = load_kimodo(folder, joints=joints)
    network, _ = golden_network("smplx22")
    assert loaded.network.config == network.config
    assert loaded.config.skeleton == "smplx22"
    for (name, mine), theirs in zip(loaded.network.state_dict().items(), network.state_dict().values()):
        assert torch.equal(mine, theirs), name
    assert torch.allclose(loaded.statistics.mean, network.statistics.mean)
    assert torch.allclose(loaded.statistics.local_std, network.statistics.local_std)


def test_a_folder_makes_the_same_motion(tmp_path: Path) -> None:
    loaded = load_kimodo(toy_folder(tmp_path / "toy"))
    x = torch.randn(1, 12, 369, generator=torch.Generator().manual_seed(0))
    text = sentence("walk")
    found = KimodoDenoiser(loaded.network)(x, LEVEL, [text])
    assert torch.allclose(found, KimodoDenoiser(toy_network())(x, LEVEL, [text]), atol=1e-6)
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())
    assert loaded.representation.skeleton.name == "soma30"


def test_names_without_the_prefix_half_precision_and_links(tmp_path: Path) -> None:
    """As other tools save them, and as the hub's cache stores them: a link to the file."""
    folder = toy_folder(tmp_path / "toy")
    weights = {
        name.removeprefix("denoiser.backbone."): value.half()
        for name, value in load_file(folder / "model.safetensors").items()
    }
    (folder / "model.safetensors").unlink()
    save_file(weights, tmp_path / "blob")
    os.symlink(tmp_path / "blob", folder / "model.safetensors")
    loaded = load_kimodo(folder)
    assert all(value.dtype == torch.float32 for value in loaded.network.state_dict().values())


def rewrite(change: Callable[[dict[str, Tensor]], object]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors")

    return apply


ROOT = "denoiser.backbone.root_model.output_linear.bias"
MEAN = "stats/motion/body/mean.npy"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (rewrite(lambda w: w.pop(ROOT)), "lacks root_model.output_linear.bias"),
        (rewrite(lambda w: w.update({ROOT: torch.zeros(6)})), r"has shape \[6\], not \[5\]"),
        (rewrite(lambda w: w.update({"extra": torch.zeros(1)})), "holds 'extra', which this network has not"),
        (rewrite(lambda w: w.update({ROOT: torch.full((5,), torch.nan)})), "holds no finite floats"),
        (rewrite(lambda w: w.update({ROOT: torch.zeros(5, dtype=torch.int32)})), "holds no finite floats"),
        (lambda f: (f / "model.safetensors").unlink(), "model.safetensors is missing"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\x80\x04."), "is damaged or no safetensors file"),
        (lambda f: (f / "model.safetensors").write_bytes(b"\xff" * 64), "is damaged or no safetensors file"),
        (lambda f: (f / MEAN).unlink(), "mean.npy is missing"),
        (lambda f: np.save(f / MEAN, np.zeros(3)), "holds 3 numbers, not 364"),
        (lambda f: np.save(f / MEAN, np.array([{}] * 364)), "is damaged or no .npy file"),
        (lambda f: (f / MEAN).write_bytes(b"no array"), "is damaged or no .npy file"),
        (lambda f: np.save(f / MEAN, np.full(364, np.inf)), "numbers that are not finite"),
        (
            lambda f: (f / "config.yaml").write_text(
                FOLDER_CONFIG.replace("latent_dim: 16", "latent_dim: 8192")
            ),
            "has shape",
        ),
    ],
)
def test_folders_of_strangers(tmp_path: Path, damage: Callable[[Path], object], message: str) -> None:
    folder = toy_folder(tmp_path / "toy")
    damage(folder)
    with pytest.raises(ValueError, match=message) as caught:
        load_kimodo(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sizes_are_bounded_before_anything_is_read(tmp_path: Path) -> None:
    folder = toy_folder(tmp_path / "toy")
    with open(folder / "model.safetensors", "r+b") as file:
        file.truncate(9 << 30)  # sparse
    with pytest.raises(ValueError, match="larger than 8 GiB"):
        load_kimodo(folder)
    with pytest.raises(ValueError, match="nowhere does not exist"):
        load_kimodo(tmp_path / "nowhere")
