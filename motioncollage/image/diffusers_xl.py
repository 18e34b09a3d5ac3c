"""Stable Diffusion XL as a denoiser of pieces: two text encoders, a pooled text, and sizes that the network is told."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from motioncollage.collage.denoiser import Condition, NoiseLevel
from motioncollage.image.diffusers_denoisers import (
    TextCondition,
    Texted,
    check_piece,
    check_settings,
    clean_from,
    timesteps,
    token_ids,
)
from motioncollage.precision import mixed

SIZES = 6  # numbers that the network is told: height and width of the original, its cut, height and width of the target


class LargeLatentDenoiser(Texted):
    """A `UNet2DConditionModel` of SDXL, of latents [batch, channels, height, width].

    Conditions are `TextCondition` with a pooled text; None is the empty text. Every node of a cover is told the sizes of
    a whole square, uncut: of a part of one the network would make a small picture.
    """

    multiple = 1

    def __init__(
        self, network: Any, encoders: Sequence[Any], tokenizers: Sequence[Any], size: int, prediction: str = "epsilon",
        *, empty_is_zero: bool = True, precision: str = "auto",
    ) -> None:  # fmt: skip
        """Args:
            network: in evaluation mode.
            encoders: a `CLIPTextModel` and a `CLIPTextModelWithProjection`, in evaluation mode.
            tokenizers: theirs.
            size: pixels along the squares that it was trained on.
            prediction: what the network gives: `epsilon`, `v_prediction` or `sample`.
            empty_is_zero: whether zeros stand for the empty text, as the model's index says.

        Raises:
            ValueError: parts that do not fit together, or a network of another kind.
        """
        check_settings(prediction, precision)
        config = network.config
        if config.addition_embed_type != "text_time" or config.out_channels != config.in_channels:
            raise ValueError(
                "the network does not take latents, texts and sizes as SDXL does; use a plain StableDiffusionXLPipeline"
            )
        width = sum(encoder.config.hidden_size for encoder in encoders)
        pooled = encoders[-1].config.projection_dim
        told = config.projection_class_embeddings_input_dim - SIZES * config.addition_time_embed_dim
        if config.cross_attention_dim != width or told != pooled:
            raise ValueError(
                f"the network reads texts of width {config.cross_attention_dim} and {told}, the text encoders write"
                f" {width} and {pooled}; their folders are of different models"
            )
        self.network, self.encoders, self.tokenizers = network, tuple(encoders), tuple(tokenizers)
        self.prediction, self.precision = prediction, precision
        self.channels = int(config.in_channels)
        self.longest = [
            min(int(encoder.config.max_position_embeddings), tokenizer.model_max_length)
            for encoder, tokenizer in zip(encoders, tokenizers, strict=True)
        ]
        self.sizes = torch.tensor([size, size, 0, 0, size, size], dtype=torch.float32, device=network.device)
        empty = self.encode_texts([""])[0]
        assert empty.pooled is not None
        zeros = TextCondition(torch.zeros_like(empty.tokens), torch.zeros_like(empty.pooled))
        self.null = zeros if empty_is_zero else empty

    @torch.no_grad()
    def encode_texts(self, texts: Sequence[str]) -> list[TextCondition]:
        """Conditions of texts: what the layer before the last of both encoders says, and the second one's sum of it.

        Raises:
            ValueError: a text longer than the encoders read.
        """
        conditions = []
        for text in texts:
            parts, pooled = [], None
            for encoder, tokenizer, longest in zip(self.encoders, self.tokenizers, self.longest, strict=True):
                ids = token_ids(tokenizer, text, longest)["input_ids"].to(self.network.device)
                said = encoder(ids, output_hidden_states=True)
                parts.append(said.hidden_states[-2][0])
                pooled = said[0][0]
            conditions.append(TextCondition(torch.cat(parts, dim=-1), pooled))
        return conditions

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[Condition | None]) -> Tensor:
        """Clean prediction, shape of x.

        Raises:
            ValueError: a condition of another kind, or a level of another convention.
        """
        check_piece(x, level, self.channels)
        tokens, pooled = [], []
        for condition in conditions:
            told = self.null if condition is None else condition
            if not isinstance(told, TextCondition) or told.pooled is None:
                raise ValueError(
                    f"a condition is a {type(condition).__name__}; give what encode_texts makes, or None"
                )
            tokens.append(told.tokens.to(self.null.tokens))
            pooled.append(told.pooled.to(self.null.tokens))
        more = {"text_embeds": torch.stack(pooled), "time_ids": self.sizes.expand(len(x), SIZES)}
        with mixed(self.precision, x.device):
            raw = self.network(
                x.float(), timesteps(x, level), encoder_hidden_states=torch.stack(tokens), added_cond_kwargs=more
            ).sample  # fmt: skip
        return clean_from(raw.to(x), x, level, self.prediction)
