"""Networks of `diffusers` as denoisers of pieces: pixels (DDPM) or latents with texts (Stable Diffusion)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, NoiseLevel, clean_prediction
from motioncollage.precision import check_precision, mixed

PREDICTIONS = ("epsilon", "v_prediction", "sample")


@dataclass(frozen=True, eq=False)
class TextCondition:
    """What a piece shows, as the text encoder put it: `tokens` [length, width]; of SDXL also `pooled` [width]."""

    tokens: Tensor
    pooled: Tensor | None = None


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
        check_piece(x, level, self.channels)
        if x.shape[-2] % self.multiple or x.shape[-1] % self.multiple:
            raise ValueError(
                f"a piece has {x.shape[-2]} x {x.shape[-1]} pixels; sides must be multiples of {self.multiple}"
            )
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


class Texted:
    """What is told by texts, and knows no classes."""

    def encode_texts(self, texts: Sequence[str]) -> list[TextCondition]:
        """Conditions of texts."""
        raise NotImplementedError

    def condition(self, wanted: int | str | None) -> TextCondition | None:
        """The condition of a text."""
        if isinstance(wanted, int):
            raise ValueError(f"class {wanted} means nothing to this model; give a text")
        return None if wanted is None else self.encode_texts([wanted])[0]


class LatentDenoiser(Texted):
    """A `UNet2DConditionModel` of latents [batch, channels, height, width] (`motioncollage.collage.denoiser.Denoiser`).

    Conditions are `TextCondition`; None is the empty text.
    """

    def __init__(
        self, network: Any, encoder: Any, tokenizer: Any, prediction: str = "epsilon", *, precision: str = "auto"
    ) -> None:  # fmt: skip
        """Args:
            network: in evaluation mode.
            encoder: a `CLIPTextModel` in evaluation mode.
            tokenizer: the encoder's.
            prediction: what the network gives: `epsilon`, `v_prediction` (Salimans & Ho 2022) or `sample`.

        Raises:
            ValueError: parts that do not fit together, or a network that needs more than noisy latents and a text.
        """
        check_settings(prediction, precision)
        config, width = network.config, encoder.config.hidden_size
        more = (
            config.addition_embed_type, config.class_embed_type, config.num_class_embeds, config.time_cond_proj_dim
        )  # fmt: skip
        if config.out_channels != config.in_channels or any(extra is not None for extra in more):
            raise ValueError(
                "the network takes more than noisy latents and a text, as for in-painting, upscaling or LCM; use a"
                " plain Stable Diffusion model"
            )
        if config.cross_attention_dim != width:
            raise ValueError(
                f"the network reads texts of width {config.cross_attention_dim}, the text encoder writes {width};"
                " their folders are of different models"
            )
        if len(tokenizer) > encoder.config.vocab_size:
            raise ValueError(
                f"the tokenizer knows {len(tokenizer)} tokens, the text encoder {encoder.config.vocab_size}; their"
                " folders are of different models"
            )
        self.network, self.encoder, self.tokenizer = network, encoder, tokenizer
        self.prediction, self.precision = prediction, precision
        self.channels, self.multiple = int(config.in_channels), 1
        # A tokenizer without settings of its own claims no limit.
        self.longest = min(int(encoder.config.max_position_embeddings), tokenizer.model_max_length)
        self.null = self.encode_texts([""])[0].tokens

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str]) -> list[TextCondition]:
        """Conditions of texts.

        Raises:
            ValueError: a text longer than the encoder reads.
        """
        conditions: list[TextCondition] = []
        for text in texts:
            padded = token_ids(self.tokenizer, text, self.longest)
            ids = padded["input_ids"].to(self.network.device)
            # As the models were trained: the padding counts as text, unless the encoder says otherwise.
            masked = getattr(self.encoder.config, "use_attention_mask", False)
            mask = padded["attention_mask"].to(ids.device) if masked else None
            conditions.append(TextCondition(self.encoder(ids, attention_mask=mask).last_hidden_state[0]))
        return conditions

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, shape of x.

        Raises:
            ValueError: a condition of another kind or shape, or a level of another convention.
        """
        check_piece(x, level, self.channels)
        rows: list[Tensor] = []
        for condition in conditions:
            if condition is not None and not isinstance(condition, TextCondition):
                raise ValueError(f"a condition is a {type(condition).__name__}; give TextCondition or None")
            rows.append(self.null if condition is None else condition.tokens.to(self.null))
            if rows[-1].shape != self.null.shape:
                raise ValueError(
                    f"a condition has shape {tuple(rows[-1].shape)}; this model reads {tuple(self.null.shape)}"
                )
        with mixed(self.precision, x.device):
            raw = self.network(x.float(), timesteps(x, level), encoder_hidden_states=torch.stack(rows)).sample
        return clean_from(raw.to(x), x, level, self.prediction)


def token_ids(tokenizer: Any, text: str, longest: int) -> Any:
    """A text's tokens [1, longest], padded, and their mask.

    Raises:
        ValueError: a text that is longer.
    """
    count = len(tokenizer(text)["input_ids"])
    if count > longest:
        raise ValueError(f"text {text[:40]!r}... has {count} tokens, the model reads {longest}; shorten it")
    return tokenizer(text, padding="max_length", max_length=longest, return_tensors="pt")


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


def check_piece(x: Tensor, level: NoiseLevel, channels: int) -> None:
    """Raise ValueError for a batch of another shape, or a level of another convention."""
    if x.ndim != 4 or x.shape[1] != channels:
        raise ValueError(f"x has shape {tuple(x.shape)}; give [batch, {channels}, height, width]")
    if abs(level.alpha**2 + level.sigma**2 - 1) > 1e-4:
        raise ValueError(
            f"the level has alpha {level.alpha:g} and sigma {level.sigma:g}; take levels of DiscreteLevels, whose"
            " squares add up to 1"
        )
