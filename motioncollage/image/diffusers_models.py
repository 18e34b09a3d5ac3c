"""Folders that `diffusers` saved, as models of pieces.

Nothing is fetched, and of weights only safetensors are read: a pickled file may run any code.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition
from motioncollage.image.diffusers_denoisers import LatentDenoiser, PixelDenoiser
from motioncollage.image.diffusers_xl import LargeLatentDenoiser
from motioncollage.image.tiles import LEAST_TILE, MAX_TILE, Autoencoder
from motioncollage.sampling.schedules import MAX_STEPS, VPSchedule, cosine_betas
from motioncollage.wording import reason

INDEX = "model_index.json"
MAX_JSON, MAX_WEIGHTS = 1 << 24, 1 << 34  # bytes of a file of settings or words, of one part's weights
# Where a schedule ends without signal: its logarithm must exist, and no sample tells the difference.
LEAST_SIGNAL = 2.0**-24


@dataclass(frozen=True, eq=False)
class DiffusersModel:
    """A loaded model of either kind, which commands use alike.

    Attributes:
        denoiser: of pieces [batch, channels, height, width], pixels or latents.
        schedule: whose levels `DiscreteLevels` visits.
        size: pixels along the squares that it was trained on.
        autoencoder: of a latent model.
    """

    denoiser: PixelDenoiser | LatentDenoiser | LargeLatentDenoiser
    schedule: VPSchedule
    size: int
    autoencoder: Autoencoder | None = None

    @property
    def factor(self) -> int:
        """Pixels along a sample of the denoiser: 1 without latents."""
        return self.autoencoder.factor if self.autoencoder else 1

    @property
    def channels(self) -> int:
        """Channels of what the denoiser sees."""
        return self.denoiser.channels

    @property
    def multiple(self) -> int:
        """What divides the sides of pieces, in samples of the denoiser."""
        return self.denoiser.multiple

    def condition(self, wanted: int | str | None) -> Condition | None:
        """What the denoiser understands, from a class's number or a text; None stays the null token."""
        return self.denoiser.condition(wanted)

    def decode(self, x: Tensor, *, wrapped: bool = False) -> Tensor:
        """Pictures [batch, 3, height, width] in -1 to 1; `wrapped` if the right edge goes on at the left."""
        return (self.autoencoder.decode(x, wrapped=wrapped) if self.autoencoder else x).clamp(-1, 1)

    def encode(self, pictures: Tensor, *, wrapped: bool = False) -> Tensor:
        """What the denoiser sees of pictures [batch, 3, height, width] in -1 to 1."""
        return self.autoencoder.encode(pictures, wrapped=wrapped) if self.autoencoder else pictures


def load_diffusers_model(
    folder: Path, *, device: torch.device | str = "cpu", precision: str = "auto", null_class: int | None = None
) -> DiffusersModel:  # fmt: skip
    """Read a folder that a `DDPMPipeline`, `DDIMPipeline`, `StableDiffusionPipeline` or `StableDiffusionXLPipeline` wrote.

    Args:
        folder: with `model_index.json`.
        precision: of the denoiser; auto, float32, bfloat16.
        null_class: of a pixel model with classes, the one that stands for none.

    Raises:
        ImportError: `diffusers` is missing, or for a latent model `transformers`.
        ValueError: files that are missing, pickled, too large, damaged, or of another kind of model.
    """
    index = _settings(_file(folder, "", INDEX))
    kind = _kind(folder, index)
    latent = kind != PIXELS
    try:
        import diffusers

        if latent:
            import transformers
    except ImportError as error:
        raise ImportError(
            f"a model of diffusers needs {error.name}: pip install 'motioncollage[clip]'"
        ) from error
    settings = _settings(_file(folder, "scheduler", "scheduler_config.json"))
    prediction = settings.get("prediction_type", "epsilon")
    with _explained(folder / "scheduler", "noise schedule"):
        schedule = schedule_of(settings)
    unet = _network(
        diffusers.UNet2DConditionModel if latent else diffusers.UNet2DModel, folder, "unet", device
    )
    if not unet.config.sample_size:
        raise ValueError(
            f"{folder / 'unet'}: config.json has no sample_size; write there what it was trained on"
        )
    side = _shorter(unet.config.sample_size)
    if not latent:
        clip = float(settings.get("clip_sample_range", 1.0)) if settings.get("clip_sample") else None
        pixels = PixelDenoiser(unet, prediction, clip=clip, null_class=null_class, precision=precision)
        return DiffusersModel(pixels, schedule, side)
    vae = _network(diffusers.AutoencoderKL, folder, "vae", device)
    if vae.config.latent_channels != unet.config.in_channels:
        raise ValueError(
            f"the VAE has {vae.config.latent_channels} channels, the network reads {unet.config.in_channels}; their"
            " folders are of different models"
        )
    # What the autoencoder was trained on is what it does best.
    trained = _shorter(vae.config.sample_size) // Autoencoder(vae).factor
    autoencoder = Autoencoder(vae, max(LEAST_TILE, min(MAX_TILE, trained)))
    first = _network(transformers.CLIPTextModel, folder, "text_encoder", device)
    texts: LatentDenoiser | LargeLatentDenoiser
    if kind == LARGE:
        second = _network(transformers.CLIPTextModelWithProjection, folder, "text_encoder_2", device)
        tokenizers = [_tokenizer(folder, part) for part in ("tokenizer", "tokenizer_2")]
        texts = LargeLatentDenoiser(
            unet, (first, second), tokenizers, side * autoencoder.factor, prediction,
            empty_is_zero=bool(index.get("force_zeros_for_empty_prompt", True)), precision=precision,
        )  # fmt: skip
    else:
        texts = LatentDenoiser(unet, first, _tokenizer(folder), prediction, precision=precision)
    return DiffusersModel(texts, schedule, side * autoencoder.factor, autoencoder)


def schedule_of(settings: Mapping[str, Any]) -> VPSchedule:
    """The schedule of a `scheduler_config.json`, whichever scheduler wrote it.

    With `rescale_betas_zero_snr` (Lin et al. 2024, algorithm 1) the last level keeps a trace of signal.

    Raises:
        ValueError: no variance-preserving schedule, or one that makes no sense.
    """
    steps, name = settings.get("num_train_timesteps", 1000), settings.get("beta_schedule")
    first, last = settings.get("beta_start", 1e-4), settings.get("beta_end", 0.02)
    if not isinstance(steps, int) or not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"num_train_timesteps is {steps!r}; it must be a number from 1 to {MAX_STEPS}")
    if settings.get("trained_betas") is not None:
        betas = torch.tensor(settings["trained_betas"], dtype=torch.float64)
    elif name == "linear":
        betas = torch.linspace(first, last, steps, dtype=torch.float64)
    elif name == "scaled_linear":
        betas = torch.linspace(first**0.5, last**0.5, steps, dtype=torch.float64).square()
    elif name == "squaredcos_cap_v2":
        betas = cosine_betas(steps)
    else:
        raise ValueError(
            f"beta_schedule is {name!r}; only linear, scaled_linear, squaredcos_cap_v2 and trained_betas are known"
        )
    if settings.get("rescale_betas_zero_snr"):
        level = torch.cumprod(1 - betas, dim=0).sqrt()
        signal = ((level - level[-1]) * level[0] / (level[0] - level[-1])).square().clamp_min(LEAST_SIGNAL)
        betas = 1 - signal / torch.cat((signal.new_ones(1), signal[:-1]))
    if betas.ndim != 1 or not 1 <= len(betas) <= MAX_STEPS or not bool(((betas > 0) & (betas < 1)).all()):
        raise ValueError("betas must be a list of numbers between 0 and 1; the file is damaged")
    return VPSchedule(betas, torch.arange(len(betas)))


_PARTS = {
    "": "the list of the model's parts", "unet": "the denoising network", "vae": "the autoencoder of the latents",
    "text_encoder": "the text encoder", "text_encoder_2": "the second text encoder",
    "tokenizer": "the text encoder's tokenizer", "tokenizer_2": "the second text encoder's tokenizer", "scheduler": "the noise schedule",
}  # fmt: skip


PIXELS, LATENTS, LARGE = "pixels", "latents", "xl"


def _kind(folder: Path, index: Mapping[str, Any]) -> str:
    """Whether a model is of pixels, or of latents with the texts of one encoder or of two, by the classes of its parts."""
    parts = {
        name: entry[1]
        for name, entry in index.items()
        if isinstance(entry, list) and len(entry) == 2 and entry[1] is not None
    }
    needed = {"unet": "UNet2DConditionModel", "vae": "AutoencoderKL", "text_encoder": "CLIPTextModel"}
    unused = {"safety_checker", "feature_extractor", "image_encoder"}
    if set(parts) - unused == {*needed, "tokenizer", "scheduler"} and needed.items() <= parts.items():
        return LATENTS
    needed["text_encoder_2"] = "CLIPTextModelWithProjection"
    both = {*needed, "tokenizer", "tokenizer_2", "scheduler"}
    if set(parts) - unused == both and needed.items() <= parts.items():
        return LARGE
    if parts.get("unet") == "UNet2DModel" and set(parts) <= {"unet", "scheduler"}:
        return PIXELS
    raise ValueError(
        f"{folder} holds a {index.get('_class_name', 'model without name')}; give a model of pixels (DDPMPipeline, DDIMPipeline) or Stable"
        " Diffusion 1, 2 or XL (StableDiffusionPipeline, StableDiffusionXLPipeline)"
    )


def _file(folder: Path, part: str, name: str) -> Path:
    """A file of a part, bounded in size; the oldest models of pixels keep all parts in one folder."""
    home = folder / part if (folder / part).is_dir() or not (folder / name).is_file() else folder
    if not (home / name).is_file():
        raise ValueError(
            f"{folder} has no {Path(part, name)}, {_PARTS[part]}; put it there, or download the whole model again"
        )
    if (home / name).stat().st_size > MAX_JSON:
        raise ValueError(f"{home / name} is larger than {MAX_JSON >> 20} MiB; it is no part of a model")
    return home / name


def _settings(file: Path) -> dict[str, Any]:
    with _explained(file, "JSON object"):
        settings = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(settings, dict):
            raise TypeError(f"it holds a {type(settings).__name__}")
    return settings


def _network(kind: Any, folder: Path, part: str, device: torch.device | str) -> Any:
    """A part with weights, float32, for use only."""
    home = _file(folder, part, "config.json").parent
    of_transformers = part.startswith("text_encoder")
    stem = "model" if of_transformers else "diffusion_pytorch_model"
    # Without the accelerate package anything else is a warning of diffusers.
    more = {} if of_transformers else {"low_cpu_mem_usage": False}
    variants = [None, "fp16"]  # half the download, the same model
    found = [v for v in variants if list(home.glob(f"{stem}{'.' + v if v else ''}.safetensors*"))]
    if not found:
        pickled = sorted(home.glob("*.bin"))
        remedy = (
            f"only {pickled[0].name}, which is pickled and may run any code; where you trust it, convert it: load it"
            " with diffusers and save_pretrained(FOLDER, safe_serialization=True)"
            if pickled
            else f"no {stem}.safetensors, {_PARTS[part]}; put it there, or download the whole model again"
        )
        raise ValueError(f"{home} has {remedy}")
    if sum(file.stat().st_size for file in home.glob("*.safetensors")) > MAX_WEIGHTS:
        raise ValueError(f"the weights in {home} exceed {MAX_WEIGHTS >> 30} GiB; it is no model of this kind")
    with _explained(home, kind.__name__):
        network, report = kind.from_pretrained(
            home, variant=found[0], local_files_only=True, use_safetensors=True, output_loading_info=True, **more
        )  # fmt: skip
    # Weights under other names are no error to the libraries: they fill the gap with random numbers.
    missing = sorted(report["missing_keys"])
    if missing:
        raise ValueError(
            f"{home} lacks the weights {missing[0]} and {len(missing) - 1} more; download it again"
        )
    return network.float().to(device).eval().requires_grad_(False)


def _tokenizer(folder: Path, part: str = "tokenizer") -> Any:
    import transformers

    whole = (folder / part / "tokenizer.json").is_file()
    for name in ("tokenizer.json",) if whole else ("vocab.json", "merges.txt"):
        _file(folder, part, name)
    kind = getattr(transformers, "CLIPTokenizerFast", transformers.CLIPTokenizer)
    with _explained(folder / part, "CLIPTokenizer"):
        return kind.from_pretrained(folder / part, local_files_only=True)


def _shorter(size: int | Sequence[int]) -> int:
    return int(size) if isinstance(size, int) else min(size)


@contextmanager
def _explained(place: Path, what: str) -> Iterator[None]:
    """Whatever the parsers raise at damaged files, in one line."""
    try:
        yield
    except Exception as error:
        said = reason(error, 160)
        raise ValueError(f"{place} is no {what} ({said}); download it again or use another model") from error
