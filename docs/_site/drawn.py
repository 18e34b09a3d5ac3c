"""Drawings (SVG files of `scripts/drawings.py`) stand in the page itself, so that they have the colours of its theme."""

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent.parent


def _inline(app: Sphinx, tree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    for image in list(tree.findall(nodes.image)):
        path = DOCS / image["uri"]
        if path.suffix == ".svg" and path.parent.name == "graphs" and path.is_file():
            text = path.read_text(encoding="utf-8")
            image.replace_self(nodes.raw("", f'<span class="drawn">{text}</span>', format="html"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", _inline)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
