"""Models from a hub: `hf:owner/name[@revision]` becomes a folder of safetensors in the hub's usual cache."""

from motioncollage.hub.fetching import Snapshot, cached, converted, fetch, get
from motioncollage.hub.names import (
    PREFIX,
    HubError,
    HubLayout,
    HubName,
    PicklesOnly,
    Unreachable,
    is_hub_name,
)

__all__ = [
    "PREFIX",
    "HubError",
    "HubLayout",
    "HubName",
    "PicklesOnly",
    "Snapshot",
    "Unreachable",
    "cached",
    "converted",
    "fetch",
    "get",
    "is_hub_name",
]
