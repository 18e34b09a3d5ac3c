"""Fetching from a hub into its usual cache, and finding there what was fetched.

Nothing that can carry code is fetched: names are compared with a list, sizes are checked before a byte is loaded. What
is in the cache is taken from there, without a question to anybody, until `fetch` is asked for what is newest: a command
that worked yesterday works today without a network, and with the same weights.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motioncollage.files import write_text
from motioncollage.hub.names import HubError, HubLayout, HubName, PicklesOnly, Unreachable
from motioncollage.hub.reach import answers

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAIN = "main"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle")
SIZES = {".safetensors": None, ".npy": 16 << 20}  # None: the layout's limit; other files are texts
MAX_TEXT = 64 << 20
QUIET = 4 << 20  # smaller files come without a bar of their own
SHORT = 12  # of a commit's 40 digits, in names
TIMEOUT = 8.0  # seconds that a hub which does answer may think
CONVERTER = (
    "SFconvertbot"  # the hub's own account, which offers safetensors of pickled weights as pull requests
)
MEMORY = (
    "motioncollage-{commit}.json"  # beside the snapshots: what belongs to one, to know when it is complete
)
_COMMIT, _PART = re.compile(r"[0-9a-f]{40}"), re.compile(r"[0-9a-f]{7,39}")


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit, in the cache.

    Attributes:
        name: pinned to the commit: `hf:owner/name@0123456789ab`.
        layout: which of the layouts asked for it has.
        licence: as the model card names it; None where it was not asked for or names none.
        fresh: whether the hub was asked which commit is newest.
    """

    name: str
    folder: Path
    layout: HubLayout
    licence: str | None = None
    fresh: bool = False

    @property
    def path(self) -> Path:
        """What a reader is given: the folder, or the weights in it."""
        return self.folder / self.layout.weights if self.layout.weights else self.folder


def get(name: str, layouts: Sequence[HubLayout]) -> Snapshot:
    """A snapshot from the cache, else from the hub.

    Args:
        name: `hf:owner/name[@revision]`.
        layouts: kinds of repositories that the caller reads.

    Raises:
        HubError: see `fetch`.
    """
    wanted = HubName.parse(name)
    return cached(wanted, layouts) or fetch(name, layouts)


def fetch(name: str, layouts: Sequence[HubLayout]) -> Snapshot:
    """A snapshot of the newest commit of a name, from the hub where it is not in the cache yet.

    Without a network, what is in the cache.

    Raises:
        HubError: neither network nor cache, no such repository or revision, not allowed, pickles only, files of other
            kinds, too large, not enough disk; one line with the remedy.
    """
    wanted = HubName.parse(name)
    if reason := _unreachable():
        if found := cached(wanted, layouts):
            return found
        raise Unreachable(
            f"{wanted} is not in the cache, and {reason}; where there is a network, run: motioncollage models fetch {wanted}"
        )
    with _plainly(wanted):
        commit, sizes, licence = _listing(wanted)
        layout = _layout_of(wanted, sizes, layouts)
        files = {file: sizes[file] for file in layout.wanted(sizes)}
        _check_sizes(wanted, files, layout)
        store = _store(wanted)
        write_text(store / MEMORY.format(commit=commit), json.dumps(files), force=True)
        folder = _download(wanted, commit, files)
        if wanted.revision != commit:
            write_text(store / "refs" / (wanted.revision or MAIN), commit, force=True)
    return Snapshot(_pinned(wanted, commit), folder, layout, licence, fresh=True)


def cached(wanted: HubName, layouts: Sequence[HubLayout]) -> Snapshot | None:
    """A complete snapshot that needs no network, or None; what other programs fetched counts, if it is of a layout."""
    store, revision = _store(wanted), wanted.revision or MAIN
    commits = [revision] if _COMMIT.fullmatch(revision) else []
    reference = store / "refs" / revision
    if reference.is_file():
        commits = [reference.read_text(encoding="utf-8").strip()]
    elif _PART.fullmatch(revision):
        commits = [folder.name for folder in (store / "snapshots").glob(f"{revision}*")]
    if len(commits) != 1 or not _COMMIT.fullmatch(commits[0]):
        return None
    folder = store / "snapshots" / commits[0]
    listed = store / MEMORY.format(commit=commits[0])
    if listed.is_file():
        try:
            files: Mapping[str, int] = json.loads(listed.read_text(encoding="utf-8"))
            complete = all((folder / file).stat().st_size == size for file, size in files.items())
        except (OSError, ValueError, AttributeError):
            return None
        if not complete:
            return None
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    for layout in layouts:
        if layout.lacks(there) is None:
            return Snapshot(_pinned(wanted, commits[0]), folder, layout)
    return None


def converted(name: str, layouts: Sequence[HubLayout]) -> Snapshot | None:
    """The safetensors that the hub's own converter offers of a repository of pickles, as a pull request; None if none.

    From the cache where they are there.
    """
    wanted = HubName.parse(name)
    if wanted.revision:
        return None
    for reference in sorted((_store(wanted) / "refs" / "refs" / "pr").glob("*")):
        if found := cached(HubName(wanted.repo, f"refs/pr/{reference.name}"), layouts):
            return found
    if _unreachable():
        return None
    with _plainly(wanted):
        for entry in _api().get_repo_discussions(wanted.repo, author=CONVERTER):
            if entry.author == CONVERTER and entry.is_pull_request and entry.status != "closed":
                return fetch(f"{wanted}@refs/pr/{int(entry.num)}", layouts)
    return None


def _pinned(wanted: HubName, commit: str) -> str:
    return str(HubName(wanted.repo, commit[:SHORT]))


def _store(wanted: HubName) -> Path:
    """The repository's folder in the hub's cache, whose layout is documented and shared between programs."""
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE).expanduser() / f"models--{wanted.repo.replace('/', '--')}"


def _unreachable() -> str | None:
    """Why the hub cannot be asked; None if it can."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE forbids to fetch it"
    return None if answers(constants.ENDPOINT) else f"{constants.ENDPOINT} cannot be reached"


def _api() -> "HfApi":
    from huggingface_hub import HfApi, constants

    return HfApi(endpoint=constants.ENDPOINT)


def _listing(wanted: HubName) -> tuple[str, dict[str, int], str | None]:
    """Commit, sizes of all files by their paths, and the licence."""
    from huggingface_hub.errors import RevisionNotFoundError

    api, revision = _api(), wanted.revision
    about: dict[str, Any] = {"files_metadata": True, "timeout": TIMEOUT}
    try:
        info = api.model_info(wanted.repo, revision=revision, **about)
    except RevisionNotFoundError:
        # The hub knows whole commits only; results name the first digits of theirs.
        commits = [commit.commit_id for commit in api.list_repo_commits(wanted.repo)]
        whole = [commit for commit in commits if revision and commit.startswith(revision)]
        if not revision or not _PART.fullmatch(revision) or len(whole) != 1:
            raise
        info = api.model_info(wanted.repo, revision=whole[0], **about)
    commit = str(info.sha)
    if not _COMMIT.fullmatch(commit):
        raise HubError(f"{wanted}: the hub gave no commit; ask for another revision")
    sizes = {}
    for file in info.siblings or ():
        path = str(file.rfilename)
        if not path.startswith("/") and ".." not in path.split("/") and "\\" not in path:
            sizes[path] = -1 if file.size is None else int(file.size)
    card: Any = info.card_data or {}
    licence = card.get("license_name") or card.get("license")
    return commit, sizes, " ".join(str(licence).split())[:60] if licence else None


def _layout_of(wanted: HubName, files: Mapping[str, int], layouts: Sequence[HubLayout]) -> HubLayout:
    lacks = []
    for layout in layouts:
        lack = layout.lacks(files)
        if lack is None:
            return layout
        lacks.append(lack)
    pickles = [file for file in files if file.lower().endswith(PICKLES)]
    if pickles and not any(file.endswith(".safetensors") for file in files):
        raise PicklesOnly(
            f"{wanted} has its weights only as {pickles[0]}, which can carry code and is not fetched; if you trust it,"
            " download it yourself and give the folder"
        )
    raise HubError(
        f"{wanted} has no {' nor '.join(dict.fromkeys(lacks)) or 'files'}, so it is no model of a kind that is read from"
        " hubs; see docs/checkpoints.md"
    )


def _check_sizes(wanted: HubName, files: Mapping[str, int], layout: HubLayout) -> None:
    """Refuse what is larger than such a file can be, or than the disk has room for, before a byte is fetched."""
    import shutil

    for file, size in files.items():
        bound = SIZES.get(Path(file).suffix, MAX_TEXT) or layout.limit
        if not 0 <= size <= bound:
            told = "of unknown size" if size < 0 else f"{size:,} bytes"
            raise HubError(
                f"{wanted}: {file} is {told}, more than the {bound:,} that is fetched; download it yourself and give"
                " the folder"
            )
    total = sum(files.values())
    if total > layout.limit:
        raise HubError(
            f"{wanted} is {total:,} bytes, more than the {layout.limit:,} that are fetched; download it yourself and"
            " give the folder"
        )
    where = next(folder for folder in _store(wanted).parents if folder.exists())
    if total > shutil.disk_usage(where).free:
        raise HubError(
            f"{wanted} needs {total:,} bytes, and {where} has less; make room, or set HF_HOME to another disk"
        )


def _download(wanted: HubName, commit: str, files: Mapping[str, int]) -> Path:
    """Small files first, so that what is wrong with them is said before the weights come; goes on where it stopped."""
    from huggingface_hub import hf_hub_download

    store = _store(wanted)
    for file, size in sorted(files.items(), key=lambda entry: entry[1]):
        with _silenced(size < QUIET):
            hf_hub_download(wanted.repo, file, revision=commit)
        got = (store / "snapshots" / commit / file).stat().st_size
        if got != size:
            raise HubError(f"{wanted}: {file} has {got:,} bytes, not {size:,}; fetch it again")
    return store / "snapshots" / commit


@contextmanager
def _silenced(quiet: bool) -> Iterator[None]:
    """Without the hub's own progress bar."""
    from huggingface_hub import utils

    quiet = quiet and not utils.are_progress_bars_disabled()
    if quiet:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if quiet:
            utils.enable_progress_bars()


@contextmanager
def _plainly(wanted: HubName) -> Iterator[None]:
    """Whatever the hub's library raises, in one line that says what to do; versions differ in their classes."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        raise HubError(f"{wanted}: {_reason(wanted, error)}") from error


def _reason(wanted: HubName, error: Exception) -> str:
    from huggingface_hub import constants, errors

    page = f"{constants.ENDPOINT}/{wanted.repo}"
    if isinstance(error, errors.GatedRepoError):
        return (
            f"its authors let in only those who ask; accept the terms at {page}, then log in: hf auth login"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return f"there is no revision {wanted.revision!r}; see {page}/tree/main"
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 403, 404):
        # The hub says 401 of what does not exist, too: whether it does is private.
        asked = "not there, or private" if status != 404 else "not there"
        return f"{asked}; check the spelling at {page}, or if it is private or gated, log in: hf auth login"
    if status is not None:
        return f"the hub answered {status}; try again later"
    if isinstance(error, (LookupError, TypeError, AttributeError, json.JSONDecodeError)):
        return f"{constants.ENDPOINT} does not answer as a hub; is HF_ENDPOINT right?"
    words = " ".join(str(error).split())[:160] or type(error).__name__
    if isinstance(error, (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError)):
        return f"cannot be kept in {constants.HF_HUB_CACHE} ({words}); set HF_HOME to another folder"
    return f"the connection broke ({words}); run the same command again, it goes on where it stopped"
