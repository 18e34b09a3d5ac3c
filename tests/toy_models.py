"""Small random motion models that tests make things with."""

from mdm_adapter.models.mdm.checkpoint import LoadedModel
from mdm_adapter.models.mdm.model import MDMModel
from mdm_adapter.models.text import TextEncoder
from mdm_adapter.models.vocabulary import Vocabulary
from mdm_adapter.pipeline import MotionPipeline


def mdm_pipeline(
    loaded: LoadedModel, encoder: TextEncoder, *, name: str, vocabulary: Vocabulary | None = None
) -> MotionPipeline:
    return MotionPipeline(MDMModel(loaded, encoder, name=name, vocabulary=vocabulary))
