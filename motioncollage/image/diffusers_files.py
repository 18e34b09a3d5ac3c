"""Parts of a folder that `diffusers` saved: settings, networks, tokenizers.

Nothing is fetched, and of weights only safetensors are read: a pickled file may run any code.
"""

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from motioncollage.memory import check_fits
from motioncollage.wording import reason

# Bytes of a file of settings or words, and of one part's weights: those of FLUX's network are 24 GB.
MAX_JSON, MAX_WEIGHTS = 1 << 24, 1 << 36
PARTS = {
    "": "the list of the model's parts", "unet": "the denoising network", "transformer": "the denoising network",
    "vae": "the autoencoder of the latents", "scheduler": "the noise schedule",
    "text_encoder": "the text encoder", "tokenizer": "the text encoder's tokenizer",
    "text_encoder_2": "the second text encoder", "tokenizer_2": "the second text encoder's tokenizer",
    "text_encoder_3": "the third text encoder", "tokenizer_3": "the third text encoder's tokenizer",
}  # fmt: skip


def file_of(folder: Path, part: str, name: str) -> Path:
    """A file of a part, bounded in size; the oldest models of pixels keep all parts in one folder.

    Raises:
        ValueError: there is none, or it is too large.
    """
    home = folder / part if (folder / part).is_dir() or not (folder / name).is_file() else folder
    if not (home / name).is_file():
        raise ValueError(
            f"{folder} has no {Path(part, name)}, {PARTS[part]}; put it there, or {_without(part)}"
        )
    if (home / name).stat().st_size > MAX_JSON:
        raise ValueError(f"{home / name} is larger than {MAX_JSON >> 20} MiB; it is no part of a model")
    return home / name


def _without(part: str) -> str:
    """What else can be done where something of a part is missing."""
    if part.endswith("_3"):
        return "write [null, null] for text_encoder_3 and tokenizer_3 in model_index.json, to go without it"
    return "download the whole model again"


def read_settings(file: Path) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ValueError: something else.
    """
    with explained(file, "JSON object"):
        settings = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise TypeError(f"it holds a {type(settings).__name__}")
    return settings


def read_network(
    kind: Any, folder: Path, part: str, device: torch.device | str, dtype: torch.dtype = torch.float32
) -> Any:
    """A part with weights, for use only.

    Raises:
        ValueError: weights that are missing, pickled, too large or damaged.
    """
    home = file_of(folder, part, "config.json").parent
    of_transformers = part.startswith("text_encoder")
    stem = "model" if of_transformers else "diffusion_pytorch_model"
    # Without the accelerate package anything else is a warning of diffusers.
    more = {} if of_transformers else {"low_cpu_mem_usage": False, "torch_dtype": dtype}
    marks = {None: "", "fp16": ".fp16"}  # half the download, the same model
    found = [
        variant
        for variant, mark in marks.items()
        if any(
            (home / f"{stem}{end}").is_file()
            for end in (f"{mark}.safetensors", f".safetensors.index{mark}.json")
        )
    ]
    if not found:
        pickled = sorted(home.glob("*.bin"))
        remedy = (
            f"only {pickled[0].name}, which is pickled and may run any code; where you trust it, convert it: load it"
            " with diffusers and save_pretrained(FOLDER, safe_serialization=True)"
            if pickled
            else f"no {stem}.safetensors, {PARTS[part]}; put it there, or {_without(part)}"
        )
        raise ValueError(f"{home} has {remedy}")
    if sum(file.stat().st_size for file in home.glob("*.safetensors")) > MAX_WEIGHTS:
        raise ValueError(f"the weights in {home} exceed {MAX_WEIGHTS >> 30} GiB; it is no model of this kind")
    with explained(home, kind.__name__):
        count = _numbers(
            [file for file in home.glob("*.safetensors") if (marks["fp16"] in file.name) == bool(found[0])]
        )
    remedy = "free some, or take a smaller model"
    check_fits(f"{PARTS[part]} in {home}", count * dtype.itemsize, 1, "parts", remedy)
    with explained(home, kind.__name__):
        network, report = kind.from_pretrained(
            home, variant=found[0], local_files_only=True, use_safetensors=True, output_loading_info=True, **more
        )  # fmt: skip
    # Weights under other names are no error to the libraries: they fill the gap with random numbers.
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"{home} lacks the weights {missing[0]} and {len(missing) - 1} more; download it again"
        )
    for weights in network.parameters():  # which the libraries do not always load as they are asked to
        weights.data = weights.data.to(dtype)
    return network.to(device).eval().requires_grad_(False)


def _numbers(files: Iterable[Path]) -> int:
    """How many numbers files of weights hold."""
    from safetensors import safe_open

    count = 0
    for file in files:
        with safe_open(file, "pt") as opened:
            count += sum(math.prod(opened.get_slice(name).get_shape()) for name in opened.keys())  # noqa: SIM118
    return count


def read_tokenizer(folder: Path, part: str) -> Any:
    """CLIP's tokenizer.

    Raises:
        ValueError: files that are missing or damaged.
    """
    import transformers

    whole = (folder / part / "tokenizer.json").is_file()
    for name in ("tokenizer.json",) if whole else ("vocab.json", "merges.txt"):
        file_of(folder, part, name)
    kind = getattr(transformers, "CLIPTokenizerFast", transformers.CLIPTokenizer)
    with explained(folder / part, "CLIPTokenizer"):
        return kind.from_pretrained(folder / part, local_files_only=True)


def read_t5_tokenizer(folder: Path, part: str) -> Any:
    """T5's tokenizer.

    Raises:
        ValueError: files that are missing or damaged.
    """
    import transformers

    home = folder / part
    pieces = (home / "spiece.model").is_file() and not (home / "tokenizer.json").is_file()
    if pieces and find_spec("sentencepiece") is None:
        raise ValueError(
            f"{home} has spiece.model alone; put tokenizer.json of the same model beside it, or pip install sentencepiece"
        )
    file_of(folder, part, "spiece.model" if pieces else "tokenizer.json")
    with explained(home, "T5Tokenizer"):
        return transformers.T5Tokenizer.from_pretrained(home, local_files_only=True)


@contextmanager
def explained(place: Path, what: str) -> Iterator[None]:
    """Whatever the parsers raise at damaged files, in one line."""
    try:
        yield
    except Exception as error:
        said = reason(error, 160)
        raise ValueError(f"{place} is no {what} ({said}); download it again or use another model") from error
