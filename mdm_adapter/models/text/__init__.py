"""Text encoders behind one protocol; each implementation is imported only when it is asked for."""

from mdm_adapter.models.text.protocol import TextEmbedding, TextEncoder, load_text_encoder

__all__ = ["TextEmbedding", "TextEncoder", "load_text_encoder"]
