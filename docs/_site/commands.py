"""The directive `commands`: every command of `motioncollage` with its arguments and options, from the program itself."""

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


def command_line() -> Any:
    """The Click command that `motioncollage` runs."""
    import typer

    from motioncollage.shell.main import build

    return typer.main.get_command(build())


def leaves(command: Any, name: str = "") -> list[tuple[str, Any]]:
    """All commands that do something, by their whole names, in order."""
    if hasattr(command, "commands"):
        own = [leaves(part, f"{name} {word}".strip()) for word, part in sorted(command.commands.items())]
        return [leaf for part in own for leaf in part]
    return [(name, command)]


def described(name: str, command: Any) -> str:
    """A command as Markdown."""
    words, *examples = (command.help or "").strip().split("\n\n")
    lines = [f"## {name}", "", " ".join(words.split()), ""]
    for example in examples:
        lines += ["```bash", *(line.strip() for line in example.splitlines()), "```", ""]
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    if arguments:
        lines += ["| argument | |", "|---|---|"]
        lines += [f"| `{p.make_metavar_name()}` | {_cell(p.help)} |" for p in map(_Argument, arguments)] + [
            ""
        ]
    groups: dict[str, list[Any]] = {}
    for parameter in command.params:
        if parameter.param_type_name == "option" and not parameter.hidden and parameter.name != "help":
            groups.setdefault(getattr(parameter, "rich_help_panel", None) or "Other", []).append(parameter)
    for group, options in groups.items():
        lines += [f"| {group} | | default |", "|---|---|---|"]
        for option in options:
            flags = " / ".join([*option.opts, *option.secondary_opts])
            lines.append(f"| `{flags}` | {_cell(option.help)} | {_default(option)} |")
        lines.append("")
    return "\n".join(lines)


class _Argument:
    def __init__(self, parameter: Any) -> None:
        self.parameter, self.help = parameter, getattr(parameter, "help", "") or ""

    def make_metavar_name(self) -> str:
        return str(self.parameter.name).upper() + ("..." if self.parameter.nargs == -1 else "")


def _cell(text: str | None) -> str:
    for mark in "|<*_":
        text = (text or "").replace(mark, f"\\{mark}")
    return " ".join((text or "").split())


def _default(option: Any) -> str:
    value = option.default
    if value is None or value == "" or callable(value) or "Sentinel" in type(value).__name__:
        return ""
    if isinstance(value, bool):
        return "on" if value else ""
    return f"`{value}`"


class Commands(SphinxDirective):
    """Puts all commands in its place."""

    def run(self) -> list[nodes.Node]:
        text = "\n\n".join(described(name, command) for name, command in leaves(command_line()))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("commands", Commands)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
