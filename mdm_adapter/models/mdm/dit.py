"""The network of the bundled model: a diffusion transformer over patches of frames that predicts the clean motion.

After DiT (Peebles & Xie 2023) with one modulation for all layers (PixArt-alpha, Chen et al. 2024), rotary positions
(Su et al. 2021) and normalised queries and keys. Two frames make a token, so that a step costs half of MDM's; text,
noise level and the length of the window enter every layer. Most layers work on pairs of tokens, between a layer each
on the fine ones (an hourglass, after Nawrot et al. 2022 and Crowson et al. 2024). It offers what MDM's network offers, under MDM's names of
arguments, so that pieces, overlaps and training see no difference.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from mdm_adapter.models.mdm.calibration import Calibration
from mdm_adapter.models.mdm.network import NetworkConfig, PositionalEncoding
from motioncollage.sampling.schedules import VPSchedule

HEAD_WIDTH = 64
MERGED = 2  # fine tokens of a coarse one
MODULATIONS = 6  # shift, scale and gate of attention, the same of the feed-forward part


class Block(nn.Module):
    """Self-attention and a feed-forward part, both shifted, scaled and gated by the condition."""

    def __init__(self, width: int, hidden: int, *, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.heads, head = heads_of(width)
        self.attention_in = nn.Linear(width, 3 * width, bias=False)
        self.attention_out = nn.Linear(width, width, bias=False)
        self.query_norm = nn.RMSNorm(head)
        self.key_norm = nn.RMSNorm(head)
        self.hidden_in = nn.Linear(width, hidden)
        self.hidden_out = nn.Linear(hidden, width)
        self.modulation = nn.Parameter(torch.zeros(MODULATIONS, width))

    def forward(self, x: Tensor, shared: Tensor, turn: Tensor, keys: Tensor | None) -> Tensor:
        """Tokens [batch, n, width]; `shared` [batch, 6, width]; `turn` [n, head]; `keys` [batch, 1, 1, n] to attend to."""
        shift, scale, gate, shift2, scale2, gate2 = (shared + self.modulation)[:, :, None].unbind(1)
        normal = functional.layer_norm(x, x.shape[-1:]) * (1 + scale) + shift
        q, k, v = self.attention_in(normal).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        # In the weights' precision: a norm of mixed ones is computed piece by piece.
        exact = self.query_norm.weight.dtype
        q, k = rotate(self.query_norm(q.to(exact)), turn), rotate(self.key_norm(k.to(exact)), turn)
        seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=keys)
        x = x + gate * self.dropout(self.attention_out(seen.transpose(1, 2).flatten(2)))
        normal = functional.layer_norm(x, x.shape[-1:]) * (1 + scale2) + shift2
        hidden = functional.gelu(self.hidden_in(normal), approximate="tanh")
        return x + gate2 * self.dropout(self.hidden_out(hidden))


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Rotary positions: x [..., n, head] as complex numbers, each turned by its angle; turn [n, head] is (cos, sin)."""
    cos, sin = turn.chunk(2, dim=-1)
    a, b = x.chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, a * sin + b * cos), dim=-1)


def heads_of(width: int) -> tuple[int, int]:
    """How many heads a layer of some width has, and how wide each is."""
    heads = max(1, width // HEAD_WIDTH)
    return heads, width // heads


def turns(tokens: int, width: int, device: torch.device) -> Tensor:
    """(cos, sin) [tokens, head] of the angles by which positions turn queries and keys of layers of some width."""
    # Windows are short: wavelengths from 6 tokens (0.6 s) to 600 hold every distance there is.
    frequency = torch.logspace(0, -2, heads_of(width)[1] // 2, device=device)
    angle = torch.arange(tokens, device=device, dtype=torch.float32)[:, None] * frequency
    return torch.cat((angle.cos(), angle.sin()), dim=-1)


class DiT(nn.Module):
    """The network; see the module's text. `config.patch` frames make a fine token, two of those a coarse one.

    With `config.skip` the clean motion is alpha x + sigma F(x), F the layers: the less noise, the less is left to predict
    (Karras et al. 2022, table 1, for data of deviation 1). Without it everything passes through the layers, and what
    is small in every frame, such as the velocity of a slow turn, comes out a fifth too small at any noise. With
    `config.calibrated` a last layer that was fitted to recordings after the training makes up for it (`calibration`).
    """

    def __init__(self, config: NetworkConfig, *, dropout: float = 0.0) -> None:
        """`dropout` is the share of what attention and feed-forward parts add that is left out in training."""
        super().__init__()
        self.config = config
        width, fine, patch = config.latent_dim, config.fine_dim, config.patch
        self.positions = PositionalEncoding(width, config.pos_embed_max_len)
        self.patch_in = nn.Linear(patch * (config.features + 1), fine)
        self.patch_out = nn.Linear(fine, patch * config.features)
        self.merge = nn.Linear(MERGED * fine, width)
        self.split = nn.Linear(width, MERGED * fine)
        self.text_in = nn.Linear(config.text_width, width)
        self.condition = nn.Sequential(nn.Linear(3 * width, width), nn.SiLU(), nn.Linear(width, width))
        self.modulation = nn.Linear(width, MODULATIONS * width)
        self.fine_modulation = nn.Linear(width, MODULATIONS * fine)
        self.last_modulation = nn.Linear(width, 2 * fine)
        self.calibration = Calibration(config.features) if config.calibrated else None
        self._levels: Tensor | None = None
        hidden = config.feed_forward
        self.blocks = nn.ModuleList(Block(width, hidden, dropout=dropout) for _ in range(config.layers))
        self.first, self.last = (Block(fine, hidden * fine // width, dropout=dropout) for _ in range(2))
        # Every layer starts as the identity, and the output at the mean pose.
        for layer in (self.modulation, self.fine_modulation, self.last_modulation, self.patch_out):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        text: Tensor,
        *,
        text_padding: Tensor | None = None,
        text_dropped: Tensor | None = None,
        frame_mask: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        """Predict the clean motion; arguments and result as those of `network.MDM.forward`."""
        batch, frames, features = x.shape
        noisy = x
        patch = self.config.patch
        valid = x.new_ones(batch, frames) if frame_mask is None else frame_mask.to(x.dtype)
        missing = -frames % (MERGED * patch)
        if missing:
            x, valid = functional.pad(x, (0, 0, 0, missing)), functional.pad(valid, (0, missing))
        condition = self._condition(timesteps, text, text_padding, text_dropped, valid)
        active = functional.silu(condition)
        shared = self.modulation(active).unflatten(-1, (MODULATIONS, -1))
        shared_fine = self.fine_modulation(active).unflatten(-1, (MODULATIONS, -1))

        inputs = torch.cat((x * valid[..., None], valid[..., None]), dim=-1)
        fine = self.patch_in(inputs.unflatten(1, (-1, patch)).flatten(2))
        turn, there = (
            turns(fine.shape[1], self.config.fine_dim, x.device),
            valid.unflatten(1, (-1, patch)).amax(-1) > 0,
        )
        # Padding is attended to nowhere; where there is none, attention runs without a mask, which is faster. A GPU
        # would have to finish all before it to tell.
        masked = x.device.type != "cpu" or not bool(there.all())
        keys = there[:, None, None] if masked else None
        fine = self.first(fine, shared_fine, turn, keys)

        coarse = self.merge(fine.unflatten(1, (-1, MERGED)).flatten(2))
        stride = MERGED * patch
        coarse = coarse + self.positions.pe[: stride * coarse.shape[1] : stride, 0].to(coarse.dtype)
        coarse = torch.cat((condition[:, None], coarse), dim=1)
        present = functional.pad(there.unflatten(1, (-1, MERGED)).any(-1), (1, 0), value=True)
        coarse_keys = present[:, None, None] if masked else None
        coarse_turn = turns(coarse.shape[1], self.config.latent_dim, x.device)
        for block in self.blocks:
            coarse = block(coarse, shared, coarse_turn, coarse_keys)

        fine = fine + self.split(coarse[:, 1:]).unflatten(-1, (MERGED, -1)).flatten(1, 2)
        fine = self.last(fine, shared_fine, turn, keys)
        shift, scale = self.last_modulation(active)[:, None].chunk(2, dim=-1)
        fine = functional.layer_norm(fine, fine.shape[-1:]) * (1 + scale) + shift
        with torch.autocast(x.device.type, enabled=False):
            # Seven bits of bfloat16 would shake the joints.
            clean = self.patch_out(fine.float())
        clean = clean.unflatten(-1, (patch, features)).flatten(1, 2)[:, :frames]
        if self.config.skip or self.calibration is not None:
            alpha, sigma = self.levels(x.device)[timesteps].unbind(1)
            if self.config.skip:
                clean = alpha[:, None, None] * noisy + sigma[:, None, None] * clean
            if self.calibration is not None:
                clean = self.calibration(clean, noisy, alpha, sigma, frame_mask)
        return clean

    def levels(self, device: torch.device) -> Tensor:
        """alpha and sigma [steps, 2] of the schedule; made when first needed, for a network may be built without memory."""
        if self._levels is None or self._levels.device != device:
            schedule = VPSchedule.named(self.config.noise_schedule, self.config.diffusion_steps)
            steps = torch.arange(len(schedule))
            self._levels = torch.stack(schedule.alpha_sigma(steps), dim=-1).float().to(device)
        return self._levels

    def _condition(
        self, timesteps: Tensor, text: Tensor, padding: Tensor | None, dropped: Tensor | None, valid: Tensor
    ) -> Tensor:
        """Noise level, text (mean of its tokens) and number of frames as one vector [batch, width]."""
        table = self.positions.pe[:, 0]
        if dropped is not None:
            text = text * (~dropped)[:, None, None]
        if padding is None:
            mean = text.mean(dim=1)
        else:
            there = (~padding)[..., None].to(text.dtype)
            mean = (text * there).sum(dim=1) / there.sum(dim=1).clamp_min(1)
        lengths = valid.sum(dim=1).round().long()
        return self.condition(torch.cat((table[timesteps], self.text_in(mean), table[lengths]), dim=-1))
