"""What is asked of a hub: names of repositories, and which of their files are wanted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

PREFIX = "hf:"
_NAME = re.compile(r"(?P<repo>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]{0,99}))?", re.ASCII)


class HubError(ValueError):
    """What was asked of a hub cannot be had; one line that says what to do."""


class PicklesOnly(HubError):
    """A repository whose weights can carry code."""


class Unreachable(HubError):
    """Not in the cache, and there is no network."""


@dataclass(frozen=True)
class HubName:
    """`hf:owner/name[@revision]`; a revision is a branch, a tag, or a commit (its first digits will do)."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> "HubName":
        """Raises `HubError` for anything else."""
        match = _NAME.fullmatch(text.removeprefix(PREFIX))
        if not text.startswith(PREFIX) or match is None or ".." in text:
            raise HubError(
                f"{text!r} names nothing on a hub; write {PREFIX}owner/name or {PREFIX}owner/name@revision"
            )
        return cls(match["repo"], match["revision"])

    def __str__(self) -> str:
        return f"{PREFIX}{self.repo}" + (f"@{self.revision}" if self.revision else "")


@dataclass(frozen=True)
class HubLayout:
    """Which files of a repository are fetched: patterns of whole paths, in which `*` stops at a slash.

    Attributes:
        needs: of each group of patterns, one must be there.
        takes: what else is fetched where it is there.
        limit: bytes of everything.
        weights: the file to hand to the model's reader, for readers that would take a pickle that lies beside it.
    """

    needs: tuple[tuple[str, ...], ...]
    takes: tuple[str, ...] = ()
    limit: int = 4 << 30
    weights: str | None = None

    def lacks(self, files: Iterable[str]) -> str | None:
        """The first pattern of the first group of which nothing is there; None if this is such a repository."""
        names = list(files)
        for group in self.needs:
            if not any(_matches(name, group) for name in names):
                return group[0]
        return None

    def wanted(self, files: Iterable[str]) -> list[str]:
        patterns = (*(p for group in self.needs for p in group), *self.takes, "README.md", "LICENSE*")
        return [name for name in files if _matches(name, patterns)]


def is_hub_name(name: str) -> bool:
    """Whether a name is meant for a hub; it need not be well formed."""
    return name.startswith(PREFIX)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    parts = name.split("/")
    return any(
        len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))
        for wanted in (pattern.split("/") for pattern in patterns)
    )
