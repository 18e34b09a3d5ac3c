"""Motion in place of stills: a picture `motions/NAME.png` that `motions/motions.json` knows becomes a page that plays it.

The file says by which commands each motion is made; they run as the site is built, with the bundled model, and their
result is put on a page by the viewer. The still picture beside it is what a plain repository shows.
"""

import contextlib
import hashlib
import html
import io
import json
import os
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

DOCS = Path(__file__).resolve().parent.parent
LIST = DOCS / "motions" / "motions.json"
ROOM = "_players"
log = logging.getLogger(__name__)


def recipes() -> dict[str, dict[str, Any]]:
    """What is known of each motion: `commands`, `shows` (files that they write), and perhaps `label`s for several."""
    found: dict[str, dict[str, Any]] = json.loads(LIST.read_text(encoding="utf-8"))
    return found


@contextlib.contextmanager
def _in(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def make(recipe: dict[str, Any], folder: Path) -> list[tuple[str, Any]]:
    """Run the commands of a recipe in an empty folder; the motions that they made, by their labels."""
    import motioncollage as mc
    from motioncollage.shell.main import build

    folder.mkdir(parents=True)
    for name, text in recipe.get("files", {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in recipe.get("takes", ()):
        shutil.copy(DOCS.parent / name, folder)
    with _in(folder), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for command in recipe["commands"]:
            build()([*shlex.split(command), *recipe.get("quietly", ())], standalone_mode=False)
        files = [Path(name) for name in recipe["shows"]]
        return [(label, mc.read(file)) for label, file in zip(recipe.get("labels", [""] * len(files)), files)]


def _page(name: str, recipe: dict[str, Any], cache: Path) -> str:
    from mdm_adapter.io.viewer.page import page

    # Another model, another player: another page.
    model = DOCS.parent / "mdm_adapter" / "assets" / "models" / "starter" / "model.safetensors"
    player = DOCS.parent / "mdm_adapter" / "assets" / "viewer" / "viewer.js"
    key = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode())
    for file in (model, player):
        key.update(file.read_bytes())
    kept = cache / f"{name}-{key.hexdigest()[:16]}.html"
    if not kept.exists():
        log.info("making motion %s", name)
        work = cache / f"{name}.work"
        shutil.rmtree(work, ignore_errors=True)
        text = page(make(recipe, work), theme="auto")
        shutil.rmtree(work)
        kept.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    return kept.read_text(encoding="utf-8")


def _place(app: Sphinx, tree: nodes.document, docname: str) -> None:
    if app.builder.format != "html":
        return
    known = recipes()
    up = "../" * docname.count("/")
    for image in list(tree.findall(nodes.image)):
        path = Path(image["uri"])
        if path.parent.name != "motions" or path.stem not in known:
            continue
        name = path.stem
        target = Path(app.outdir) / ROOM / f"{name}.html"
        if not target.exists():
            cache = Path(app.doctreedir).parent / "motions"
            cache.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_page(name, known[name], cache), encoding="utf-8", newline="\n")
        alt = html.escape(image.get("alt") or name, quote=True)
        tall = " wide" if len(known[name]["shows"]) > 1 else ""
        frame = (
            f'<iframe class="player{tall}" src="{up}{ROOM}/{name}.html" title="{alt}" loading="lazy" '
            'allow="fullscreen"></iframe>'
        )
        new = nodes.raw("", frame, format="html")
        parent = image.parent
        if isinstance(parent, nodes.paragraph) and len(parent) == 1:
            parent.replace_self(new)
        else:
            image.replace_self(new)


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("doctree-resolved", _place)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
