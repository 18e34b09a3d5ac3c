"""CLIP ViT-B/32 as a text encoder, that of most published checkpoints: 512 numbers per sentence.

MDM reads at most 20 tokens of a sentence, puts start and end around them and fills up with zeros to the 77
that CLIP was trained on; the embedding is CLIP's own projected one, not normalised.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from mdm_adapter.models.text.bert import load_pretrained
from mdm_adapter.models.text.protocol import TextEmbedding, sentence_embedding
from motioncollage.hub.reach import answers
from motioncollage.wording import reason

NAME = "openai/clip-vit-base-patch32"
OPENAI_NAME = "ViT-B/32"
OPENAI_FILE, OPENAI_HOST = Path("~/.cache/clip/ViT-B-32.pt"), "https://openaipublic.azureedge.net"
WIDTH = 512
CONTEXT = 77
MAX_TOKENS = 22  # start, 20 of the sentence, end
BATCH = 128


class _Tokenize(Protocol):
    """`clip.tokenize`: sentences -> tokens [batch, context_length], zero padded."""

    def __call__(self, texts: list[str], context_length: int, truncate: bool) -> Tensor: ...


class OpenAIClipEncoder:
    """The `clip` package's model, as MDM calls it."""

    def __init__(self, model: nn.Module, tokenize: _Tokenize) -> None:
        """Args:
        model: what `clip.load` returns first; it is put into evaluation mode and float32.
        tokenize: `clip.tokenize`.
        """
        self.model = model.float().eval().requires_grad_(False)
        self.tokenize = tokenize
        projection: Any = self.model.text_projection
        self.width = int(projection.shape[1])

    def token_ids(self, texts: list[str]) -> Tensor:
        """Token numbers [len(texts), 77] of sentences, int64."""
        return _padded(self.tokenize(texts, context_length=MAX_TOKENS, truncate=True).long())

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Embed sentences -> tokens [len(texts), 1, width] on the CPU."""
        encode_text: Any = self.model.encode_text
        return _embed(texts, self.token_ids, encode_text, self.model, self.width)


class TransformersClipEncoder:
    """The same text tower in `transformers`."""

    def __init__(self, model: nn.Module, tokenizer: Any) -> None:
        """Args:
        model: a `transformers.CLIPTextModelWithProjection`; it is put into evaluation mode and float32.
        tokenizer: its tokenizer.
        """
        self.model = model.float().eval().requires_grad_(False)
        self.tokenizer = tokenizer
        config: Any = self.model.config
        self.width = int(config.projection_dim)

    def token_ids(self, texts: list[str]) -> Tensor:
        """Token numbers [len(texts), 77] of sentences, int64."""
        rows = self.tokenizer(texts, truncation=True, max_length=MAX_TOKENS)["input_ids"]
        # The tokenizer's own padding is the end token; CLIP's is 0.
        return _padded(torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], batch_first=True))

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Embed sentences -> tokens [len(texts), 1, width] on the CPU."""
        return _embed(texts, self.token_ids, self._project, self.model, self.width)

    def _project(self, ids: Tensor) -> Tensor:
        # No attention mask: CLIP is causal, and the embedding is read at the end token, before any padding.
        return self.model(input_ids=ids).text_embeds


ClipEncoder = OpenAIClipEncoder | TransformersClipEncoder


def load_clip(path: Path | str | None = None) -> ClipEncoder:
    """CLIP ViT-B/32: through the `clip` package where it is installed, else through `transformers`.

    Args:
        path: a local copy, nothing is fetched then: a folder that `save_pretrained` wrote (read by
            `transformers`), or the `ViT-B-32.pt` file of the `clip` package. Or another name on a hub.

    Raises:
        ImportError: neither package is installed; the message says which command installs one.
        ValueError: the model cannot be read or fetched, or embeds in another width.
    """
    is_file = path is not None and Path(path).is_file()
    openai = _openai_package() if path is None or is_file else None
    if is_file and openai is None:
        raise ImportError(
            f"{path} is for OpenAI's package: pip install git+https://github.com/openai/CLIP.git"
        )
    encoder: ClipEncoder
    if openai is not None:
        if not is_file and not OPENAI_FILE.expanduser().exists() and not answers(OPENAI_HOST):
            raise ValueError(
                f"CLIP {OPENAI_NAME} is not in {OPENAI_FILE.parent}, and {OPENAI_HOST} cannot be reached; give a folder of"
                f" {NAME}: --text-encoder FOLDER"
            )
        try:
            model, _ = openai.load(str(path) if is_file else OPENAI_NAME, device="cpu", jit=False)
        except Exception as error:
            # A damaged file surfaces as whatever its parser raises, a lost connection as an OSError.
            said = reason(error, 200)
            raise ValueError(
                f"CLIP {path or OPENAI_NAME} cannot be loaded ({said}); give a folder of {NAME}: --text-encoder FOLDER"
            ) from error
        encoder = OpenAIClipEncoder(model, openai.tokenize)
    else:
        encoder = TransformersClipEncoder(
            *load_pretrained("CLIPTextModelWithProjection", NAME, path, kind="clip")
        )
    if encoder.width != WIDTH:
        raise ValueError(
            f"{path or NAME} embeds in {encoder.width} numbers, not {WIDTH}; give a {NAME} folder"
        )
    return encoder


def _openai_package() -> Any:
    """The `clip` module by OpenAI, or None; an unrelated package of that name exists."""
    try:
        import clip
    except ImportError:
        return None
    return clip if hasattr(clip, "tokenize") and hasattr(clip, "load") else None


def _padded(ids: Tensor) -> Tensor:
    return torch.nn.functional.pad(ids, (0, CONTEXT - ids.shape[1]))


def _embed(
    texts: list[str],
    token_ids: Callable[[list[str]], Tensor],
    embed: Callable[[Tensor], Tensor],
    model: nn.Module,
    width: int,
) -> TextEmbedding:
    """Sentences in batches; ends outside inference mode, so that the result may meet gradients."""
    device = next(model.parameters()).device
    parts = [torch.zeros(0, width)]
    for first in range(0, len(texts), BATCH):
        ids = token_ids(list(texts[first : first + BATCH])).to(device)
        with torch.inference_mode():
            parts.append(embed(ids).float().cpu())
    return sentence_embedding(torch.cat(parts))
