"""The code of the documentation: every block of README and docs, fenced or indented, and what kind of code it is."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markdown_it import MarkdownIt
from paths import REPOSITORY

PAGES = [
    REPOSITORY / "README.md",
    *(
        page
        for page in sorted((REPOSITORY / "docs").rglob("*.md"))
        if not {"benchmarks", "studies", "reference", "_site"} & set(page.relative_to(REPOSITORY).parts)
        and "<!-- shows " not in page.read_text(encoding="utf-8")
    ),
]
NAMES = [page.relative_to(REPOSITORY).as_posix() for page in PAGES]
# Stands right before a block that cannot run where the tests do, and says why.
PARSED_ONLY = re.compile(r"<!-- parsed only: (.+?) -->\s*$")
# Programs that are not ours; what of ours they are given is looked at.
OTHERS = {"pip", ".venv/bin/pip", "blender", "curl", "hf", "export", "torchrun", "accelerate", "apt-get", "npm", "cp", "source"}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A block: its page, its first line, its language, its text, and why it is not run (if it is not)."""

    page: str
    line: int
    language: str
    text: str
    parsed_only: str = ""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Line:
    """A command as one types it."""

    place: str
    words: tuple[str, ...]
    parsed_only: str = ""

    @property
    def ours(self) -> tuple[str, ...] | None:
        """What `motioncollage` is given in it; None where it is another program."""
        if self.words[0] in ("motioncollage", ".venv/bin/motioncollage"):
            return self.words[1:]
        for number, word in enumerate(self.words):
            if word == "motioncollage.shell.main":
                return self.words[number + 1 :]
        return None


def blocks_of(text: str, page: str) -> list[Block]:
    """All blocks of a Markdown text."""
    lines = text.splitlines()
    found = []
    for token in MarkdownIt("commonmark").parse(text):
        if token.type not in ("fence", "code_block"):
            continue
        assert token.map is not None
        before = "\n".join(lines[: token.map[0]])
        mark = PARSED_ONLY.search(before)
        language = token.info.split()[0] if token.info.strip() else ""
        if not language:
            first = (token.content.split(maxsplit=1) or [""])[0]
            language = "bash" if first in {"motioncollage", *OTHERS} or first.startswith("./scripts/") else ""
        first_line = token.map[0] + (2 if token.type == "fence" else 1)
        found.append(Block(page, first_line, language, token.content, mark[1] if mark else ""))
    return found


def blocks(page: str, language: str) -> list[Block]:
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    return [block for block in blocks_of(text, page) if block.language == language]


def commands(block: Block) -> list[Line]:
    """The commands of a block of shell: lines that end in a backslash go on, comments are none."""
    joined = re.sub(r"\\\n\s*", " ", block.text)
    found = []
    for number, line in enumerate(joined.splitlines()):
        words = shlex.split(line, comments=True)
        if words:
            found.append(Line(f"{block.page}:{block.line + number}", tuple(words), block.parsed_only))
    return found


def leaf(root: Any, words: tuple[str, ...]) -> tuple[str, Any, list[str]]:
    """The command that words name, its name, and what it is given; AssertionError where there is none."""
    command, name, rest = root, "", list(words)
    while hasattr(command, "commands") and (rest or "show" in command.commands) and rest[:1] != ["--help"]:
        if "show" in command.commands and (not rest or rest[0] not in command.commands):
            rest = ["show", *rest]  # as `models` reads itself
        assert rest[0] in command.commands, f"there is no command {' '.join([name, rest[0]]).strip()!r}"
        name, command = f"{name} {rest[0]}".strip(), command.commands[rest.pop(0)]
    return name, command, rest


def variants(words: list[str]) -> list[list[str]]:
    """Words of which one says `a|b|c` are as many commands; a bare `...` stands for what is left out."""
    for number, word in enumerate(words):
        if re.fullmatch(r"\w+(\|\w+)+", word):
            return [[*words[:number], one, *words[number + 1 :]] for one in word.split("|")]
    return [words]


def parse(root: Any, words: tuple[str, ...]) -> None:
    """Let the command line read a command, without running it: every option, argument and value is checked.

    Files and folders that it names are made where they are not there, since a block may speak of anybody's.

    Raises:
        Exception: what the command line would refuse.
    """
    name, command, given = leaf(root, words)
    if hasattr(command, "commands"):
        assert not given or given == ["--help"], f"{name or 'motioncollage'} takes {given}?"
        return
    shortened = "..." in given
    for arguments in variants([word for word in given if word != "..."]):
        if arguments == ["--help"]:
            continue
        for _ in range(12):
            try:
                command.make_context(name, list(arguments))
            except Exception as error:
                if shortened and type(error).__name__ == "MissingParameter":
                    break
                if not _provide(str(error)):
                    raise
            else:
                break


def _provide(message: str) -> bool:
    """Make the file or folder that a message misses; false where it speaks of something else."""
    missing = re.search(r"(\S+) does not exist", message)
    other = re.search(r"(\S+) is no folder", message)
    found = missing or other
    if found is None or Path(found[1]).is_absolute() or ".." in Path(found[1]).parts:
        return False
    path = Path(found[1])
    if other or found[1].endswith("/"):
        path.unlink(missing_ok=True)
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return True
