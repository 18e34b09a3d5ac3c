"""`motioncollage doctor`: is everything there, and how fast is it."""

import importlib
import platform
import time

from rich.table import Table

from motioncollage.shell.common import bundled_models, console
from motioncollage.shell.options import BUNDLED

OPTIONAL = {
    "transformers": "CLIP and DistilBERT text encoders",
    "clip": "the original CLIP",
    "diffusers": "multistep samplers",
}


def doctor() -> None:
    """Check the installation: versions, devices, optional parts, and one short motion."""
    import torch

    from motioncollage.precision import supports_bfloat16

    table = Table("part", "state")
    table.add_row("Python", platform.python_version())
    table.add_row("PyTorch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    table.add_row("CUDA", ", ".join(gpus) or "no GPU; everything runs on the CPU")
    table.add_row("bfloat16 on the CPU", "fast" if supports_bfloat16(torch.device("cpu")) else "emulated")
    for module, purpose in OPTIONAL.items():
        table.add_row(f"{module} (optional: {purpose})", _version(module))
    table.add_row("ffmpeg", _ffmpeg())
    table.add_row("English model for prompts", _language())
    table.add_row("bundled models", ", ".join(bundled_models()) or "none")
    if BUNDLED in bundled_models():
        table.add_row("one second of motion", _try_generating())
    console.print(table)


def _version(module: str) -> str:
    try:
        return str(getattr(importlib.import_module(module), "__version__", "installed"))
    except ImportError:
        return "not installed"


def _ffmpeg() -> str:
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_version())
    except RuntimeError as error:
        return f"missing ({error})"


def _language() -> str:
    from mdm_adapter.prompts import load_language

    try:
        return str(load_language().meta["name"])
    except RuntimeError as error:
        return str(error)


def _try_generating() -> str:
    from mdm_adapter.pipeline import GenerateSettings
    from mdm_adapter.prompts import Action
    from motioncollage.shell.common import load_pipeline

    pipeline = load_pipeline(BUNDLED, "auto")
    settings = GenerateSettings()
    plan = pipeline.plan([Action("A person walks.", 1.0)], settings)
    start = time.perf_counter()
    pipeline.generate(plan, settings)
    return f"{time.perf_counter() - start:.1f} s on {pipeline.device}"
