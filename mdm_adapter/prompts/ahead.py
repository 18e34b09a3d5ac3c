"""Splitting a prompt in a process of its own, while the command imports PyTorch: each of the two takes two seconds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection

from mdm_adapter.prompts.splitter import Split
from mdm_adapter.prompts.timeline import read_split


def split_ahead(prompt: str) -> Callable[[], Split]:
    """Begin to split a prompt; the result says how it was split, and raises what `read_split` raises.

    Where a process cannot be forked cheaply (one core, not Linux, PyTorch and its threads already there), and where the
    other process says nothing, the prompt is split when it is asked for.
    """
    if sys.platform != "linux" or (os.cpu_count() or 1) < 2 or "torch" in sys.modules:
        return lambda: read_split(prompt)
    fork = multiprocessing.get_context("fork")
    answer, told = fork.Pipe(duplex=False)
    # A daemon: it ends with this process, whatever becomes of that.
    fork.Process(target=_tell, args=(prompt, told), daemon=True).start()
    told.close()

    def wait() -> Split:
        try:
            found = answer.recv()
        except EOFError:
            return read_split(prompt)
        if isinstance(found, Split):
            return found
        raise found

    return wait


def _tell(prompt: str, told: Connection) -> None:
    """Send the split, or what is wrong with the prompt; of anything else that goes wrong the parent makes its own error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command
    try:
        told.send(read_split(prompt))
    except ValueError as error:
        told.send(error)
    except Exception:  # noqa: BLE001 - it happens again in the parent, with its traceback
        told.close()
