"""Where the models come from; importing this imports no PyTorch, so lists of models stay quick."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.models import ModelSource

if TYPE_CHECKING:
    import torch

FILE = "stick.json"


def _load(folder: Path | None, device: "torch.device", name: str) -> Any:
    from collage_example.model import load

    return load(folder, device, name)


def settings_of(folder: Path) -> dict[str, int]:
    """Seed and noise levels of a checkpoint folder.

    Raises:
        ValueError: the file says something else.
    """
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return {name: int(found[name]) for name in ("seed", "steps")}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f'{folder / FILE} must hold {{"seed": 1, "steps": 60}}; write it anew') from error


def _is_stick(path: Path) -> bool:
    return (path / FILE).exists()


def _describe(folder: Path) -> dict[str, str]:
    return {"architecture": "two convolutions"}


STICK = ModelSource("motion", _load)
BLIND = ModelSource("motion", _load)
FOLDER = ModelSource("motion", _load, recognises=_is_stick, describe=_describe)
