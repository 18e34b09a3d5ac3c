"""Running the command line in a test."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Command = Callable[..., Result]


def one_line(result: Result) -> str:
    assert result.code == 2
    line = result.err.strip().split("\r")[-1]
    assert "\n" not in line
    return line
