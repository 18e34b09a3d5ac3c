"""`motioncollage plugins`: what the installed packages bring, and what of it cannot be used."""

from motioncollage import plugins as parts
from motioncollage.shell.output import console


def plugins() -> None:
    """List all parts by group: models, encoders, methods, samplers, metrics, readers, writers, commands."""
    from rich.table import Table

    table = Table("group", "name", "package", "state")
    broken: list[str] = []
    for group in parts.GROUPS:
        for name, entry in parts.available(group).items():
            try:
                parts.load(group, name)
                state = "ready"
            except ImportError as error:
                state = "cannot be used"
                broken.append(" ".join(str(error).split()))
            table.add_row(group, name, parts.distribution(entry), state)
    console.print(table)
    for line in broken:
        # "package[extra]" is no markup, and a command to be copied is not wrapped.
        console.print(line, markup=False, soft_wrap=True)
