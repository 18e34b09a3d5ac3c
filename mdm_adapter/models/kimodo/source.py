"""Kimodo among the models that commands know (`motioncollage.models`): its folders, and its repositories on a hub."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.hub import HubLayout
from motioncollage.models import ModelSource

if TYPE_CHECKING:
    import torch

CONFIG = "config.yaml"
MAX_LOOKED_AT = 1 << 16  # bytes of a config; the package's name stands in its first line
GROUPS = ("global_root", "local_root", "body")
LAYOUT = HubLayout(
    needs=(
        (CONFIG,),
        ("model.safetensors",),
        *((f"stats/motion/{group}/{part}.npy",) for group in GROUPS for part in ("mean", "std")),
    ),
    takes=("joints.npy", "sentences.safetensors"),
)


def _load(folder: Path | None, device: "torch.device", name: str, *, text_encoder: str | None = None) -> Any:
    from mdm_adapter.models.kimodo.checkpoint import load_kimodo
    from mdm_adapter.models.kimodo.model import KimodoModel
    from mdm_adapter.models.kimodo.pieces import KimodoPieces
    from mdm_adapter.models.kimodo.text import places
    from mdm_adapter.pipeline import MotionPipeline

    assert folder is not None
    folder = folder if folder.is_dir() else folder.parent
    loaded = load_kimodo(folder, device=device)
    width = loaded.config.network.text_width
    encoder = places.load_encoder(
        places.beside(folder) if text_encoder is None else text_encoder, width=width
    )
    return MotionPipeline(KimodoPieces(KimodoModel(loaded, encoder, name=name)))


def _is_kimodo(path: Path) -> bool:
    """By what its config calls itself: other kinds of models have a config.yaml, too."""
    file = (path if path.is_dir() else path.parent) / CONFIG
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return b"kimodo." in stream.read(MAX_LOOKED_AT)


def _describe(folder: Path) -> dict[str, str]:
    from mdm_adapter.models.kimodo.config import read_config
    from mdm_adapter.models.kimodo.denoiser import MAX_FRAMES
    from mdm_adapter.models.kimodo.model import read_licence

    config = read_config(folder)
    network = config.network
    return {
        "architecture": f"two stages of {network.num_layers} x {network.latent_dim}, {config.skeleton}",
        "text encoder": f"LLM2Vec, {network.text_width} numbers a sentence",
        "longest piece": f"{MAX_FRAMES / config.fps:g} s at {config.fps:g} frames a second",
        "actions": "open",
        "licence of the weights": read_licence(folder) or "not said in its README.md",
    }


KIMODO = ModelSource(
    "motion", _load, recognises=_is_kimodo, describe=_describe, layout=LAYOUT, options=frozenset({"text_encoder"})
)  # fmt: skip
