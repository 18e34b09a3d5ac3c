"""How often the actions that a model knows happen when they are asked for: `actions.json` in its folder.

It is the file of that name that `motioncollage eval --protocol actions` leaves behind, copied beside the weights.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FILE = "actions.json"
MAX_BYTES = 4 << 20
ALWAYS, MOSTLY = 0.9, 0.5  # share of takes from which on an action happens "always", "mostly"


@dataclass(frozen=True)
class Happening:
    """Of so many takes of an action it happened in a share."""

    share: float
    takes: int

    def __post_init__(self) -> None:
        if not (0.0 <= self.share <= 1.0 and self.takes >= 1):
            raise ValueError(f"{self.share:g} of {self.takes} takes; give 0 to 1 of 1 or more")

    @property
    def group(self) -> str:
        return "always" if self.share >= ALWAYS else "mostly" if self.share >= MOSTLY else "rarely"

    @property
    def words(self) -> str:
        """In how many of ten takes, in words."""
        tenths = round(10 * self.share)
        return f"in about {tenths} of 10 takes" if tenths else "in hardly any take"


def read_happening(folder: Path) -> Mapping[str, Happening]:
    """By label of the action; empty where nobody measured the model.

    Raises:
        ValueError: the file is something else; the message names it.
    """
    path = folder / FILE
    if not path.exists():
        return {}
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(
            f"{path} is larger than {MAX_BYTES >> 20} MB; it is no result of eval --protocol actions"
        )
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["actions"]
        return {str(label): Happening(float(row["made"]), int(row["takes"])) for label, row in rows.items()}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} is no result of eval --protocol actions ({type(error).__name__}: {str(error)[:80]}); delete it or"
            " copy the file anew"
        ) from error
