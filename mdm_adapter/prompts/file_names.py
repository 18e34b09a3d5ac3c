"""Prompts that look like files: no model can do "scene.cvs"."""

import os
import re
from difflib import get_close_matches
from pathlib import Path

from motioncollage.wording import shown

TIMELINES = (".json", ".csv")
LONGEST_NAME = 4096


def ask_about_files(prompt: str) -> None:
    """Refuse a folder, or what looks like the name of a file, as a prompt.

    Raises:
        ValueError: such a prompt; the message says which file was perhaps meant.
    """
    word, instead = prompt.strip(), "or write an action"
    if not word or len(word) > LONGEST_NAME or "\0" in word or "|" in word or word[0] in "[{":
        return
    path, named = Path(word), _is_name(word)
    try:
        there = path.exists()
    except OSError:
        return
    if there and path.is_dir() and (os.sep in word or any(path.iterdir())):
        raise ValueError(f"{shown(word)!r} is a folder; name a .json or .csv timeline in it, {instead}")
    if path.suffix.lower() in TIMELINES or not (there or named):
        return
    if there and path.is_file() and path.suffix:
        raise ValueError(f"{shown(word)!r} is a file, but no timeline; give a .json or a .csv, {instead}")
    if named:
        near = _near(path)
        meant = f"did you mean {near}?" if near else "give a .json or a .csv timeline, or write an action"
        raise ValueError(f"{shown(word)!r} looks like a file, and there is none of that name; {meant}")


def _is_name(word: str) -> bool:
    """One word that ends like a file, or a path."""
    return " " not in word and bool(re.fullmatch(r".*\w\.[A-Za-z]\w{1,4}|\.{0,2}/.*|.+/.+\.\w+", word))


def _near(path: Path) -> str | None:
    """A timeline beside it whose name is nearly the same."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.suffix.lower() in TIMELINES]
    except OSError:
        return None
    found = get_close_matches(path.name, names, 1, 0.6)
    return shown(path.with_name(found[0]), 200) if found else None
