"""Where a text encoder of Kimodo is: a file of embeddings, the address of a server, or a folder of LLM2Vec."""

from pathlib import Path

from mdm_adapter.models.kimodo.text.server import DEFAULT_URL, WIDTH, ServerEncoder
from mdm_adapter.models.text import TextEncoder
from mdm_adapter.models.text.cached import read_embeddings

SENTENCES = "sentences.safetensors"


def beside(folder: Path) -> str:
    """What a model is read with where nobody says: embeddings in its folder, else the server at its usual address."""
    file = folder / SENTENCES
    return str(file) if file.is_file() else DEFAULT_URL


def load_encoder(path: Path | str = DEFAULT_URL, *, width: int = WIDTH) -> TextEncoder:
    """The encoder at a place.

    Args:
        path: a `.safetensors` of `texts embed`, `http://...` of `kimodo_textencoder`, or a folder (`llm2vec`).
        width: numbers of a token that a server is expected to give.

    Raises:
        ImportError: `transformers` is missing, for a folder.
        ValueError: nothing is there, or something else; one line.
    """
    place = str(path)
    if place.startswith(("http://", "https://")):
        return ServerEncoder(place, width=width)
    if Path(place).is_file():
        return read_embeddings(place)
    if Path(place).is_dir():
        from mdm_adapter.models.kimodo.text.llm2vec import load_llm2vec

        return load_llm2vec(place)
    raise ValueError(
        f"text encoder {place} is neither a file of embeddings (made by: motioncollage texts embed), nor an address"
        f" such as {DEFAULT_URL}, nor a folder of LLM2Vec"
    )


def name_of(path: Path | str) -> str:
    """What a file of embeddings calls the encoder at a place: which kind, and of folders which one."""
    place = str(path)
    return f"LLM2Vec in {Path(place).resolve().name}" if Path(place).is_dir() else f"LLM2Vec at {place}"
