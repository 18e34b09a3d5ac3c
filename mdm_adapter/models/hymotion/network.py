"""HY-Motion's network, written anew with the published names and numerics: a transformer of two streams, then of one.

Motion frames and text tokens are two streams that attend in common (double blocks), then one sequence (single blocks).
Time and a vector of the whole sentence shift, scale and gate every layer. A frame attends to frames within two seconds
and to all text; text does not look at motion. Rotary positions
count frames; those of text begin behind the longest motion.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mdm_adapter.models.hymotion.layers import (
    MLP,
    Linears,
    Modulation,
    RMSNorm,
    Rotary,
    activate,
    attend,
    modulated,
    sinusoids,
)

FPS = 30
WIDTH = 201
BOUNDS = {
    "input_dim": 4096, "feat_dim": 8192, "ctxt_input_dim": 65_536, "vtxt_input_dim": 65_536, "num_layers": 192,
    "num_heads": 256, "refiner_layers": 64, "longest": 5000,
}  # fmt: skip


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and switches; the defaults are those of HY-Motion-1.0 (Lite has 1024, 18 and 16).

    Attributes:
        feat_dim: of the tokens.
        ctxt_input_dim, vtxt_input_dim: numbers of a text token, and of the vector of the sentence.
        num_layers: a third of them have two streams.
        band: frames that a frame looks at on either side; None for all.
        rope_on_text: text has rotary positions, too, behind those of the longest motion.
        longest: frames of that.
        time_factor: what times from 0 to 1 are multiplied with before they become sinusoids.
    """

    input_dim: int = WIDTH
    feat_dim: int = 1280
    ctxt_input_dim: int = 4096
    vtxt_input_dim: int = 768
    num_layers: int = 27
    num_heads: int = 20
    mlp_ratio: float = 4.0
    refiner_layers: int = 2
    band: int | None = 60
    rope_on_text: bool = True
    longest: int = 360
    time_factor: float = 1000.0

    def __post_init__(self) -> None:
        for name, high in BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= high:
                raise ValueError(f"{name} is {value!r}; expected a whole number between 1 and {high}")
        if self.num_layers % 3:
            raise ValueError(f"num_layers is {self.num_layers}; it must divide by 3")
        if self.feat_dim % (2 * self.num_heads):
            raise ValueError(
                f"feat_dim is {self.feat_dim}; it must divide into {self.num_heads} heads of even width"
            )
        if not (isinstance(self.mlp_ratio, (int, float)) and 0 < self.mlp_ratio <= 64):
            raise ValueError(f"mlp_ratio is {self.mlp_ratio!r}; expected a number such as 4")
        if not (isinstance(self.time_factor, (int, float)) and 0 < self.time_factor <= 1e6):
            raise ValueError(f"time_factor is {self.time_factor!r}; expected a number such as 1000")

    @property
    def head_dim(self) -> int:
        return self.feat_dim // self.num_heads

    @property
    def hidden_dim(self) -> int:
        return int(self.feat_dim * self.mlp_ratio)


@dataclass(frozen=True)
class Text:
    """Text of a batch: tokens [batch, tokens, width], which of them there are [batch, tokens], sentences [batch, width]."""

    tokens: Tensor
    there: Tensor
    sentence: Tensor


class Stream(nn.Module):
    """What one of two streams does in a block; published names carry the stream's (`motion_qkv`), see `DoubleBlock`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.feat_dim
        self.heads = config.num_heads
        self.mod = Modulation(width, 6)
        self.qkv = nn.Linear(width, 3 * width)
        self.q_norm, self.k_norm = RMSNorm(config.head_dim), RMSNorm(config.head_dim)
        self.out_proj = nn.Linear(width, width)
        self.mlp = MLP(width, config.hidden_dim, "gelu")

    def ask(self, x: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)) for part in self.qkv(modulated(x, shift, scale)).chunk(3, dim=-1)
        )  # fmt: skip
        return self.q_norm(query), self.k_norm(key), value

    def go_on(self, x: Tensor, mixed: Tensor, how: tuple[Tensor, ...]) -> Tensor:
        _, _, gate, shift, scale, gate_mlp = how
        x = x + gate * self.out_proj(mixed)
        return x + gate_mlp * self.mlp(modulated(x, shift, scale))


class DoubleBlock(nn.Module):
    """Motion and text, each with weights of its own, attending in common."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.motion, self.text = Stream(config), Stream(config)

    def forward(
        self, motion: Tensor, text: Tensor, condition: Tensor, seen: Tensor, turn: Rotary
    ) -> tuple[Tensor, Tensor]:
        hows = self.motion.mod(condition), self.text.mod(condition)
        one, two = (
            stream.ask(x, *how[:2]) for stream, x, how in zip((self.motion, self.text), (motion, text), hows)
        )
        query, key, value = (torch.cat(pair, dim=1) for pair in zip(one, two))
        mixed = attend(turn(query), turn(key), value, seen)
        frames = motion.shape[1]
        return (
            self.motion.go_on(motion, mixed[:, :frames], hows[0]),
            self.text.go_on(text, mixed[:, frames:], hows[1]),
        )


class SingleBlock(nn.Module):
    """Motion and text as one sequence; attention and feed-forward side by side."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.feat_dim
        self.config = config
        self.modulation = Modulation(width, 3)
        self.linear1 = nn.Linear(width, 3 * width + config.hidden_dim)
        self.linear2 = nn.Linear(width + config.hidden_dim, width)
        self.q_norm, self.k_norm = RMSNorm(config.head_dim), RMSNorm(config.head_dim)

    def forward(self, x: Tensor, condition: Tensor, seen: Tensor, turn: Rotary) -> Tensor:
        shift, scale, gate = self.modulation(condition)
        width = self.config.feat_dim
        parts = self.linear1(modulated(x, shift, scale)).split([width] * 3 + [self.config.hidden_dim], dim=-1)
        query, key, value = (part.unflatten(-1, (self.config.num_heads, -1)) for part in parts[:3])
        mixed = attend(turn(self.q_norm(query)), turn(self.k_norm(key)), value, seen)
        return x + gate * self.linear2(torch.cat((mixed, activate(parts[3], "gelu")), dim=-1))


class RefinerBlock(nn.Module):
    """A transformer layer of text tokens, gated by what the sentence says and the time is."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.feat_dim
        self.heads = config.num_heads
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.self_attn_qkv = nn.Linear(width, 3 * width)
        self.self_attn_q_norm = nn.LayerNorm(config.head_dim, eps=1e-6)
        self.self_attn_k_norm = nn.LayerNorm(config.head_dim, eps=1e-6)
        self.self_attn_proj = nn.Linear(width, width)
        self.mlp = MLP(width, int(width * 4.0), "silu")
        self.adaLN_modulation = Modulation(width, 2)

    def forward(self, x: Tensor, condition: Tensor, seen: Tensor) -> Tensor:
        gate, gate_mlp = self.adaLN_modulation(condition)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1))
            for part in self.self_attn_qkv(self.norm1(x)).chunk(3, dim=-1)
        )
        mixed = attend(self.self_attn_q_norm(query), self.self_attn_k_norm(key), value, seen)
        x = x + gate * self.self_attn_proj(mixed)
        return x + gate_mlp * self.mlp(self.norm2(x))


class RefinerBlocks(nn.Module):
    """Named as published."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(RefinerBlock(config) for _ in range(config.refiner_layers))


class Refiner(nn.Module):
    """Text tokens made ready for the streams."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.feat_dim
        self.input_embedder = nn.Linear(width, width)
        self.context_encoder = Linears("linears", width, width)
        self.timestep_encoder = Linears("blocks", width, width)
        self.individual_token_refiner = RefinerBlocks(config)

    def forward(self, x: Tensor, time: Tensor, there: Tensor) -> Tensor:
        """Tokens [batch, tokens, width]; time [batch] as it comes, without the factor, as published."""
        share = there.to(x)[..., None]
        mean = (x * share).sum(dim=1) / share.sum(dim=1).clamp_min(1e-6)
        condition = self.timestep_encoder(sinusoids(time, x.shape[-1]).to(x)) + self.context_encoder(mean)
        both = there[:, None, :, None] & there[:, None, None, :]
        # A token that is not there looks at itself, so that no row of attention is empty.
        seen = both | torch.eye(x.shape[1], dtype=torch.bool, device=x.device) & ~both.any(
            dim=-1, keepdim=True
        )
        x = self.input_embedder(x)
        for block in self.individual_token_refiner.blocks:
            x = block(x, condition[:, None], seen)
        return x


class FinalLayer(nn.Module):
    """From tokens to velocities."""

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.adaLN_modulation, self.linear = Modulation(width, 2), nn.Linear(width, outputs)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        made: Tensor = self.linear(modulated(x, *self.adaLN_modulation(condition)))
        return made


class HYMotionNetwork(nn.Module):
    """Velocities of normalised features. State dicts have the published names (`published`)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.feat_dim
        self.config = config
        self.input_encoder = nn.Linear(config.input_dim, width)
        self.ctxt_encoder = nn.Linear(config.ctxt_input_dim, width)
        self.vtxt_encoder = Linears("linears", config.vtxt_input_dim, width)
        self.timestep_encoder = Linears("blocks", width, width)
        self.text_refiner = Refiner(config)
        doubles = config.num_layers // 3
        self.double_blocks = nn.ModuleList(DoubleBlock(config) for _ in range(doubles))
        self.single_blocks = nn.ModuleList(SingleBlock(config) for _ in range(config.num_layers - doubles))
        self.final_layer = FinalLayer(width, config.input_dim)

    def forward(self, x: Tensor, time: Tensor, text: Text) -> Tensor:
        """Velocities [batch, frames, width] at times [batch], 0 noise, 1 clean."""
        config = self.config
        motion, tokens = self.input_encoder(x), self.ctxt_encoder(text.tokens)
        when = self.timestep_encoder(sinusoids(time * config.time_factor, config.feat_dim).to(motion))
        condition = (when + self.vtxt_encoder(text.sentence))[:, None]
        tokens = self.text_refiner(tokens, time, text.there)
        seen = self._seen(motion.shape[1], text.there)
        places = torch.arange(x.shape[1], dtype=torch.float32, device=x.device)
        if config.rope_on_text:
            # Published batches are padded to the longest motion, whatever a motion's own length.
            behind = max(config.longest, x.shape[1]) + torch.arange(tokens.shape[1], device=x.device)
            places = torch.cat((places, behind.to(places)))
        turn = Rotary(places, config.head_dim)
        for double in self.double_blocks:
            motion, tokens = double(motion, tokens, condition, seen, turn)
        whole = torch.cat((motion, tokens), dim=1)
        for single in self.single_blocks:
            whole = single(whole, condition, seen, turn)
        return self.final_layer(whole[:, : x.shape[1]], condition)

    def _seen(self, frames: int, there: Tensor) -> Tensor:
        """Who looks at whom [batch, 1, tokens, tokens]."""
        place = torch.arange(frames, device=there.device)
        near = torch.ones(frames, frames, dtype=torch.bool, device=there.device)
        if self.config.band is not None:
            near = (place[:, None] - place).abs() <= self.config.band
        batch, tokens = there.shape
        seen = torch.zeros(batch, frames + tokens, frames + tokens, dtype=torch.bool, device=there.device)
        seen[:, :frames, :frames] = near
        seen[:, :, frames:] = there[:, None]
        return seen[:, None]


def published(name: str) -> str:
    """Our name of a weight -> that in checkpoints: `double_blocks.0.motion.qkv.weight` -> `...motion_qkv.weight`."""
    parts = name.split(".")
    if parts[0] == "double_blocks":
        parts[2:4] = [f"{parts[2]}_{parts[3]}"]
    return ".".join(parts)
