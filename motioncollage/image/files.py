"""Pictures in and out: PNG with the settings that made it, masks, squares."""

import json
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from motioncollage.files import atomic_path
from motioncollage.image.data import read_picture
from motioncollage.image.network import SMALLEST

LARGEST_SIDE = 16_384


def write_png(
    path: Path, picture: Tensor, *, about: dict[str, Any] | None = None, force: bool = False
) -> None:
    """Write a picture [3, height, width] in -1 to 1, whole or not at all; settings go into the PNG as text.

    Raises:
        ValueError: the file exists and `force` is false, or numbers that are not finite.
    """
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    if path.exists() and not force:
        raise ValueError(f"{path} exists; use --force to replace it or another --out")
    if not bool(torch.isfinite(picture).all()):
        raise ValueError(
            "the picture holds numbers that are not finite; the model or its settings are at fault"
        )
    pixels = (
        ((picture.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    )
    info = PngInfo()
    if about is not None:
        info.add_text("motioncollage", json.dumps(about))
    with atomic_path(path, force=True) as temporary:
        Image.fromarray(pixels).save(temporary, "PNG", pnginfo=info)


def load_picture(path: Path, *, height: int | None = None) -> Tensor:
    """A picture [3, height, width] in -1 to 1, cut at the right and the bottom to multiples of 8.

    Raises:
        ValueError: no picture, or too large.
    """
    pixels = read_picture(path, height=height)
    rows, columns = (side // SMALLEST * SMALLEST for side in pixels.shape[1:])
    if min(rows, columns) < SMALLEST or max(rows, columns) > LARGEST_SIDE:
        raise ValueError(
            f"picture {path} has {pixels.shape[1]} x {pixels.shape[2]} pixels; sides from {SMALLEST} to {LARGEST_SIDE} can be used"
        )
    return pixels[:, :rows, :columns].float() / 127.5 - 1


def load_panorama(path: Path, height: int) -> Tensor:
    """A panorama of all directions [3, height, 2 height] in -1 to 1.

    Raises:
        ValueError: no picture, or one that is not twice as wide as high.
    """
    pixels = read_picture(path, height=height)
    _, rows, columns = pixels.shape
    if abs(columns - 2 * rows) > rows // 50:
        raise ValueError(
            f"photo {path} has {columns} x {rows} pixels; a panorama of all directions is twice as wide as high"
        )
    sized = torch.nn.functional.interpolate(
        pixels[None].float(), (height, 2 * height), mode="bicubic", align_corners=False
    )
    return (sized[0] / 127.5 - 1).clamp(-1, 1)


def load_mask(path: Path, shape: tuple[int, int]) -> Tensor:
    """Where a mask picture is lighter than mid grey: [height, width], True where something is to be made.

    Raises:
        ValueError: no picture, another size, or nothing or everything to be made.
    """
    mask = load_picture(path).mean(dim=0) > 0
    if tuple(mask.shape) != shape:
        raise ValueError(
            f"mask {path} has {mask.shape[0]} x {mask.shape[1]} pixels, the picture {shape[0]} x {shape[1]}; make them alike"
        )
    if not bool(mask.any()) or bool(mask.all()):
        raise ValueError(
            f"mask {path} is all of one colour; paint white what shall be made anew, black what stays"
        )
    return mask


def fit_height(picture: Tensor, height: int, *, multiple: int = SMALLEST) -> Tensor:
    """A picture [3, h, w] made `height` high, its proportions kept, the width a multiple of `multiple`."""
    width = max(multiple, round(picture.shape[2] * height / picture.shape[1] / multiple) * multiple)
    scaled = torch.nn.functional.interpolate(
        picture[None], (height, width), mode="bicubic", antialias=height < picture.shape[1]
    )[0]
    return scaled.clamp(-1, 1)


def shrunk(photo: Tensor, side: int) -> Tensor:
    """A photograph [3, height, width] whose shorter side is at most `side`, in multiples of 8."""
    shape = photo.shape[1:]
    scale = min(1.0, side / min(shape))
    rows, columns = (max(SMALLEST, round(n * scale / SMALLEST) * SMALLEST) for n in shape)
    if (rows, columns) == tuple(shape):
        return photo
    return torch.nn.functional.interpolate(photo[None], (rows, columns), mode="bicubic", antialias=True)[
        0
    ].clamp(-1, 1)
