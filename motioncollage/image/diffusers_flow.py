"""Transformers of flow matching as denoisers of pieces: Stable Diffusion 3 and 3.5, and FLUX.1.

Between a picture x0 and noise n they know x = (1 - s) x0 + s n, s from 0 to 1, are told s, and predict n - x0: the clean
prediction is x less s times that. Divided by 1 - s it is x0 with noise of sigma = s / (1 - s), like any other model's.
"""

import math
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, NoiseLevel, flow_prediction
from motioncollage.image.diffusers_denoisers import check_shape
from motioncollage.image.diffusers_texts import TextCondition, Texted, TextEncoder
from motioncollage.image.diffusers_xl import penultimate
from motioncollage.sampling.flow import FlowLevels

TIMES = 1000  # what Stable Diffusion 3 counts pure noise as
SQUARES = 4  # of the trained size, that a network sees at once
PACKED = 2  # latents along what FLUX sees as one
# Tokens of T5 that the models were trained with.
T5_LENGTH, LONG_T5_LENGTH = 256, 512


class FlowDenoiser(Texted):
    """What SD3 and FLUX share; latents [batch, channels, height, width] (`motioncollage.collage.denoiser.Denoiser`).

    Conditions are `TextCondition` with a pooled text; None is the empty text. Networks are asked in the precision that
    their weights have, and see at most four whole squares at once, so that memory does not grow with the picture.
    """

    network: Any
    channels: int
    multiple: int
    square: int

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, shape of x.

        Raises:
            ValueError: sides that the network cannot patch, a condition of another kind or shape, or a level of another
                convention.
        """
        check_shape(x, self.channels, self.multiple)
        if abs(level.alpha + level.sigma - 1) > 1e-4:
            raise ValueError(
                f"the level has alpha {level.alpha:g} and sigma {level.sigma:g}; take levels of FlowLevels, which add"
                " up to 1"
            )
        together = max(1, SQUARES * self.square**2 // (x.shape[-2] * x.shape[-1]))
        weights = next(self.network.parameters())
        parts = []
        for first in range(0, len(x), together):
            some = slice(first, first + together)
            told = self.told(conditions[some], weights)
            parts.append(self.velocity(x[some].to(weights), 1 - level.timestep, told).to(x))
        return flow_prediction(x, -torch.cat(parts), level)

    def velocity(self, x: Tensor, noise: float, told: TextCondition) -> Tensor:
        """n - x0 of noisy latents [batch, channels, height, width] at s = `noise`."""
        raise NotImplementedError


class StableDiffusion3(FlowDenoiser):
    """An `SD3Transformer2DModel`.

    It places what it sees in the middle of the square that it knows; of parts of one that is where it has seen such
    pictures.
    """

    def __init__(self, network: Any, clips: Sequence[TextEncoder], t5: TextEncoder | None) -> None:
        """Args:
            network: in evaluation mode.
            clips: two, with a `CLIPTextModelWithProjection`.
            t5: with a `T5EncoderModel`; without one, zeros stand for what it says.

        Raises:
            ValueError: parts that do not fit together, or a network of another kind.
        """
        config = network.config
        _check_plain(config.in_channels, config.out_channels or config.in_channels)
        pooled = sum(clip.network.config.projection_dim for clip in clips)
        widths = sum(clip.width for clip in clips), t5.width if t5 else config.joint_attention_dim
        _check_texts((config.joint_attention_dim, config.pooled_projection_dim), (max(widths), pooled))
        self.network, self.clips, self.t5 = network, tuple(clips), t5
        self.channels, self.multiple = int(config.in_channels), int(config.patch_size)
        self.square, self.width = int(config.sample_size), int(config.joint_attention_dim)
        self.null = self.encode("")

    @torch.no_grad()
    def encode(self, text: str) -> TextCondition:
        """What both CLIPs say of a text, and below it T5."""
        tokens, pooled = penultimate(self.clips, text)
        tokens = torch.nn.functional.pad(tokens, (0, self.width - tokens.shape[1]))
        said = self.t5.read(text).last_hidden_state[0] if self.t5 else tokens.new_zeros(T5_LENGTH, self.width)
        return TextCondition(torch.cat([tokens, said]).float(), torch.cat(pooled).float())

    def velocity(self, x: Tensor, noise: float, told: TextCondition) -> Tensor:
        times = torch.full((len(x),), TIMES * noise, device=x.device)
        found: Tensor = self.network(
            x, timestep=times, encoder_hidden_states=told.tokens, pooled_projections=told.pooled
        ).sample
        return found


class Flux(FlowDenoiser):
    """A `FluxTransformer2DModel`: `dev`, which is told a scale of guidance, or `schnell`, which needs none.

    Every piece is a picture of its own to it, whose places count from its own corner.
    """

    multiple = PACKED

    def __init__(self, network: Any, clip: TextEncoder, t5: TextEncoder, square: int) -> None:
        """Args:
            network: in evaluation mode.
            clip: with a `CLIPTextModel`.
            t5: with a `T5EncoderModel`.
            square: latents along the squares that it was trained on.

        Raises:
            ValueError: parts that do not fit together, or a network of another kind.
        """
        config = network.config
        _check_plain(config.in_channels, config.out_channels or config.in_channels)
        _check_texts((config.joint_attention_dim, config.pooled_projection_dim), (t5.width, clip.width))
        self.network, self.clip, self.t5, self.square = network, clip, t5, square
        self.channels = int(config.in_channels) // PACKED**2
        self.told_guidance = bool(config.guidance_embeds)
        self.guidance = 1.0
        self.null = self.encode("")

    @torch.no_grad()
    def encode(self, text: str) -> TextCondition:
        """What T5 says of a text, and CLIP's sum of it."""
        tokens, pooled = self.t5.read(text).last_hidden_state[0], self.clip.read(text).pooler_output[0]
        return TextCondition(tokens.float(), pooled.float())

    def guided(self, scale: float) -> "Flux":
        """The same, told a scale of guidance."""
        other = copy(self)
        other.guidance = scale
        return other

    def velocity(self, x: Tensor, noise: float, told: TextCondition) -> Tensor:
        rows, columns = x.shape[-2] // PACKED, x.shape[-1] // PACKED
        packed = x.unflatten(-1, (columns, PACKED)).unflatten(-3, (rows, PACKED))
        packed = packed.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
        places = torch.cartesian_prod(torch.zeros(1), torch.arange(rows) * 1.0, torch.arange(columns) * 1.0)
        found: Tensor = self.network(
            packed, timestep=x.new_full((len(x),), noise, dtype=torch.float32),
            guidance=x.new_full((len(x),), self.guidance, dtype=torch.float32) if self.told_guidance else None,
            encoder_hidden_states=told.tokens, pooled_projections=told.pooled,
            txt_ids=torch.zeros(told.tokens.shape[1], 3, device=x.device), img_ids=places.to(x.device),
        ).sample  # fmt: skip
        found = found.unflatten(1, (rows, columns)).unflatten(3, (self.channels, PACKED, PACKED))
        return found.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def flow_levels(settings: Mapping[str, Any], tokens: int, *, even: bool) -> FlowLevels:
    """The levels of a `scheduler_config.json` of flow matching.

    Args:
        tokens: of a piece; where the shift follows the size of a picture, a piece is the picture that the model makes.
        even: whether steps are even down to no noise, as FLUX's; else the last is the least level trained, as of SD3.

    Raises:
        ValueError: another kind of schedule.
    """
    kind = str(settings.get("_class_name", "FlowMatchEulerDiscreteScheduler"))
    if not kind.startswith("FlowMatch"):
        raise ValueError(
            f"its scheduler is {kind}; write the settings of a FlowMatchEulerDiscreteScheduler there"
        )
    others = (
        "invert_sigmas",
        "shift_terminal",
        "use_karras_sigmas",
        "use_exponential_sigmas",
        "use_beta_sigmas",
    )
    for name in others:
        if settings.get(name):
            raise ValueError(
                f"{name} is {settings[name]!r}; only plain and shifted levels are known, so take it out"
            )
    trained, shift = int(settings.get("num_train_timesteps", TIMES)), float(settings.get("shift", 1.0))
    last = 1 / trained
    if settings.get("use_dynamic_shifting"):
        places = settings.get("base_image_seq_len", 256), settings.get("max_image_seq_len", 4096)
        shifts = settings.get("base_shift", 0.5), settings.get("max_shift", 1.15)
        shift = shifts[0] + (tokens - places[0]) / (places[1] - places[0]) * (shifts[1] - shifts[0])
        shift = shift if settings.get("time_shift_type") == "linear" else math.exp(shift)
    else:
        # The published scheduler counts its steps down to the least level as it is shifted, then shifts once more.
        last = shift * last / (1 + (shift - 1) * last)
    return FlowLevels(shift=shift, last=None if even else last)


def _check_plain(given: int, made: int) -> None:
    if given != made:
        raise ValueError(
            f"the network makes {made} channels of {given}, as for in-painting or control; use a plain model of texts"
        )


def _check_texts(reads: tuple[int, int], writes: tuple[int, int]) -> None:
    if reads != writes:
        raise ValueError(
            f"the network reads texts of width {reads[0]} and {reads[1]}, the text encoders write {writes[0]} and"
            f" {writes[1]}; their folders are of different models"
        )
