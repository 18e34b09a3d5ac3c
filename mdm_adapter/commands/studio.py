"""`motioncollage studio`: a timeline in the browser."""

import secrets
from pathlib import Path
from typing import Annotated

from mdm_adapter.commands.serve import ended_or_left, serving_parts
from mdm_adapter.commands.view import has_screen, open_in_browser
from motioncollage.shell import values
from motioncollage.shell.options import ModelOptions, spread_options
from motioncollage.shell.output import console


@spread_options
def studio(
    model: ModelOptions,
    file: Annotated[
        Path | None,
        values.file_to_read("A project (.json), or motion to begin with (.bvh, .glb, .npz).", what="file"),
    ] = None,
    port: Annotated[int, values.count("Where the page is; 0 takes any that is free.", least=0, most=65535)] = 8766,
    host: Annotated[
        str, values.option("Address to listen at; by default only this machine reaches it.")
    ] = "127.0.0.1",
    folder: Annotated[
        Path | None,
        values.folder("Where projects are kept; MOTIONCOLLAGE_STUDIO, or ~/.motioncollage/studio."),
    ] = None,
    token: Annotated[
        str,
        values.option(
            "Secret in the address; a new one each time by default.", envvar="MOTIONCOLLAGE_TOKEN", show_envvar=True
        ),
    ] = "",
    open_: Annotated[
        bool | None,
        values.option(
            "Show it in the browser; by default where somebody sits at a terminal.", "--open/--no-open",
            panel=values.OUTPUT,
        ),
    ] = None,
) -> None:  # fmt: skip
    """Make motion on a timeline in the browser; everything is saved as you go.

    motioncollage studio
    """
    import socket
    import sys

    from mdm_adapter.studio.start import first_project
    from mdm_adapter.studio.store import Store, usual_folder

    parts = serving_parts("studio")
    from mdm_adapter.serving.door import Door
    from mdm_adapter.serving.service import Service
    from mdm_adapter.studio.routes import Studio, public_paths, studio_application
    from motioncollage.models import load_model

    door = Door(host, token or secrets.token_hex(16), (socket.gethostname(),), public_paths())
    store = Store(folder or usual_folder())
    store.tidy()
    first = first_project(store, file)
    with parts.listen(host, port) as listening:
        pipeline = load_model(
            model.model, medium="motion", device=model.device, text_encoder=model.text_encoder
        )
        service = Service(pipeline)
        where = f"{parts.address(listening)}/#{door.token}"
        console.print(
            f"the studio listens at {where} (Ctrl-C ends it; projects are in {store.folder})", soft_wrap=True
        )
        if open_ is None:
            open_ = sys.stdout.isatty() and has_screen()
        if open_:
            open_in_browser(where)
        ended = parts.run(service, studio_application(Studio(service, store, first), door), listening)
    ended_or_left(ended)
