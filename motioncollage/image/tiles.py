"""Autoencoders in tiles: memory does not grow with the picture, and a panorama has no seam where it closes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LEAST_TILE, MAX_TILE = 8, 64  # latents along a tile; Stable Diffusion's autoencoder was trained on 64


@dataclass(frozen=True, eq=False)
class Autoencoder:
    """An `AutoencoderKL` that sees one tile at a time, so that memory does not grow with the picture.

    Tiles share a quarter of their length with their neighbours. A tile counts nothing near a cut, where the network
    sees no context, and fades out over the middle half of what it shares.

    Attributes:
        network: in evaluation mode; float32, for bfloat16 has fewer steps than a pixel.
        tile: most latents along a tile.
    """

    network: Any
    tile: int = MAX_TILE

    def __post_init__(self) -> None:
        if self.tile < LEAST_TILE:
            raise ValueError(f"tile is {self.tile} latents; choose at least {LEAST_TILE}")

    @property
    def factor(self) -> int:
        """Pixels along a latent."""
        return 1 << len(self.network.config.block_out_channels) - 1

    @torch.no_grad()
    def decode(self, latents: Tensor, *, wrapped: bool = False) -> Tensor:
        """Pictures [batch, 3, height, width], about -1 to 1, of latents; `wrapped`: the right edge meets the left."""
        config = self.network.config
        z = latents.float() / config.scaling_factor + (config.shift_factor or 0.0)
        decode = lambda piece: self.network.decode(piece).sample
        made = [in_tiles(one[None], decode, self.tile, made=self.factor, wrapped=wrapped) for one in z]
        return torch.cat(made).to(latents)

    @torch.no_grad()
    def encode(self, pictures: Tensor, *, wrapped: bool = False) -> Tensor:
        """Latents, the most likely ones, of pictures [batch, 3, height, width] in -1 to 1.

        Raises:
            ValueError: sides that are no multiples of `factor`.
        """
        config, factor = self.network.config, self.factor
        if pictures.shape[-2] % factor or pictures.shape[-1] % factor:
            raise ValueError(
                f"a picture has {pictures.shape[-2]} x {pictures.shape[-1]} pixels; sides must be multiples of {factor}"
            )
        encode = lambda piece: self.network.encode(piece).latent_dist.mode()
        made = [
            in_tiles(one[None], encode, self.tile, given=factor, wrapped=wrapped) for one in pictures.float()
        ]
        return ((torch.cat(made) - (config.shift_factor or 0.0)) * config.scaling_factor).to(pictures)


def in_tiles(
    x: Tensor, network: Callable[[Tensor], Tensor], tile: int, *, given: int = 1, made: int = 1, wrapped: bool = False
) -> Tensor:  # fmt: skip
    """Run a network over tiles of x [batch, channels, height, width] and blend what it makes.

    Round a circle tiles continue over the edge, as if x were padded with itself, and blend there as anywhere else.

    Args:
        tile: most sites along a tile.
        given: samples of x along a site.
        made: samples of the result along a site.
        wrapped: whether the right edge meets the left.
    """
    height, width = x.shape[-2] // given, x.shape[-1] // given
    rows, columns = _spans(height, tile, made, ring=False), _spans(width, tile, made, ring=wrapped)
    whole: Tensor | None = None
    for top, row_weights in rows:
        for left, column_weights in columns:
            piece = x[..., _samples(top, len(row_weights) // made, height, given).to(x.device), :]
            piece = piece[..., _samples(left, len(column_weights) // made, width, given).to(x.device)]
            done = network(piece)
            if whole is None:
                whole = done.new_zeros(*done.shape[:2], height * made, width * made)
            strip = whole[..., top * made : top * made + len(row_weights), :]
            places = _samples(left, len(column_weights) // made, width, made).to(x.device)
            # A narrow ring may pass a place twice within a tile: index_add counts both.
            strip.index_add_(-1, places, done * torch.outer(row_weights, column_weights).to(done))
    assert whole is not None
    return whole


def _samples(first: int, count: int, total: int, per_site: int) -> Tensor:
    """Samples of `count` sites from `first` on, round a circle of `total`."""
    return torch.arange(first * per_site, (first + count) * per_site) % (total * per_site)


def _spans(length: int, tile: int, made: int, *, ring: bool) -> list[tuple[int, Tensor]]:
    """First sites of tiles along an axis, and how much each sample that they make counts; weights sum to 1."""
    overlap = tile // 4
    size = min(tile, length + overlap if ring else length)
    way = length if ring else length - size
    joints = -(-way // max(1, size - overlap))
    count = joints if ring else joints + 1
    starts = [way * i // max(1, joints) for i in range(count)]
    place = (torch.arange(size * made, dtype=torch.float64) + 0.5) / made
    rise = ((place - overlap / 4) / (overlap / 2)).clamp(0, 1)
    total = torch.zeros(length * made, dtype=torch.float64)
    spans: list[tuple[int, Tensor]] = []
    for number, start in enumerate(starts):
        weights = torch.ones_like(place)
        weights = torch.minimum(weights, rise) if ring or number > 0 else weights
        weights = torch.minimum(weights, rise.flip(0)) if ring or number + 1 < count else weights
        total.index_add_(0, _samples(start, size, length, made), weights)
        spans.append((start, weights))
    return [(start, weights / total[_samples(start, size, length, made)]) for start, weights in spans]
