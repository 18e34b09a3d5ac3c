"""The MDM network as a denoiser of the core: motion of any length up to the trained one, text or null token each."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mdm_adapter.models.mdm.checkpoint import Network
from mdm_adapter.models.text import TextEmbedding
from motioncollage.collage.denoiser import NoiseLevel
from motioncollage.precision import check_precision, mixed


class MDMDenoiser:
    """Scores pieces and overlaps alike: positions count from 0 inside each window.

    Conditions are rows of a `TextEmbedding` (tokens [tokens, width], padding [tokens]); None is the null token.
    """

    # Rounding to bfloat16 shows as tremor (a fifth more jerk) only where little noise is left to hide it.
    HALF_ABOVE = 0.2

    def __init__(
        self,
        network: Network,
        *,
        precision: str = "float32",
        beyond: bool = False,
        valid: Sequence[int] | None = None,
        known: Tensor | None = None,
    ) -> None:
        """Args:
        precision: float32, bfloat16 or auto; bfloat16 is used above the noise level `HALF_ABOVE`, float32 below.
        beyond: accept windows longer than the training's, whose positions mean nothing: to show why not to.
        valid: frames of each sample's window that count, as the published evaluation tells the network; checkpoints
            without `mask_frames` do not listen. None: all of them.
        known: [samples, context, features], normalised: the frames before the window, for models that continue some.
        """
        check_precision(precision)
        self.network, self.precision = network.eval(), precision
        self.valid = None if valid is None else torch.tensor(valid)
        self.known = known
        self.max_frames = network.config.pos_embed_max_len if beyond else network.config.max_frames

    def __call__(self, x: Tensor, level: NoiseLevel, conditions: Sequence[TextEmbedding | None]) -> Tensor:
        """Clean motion from x [batch, frames, features], normalised.

        Raises:
            ValueError: the window is longer than any motion the network was trained on.
        """
        if x.shape[1] > self.max_frames:
            raise ValueError(
                f"a piece has {x.shape[1]} frames; this model was trained on at most {self.max_frames}: use shorter pieces"
            )
        tokens, padding, dropped = self._text(conditions, x)
        steps = torch.full((len(x),), round(level.timestep), dtype=torch.int64, device=x.device)
        # Elsewhere every window of a call has its true length, so no frame mask is needed, whatever the checkpoint.
        mask = None
        if self.valid is not None:
            mask = torch.arange(x.shape[1], device=x.device) < self.valid.to(x.device)[:, None]
        more = {} if self.known is None else {"prefix": self.known.to(x)}
        half = mixed(self.precision, x.device, enabled=level.sigma > self.HALF_ABOVE * level.alpha)
        # Reconstruction guidance differentiates the prediction; everything else saves the memory.
        with torch.set_grad_enabled(x.requires_grad), half:
            clean: Tensor = self.network(
                x, steps, tokens, text_padding=padding, text_dropped=dropped, frame_mask=mask, **more
            )
        return clean.to(x.dtype)

    def _text(self, conditions: Sequence[TextEmbedding | None], x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens [batch, longest, width], padding [batch, longest], dropped [batch]."""
        longest = max((len(c.tokens) for c in conditions if c is not None), default=1)
        tokens = x.new_zeros(len(x), longest, self.network.config.text_width)
        padding = torch.ones(len(x), longest, dtype=torch.bool, device=x.device)
        padding[:, 0] = False  # the null token: one token of zeros
        for row, condition in enumerate(conditions):
            if condition is not None:
                count = len(condition.tokens)
                tokens[row, :count] = condition.tokens
                padding[row, :count] = condition.padding
        dropped = torch.tensor([condition is None for condition in conditions], device=x.device)
        return tokens, padding, dropped
