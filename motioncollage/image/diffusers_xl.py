"""Stable Diffusion XL as a denoiser of pieces: two text encoders, a pooled text, and sizes that the network is told."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from motioncollage.image.diffusers_denoisers import LatentDenoiser
from motioncollage.image.diffusers_texts import TextCondition, TextEncoder

SIZES = 6  # numbers that the network is told: height and width of the original, its cut, height and width of the target


class LargeLatentDenoiser(LatentDenoiser):
    """A `UNet2DConditionModel` of SDXL, of latents [batch, channels, height, width].

    Conditions are `TextCondition` with a pooled text; None is the empty text. Every node of a cover is told the sizes of
    a whole square, uncut: of a part of one the network would make a small picture.
    """

    def __init__(
        self, network: Any, encoders: Sequence[TextEncoder], size: int, prediction: str = "epsilon",
        *, empty_is_zero: bool = True, precision: str = "auto",
    ) -> None:  # fmt: skip
        """Args:
            network: in evaluation mode.
            encoders: with a `CLIPTextModel`, and with a `CLIPTextModelWithProjection`.
            size: pixels along the squares that it was trained on.
            prediction: what the network gives: `epsilon`, `v_prediction` or `sample`.
            empty_is_zero: whether zeros stand for the empty text, as the model's index says.

        Raises:
            ValueError: parts that do not fit together, or a network of another kind.
        """
        config = network.config
        if config.addition_embed_type != "text_time" or config.out_channels != config.in_channels:
            raise ValueError(
                "the network does not take latents, texts and sizes as SDXL does; use a plain StableDiffusionXLPipeline"
            )
        width = sum(encoder.width for encoder in encoders)
        pooled = encoders[-1].network.config.projection_dim
        told = config.projection_class_embeddings_input_dim - SIZES * config.addition_time_embed_dim
        if config.cross_attention_dim != width or told != pooled:
            raise ValueError(
                f"the network reads texts of width {config.cross_attention_dim} and {told}, the text encoders write"
                f" {width} and {pooled}; their folders are of different models"
            )
        self.encoders = tuple(encoders)
        self.keep(network, prediction, precision)
        self.sizes = torch.tensor([size, size, 0, 0, size, size], dtype=torch.float32, device=network.device)
        empty = self.encode("")
        self.null = empty.of_vector(torch.zeros_like(empty.vector)) if empty_is_zero else empty

    @torch.no_grad()
    def encode(self, text: str) -> TextCondition:
        """What the layer before the last of both encoders says of a text, and the second one's sum of it."""
        tokens, pooled = penultimate(self.encoders, text)
        return TextCondition(tokens, pooled[-1])

    def more(self, told: TextCondition) -> dict[str, Tensor]:
        assert told.pooled is not None
        return {"text_embeds": told.pooled, "time_ids": self.sizes.expand(len(told.pooled), SIZES)}


def penultimate(encoders: Sequence[TextEncoder], text: str) -> tuple[Tensor, list[Tensor]]:
    """What the layers before the last of CLIP encoders say of a text, side by side; and each one's first answer.

    That is the pooled text, of encoders with a projection.
    """
    said = [encoder.read(text, layers=True) for encoder in encoders]
    return torch.cat([one.hidden_states[-2][0] for one in said], dim=-1), [one[0][0] for one in said]
