"""Write a file under a temporary name and give it its real name only when it is complete."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


_FULL = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)


@contextmanager
def atomic_path(target: Path | str, *, force: bool) -> Iterator[Path]:
    """Yield a temporary path beside `target` to write to; rename it to `target` when the block succeeds.

    The temporary file lies in the same folder (so that the rename is atomic) and keeps the suffix (so that
    writers which choose a format by suffix work). It exists, empty, when the block starts. When the block
    raises anything, Ctrl-C included, it is removed and `target` is as it was before.

    Args:
        target: the file to write; missing parent folders are created.
        force: replace a file that exists already.

    Raises:
        FileExistsError: `target` exists and `force` is false.
        IsADirectoryError: `target` is a folder.
        OSError: the folder cannot be created or written to. All messages are one line and name the path.
    """
    target = Path(target).absolute()
    refuse_existing(target, force)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A short name of its own: a prefix put before a long target name could pass the 255 byte limit.
        temporary = target.parent / f".tmp-{secrets.token_hex(8)}{target.suffix}"
        # Creating it now says early that the folder cannot be written to, and gives it the usual mode.
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    except OSError as error:
        raise type(error)(f"cannot write {target}: {_reason(error)}") from error
    try:
        yield temporary
        _flush_to_disk(temporary)
        # Once more, because the block may have taken minutes and somebody else may have been quicker.
        refuse_existing(target, force)
        try:
            os.replace(temporary, target)
        except OSError as error:
            raise type(error)(f"cannot write {target}: {_reason(error)}") from error
    except OSError as error:
        # NumPy counts bytes instead of saying why, and nobody says which file.
        if error.errno in _FULL or "requested and" in str(error):
            reason = error.strerror or "only a part of it could be written; is the disk full?"
            raise OSError(f"cannot write {target}: {reason}") from error
        raise
    finally:
        # After a successful rename there is nothing left to remove.
        with suppress(FileNotFoundError):
            temporary.unlink()


def refuse_existing(target: Path, force: bool) -> None:
    """Raise what `atomic_path` would, before the work rather than after it."""
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {target}: it is a folder; give a file name")
    if not force and os.path.lexists(target):
        raise FileExistsError(f"{target} exists already: give another name, or --force to replace it")


def _flush_to_disk(path: Path) -> None:
    """Without this a power cut just after the rename could leave an empty file under the real name."""
    with suppress(OSError), path.open("rb") as file:
        os.fsync(file.fileno())


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__


def load_numbers(path: Path) -> "np.ndarray":
    """An array of numbers from a `.npy` file that may be anything.

    Raises:
        ValueError: not such a file; the message names it.
    """
    import numpy as np

    try:
        # Mapped, so that a header cannot claim more than the file has; refuses pickles and archives.
        array = np.lib.format.open_memmap(path, mode="r")
        if array.dtype.kind not in "fiu":
            raise ValueError("it holds no numbers")
        return np.array(array)
    except (ValueError, OSError, EOFError, TypeError, SyntaxError) as error:
        raise ValueError(f"{path} is damaged or no .npy file ({str(error)[:100]}); copy it again") from error
