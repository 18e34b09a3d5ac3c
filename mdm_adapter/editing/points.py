"""Ground points from what a user wrote: "0,0 0,3 2,5", or a file of JSON or CSV rows."""

import json
from pathlib import Path

import torch
from torch import Tensor

from motioncollage.files import read_text
from motioncollage.wording import shown

MAX_PATH_BYTES = 1 << 20
FARTHEST = 100_000.0  # metres; an hour at a sprint is less


def read_points(text: str) -> Tensor:
    """Ground points [points, 2] (x, z) in metres.

    Raises:
        ValueError: something that is no list of pairs of numbers.
    """
    if Path(text).suffix.lower() in (".json", ".csv"):
        text = read_text(Path(text), "path file", most=MAX_PATH_BYTES)
    try:
        if text.lstrip().startswith("["):
            rows = json.loads(text)
        else:
            rows = [row.split(",") for row in text.replace("\n", " ").split()]
        points = [(float(x), float(z)) for x, z in rows]
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError(
            f'path {shown(text, 60)!r} is not a list of points; write "0,0 0,3 2,5" (x,z in metres)'
        ) from error
    for place in points:
        if not all(abs(metres) <= FARTHEST for metres in place):
            raise ValueError(
                f"point {place[0]:g},{place[1]:g} is no place within {FARTHEST:,.0f} m; give x,z in metres"
            )
    return torch.tensor(points)


def read_place(text: str) -> tuple[float, float]:
    """One ground point (x, z) in metres."""
    places = read_points(text)
    if len(places) != 1:
        raise ValueError(f'--to {shown(text, 60)!r} holds {len(places)} points; give one, such as "0,3"')
    return float(places[0, 0]), float(places[0, 1])
