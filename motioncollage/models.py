"""Models by name or by folder, whatever their medium: `motioncollage.models` entry points name `ModelSource`s."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from motioncollage import hub, plugins

BUNDLED = {"motion": "starter", "image": "landscapes", "photos": "photos"}


def _nothing(folder: Path) -> bool:
    return False


def _plain(folder: Path) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class ModelSource:
    """Where models of one kind come from. Importing one must not import PyTorch: lists of models stay quick.

    Attributes:
        medium: `motion`, `image`, or `photos`, of whose pieces pictures are made.
        load: (folder, device, name) -> what the medium's commands work with; folder is None where `asset` is.
        asset: (package, path inside it) of a model that comes along with its package; None for a kind of checkpoint.
        recognises: whether a folder (or file) holds a checkpoint of this kind.
        describe: facts of a folder, for lists: architecture, text encoder, longest piece.
        layout: which files of a repository on a hub are such a checkpoint; None for kinds that are read from folders only.
        options: keywords that `load` takes besides, such as text_encoder.
    """

    medium: str
    load: Callable[..., Any]
    asset: tuple[str, str] | None = None
    recognises: Callable[[Path], bool] = field(default=_nothing)
    describe: Callable[[Path], dict[str, str]] = field(default=_plain)
    layout: hub.HubLayout | None = None
    options: frozenset[str] = frozenset()

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


def layouts(medium: str) -> list[hub.HubLayout]:
    """What repositories on a hub hold a model of a medium."""
    return [source.layout for source in sources(medium).values() if source.layout]


def at_hand(name: str, *, medium: str) -> None:
    """Fetch what a name on a hub means, if it is not in the cache: before anything heavy is imported.

    Raises:
        ValueError: it cannot be had (`hub.fetch`).
    """
    if hub.is_hub_name(name):
        hub.get(name, layouts(medium))


def load_model(name: str, *, medium: str, device: str = "auto", text_encoder: str | None = None) -> Any:
    """A ready model from its name, its folder or a file in it, or from a hub (`hf:owner/name@revision`).

    Args:
        text_encoder: where the text encoder of a checkpoint is that comes without one: a folder, or a name on a hub.

    Raises:
        ValueError: neither a known name nor a folder of a known kind; the message lists what is known. Of a hub:
            `hub.fetch`.
    """
    from motioncollage.devices import choose_device

    where = choose_device(device)
    known = named(medium)
    more = {} if text_encoder is None else {"text_encoder": text_encoder}
    if name in known:
        source: ModelSource = plugins.load("models", name)
        _refuse(name, source, more)
        return source.load(source.folder, where, name, **more)
    path, called = Path(name), Path(name).name
    if hub.is_hub_name(name):
        found = hub.get(name, layouts(medium))
        path, called = found.path, found.name
    if not path.exists():
        raise ValueError(
            f"model {name!r} is neither a bundled model ({', '.join(known)}) nor a checkpoint folder"
            f" nor a name on a hub ({hub.PREFIX}owner/name)"
        )
    for source in sources(medium).values():
        if source.recognises(path):
            _refuse(name, source, more)
            return source.load(path, where, called, **more)
    raise ValueError(
        f"{path} holds no {medium} model of a known kind"
        f" ({', '.join(n for n, s in sources(medium).items() if s.recognises is not _nothing)});"
        " give the folder that the training wrote or that was published"
    )


def _refuse(name: str, source: ModelSource, options: dict[str, str]) -> None:
    """Options that a source does not take."""
    for option in options.keys() - source.options:
        raise ValueError(
            f"model {name!r} comes with its {option.replace('_', ' ')}; leave --{option.replace('_', '-')} out"
        )


def folder_of(name: str, *, medium: str) -> Path:
    """Folder of a bundled model or of one from a hub, or the path that was given.

    Raises:
        ValueError: neither; the message lists the bundled ones.
    """
    found = sources(medium)
    if name in found and (folder := found[name].folder) is not None:
        return folder
    if hub.is_hub_name(name):
        return hub.get(name, layouts(medium)).folder
    if Path(name).exists():
        return Path(name)
    raise ValueError(
        f"model {name!r} is neither a bundled model ({', '.join(named(medium))}) nor a checkpoint folder"
    )
