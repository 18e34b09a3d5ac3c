"""The image models that come along, and the kinds of folder that are read: `motioncollage.models` entry points."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.models import ModelSource

if TYPE_CHECKING:
    import torch

INDEX = "model_index.json"  # of folders that `diffusers` saves


def _load(folder: Path | None, device: "torch.device", name: str) -> Any:
    from motioncollage.image.models import load_image_model
    from motioncollage.image.pipelines import ImagePipeline

    assert folder is not None
    return ImagePipeline(load_image_model(folder, device=device), name=name)


def _is_trained(path: Path) -> bool:
    return path.is_dir() and not (path / INDEX).exists()


def _is_diffusers(path: Path) -> bool:
    return (path / INDEX).exists()


def _load_photos(folder: Path | None, device: "torch.device", name: str) -> Any:
    from motioncollage.image.photos import load_photos

    assert folder is not None
    return load_photos(folder)


PHOTOS = ModelSource("photos", _load_photos, ("motioncollage", "assets/images/photos"))
LANDSCAPES = ModelSource("image", _load, ("motioncollage", "assets/images/landscapes"))
TRAINED = ModelSource("image", _load, recognises=_is_trained)
DIFFUSERS = ModelSource("image", _load, recognises=_is_diffusers)
