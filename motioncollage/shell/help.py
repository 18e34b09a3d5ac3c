"""What --help shows: options in groups, and an example where there is nothing to do yet.

Plain text: rich's help would import its Markdown and syntax colouring, which is half of the time that --help takes.
"""

from typing import Any

from typer.core import TyperCommand

from motioncollage.shell.values import PANELS

COMMON = "Options"
FIRST = ("--seconds", "--frames", "--width", "--model", "--class", "--preset", "--steps", "--out")
PROGRAM = "motioncollage"


class Stopped(Exception):
    """Ctrl-C or SIGTERM within a command, with what it says; typer would swallow the interrupt itself, and the words."""

    def __init__(self, interrupt: KeyboardInterrupt) -> None:
        super().__init__(str(interrupt))
        self.interrupt = interrupt


class GroupedCommand(TyperCommand):
    """A command whose options stand in the groups that they name; `--help` and what has no group come last."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise Stopped(interrupt) from None

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {name: [] for name in ("Arguments", *PANELS)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is None:
                continue
            is_option = param.param_type_name == "option"
            panel = (getattr(param, "rich_help_panel", None) or COMMON) if is_option else "Arguments"
            groups.setdefault(panel, []).append(record)
        for records in groups.values():
            records.sort(key=lambda record: _rank(record[0]))
        for panel in (*(name for name in groups if name != COMMON), COMMON):
            if groups.get(panel):
                with formatter.section(panel):
                    formatter.write_dl(groups[panel])


def _rank(names: str) -> int:
    """What most people look for comes first in its group."""
    return next((place for place, name in enumerate(FIRST) if names.startswith(name)), len(FIRST))


def example_of(text: str | None) -> str | None:
    """The example in the help of a command: its first line that starts with the name of the program."""
    lines = (line.strip() for line in (text or "").splitlines())
    return next((line for line in lines if line.startswith(f"{PROGRAM} ")), None)
