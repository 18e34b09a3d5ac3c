"""`motioncollage serve`: a model for programs that are not Python."""

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import ModelOptions
from motioncollage.shell.output import console


def serve(
    model: ModelOptions, port: Annotated[int, values.count(least=0, most=65535)] = 8765, host: str = "127.0.0.1",
    token: Annotated[str, values.option(envvar="MOTIONCOLLAGE_TOKEN")] = "", precision: str = "auto",
) -> None:  # fmt: skip
    """Answer other programs over HTTP on this machine: JSON jobs with progress, results as GLB, BVH, NPZ and others.

    Options:
        port: Where clients find it; 0 takes any that is free.
        host: Address to listen at; other than this machine's own it needs a token.
        token: Secret that clients send as Authorization: Bearer; better set in the environment than here.
    Advanced:
        precision: auto, float32 or bfloat16.
    """
    import socket

    from mdm_adapter.serving.door import Door

    door = Door(host, token, (socket.gethostname(),))
    parts = serving_parts("serve")
    from mdm_adapter.serving.routes import Api, application
    from mdm_adapter.serving.service import Service
    from motioncollage.precision import check_precision

    check_precision(precision)
    with parts.listen(host, port) as listening:
        pipeline = model.load("motion")
        service = Service(pipeline, precision=precision)
        where = parts.address(listening)
        console.print(
            f"{pipeline.name} listens at {where} (what it understands: {where}/); Ctrl-C ends it",
            soft_wrap=True,
        )
        ended = parts.run(service, application(Api(service), door), listening)
    ended_or_left(ended)


def serving_parts(command: str) -> ModuleType:
    """`serving.server`, for a command that needs it.

    Raises:
        ImportError: what it stands on is not installed; the message says how to get it.
    """
    try:
        return import_module("mdm_adapter.serving.server")
    except ModuleNotFoundError as error:
        raise ImportError(
            f'{command} needs {error.name}, which is not installed; pip install "motioncollage[serve]"'
        ) from error


def ended_or_left(ended: bool) -> None:
    """Say that the server stopped, and end the program where work goes on that cannot be stopped.

    A thread inside a library cannot be stopped, and Python, which would take the library away under it, would wait for it
    or crash.
    """
    console.print("stopped")
    if not ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
