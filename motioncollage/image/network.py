"""A small image denoiser: a U-Net on blocks of pixels, preconditioned as in Karras et al. 2022.

With a guide it is a network of detail: it sees, beside the noisy pixels, a picture that is `guide` times as coarse.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from motioncollage.files import DAMAGE, atomic_path, read_text
from motioncollage.wording import reason

WEIGHTS, CONFIG = "model.safetensors", "config.json"
MAX_BYTES = 1 << 30
FREQUENCIES = 6
MOST_LABELS = 64
MOST_CHANNELS = 4096
SMALLEST = 8  # pixels along a side; the network halves twice, on blocks of 2 at least


@dataclass(frozen=True)
class ImageConfig:
    """Shape of a network.

    Attributes:
        size: pixels along the squares that it is trained on.
        classes: names of the classes; empty for a model without.
        labels: of segmentation maps; 0 for a model that reads none.
        block: pixels along the blocks that the U-Net sees as one: 2, or 4 for a quarter of the work.
        guide: how many times as coarse the picture is that a network of detail makes larger; 0 for one that sees none.
        scenes: whether it was taught whole scenes made small, too.
        least_extent: least height of the squares that it was taught, in parts of their picture.
        channels: of the U-Net's levels.
        layers: residual blocks per level.
        width: of a condition vector.
        sigma_data: standard deviation of the data, pixels in -1 to 1.
    """

    size: int = 64
    classes: tuple[str, ...] = ()
    channels: tuple[int, ...] = (80, 144, 128)
    layers: int = 1
    width: int = 64
    sigma_data: float = 0.5
    labels: int = 0
    block: int = 2
    guide: int = 0
    scenes: bool = False
    least_extent: float = 0.35  # of networks that do not say

    def __post_init__(self) -> None:
        if self.block not in (2, 4):
            raise ValueError(f"block is {self.block} pixels; choose 2 or 4")
        if self.guide not in (0, self.block, 2 * self.block):
            raise ValueError(f"guide is {self.guide}; choose 0 (none), {self.block} or {2 * self.block}")
        if self.size % self.multiple or not self.multiple <= self.size <= 1024:
            raise ValueError(f"size is {self.size} pixels; choose a multiple of {self.multiple} up to 1024")
        if len(self.channels) != 3 or any(not 16 <= c <= MOST_CHANNELS or c % 16 for c in self.channels):
            raise ValueError(
                f"channels are {self.channels}; give three multiples of 16 up to {MOST_CHANNELS}"
            )
        for name, most in (("layers", 16), ("width", 4096)):
            if not 1 <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name)}; give 1 to {most}")
        if not 0 < self.least_extent <= 1:
            raise ValueError(f"least_extent is {self.least_extent}; give a number above 0 and up to 1")
        if not 0 < self.sigma_data < math.inf:
            raise ValueError(f"sigma_data is {self.sigma_data}; give a number above 0")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("a class is named twice")
        if not 0 <= self.labels <= MOST_LABELS:
            raise ValueError(f"labels is {self.labels}; a map may have up to {MOST_LABELS}")

    @property
    def multiple(self) -> int:
        """What divides the sides of pieces: the network halves blocks twice."""
        return 4 * self.block


@dataclass(frozen=True, eq=False)
class ImageCondition:
    """What a piece of an image shows.

    Attributes:
        vector: [width], such as a class's; None for none.
        extent: (top, bottom) of the piece in the whole picture, 0 the upper edge and 1 the lower one; None for none.
        labels: [height, width] of the piece, what each pixel is, whole numbers from 0, -1 for anything; None for none.
        guide: [3, height, width] of the piece in -1 to 1, the coarse picture, each of its pixels repeated; None for none.
    """

    vector: Tensor | None = None
    extent: tuple[float, float] | None = None
    labels: Tensor | None = None
    guide: Tensor | None = None


class ImageNetwork(nn.Module):
    """D(x; sigma) = c_skip x + c_out F(c_in x; c_noise) (Karras et al. 2022, table 1)."""

    def __init__(self, config: ImageConfig) -> None:
        from diffusers import UNet2DModel

        super().__init__()
        self.config = config
        area = config.block**2
        # Detail is a local matter: without attention pieces may be larger than those of the training.
        attending = "" if config.guide else "Attn"
        self.inner: Any = UNet2DModel(
            sample_size=config.size // config.block, in_channels=area * (3 + config.labels) + (3 if config.guide else 0),
            out_channels=3 * area, block_out_channels=config.channels, add_attention=not config.guide,
            layers_per_block=config.layers, norm_num_groups=8, attention_head_dim=16, class_embed_type="identity",
            resnet_time_scale_shift="scale_shift",
            down_block_types=("DownBlock2D", "DownBlock2D", f"{attending}DownBlock2D"),
            up_block_types=(f"{attending}UpBlock2D", "UpBlock2D", "UpBlock2D"),
        )  # fmt: skip
        self.classes = nn.Embedding(max(1, len(config.classes)), config.width)
        self.null = nn.Parameter(torch.zeros(config.width))
        self.to_embedding = nn.Sequential(
            nn.Linear(config.width + 4 * FREQUENCIES + 1, 4 * config.channels[0]),
            nn.SiLU(),
            nn.Linear(4 * config.channels[0], 4 * config.channels[0]),
        )

    def forward(
        self, x: Tensor, sigma: Tensor, vectors: Tensor, extents: Tensor, labels: Tensor | None = None,
        guides: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """Clean prediction of images.

        Args:
            x: [batch, 3, height, width] in -1 to 1 plus noise; sides multiples of 8, or of 16 with blocks of 4.
            sigma: [batch].
            vectors: [batch, width]; rows of NaN stand for no class.
            extents: [batch, 2] top and bottom; rows of NaN stand for none.
            labels: [batch, height, width] of a model that reads maps; -1 and None stand for anything.
            guides: [batch, 3, height, width] of a network of detail.

        Raises:
            ValueError: sides of another kind, or a network of detail without guides.
        """
        config, multiple = self.config, self.config.multiple
        if x.shape[-1] % multiple or x.shape[-2] % multiple:
            raise ValueError(
                f"a piece has {x.shape[-2]} x {x.shape[-1]} pixels; sides must be multiples of {multiple}"
            )
        data = config.sigma_data
        sigma = sigma[:, None, None, None]
        total = (sigma.square() + data**2).sqrt()
        blocks = nn.functional.pixel_unshuffle(self._seen(x / total, labels), config.block)
        if config.guide:
            if guides is None:
                raise ValueError("a network of detail needs the coarse picture; give every piece its guide")
            blocks = torch.cat((blocks, nn.functional.avg_pool2d(guides / data, config.block)), dim=1)
        blocks = blocks.contiguous(memory_format=torch.channels_last)
        embedding = self.to_embedding(self._condition(vectors, extents))
        raw = self.inner(blocks, sigma.flatten().log() / 4 * 250, class_labels=embedding).sample
        inner = nn.functional.pixel_shuffle(raw.float(), config.block)
        return data**2 / total.square() * x + sigma * data / total * inner

    def _seen(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Pixels, and beneath them a channel for every label of a map."""
        if not self.config.labels:
            return x
        if labels is None:
            labels = torch.full_like(x[:, 0], -1, dtype=torch.int64)
        kinds = torch.arange(self.config.labels, device=x.device)[:, None, None]
        return torch.cat((x, (labels[:, None] == kinds).to(x)), dim=1)

    def _condition(self, vectors: Tensor, extents: Tensor) -> Tensor:
        absent = vectors.isnan().any(dim=1, keepdim=True)
        known = torch.where(absent, self.null.expand_as(vectors), vectors.nan_to_num())
        nowhere = extents.isnan().any(dim=1, keepdim=True)
        steps = 2.0 ** torch.arange(FREQUENCIES, device=extents.device)
        angles = (extents.nan_to_num()[:, :, None] * steps * math.pi).flatten(1)
        place = torch.cat((angles.sin(), angles.cos()), dim=1) * ~nowhere
        return torch.cat((known, place, nowhere.float()), dim=1)

    def class_vector(self, name: str) -> Tensor:
        """Condition vector [width] of a class.

        Raises:
            ValueError: a class that the model does not know.
        """
        if name not in self.config.classes:
            raise ValueError(
                f"class {name!r} is unknown; this model knows {', '.join(self.config.classes) or 'none'}"
            )
        return self.classes.weight[self.config.classes.index(name)].detach()

    def stack(
        self, conditions: Sequence[ImageCondition | None], shape: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """Vectors [batch, width], extents [batch, 2], labels [batch, *shape] and guides [batch, 3, *shape] of conditions.

        NaN or -1 stand for none; labels and guides are None for networks that read none.

        Raises:
            ValueError: a map or a guide for a model that reads none, or of another shape; no guide for one that does.
        """
        device = self.null.device
        vectors = torch.full((len(conditions), self.config.width), torch.nan, device=device)
        extents = torch.full((len(conditions), 2), torch.nan, device=device)
        labels = torch.full((len(conditions), *shape), -1, device=device) if self.config.labels else None
        for row, condition in enumerate(conditions):
            if condition is None:
                continue
            if condition.vector is not None:
                vectors[row] = condition.vector.to(device)
            if condition.extent is not None:
                extents[row] = torch.tensor(condition.extent, device=device)
            if condition.labels is not None:
                if labels is None:
                    raise ValueError(
                        "this model reads no maps; train one on pictures with a .map.png beside them"
                    )
                if tuple(condition.labels.shape) != shape:
                    raise ValueError(
                        f"a map of {tuple(condition.labels.shape)} for a piece of {shape}; they must agree"
                    )
                labels[row] = condition.labels.to(device)
        return vectors, extents, labels, self._guides(conditions, shape)

    def _guides(self, conditions: Sequence[ImageCondition | None], shape: tuple[int, int]) -> Tensor | None:
        given = [None if condition is None else condition.guide for condition in conditions]
        found = [guide for guide in given if guide is not None]
        if len(found) != (len(given) if self.config.guide else 0):
            kind = "a network of detail needs" if self.config.guide else "only networks of detail read"
            raise ValueError(f"{len(found)} of {len(given)} pieces have a coarse picture; {kind} one each")
        if any(tuple(guide.shape[1:]) != shape for guide in found):
            raise ValueError(f"a coarse picture is not as large as its piece, {shape}; crop it alike")
        return torch.stack([guide.to(self.null.device) for guide in found]) if self.config.guide else None


def save_network(folder: Path, network: ImageNetwork, about: dict[str, Any]) -> None:
    """Write half-precision weights and the configuration."""
    from safetensors.torch import save_file

    weights = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    text = json.dumps({**asdict(network.config), "about": about}, indent=1)
    # Both are whole before the first gets its name: weights never lie beside another network's configuration for long.
    with (
        atomic_path(folder / CONFIG, force=True) as described,
        atomic_path(folder / WEIGHTS, force=True) as temporary,
    ):
        described.write_text(text + "\n", encoding="utf-8")
        save_file(weights, temporary)


def load_network(folder: Path, *, device: torch.device | str = "cpu") -> ImageNetwork:
    """Read what `save_network` wrote.

    Raises:
        ValueError: files that are missing, too large, or something else.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    for name in (WEIGHTS, CONFIG):
        if not (folder / name).is_file():
            raise ValueError(f"{folder} has no {name}; give the folder that train image wrote")
        if (folder / name).stat().st_size > MAX_BYTES:
            raise ValueError(
                f"{folder / name} is larger than {MAX_BYTES >> 30} GiB; it is no image model of ours"
            )
    try:
        settings = json.loads(read_text(folder / CONFIG))
        settings.pop("about", None)
        config = ImageConfig(
            **{**settings, "classes": tuple(settings["classes"]), "channels": tuple(settings["channels"])}
        )
        weights = load_file(folder / WEIGHTS)
        with torch.device("meta"):  # absurd sizes cost nothing before they have met the weights
            expected = {name: value.shape for name, value in ImageNetwork(config).state_dict().items()}
        if expected != {name: value.shape for name, value in weights.items()}:
            raise ValueError(f"{CONFIG} and {WEIGHTS} are of different sizes")
        network = ImageNetwork(config)
        network.load_state_dict({name: value.float() for name, value in weights.items()})
    except (SafetensorError, *DAMAGE) as error:
        raise ValueError(
            f"{folder} is no image model of ours ({reason(error)}); train or download it again"
        ) from error
    return network.to(device).eval().requires_grad_(False)
