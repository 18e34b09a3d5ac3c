"""Files that may be anything are read within bounds; files are written under a temporary name and get their real name
only when they are complete."""

import errno
import json
import math
import os
import re
import secrets
import shutil
import stat
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from motioncollage.wording import reason, shown

if TYPE_CHECKING:
    import numpy as np

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

TEMPORARY = ".tmp-"
_OURS = re.compile(r"\.tmp-[0-9a-f]{16}(\.[^.]*)?")
# Where there are no locks, a temporary file of this age belongs to nobody any more.
_OLD_SECONDS = 24 * 3600.0
_LEAST_FREE = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAX_TEXT_BYTES = 64 << 20


@contextmanager
def atomic_path(target: Path | str, *, force: bool) -> Iterator[Path]:
    """Yield a temporary path beside `target` to write to; rename it to `target` when the block succeeds.

    The temporary file lies in the same folder (so that the rename is atomic) and keeps the suffix (so that
    writers which choose a format by suffix work). It exists, empty, when the block starts. When the block
    raises anything, Ctrl-C included, it is removed and `target` is as it was before. What a killed process left of
    its own is removed by the next that writes into the folder.

    Args:
        target: the file to write; missing parent folders are created.
        force: replace a file that exists already.

    Raises:
        FileExistsError: `target` exists and `force` is false.
        IsADirectoryError: `target` is a folder.
        OSError: the folder cannot be created or written to, or the disk is full. All messages are one line and name the
            path.
    """
    target = Path(target).absolute()
    refuse_existing(target, force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(target.parent)
        temporary, lock = _new_temporary(target)
    except OSError as error:
        raise type(error)(f"cannot write {shown(target)}: {_reason(error)}") from error
    usual = temporary.stat().st_mode
    try:
        try:
            yield temporary
        except Exception as error:
            # Libraries tell of a full disk in many ways, some in none; NumPy counts bytes instead.
            counted = isinstance(error, OSError) and "requested and" in str(error)
            guessed = not isinstance(error, ValueError) and _is_full(target.parent)
            if getattr(error, "errno", None) in _FULL or counted or guessed:
                raise OSError(
                    f"cannot write {shown(target)}: the disk is full; make room, or choose another --out"
                ) from error
            raise
        _flush_to_disk(temporary)
        if temporary.stat().st_mode != usual:
            temporary.chmod(usual)  # safetensors hides its files from others
        # Once more, because the block may have taken minutes and somebody else may have been quicker.
        refuse_existing(target, force)
        try:
            os.replace(temporary, target)
        except OSError as error:
            raise type(error)(f"cannot write {shown(target)}: {_reason(error)}") from error
    finally:
        # After a successful rename there is nothing left to remove.
        with suppress(FileNotFoundError):
            temporary.unlink()
        if lock is not None:
            os.close(lock)


def _new_temporary(target: Path) -> tuple[Path, int | None]:
    """An empty file beside the target, and a descriptor whose lock says that its process lives, where there are locks."""
    while True:
        # A short name of its own: a prefix put before a long target name could pass the 255 byte limit.
        temporary = target.parent / f"{TEMPORARY}{secrets.token_hex(8)}{target.suffix}"
        # Creating it now says early that the folder cannot be written to, and gives it the usual mode.
        lock = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        if fcntl is None:
            os.close(lock)  # Windows renames no file that is open
            return temporary, None
        if try_lock(lock) is not False and temporary.exists():
            return temporary, lock
        os.close(lock)  # somebody tidied up between the two


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file or folder until it is closed or the process ends.

    Returns:
        False if another process has it; None where there are no locks (Windows, some network file systems).
    """
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


_tidied: set[Path] = set()


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files whose process was killed; once per folder and process."""
    if folder in _tidied:
        return
    _tidied.add(folder)
    for left in folder.glob(f"{TEMPORARY}*"):
        if not _OURS.fullmatch(left.name):
            continue
        with suppress(OSError):
            # Not through links, and without waiting for a pipe.
            descriptor = os.open(
                left, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
            )
            try:
                free = try_lock(descriptor)
                old = time.time() - os.fstat(descriptor).st_mtime > _OLD_SECONDS
                if stat.S_ISREG(os.fstat(descriptor).st_mode) and (old if free is None else free):
                    left.unlink()
            finally:
                os.close(descriptor)


def _is_full(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free < _LEAST_FREE
    return False


def refuse_existing(target: Path, force: bool) -> None:
    """Raise what `atomic_path` would, before the work rather than after it."""
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {shown(target)}: it is a folder; give a file name")
    if not force and os.path.lexists(target):
        raise FileExistsError(f"{shown(target)} exists already: give another name, or --force to replace it")


def _flush_to_disk(path: Path) -> None:
    """Without this a power cut just after the rename could leave an empty file under the real name."""
    with suppress(OSError), path.open("rb") as file:
        os.fsync(file.fileno())


def _reason(error: OSError) -> str:
    if error.errno in _FULL:
        return "the disk is full; make room, or choose another --out"
    return error.strerror or str(error) or type(error).__name__


def check_file(path: Path | str, what: str = "file", *, most: int | None = None) -> Path:
    """A path that is an ordinary file: devices and pipes never end, whatever size they say.

    Args:
        what: it is, for the message.
        most: bytes.

    Raises:
        FileNotFoundError: there is none.
        ValueError: something else, or too large.
    """
    path = Path(path)
    name = f"{what} {shown(path, 300)}"
    try:
        found = path.stat()
    except FileNotFoundError:
        raise FileNotFoundError(f"{name} does not exist; check the path") from None
    except (OSError, ValueError) as error:  # too long, a loop of links, a null character
        raise ValueError(f"{name} cannot be read ({reason(error)}); check the path") from error
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{name} is {_kind(found.st_mode)}; give an ordinary file")
    if most is not None and found.st_size > most:
        raise ValueError(f"{name} has {found.st_size:,} bytes, more than {most:,}; give a smaller one")
    return path


def _kind(mode: int) -> str:
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    return next((word for test, word in kinds if test(mode)), "a device")


def read_text(
    path: Path | str, what: str = "file", *, most: int = MAX_TEXT_BYTES, errors: str = "strict"
) -> str:
    """The text of an ordinary file in UTF-8.

    Args:
        errors: `replace` for a file of many entries, of which a damaged one costs itself only.

    Raises:
        FileNotFoundError: there is none.
        ValueError: something else, too large, not to be read, or not UTF-8.
    """
    path = check_file(path, what, most=most)
    try:
        return path.read_text(encoding="utf-8-sig", errors=errors)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{what} {shown(path, 300)} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise ValueError(
            f"{what} {shown(path, 300)} cannot be read ({_reason(error)}); check its permissions"
        ) from error


def write_text(path: Path | str, text: str, *, force: bool) -> None:
    """A whole text file, in UTF-8; as `atomic_path`."""
    with atomic_path(path, force=force) as temporary:
        temporary.write_text(text, encoding="utf-8")


def numbered(path: Path, count: int) -> list[Path]:
    """One file for each of so many samples: `walk.mp4`, then `walk-2.mp4` and so on."""
    return [path, *(path.with_stem(f"{path.stem}-{number}") for number in range(2, count + 1))]


def read_json(path: Path, remedy: str = "") -> Any:
    """What a JSON file holds, whose size was looked at before.

    Raises:
        ValueError: it is no JSON, or cannot be read; the line ends with the remedy.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError) as error:
        raise ValueError(f"{path} is not JSON ({reason(error)}){remedy and f'; {remedy}'}") from error


def load_numbers(path: Path) -> "np.ndarray":
    """An array of numbers from a `.npy` file that may be anything.

    Raises:
        ValueError: not such a file; the message names it.
    """
    import tokenize

    import numpy as np

    check_file(path)
    try:
        # Mapped, so that a header cannot claim more than the file has; refuses pickles and archives.
        array = np.lib.format.open_memmap(path, mode="r")
        if array.dtype.kind not in "fiu":
            raise ValueError("it holds no numbers")
        return np.array(array)
    except (*DAMAGE, tokenize.TokenError) as error:
        raise ValueError(
            f"{shown(path)} is damaged or no .npy file ({reason(error)}); copy it again"
        ) from error


# What a damaged file or archive makes its readers raise, depending on where it is damaged.
DAMAGE = (
    ValueError, OSError, EOFError, TypeError, SyntaxError, RuntimeError, NotImplementedError, LookupError, ArithmeticError,
    AttributeError, RecursionError, MemoryError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip


def read_arrays(
    path: Path | str, keys: Mapping[str, str], *, what: str, remedy: str, most: int, optional: tuple[str, ...] = ()
) -> "dict[str, np.ndarray]":  # fmt: skip
    """Arrays of an `.npz` archive that may be anything, checked against the zip's directory before memory is taken.

        read_arrays(path, {"joints": "f", "fps": "fiu"}, what="motion", remedy="export it again", most=2 << 30)

    Args:
        keys: names that must be there, with the letters that NumPy has for the kinds that each may be of.
        what: the file is, for messages.
        remedy: what the user can do.
        most: bytes, unpacked, of these arrays together.
        optional: keys that may be missing.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: anything is wrong with it; one line with the file, the key, the problem and the remedy.
    """
    import lzma
    import tokenize

    from motioncollage.memory import check_fits

    path = check_file(path, what)
    damage = (*DAMAGE, lzma.LZMAError, tokenize.TokenError)
    with _opened(path, remedy) as archive:
        members = {n: _member(path, archive, n, what, remedy) for n in keys if n not in optional}
        members |= {n: archive.getinfo(f"{n}.npy") for n in optional if f"{n}.npy" in archive.namelist()}
        size = sum(member.file_size for member in members.values())
        if size > most:
            raise ValueError(f"{shown(path)}: holds {size:,} bytes, more than {most:,}: refused")
        check_fits(f"{what} {shown(path, 200)}", 2 * size, 1, "files", "give a smaller one")
        found = {}
        for name, member in members.items():
            try:
                found[name] = _array(archive, member, keys[name])
            except damage as error:
                raise ValueError(
                    f"{shown(path)}: key {name!r} cannot be read ({reason(error)}): {remedy}"
                ) from error
        return found


def array_names(path: Path | str, *, what: str, remedy: str) -> frozenset[str]:
    """Names of the arrays that an `.npz` archive says it holds; none of them is read.

    Raises:
        FileNotFoundError, ValueError: as `read_arrays`.
    """
    with _opened(check_file(path, what), remedy) as archive:
        return frozenset(name.removesuffix(".npy") for name in archive.namelist())


def _opened(path: Path, remedy: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except DAMAGE as error:
        raise ValueError(f"{shown(path)}: not a whole .npz file ({reason(error)}): {remedy}") from error


def _member(path: Path, archive: zipfile.ZipFile, name: str, what: str, remedy: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(f"{name}.npy")
    except KeyError:
        raise ValueError(
            f"{shown(path)}: key {name!r} is missing, so it is no whole {what}: {remedy}"
        ) from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, kinds: str) -> "np.ndarray":
    """One array of a zip, its header checked against the bytes that are really there."""
    import numpy as np

    with archive.open(member) as stream:
        shape, dtype = _header(stream)
        if dtype.hasobject:
            raise ValueError("holds Python objects, which are never loaded")
        if dtype.kind not in kinds:
            raise ValueError(f"holds {dtype}, which is not what belongs there")
        expected = math.prod(shape) * dtype.itemsize
        if expected != member.file_size - stream.tell():
            raise ValueError(f"header promises {expected:,} bytes, not what the file holds")
    with archive.open(member) as stream:
        array: np.ndarray = np.lib.format.read_array(stream, allow_pickle=False)
        return array


def _header(stream: IO[bytes]) -> "tuple[tuple[int, ...], np.dtype[Any]]":
    import numpy as np

    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"npy version {version} is not supported")
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype
