"""Indented blocks of commands are coloured as commands."""

from docutils import nodes
from sphinx.application import Sphinx

PROGRAMS = {
    "motioncollage",
    "pip",
    "blender",
    "torchrun",
    "accelerate",
    "curl",
    "export",
    "hf",
    "./scripts/demo.sh",
}


def _colour(app: Sphinx, tree: nodes.document) -> None:
    for block in tree.findall(nodes.literal_block):
        if block.get("language") == "csv":  # which no highlighter knows
            block["language"] = "none"
        first = block.astext().split(maxsplit=1)
        if block.get("language", "none") in ("none", "default") and first and first[0] in PROGRAMS:
            block["language"] = "bash"


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-read", _colour)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
