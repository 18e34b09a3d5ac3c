"""`config.yaml` of a Kimodo folder: a tree of `_target_` and arguments, read without instantiating anything."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mdm_adapter.models.kimodo.guidance import KINDS
from mdm_adapter.models.kimodo.network import NetworkConfig
from mdm_adapter.models.kimodo.schedule import BASE_STEPS
from mdm_adapter.models.yaml_files import parse_yaml

CONFIG = "config.yaml"
MAX_ENTRIES, MAX_DEPTH = 10_000, 50
SKELETONS = {"SOMASkeleton30": "soma30", "SMPLXSkeleton22": "smplx22", "G1Skeleton34": "g1"}
WEIGHTS, STATISTICS = "model.safetensors", "stats/motion"
_FOLDER = re.compile(r"^\$\{\s*(?:oc\.select:\s*)?checkpoint_dir\s*(?:,[^}]*)?\}/?")
_NOT_OURS = ("text_encoder",)  # given at run time; its arguments are not the network's


@dataclass(frozen=True)
class FolderConfig:
    """What a folder says about its model.

    Attributes:
        skeleton: soma30 or smplx22.
        weights, statistics: relative to the folder.
    """

    network: NetworkConfig
    skeleton: str
    fps: float
    base_steps: int
    guidance: str
    weights: str
    statistics: str


def read_config(folder: Path) -> FolderConfig:
    """Read `config.yaml`.

    Raises:
        ImportError: PyYAML is missing; the message says what to install.
        ValueError: the file is missing, too large, no such tree, or names a model that is not supported.
    """
    path = folder / CONFIG
    if not path.is_file():
        raise ValueError(
            f"{path} is missing; give a folder as the hub ships it, such as nvidia/Kimodo-SOMA-RP-v1"
        )
    try:
        return _understood(dict(_entries(parse_yaml(path, extra="kimodo"))))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {str(error).splitlines()[0][:200]}; fetch the model's own file") from error


def _entries(tree: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Keys and values of a tree; in a dict made of them, those nearest to the root win."""
    if depth > MAX_DEPTH:
        raise ValueError(f"it is more than {MAX_DEPTH} levels deep")
    if not isinstance(tree, dict):
        if depth == 0:
            raise ValueError("it holds no tree of names and values")
        return
    if len(tree) > MAX_ENTRIES:
        raise ValueError(f"it has more than {MAX_ENTRIES} entries")
    for key, value in tree.items():
        if isinstance(value, dict) and key not in _NOT_OURS:
            yield from _entries(value, depth + 1)
        if key == "_target_" and str(value).rpartition(".")[2] in SKELETONS:
            yield "skeleton", SKELETONS[str(value).rpartition(".")[2]]
    for key, value in tree.items():
        if not isinstance(value, dict) and key != "_target_":
            yield str(key), value


def _understood(entries: dict[str, Any]) -> FolderConfig:
    skeleton = entries.get("skeleton")
    if skeleton not in ("soma30", "smplx22"):
        what = "the G1 robot" if skeleton == "g1" else "no skeleton that is known"
        raise ValueError(f"it names {what}; supported are SOMASkeleton30 and SMPLXSkeleton22")
    shape = _needed(entries, "llm_shape")
    if not isinstance(shape, list) or len(shape) != 2:
        raise ValueError(f"llm_shape is {shape!r}; expected [tokens, width]")
    override = entries.get("num_text_tokens_override")
    network = NetworkConfig(
        text_width=shape[1],
        text_tokens=shape[0] if override is None else override,
        use_text_mask=_needed(entries, "use_text_mask"),
        latent_dim=_needed(entries, "latent_dim"),
        ff_size=_needed(entries, "ff_size"),
        num_layers=_needed(entries, "num_layers"),
        num_heads=_needed(entries, "num_heads"),
        activation=_needed(entries, "activation"),
        norm_first=entries.get("norm_first", False),
        first_heading=entries.get("input_first_heading_angle", False),
        motion_mask_mode=entries.get("motion_mask_mode") or "none",
    )
    fps, steps = entries.get("fps", 30), entries.get("num_base_steps", BASE_STEPS)
    if type(fps) not in (int, float) or not 1 <= fps <= 240:
        raise ValueError(f"fps is {fps!r}; expected a frame rate such as 30")
    if type(steps) is not int or not 10 <= steps <= 100_000:
        raise ValueError(f"num_base_steps is {steps!r}; expected a number such as {BASE_STEPS}")
    guidance = entries.get("cfg_type") or "nocfg"
    if guidance not in KINDS:
        raise ValueError(f"cfg_type is {str(guidance)[:40]!r}; supported: {', '.join(KINDS)}")
    weights = _inside(entries.get("ckpt_path") or WEIGHTS)
    if not weights.endswith(".safetensors"):
        raise ValueError(
            f"its weights are {weights}; only safetensors are read, which cannot carry code: convert them"
        )
    statistics = _inside(entries.get("stats_path") or STATISTICS)
    return FolderConfig(network, skeleton, float(fps), steps, guidance, weights, statistics)


def _needed(entries: dict[str, Any], key: str) -> Any:
    if key not in entries:
        raise ValueError(f"it lacks {key}")
    return entries[key]


def _inside(value: Any) -> str:
    """A path of the file, relative to the folder; anything that leads out of it is refused."""
    if not isinstance(value, str):
        raise ValueError(f"a path is {value!r}; expected text")
    path = PurePosixPath(_FOLDER.sub("", value.replace("\\", "/")))
    if path.is_absolute() or ".." in path.parts or "$" in str(path) or ":" in str(path):
        raise ValueError(f"the path {value[:80]!r} leads out of the folder")
    return str(path)
