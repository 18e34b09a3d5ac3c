"""A motion as the bytes of a file, by any writer; names are ours."""

import tempfile
from pathlib import Path
from typing import Any

from mdm_adapter.motion import Motion, Writer
from mdm_adapter.serving.refusal import Refusal
from motioncollage import plugins

MAX_KEYS = 300_000  # frames of one file
MAX_FILM_SECONDS = 120.0
TYPES = {
    "npz": "application/octet-stream",
    "npy": "application/octet-stream",
    "glb": "model/gltf-binary",
    "bvh": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "mp4": "video/mp4",
    "png": "image/png",
}


NOT_SERVED = ("obj", "smpl-glb")  # they need a body model that its user has, and one is a file for each frame


def formats() -> tuple[str, ...]:
    """Names of the writers that a server offers."""
    return tuple(name for name in plugins.available("writers") if name not in NOT_SERVED)


def file_of(motion: Motion, format: str, *, sample: int, fps: float | None) -> tuple[str, str, bytes]:
    """One motion in one format.

    Args:
        sample: which, from 0.
        fps: frames a second; None for the motion's own.

    Returns:
        The file's name, its media type, its bytes.

    Raises:
        ValueError: one line for the client: a format that no writer has, no such sample, or too much of either.
    """
    if format not in formats():
        raise Refusal(f"format is {format[:40]!r}; choose one of {', '.join(formats())}")
    one = motion.sample(sample)
    if one.seconds * (fps or one.fps) > MAX_KEYS:
        raise Refusal(
            f"{one.seconds:g} s at {fps:g} frames a second are too many; {MAX_KEYS:,} frames at most"
        )
    if format == "mp4" and one.seconds > MAX_FILM_SECONDS:
        raise Refusal(
            f"films are drawn of {MAX_FILM_SECONDS:g} s at most; take the npz and use: motioncollage export --to mp4"
        )
    writer: Writer = plugins.load("writers", format)
    options: dict[str, Any] = {} if fps is None else {"fps": fps}
    if writer.loops and motion.settings.get("loop"):
        options["loop"] = True
    ending = writer.ending or format
    name = f"motion.{ending}" if ending == format else f"motion-{format}.{ending}"
    with tempfile.TemporaryDirectory(prefix="motioncollage-") as folder:
        try:
            written = one.save(Path(folder) / name, format=format, **options)
        except ValueError as error:
            raise Refusal(str(error).replace(f"{folder}/", "")) from error
        return name, TYPES.get(ending, "application/octet-stream"), written[0].read_bytes()
