"""Long human motion from text; the engine beneath it composes any diffusion model of pieces into one of the whole.

    import motioncollage as mc

    model = mc.load("starter")
    motion = model.generate("a person walks, then waves", seed=1)
    motion.save("walk.mp4")

Names are imported when they are touched, so that importing the package costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motioncollage.collage.compose import CollageDenoiser as collage
    from motioncollage.collage.graph import FactorGraph
    from motioncollage.collage.guidance import Guidance
    from motioncollage.collage.layouts import chain, cycle, grid
    from motioncollage.face import Model, Motion, load, plan, read, split
    from motioncollage.models import named as models
    from motioncollage.sampling.registry import SamplerSettings, sample

_WHERE = {
    "load": "motioncollage.face",
    "plan": "motioncollage.face",
    "read": "motioncollage.face",
    "split": "motioncollage.face",
    "Model": "motioncollage.face",
    "Motion": "motioncollage.face",
    "models": "motioncollage.models:named",
    "collage": "motioncollage.collage.compose:CollageDenoiser",
    "FactorGraph": "motioncollage.collage.graph",
    "chain": "motioncollage.collage.layouts",
    "cycle": "motioncollage.collage.layouts",
    "grid": "motioncollage.collage.layouts",
    "Guidance": "motioncollage.collage.guidance",
    "SamplerSettings": "motioncollage.sampling.registry",
    "sample": "motioncollage.sampling.registry",
}

__all__ = [
    "FactorGraph",
    "Guidance",
    "Model",
    "Motion",
    "SamplerSettings",
    "chain",
    "collage",
    "cycle",
    "grid",
    "load",
    "models",
    "plan",
    "read",
    "sample",
    "split",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'motioncollage' has no attribute {name!r}")
    from importlib import import_module

    module, _, attribute = _WHERE[name].partition(":")
    value = getattr(import_module(module), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
