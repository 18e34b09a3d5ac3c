"""`motioncollage`: commands and the one place where errors become a line and an exit code."""

import os
import sys
from itertools import pairwise

import typer

from eval.commands.evaluate import evaluate
from eval.commands.image import fid
from mdm_adapter.commands.data import app as data_app
from mdm_adapter.commands.doctor import doctor
from mdm_adapter.commands.edit import app as edit_app
from mdm_adapter.commands.generate import generate, loop, split
from mdm_adapter.commands.models import models
from mdm_adapter.commands.timeline import timeline
from mdm_adapter.commands.train import app as train_app
from motioncollage.image.commands.image import app as image_app

USAGE_ERROR = 2
INTERRUPTED = 130

app = typer.Typer(
    name="motioncollage",
    help="Long human motion from text: several actions in one take, seamless loops, training and evaluation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("generate")(generate)
app.command("loop")(loop)
app.command()(split)
app.command()(timeline)
app.command()(models)
app.command()(doctor)
app.command("eval")(evaluate)
app.add_typer(edit_app, name="edit")
image_app.command("fid")(fid)
app.add_typer(image_app, name="image")
app.add_typer(train_app, name="train")
app.add_typer(data_app, name="data")


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2, never a traceback.

    MOTIONCOLLAGE_DEBUG=1 lets the traceback through.
    """
    try:
        code = app(standalone_mode=False)
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
