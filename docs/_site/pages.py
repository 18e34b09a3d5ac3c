"""Pages that live outside of docs/ (cards, security, changelog), and links that leave it.

A page whose only content is a link in the form `[card](../../somewhere/README.md)` under its title shows that file in the
site; on a plain repository it stays a link. Links to files that are shown so lead to their page, links to folders and to
other files of the repository become plain text, since a site has no repository around it.
"""

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent.parent
ROOT = DOCS.parent
SHOWS = re.compile(r"<!-- shows (\S+) -->")
LINK = re.compile(r"(?<!!)\[(?P<text>[^\]\n]+)\]\((?P<target>[^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def shown() -> dict[Path, Path]:
    """Files outside of docs/ that a page shows: file -> page."""
    found = {}
    for page in sorted(DOCS.rglob("*.md")):
        mark = SHOWS.search(page.read_text(encoding="utf-8"))
        if mark:
            found[(page.parent / mark[1]).resolve()] = page
    return found


def relinked(text: str, source: Path, page: Path, pages: dict[Path, Path]) -> str:
    """A Markdown text of `source` as it reads on `page`: links lead to where the site has what they name."""
    kept = [match.span() for match in CODE.finditer(text)]

    def link(match: re.Match[str]) -> str:
        words, target = match["text"], match["target"]
        inside = any(start < match.start() and match.end() < end for start, end in kept)
        if inside or re.match(r"[a-z][a-z0-9+.-]*:|#", target):
            return match[0]
        path, _, anchor = target.partition("#")
        place = (source.parent / path).resolve()
        if place in pages:
            place = pages[place]
        elif place.is_dir():
            if not (place / "README.md").exists() or DOCS not in place.parents:
                return words
            place = place / "README.md"
        elif DOCS not in place.parents and place.suffix == ".md":
            return words
        relative = os.path.relpath(place, page.parent).replace(os.sep, "/")
        return f"[{words}]({relative}{'#' + anchor if anchor else ''})"

    return LINK.sub(link, text)


def _read(app: Sphinx, docname: str, content: list[str]) -> None:
    page = Path(app.env.doc2path(docname))
    if page.suffix != ".md":
        return
    pages: dict[Path, Path] = app.config.shown_pages
    text, source = content[0], page
    mark = SHOWS.search(text)
    if mark:
        source = (page.parent / mark[1]).resolve()
        app.env.note_dependency(str(source))
        text = source.read_text(encoding="utf-8")
        if not text.lstrip().startswith("#"):
            text = f"{content[0].splitlines()[0]}\n\n{text}"
    content[0] = _settled(relinked(text, source, page, pages), page)


def _settled(text: str, page: Path) -> str:
    """Without places in tables of contents (`name*`) whose page is not there; pages of figures stand in no table."""
    lines = text.splitlines()
    kept = [
        line for line in lines if not re.fullmatch(r"[\w/-]+\*", line) or list(page.parent.glob(f"{line}.md"))
    ]
    text = "\n".join(kept) + "\n"
    if page.name != "README.md" and page.parent.relative_to(DOCS).parts[:1] in (
        ("benchmarks",),
        ("studies",),
    ):
        text = f"---\norphan: true\n---\n\n{text}"
    return text


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("shown_pages", {}, "", dict)
    app.connect("config-inited", lambda app, config: setattr(config, "shown_pages", shown()))
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
