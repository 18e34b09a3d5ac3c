"""Texts for Kimodo: their clean-up, and encoders that can take each other's place.

The published encoder (LLM2Vec on an 8B Llama) needs some 17 GB. Sentences can therefore be embedded once and kept in a
file (`embeddings`), by a server that runs already (`server`), or by a folder of the encoder itself (`llm2vec`).
"""

from mdm_adapter.models.kimodo.text.cleaning import clean_prompt
from mdm_adapter.models.kimodo.text.embeddings import embed_sentences
from mdm_adapter.models.text.cached import CachedEncoder, read_embeddings, write_embeddings

__all__ = ["CachedEncoder", "clean_prompt", "embed_sentences", "read_embeddings", "write_embeddings"]
