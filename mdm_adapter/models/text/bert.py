"""DistilBERT as a text encoder, that of the newer `trans_dec` checkpoints: 768 numbers per word piece."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mdm_adapter.models.fetched_text import TOKENIZER_FILES, fetched_folder
from mdm_adapter.models.text.protocol import TextEmbedding
from motioncollage.hub import PREFIX, is_hub_name
from motioncollage.wording import reason

NAME = "distilbert/distilbert-base-uncased"
WIDTH = 768
BATCH = 64  # sentences at a time: the attention of a whole data set's captions would not fit into memory
WEIGHT_FILES = (
    "model.safetensors",
    "pytorch_model.bin",
    "model.safetensors.index.json",
    "pytorch_model.bin.index.json",
)


class DistilBertTextEncoder:
    """The last hidden state of a `transformers` model, as MDM uses it: special tokens included."""

    def __init__(self, model: nn.Module, tokenizer: Any) -> None:
        """Args:
        model: a `transformers.DistilBertModel`, or one that is called the same way; it is put into evaluation
            mode and float32.
        tokenizer: its tokenizer.
        """
        self.model = model.float().eval().requires_grad_(False)
        self.tokenizer = tokenizer
        config: Any = model.config
        self.width = int(config.hidden_size)
        # MDM does not truncate and fails on sentences that have more tokens than the model has positions.
        self.longest = int(config.max_position_embeddings)

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Embed sentences -> tokens [len(texts), longest sentence, width] on the CPU, zero where padded."""
        if not texts:
            return TextEmbedding(torch.zeros(0, 1, self.width), torch.zeros(0, 1, dtype=torch.bool))
        inputs = self.tokenizer(
            list(texts), return_tensors="pt", padding=True, truncation=True, max_length=self.longest
        )
        ids, present = inputs["input_ids"], inputs["attention_mask"]
        states: list[Tensor] = []
        device = next(self.model.parameters()).device
        for first in range(0, len(texts), BATCH):
            rows = slice(first, first + BATCH)
            with torch.inference_mode():
                output = self.model(input_ids=ids[rows].to(device), attention_mask=present[rows].to(device))
                states.append(output.last_hidden_state.cpu())
        # Outside inference mode, so that what comes back may take part in a graph of gradients. Padded tokens
        # depend on the sentence's company: nobody attends to them, and zeros are repeatable.
        padding = ~present.bool()
        return TextEmbedding(torch.cat(states).masked_fill(padding[..., None], 0.0), padding)


def load_distilbert(path: Path | str | None = None) -> DistilBertTextEncoder:
    """The published DistilBERT, from a local folder or from the hub's cache (fetched there once).

    Args:
        path: folder that `save_pretrained` wrote; nothing is fetched then. Or another name on a hub.

    Raises:
        ImportError: `transformers` is not installed; the message says which command installs it.
        ValueError: no usable model in the folder or on the hub, or one of another width.
    """
    model, tokenizer = load_pretrained("DistilBertModel", NAME, path, kind="bert")
    encoder = DistilBertTextEncoder(model, tokenizer)
    if encoder.width != WIDTH:
        raise ValueError(
            f"{path or NAME} embeds in {encoder.width} numbers, not {WIDTH}; give a {NAME} folder"
        )
    return encoder


def load_pretrained(
    class_name: str, name: str, path: Path | str | None, *, kind: str
) -> tuple[nn.Module, Any]:
    """A `transformers` model and its tokenizer, complete, from a folder or by its name on a hub.

    Raises:
        ImportError: `transformers` is missing.
        ValueError: the folder is absent or incomplete, or its weights do not fill the model; one line.
    """
    try:
        import transformers
    except ImportError as error:
        raise ImportError(
            f"text encoder '{kind}' needs the transformers package: pip install 'motioncollage[{kind}]'"
        ) from error
    fetched = path is None or is_hub_name(str(path))
    place = fetched_folder(PREFIX + name if path is None else str(path)) if fetched else Path(str(path))
    if not fetched:
        _check_folder(place, name)
    # What a hub gave is read without its pickles, even where another program has fetched some.
    only = {"use_safetensors": True} if fetched else {}
    try:
        model, report = getattr(transformers, class_name).from_pretrained(
            str(place), local_files_only=True, output_loading_info=True, **only
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(place), local_files_only=True)
    except Exception as error:
        # Damaged files surface as whatever their parsers raise.
        raise ValueError(f"text model {place} cannot be loaded ({reason(error)}); {_remedy(name)}") from error
    # Weights under other names are not an error to transformers: it fills the gap with random numbers.
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"text model {place} lacks {missing[0]} and {len(missing) - 1} more; {_remedy(name)}"
        )
    return model, tokenizer


def _check_folder(folder: Path, name: str) -> None:
    """Because transformers takes an absent path for a name on the hub, and makes up an empty tokenizer."""
    if not folder.is_dir():
        raise ValueError(f"text model folder {folder} does not exist; {_remedy(name)}")
    for wanted in (("config.json",), WEIGHT_FILES, TOKENIZER_FILES):
        if not any((folder / file).exists() for file in wanted):
            raise ValueError(f"text model folder {folder} has no {wanted[0]}; {_remedy(name)}")


def _remedy(name: str) -> str:
    return f"where there is a network, run: hf download {name} --local-dir FOLDER, then give --text-encoder FOLDER"
