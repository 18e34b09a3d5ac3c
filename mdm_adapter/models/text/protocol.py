"""What a text encoder is, and where the four that the package knows live."""

from collections.abc import Sequence
from inspect import signature
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


def padded_embedding(rows: Sequence[Tensor], width: int) -> TextEmbedding:
    """Tokens [texts, longest, width], zero padded, from each text's own [its tokens, width]."""
    longest = max((len(row) for row in rows), default=1)
    tokens = torch.zeros(len(rows), longest, width)
    padding = torch.ones(len(rows), longest, dtype=torch.bool)
    for i, row in enumerate(rows):
        tokens[i, : len(row)], padding[i, : len(row)] = row, False
    return TextEmbedding(tokens, padding)


def embed_each(
    encoder: TextEncoder, texts: Sequence[str], device: torch.device
) -> list[TextEmbedding | None]:
    """The embedding of each text on a device, every distinct one made once; None for an empty one."""
    distinct = [text for text in dict.fromkeys(texts) if text]
    if not distinct:
        return [None] * len(texts)
    embedding = encoder.encode(distinct)
    rows = {
        text: TextEmbedding(tokens.to(device), padding.to(device))
        for text, tokens, padding in zip(distinct, embedding.tokens, embedding.padding)
    }
    return [rows.get(text) for text in texts]


def load_text_encoder(kind: str, where: str | None = None) -> TextEncoder:
    """The encoder that a checkpoint's `text_encoder_type` names (`motioncollage.text_encoders` entry points).

    Args:
        where: its folder, or its name on a hub, for those that do not come along (their factories take a `path`).

    Raises:
        ValueError: unknown name, or a place for an encoder that comes along.
        ImportError: the optional package is missing; the message says which to install.
    """
    factory = plugins.load("text_encoders", kind)
    if where is not None and "path" not in signature(factory).parameters:
        raise ValueError(
            f"--text-encoder is {where}, but this model's is {kind!r}, which comes along; leave it out"
        )
    encoder: TextEncoder = factory() if where is None else factory(path=where)
    return encoder
