"""Pages lead to what is there, drawings are what their script draws, and motions have the stills that stand for them."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from blocks import blocks_of, parse
from commands import command_line
from pages import CODE, LINK
from paths import REPOSITORY
from players import LIST, make, recipes

DOCS = REPOSITORY / "docs"
WRITTEN = [
    REPOSITORY / "README.md",
    REPOSITORY / "SECURITY.md",
    *sorted(page for page in DOCS.rglob("*.md") if "_site" not in page.parts),
]
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")


def places(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = page.read_text(encoding="utf-8")
    for block in blocks_of(text, page.name):
        text = text.replace(block.text, "")
    found = set()
    for title in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", title).strip().lower()
        found.add(re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(REPOSITORY).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """On the plain repository; the site looks at its own as it is built."""
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    wrong = []
    for _, target in [*LINK.findall(text), *PICTURE.findall(text)]:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / path).resolve() if path else page
        if not place.exists():
            wrong.append(target)
        elif anchor and place.suffix == ".md" and anchor not in places(place):
            wrong.append(f"{target}: no such heading")
    assert wrong == []


def script(name: str) -> ModuleType:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(name, REPOSITORY / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_drawings_are_what_their_script_draws() -> None:
    drawings = script("drawings").DRAWINGS
    kept = {
        path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "pictures" / "graphs").glob("*.svg")
    }
    assert {name: draw().text() for name, draw in drawings.items()} == kept


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_motion_has_a_still_and_commands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shlex

    monkeypatch.chdir(tmp_path)
    recipe: dict[str, Any] = recipes()[name]
    still = LIST.parent / f"{name}.png"
    assert 1000 < still.stat().st_size < 200_000
    root = command_line()
    for command in recipe["commands"]:
        parse(root, (*shlex.split(command), *recipe.get("quietly", ())))
    shown = [page for page in WRITTEN if f"motions/{name}.png" in page.read_text(encoding="utf-8")]
    assert shown, f"no page shows {name}"


@pytest.mark.slow
def test_a_motion_is_made_by_its_commands(tmp_path: Path) -> None:
    ((_, motion),) = make(recipes()["loop"], tmp_path / "work")
    assert motion.seconds == 8
    assert motion.settings["loop"] is True


def test_the_film_is_small_and_moves() -> None:
    from PIL import Image

    path = DOCS / "pictures" / "film.webp"
    assert path.stat().st_size < 3_000_000
    with Image.open(path) as film:
        assert film.n_frames > 60
