"""LLM2Vec as a text encoder, the one Kimodo was trained with: a Llama that looks both ways, averaged over the sentence.

Everything is read from folders; nothing is fetched, and no code of a model's is run. The 8B Llama takes some 17 GB in
bfloat16: embed sentences once where that fits, and keep them in a file (`embeddings`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import torch
from torch import Tensor, nn

from mdm_adapter.models.text import TextEmbedding
from mdm_adapter.models.text.protocol import sentence_embedding
from motioncollage.files import read_json
from motioncollage.wording import reason

CHAT_MODEL = "meta-llama/Meta-Llama-3-8B-Instruct"
CHAT_HEADER, CHAT_END = "<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"
MAX_JSON_BYTES, MAX_ADAPTER_BYTES = 4 << 20, 4 << 30
POOLINGS = ("mean", "weighted_mean")
REMEDY = (
    "download meta-llama/Meta-Llama-3-8B-Instruct to FOLDER/base,"
    " McGill-NLP/LLM2Vec-Meta-Llama-3-8B-Instruct-mntp to FOLDER/mntp and its -supervised to FOLDER/supervised"
)


@dataclass(frozen=True)
class Pooling:
    """How token states become one embedding; the fields are those of `llm2vec_config.json`.

    Attributes:
        skip_instruction: leave out the start token and the chat's header.
        max_length: tokens of all; doc_max_length: of the sentence, which is cut by words.
    """

    pooling_mode: str = "mean"
    skip_instruction: bool = True
    max_length: int = 512
    doc_max_length: int = 400

    def __post_init__(self) -> None:
        if self.pooling_mode not in POOLINGS:
            raise ValueError(f"pooling_mode is {self.pooling_mode!r}; supported: {', '.join(POOLINGS)}")
        for name in ("max_length", "doc_max_length"):
            if type(getattr(self, name)) is not int or not 8 <= getattr(self, name) <= 8192:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected a number such as 512")

    def pool(self, states: Tensor) -> Tensor:
        """One vector [width] of states [tokens, width]."""
        if self.pooling_mode == "mean":
            return states.mean(dim=0)
        weights = torch.arange(1, len(states) + 1).to(states)
        return (states * (weights / weights.sum())[:, None]).sum(dim=0)


class LLM2VecEncoder:
    """A text encoder (`mdm_adapter.models.text.TextEncoder`): one token per sentence, float32."""

    def __init__(
        self, model: nn.Module, tokenizer: Any, *, chat: bool, pooling: Pooling | None = None
    ) -> None:
        """Args:
        model: a `transformers` model of the Llama family, or one that is called the same way.
        tokenizer: its tokenizer.
        chat: put the chat's header and end around sentences.
        """
        self.model = model.eval().requires_grad_(False)
        self.tokenizer, self.chat, self.pooling = tokenizer, chat, pooling or Pooling()
        config: Any = model.config
        self.width = int(config.hidden_size)

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Tokens [len(texts), 1, width] on the CPU."""
        if not texts:
            return sentence_embedding(torch.zeros(0, self.width))
        # One at a time, as published: in bfloat16 an embedding depends on what stands beside it in the batch.
        return sentence_embedding(torch.stack([self._embed(text) for text in texts]))

    def _embed(self, text: str) -> Tensor:
        sentence = self._cut(text)
        if self.chat:
            # Published: the end mark counts as part of the sentence.
            sentence = sentence.strip() + CHAT_END
        whole = self._ids((CHAT_HEADER if self.chat else "") + sentence, special=True)
        count = len(self._ids(sentence, special=False)[0])
        device = next(self.model.parameters()).device
        length = whole.shape[1]
        dtype = next(self.model.parameters()).dtype
        # A mask of zeros, given ready made, lets every token see every other.
        everyone = torch.zeros(1, 1, length, length, dtype=dtype, device=device)
        with torch.inference_mode():
            reply = self.model(input_ids=whole.to(device), attention_mask=everyone, use_cache=False)
        states = reply.last_hidden_state[0]
        kept = states[-count:] if self.pooling.skip_instruction and count else states
        return self.pooling.pool(kept).float().cpu().clone()

    def _cut(self, text: str) -> str:
        """A sentence of at most `doc_max_length` tokens, cut by words."""
        limit = self.pooling.doc_max_length
        while (count := len(self._ids(text, special=False)[0])) > limit:
            words = text.split()
            text = " ".join(words[: max(1, int(len(words) * limit / count))])
            if len(words) <= 1:
                break
        return text

    def _ids(self, text: str, *, special: bool) -> Tensor:
        rows = self.tokenizer(
            [text], truncation=True, max_length=self.pooling.max_length, add_special_tokens=special
        )
        return torch.tensor(rows["input_ids"], dtype=torch.int64)


def load_llm2vec(
    folder: Path | str, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.bfloat16
) -> LLM2VecEncoder:
    """The encoder from a folder that holds `base` (a Llama with its tokenizer), `mntp` and `supervised` (adapters).

    A folder that is itself a model, with or without those adapters in it, will do. The chat's header is used where the
    config of `mntp` (or else of the base) names Llama 3 8B Instruct, as published for local folders.

    Raises:
        ImportError: `transformers` is missing.
        ValueError: something is missing or broken; one line.
    """
    folder = Path(folder)
    base = folder / "base" if (folder / "base").is_dir() else folder
    if not (base / "config.json").is_file():
        raise ValueError(f"text encoder folder {folder} has no model; {REMEDY}")
    adapters = [folder / name for name in ("mntp", "supervised") if (folder / name).is_dir()]
    try:
        import transformers
    except ImportError as error:
        raise ImportError("LLM2Vec needs transformers: pip install 'motioncollage[kimodo]'") from error
    named = next(path for path in (*adapters[:1], base) if (path / "config.json").is_file() or path == base)
    chat = _read_json(named / "config.json").get("_name_or_path") == CHAT_MODEL
    pooling = Pooling()
    if adapters and (adapters[-1] / "llm2vec_config.json").is_file():
        said = _read_json(adapters[-1] / "llm2vec_config.json")
        known = {key: value for key, value in said.items() if key in Pooling.__dataclass_fields__}
        try:
            pooling = Pooling(**known)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{adapters[-1] / 'llm2vec_config.json'}: {error}; fetch it again") from error
    try:
        model, report = transformers.AutoModel.from_pretrained(
            str(base),
            local_files_only=True,
            use_safetensors=True,
            torch_dtype=dtype,
            output_loading_info=True,
        )
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(base), local_files_only=True)
    except Exception as error:
        # Damaged files surface as whatever their parsers raise.
        said_line = reason(error, 200)
        raise ValueError(f"text model {base} cannot be loaded ({said_line}); {REMEDY}") from error
    if missing := sorted(report["missing_keys"]):
        raise ValueError(f"text model {base} lacks {missing[0]} and {len(missing) - 1} more; {REMEDY}")
    for adapter in adapters:
        merge_adapter(model, adapter)
    return LLM2VecEncoder(model.to(device), tokenizer, chat=chat, pooling=pooling)


def merge_adapter(model: nn.Module, folder: Path) -> None:
    """Add a low-rank adapter (LoRA, Hu et al. 2022) to the weights it is for: W + scale B A.

    Raises:
        ValueError: no such adapter, or one for another model; one line.
    """
    settings = _read_json(folder / "adapter_config.json")
    file = folder / "adapter_model.safetensors"
    if not file.is_file() or file.stat().st_size > MAX_ADAPTER_BYTES:
        raise ValueError(f"{file} is missing or larger than {MAX_ADAPTER_BYTES >> 30} GiB; {REMEDY}")
    rank, alpha = settings.get("r"), settings.get("lora_alpha")
    if not isinstance(rank, int) or rank < 1 or not isinstance(alpha, (int, float)):
        raise ValueError(
            f"{folder / 'adapter_config.json'} has rank {rank!r} and lora_alpha {alpha!r}; {REMEDY}"
        )
    scale = alpha / (math.sqrt(rank) if settings.get("use_rslora") is True else rank)
    weights = dict(model.named_parameters())
    try:
        with safetensors.safe_open(file, framework="pt", device="cpu") as archive:
            names = set(archive.keys())
            ups = {name for name in names if ".lora_B." in name}
            downs = {name.replace(".lora_B.", ".lora_A.") for name in ups}
            if not ups or names != ups | downs:
                odd = sorted(names - ups - downs)
                raise ValueError(f"{file} holds {odd[0] if odd else 'no adapter'!r}; {REMEDY}")
            for name in sorted(ups):
                target = _target(name, weights)
                if target is None:
                    raise ValueError(f"{file} is for {name}, which the model has not; {REMEDY}")
                up, down = archive.get_slice(name), name.replace(".lora_B.", ".lora_A.")
                shape = [up.get_shape()[0], archive.get_slice(down).get_shape()[1]]
                if up.get_shape()[1] != rank or shape != list(target.shape):
                    raise ValueError(f"{file}: {name} does not fit {list(target.shape)}; {REMEDY}")
                change = archive.get_tensor(name).float() @ archive.get_tensor(down).float()
                with torch.no_grad():
                    target.copy_(target.float() + scale * change.to(target.device))
    except (safetensors.SafetensorError, OSError) as error:
        said = reason(error, 100)
        raise ValueError(f"{file} is damaged ({said}); {REMEDY}") from error


def _target(name: str, weights: Mapping[str, Tensor]) -> Tensor | None:
    """The weight that an entry such as `base_model.model.layers.0.mlp.up_proj.lora_B.weight` is for."""
    parts = name.partition(".lora_B.")[0].split(".")
    for first in range(len(parts)):
        found = weights.get(".".join(parts[first:]) + ".weight")
        if found is not None:
            return found
    return None


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file() or path.stat().st_size > MAX_JSON_BYTES:
        raise ValueError(f"{path} is missing or larger than {MAX_JSON_BYTES >> 20} MiB; {REMEDY}")
    contents = read_json(path, REMEDY)
    if not isinstance(contents, dict):
        raise ValueError(f"{path} holds no object; {REMEDY}")
    return contents
