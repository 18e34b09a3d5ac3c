"""`motioncollage models`: what is installed and what it can do."""

from typing import Annotated

import typer

from motioncollage.models import folder_of, named, sources
from motioncollage.shell.output import console


def models(name: Annotated[str | None, typer.Argument(help="A model, to list its actions.")] = None) -> None:
    """List the installed models, or the actions that one of them knows."""
    from rich.table import Table

    from mdm_adapter.models.vocabulary import Vocabulary

    if name is None:
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
    vocabulary = None if source and not source.asset else Vocabulary.read(folder_of(name, medium="motion"))
    if vocabulary is None:
        console.print(
            f"{name} came without a list of actions; it takes any sentence like those it was trained on"
        )
        return
    table = Table("action", "clips", "seconds", "for example")
    for entry in vocabulary.actions:
        table.add_row(entry.action, str(entry.clips), f"{entry.seconds:.1f}", entry.captions[0])
    console.print(table)
