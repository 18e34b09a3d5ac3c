"""`motioncollage models`: what is installed and what it can do; `models fetch`: a model from a hub."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from motioncollage.models import folder_of, layouts, named, sources
from motioncollage.shell.output import console, notes

if TYPE_CHECKING:
    from pathlib import Path

    from mdm_adapter.models.happening import Happening
    from mdm_adapter.models.vocabulary import KnownAction

GROUPS = {
    "always": "always (9 of 10 takes or more)",
    "mostly": "mostly (half of the takes or more)",
    "rarely": "rarely (less than half of the takes)",
    "": "not judged (no check says whether they happened)",
}


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
def show(
    name: Annotated[str | None, typer.Argument(help="A model, to list its actions.")] = None,
    captions: Annotated[
        bool,
        typer.Option(
            "--captions", help="Each action with a sentence for it, its clips and its usual length."
        ),
    ] = False,
) -> None:
    """List the installed models, or the actions that one of them knows and how often they happen."""
    from rich.table import Table

    from mdm_adapter.models.happening import read_happening
    from mdm_adapter.models.vocabulary import Vocabulary

    if name is None:
        if captions:
            raise ValueError("--captions says more of the actions of one model; name it")
        facts = {
            known: source.describe(source.folder) if source.folder else {}
            for known, source in sources("motion").items()
            if known in named("motion")
        }
        columns = list(dict.fromkeys(key for row in facts.values() for key in row))
        table = Table("model", *columns)
        for known, row in facts.items():
            table.add_row(known, *(row.get(column, "") for column in columns))
        console.print(table)
        return
    source = sources("motion").get(name) if name in named("motion") else None
    # A model that a package brings need not have a folder.
    folder = None if source and not source.asset else folder_of(name, medium="motion")
    folder = folder.parent if folder and not folder.is_dir() else folder
    vocabulary = Vocabulary.read(folder) if folder else None
    if folder is None or vocabulary is None:
        for fact, value in facts_of(folder).items() if folder else ():
            console.print(f"{fact}: {value}", highlight=False, markup=False, soft_wrap=True)
        console.print(
            f"{name} came without a list of actions; it takes any sentence like those it was trained on"
        )
        return
    happening = read_happening(folder)
    if happening and not captions:
        show_groups(name, vocabulary.actions, happening)
        return
    measured = ("happens",) if happening else ()
    table = Table("action", "clips", "seconds", *measured, "for example")
    for entry in vocabulary.actions:
        how = happening.get(entry.action)
        shares = ("" if how is None else f"{how.share:.2f}",) if happening else ()
        table.add_row(entry.action, str(entry.clips), f"{entry.seconds:.1f}", *shares, entry.captions[0])
    console.print(table)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="hf:owner/name, or hf:owner/name@revision.")],
) -> None:
    """Fetch the newest weights of a model, or of a text encoder, from a hub into its cache; later commands need no network.

    Only safetensors, statistics and texts are fetched, nothing that can carry code.
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
    console.print(f"{got.name} is in {got.folder}", highlight=False, markup=False, soft_wrap=True)
    if not got.fresh:
        notes.print("[yellow]warning:[/] the hub was not asked whether there is a newer one", markup=True)
    if got.licence:
        console.print(f"licence of the weights: {got.licence}", highlight=False, markup=False)
    console.print(
        f"use it: motioncollage generate PROMPT --model {f'FOLDER --text-encoder {name}' if got.layout is LAYOUT else name}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


def facts_of(folder: "Path") -> dict[str, str]:
    """What the kind of model that a folder holds says of it; nothing of a folder of no kind."""
    return next((s.describe(folder) for s in sources("motion").values() if s.recognises(folder)), {})


def show_groups(name: str, actions: "Sequence[KnownAction]", happening: "Mapping[str, Happening]") -> None:
    """Actions by name, those that happen most often first, with their shares where they are not always."""
    from textwrap import fill

    groups: dict[str, list[tuple[float, str]]] = {group: [] for group in GROUPS}
    for entry in actions:
        how = happening.get(entry.action)
        group = how.group if how else ""
        # No break between a name and its share; names stay as they are, to be copied.
        share = f"\N{NO-BREAK SPACE}{how.share:.2f}" if how and group != "always" else ""
        groups[group].append((how.share if how and share else 0.0, entry.action + share))
    takes = sorted({how.takes for how in happening.values()})
    several = f"{takes[0]}" if len(takes) == 1 else f"{takes[0]} to {takes[-1]}"
    console.print(
        f"{name} knows {len(actions)} actions. How often they happen, of {several} takes:", highlight=False
    )
    width = min(console.rich.width, 100)
    for group, title in GROUPS.items():
        if not groups[group]:
            continue
        names = ", ".join(words for _, words in sorted(groups[group], key=lambda row: (-row[0], row[1])))
        lines = fill(names, width, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
        console.print(f"\n[bold]{title}[/], {len(groups[group])}", highlight=False, markup=True)
        console.print(lines, highlight=False, markup=False)
    console.print(f"\nA sentence for each: motioncollage models {name} --captions", highlight=False)
