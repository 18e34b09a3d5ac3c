"""HY-Motion folders: `config.yml`, and the weights with their statistics in `model.safetensors` or `latest.ckpt`.

Names and shapes are compared on a network without memory before a weight is used; a `.ckpt` is loaded as tensors only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from mdm_adapter.models.hymotion.network import HYMotionNetwork, NetworkConfig, published
from mdm_adapter.models.hymotion.representation import WIDTH
from mdm_adapter.models.yaml_files import parse_yaml
from mdm_adapter.representation.normalisation import Normalisation

CONFIG, SAFETENSORS, CKPT = "config.yml", "model.safetensors", "latest.ckpt"
PREFIX = "motion_transformer."
MAX_BYTES = 16 << 30
LEAST_STD = 1e-3  # what varies less is taken for constant when published code decodes
REMEDY = "fetch the model's folder again"
# Weights of prompts from games, which nothing here asks for.
UNUSED = ("special_game_vtxt_feat", "special_game_ctxt_feat")
_READ = {
    "feat_dim": "feat_dim", "ctxt_input_dim": "ctxt_input_dim", "vtxt_input_dim": "vtxt_input_dim",
    "num_layers": "num_layers", "num_heads": "num_heads", "mlp_ratio": "mlp_ratio", "time_factor": "time_factor",
}  # fmt: skip
_EXPECTED = {"mlp_act_type": "gelu_tanh", "qk_norm_type": "rms", "qkv_bias": True, "with_long_skip_connection": False,
             "insert_start_token": False}  # fmt: skip


@dataclass(frozen=True)
class LoadedHYMotion:
    """A network in evaluation mode, its statistics, and what stands for no text.

    Attributes:
        null_sentence, null_token: [width] each.
        guidance: of texts, as published.
    """

    network: HYMotionNetwork
    normalisation: Normalisation
    null_sentence: Tensor
    null_token: Tensor
    guidance: float


def load_hymotion(folder: Path, *, device: torch.device | str = "cpu") -> LoadedHYMotion:
    """Read a folder.

    Raises:
        ImportError: PyYAML is missing.
        ValueError: a file is missing, broken, too large or does not fit; one line.
    """
    config, guidance = read_config(folder / CONFIG)
    weights = _read(folder)
    with torch.device("meta"):
        network = HYMotionNetwork(config)
    names = {PREFIX + published(name): name for name in network.state_dict()}
    wanted = {name: tuple(network.state_dict()[own].shape) for name, own in names.items()}
    wanted |= {
        "null_vtxt_feat": (1, 1, config.vtxt_input_dim),
        "null_ctxt_input": (1, 1, config.ctxt_input_dim),
    }
    for name, shape in wanted.items():
        if name not in weights:
            raise ValueError(f"{folder}: its weights lack {name}; {REMEDY}")
        if tuple(weights[name].shape) != shape:
            raise ValueError(
                f"{folder}: {name} has shape {list(weights[name].shape)}, not {list(shape)}; {REMEDY}"
            )
    known = {*wanted, "mean", "std", *UNUSED}
    if unknown := sorted(set(weights) - known):
        raise ValueError(f"{folder}: its weights hold {unknown[0]!r}, which this network has not; {REMEDY}")
    for name in known & set(weights):
        if not weights[name].is_floating_point() or not torch.isfinite(weights[name]).all():
            raise ValueError(f"{folder}: {name} holds no finite floats; {REMEDY}")
    network.load_state_dict({own: weights[name].float() for name, own in names.items()}, assign=True)
    null_sentence, null_token = (
        weights[n].float().flatten().to(device) for n in ("null_vtxt_feat", "null_ctxt_input")
    )
    return LoadedHYMotion(
        network.to(device).eval().requires_grad_(False), _statistics(folder, weights).to(torch.device(device)),
        null_sentence, null_token, guidance,
    )  # fmt: skip


def read_config(path: Path) -> tuple[NetworkConfig, float]:
    """Sizes of the network, and the published guidance.

    Raises:
        ImportError: PyYAML is missing.
        ValueError: no such file, or one of another kind of model.
    """
    if not path.is_file():
        raise ValueError(f"{path} is missing; {REMEDY}")
    try:
        tree = parse_yaml(path, extra="hymotion")
    except ValueError as error:
        raise ValueError(f"{path}: {error}; {REMEDY}") from error
    network = _found(tree, "network_module_args")
    if not isinstance(network, dict):
        raise ValueError(f"{path} has no network_module_args; {REMEDY}")
    for key, value in _EXPECTED.items():
        if network.get(key, value) != value:
            raise ValueError(f"{path}: {key} is {network[key]!r}; supported is {value!r}")
    try:
        config = NetworkConfig(
            **{own: network[key] for key, own in _READ.items() if key in network},
            input_dim=network.get("input_dim", WIDTH),
            band=_band(network),
            rope_on_text=not network.get("apply_rope_to_single_branch", True),
            longest=_found(tree, "train_frames") or NetworkConfig.longest,
        )
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}; {REMEDY}") from error
    if config.input_dim != WIDTH:
        raise ValueError(f"{path}: features have {config.input_dim} numbers; supported are those of {WIDTH}")
    guidance = _found(tree, "text_guidance_scale")
    return config, float(guidance) if isinstance(guidance, (int, float)) else 5.0


def _band(network: Mapping[str, Any]) -> int | None:
    mode = network.get("mask_mode")
    if mode not in (None, "narrowband"):
        raise ValueError(f"mask_mode is {mode!r}; supported is narrowband")
    seconds = network.get("narrowband_length", 2.0)
    if not isinstance(seconds, (int, float)) or not 0 < seconds <= 1000:
        raise ValueError(f"narrowband_length is {seconds!r}; expected seconds such as 2")
    return round(seconds * 30) if mode else None


def _found(tree: Any, key: str, depth: int = 0) -> Any:
    """The value of a key anywhere in a tree, nearest to its root; None where there is none."""
    if not isinstance(tree, dict) or depth > 8:
        return None
    if key in tree:
        return tree[key]
    return next((v for part in tree.values() if (v := _found(part, key, depth + 1)) is not None), None)


def _read(folder: Path) -> dict[str, Tensor]:
    """All tensors of the weights."""
    file = next((folder / name for name in (SAFETENSORS, CKPT) if (folder / name).is_file()), None)
    if file is None:
        raise ValueError(f"{folder} has neither {SAFETENSORS} nor {CKPT}; {REMEDY}")
    if file.stat().st_size > MAX_BYTES:
        raise ValueError(f"{file} is larger than {MAX_BYTES >> 30} GiB; {REMEDY}")
    try:
        if file.name == SAFETENSORS:
            return load_file(file)
        loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        # Damaged and hostile files surface as whatever their parsers raise.
        told = (str(error).strip() or type(error).__name__).splitlines()[0][:150]
        raise ValueError(f"{file} cannot be read as tensors alone ({told}); {REMEDY}") from error
    loaded = loaded.get("model_state_dict", loaded) if isinstance(loaded, dict) else loaded
    if not isinstance(loaded, dict) or not all(isinstance(value, Tensor) for value in loaded.values()):
        raise ValueError(f"{file} holds no table of tensors; {REMEDY}")
    return loaded


def _statistics(folder: Path, weights: Mapping[str, Tensor]) -> Normalisation:
    parts = []
    for name in ("mean", "std"):
        if name not in weights or weights[name].numel() != WIDTH:
            raise ValueError(
                f"{folder}: its weights lack the {name} of {WIDTH} numbers, without which motion means nothing; {REMEDY}"
            )
        parts.append(weights[name].float().flatten())
    return Normalisation(parts[0], parts[1].clamp_min(LEAST_STD))
