"""Networks of `diffusers` as denoisers of pieces: pixels (DDPM) or latents with texts (Stable Diffusion)."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, NoiseLevel, clean_prediction
from motioncollage.image.diffusers_texts import TextCondition, Texted, TextEncoder
from motioncollage.precision import check_precision, mixed
from motioncollage.sampling.schedules import MAX_STEPS, VPSchedule, cosine_betas

# Where a schedule ends without signal: its logarithm must exist, and no sample tells the difference.
LEAST_SIGNAL = 2.0**-24
PREDICTIONS = ("epsilon", "v_prediction", "sample")


class PixelDenoiser:
    """A `UNet2DModel` of images [batch, channels, height, width] in -1 to 1 (`motioncollage.collage.denoiser.Denoiser`).

    Conditions are classes, whole numbers from 0.
    """

    def __init__(
        self, network: Any, prediction: str = "epsilon", *, clip: float | None = None,
        null_class: int | None = None, precision: str = "auto",
    ) -> None:  # fmt: skip
        """Args:
            network: in evaluation mode.
            prediction: what it gives: `epsilon`, `v_prediction` (Salimans & Ho 2022) or `sample`.
            clip: largest pixel of a clean prediction; None for no limit.
            null_class: the class that stands for none, where the model was trained with one.

        Raises:
            ValueError: a network that needs more than noisy pixels and a class, or settings that do not fit it.
        """
        check_settings(prediction, precision)
        config = network.config
        if config.out_channels not in (config.in_channels, 2 * config.in_channels):
            raise ValueError(
                f"the network makes {config.out_channels} channels of {config.in_channels}; it is no plain image model"
            )
        if config.class_embed_type is not None:
            raise ValueError(
                f"the network takes classes of type {config.class_embed_type!r}; only numbered ones are supported"
            )
        self.network, self.prediction, self.clip, self.precision = network, prediction, clip, precision
        self.channels = int(config.in_channels)
        self.classes = int(config.num_class_embeds or 0)
        self.multiple = 1 << len(config.block_out_channels) - 1  # every level but the last halves
        self.null_class = None if null_class is None else self.condition(null_class)

    def condition(self, wanted: int | str | None) -> int | None:
        """A class by its number, which may be written as text."""
        if wanted is None:
            return None
        if not self.classes:
            raise ValueError(f"this model knows no classes; leave out {wanted!r}")
        number = int(wanted) if str(wanted).isdecimal() else -1
        if not 0 <= number < self.classes:
            raise ValueError(f"class {wanted!r} is unknown; give a number from 0 to {self.classes - 1}")
        return number

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, shape of x.

        Raises:
            ValueError: sides that the network cannot halve, a class that it does not know, no class where it needs
                one, or a level of another convention.
        """
        check_piece(x, level, self.channels, self.multiple)
        labels = self._labels(conditions, x.device)
        with mixed(self.precision, x.device):
            raw = self.network(x.float(), timesteps(x, level), class_labels=labels).sample
        # A network of twice the channels has learnt a variance too, which follows the mean.
        clean = clean_from(raw[:, : self.channels].to(x), x, level, self.prediction)
        return clean if self.clip is None else clean.clamp(-self.clip, self.clip)

    def _labels(self, conditions: Sequence[Condition | None], device: torch.device) -> Tensor | None:
        for condition in conditions:
            if condition is not None and not isinstance(condition, int | str):
                raise ValueError(
                    f"a condition is a {type(condition).__name__}; give the number of a class or None"
                )
        numbers = [self.condition(condition) for condition in conditions]
        if not self.classes:
            return None
        if self.null_class is None and None in numbers:
            raise ValueError(
                "a piece has no class, and this model no null class; give every node of the cover one, or a null_class"
            )
        filled = [self.null_class if number is None else number for number in numbers]
        return torch.tensor(filled, device=device)


class LatentDenoiser(Texted):
    """A `UNet2DConditionModel` of latents [batch, channels, height, width] (`motioncollage.collage.denoiser.Denoiser`).

    Conditions are `TextCondition`; None is the empty text.
    """

    multiple = 1

    def __init__(
        self, network: Any, encoder: TextEncoder, prediction: str = "epsilon", *, precision: str = "auto"
    ) -> None:
        """Args:
            network: in evaluation mode.
            encoder: with a `CLIPTextModel`.
            prediction: what the network gives: `epsilon`, `v_prediction` (Salimans & Ho 2022) or `sample`.

        Raises:
            ValueError: parts that do not fit together, or a network that needs more than noisy latents and a text.
        """
        config = network.config
        more = (
            config.addition_embed_type, config.class_embed_type, config.num_class_embeds, config.time_cond_proj_dim
        )  # fmt: skip
        if config.out_channels != config.in_channels or any(extra is not None for extra in more):
            raise ValueError(
                "the network takes more than noisy latents and a text, as for in-painting, upscaling or LCM; use a"
                " plain Stable Diffusion model"
            )
        if config.cross_attention_dim != encoder.width:
            raise ValueError(
                f"the network reads texts of width {config.cross_attention_dim}, the text encoder writes"
                f" {encoder.width}; their folders are of different models"
            )
        self.encoder = encoder
        self.keep(network, prediction, precision)
        self.null = self.encode("")

    def keep(self, network: Any, prediction: str, precision: str) -> None:
        """Keep what all kinds have."""
        check_settings(prediction, precision)
        self.network, self.prediction, self.precision = network, prediction, precision
        self.channels = int(network.config.in_channels)

    @torch.no_grad()
    def encode(self, text: str) -> TextCondition:
        return TextCondition(self.encoder.read(text).last_hidden_state[0])

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, shape of x.

        Raises:
            ValueError: a condition of another kind or shape, or a level of another convention.
        """
        check_piece(x, level, self.channels)
        told = self.told(conditions, self.null.tokens)
        with mixed(self.precision, x.device):
            raw = self.network(
                x.float(), timesteps(x, level), encoder_hidden_states=told.tokens, added_cond_kwargs=self.more(told)
            ).sample  # fmt: skip
        return clean_from(raw.to(x), x, level, self.prediction)

    def more(self, told: TextCondition) -> dict[str, Tensor] | None:
        """What the network is told besides the tokens of a batch."""
        return None


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


def clean_from(raw: Tensor, x: Tensor, level: NoiseLevel, prediction: str) -> Tensor:
    """x0 from what a network gives: eps, v = alpha eps - sigma x0 (Salimans & Ho 2022), or x0 itself."""
    if prediction == "epsilon":
        return clean_prediction(x, raw, level)
    return level.alpha * x - level.sigma * raw if prediction == "v_prediction" else raw


def timesteps(x: Tensor, level: NoiseLevel) -> Tensor:
    """What a network is told of a level, for every sample of a batch."""
    return torch.full((len(x),), round(level.timestep), device=x.device)


def check_settings(prediction: str, precision: str) -> None:
    """Raise ValueError for a prediction type or a precision that does not exist."""
    check_precision(precision)
    if prediction not in PREDICTIONS:
        raise ValueError(f"prediction type {prediction!r} is unknown; use {', '.join(PREDICTIONS)}")


def check_piece(x: Tensor, level: NoiseLevel, channels: int, multiple: int = 1) -> None:
    """Raise ValueError for a batch of another shape, or a level of another convention."""
    check_shape(x, channels, multiple)
    if abs(level.alpha**2 + level.sigma**2 - 1) > 1e-4:
        raise ValueError(
            f"the level has alpha {level.alpha:g} and sigma {level.sigma:g}; take levels of DiscreteLevels, whose"
            " squares add up to 1"
        )


def check_shape(x: Tensor, channels: int, multiple: int = 1) -> None:
    """Raise ValueError for a batch of another shape, or sides that `multiple` does not divide."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(f"x has shape {tuple(x.shape)}; give [batch, {channels}, height, width]")
    if x.shape[-2] % multiple or x.shape[-1] % multiple:
        raise ValueError(
            f"a piece is {x.shape[-2]} x {x.shape[-1]}; its sides must be multiples of {multiple}"
        )
