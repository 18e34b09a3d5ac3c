"""HY-Motion among the models that commands know (`motioncollage.models`)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.hub import HubLayout
from motioncollage.models import ModelSource

if TYPE_CHECKING:
    import torch

CONFIG, MAX_LOOKED_AT = "config.yml", 1 << 16
SENTENCES = "sentences.safetensors"
LAYOUT = HubLayout(needs=((CONFIG,), ("model.safetensors",)), takes=(SENTENCES,), limit=8 << 30)


def _load(folder: Path | None, device: "torch.device", name: str, *, text_encoder: str | None = None) -> Any:
    from mdm_adapter.models.hymotion.checkpoint import load_hymotion
    from mdm_adapter.models.hymotion.model import HYMotionModel
    from mdm_adapter.models.text.cached import read_embeddings
    from mdm_adapter.pipeline import MotionPipeline

    assert folder is not None
    folder = folder if folder.is_dir() else folder.parent
    place = Path(text_encoder) if text_encoder else folder / SENTENCES
    if not place.is_file():
        raise ValueError(
            f"text encoder {place} is no file; Qwen3-8B and CLIP run elsewhere: give their embeddings of your sentences"
            " as a file, see docs/models.md"
        )
    loaded = load_hymotion(folder, device=device)
    return MotionPipeline(HYMotionModel(loaded, read_embeddings(place), name=name))


def _is_hymotion(path: Path) -> bool:
    file = (path if path.is_dir() else path.parent) / CONFIG
    if not file.is_file():
        return False
    with file.open("rb") as stream:
        return b"hymotion" in stream.read(MAX_LOOKED_AT)


def _describe(folder: Path) -> dict[str, str]:
    from mdm_adapter.models.hymotion.checkpoint import read_config

    config, _ = read_config(folder / CONFIG)
    return {
        "architecture": f"flow, {config.num_layers} x {config.feat_dim}",
        "text encoder": "Qwen3-8B and CLIP ViT-L/14, as a file of embeddings",
        "longest piece": f"{config.longest / 30:g} s at 30 frames a second",
        "actions": "open",
    }


HYMOTION = ModelSource(
    "motion", _load, recognises=_is_hymotion, describe=_describe, layout=LAYOUT, options=frozenset({"text_encoder"})
)  # fmt: skip
