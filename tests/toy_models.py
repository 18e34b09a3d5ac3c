"""Small random motion models that tests make things with."""

import torch

from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.model import MDMModel
from mdm_adapter.models.mdm.network import MDM, NetworkConfig
from mdm_adapter.models.text import TextEncoder, load_text_encoder
from mdm_adapter.models.vocabulary import Vocabulary
from mdm_adapter.pipeline import MotionPipeline
from mdm_adapter.representation.normalisation import Normalisation


def mdm_pipeline(
    loaded: LoadedModel, encoder: TextEncoder, *, name: str, vocabulary: Vocabulary | None = None
) -> MotionPipeline:
    return MotionPipeline(MDMModel(loaded, encoder, name=name, vocabulary=vocabulary))


def static_toy() -> MotionPipeline:
    """A network of 16 numbers a frame that reads the bundled static text encoder."""
    torch.manual_seed(0)
    network = (
        MDM(NetworkConfig(text_encoder_type="static", layers=1, latent_dim=16)).eval().requires_grad_(False)
    )
    statistics = Normalisation(torch.zeros(263), torch.full((263,), 0.3))
    return mdm_pipeline(
        LoadedModel(network, network.config, statistics, {}, "toy"), load_text_encoder("static"), name="toy"
    )
