"""Embeddings of prompts as Kimodo cleans them up, to be kept in a file (`mdm_adapter.models.text.cached`)."""

from collections.abc import Sequence

from torch import Tensor

from mdm_adapter.models.kimodo.text.cleaning import clean_prompt
from mdm_adapter.models.text import TextEncoder
from mdm_adapter.models.text.cached import CachedEncoder


def embed_sentences(
    prompts: Sequence[str], encoder: TextEncoder, *, name: str, known: CachedEncoder | None = None
) -> CachedEncoder:
    """Embeddings of prompts, cleaned up, each distinct one once; those of `known` are taken over.

    Raises:
        ValueError: `known` is of another encoder or width, whose embeddings do not mix.
    """
    rows: dict[str, Tensor] = {}
    if known is not None:
        if known.encoder != name or known.width != encoder.width:
            raise ValueError(
                f"the embeddings at hand are of {known.encoder} ({known.width} numbers), not {name} ({encoder.width});"
                " use another file"
            )
        rows |= known.rows
    cleaned = [clean_prompt(prompt) for prompt in prompts]
    missing = [text for text in dict.fromkeys(cleaned) if text and text not in rows]
    if missing:
        embedding = encoder.encode(missing)
        for text, tokens, padding in zip(missing, embedding.tokens, embedding.padding):
            rows[text] = tokens[~padding].float()
    return CachedEncoder(rows, encoder=name, width=encoder.width)
