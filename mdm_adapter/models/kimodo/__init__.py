"""Kimodo (NVIDIA 2026): motion of up to ten seconds at 30 frames a second, under texts and constraints.

`KimodoModel` is the door. Our own network with the published key names, so the hub's folders work as they are.
"""

from mdm_adapter.models.kimodo.model import KimodoModel, read_licence

__all__ = ["KimodoModel", "read_licence"]
