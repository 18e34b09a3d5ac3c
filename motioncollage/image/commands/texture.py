"""`motioncollage image texture`: pictures that tile without a seam, of a class, or like a photograph."""

from typing import Annotated

from motioncollage.image.texture_job import OFFSET_NAMES, PhotoOptions, TextureOptions
from motioncollage.shell import values


def texture(
    options: TextureOptions, photo: PhotoOptions, size: Annotated[int, values.pixels()] = 512,
    width: Annotated[int, values.pixels("Pixels, if not --size.")] | None = None,
    height: Annotated[int, values.pixels("Pixels, if not --size.")] | None = None,
    offset: Annotated[str, values.choice(known=OFFSET_NAMES)] = "none",
) -> None:  # fmt: skip
    """Make a texture that tiles without a seam, and show it three times beside and below itself.

    How long:
        size: Width and height.
    Advanced:
        offset: How rows of pieces lie: none, brick or hexagonal.
    """
    from motioncollage.image.texture_job import make_texture

    make_texture(options, photo, (height or size, width or size), offset)
