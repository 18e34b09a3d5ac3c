"""The motion models that come along, and the kinds of checkpoint that are read: `motioncollage.models` entry points."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mdm_adapter.models.mdm.layout import ARGS, HUB_ARGS, MEAN, SAFETENSORS, STD, args_file
from motioncollage.hub import HubLayout
from motioncollage.models import ModelSource

if TYPE_CHECKING:
    import torch

LAYOUT = HubLayout(
    needs=((HUB_ARGS, ARGS), (SAFETENSORS,), (MEAN,), (STD,)),
    takes=("vocabulary.json", "actions.json"),
    weights=SAFETENSORS,
)


def _load_mdm(
    folder: Path | None, device: "torch.device", name: str, *, text_encoder: str | None = None
) -> Any:
    from mdm_adapter.models.mdm.loading import load

    return load(folder, device, name, text_encoder=text_encoder)


def _is_mdm(path: Path) -> bool:
    """By what only MDM's folders hold, so that folders of other kinds are left to their own readers."""
    folder = path if path.is_dir() else path.parent
    return args_file(folder).exists() or any(folder.glob("model*.pt"))


def _describe_mdm(folder: Path) -> dict[str, str]:
    from mdm_adapter.models.mdm.network import NetworkConfig
    from mdm_adapter.models.vocabulary import Vocabulary
    from mdm_adapter.representation.humanml3d import HUMANML3D

    config = NetworkConfig.read(args_file(folder))
    vocabulary = Vocabulary.read(folder)
    return {
        "architecture": f"{config.arch} {config.layers} x {config.latent_dim}",
        "text encoder": config.text_encoder_type,
        "longest piece": f"{config.max_frames / HUMANML3D.fps:g} s",
        "actions": str(len(vocabulary.actions)) if vocabulary else "open",
    }


STARTER = ModelSource("motion", _load_mdm, ("mdm_adapter", "assets/models/starter"), describe=_describe_mdm)
MDM = ModelSource(
    "motion", _load_mdm, recognises=_is_mdm, describe=_describe_mdm, layout=LAYOUT,
    options=frozenset({"text_encoder"}),
)  # fmt: skip
