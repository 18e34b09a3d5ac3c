"""From a checkpoint folder to a pipeline, whatever kind of MDM is in it."""

from pathlib import Path

import torch

from mdm_adapter.models.happening import read_happening
from mdm_adapter.models.mdm.checkpoint import load_checkpoint
from mdm_adapter.models.mdm.dip import DiPModel
from mdm_adapter.models.mdm.model import MDMModel, check_statistics
from mdm_adapter.models.text import load_text_encoder
from mdm_adapter.models.vocabulary import Vocabulary
from mdm_adapter.pipeline import MotionPipeline


def load(
    folder: Path | None, device: torch.device, name: str, *, text_encoder: str | None = None
) -> MotionPipeline:
    """A pipeline of a checkpoint folder (`motioncollage.models.ModelSource.load`).

    Args:
        text_encoder: where the encoder that the checkpoint names is: a folder or a name on a hub.
    """
    assert folder is not None
    loaded = load_checkpoint(folder, device=device)
    check_statistics(loaded, name)  # before an encoder is fetched
    encoder = load_text_encoder(loaded.config.text_encoder_type, text_encoder)
    beside = folder if folder.is_dir() else folder.parent
    vocabulary, happening = Vocabulary.read(beside), read_happening(beside)
    kind = DiPModel if loaded.config.context_len else MDMModel
    return MotionPipeline(kind(loaded, encoder, name=name, vocabulary=vocabulary, happening=happening))
