"""The two-stage network of Kimodo (NVIDIA 2026), written anew with the published names and numerics.

Stage one reads the noisy motion and predicts the clean root path; stage two reads the path's velocities and the noisy
body and predicts the clean body. Both are the same transformer over a sequence of

    text tokens (padded with zeros to a fixed number) | time | heading of the first frame | frames

whose positions count from 0 at the first text token: frames always stand at the same places, so a window of any length
up to the trained one is a motion of its own.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from mdm_adapter.models.kimodo.representation import LOCAL_ROOT_WIDTH, ROOT_WIDTH, Representation
from mdm_adapter.models.kimodo.statistics import Statistics

ACTIVATIONS = ("gelu", "relu")
MASK_MODES = ("concat", "none")
BOUNDS = {
    "text_width": 65_536, "text_tokens": 4096, "latent_dim": 8192, "ff_size": 65_536, "num_layers": 128,
    "num_heads": 256,
}  # fmt: skip


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and switches of the network; the defaults are those of the published models.

    Attributes:
        text_width: numbers of a text token.
        text_tokens: text tokens of the sequence, whatever the sentence has.
        use_text_mask: leave out of attention the tokens that the sentence has not, and all of them without a text.
        first_heading: give the network a token of the first frame's heading.
        motion_mask_mode: `concat` reads constraints; `none` is a network of text alone.
    """

    text_width: int = 4096
    text_tokens: int = 50
    use_text_mask: bool = False
    latent_dim: int = 1024
    ff_size: int = 2048
    num_layers: int = 16
    num_heads: int = 8
    activation: str = "gelu"
    norm_first: bool = False
    first_heading: bool = True
    motion_mask_mode: str = "concat"

    def __post_init__(self) -> None:
        for name, high in BOUNDS.items():
            value = getattr(self, name)
            if type(value) is not int or not 1 <= value <= high:
                raise ValueError(f"{name} is {value!r}; expected a whole number between 1 and {high}")
        for name in ("use_text_mask", "norm_first", "first_heading"):
            if type(getattr(self, name)) is not bool:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected true or false")
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation is {self.activation!r}; supported: {', '.join(ACTIVATIONS)}")
        if self.motion_mask_mode not in MASK_MODES:
            raise ValueError(
                f"motion_mask_mode is {self.motion_mask_mode!r}; supported: {', '.join(MASK_MODES)}"
            )
        if self.latent_dim % self.num_heads or self.latent_dim % 2:
            raise ValueError(
                f"latent_dim is {self.latent_dim}; it must be even and divide by {self.num_heads} heads"
            )


@dataclass(frozen=True)
class Text:
    """Text of a batch.

    Attributes:
        tokens: [batch, tokens, text width].
        padding: [batch, tokens], True where there is *no* token.
        dropped: [batch], True where the text is the null token: zeros, whose embedding still has its bias.
    """

    tokens: Tensor
    padding: Tensor
    dropped: Tensor


class TimestepEmbedder(nn.Module):
    """Diffusion step [batch] -> token [batch, width]: an MLP of the sinusoids at that step."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.time_embed = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, timesteps: Tensor) -> Tensor:
        table = sinusoids(timesteps, self.width)
        return self.time_embed(table.to(next(self.time_embed.parameters())))


class Layer(nn.Module):
    """Self-attention and feed-forward, each with a residual; exact GELU; norms after them, or before (`norm_first`)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width = config.latent_dim
        self.self_attn = nn.MultiheadAttention(width, config.num_heads, batch_first=True)
        self.linear1 = nn.Linear(width, config.ff_size)
        self.linear2 = nn.Linear(config.ff_size, width)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.activation, self.norm_first = config.activation, config.norm_first

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        """Tokens [batch, length, width]; `hidden` [batch, length] is True where nobody looks."""
        if self.norm_first:
            x = x + self._attend(self.norm1(x), hidden)
            return x + self._feed(self.norm2(x))
        x = self.norm1(x + self._attend(x, hidden))
        return self.norm2(x + self._feed(x))

    def _attend(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        attention = self.self_attn
        query, key, value = (
            part.unflatten(-1, (attention.num_heads, -1)).transpose(1, 2)
            for part in functional.linear(x, attention.in_proj_weight, attention.in_proj_bias).chunk(
                3, dim=-1
            )
        )
        seen = None if hidden is None else ~hidden[:, None, None, :]
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return attention.out_proj(mixed.transpose(1, 2).flatten(-2))

    def _feed(self, x: Tensor) -> Tensor:
        activate = functional.gelu if self.activation == "gelu" else functional.relu
        return self.linear2(activate(self.linear1(x)))


class Layers(nn.Module):
    """Layers one after the other, without a norm at the end."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        for layer in self.layers:
            x = layer(x, hidden)
        return x


class Stage(nn.Module):
    """One transformer of the two. Attribute names are the published state dict's keys."""

    def __init__(self, config: NetworkConfig, inputs: int, outputs: int) -> None:
        super().__init__()
        width = config.latent_dim
        self.config = config
        self.embed_text = nn.Linear(config.text_width, width)
        self.embed_timestep = TimestepEmbedder(width)
        self.input_linear = nn.Linear(inputs, width)
        self.output_linear = nn.Linear(width, outputs)
        # Published checkpoints carry it even where it is unused.
        self.linear_first_heading_angle = nn.Linear(2, width)
        self.seqTransEncoder = Layers(config)

    def forward(
        self, frames: Tensor, valid: Tensor | None, text: Text, timesteps: Tensor, heading: Tensor
    ) -> Tensor:
        """[batch, frames, outputs] from [batch, frames, inputs]; `valid` [batch, frames] is False on padding."""
        tokens, missing = self._text_tokens(text)
        parts = [self.embed_text(tokens), self.embed_timestep(timesteps)[:, None]]
        if self.config.first_heading:
            facing = torch.stack((heading.cos(), heading.sin()), dim=-1).to(frames)
            parts.append(self.linear_first_heading_angle(facing)[:, None])
        parts.append(self.input_linear(frames))
        sequence = torch.cat(parts, dim=1)
        places = torch.arange(sequence.shape[1], device=frames.device)
        sequence = sequence + sinusoids(places, sequence.shape[-1]).to(sequence)
        front = sequence.shape[1] - frames.shape[1]
        hidden = None
        if valid is not None or missing is not None:
            hidden = torch.zeros(sequence.shape[:2], dtype=torch.bool, device=frames.device)
            if missing is not None:
                hidden[:, : missing.shape[1]] = missing
            if valid is not None:
                hidden[:, front:] = ~valid
        return self.output_linear(self.seqTransEncoder(sequence, hidden)[:, front:])

    def _text_tokens(self, text: Text) -> tuple[Tensor, Tensor | None]:
        """Text in the sequence's own number of tokens, zero where there is none, and which attention leaves out."""
        count = self.config.text_tokens
        extra = count - text.tokens.shape[1]
        tokens = functional.pad(text.tokens, (0, 0, 0, extra)) if extra > 0 else text.tokens[:, :count]
        missing = (
            functional.pad(text.padding, (0, extra), value=True) if extra > 0 else text.padding[:, :count]
        )
        tokens = tokens * ~text.dropped[:, None, None]
        return tokens, (missing | text.dropped[:, None]) if self.config.use_text_mask else None


class KimodoNetwork(nn.Module):
    """Both stages. Sees, and predicts, normalised features; carries the statistics that stage two needs."""

    def __init__(self, config: NetworkConfig, representation: Representation, statistics: Statistics) -> None:
        """Raises:
        ValueError: statistics of another width than the representation's.
        """
        super().__init__()
        width = representation.width
        if statistics.width != width:
            raise ValueError(
                f"statistics have {statistics.width} channels and features of {representation.skeleton.name} {width};"
                " use those that came with the model"
            )
        self.config, self.representation, self.statistics = config, representation, statistics
        seen = width if config.motion_mask_mode == "concat" else 0
        self.root_model = Stage(config, width + seen, ROOT_WIDTH)
        body = width - ROOT_WIDTH
        self.body_model = Stage(config, LOCAL_ROOT_WIDTH + body + seen, body)

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        text: Text,
        heading: Tensor,
        *,
        observed: Tensor | None = None,
        mask: Tensor | None = None,
        valid: Tensor | None = None,
    ) -> Tensor:
        """Predict the clean motion.

        Args:
            x: noisy motion [batch, frames, width], normalised.
            timesteps: step of the training's schedule [batch], int64.
            heading: of the first frame [batch], radians.
            observed: constraints [batch, frames, width], normalised; what `mask` does not name is ignored.
            mask: 1 where a value is observed, [batch, frames, width]; zeros where a sample has no constraint.
            valid: [batch, frames], True on frames that count; None where all do.

        Returns:
            Clean motion [batch, frames, width]; frames that do not count mean nothing.
        """
        seen: tuple[Tensor, ...] = ()
        if self.config.motion_mask_mode == "concat":
            if mask is None or observed is None:
                mask = torch.zeros_like(x)
            else:
                mask = mask.to(x)
                x = x * (1 - mask) + observed * mask
            seen = (mask,)
        root = self.root_model(torch.cat((x, *seen), dim=-1), valid, text, timesteps, heading)
        local = self._local_root(root, None if valid is None else valid.sum(dim=-1))
        body_input = torch.cat((local, x[..., ROOT_WIDTH:], *seen), dim=-1)
        body = self.body_model(body_input, valid, text, timesteps, heading)
        return torch.cat((root, body), dim=-1)

    def _local_root(self, root: Tensor, lengths: Tensor | None) -> Tensor:
        """Stage one's prediction as stage two reads it, normalised [batch, frames, 4]."""
        local = self.representation.local_root(self.statistics.undo(root), lengths=lengths)
        # Training stops here: the body's error does not teach the root.
        return self.statistics.apply_local(local.detach() if self.training else local)


def sinusoids(places: Tensor, width: int) -> Tensor:
    """Sines (even) and cosines (odd) [places, width], float32, at places [places]."""
    frequency = torch.exp(
        torch.arange(0, width, 2, device=places.device, dtype=torch.float32) * (-math.log(10_000.0) / width)
    )
    angle = places[:, None].float() * frequency
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(-2)
