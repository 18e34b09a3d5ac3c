"""`motioncollage models`: what is installed and what it can do; `models fetch`: a model from a hub."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from motioncollage.models import layouts
from motioncollage.shell import values
from motioncollage.shell.output import console, notes


class _ShowFirst(TyperGroup):
    """`models`, `models starter` and `models --captions` are `models show ...`: what most want needs no word."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ShowFirst,
    help="List the installed models, or the actions that one knows (models NAME); fetch one from a hub.",
)


@app.command()
def show(name: str | None = None, captions: Annotated[bool, values.named("--captions")] = False) -> None:
    """List the installed models, or the actions that one of them knows and how often they happen.

    Arguments:
        name: A model, to list its actions.
    Options:
        captions: Each action with a sentence for it, its clips and its usual length.
    """
    from mdm_adapter.models.listing import show_actions, show_installed

    if name is not None:
        show_actions(name, captions=captions)
    elif captions:
        raise ValueError("--captions says more of the actions of one model; name it")
    else:
        show_installed()


@app.command()
def fetch(name: str) -> None:
    """Fetch the newest weights of a model, or of a text encoder, from a hub into its cache; later commands need no network.

    Only safetensors, statistics and texts are fetched, nothing that can carry code.

    Arguments:
        name: hf:owner/name, or hf:owner/name@revision.
    """
    from mdm_adapter.models.fetched_text import LAYOUT
    from mdm_adapter.models.mdm.kinds import other_kind, read_args
    from mdm_adapter.models.mdm.layout import args_file
    from motioncollage import hub

    try:
        got = hub.fetch(name, [*layouts("motion"), LAYOUT])
    except hub.PicklesOnly:
        offered = hub.converted(name, [LAYOUT])
        if offered is None:
            raise
        got = offered
    about = args_file(got.folder)
    if about.exists() and (other := other_kind(read_args(about))):
        raise ValueError(f"{got.name} was fetched, but {other}")
    console.print(f"{got.name} is in {got.folder}", highlight=False, soft_wrap=True)
    if not got.fresh:
        notes.print("[yellow]warning:[/] the hub was not asked whether there is a newer one", markup=True)
    if got.licence:
        console.print(f"licence of the weights: {got.licence}", highlight=False)
    model = f"FOLDER --text-encoder {name}" if got.layout is LAYOUT else name
    console.print(f"use it: motioncollage generate PROMPT --model {model}", highlight=False, soft_wrap=True)
