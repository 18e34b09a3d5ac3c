"""Embeddings of sentences kept in a safetensors file, so that motion can be made without the encoder.

A file holds `tokens` [all tokens, width], `lengths` [sentences] and, as text beside them, the sentences (JSON) and the
name of the encoder that made them.
"""

import difflib
import json
from pathlib import Path

import safetensors
import torch
from safetensors.torch import save_file
from torch import Tensor

from mdm_adapter.models.text.protocol import TextEmbedding, padded_embedding
from motioncollage.files import atomic_path, check_file
from motioncollage.wording import reason, shown

FORMAT, VERSION = "motioncollage text embeddings", "1"
MAX_BYTES = 4 << 30
MAX_SENTENCES, MAX_WIDTH, MAX_TOKENS = 1_000_000, 65_536, 4096


class CachedEncoder:
    """A text encoder (`mdm_adapter.models.text.TextEncoder`) that knows the sentences of a file."""

    def __init__(self, rows: dict[str, Tensor], *, encoder: str, width: int) -> None:
        """Args:
        rows: tokens [tokens, width] of each sentence.
        encoder: what made them.
        """
        self.rows, self.encoder, self.width = rows, encoder, width

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, sentence: str) -> bool:
        return sentence in self.rows

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Tokens [len(texts), longest, width], zero padded.

        Raises:
            ValueError: a sentence that the file has not; the message names the nearest that it has.
        """
        missing = [text for text in dict.fromkeys(texts) if text not in self.rows]
        if missing:
            near = difflib.get_close_matches(missing[0], self.rows, n=1, cutoff=0.3)
            hint = f"; the nearest it has is {near[0]!r}" if near else ""
            raise ValueError(
                f"{len(missing)} sentences have no embedding, such as {missing[0]!r}{hint}; embed them where the encoder"
                " runs, or give another text encoder"
            )
        return padded_embedding([self.rows[text] for text in texts], self.width)


def write_embeddings(path: Path | str, embeddings: CachedEncoder, *, force: bool) -> None:
    """Write a file, complete or not at all.

    Raises:
        FileExistsError: it is there and `force` is false.
        ValueError: there is nothing to write.
        OSError: it cannot be written.
    """
    if not embeddings.rows:
        raise ValueError(f"no sentences to write to {path}; give at least one prompt")
    rows = list(embeddings.rows.values())
    tensors = {
        "tokens": torch.cat([row.detach().cpu().float() for row in rows]).contiguous(),
        "lengths": torch.tensor([len(row) for row in rows]),
    }
    about = {
        "format": FORMAT,
        "version": VERSION,
        "encoder": embeddings.encoder,
        "sentences": json.dumps(list(embeddings.rows), ensure_ascii=False),
    }
    with atomic_path(path, force=force) as temporary:
        save_file(tensors, temporary, metadata=about)


def read_embeddings(path: Path | str) -> CachedEncoder:
    """Read a file that `write_embeddings` wrote.

    Raises:
        ValueError: no such file, damaged, too large, or of another format; one line with the remedy.
    """
    path = Path(path)
    remedy = "make it again where the text encoder runs"
    if not path.exists():
        raise ValueError(f"embeddings {shown(path, 300)} do not exist; {remedy}")
    check_file(path, "embeddings", most=MAX_BYTES)
    try:
        with safetensors.safe_open(path, framework="pt", device="cpu") as archive:
            about = archive.metadata() or {}
            if about.get("format") != FORMAT or about.get("version") != VERSION:
                raise ValueError(f"{path} holds no text embeddings of this version; {remedy}")
            sentences = json.loads(about.get("sentences", ""))
            names = set(archive.keys())
            if names != {"tokens", "lengths"}:
                raise ValueError(f"{path} holds {sorted(names)[:3]}, not tokens and lengths; {remedy}")
            shape, counts = archive.get_slice("tokens").get_shape(), archive.get_slice("lengths").get_shape()
            _check(path, sentences, list(shape), list(counts), remedy)
            tokens, lengths = archive.get_tensor("tokens").float(), archive.get_tensor("lengths")
    except (safetensors.SafetensorError, OSError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(
            f"{path} is damaged or no safetensors file ({reason(error, 100)}); {remedy}"
        ) from error
    if lengths.is_floating_point() or bool((lengths < 1).any()) or int(lengths.max()) > MAX_TOKENS:
        raise ValueError(f"{path} has sentences of no or too many tokens; {remedy}")
    if int(lengths.sum()) != len(tokens) or not torch.isfinite(tokens).all():
        raise ValueError(f"{path} has tokens that do not fit its sentences; {remedy}")
    rows = dict(zip(sentences, tokens.split(lengths.tolist())))
    return CachedEncoder(rows, encoder=about.get("encoder", ""), width=int(shape[1]))


def _check(path: Path, sentences: object, shape: list[int], counts: list[int], remedy: str) -> None:
    if not isinstance(sentences, list) or not all(isinstance(text, str) for text in sentences):
        raise ValueError(f"{path} has no list of sentences; {remedy}")
    if not 1 <= len(sentences) <= MAX_SENTENCES or len(set(sentences)) != len(sentences):
        raise ValueError(f"{path} has {len(sentences)} sentences, or some twice; {remedy}")
    if len(shape) != 2 or not 1 <= shape[1] <= MAX_WIDTH or counts != [len(sentences)]:
        raise ValueError(
            f"{path} has tokens of shape {shape} and {counts} lengths for its sentences; {remedy}"
        )
