"""Kinds of values that parameters of commands take: every command refuses the same things, in the same words, and before
any work. They stand in types; the words of --help stand in docstrings, or here where several commands share them.

    def walk(gait: Annotated[str, values.choice(known=("slow", "fast"))] = "slow", seconds: Seconds | None = None) -> None:
        '''Walk.

        How long:
            seconds: Length of the whole motion.
        What to make:
            gait: slow or fast.
        '''
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from motioncollage.files import check_file
from motioncollage.wording import shown

# Groups of options in --help, in this order; others come after them. Arguments have their place, not a name.
ARGUMENTS = "Arguments"
LENGTH = "How long"
MAKING = "What to make"
QUALITY = "How good"
OUTPUT = "Output"
ADVANCED = "Advanced"
PANELS = (LENGTH, MAKING, QUALITY, OUTPUT, ADVANCED)

MAX_SECONDS = 3600.0
MAX_STEPS = 1000
MAX_SAMPLES = 1000
MAX_SEED = 2**63 - 1
MAX_SIDE = 65_536

Check = Callable[[str, Any], object]
"""(name of the option, value); raises ValueError. None, for "not given", needs no check."""


@dataclass(frozen=True)
class Value:
    """What a parameter of a command is, besides its type and its default.

    Attributes:
        help: its line in --help.
        names: of the option, where it is not called as the parameter is.
        panel: its group in --help; `ARGUMENTS` for what has no name there.
        check: what refuses.
        envvar: a variable of the environment that it is read from, too.
    """

    help: str = ""
    names: tuple[str, ...] = ()
    panel: str = ""
    check: Check | None = None
    envvar: str | None = None


def option(
    help: str = "", *names: str, panel: str = "", check: Check | None = None, envvar: str | None = None
) -> Value:
    """A value of any kind."""
    return Value(help, names, panel, check, envvar)


def argument(help: str = "", *, check: Check | None = None) -> Value:
    """An argument of any kind."""
    return Value(help, panel=ARGUMENTS, check=check)


def named(*names: str) -> Value:
    """An option that is not called as its parameter is."""
    return Value(names=names)


def number(
    help: str = "", *names: str, least: float = -math.inf, most: float = math.inf, above: float = -math.inf,
    infinite: bool = False, unit: str = "number", panel: str = "",
) -> Value:  # fmt: skip
    """A number in a range: `least` to `most`, both included, and above `above`; finite, unless inf means something."""
    wanted = _range(unit, least, most, above)

    def check(name: str, value: float) -> None:
        finite = math.isfinite(value) or (infinite and value == math.inf)
        if not finite or not least <= value <= most or not value > above:
            raise ValueError(f"{name} is {value:.10g}; give {wanted}")

    return option(help, *names, panel=panel, check=check)


def seconds(help: str = "", *names: str, zero: bool = False, panel: str = "") -> Value:
    """A length of time up to an hour; above nothing, unless `zero` means something."""
    above = -math.inf if zero else 0.0
    return number(help, *names, least=0.0, above=above, most=MAX_SECONDS, unit="seconds", panel=panel)


def count(
    help: str = "", *names: str, least: int = 1, most: int | None = None, multiple: int = 1, unit: str = "whole number",
    panel: str = "",
) -> Value:  # fmt: skip
    """How many there are of something."""
    wanted = _range(unit, least, math.inf if most is None else most, -math.inf)
    if multiple > 1:
        wanted += f", a multiple of {multiple}"

    def check(name: str, value: int) -> None:
        if value < least or (most is not None and value > most) or value % multiple:
            raise ValueError(f"{name} is {shown(value, 40)}; give {_a(wanted)}")

    return option(help, *names, panel=panel, check=check)


def seed(help: str = "", *names: str, panel: str = MAKING) -> Value:
    """A seed of random numbers."""
    return count(help, *names, least=0, most=MAX_SEED, panel=panel)


def steps(help: str = "", *names: str, panel: str = QUALITY) -> Value:
    """Steps of a sampler."""
    return count(help, *names, most=MAX_STEPS, panel=panel)


def samples(help: str = "", *names: str, panel: str = MAKING) -> Value:
    """How many of the same."""
    return count(help, *names, most=MAX_SAMPLES, panel=panel)


def pixels(help: str = "", *names: str, panel: str = LENGTH) -> Value:
    """A side of a picture."""
    return count(help, *names, least=8, most=MAX_SIDE, unit="pixels", panel=panel)


def folder(help: str = "", *names: str, panel: str = OUTPUT) -> Value:
    """A folder to write into, which need not exist yet."""

    def check(name: str, value: Path) -> None:
        if _exists(name, value) and not value.is_dir():
            raise ValueError(f"{name} {shown(value, 300)} is a file; name a folder")

    return option(help, *names, panel=panel, check=check)


def written(help: str = "", *names: str, endings: tuple[str, ...], panel: str = OUTPUT) -> Value:
    """A file to write, by its ending."""

    def check(name: str, value: Path) -> None:
        if value.suffix.lower() not in endings:
            raise ValueError(f"{name} {shown(value, 300)} is no {endings[0]}; name a file that ends so")
        if _exists(name, value) and value.is_dir():
            raise ValueError(f"{name} {shown(value, 300)} is a folder; name a file in it")

    return option(help, *names, panel=panel, check=check)


def file_to_read(help: str = "", *, what: str) -> Value:
    """An argument that is an ordinary file (or several, of a list)."""
    return argument(help, check=lambda name, value: check_file(value, what))


def file_option(help: str = "", *names: str, what: str, panel: str = "") -> Value:
    """An option that is an ordinary file."""
    return option(help, *names, panel=panel, check=lambda name, value: check_file(value, what))


def data_folder(help: str = "") -> Value:
    """An argument that is a folder which is there."""
    return argument(help, check=lambda name, value: check_folder(value, "data folder"))


def folder_option(help: str = "", *names: str, what: str, panel: str = "") -> Value:
    """An option that is a folder which is there."""
    return option(help, *names, panel=panel, check=lambda name, value: check_folder(value, what))


def place_option(help: str = "", *names: str, what: str, panel: str = "") -> Value:
    """An option that is a folder which is there, or an ordinary file."""

    def check(name: str, value: Path) -> None:
        if not (_exists(what, value) and value.is_dir()):
            check_file(value, what)

    return option(help, *names, panel=panel, check=check)


def check_folder(path: Path, what: str) -> None:
    """Refuse a path that is no folder.

    Raises:
        ValueError: it is not there, or something else.
    """
    if not _exists(what, path):
        raise ValueError(f"{what} {shown(path, 300)} does not exist; check the path")
    if not path.is_dir():
        raise ValueError(f"{what} {shown(path, 300)} is no folder; name the folder that holds the files")


def one_of(name: str, value: str, known: "list[str] | tuple[str, ...]") -> None:
    """Refuse a word that is none of those known, which the message names."""
    if value not in known:
        raise ValueError(f"{name} {shown(value, 60)!r} is unknown; choose one of {', '.join(known)}")


def choice(help: str = "", *names: str, known: tuple[str, ...], panel: str = "") -> Value:
    """One of some words."""
    return option(help, *names, panel=panel, check=lambda name, value: one_of(name, value, known))


def _exists(name: str, path: Path) -> bool:
    try:
        return path.exists()
    except (
        OSError,
        ValueError,
    ) as error:  # a null character, a name that is too long, a folder that is closed
        raise ValueError(
            f"{name} {shown(path, 300)} cannot be looked at ({shown(error, 80)}); check the path"
        ) from error


def _range(unit: str, least: float, most: float, above: float) -> str:
    low = f"above {above:g}" if above > -math.inf else f"from {least:,g}" if least > -math.inf else ""
    high = (
        f"up to {most:,.0f}"
        if most != math.inf and most >= 1000
        else f"up to {most:g}"
        if most != math.inf
        else ""
    )
    return " ".join(part for part in ("a finite number" if unit == "number" else unit, low, high) if part)


def _a(words: str) -> str:
    return f"a {words}" if words.startswith("whole") else words
