"""Kimodo (NVIDIA 2026): motion of up to ten seconds at 30 frames a second, under texts and constraints.

`KimodoModel` is the door from Python, `source.KIMODO` that of commands. Our own network with the published key names, so
the hub's folders work as they are.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mdm_adapter.models.kimodo.model import KimodoModel, read_licence

__all__ = ["KimodoModel", "read_licence"]


def __getattr__(name: str) -> Any:
    """What is in `model`, imported when it is touched: lists of models import this package and stay quick."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mdm_adapter.models.kimodo import model

    return getattr(model, name)
