"""`motioncollage`: commands and the one place where errors become a line and an exit code."""

import os
import sys

import typer

from motioncollage.cli.data import app as data_app
from motioncollage.cli.doctor import doctor
from motioncollage.cli.generate import generate, loop, split
from motioncollage.cli.models import models
from motioncollage.cli.train import app as train_app

USAGE_ERROR = 2
INTERRUPTED = 130

app = typer.Typer(
    name="motioncollage",
    help="Long human motion from text: several actions in one take, seamless loops, training and evaluation.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(generate)
app.command()(loop)
app.command()(split)
app.command()(models)
app.command()(doctor)
app.add_typer(train_app, name="train")
app.add_typer(data_app, name="data")


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2, never a traceback.

    MOTIONCOLLAGE_DEBUG=1 lets the traceback through.
    """
    try:
        app()
    except (ValueError, OSError, RuntimeError, ImportError) as error:
        if os.environ.get("MOTIONCOLLAGE_DEBUG"):
            raise
        print(f"motioncollage: {_one_line(error)}", file=sys.stderr)
        sys.exit(USAGE_ERROR)
    except KeyboardInterrupt:
        print("motioncollage: interrupted; nothing was written under the final names", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


if __name__ == "__main__":
    main()
