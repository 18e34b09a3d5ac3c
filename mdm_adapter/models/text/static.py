"""The bundled text encoder: static word vectors distilled from a sentence transformer with `model2vec`.

A sentence is the weighted mean of its words' vectors, brought to a fixed length. Such a mean hardly tells "the left
hand" from "the right hand" (cosine 0.91), yet nothing matters more to a motion; so the words of side carry
`SIDE_WEIGHT` times their distilled weight.
"""

from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import torch

from mdm_adapter.models.text.protocol import TextEmbedding, sentence_embedding

SIDE_WORDS = ("left", "right", "both")
SIDE_WEIGHT = 3.0


class StaticTextEncoder:
    """Sentence vectors [batch, 1, width], norm sqrt(width), from a folder that `model2vec` saved."""

    def __init__(self, folder: Path) -> None:
        from model2vec import StaticModel
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        if not (folder / "model.safetensors").exists():
            raise ValueError(
                f"no static text model in {folder}; expected model.safetensors, tokenizer.json, config.json"
            )
        # Not `from_pretrained`: for a folder that is here it would import a client of the hub, as slow as all the rest.
        saved = load_file(folder / "model.safetensors")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.model = StaticModel(
            saved["embeddings"], tokenizer, weights=saved.get("weights"), token_mapping=saved.get("mapping"),
            normalize=True,
        )  # fmt: skip
        self.width = int(self.model.dim)

    @classmethod
    def bundled(cls) -> "StaticTextEncoder":
        """The encoder that ships with the package."""
        with as_file(files("mdm_adapter") / "assets" / "text") as folder:
            return cls(folder)

    def encode(self, texts: list[str]) -> TextEmbedding:
        vectors = np.asarray(self.model.encode([text.lower() for text in texts]), dtype=np.float32)
        return sentence_embedding(torch.from_numpy(vectors) * self.width**0.5)
