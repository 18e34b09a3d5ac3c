"""What is said of models: which are installed, which actions one knows and how often they happen."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

from rich.table import Table

from mdm_adapter.models.happening import Happening, read_happening
from mdm_adapter.models.vocabulary import KnownAction, Vocabulary
from motioncollage.models import folder_of, named, sources
from motioncollage.shell.output import console

GROUPS = {
    "always": "always (9 of 10 takes or more)",
    "mostly": "mostly (half of the takes or more)",
    "rarely": "rarely (less than half of the takes)",
    "": "not judged (no check says whether they happened)",
}


def show_installed() -> None:
    """The installed models, and what their sources say of them."""
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


def show_actions(name: str, *, captions: bool) -> None:
    """The actions of a model: by how often they happen, or a row for each with a sentence for it.

    Raises:
        ValueError: there is no such model.
    """
    source = sources("motion").get(name) if name in named("motion") else None
    # A model that a package brings need not have a folder.
    folder = None if source and not source.asset else folder_of(name, medium="motion")
    folder = folder.parent if folder and not folder.is_dir() else folder
    vocabulary = Vocabulary.read(folder) if folder else None
    if folder is None or vocabulary is None:
        for fact, value in _facts_of(folder).items() if folder else ():
            console.print(f"{fact}: {value}", highlight=False, soft_wrap=True)
        console.print(
            f"{name} came without a list of actions; it takes any sentence like those it was trained on"
        )
        return
    happening = read_happening(folder)
    if happening and not captions:
        _show_groups(name, vocabulary.actions, happening)
        return
    table = Table("action", "clips", "seconds", *(("happens",) if happening else ()), "for example")
    for entry in vocabulary.actions:
        how = happening.get(entry.action)
        shares = ("" if how is None else f"{how.share:.2f}",) if happening else ()
        table.add_row(entry.action, str(entry.clips), f"{entry.seconds:.1f}", *shares, entry.captions[0])
    console.print(table)


def _facts_of(folder: Path) -> dict[str, str]:
    """What the kind of model that a folder holds says of it; nothing of a folder of no kind."""
    return next((s.describe(folder) for s in sources("motion").values() if s.recognises(folder)), {})


def _show_groups(name: str, actions: Sequence[KnownAction], happening: Mapping[str, Happening]) -> None:
    """Actions by name, those that happen most often first, with their shares where they are not always."""
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
        console.print(lines, highlight=False)
    console.print(f"\nA sentence for each: motioncollage models {name} --captions", highlight=False)
