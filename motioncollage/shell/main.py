"""`motioncollage`: a shell that finds its commands among the installed packages, and turns errors into a line."""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperCommand

from motioncollage import plugins, threads
from motioncollage.shell.help import GroupedCommand, Stopped, example_of
from motioncollage.shell.options import spread_options
from motioncollage.shell.output import release_folders
from motioncollage.wording import shown

USAGE_ERROR = 2
DEFECT = 1
INTERRUPTED = 130
TERMINATED = 143
CLOSED_PIPE = 141
NOTHING_LOST = "no file is half-written, what was written before is whole"

START = """\
motioncollage makes long human motion from text. For example:

  motioncollage generate "a person walks, then waves, then sits down"   a motion, a video and a contact sheet in out/
  motioncollage loop "a person walks forward" --seconds 8               a motion without a first frame
  motioncollage models starter                                          the actions that the bundled model knows
  motioncollage view out/motion.npz                                     play it in the browser

Commands: {commands}.
motioncollage --help says what they do, motioncollage COMMAND --help lists their options."""


def build(asked: str = "") -> typer.Typer:
    """The command line: `motioncollage.commands` entry points, each a function or a Typer app.

    A name of two words is a command of a group: `train image`. A command that cannot be loaded is told of and left out.

    Args:
        asked: the command or group that is going to be run: only it is built, if there is one of that name.
    """
    app = _group(
        "Long human motion from text: several actions in one take, seamless loops, training and evaluation."
    )
    app.callback()(lambda: None)  # or a single command would be the whole program, and its name an argument
    groups: dict[str, typer.Typer] = {}
    nested: list[tuple[str, str, Callable[..., None]]] = []
    names = list(plugins.available("commands"))
    for name in [n for n in names if n.split()[0] == asked] or names:
        try:
            part = _with_options(plugins.load("commands", name))
        except (ImportError, TypeError) as error:
            if name == asked:
                return build()  # which says so, and knows the others
            _say(_one_line(error))
            continue
        group, _, own = name.rpartition(" ")
        if isinstance(part, typer.Typer):
            groups[name] = part
        elif group:
            nested.append((group, own, part))
        else:
            app.command(name, cls=GroupedCommand)(part)
    for group, own, part in nested:
        if group not in groups:
            groups[group] = _group(GROUPS.get(group, f"Commands of {group}."))
        groups[group].command(own, cls=GroupedCommand)(part)
    for name, group_app in groups.items():
        app.add_typer(group_app, name=name)
    return app


def _with_options(part: typer.Typer | Callable[..., None]) -> typer.Typer | Callable[..., None]:
    """A command, or the commands of a group, in the form that typer reads."""
    if not isinstance(part, typer.Typer):
        return spread_options(part)
    for command in part.registered_commands:
        if command.callback is not None:
            command.callback = spread_options(command.callback)
        if command.cls is None or command.cls is TyperCommand:
            command.cls = GroupedCommand
    return part


GROUPS = {"train": "Train models. Interrupt with Ctrl-C; the same command goes on where it stopped."}


def _group(text: str) -> typer.Typer:
    return typer.Typer(
        help=text, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
        rich_markup_mode=None,
    )  # fmt: skip


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2, never a traceback.

    Anything else is a defect: its traceback, where to report it, and exit code 1. MOTIONCOLLAGE_DEBUG=1 lets every
    traceback through.
    """
    if len(sys.argv) < 2:
        print(START.format(commands=", ".join(sorted({n.split()[0] for n in plugins.available("commands")}))))
        sys.exit(0)
    threads.settled()  # before a command loads PyTorch
    usual = _catch_termination()
    try:
        code = build(sys.argv[1])(standalone_mode=False)
        if code == INTERRUPTED:  # before the command began
            raise KeyboardInterrupt
        sys.stdout.flush()
    except BrokenPipeError:
        _close_quietly()
        sys.exit(CLOSED_PIPE)
    except BaseException as error:
        if isinstance(error, SystemExit):
            raise
        if os.environ.get("MOTIONCOLLAGE_DEBUG"):
            raise
        sys.exit(_explain(error))
    finally:
        release_folders()
        _restore(usual)
    sys.exit(code if isinstance(code, int) else 0)


def _explain(error: BaseException) -> int:
    """Say what went wrong; the exit code."""
    stopped = error.interrupt if isinstance(error, Stopped) else error
    if isinstance(stopped, KeyboardInterrupt):
        _say(f"interrupted; {str(stopped) or NOTHING_LOST}")
        return TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED
    if type(error).__name__ == "NoArgsIsHelpError":  # a group without a command: its help is the answer
        print(error.ctx.get_help())  # type: ignore[attr-defined]
        return 0
    message = _usage_message(error, sys.argv[1:]) or _memory_message(error)
    if message is None and not isinstance(error, (ValueError, OSError, RuntimeError, ImportError)):
        traceback.print_exception(error)  # a defect of ours: its traceback is what we need to see
        _say(
            "this is a defect of motioncollage: please report it where you got the program, with the lines above and the"
            " command"
        )
        return DEFECT
    _say(message or _one_line(error))
    return USAGE_ERROR


class Terminated(KeyboardInterrupt):
    """SIGTERM: what Ctrl-C leaves tidy, this does too."""


def _catch_termination() -> Any:
    def stop(number: int, _: object) -> None:
        raise Terminated

    try:
        return signal.signal(signal.SIGTERM, stop)
    except ValueError:  # not the main thread
        return None


def _restore(handler: Any) -> None:
    if handler is not None:
        signal.signal(signal.SIGTERM, handler)


def _close_quietly() -> None:
    """Whoever read our output has gone, such as `head`; Python would complain once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(message: str) -> None:
    print(f"motioncollage: {shown(message)}", file=sys.stderr)


def _usage_message(error: BaseException, arguments: list[str]) -> str | None:
    """What is wrong with the arguments themselves; None for any other error.

    Known by its method, because the class lives in `click` or inside `typer`, depending on typer's version.
    """
    describe = getattr(error, "format_message", None)
    if describe is None:
        return None
    words = [part for argument in arguments for part in argument.split("=", 1)]
    names = getattr(getattr(error, "param", None), "opts", ())
    given = [value for name, value in pairwise(words) if name in names]
    named = f" (given: {shown(given[-1], 60)!r})" if given else ""
    command = getattr(getattr(error, "ctx", None), "command", None)
    example = (
        example_of(getattr(command, "help", None)) if type(error).__name__ == "MissingParameter" else None
    )
    remedy = f"for example: {example}" if example else "--help lists the options"
    return f"{shown(describe(), 300)}{named}; {remedy}"


def _memory_message(error: BaseException) -> str | None:
    if (
        isinstance(error, MemoryError)
        or "OutOfMemory" in type(error).__name__
        or "can't allocate memory" in str(error)
    ):
        return "there is not enough memory for this; make less at a time: fewer samples, a shorter motion, a smaller picture"
    return None


def _one_line(error: BaseException) -> str:
    return shown(error) or type(error).__name__


if __name__ == "__main__":
    main()
