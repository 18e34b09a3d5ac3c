"""The bundled text encoder of models that must know what comes first: word vectors with their order.

The mean of `static` gives "from a walk to a run" and "from a run to a walk" one vector, and "climbs up the stairs"
and "climbs down the stairs" nearly so. Here a second half carries the words weighted by their place, from +1 for the
first to -1 for the last, and the words that decide a motion weigh more than they were distilled with.
"""

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import torch

from mdm_adapter.models.text.protocol import TextEmbedding, sentence_embedding
from mdm_adapter.models.text.static import StaticTextEncoder

ORDER_WEIGHT = 0.6
ACCENTS = {
    **dict.fromkeys(("up", "down", "upward", "upwards", "downward", "downwards"), 2.5),
    **dict.fromkeys(("forward", "forwards", "ahead", "backward", "backwards", "back"), 1.6),
    **dict.fromkeys(("low", "body", "sideways", "around", "twice", "off", "onto", "out", "in"), 2.0),
}


class OrderedTextEncoder:
    """Sentence vectors [batch, 1, width], norm sqrt(width): the mean of the words, then the mean by place."""

    def __init__(self, folder: Path) -> None:
        static = StaticTextEncoder(folder)
        self.tokenizer = static.model.tokenize
        weights = np.asarray(static.model.weights, dtype=np.float32).copy()
        for word, accent in ACCENTS.items():
            ids = self.tokenizer([word])[0]
            if len(ids) == 1:
                weights[ids[0]] *= accent
        self.embedding, self.weights = static.model.embedding, weights
        self.width = 2 * static.width

    @classmethod
    def bundled(cls) -> "OrderedTextEncoder":
        """The encoder that ships with the package."""
        with as_file(files("mdm_adapter") / "assets" / "text") as folder:
            return cls(folder)

    def encode(self, texts: list[str]) -> TextEmbedding:
        vectors = np.zeros((len(texts), self.width), dtype=np.float32)
        for row, ids in zip(vectors, self.tokenizer([text.lower() for text in texts]), strict=True):
            if ids:
                words = self.embedding[ids].astype(np.float32) * self.weights[ids, None]
                place = np.cos(np.linspace(0.0, np.pi, len(ids), dtype=np.float32)) if len(ids) > 1 else 0.0
                mean = words.mean(axis=0)
                order = (words * np.reshape(place, (-1, 1))).mean(axis=0)
                row[:] = np.concatenate((mean, ORDER_WEIGHT * order))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors *= self.width**0.5 / np.maximum(lengths, 1e-12)
        return sentence_embedding(torch.from_numpy(vectors))
