"""`motioncollage plugins`: what the installed packages bring, and what of it cannot be used."""

from motioncollage import plugins as parts
from motioncollage.shell.output import console


def plugins() -> None:
    """List all parts by group: models, encoders, methods, samplers, metrics, readers, writers, commands."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("group", "name", "package", "state")
    for group in parts.GROUPS:
        for name, entry in parts.available(group).items():
            try:
                parts.load(group, name)
                state = "ready"
            except ImportError as error:
                state = " ".join(str(error).split())
            # "package[extra]" is no markup.
            table.add_row(group, name, parts.distribution(entry), escape(state))
    console.print(table)
