"""Long human motion from text; the engine beneath it composes any diffusion model of pieces into one of the whole.

    import motioncollage as mc

    model = mc.load("starter")
    motion = model.generate("a person walks, then waves", seed=1)
    motion.save("walk.mp4")

Names are imported when they are touched, so that importing the package costs nothing. None of them is the name of a
module of the package, which would take its place as soon as anything imports that module.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motioncollage.collage.compose import CollageDenoiser
    from motioncollage.collage.graph import FactorGraph
    from motioncollage.collage.guidance import Guidance
    from motioncollage.collage.layouts import chain, cycle, grid
    from motioncollage.face import Model, Motion, load, plan, read, split
    from motioncollage.models import named as model_names
    from motioncollage.sampling.registry import SamplerSettings, sample

_WHERE = {
    "load": "motioncollage.face",
    "plan": "motioncollage.face",
    "read": "motioncollage.face",
    "split": "motioncollage.face",
    "Model": "motioncollage.face",
    "Motion": "motioncollage.face",
    "model_names": "motioncollage.models:named",
    "CollageDenoiser": "motioncollage.collage.compose",
    "FactorGraph": "motioncollage.collage.graph",
    "chain": "motioncollage.collage.layouts",
    "cycle": "motioncollage.collage.layouts",
    "grid": "motioncollage.collage.layouts",
    "Guidance": "motioncollage.collage.guidance",
    "SamplerSettings": "motioncollage.sampling.registry",
    "sample": "motioncollage.sampling.registry",
}

__all__ = [
    "CollageDenoiser",
    "FactorGraph",
    "Guidance",
    "Model",
    "Motion",
    "SamplerSettings",
    "chain",
    "cycle",
    "grid",
    "load",
    "model_names",
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
