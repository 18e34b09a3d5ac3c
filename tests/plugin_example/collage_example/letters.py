"""A text encoder: how often each letter stands in a sentence."""

import torch

from mdm_adapter.models.text.protocol import TextEmbedding, sentence_embedding

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


class Letters:
    """`TextEncoder` of 26 numbers a sentence."""

    width = len(ALPHABET)

    def encode(self, texts: list[str]) -> TextEmbedding:
        counts = [[float(text.lower().count(letter)) for letter in ALPHABET] for text in texts]
        return sentence_embedding(torch.tensor(counts).reshape(len(texts), self.width))
