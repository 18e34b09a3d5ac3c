"""After the build: every link and picture of every page leads to a file that is there, and to a place in it."""

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.application import Sphinx
from sphinx.errors import SphinxError

NAMES = {"href", "src", "data", "poster"}
MADE = {"genindex.html", "search.html", "py-modindex.html"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[str] = []
        self.places: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in NAMES and value:
                self.wanted.append(value)


def broken(folder: Path) -> list[str]:
    """What of a built site leads nowhere, a line each: from which page, to what. Other sites are not asked."""
    pages: dict[Path, _Page] = {}
    for path in sorted(folder.rglob("*.html")):
        if "_players" in path.parts:  # whole pages of their own, without links
            continue
        pages[path] = _Page()
        pages[path].feed(path.read_text(encoding="utf-8"))
    found = []
    for path, page in pages.items():
        for target in page.wanted:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            place = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not place.is_file():
                found.append(f"{path.relative_to(folder)}: {target} is not there")
            elif anchor and place in pages and anchor not in pages[place].places:
                found.append(f"{path.relative_to(folder)}: {target} has no such place")
    return found


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.name == "html":
        found = broken(Path(app.outdir).resolve())
        if found:
            raise SphinxError("links that lead nowhere:\n" + "\n".join(found[:40]))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", _check, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
