"""A page as text: it is complete, nothing of a caption becomes markup, and only its own script may run."""

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from moves import travelling

from mdm_adapter.io.viewer.page import page, save_page, show
from mdm_adapter.motion import Motion, Segment

EVIL = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> {{script}} & \u2028 \ud800 é"
ASSETS = files("mdm_adapter").joinpath("assets", "viewer")


class Elements(HTMLParser):
    """Tags with their attributes, and the texts of scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": [], "title": []}
        self.open = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open = tag
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = ""

    def handle_data(self, data: str) -> None:
        if self.open in self.texts:
            self.texts[self.open][-1] += data


@pytest.fixture
def walk() -> Motion:
    joints = travelling(2.0, (0.0, 1.0)).joints()[None].astype(np.float32)
    return Motion(joints, np.zeros((1, 40, 0), dtype=np.float32), segments=(Segment(EVIL, 0, 40),))


def test_captions_names_and_titles_are_never_markup(walk: Motion) -> None:
    found = Elements(page([(EVIL, walk)], title=EVIL.replace("\ud800", "")))
    tags = [tag for tag, _ in found.tags]
    assert tags.count("script") == 2
    assert "img" not in tags
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    data = json.loads(found.texts["script"][0])
    assert data["figures"][0]["segments"][0]["text"] == EVIL
    assert data["figures"][0]["name"] == EVIL
    assert "<" not in found.texts["script"][0]
    assert found.texts["title"] == [EVIL.replace("\ud800", "")]


def test_only_what_the_page_came_with_runs_and_nothing_is_fetched(walk: Motion) -> None:
    text = page([("walk", walk)])
    found = Elements(text)
    policy = next(
        a["content"] for tag, a in found.tags if a.get("http-equiv") == "Content-Security-Policy"
    ) or ""  # fmt: skip
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for name, content in (("script-src", found.texts["script"][1]), ("style-src", found.texts["style"][0])):
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert "unsafe" not in policy
    for _, attributes in found.tags:
        assert not {"src", "href", "style"} & set(attributes)
    assert "Permission is hereby granted" in text


def test_the_script_is_made_of_the_sources_that_are_here() -> None:
    """`scripts/build_viewer.sh` was run after the last change."""
    sources = b"".join(
        path.read_bytes() for path in sorted(Path(str(ASSETS.joinpath("source"))).glob("*.js"))
    )
    script = ASSETS.joinpath("viewer.js").read_text(encoding="utf-8")
    assert f"sources {hashlib.sha256(sources).hexdigest()[:16]};" in script[:200]
    assert len(script) < 700_000
    assert not re.search("</script|<!--", script, re.IGNORECASE)
    assert "innerHTML" not in sources.decode()
    assert "MIT License" in ASSETS.joinpath("LICENSE.three.txt").read_text(encoding="utf-8")


def test_twenty_four_seconds_fit_in_three_megabytes(tmp_path: Path) -> None:
    joints = np.stack([travelling(24.0, (0.1 * k, 1.2)).joints() for k in range(4)]).astype(np.float32)
    path = save_page(tmp_path / "x.html", [("x", Motion(joints, np.zeros((4, 480, 0), dtype=np.float32)))])
    assert path.stat().st_size < 3_000_000


def test_a_notebook_gets_a_frame_with_the_page_in_it(walk: Motion) -> None:
    shown = walk.show(height=300, theme="light")
    frame = Elements(shown._repr_html_()).tags
    assert [tag for tag, _ in frame] == ["iframe"]
    attributes = frame[0][1]
    assert attributes["sandbox"] == "allow-scripts"
    assert "height:300px" in str(attributes["style"])
    assert str(attributes["srcdoc"]).startswith("<!doctype html>")
    assert 'data-theme="light"' in str(attributes["srcdoc"])
    assert html.unescape(html.escape(shown.text)) == attributes["srcdoc"]
    assert len(repr(shown)) < 200


def test_saving_asks_before_it_replaces(walk: Motion, tmp_path: Path) -> None:
    path = tmp_path / "walk.html"
    assert walk.save(path) == [path]
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="exists already"):
        walk.save(path)
    assert path.read_bytes() == before
    walk.save(path, force=True, title="A walk", theme="dark")
    assert b"<title>A walk</title>" in path.read_bytes()
    assert [file.name for file in tmp_path.iterdir()] == ["walk.html"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"theme": "pink"}, "theme is 'pink': choose one of auto, light, dark"),
        ({"title": "x" * 201}, "title has 201 characters"),
        ({"height": 10}, "height is 10: give 200 to 4000 pixels"),
        ({"height": True}, "height is True"),
    ],
)
def test_unusable_options_are_refused_in_one_line(
    walk: Motion, options: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        show(walk, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_too_many_samples_and_other_endings_are_refused(walk: Motion, tmp_path: Path) -> None:
    many = Motion(np.repeat(walk.joints, 9, axis=0), np.repeat(walk.features, 9, axis=0))
    with pytest.raises(ValueError, match="html holds 8 samples at most, not 9"):
        many.save(tmp_path / "many.html")
    with pytest.raises(ValueError, match="html holds 8 samples at most, not 9"):
        many.show()
    with pytest.raises(ValueError, match=r"must be named \.html"):
        save_page(tmp_path / "walk.txt", [("walk", walk)])
    assert not list(tmp_path.iterdir())
