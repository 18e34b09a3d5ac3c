"""`motioncollage studio`: a timeline in the browser."""

import secrets
from pathlib import Path
from typing import Annotated

from mdm_adapter.commands.serve import ended_or_left, serving_parts
from motioncollage.shell import values
from motioncollage.shell.options import ModelOptions
from motioncollage.shell.output import console, has_screen, open_in_browser


def studio(
    model: ModelOptions,
    file: Annotated[
        Path,
        values.file_to_read("A project (.json), or motion to begin with (.bvh, .glb, .npz).", what="file"),
    ]
    | None = None,
    port: Annotated[int, values.count(least=0, most=65535)] = 8766, host: str = "127.0.0.1",
    folder: Annotated[Path, values.folder()] | None = None,
    token: Annotated[str, values.option(envvar="MOTIONCOLLAGE_TOKEN")] = "",
    open_: Annotated[bool, values.named("--open/--no-open")] | None = None,
) -> None:  # fmt: skip
    """Make motion on a timeline in the browser; everything is saved as you go.

    motioncollage studio

    Options:
        port: Where the page is; 0 takes any that is free.
        host: Address to listen at; by default only this machine reaches it.
        token: Secret in the address; a new one each time by default.
    Output:
        folder: Where projects are kept; MOTIONCOLLAGE_STUDIO, or ~/.motioncollage/studio.
        open_: Show it in the browser; by default where somebody sits at a terminal.
    """
    import socket

    from mdm_adapter.studio.start import first_project
    from mdm_adapter.studio.store import Store, usual_folder

    parts = serving_parts("studio")
    from mdm_adapter.serving.door import Door
    from mdm_adapter.serving.service import Service
    from mdm_adapter.studio.routes import Studio, public_paths, studio_application

    door = Door(host, token or secrets.token_hex(16), (socket.gethostname(),), public_paths())
    store = Store(folder or usual_folder())
    store.tidy()
    first = first_project(store, file)
    with parts.listen(host, port) as listening:
        service = Service(model.load("motion"))
        where = f"{parts.address(listening)}/#{door.token}"
        console.print(
            f"the studio listens at {where} (Ctrl-C ends it; projects are in {store.folder})", soft_wrap=True
        )
        if has_screen() if open_ is None else open_:
            open_in_browser(where)
        ended = parts.run(service, studio_application(Studio(service, store, first), door), listening)
    ended_or_left(ended)
