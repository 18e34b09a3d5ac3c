"""Folders of pictures as training data: squares at random places and sizes, and halves of them (paper, algorithm 6)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from motioncollage.files import DAMAGE, check_file, read_text
from motioncollage.image.views import draw_view

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 120_000_000
MAX_FILE_BYTES = 1 << 30
MAP = ".map.png"  # ending of the map that lies beside a picture
SPHERE = ".360"  # ending of a name, before its suffix, that marks an equirectangular panorama
HELD_OUT = "held_out.txt"  # in a folder of pictures: those, a name a line, that training does not see
KEPT_HEIGHT = 512  # pixels; more than a crop ever needs


@dataclass(frozen=True)
class Picture:
    """One picture.

    Attributes:
        pixels: uint8 [3, height, width].
        label: number of its class, -1 for none.
        name: of its file.
        labels: uint8 [height, width], what each pixel is; None without a map.
        sphere: whether it shows all directions, twice as wide as high; squares are then seen as on the faces of a cube.
    """

    pixels: Tensor
    label: int
    name: str
    labels: Tensor | None = None
    sphere: bool = False


@dataclass(frozen=True)
class PictureFolder:
    """Pictures, the names of their classes (the folders that they lie in), and what was left out, with reasons.

    Attributes:
        held_out: pictures that are not learnt from, so that a model can be judged on them.
    """

    pictures: tuple[Picture, ...]
    classes: tuple[str, ...]
    rejected: dict[str, str]
    held_out: tuple[Picture, ...] = ()

    @property
    def labels(self) -> int:
        """How many labels the maps use; 0 without maps."""
        return max((int(p.labels.max()) + 1 for p in self.pictures if p.labels is not None), default=0)

    @property
    def balance(self) -> Tensor:
        """How often each picture is drawn [pictures], to scale: a class as often as the root of its pictures."""
        labels = torch.tensor([picture.label for picture in self.pictures])
        return torch.bincount(labels + 1)[labels + 1].rsqrt()


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

    Names that end with `.360` are panoramas of all directions; names that stand in `held_out.txt` are held out.

    Raises:
        ValueError: no folder, no picture that can be used, or one held out that is not there.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give one of pictures, or of folders of pictures")
    found = (f for f in folder.rglob("*") if f.suffix.lower() in SUFFIXES and f.is_file())
    files = sorted(f for f in found if not f.name.endswith(MAP))
    names = sorted({f.parent.relative_to(folder).as_posix() for f in files} - {"."})
    apart = _held_out(folder, {f.relative_to(folder).as_posix() for f in files})
    pictures: list[Picture] = []
    held_out: list[Picture] = []
    rejected = {}
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
        sphere = file.stem.endswith(SPHERE)
        if sphere and pixels.shape[2] != 2 * pixels.shape[1]:
            rejected[str(file.relative_to(folder))] = (
                "not twice as wide as high, as a panorama of all directions is"
            )
            continue
        which = held_out if file.relative_to(folder).as_posix() in apart else pictures
        which.append(Picture(pixels, names.index(label) if label in names else -1, file.stem, kinds, sphere))
        if progress:
            progress(number + 1, len(files))
    if not pictures:
        raise ValueError(
            f"{folder} holds no picture of at least {smallest} pixels a side ({len(files)} files)"
        )
    return PictureFolder(tuple(pictures), tuple(names), rejected, tuple(held_out))


def _held_out(folder: Path, names: set[str]) -> set[str]:
    """Pictures that a folder holds out."""
    if not (folder / HELD_OUT).exists():
        return set()
    found = {line.strip() for line in read_text(folder / HELD_OUT).splitlines() if line.strip()}
    if missing := sorted(found - names):
        raise ValueError(f"{folder / HELD_OUT} names {missing[0]}, which is not there; correct the name")
    return found


@dataclass(frozen=True)
class Crops:
    """How frames are cut from pictures.

    Attributes:
        size: pixels along a square.
        zoom: (least, most) height of a square as a part of the picture's; of a panorama of all directions, of a face's
            of a cube.
        flip: mirror half of them.
        whole: how often a square is as high as `zoom` allows: that is what a wide picture is made of.
        colour: how far brightness and strength of colour go up and down, as a part of them.
    """

    size: int = 64
    zoom: tuple[float, float] = (0.125, 1.0)
    flip: bool = True
    whole: float = 1 / 3
    colour: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.zoom[0] <= self.zoom[1] <= 1:
            raise ValueError(f"zoom is {self.zoom}; give least and most, above 0 and up to 1")
        if not 0 <= self.colour < 1:
            raise ValueError(f"colour is {self.colour}; give 0 (none) to below 1")

    def draw(
        self, picture: Picture, generator: torch.Generator, frame: tuple[int, int] | None = None
    ) -> tuple[Tensor, tuple[float, float], Tensor | None]:
        """A frame [3, height, width] in -1 to 1, its (top, bottom) in the picture, and its labels [height, width].

        Args:
            frame: height and width; a square of `size` by default, and always of panoramas of all directions. One that
                is smaller is a whole scene made small: as high as the picture, or as its width allows.
        """
        rows, columns = frame or (self.size, self.size)
        _, height, width = picture.pixels.shape
        low, high = self.zoom if frame is None else (1.0, 1.0)
        if frame is None:
            low = min(max(low, min(1.0, self.size / (height / 2 if picture.sphere else height))), high)
        chance = float(torch.rand((), generator=generator))
        # Evenly on a logarithmic scale: each stage of a picture is twice as large as the one before it.
        part = (
            high if chance < self.whole else low * (high / low) ** float(torch.rand((), generator=generator))
        )
        if picture.sphere:
            cut, extent = draw_view(picture.pixels, self.size, part, generator)
            return self._varied(cut, generator), extent, None
        side = max(8, min(round(part * height), width * rows // columns, height))
        across = min(width, round(side * columns / rows))
        top = int(torch.randint(height - side + 1, (), generator=generator))
        left = int(torch.randint(width - across + 1, (), generator=generator))
        window = (..., slice(top, top + side), slice(left, left + across))
        cut = torch.nn.functional.interpolate(
            picture.pixels[window][None].float(), (rows, columns), mode="bilinear", antialias=side > rows
        )[0]
        kinds = None
        if picture.labels is not None:
            labels = picture.labels[window][None, None].float()
            kinds = torch.nn.functional.interpolate(labels, (rows, columns), mode="nearest")[0, 0].long()
        if self.flip and float(torch.rand((), generator=generator)) < 0.5:
            cut, kinds = cut.flip(-1), None if kinds is None else kinds.flip(-1)
        return self._varied(cut, generator), (top / height, (top + side) / height), kinds

    def _varied(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """Pixels of 0 to 255 as -1 to 1, with other brightness and strength of colour."""
        if not self.colour:
            return pixels / 127.5 - 1
        light, strength = (1 + self.colour * (2 * torch.rand(2, generator=generator) - 1)).tolist()
        grey = pixels.mean(dim=0, keepdim=True)
        return ((grey + strength * (pixels - grey)) * light / 127.5 - 1).clamp(-1, 1)


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
