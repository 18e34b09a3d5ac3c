"""Folders of pictures as training data: squares at random places and sizes, and halves of them (paper, algorithm 6)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from motioncollage.files import DAMAGE, check_file

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 120_000_000
MAX_FILE_BYTES = 1 << 30
MAP = ".map.png"  # ending of the map that lies beside a picture
KEPT_HEIGHT = 512  # pixels; more than a crop ever needs


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        pixels: uint8 [3, height, width].
        label: number of its class, -1 for none.
        name: of its file.
        labels: uint8 [height, width], what each pixel is; None without a map.
    """

    pixels: Tensor
    label: int
    name: str
    labels: Tensor | None = None


@dataclass(frozen=True)
class PictureFolder:
    """Pictures, the names of their classes (the folders that they lie in), and what was left out, with reasons."""

    pictures: tuple[Picture, ...]
    classes: tuple[str, ...]
    rejected: dict[str, str]

    @property
    def labels(self) -> int:
        """How many labels the maps use; 0 without maps."""
        return max((int(p.labels.max()) + 1 for p in self.pictures if p.labels is not None), default=0)


def read_picture(path: Path, *, height: int | None = None) -> Tensor:
    """Pixels [3, H, W] of a picture, uint8; made smaller to `height` if it is higher.

    Raises:
        ValueError: a file that is no picture or is too large.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    check_file(path, "picture", most=MAX_FILE_BYTES)
    try:
        with Image.open(path) as opened:
            _check_pixels(path, opened.width, opened.height)
            if height is not None and opened.format == "JPEG":
                opened.draft("RGB", (opened.width * height // opened.height, height))
            picture = ImageOps.exif_transpose(opened).convert("RGB")
    except _TooLarge:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, *DAMAGE) as error:
        raise ValueError(
            f"{path} is no picture that can be read ({type(error).__name__}); convert it to PNG"
        ) from error
    if height is not None and picture.height > height:
        picture = picture.resize(
            (round(picture.width * height / picture.height), height), Image.Resampling.LANCZOS
        )
    import numpy as np

    return torch.from_numpy(np.asarray(picture).copy()).permute(2, 0, 1)


class _TooLarge(ValueError):
    """A picture of more pixels than are read; other errors say that it is damaged."""


def _check_pixels(path: Path, width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise _TooLarge(
            f"{path} has {width} x {height} pixels; make it smaller (at most {MAX_PIXELS // 10**6} million)"
        )


def read_labels(path: Path, shape: tuple[int, int] | None = None) -> Tensor:
    """A segmentation map [height, width], uint8: the numbers of a palette, or levels of grey.

    Args:
        shape: (height, width) that it is brought to, each pixel taking the label that lies there; None leaves it.

    Raises:
        ValueError: a file that is no picture.
    """
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    check_file(path, "map", most=MAX_FILE_BYTES)
    try:
        with Image.open(path) as opened:
            _check_pixels(path, opened.width, opened.height)
            kinds = opened if opened.mode in ("L", "P") else opened.convert("L")
            if shape is not None:
                kinds = kinds.resize((shape[1], shape[0]), Image.Resampling.NEAREST)
            return torch.from_numpy(np.asarray(kinds, dtype=np.uint8).copy())
    except _TooLarge:
        raise
    except (UnidentifiedImageError, Image.DecompressionBombError, *DAMAGE) as error:
        raise ValueError(f"map {path} is no picture that can be read; save it as a PNG of labels") from error


def read_pictures(
    folder: Path, *, smallest: int, progress: Callable[[int, int], None] | None = None
) -> PictureFolder:
    """All pictures in a folder; those in folders inside it belong to the class that the folder names.

    Raises:
        ValueError: no folder, or no picture that can be used.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give one of pictures, or of folders of pictures")
    found = (f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
    files = sorted(f for f in found if not f.name.endswith(MAP))
    names = sorted({f.parent.relative_to(folder).as_posix() for f in files} - {"."})
    pictures, rejected = [], {}
    for number, file in enumerate(files):
        label = file.parent.relative_to(folder).as_posix()
        try:
            pixels = read_picture(file, height=KEPT_HEIGHT)
            beside = file.with_name(file.stem + MAP)
            kinds = read_labels(beside, (pixels.shape[1], pixels.shape[2])) if beside.exists() else None
        except ValueError as error:
            rejected[str(file.relative_to(folder))] = str(error)
            continue
        if min(pixels.shape[1:]) < smallest:
            rejected[str(file.relative_to(folder))] = f"smaller than {smallest} pixels"
            continue
        pictures.append(Picture(pixels, names.index(label) if label in names else -1, file.stem, kinds))
        if progress:
            progress(number + 1, len(files))
    if not pictures:
        raise ValueError(
            f"{folder} holds no picture of at least {smallest} pixels a side ({len(files)} files)"
        )
    return PictureFolder(tuple(pictures), tuple(names), rejected)


@dataclass(frozen=True)
class Crops:
    """How squares are cut from pictures.

    Attributes:
        size: pixels along a square.
        zoom: (least, most) height of a square as a part of the picture's.
        flip: mirror half of them.
    """

    size: int = 64
    zoom: tuple[float, float] = (0.35, 1.0)
    flip: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.zoom[0] <= self.zoom[1] <= 1:
            raise ValueError(f"zoom is {self.zoom}; give least and most, above 0 and up to 1")

    def draw(
        self, picture: Picture, generator: torch.Generator
    ) -> tuple[Tensor, tuple[float, float], Tensor | None]:
        """A square [3, size, size] in -1 to 1, its (top, bottom) in the picture, and its labels [size, size]."""
        _, height, width = picture.pixels.shape
        least = max(self.zoom[0], min(1.0, self.size / height))
        # Whole heights come up often: they are what a wide picture is made of.
        chance = float(torch.rand((), generator=generator))
        low, high = min(least, self.zoom[1]), self.zoom[1]
        part = high if chance < 1 / 3 else low + (high - low) * float(torch.rand((), generator=generator))
        side = max(8, min(round(part * height), width, height))
        top = int(torch.randint(height - side + 1, (), generator=generator))
        left = int(torch.randint(width - side + 1, (), generator=generator))
        square = picture.pixels[:, top : top + side, left : left + side].float()
        square = torch.nn.functional.interpolate(
            square[None], (self.size, self.size), mode="bilinear", antialias=side > self.size
        )[0]
        kinds = None
        if picture.labels is not None:
            cut = picture.labels[None, None, top : top + side, left : left + side].float()
            kinds = torch.nn.functional.interpolate(cut, (self.size, self.size), mode="nearest")[0, 0].long()
        if self.flip and float(torch.rand((), generator=generator)) < 0.5:
            square, kinds = square.flip(-1), None if kinds is None else kinds.flip(-1)
        return square / 127.5 - 1, (top / height, (top + side) / height), kinds


def part_of(
    square: Tensor, extent: tuple[float, float], labels: Tensor | None, shape: tuple[int, int],
    generator: torch.Generator,
) -> tuple[Tensor, tuple[float, float], Tensor | None]:  # fmt: skip
    """A random part of a square in a shape, so that one network learns pieces and overlaps (algorithm 6)."""
    height, width = shape
    top = int(torch.randint(square.shape[-2] - height + 1, (), generator=generator))
    left = int(torch.randint(square.shape[-1] - width + 1, (), generator=generator))
    scale = (extent[1] - extent[0]) / square.shape[-2]
    cut = (extent[0] + top * scale, extent[0] + (top + height) * scale)
    window = (..., slice(top, top + height), slice(left, left + width))
    return square[window], cut, None if labels is None else labels[window]
