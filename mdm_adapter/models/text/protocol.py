"""What a text encoder is, and where the four that the package knows live."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

ENCODERS = ("static", "ordered", "clip", "bert")


class TextEmbedding(NamedTuple):
    """Text tokens [batch, tokens, width] and their padding [batch, tokens] (True = no token there)."""

    tokens: Tensor
    padding: Tensor


class TextEncoder(Protocol):
    """Turns sentences into tokens. The same sentence always gives the same tokens."""

    width: int

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Embed sentences -> tokens [len(texts), tokens, width] on the CPU."""
        ...


def sentence_embedding(vectors: Tensor) -> TextEmbedding:
    """One token per sentence from vectors [batch, width]."""
    return TextEmbedding(vectors[:, None], torch.zeros(len(vectors), 1, dtype=torch.bool))


def load_text_encoder(kind: str) -> TextEncoder:
    """The encoder that a checkpoint's `text_encoder_type` names: static or ordered (bundled), clip or bert.

    Raises:
        ValueError: unknown name.
        ImportError: the optional package is missing; the message says which to install.
    """
    if kind == "static":
        from mdm_adapter.models.text.static import StaticTextEncoder

        return StaticTextEncoder.bundled()
    if kind == "ordered":
        from mdm_adapter.models.text.ordered import OrderedTextEncoder

        return OrderedTextEncoder.bundled()
    if kind == "clip":
        from mdm_adapter.models.text.clip import load_clip

        return load_clip()
    if kind == "bert":
        from mdm_adapter.models.text.bert import load_distilbert

        return load_distilbert()
    raise ValueError(f"text encoder {kind!r} is unknown; choose one of {', '.join(ENCODERS)}")
