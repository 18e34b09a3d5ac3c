"""`motioncollage serve`: a model for programs that are not Python."""

import os
import sys
from typing import Annotated

from motioncollage.shell import values
from motioncollage.shell.options import ModelOptions, spread_options
from motioncollage.shell.output import console


@spread_options
def serve(
    model: ModelOptions,
    port: Annotated[
        int, values.count("Where clients find it; 0 takes any that is free.", least=0, most=65535)
    ] = 8765,
    host: Annotated[
        str, values.option("Address to listen at; other than this machine's own it needs a token.")
    ] = "127.0.0.1",
    token: Annotated[
        str,
        values.option(
            "Secret that clients send as Authorization: Bearer; better set in the environment than here.",
            envvar="MOTIONCOLLAGE_TOKEN", show_envvar=True,
        ),
    ] = "",
    precision: Annotated[str, values.option("auto, float32 or bfloat16.", panel=values.ADVANCED)] = "auto",
) -> None:  # fmt: skip
    """Answer other programs over HTTP on this machine: JSON jobs with progress, results as GLB, BVH, NPZ and others."""
    import socket

    from mdm_adapter.serving.door import Door

    door = Door(host, token, (socket.gethostname(),))
    try:
        from mdm_adapter.serving.routes import Api, application
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
        ended = run(service, application(Api(service), door), listening)
    console.print("stopped")
    if not ended:
        # A thread inside a library cannot be stopped, and Python, which would take the library away under it, would
        # wait for it or crash.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
