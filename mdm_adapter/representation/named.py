"""What features mean, by the name that a motion's settings give: `motioncollage.representations` entry points."""

from collections.abc import Mapping
from typing import Any, Protocol

from mdm_adapter.representation.protocol import Way
from motioncollage import plugins


class Meaning(Protocol):
    """What an entry point names: a `Representation`, or as much of one as can be said without its model."""

    @property
    def name(self) -> str: ...

    @property
    def way(self) -> Way | None: ...


def meaning_of(settings: Mapping[str, Any]) -> Meaning | None:
    """Of a motion's features; None for a representation that no installed package brings.

    Motions that do not say are HumanML3D's, as all were once.
    """
    name = settings.get("representation", "humanml3d")
    if not isinstance(name, str) or name not in plugins.available("representations"):
        return None
    found: Meaning = plugins.load("representations", name)
    return found
