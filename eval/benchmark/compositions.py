"""FlowMDM's file of compositions: which texts follow each other, and how long each lasts.

`dataset/humanml_test_set.json` of its release is a list of objects with an `id`, `text` (captions), `lengths` (frames of
each, at 20 frames a second) and, in some, a `scenario` (short, medium, long).
"""

from pathlib import Path
from typing import Any

from motioncollage.files import read_json
from motioncollage.methods import Script

MAX_BYTES = 64 << 20
LONGEST = 10_000  # frames of one text


def read_compositions(path: Path, scenario: str = "") -> list[Script]:
    """Compositions of a file, in its order; those of one scenario, where one is named.

    As in the release, those that name no scenario belong to every one.

    Raises:
        ValueError: no such file, or something else in it; the message says what.
    """
    if not path.is_file():
        raise ValueError(
            f"compositions {path} do not exist; they come with FlowMDM's processed data (dataset/humanml_test_set.json), and"
            " without --compositions texts are drawn from the data"
        )
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path} is larger than {MAX_BYTES >> 20} MiB; it is no file of compositions")
    rows = read_json(path)
    if not isinstance(rows, list):
        raise ValueError(f"{path} holds no list of compositions, as humanml_test_set.json does")
    chosen = [
        _script(path, number, row)
        for number, row in enumerate(rows)
        if not scenario or not isinstance(row, dict) or row.get("scenario", scenario) == scenario
    ]
    if not chosen:
        known = sorted(
            {str(row.get("scenario")) for row in rows if isinstance(row, dict) and "scenario" in row}
        )
        where = f" in scenario {scenario!r} (it has {', '.join(known) or 'none'})" if scenario else ""
        raise ValueError(f"{path} has no composition{where}")
    return chosen


def _script(path: Path, number: int, row: Any) -> Script:
    texts, lengths = (row.get("text"), row.get("lengths")) if isinstance(row, dict) else (None, None)
    if not isinstance(texts, list) or not isinstance(lengths, list) or len(texts) != len(lengths):
        raise ValueError(f"composition {number} of {path} has no text and lengths of the same number")
    if len(texts) < 2 or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ValueError(f"composition {number} of {path} has not two captions or more, all of them text")
    if not all(isinstance(n, (int, float)) and 1 <= n <= LONGEST for n in lengths):
        raise ValueError(
            f"composition {number} of {path} has lengths that are no numbers of frames (1 to {LONGEST})"
        )
    return Script(tuple(text.strip() for text in texts), tuple(int(n) for n in lengths))
