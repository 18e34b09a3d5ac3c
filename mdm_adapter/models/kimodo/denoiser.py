"""The network as a denoiser of the core: windows in their own frame, under a text or the null token each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mdm_adapter.models.kimodo.network import KimodoNetwork, Text
from mdm_adapter.models.text import TextEmbedding
from motioncollage.collage.denoiser import Denoiser, NoiseLevel
from motioncollage.precision import check_precision, mixed

MAX_FRAMES = 300  # 10 s, the longest motion of the training


@dataclass(frozen=True)
class Observed:
    """What is known of motions, for the network to keep to.

    Attributes:
        values: [batch, frames, width], normalised; what `mask` does not name is ignored.
        mask: [batch, frames, width], True where a value is known.
    """

    values: Tensor
    mask: Tensor


class KimodoDenoiser:
    """Scores pieces and overlaps alike; every window begins over the origin, under the heading that it is told.

    Conditions are rows of a `TextEmbedding` (tokens [tokens, width], padding [tokens]); None is the null token.
    """

    # Rounding to bfloat16 shows as tremor where little noise is left to hide it.
    HALF_ABOVE = 0.2

    def __init__(self, network: KimodoNetwork, *, precision: str = "float32", beyond: bool = False) -> None:
        """Args:
        precision: float32, bfloat16 or auto (`motioncollage.precision`).
        beyond: accept windows longer than the training's, whose positions mean nothing: to show why not to.
        """
        check_precision(precision)
        self.network, self.precision = network.eval(), precision
        self.max_frames = None if beyond else MAX_FRAMES

    def __call__(
        self,
        x: Tensor,
        level: NoiseLevel,
        conditions: Sequence[TextEmbedding | None],
        *,
        headings: Tensor | None = None,
        observed: Observed | None = None,
    ) -> Tensor:
        """Clean motion from x [batch, frames, width], normalised.

        Args:
            headings: of the first frames [batch], radians; 0 by default.
            observed: constraints of the windows, in their frames.

        Raises:
            ValueError: the window is longer than any motion the network was trained on.
        """
        if self.max_frames is not None and x.shape[1] > self.max_frames:
            raise ValueError(
                f"a piece has {x.shape[1]} frames; this model was trained on at most {self.max_frames}: use shorter pieces"
            )
        steps = torch.full((len(x),), round(level.timestep), dtype=torch.int64, device=x.device)
        facing = x.new_zeros(len(x)) if headings is None else headings.to(x)
        known = {} if observed is None else {"observed": observed.values, "mask": observed.mask}
        # Reconstruction guidance differentiates the prediction; everything else saves the memory.
        half = mixed(self.precision, x.device, enabled=level.sigma > self.HALF_ABOVE * level.alpha)
        with torch.set_grad_enabled(x.requires_grad), half:
            clean: Tensor = self.network(x, steps, self._text(conditions, x), facing, **known)
        return clean.to(x.dtype)

    def _text(self, conditions: Sequence[TextEmbedding | None], x: Tensor) -> Text:
        longest = max((len(c.tokens) for c in conditions if c is not None), default=1)
        tokens = x.new_zeros(len(x), longest, self.network.config.text_width)
        padding = torch.ones(len(x), longest, dtype=torch.bool, device=x.device)
        for row, condition in enumerate(conditions):
            if condition is not None:
                count = len(condition.tokens)
                tokens[row, :count] = condition.tokens.to(x)
                padding[row, :count] = condition.padding
        dropped = torch.tensor([condition is None for condition in conditions], device=x.device)
        return Text(tokens, padding, dropped)


class CountedDenoiser(KimodoDenoiser):
    """Another denoiser in the place of the network, to count what it is asked."""

    def __init__(self, network: KimodoNetwork, stand: Denoiser) -> None:
        super().__init__(network)
        self.stand = stand

    def __call__(
        self, x: Tensor, level: NoiseLevel, conditions: Sequence[TextEmbedding | None], **_: Any
    ) -> Tensor:
        return self.stand(x, level, conditions)
