"""Folders that `diffusers` saved, as models of pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition
from motioncollage.image.diffusers_denoisers import LatentDenoiser, PixelDenoiser, schedule_of
from motioncollage.image.diffusers_files import (
    explained,
    file_of,
    read_network,
    read_settings,
    read_t5_tokenizer,
    read_tokenizer,
)
from motioncollage.image.diffusers_flow import (
    LONG_T5_LENGTH,
    T5_LENGTH,
    FlowDenoiser,
    Flux,
    StableDiffusion3,
    flow_levels,
)
from motioncollage.image.diffusers_texts import TextEncoder
from motioncollage.image.diffusers_xl import LargeLatentDenoiser
from motioncollage.image.tiles import LEAST_TILE, MAX_TILE, Autoencoder
from motioncollage.precision import check_precision, uses_bfloat16
from motioncollage.sampling.flow import FlowLevels
from motioncollage.sampling.levels import DiscreteLevels, Levels

INDEX = "model_index.json"


@dataclass(frozen=True, eq=False)
class DiffusersModel:
    """A loaded model of any kind, which commands use alike.

    Attributes:
        denoiser: of pieces [batch, channels, height, width], pixels or latents.
        levels: of noise that it knows.
        size: pixels along the squares that it was trained on.
        autoencoder: of a latent model.
    """

    denoiser: PixelDenoiser | LatentDenoiser | FlowDenoiser
    levels: Levels
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
    """Read a folder that a pipeline of `diffusers` wrote: of one of the kinds in `KINDS`.

    Args:
        folder: with `model_index.json`.
        precision: of the denoiser; auto, float32, bfloat16.
        null_class: of a pixel model with classes, the one that stands for none.

    Raises:
        ImportError: `diffusers` is missing, or for a latent model `transformers`.
        ValueError: files that are missing, pickled, too large, damaged, or of another kind of model.
    """
    index = read_settings(file_of(folder, "", INDEX))
    kind = _kind(folder, index)
    try:
        import diffusers

        if kind != "pixels":
            import transformers  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"a model of diffusers needs {error.name}: pip install 'motioncollage[clip]'"
        ) from error
    scheduler = read_settings(file_of(folder, "scheduler", "scheduler_config.json"))
    home = _Home(folder, kind, index, scheduler, device, precision)
    if kind == "pixels":
        return home.pixels(null_class)
    vae = read_network(diffusers.AutoencoderKL, folder, "vae", device)
    # What the autoencoder was trained on is what it does best.
    trained = _trained_on(folder / "vae", vae.config.sample_size) // Autoencoder(vae).factor
    autoencoder = Autoencoder(vae, max(LEAST_TILE, min(MAX_TILE, trained)))
    loaders = {"sd": home.latents, "xl": home.large, "sd3": home.sd3, "flux": home.flux}
    model = loaders[kind.removesuffix(WITH_T5)](autoencoder)
    if vae.config.latent_channels != model.channels:
        raise ValueError(
            f"the VAE has {vae.config.latent_channels} channels, the network reads {model.channels}; their"
            " folders are of different models"
        )
    return model


@dataclass(frozen=True)
class _Home:
    """A folder, and how its parts are wanted."""

    folder: Path
    kind: str
    index: Mapping[str, Any]
    scheduler: Mapping[str, Any]
    device: torch.device | str
    precision: str

    def pixels(self, null_class: int | None) -> DiffusersModel:
        import diffusers

        unet, levels = self._unet(diffusers.UNet2DModel)
        clip = (
            float(self.scheduler.get("clip_sample_range", 1.0)) if self.scheduler.get("clip_sample") else None
        )
        pixels = PixelDenoiser(
            unet, self._prediction, clip=clip, null_class=null_class, precision=self.precision
        )
        return DiffusersModel(pixels, levels, _shorter(unet.config.sample_size))

    def latents(self, autoencoder: Autoencoder) -> DiffusersModel:
        import diffusers

        unet, levels = self._unet(diffusers.UNet2DConditionModel)
        texts = LatentDenoiser(unet, self._clip(1), self._prediction, precision=self.precision)
        return DiffusersModel(
            texts, levels, _shorter(unet.config.sample_size) * autoencoder.factor, autoencoder
        )

    def large(self, autoencoder: Autoencoder) -> DiffusersModel:
        import diffusers

        unet, levels = self._unet(diffusers.UNet2DConditionModel)
        size = _shorter(unet.config.sample_size) * autoencoder.factor
        texts = LargeLatentDenoiser(
            unet, (self._clip(1), self._clip(2, projects=True)), size, self._prediction,
            empty_is_zero=bool(self.index.get("force_zeros_for_empty_prompt", True)), precision=self.precision,
        )  # fmt: skip
        return DiffusersModel(texts, levels, size, autoencoder)

    def sd3(self, autoencoder: Autoencoder) -> DiffusersModel:
        import diffusers

        network = read_network(
            diffusers.SD3Transformer2DModel, self.folder, "transformer", self.device, self._dtype
        )
        square = _trained_on(self.folder / "transformer", network.config.sample_size)
        levels = self._flow((square // network.config.patch_size) ** 2, even=False)
        with_t5 = self.kind.endswith(WITH_T5)
        clips = [self._clip(number, projects=True, shortens=with_t5, dtype=self._dtype) for number in (1, 2)]
        texts = StableDiffusion3(network, clips, self._t5(3, T5_LENGTH) if with_t5 else None)
        return DiffusersModel(texts, levels, square * autoencoder.factor, autoencoder)

    def flux(self, autoencoder: Autoencoder) -> DiffusersModel:
        import diffusers

        network = read_network(
            diffusers.FluxTransformer2DModel, self.folder, "transformer", self.device, self._dtype
        )
        # The network itself names no size; that of its autoencoder is the same.
        named = read_settings(file_of(self.folder, "vae", "config.json")).get("sample_size")
        square = _trained_on(self.folder / "vae", named) // autoencoder.factor
        levels = self._flow((square // Flux.multiple) ** 2, even=True)
        longest = LONG_T5_LENGTH if network.config.guidance_embeds else T5_LENGTH
        clip = self._clip(1, shortens=True, dtype=self._dtype)
        texts = Flux(network, clip, self._t5(2, longest), square)
        return DiffusersModel(texts, levels, square * autoencoder.factor, autoencoder)

    @property
    def _prediction(self) -> str:
        return str(self.scheduler.get("prediction_type", "epsilon"))

    @property
    def _dtype(self) -> torch.dtype:
        """Of the weights of flow models, which are too large to be kept in two precisions."""
        check_precision(self.precision)
        return torch.bfloat16 if uses_bfloat16(self.precision, torch.device(self.device)) else torch.float32

    def _unet(self, kind: Any) -> tuple[Any, DiscreteLevels]:
        """A network with a variance-preserving schedule."""
        with explained(self.folder / "scheduler", "noise schedule"):
            schedule = schedule_of(self.scheduler)
        unet = read_network(kind, self.folder, "unet", self.device)
        _trained_on(self.folder / "unet", unet.config.sample_size)
        return unet, DiscreteLevels(schedule)

    def _flow(self, tokens: int, *, even: bool) -> FlowLevels:
        with explained(self.folder / "scheduler", "noise schedule"):
            return flow_levels(self.scheduler, tokens, even=even)

    def _clip(
        self, number: int, *, projects: bool = False, shortens: bool = False, dtype: torch.dtype = torch.float32
    ) -> TextEncoder:  # fmt: skip
        import transformers

        kind = transformers.CLIPTextModelWithProjection if projects else transformers.CLIPTextModel
        network = read_network(kind, self.folder, _numbered("text_encoder", number), self.device, dtype)
        tokenizer = read_tokenizer(self.folder, _numbered("tokenizer", number))
        return TextEncoder(network, tokenizer, shortens=shortens)

    def _t5(self, number: int, longest: int) -> TextEncoder:
        import transformers

        network = read_network(
            transformers.T5EncoderModel,
            self.folder,
            _numbered("text_encoder", number),
            self.device,
            self._dtype,
        )
        tokenizer = read_t5_tokenizer(self.folder, _numbered("tokenizer", number))
        return TextEncoder(network, tokenizer, longest=longest)


def _numbered(part: str, number: int) -> str:
    return part if number == 1 else f"{part}_{number}"


def _trained_on(place: Path, size: int | Sequence[int] | None) -> int:
    if not size:
        raise ValueError(f"{place}: config.json has no sample_size; write there what it was trained on")
    return _shorter(size)


def _shorter(size: int | Sequence[int]) -> int:
    return int(size) if isinstance(size, int) else min(size)


_TEXTS = {"vae": "AutoencoderKL", "text_encoder": "CLIPTextModel", "tokenizer": "", "scheduler": ""}
_TWO = {"text_encoder_2": "CLIPTextModelWithProjection", "tokenizer_2": ""}
_SD3 = {
    **_TEXTS, **_TWO, "transformer": "SD3Transformer2DModel", "text_encoder": "CLIPTextModelWithProjection"
}  # fmt: skip
WITH_T5 = " with T5"
# The parts of each kind of model, and their classes where only one will do.
KINDS = {
    "pixels": {"unet": "UNet2DModel", "scheduler": ""},
    "sd": {**_TEXTS, "unet": "UNet2DConditionModel"},
    "xl": {**_TEXTS, **_TWO, "unet": "UNet2DConditionModel"},
    "sd3": _SD3,
    "sd3" + WITH_T5: {**_SD3, "text_encoder_3": "T5EncoderModel", "tokenizer_3": ""},
    "flux": {
        **_TEXTS, "transformer": "FluxTransformer2DModel", "text_encoder_2": "T5EncoderModel", "tokenizer_2": ""
    },
}  # fmt: skip
UNUSED = {"safety_checker", "feature_extractor", "image_encoder"}


def _kind(folder: Path, index: Mapping[str, Any]) -> str:
    """The kind of a model, by the classes of its parts."""
    parts = {
        name: entry[1]
        for name, entry in index.items()
        if isinstance(entry, list) and len(entry) == 2 and entry[1] is not None and name not in UNUSED
    }
    for kind, needed in KINDS.items():
        if set(parts) == set(needed) and all(wanted in ("", parts[name]) for name, wanted in needed.items()):
            return kind
    raise ValueError(
        f"{folder} holds a {index.get('_class_name', 'model without name')}; give a model of pixels (DDPMPipeline,"
        " DDIMPipeline), Stable Diffusion 1, 2, XL or 3 (StableDiffusionPipeline, StableDiffusionXLPipeline,"
        " StableDiffusion3Pipeline), or FLUX.1 (FluxPipeline)"
    )
