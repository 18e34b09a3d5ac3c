"""The motion diffusion network (MDM, Tevet et al. 2023), written anew with the published names and numerics.

A transformer over frames that predicts the clean motion. Three published forms:

* `trans_enc`: token 0 is time + text, frames follow, self-attention only;
* `trans_dec`: frames attend to a memory of text (+ time) tokens;
* `trans_dec` with `emb_trans_dec`: the same, with a token of time in front of the frames.

Positions count from 0 inside each window, so a window of any length up to the trained one is a motion of its own:
one network scores pieces and overlaps alike.
"""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

ARCHITECTURES = ("trans_enc", "trans_dec", "dit")
TEXT_WIDTHS = {"clip": 512, "bert": 768, "static": 192, "ordered": 384}
FEED_FORWARD, HEADS, DROPOUT = 1024, 4, 0.1  # published constants; args.json does not carry them


@dataclass(frozen=True)
class NetworkConfig:
    """What `args.json` says about a network; names are the file's own.

    `max_frames` is the longest motion the model was trained on, beyond which its positions mean nothing. `patch`
    (frames of a token), `feed_forward`, `fine_dim` (width of the fine layers), `skip` (the network predicts what the
    noisy motion lacks, `dit.DiT`) and `calibrated` (a last layer fitted to recordings, `calibration`) concern `dit` only.
    """

    arch: str = "trans_enc"
    text_encoder_type: str = "clip"
    emb_trans_dec: bool = False
    layers: int = 8
    latent_dim: int = 512
    mask_frames: bool = False
    diffusion_steps: int = 1000
    noise_schedule: str = "cosine"
    pos_embed_max_len: int = 5000
    context_len: int = 0
    pred_len: int = 0
    max_frames: int = 196
    features: int = 263
    patch: int = 1
    feed_forward: int = FEED_FORWARD
    fine_dim: int = 256
    skip: bool = False
    calibrated: bool = False

    def __post_init__(self) -> None:
        if self.arch not in ARCHITECTURES:
            raise ValueError(f"arch is {self.arch!r}; supported: {', '.join(ARCHITECTURES)}")
        if self.text_encoder_type not in TEXT_WIDTHS:
            raise ValueError(
                f"text_encoder_type is {self.text_encoder_type!r}; supported: {', '.join(TEXT_WIDTHS)}"
            )
        bounds = (
            ("layers", 64),
            ("latent_dim", 8192),
            ("pos_embed_max_len", 100_000),
            ("patch", 16),
            ("feed_forward", 65_536),
            ("fine_dim", 8192),
        )
        for name, high in bounds:
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= high:
                raise ValueError(f"{name} is {value!r}; expected a whole number between 1 and {high}")
        if self.latent_dim % HEADS:
            raise ValueError(f"latent_dim is {self.latent_dim}; it must divide by {HEADS} heads")
        for width in (self.latent_dim, self.fine_dim) if self.arch == "dit" else ():
            if width % 64 and (width > 64 or width % 2):
                raise ValueError(f"a width is {width}; for dit it must divide by 64, or be even and below")
        if not 1 <= self.max_frames < self.pos_embed_max_len:
            raise ValueError(f"max_frames is {self.max_frames}; it must be below {self.pos_embed_max_len}")

    @property
    def text_width(self) -> int:
        return TEXT_WIDTHS[self.text_encoder_type]

    @classmethod
    def from_args(cls, args: dict[str, Any]) -> "NetworkConfig":
        """From the contents of a checkpoint's `args.json`; keys that do not concern the network are ignored."""
        known = {field.name for field in fields(cls)}
        return cls(**{key: value for key, value in args.items() if key in known})

    @classmethod
    def read(cls, path: Path) -> "NetworkConfig":
        """From an `args.json` file."""
        return cls.from_args(json.loads(path.read_text(encoding="utf-8")))


class PositionalEncoding(nn.Module):
    """Sinusoids added to tokens [length, batch, width], counted from 0."""

    def __init__(self, width: int, max_length: int) -> None:
        super().__init__()
        table = torch.zeros(max_length, width)
        # Without memory there is nothing to fill in, and PyTorch would load its compiler (two seconds) to do it.
        if not table.is_meta:
            position = torch.arange(max_length, dtype=torch.float32)[:, None]
            frequency = torch.exp(
                torch.arange(0, width, 2, dtype=torch.float32) * (-torch.log(torch.tensor(1e4)) / width)
            )
            table[:, 0::2] = torch.sin(position * frequency)
            table[:, 1::2] = torch.cos(position * frequency)
        # Recomputed, never stored: published checkpoints carry two copies, which the loader drops.
        self.register_buffer("pe", table[:, None], persistent=False)
        self.pe: Tensor

    def forward(self, tokens: Tensor) -> Tensor:
        return tokens + self.pe[: tokens.shape[0]]


class TimestepEmbedder(nn.Module):
    """Diffusion step [batch] -> token [1, batch, width]: an MLP of the positional encoding at t."""

    def __init__(self, width: int, positions: PositionalEncoding) -> None:
        super().__init__()
        self.sequence_pos_encoder = positions
        self.time_embed = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, timesteps: Tensor) -> Tensor:
        return self.time_embed(self.sequence_pos_encoder.pe[timesteps]).transpose(0, 1)


class InputProcess(nn.Module):
    """Frames [length, batch, features] -> tokens [length, batch, width]."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.poseEmbedding = nn.Linear(features, width)

    def forward(self, frames: Tensor) -> Tensor:
        return self.poseEmbedding(frames)


class OutputProcess(nn.Module):
    """Tokens [length, batch, width] -> frames [length, batch, features]."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.poseFinal = nn.Linear(width, features)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.poseFinal(tokens)


class MDM(nn.Module):
    """The network. Attribute names are the published state dict's keys."""

    def __init__(self, config: NetworkConfig, *, dropout: float = DROPOUT) -> None:
        super().__init__()
        self.config = config
        width = config.latent_dim
        self.input_process = InputProcess(config.features, width)
        self.sequence_pos_encoder = PositionalEncoding(width, config.pos_embed_max_len)
        block: dict[str, Any] = {"dim_feedforward": FEED_FORWARD, "dropout": dropout, "activation": "gelu"}
        if config.arch == "trans_enc":
            encoder = nn.TransformerEncoderLayer(width, HEADS, **block)
            self.seqTransEncoder = nn.TransformerEncoder(encoder, config.layers, enable_nested_tensor=False)
        else:
            decoder = nn.TransformerDecoderLayer(width, HEADS, **block)
            self.seqTransDecoder = nn.TransformerDecoder(decoder, config.layers)
        self.embed_timestep = TimestepEmbedder(width, self.sequence_pos_encoder)
        self.embed_text = nn.Linear(config.text_width, width)
        self.output_process = OutputProcess(width, config.features)

    def forward(
        self,
        x: Tensor,
        timesteps: Tensor,
        text: Tensor,
        *,
        text_padding: Tensor | None = None,
        text_dropped: Tensor | None = None,
        frame_mask: Tensor | None = None,
        prefix: Tensor | None = None,
    ) -> Tensor:
        """Predict the clean motion.

        Args:
            x: noisy motion [batch, frames, features], normalised.
            timesteps: step of the network's own schedule [batch], int64.
            text: text tokens [batch, tokens, text width]; one token for sentence encoders.
            text_padding: [batch, tokens], True where there is *no* token.
            text_dropped: [batch], True where the text is the null token: it is zeroed before `embed_text`,
                whose bias stays, as published.
            frame_mask: [batch, frames], True on valid frames; ignored by checkpoints without `mask_frames`.
            prefix: known frames before x [batch, context, features], for completion models.

        Returns:
            Clean motion [batch, frames, features].
        """
        skipped = 0
        if prefix is not None:
            skipped = prefix.shape[1]
            x = torch.cat((prefix, x), dim=1)
            if frame_mask is not None:
                frame_mask = torch.cat((frame_mask.new_ones(x.shape[0], skipped), frame_mask), dim=1)
        if text_dropped is not None:
            text = text * (~text_dropped)[:, None, None]
        frames = self.input_process(x.transpose(0, 1))
        time = self.embed_timestep(timesteps)
        condition = self.embed_text(text.transpose(0, 1)) + time
        padding = None
        if frame_mask is not None and self.config.mask_frames:
            padding = ~frame_mask

        if self.config.arch == "trans_enc":
            tokens = self.sequence_pos_encoder(torch.cat((condition, frames)))
            tokens = self.seqTransEncoder(tokens, src_key_padding_mask=_with_front_token(padding))[1:]
        else:
            front = int(self.config.emb_trans_dec)
            tokens = self.sequence_pos_encoder(torch.cat((time, frames)) if front else frames)
            tokens = self.seqTransDecoder(
                tgt=tokens,
                memory=condition,
                memory_key_padding_mask=text_padding,
                tgt_key_padding_mask=_with_front_token(padding) if front else padding,
            )[front:]
        return self.output_process(tokens[skipped:]).transpose(0, 1)


def _with_front_token(padding: Tensor | None) -> Tensor | None:
    """Padding mask [batch, frames] with a token that is always there in front."""
    if padding is None:
        return None
    return torch.cat((padding.new_zeros(padding.shape[0], 1), padding), dim=1)
