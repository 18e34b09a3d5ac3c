"""Parts by name: whatever the installed packages declare as entry points, built-in parts included.

A package brings a part by an entry point in its metadata, group `motioncollage.<group>`:

    entry_points={"motioncollage.writers": ["csv = my_package.csv_writer:write"]}

Names are read without importing anything; a part is imported when it is asked for.
"""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

GROUPS = (
    "models",
    "representations",
    "text_encoders",
    "methods",
    "samplers",
    "metrics",
    "protocols",
    "checks",
    "readers",
    "writers",
    "splitters",
    "commands",
)


@cache
def _declared() -> Any:
    """What all installed packages declare; read once, because reading takes as long as starting does.

    Python 3.10 and 3.11 hand back another type than later ones; all can `select`.
    """
    return entry_points()


def forget() -> None:
    """Look again at what is installed, for programs in which packages come and go."""
    available.cache_clear()
    _declared.cache_clear()


@cache
def available(group: str) -> dict[str, EntryPoint]:
    """All parts of a group by name, in the order of their names; nothing is imported.

    Raises:
        ValueError: an unknown group, or two packages that bring the same name.
    """
    if group not in GROUPS:
        raise ValueError(f"there is no group {group!r} of plug-ins; the groups are {', '.join(GROUPS)}")
    found: dict[str, EntryPoint] = {}
    for entry in sorted(_declared().select(group=f"motioncollage.{group}"), key=lambda e: e.name):
        before = found.setdefault(entry.name, entry)
        if before.value != entry.value:
            raise ValueError(
                f"{singular(group)} {entry.name!r} is brought by {distribution(before)} and by {distribution(entry)};"
                " uninstall one of the two"
            )
    return found


def load(group: str, name: str) -> Any:
    """Import and return one part.

    Raises:
        ValueError: an unknown name; the message lists the known ones.
        ImportError: the part cannot be imported; the message names the package that brings it and what is missing.
    """
    parts = available(group)
    if name not in parts:
        raise ValueError(f"{singular(group)} {name!r} is unknown; choose one of {', '.join(parts) or 'none'}")
    entry = parts[name]
    try:
        return entry.load()
    except ModuleNotFoundError as error:
        raise ImportError(
            f"{singular(group)} {name!r} of {distribution(entry)} needs {error.name}, which is not installed;"
            f" {_remedy(entry, error.name or 'it')}"
        ) from error
    except Exception as error:
        # A plug-in may fail in any way; whose it is, is what a user must know.
        raise ImportError(
            f"{singular(group)} {name!r} of {distribution(entry)} cannot be loaded"
            f" ({type(error).__name__}: {' '.join(str(error).split())[:160]}); update or uninstall it"
        ) from error


def distribution(entry: EntryPoint) -> str:
    """The package that brings a part, with its version."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else "an unknown package"


def singular(group: str) -> str:
    """`text_encoders` -> `text encoder`."""
    return group.removesuffix("s").replace("_", " ")


def _remedy(entry: EntryPoint, module: str) -> str:
    if entry.extras and entry.dist:
        return f'pip install "{entry.dist.name}[{",".join(entry.extras)}]"'
    return f"pip install {module}, or update the package"
