"""Docstrings as this package writes them, made ready for Sphinx: examples become code, Markdown's code becomes its own."""

import re
from typing import Any

from sphinx.application import Sphinx

SECTION = re.compile(r"(Args|Attributes|Returns|Raises|Yields|Note|Example|Examples):$")
STARTS = re.compile(r"(\S.*[=(].*|import .*|from .* import .*|print\(.*|\[.*|motioncollage .*)")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _marked(line: str) -> str:
    """A line whose code is Sphinx's, and in which nothing else is a mark: stars, bars, names that end in an underscore."""
    made = []
    for part in re.split(r"(`[^`]+`)", line):
        if part.startswith("`") and part.endswith("`") and len(part) > 2:
            made.append(f"`{part}`")
        else:
            part = re.sub(r"([*|]|(?<=\w)_(?!\w))", r"\\\1", part)
            # Letters right behind code would keep it from ending.
            made.append(f"\\ {part}" if made and part[:1].isalnum() else part)
    return "".join(made)


def prepared(lines: list[str]) -> list[str]:
    """A docstring without tables and with its indented examples as code.

    An indented block behind an empty line, outside of `Args:` and its like, is an example.
    """
    made: list[str] = []
    inside = False
    number = 0
    while number < len(lines):
        line = lines[number]
        before = lines[number - 1] if number else ""
        if SECTION.match(line.strip()) and _depth(line) == 0:
            inside = True
        elif line and _depth(line) == 0:
            inside = False
        if not inside and line and _depth(line) >= 4 and not before.strip():
            made += [".. code-block:: " + ("python" if STARTS.match(line.strip()) else "none"), ""]
            while number < len(lines) and (not lines[number].strip() or _depth(lines[number]) >= 4):
                made.append(lines[number])
                number += 1
            made.append("")
            continue
        if line.lstrip().startswith("|"):  # a table of Markdown
            made += [".. code-block:: none", ""]
            while number < len(lines) and lines[number].lstrip().startswith("|"):
                made.append("    " + lines[number].strip())
                number += 1
            made.append("")
            continue
        made.append(_marked(line))
        number += 1
    return made


def _process(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = prepared(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    # Before napoleon, which reads the sections.
    app.connect("autodoc-process-docstring", _process, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
