"""`motioncollage serve`: a model for programs that are not Python."""

import os
import sys
from typing import Annotated

import typer

from motioncollage.shell.options import ModelOptions, spread_options
from motioncollage.shell.output import console


@spread_options
def serve(
    model: ModelOptions,
    port: Annotated[int, typer.Option(help="Where clients find it; 0 takes any that is free.")] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen at; other than this machine's own it needs a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str,
        typer.Option(
            envvar="MOTIONCOLLAGE_TOKEN", show_envvar=True,
            help="Secret that clients send as Authorization: Bearer; better set in the environment than here.",
        ),
    ] = "",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16.")] = "auto",
) -> None:  # fmt: skip
    """Answer other programs over HTTP on this machine: JSON jobs with progress, results as GLB, BVH, NPZ and others."""
    import socket

    from mdm_adapter.serving.door import Door

    if not 0 <= port <= 65535:
        raise ValueError(f"--port is {port}; give 1 to 65535, or 0 for any that is free")
    door = Door(host, token, (socket.gethostname(),))
    try:
        from mdm_adapter.serving.server import address, listen, run
    except ModuleNotFoundError as error:
        raise ImportError(
            f'serve needs {error.name}, which is not installed; pip install "motioncollage[serve]"'
        ) from error
    from mdm_adapter.serving.service import Service
    from motioncollage.models import load_model
    from motioncollage.precision import check_precision

    check_precision(precision)
    with listen(host, port) as listening:
        pipeline = load_model(
            model.model, medium="motion", device=model.device, text_encoder=model.text_encoder
        )
        service = Service(pipeline, precision=precision)
        where = address(listening)
        console.print(
            f"{pipeline.name} listens at {where} (what it understands: {where}/); Ctrl-C ends it",
            soft_wrap=True,
        )
        ended = run(service, door, listening)
    console.print("stopped")
    if not ended:
        # A thread inside a library cannot be stopped, and Python, which would take the library away under it, would
        # wait for it or crash.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
