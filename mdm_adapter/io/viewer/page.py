"""Motion as a page to look at: one HTML file that needs nothing else, for a browser, a paper's page, a notebook."""

import base64
import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from mdm_adapter.io.viewer.scene import MOST_FIGURES, scene
from mdm_adapter.motion import Motion, Writer
from motioncollage.files import atomic_path

THEMES = ("auto", "light", "dark")
MAX_TITLE = 200
HEIGHTS = (200, 4000)  # of a frame in a notebook, pixels


def page(motions: Sequence[tuple[str, Motion]], *, title: str = "", theme: str = "auto") -> str:
    """The HTML of a page that plays named motions, all samples of each, side by side.

    Args:
        motions: 1 to 8 figures in all.
        title: stands above them; none by default.
        theme: `light`, `dark`, or `auto` for what the reader's system has.

    Raises:
        ValueError: too many figures or frames, or an unusable argument; one line.
    """
    if theme not in THEMES:
        raise ValueError(f"theme is {theme!r}: choose one of {', '.join(THEMES)}")
    if len(title) > MAX_TITLE:
        raise ValueError(f"title has {len(title)} characters: give at most {MAX_TITLE}")
    shown = {**scene(motions), "title": title}
    script, style = _asset("viewer.js"), _asset("style.css")
    parts = {
        "title": html.escape(title or ", ".join(name for name, _ in motions)),
        "theme": theme,
        # Nothing is fetched, and no script or style runs but those that the file came with.
        "policy": f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}; base-uri 'none'; "
        "form-action 'none'",
        "style": style,
        "license": _asset("LICENSE.three.txt").strip(),
        "data": _embedded(shown),
        "script": script,
    }
    # In one pass: a text that looks like a placeholder stays a text.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html"))


def write_html(
    path: Path | str, motion: Motion, *, force: bool = False, title: str = "", theme: str = "auto"
) -> Path:
    """Write all samples of a motion as one page (`motioncollage.writers`); see `page`.

    Raises:
        ValueError: as `page`, or the file is not named .html.
        FileExistsError: the file exists and `force` is false.
        OSError: the file cannot be written.
    """
    path = Path(path)
    return save_page(path, [(path.stem, motion)], force=force, title=title, theme=theme)


def save_page(
    path: Path, motions: Sequence[tuple[str, Motion]], *, force: bool = False, title: str = "",
    theme: str = "auto",
) -> Path:  # fmt: skip
    """Write the page of named motions; raises as `write_html`."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(f"{path}: the file must be named .html")
    with atomic_path(path, force=force) as temporary:
        # Captions may hold halves of characters, which no file can.
        text = page(motions, title=title, theme=theme)
        temporary.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    return path


@dataclass(frozen=True)
class Shown:
    """What a notebook shows of a motion: a frame with its page in it.

    Attributes:
        text: the page's HTML.
        height: of the frame, pixels.
    """

    text: str
    height: int

    def _repr_html_(self) -> str:
        # A sandbox without the notebook's own origin: the page can run its script and nothing else.
        return (
            f'<iframe srcdoc="{html.escape(self.text, quote=True)}" sandbox="allow-scripts" allow="fullscreen" '
            f'title="motion" style="width:100%;height:{self.height}px;border:0" loading="lazy"></iframe>'
        )

    def __repr__(self) -> str:
        return f"a page of {len(self.text):,} characters; a notebook shows it, motion.save('motion.html') keeps it"


def show(motion: Motion, *, title: str = "", theme: str = "auto", height: int = 560) -> Shown:
    """All samples of a motion for a notebook; see `page`.

    Raises:
        ValueError: as `page`, or a height below 200 or above 4000 pixels.
    """
    low, high = HEIGHTS
    if isinstance(height, bool) or not isinstance(height, int) or not low <= height <= high:
        raise ValueError(f"height is {height}: give {low} to {high} pixels")
    return Shown(page([("motion", motion)], title=title, theme=theme), height)


def _asset(name: str) -> str:
    return (files("mdm_adapter") / "assets" / "viewer" / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """How a content security policy names a script or style that may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode('utf-8')).digest()).decode('ascii')}'"


def _embedded(value: object) -> str:
    """JSON that no HTML parser reads as anything else: `<`, `>`, `&` and all but ASCII are escapes."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


WRITER = Writer(write_html, together=True, most=MOST_FIGURES, show=show)
