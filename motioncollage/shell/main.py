"""`motioncollage`: a shell that finds its commands among the installed packages, and turns errors into a line."""

import os
import sys
from itertools import pairwise

import typer

from motioncollage import plugins, threads

USAGE_ERROR = 2
INTERRUPTED = 130


def build() -> typer.Typer:
    """The command line: `motioncollage.commands` entry points, each a function or a Typer app.

    A name of two words is a command of a group: `train image`. A command that cannot be loaded is told of and left out.
    """
    app = _group(
        "Long human motion from text: several actions in one take, seamless loops, training and evaluation."
    )
    groups: dict[str, typer.Typer] = {}
    nested: list[tuple[str, str, object]] = []
    for name in plugins.available("commands"):
        try:
            part = plugins.load("commands", name)
        except ImportError as error:
            _say(_one_line(error))
            continue
        group, _, own = name.rpartition(" ")
        if group:
            nested.append((group, own, part))
        elif isinstance(part, typer.Typer):
            groups[name] = part
        else:
            app.command(name)(part)
    for group, own, part in nested:
        if group not in groups:
            groups[group] = _group(GROUPS.get(group, f"Commands of {group}."))
        groups[group].command(own)(part)  # type: ignore[type-var]
    for name, part in groups.items():
        app.add_typer(part, name=name)
    return app


GROUPS = {"train": "Train models. Interrupt with Ctrl-C; the same command goes on where it stopped."}


def _group(text: str) -> typer.Typer:
    # Plain help: rich's would import its Markdown and syntax colouring, which is half of the time that --help takes.
    return typer.Typer(
        help=text, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
        rich_markup_mode=None,
    )  # fmt: skip


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2, never a traceback.

    MOTIONCOLLAGE_DEBUG=1 lets the traceback through.
    """
    threads.settled()  # before a command loads PyTorch
    try:
        code = build()(standalone_mode=False)
    except KeyboardInterrupt:
        _say("interrupted; nothing was written under the final names")
        sys.exit(INTERRUPTED)
    except Exception as error:
        if os.environ.get("MOTIONCOLLAGE_DEBUG"):
            raise
        message = _usage_message(error, sys.argv[1:])
        if message is None and not isinstance(error, (ValueError, OSError, RuntimeError, ImportError)):
            raise  # a defect of ours: its traceback is what we need to see
        _say(message or _one_line(error))
        sys.exit(USAGE_ERROR)
    sys.exit(code if isinstance(code, int) else 0)


def _say(message: str) -> None:
    print(f"motioncollage: {message}", file=sys.stderr)


def _usage_message(error: Exception, arguments: list[str]) -> str | None:
    """What is wrong with the arguments themselves; None for any other error.

    Known by its method, because the class lives in `click` or inside `typer`, depending on typer's version.
    """
    describe = getattr(error, "format_message", None)
    if describe is None:
        return None
    words = [part for argument in arguments for part in argument.split("=", 1)]
    names = getattr(getattr(error, "param", None), "opts", ())
    given = [value for name, value in pairwise(words) if name in names]
    named = f" (given: {given[-1]!r})" if given else ""
    return f"{' '.join(str(describe()).split())}{named}; --help lists the options"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    main()
