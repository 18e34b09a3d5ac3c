"""`motioncollage doctor`: is everything there, and how fast is it."""

import importlib
import platform
import time

from motioncollage.models import BUNDLED, load_model, named
from motioncollage.shell.output import console

OPTIONAL = {
    "transformers": "CLIP and DistilBERT text encoders",
    "clip": "the original CLIP",
}


def doctor() -> None:
    """Check the installation: versions, devices, optional parts, and one short motion."""
    import torch
    from rich.table import Table

    from motioncollage.devices import choose_device
    from motioncollage.precision import bfloat16_on
    from motioncollage.threads import settled

    table = Table("part", "state")
    table.add_row("Python", platform.python_version())
    table.add_row("PyTorch", f"{torch.__version__}, {torch.get_num_threads()} threads")
    table.add_row("waiting threads", settled())
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    table.add_row("CUDA", ", ".join(gpus) or "no GPU; everything runs on the CPU")
    device = choose_device("auto")
    fast, why = bfloat16_on(device)
    table.add_row(f"precision auto on {device}", f"{'bfloat16' if fast else 'float32'}: {why}")
    for module, purpose in OPTIONAL.items():
        table.add_row(f"{module} (optional: {purpose})", _version(module))
    table.add_row("ffmpeg", _ffmpeg())
    table.add_row("English model for prompts", _language())
    for medium in BUNDLED:
        table.add_row(f"{medium} models", ", ".join(named(medium)) or "none")
    if BUNDLED["motion"] in named("motion"):
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
    pipeline = load_model(BUNDLED["motion"], medium="motion")
    start = time.perf_counter()
    pipeline.generate("A person walks.", seconds=1.0)
    return f"{time.perf_counter() - start:.1f} s on {pipeline.device}"
