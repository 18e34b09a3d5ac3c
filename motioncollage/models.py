"""Models by name or by folder, whatever their medium: `motioncollage.models` entry points name `ModelSource`s."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage import plugins

if TYPE_CHECKING:
    import torch

BUNDLED = {"motion": "starter", "image": "landscapes"}


def _nothing(folder: Path) -> bool:
    return False


def _plain(folder: Path) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class ModelSource:
    """Where models of one kind come from. Importing one must not import PyTorch: lists of models stay quick.

    Attributes:
        medium: `motion` or `image`.
        load: (folder, device, name) -> what the medium's commands work with; folder is None where `asset` is.
        asset: (package, path inside it) of a model that comes along with its package; None for a kind of checkpoint.
        recognises: whether a folder (or file) holds a checkpoint of this kind.
        describe: facts of a folder, for lists: architecture, text encoder, longest piece.
    """

    medium: str
    load: Callable[[Path | None, "torch.device", str], Any]
    asset: tuple[str, str] | None = None
    recognises: Callable[[Path], bool] = field(default=_nothing)
    describe: Callable[[Path], dict[str, str]] = field(default=_plain)

    @property
    def folder(self) -> Path | None:
        """The folder of a model that comes along."""
        if self.asset is None:
            return None
        package, path = self.asset
        with as_file(files(package) / path) as folder:
            return folder


def sources(medium: str | None = None) -> dict[str, ModelSource]:
    """All sources by name, of one medium or of all. A plug-in that cannot be loaded is left out: `plugins` tells of it."""
    found = {}
    for name in plugins.available("models"):
        try:
            source: ModelSource = plugins.load("models", name)
        except ImportError:
            continue
        if medium in (None, source.medium):
            found[name] = source
    return found


def named(medium: str) -> list[str]:
    """Names of the models of a medium that are at hand without a folder.

        mc.model_names("motion")

    Args:
        medium: `motion` or `image`.
    """
    return [name for name, source in sources(medium).items() if source.asset or source.recognises is _nothing]


def load_model(name: str, *, medium: str, device: str = "auto") -> Any:
    """A ready model from its name, its folder or a file in it.

    Raises:
        ValueError: neither a known name nor a folder of a known kind; the message lists what is known.
    """
    from motioncollage.devices import choose_device

    where = choose_device(device)
    known = named(medium)
    if name in known:
        source: ModelSource = plugins.load("models", name)
        return source.load(source.folder, where, name)
    path = Path(name)
    if not path.exists():
        raise ValueError(
            f"model {name!r} is neither a bundled model ({', '.join(known)}) nor a checkpoint folder"
        )
    for source in sources(medium).values():
        if source.recognises(path):
            return source.load(path, where, path.name)
    raise ValueError(
        f"{path} holds no {medium} model of a known kind"
        f" ({', '.join(n for n, s in sources(medium).items() if s.recognises is not _nothing)});"
        " give the folder that the training wrote or that was published"
    )


def folder_of(name: str, *, medium: str) -> Path:
    """Folder of a bundled model, or the path that was given.

    Raises:
        ValueError: neither; the message lists the bundled ones.
    """
    found = sources(medium)
    if name in found and (folder := found[name].folder) is not None:
        return folder
    if Path(name).exists():
        return Path(name)
    raise ValueError(
        f"model {name!r} is neither a bundled model ({', '.join(named(medium))}) nor a checkpoint folder"
    )
