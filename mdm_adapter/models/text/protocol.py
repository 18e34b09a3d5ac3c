"""What a text encoder is, and where the four that the package knows live."""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from motioncollage import plugins


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
    """The encoder that a checkpoint's `text_encoder_type` names (`motioncollage.text_encoders` entry points).

    Raises:
        ValueError: unknown name.
        ImportError: the optional package is missing; the message says which to install.
    """
    encoder: TextEncoder = plugins.load("text_encoders", kind)()
    return encoder
