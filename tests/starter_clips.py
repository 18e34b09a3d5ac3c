"""Clips of a starter pack by their label, as recorded: in the proportions of their own bodies."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def clips_by_label(folder: Path, *, most: int | None = None) -> dict[str, list[Array]]:
    """Joints [frames, 22, 3] in metres of all splits; of each label `most` clips, evenly spread over the
    pack."""
    rows = [json.loads(line) for line in (folder / "captions.jsonl").read_text(encoding="utf-8").splitlines()]
    places = defaultdict(list)
    for place, row in enumerate(rows):
        places[row["content"]].append(place)
    with np.load(folder / "motions.npz", allow_pickle=False) as archive:
        joints, offsets, scale = archive["joints"], archive["offsets"], float(archive["metres_per_unit"])
    return {
        label: [joints[offsets[i] : offsets[i + 1]] * scale for i in spread(found, most)]
        for label, found in sorted(places.items())
    }


def spread(items: list[int], most: int | None) -> list[int]:
    """At most so many of them, first and last among them."""
    if most is None or len(items) <= most:
        return items
    return [items[i] for i in np.linspace(0, len(items) - 1, most).astype(int)]
