"""Ground points from what a user wrote: "0,0 0,3 2,5", or a file of JSON or CSV rows."""

import json
from pathlib import Path

import torch
from torch import Tensor

MAX_PATH_BYTES = 1 << 20


def read_points(text: str) -> Tensor:
    """Ground points [points, 2] (x, z) in metres.

    Raises:
        ValueError: something that is no list of pairs of numbers.
    """
    if Path(text).suffix.lower() in (".json", ".csv"):
        file = Path(text)
        if not file.exists():
            raise ValueError(f"path file {file} does not exist")
        if not file.is_file():
            raise ValueError(f"path file {file} is no ordinary file; give JSON or CSV rows of x,z")
        if file.stat().st_size > MAX_PATH_BYTES:
            raise ValueError(f"path file {file} is larger than {MAX_PATH_BYTES >> 20} MB")
        text = file.read_text(encoding="utf-8")
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [row.split(",") for row in text.replace("\n", " ").split()]
        points = [(float(x), float(z)) for x, z in rows]
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(
            f'path {text[:40]!r} is not a list of points; write "0,0 0,3 2,5" (x,z in metres)'
        ) from error
    return torch.tensor(points)


def read_place(text: str) -> tuple[float, float]:
    """One ground point (x, z) in metres."""
    places = read_points(text)
    if len(places) != 1:
        raise ValueError(f'--to {text!r} holds {len(places)} points; give one, such as "0,3"')
    return float(places[0, 0]), float(places[0, 1])
