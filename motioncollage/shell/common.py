"""What commands share: progress bars, loading a model, checking where output goes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    import torch

    from mdm_adapter.pipeline import MotionPipeline

console = Console()
notes = Console(stderr=True)


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with time left; yields `update(done, total)`."""
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("left"), TimeRemainingColumn(),
    )  # fmt: skip
    progress = Progress(*columns, console=notes)
    task = progress.add_task(title, total=None)

    def update(done: int, total: int) -> None:
        # Shown from the first step on: what is refused before it leaves no empty bar behind.
        progress.start()
        progress.update(task, completed=done, total=total)

    try:
        yield update
    finally:
        progress.stop()


def choose_device(name: str) -> "torch.device":
    """`auto` takes CUDA or Apple's GPU if there is one."""
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device {name!r} is unknown; use auto, cpu, cuda, cuda:0 or mps") from error
    if device.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device {name!r} was asked for but PyTorch sees no CUDA GPU; use --device cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device {name!r} was asked for but PyTorch sees no Apple GPU; use --device cpu")
    if device.type not in ("cpu", "cuda", "mps"):
        raise ValueError(f"device {name!r} is not supported; use auto, cpu, cuda, cuda:0 or mps")
    return device


def bundled_models() -> list[str]:
    """Names of the models that ship with the package."""
    folder = files("mdm_adapter") / "assets" / "models"
    return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []


def model_folder(name: str) -> Path:
    """Folder of a bundled model, or the path that was given.

    Raises:
        ValueError: neither; the message lists the bundled ones.
    """
    if name in bundled_models():
        with as_file(files("mdm_adapter") / "assets" / "models" / name) as folder:
            return folder
    path = Path(name)
    if path.exists():
        return path
    known = ", ".join(bundled_models())
    raise ValueError(f"model {name!r} is neither a bundled model ({known}) nor a checkpoint folder")


def load_pipeline(name: str, device_name: str) -> "MotionPipeline":
    """A ready pipeline for a model's name or path."""
    from mdm_adapter.models.mdm.checkpoint import load_checkpoint
    from mdm_adapter.models.text import load_text_encoder
    from mdm_adapter.models.vocabulary import Vocabulary
    from mdm_adapter.pipeline import MotionPipeline

    device = choose_device(device_name)
    folder = model_folder(name)
    model = load_checkpoint(folder, device=device)
    encoder = load_text_encoder(model.config.text_encoder_type)
    vocabulary = Vocabulary.read(folder if folder.is_dir() else folder.parent)
    label = name if name in bundled_models() else folder.name
    return MotionPipeline(model, encoder, name=label, vocabulary=vocabulary)


def check_output(folder: Path, names: list[str], *, force: bool) -> None:
    """Fail before hours of work rather than after: folder writable, files not there yet.

    Raises:
        ValueError: a file exists and --force was not given, or the folder cannot be written.
    """
    import os

    if folder.exists() and not folder.is_dir():
        raise ValueError(f"--out {folder} is a file; name a folder")
    existing = [name for name in names if (folder / name).exists()]
    if existing and not force:
        raise ValueError(f"{folder / existing[0]} exists; use --force to replace it or another --out")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"--out {folder} cannot be created ({error.strerror}); name a folder you may write"
        ) from error
    if not os.access(folder, os.W_OK):
        raise ValueError(f"--out {folder} is not writable; name a folder you may write")
