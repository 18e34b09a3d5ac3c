"""Commands as children of a server that has imported everything: a start takes tenths of a second, and each can be killed."""

import importlib
import multiprocessing
import os
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from motioncollage.shell.main import main

for name in ("eval.benchmark.run", "mdm_adapter.io.sheet", "mdm_adapter.io.video", "mdm_adapter.training"):
    importlib.import_module(name)
# Of many processes beside one another none is quick with threads.
torch.set_num_threads(1)


def command(arguments: list[str], said: str) -> None:
    """Run `motioncollage ARGUMENTS`; what it says goes into a file."""
    written = os.open(said, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
    os.dup2(written, 1)
    os.dup2(written, 2)
    sys.argv = ["motioncollage", *arguments]
    main()


def started(arguments: list[str], said: Path) -> BaseProcess:
    """The process of a command."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["forked"])
    process = context.Process(target=command, args=(arguments, str(said)))
    process.start()
    return process
