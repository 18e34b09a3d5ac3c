"""A small random HY-Motion in the published layout, and an encoder for it."""

import hashlib
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from mdm_adapter.models.hymotion.checkpoint import PREFIX
from mdm_adapter.models.hymotion.network import HYMotionNetwork, NetworkConfig, published
from mdm_adapter.models.text.cached import CachedEncoder, write_embeddings

CONFIG = """\
network_module: hymotion/network/hymotion_mmdit.HunyuanMotionMMDiT
network_module_args:
  apply_rope_to_single_branch: false
  ctxt_input_dim: 12
  vtxt_input_dim: 8
  dropout: 0.0
  feat_dim: 16
  input_dim: 201
  mask_mode: narrowband
  mlp_ratio: 4.0
  num_heads: 2
  num_layers: 3
  time_factor: 1000.0
train_pipeline_args:
  enable_ctxt_null_feat: true
  infer_noise_scheduler_cfg: {validation_steps: 50}
  test_cfg: {text_guidance_scale: 5.0}
  train_frames: 120
"""
SIZES = NetworkConfig(
    feat_dim=16, ctxt_input_dim=12, vtxt_input_dim=8, num_layers=3, num_heads=2, longest=120
)


def toy_network() -> HYMotionNetwork:
    """Gaussian weights everywhere, so that gates and shifts matter."""
    network = HYMotionNetwork(SIZES)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    return network.eval().requires_grad_(False)


def toy_weights() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    weights = {PREFIX + published(name): value for name, value in toy_network().state_dict().items()}
    shapes = {"null_vtxt_feat": (1, 1, 8), "null_ctxt_input": (1, 1, 12), "special_game_vtxt_feat": (1, 1, 8)}
    weights |= {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    std = 0.3 + torch.rand(1, 201, generator=generator)
    std[:, 2] = std[:, 0]  # x and z of the same scale: turning leaves noise white
    return {**weights, "mean": 0.1 * torch.randn(1, 201, generator=generator), "std": std}


def rows(texts: tuple[str, ...]) -> dict[str, Tensor]:
    """Of each text the sentence's vector, and three tokens."""
    found = {}
    for text in texts:
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        found[text] = torch.randn(4, 12, generator=torch.Generator().manual_seed(seed))
    return found


def toy_folder(folder: Path, texts: tuple[str, ...]) -> Path:
    folder.mkdir()
    (folder / "config.yml").write_text(CONFIG, encoding="utf-8")
    save_file(toy_weights(), folder / "model.safetensors")
    encoder = CachedEncoder(rows(texts), encoder="toy", width=12)
    write_embeddings(folder / "sentences.safetensors", encoder, force=False)
    return folder
