"""What a cube of six faces is looked at with: an equirectangular picture, and a page to look around in.

Faces are [6, 3, face, face] in -1 to 1, in the order and the orientation of `layouts.cube_map`. Directions are
(x right, y up, z forward), as seen from the middle of the cube towards its face F.
"""

import base64
import html
import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import torch
from torch import Tensor

from motioncollage.collage.layouts import FACES
from motioncollage.files import atomic_path, refuse_existing

LARGEST_FACE = 4096  # pixels; what cube textures hold on nearly all machines
LARGEST_HEIGHT = 8192  # of an equirectangular picture
LONGEST_TITLE = 300
LOSSLESS_FACE = 512  # larger faces are stored as JPEG, or the page is slow to open
_BAND = 1 << 20  # directions looked up at a time, which bounds the memory

# Where a face's right, its down and its middle lie in space.
_FRAMES = torch.tensor(
    [
        [[0, 0, 1], [0, -1, 0], [-1, 0, 0]],
        [[1, 0, 0], [0, -1, 0], [0, 0, 1]],
        [[0, 0, -1], [0, -1, 0], [1, 0, 0]],
        [[-1, 0, 0], [0, -1, 0], [0, 0, -1]],
        [[1, 0, 0], [0, 0, 1], [0, 1, 0]],
        [[1, 0, 0], [0, 0, -1], [0, -1, 0]],
    ],
    dtype=torch.float32,
)


def face_directions(face: int, *, margin: int = 0) -> Tensor:
    """The unit vector [6, face + 2 margin, face + 2 margin, 3] to the middle of each pixel.

    Args:
        face: pixels along a face.
        margin: pixels that each face is continued by, in its own plane.
    """
    along = (torch.arange(-margin, face + margin) + 0.5) / face * 2 - 1
    down, right = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([right, down, torch.ones_like(right)], dim=-1)
    return torch.nn.functional.normalize(torch.einsum("yxk,fkc->fyxc", places, _FRAMES), dim=-1)


def equirectangular(faces: Tensor, height: int) -> Tensor:
    """The cube as one picture of all longitudes and latitudes, the form that viewers and headsets read.

    Column x looks to longitude ((x + 0.5) / height - 1) 180 degrees, row y to latitude (0.5 - (y + 0.5) / height) 180
    degrees: F is in the middle, L left of it, U at the top. Colours are interpolated across the edges of the cube,
    and averaged where the cube has finer detail than the picture.

    Args:
        faces: [6, 3, face, face] in -1 to 1.
        height: rows of the picture.

    Returns:
        [3, height, 2 height], float32 on the CPU.

    Raises:
        ValueError: no cube, or a height that is not between 1 and 8192.
    """
    faces = _checked(faces)
    if not 1 <= height <= LARGEST_HEIGHT:
        raise ValueError(f"height is {height}; choose between 1 and {LARGEST_HEIGHT} rows")
    size = faces.shape[-1]
    padded = _padded(faces)
    # A pixel of the picture spans pi / height, the smallest of the cube (in the middle of a face) 2 / face.
    finer = max(1, math.ceil(math.pi / height * size / 2))
    rows, columns = height * finer, 2 * height * finer
    longitude = ((torch.arange(columns) + 0.5) / columns * 2 - 1) * math.pi
    latitude = (0.5 - (torch.arange(rows) + 0.5) / rows) * math.pi
    made = torch.empty(3, height, 2 * height)
    band = max(1, _BAND // (columns * finer))
    for first in range(0, height, band):
        up = latitude[first * finer : (first + band) * finer, None]
        directions = torch.stack(
            torch.broadcast_tensors(up.cos() * longitude.sin(), up.sin(), up.cos() * longitude.cos()), dim=-1
        )
        seen = _looked_up(padded, directions, margin=1)
        made[:, first : first + band] = torch.nn.functional.avg_pool2d(seen, finer)
    return made


def write_surround_page(
    path: Path | str, faces: Tensor, *, title: str = "Surround picture", force: bool = False
) -> None:
    """Write one HTML file, which needs nothing else, to look around in from the middle of the cube.

    It draws with WebGL 2, or with CSS where that is missing. Scripts can steer it through `window.surround`, which
    the page's source describes.

    Args:
        path: the file; missing parent folders are created.
        faces: [6, 3, face, face] in -1 to 1, face up to 4096. Up to 512 they are stored without loss.
        title: of the page, plain text.
        force: replace a file that exists already.

    Raises:
        ValueError: no cube, one with a face above 4096 or with numbers that are not finite; a title above 300 letters.
        OSError: the file exists already, is a folder, or cannot be written. All messages are one line.
    """
    faces = _checked(faces)
    title = " ".join(title.split())
    if not 1 <= len(title) <= LONGEST_TITLE:
        raise ValueError(f"the title has {len(title)} letters; give 1 to {LONGEST_TITLE}")
    path = Path(path).absolute()
    refuse_existing(path, force)
    values = {f"face-{name}": _data_address(face) for name, face in zip(FACES, faces)}
    values["title"] = html.escape(title)
    template = files("motioncollage").joinpath("assets/pages/surround.html").read_text(encoding="utf-8")
    # One pass, so that a title which looks like a place in the template stays what it is.
    page = re.sub(r"\{\{([\w-]+)\}\}", lambda found: values[found[1]], template)
    # Names of files, which make titles, can hold bytes that are no text.
    with atomic_path(path, force=force) as temporary, _named(path):
        temporary.write_bytes(page.encode("utf-8", errors="replace"))


def _checked(faces: Tensor) -> Tensor:
    shape = tuple(faces.shape)
    if len(shape) != 4 or shape[:2] != (6, 3) or shape[2] != shape[3] or not shape[2]:
        raise ValueError(f"faces have the shape {list(shape)}; give six squares, [6, 3, face, face]")
    if shape[2] > LARGEST_FACE:
        raise ValueError(f"a face has {shape[2]} pixels a side; make it smaller, at most {LARGEST_FACE}")
    if not faces.is_floating_point():
        raise ValueError(f"faces are {faces.dtype}; give floating-point numbers in -1 to 1")
    faces = faces.detach().to("cpu", torch.float32)
    if not bool(faces.isfinite().all()):
        wrong = int((~faces.isfinite()).sum())
        raise ValueError(f"faces hold {wrong} values that are not finite; sample them again")
    return faces.clamp(-1, 1)


def _padded(faces: Tensor) -> Tensor:
    """Faces [6, 3, face + 2, face + 2] with a border of what their neighbours show there.

    Without it, interpolation would stop half a pixel short of every edge, and the edges would show.
    """
    size = faces.shape[-1]
    around = face_directions(size, margin=1)
    wide = torch.nn.functional.pad(faces, (1, 1, 1, 1))
    for rows, columns in ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1)):
        seen = _looked_up(faces, around[:, rows, columns], margin=0)
        wide[:, :, rows, columns] = seen.transpose(0, 1)
    return wide


def _looked_up(faces: Tensor, directions: Tensor, *, margin: int) -> Tensor:
    """Colours [3, rows, columns] that faces with a border of `margin` show in the directions [rows, columns, 3]."""
    number = (directions @ _FRAMES[:, 2].T).argmax(dim=-1)
    right, down, ahead = torch.einsum("yxkc,yxc->kyx", _FRAMES[number], directions)
    wide = faces.shape[-1]
    size = wide - 2 * margin
    # From -1 and 1 at the edges of a face to -1 and 1 at the middles of the outermost pixels, the border's included.
    scale = size / max(wide - 1, 1)
    place = torch.stack([right / ahead * scale, down / ahead * scale, number / 2.5 - 1], dim=-1)
    seen = torch.nn.functional.grid_sample(
        faces.transpose(0, 1)[None], place[None, None], padding_mode="border", align_corners=True
    )
    return seen[0, :, 0]


def _data_address(face: Tensor) -> str:
    """A face [3, face, face] as a picture inside an address."""
    from PIL import Image

    pixels = ((face + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).contiguous()
    file = io.BytesIO()
    if face.shape[-1] <= LOSSLESS_FACE:
        kind = "png"
        Image.fromarray(pixels.numpy()).save(file, "PNG", optimize=True)
    else:
        kind = "jpeg"
        Image.fromarray(pixels.numpy()).save(file, "JPEG", quality=93, subsampling=0)
    return f"data:image/{kind};base64,{base64.b64encode(file.getvalue()).decode('ascii')}"


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say which file an error of the system is about, not how it was called meanwhile."""
    try:
        yield
    except OSError as error:
        raise type(error)(f"cannot write {path}: {error.strerror or type(error).__name__}") from error
