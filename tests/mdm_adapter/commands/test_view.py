"""`motioncollage view`, and pages as one format among others."""

import json
import re
import webbrowser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Command, one_line
from moves import travelling

from mdm_adapter.motion import Motion, Segment

FAST = ("--steps", 2, "--no-video", "--no-sheet")


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    """Two samples of two seconds, as an archive."""
    joints = np.stack([travelling(2.0, (0.0, speed)).joints() for speed in (1.0, 2.0)]).astype(np.float32)
    Motion(
        joints, np.zeros((2, 40, 263), dtype=np.float32), segments=(Segment("a person walks", 0, 40),)
    ).save(tmp_path / "walk.npz")
    return tmp_path / "walk.npz"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was asked to show."""
    asked: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda address: asked.append(address) or True)
    return asked


def names_on(page: Path) -> list[str]:
    """Names of the figures of a page."""
    match = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert match
    found: dict[str, Any] = json.loads(match[1])
    return [figure["name"] for figure in found["figures"]]


def test_a_page_beside_the_motion_that_opens_only_when_asked(
    command: Command, walk: Path, opened: list[str]
) -> None:
    result = command("view", walk)
    assert result.code == 0, result.err
    page = walk.with_suffix(".html")
    assert names_on(page) == ["walk", "walk-2"]
    # Nobody sits at this terminal.
    assert opened == []
    assert "exists already" in one_line(command("view", walk))
    assert command("view", walk, "--force", "--open", "--samples", 2).code == 0
    assert names_on(page) == ["walk"]
    assert opened == [page.as_uri()]


def test_files_of_several_kinds_stand_side_by_side(command: Command, walk: Path, opened: list[str]) -> None:
    assert command("export", walk, "--to", "bvh,glb", "--samples", 1).code == 0
    files = (walk, walk.with_suffix(".bvh"), walk.with_suffix(".glb"))
    result = command("view", *files, "--title", "Three files", "--theme", "dark", "--no-open")
    assert result.code == 0, result.err
    page = walk.with_name("motions.html")
    assert names_on(page) == ["walk", "walk-2", "walk", "walk"]
    text = page.read_text(encoding="utf-8")
    assert "<title>Three files</title>" in text
    assert 'data-theme="dark"' in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--out", "walk.txt"), "--out walk.txt is no .html"),
        (("--theme", "pink"), "--theme 'pink' is unknown; choose one of auto, light, dark"),
        (("--samples", "3"), "the motion has samples 1 to 2"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    command: Command, walk: Path, arguments: tuple[str, ...], said: str
) -> None:
    assert said in one_line(command("view", walk, *arguments))
    assert not walk.with_suffix(".html").exists()


def test_more_than_eight_figures_and_files_that_are_none(
    command: Command, walk: Path, tmp_path: Path
) -> None:
    assert "10 motions for one page: give 1 to 8" in one_line(command("view", *[walk] * 5))
    assert "none.npz does not exist" in one_line(command("view", tmp_path / "none.npz"))
    assert not list(tmp_path.glob("*.html"))


def test_export_and_generate_write_pages(command: Command, walk: Path, toy: Path, tmp_path: Path) -> None:
    assert command("export", walk, "--to", "html").code == 0
    assert names_on(walk.with_suffix(".html")) == ["walk", "walk-2"]
    out = tmp_path / "out"
    made = ("generate", "a person walks", "--model", toy, "--seconds", 3, *FAST, "--to", "html")
    result = command(*made, "--samples", 2, "--out", out)
    assert result.code == 0, result.err
    assert names_on(out / "motion.html") == ["motion", "motion-2"]
    # Refused before the work rather than after it.
    assert "html holds 8 samples at most, not 9" in one_line(
        command(*made, "--samples", 9, "--out", tmp_path / "many")
    )
    assert not (tmp_path / "many" / "motion.npz").exists()
    looped = ("loop", "a person walks", "--model", toy, "--seconds", 3, *FAST, "--to", "html")
    assert command(*looped, "--out", tmp_path / "loop").code == 0
    assert '"cycle":{' in (tmp_path / "loop" / "motion.html").read_text(encoding="utf-8")
