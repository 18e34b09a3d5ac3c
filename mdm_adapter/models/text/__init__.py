"""Text encoders behind one protocol; each implementation is imported only when it is asked for."""

from mdm_adapter.models.text.protocol import (
    TextEmbedding,
    TextEncoder,
    embed_each,
    load_text_encoder,
    padded_embedding,
)

__all__ = ["TextEmbedding", "TextEncoder", "embed_each", "load_text_encoder", "padded_embedding"]
