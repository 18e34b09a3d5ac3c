"""Pages in a real browser: they draw, play, obey keys and pointers, and complain of nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from browser import needs_browser
from chrome import Tab, chrome
from moves import MOVES, travelling
from paths import golden

from mdm_adapter.editing.loops import tile
from mdm_adapter.io.viewer.page import save_page
from mdm_adapter.motion import Motion, Segment
from mdm_adapter.representation.humanml3d import HUMANML3D

pytestmark = [pytest.mark.slow, needs_browser]

EVIL = "a person <b onclick=alert(1)>walks</b></script><script>window.hurt = 1</script>"
DESKTOP: dict[str, Any] = {"size": (1280, 720)}
PHONE: dict[str, Any] = {"size": (390, 844), "mobile": True}


def motion_of(joints: np.ndarray, **more: Any) -> Motion:
    return Motion(joints[None].astype(np.float32), np.zeros((1, len(joints), 0), dtype=np.float32), **more)


def walk(speed: float = 1.2) -> Motion:
    """24 s with two actions and two joins."""
    return motion_of(
        travelling(24.0, (0.0, speed)).joints(),
        segments=(Segment(EVIL, 0, 240), Segment("a person walks on", 240, 480)),
        settings={"pieces": [[0, 200], [180, 180], [340, 140]]},
    )


def turning_loop() -> Motion:
    """A loop that travels and turns; its features are those of a walk whose end is taken for its start."""
    with np.load(golden("hml_clip_walk.npz")) as archive:
        features = archive["features"][None, :40].astype(np.float32)
    features[..., 0] = -0.01
    joints = HUMANML3D.to_joints(torch.from_numpy(features)).numpy()
    return Motion(joints, features, settings={"loop": True}, segments=(Segment("walks", 0, 40),))


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    save_page(folder / "one.html", [("walk", walk())])
    four = [("slow", walk(0.6)), ("fast", walk(2.0)), ("kick", motion_of(MOVES["kick-front"]())), ("loop", turning_loop())]  # fmt: skip
    save_page(folder / "four.html", four, title="Four motions")
    save_page(folder / "loop.html", [("loop", turning_loop())])
    return folder


@pytest.fixture
def tab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tab]:
    with chrome(tmp_path / "profile", **request.param) as opened:
        yield opened


def stopped(tab: Tab, page: Path) -> None:
    """The page, stopped at its first frame."""
    tab.open(page)
    tab.run("motioncollage.clock.playing = false, motioncollage.seek(0)")
    settle(tab)


def settle(tab: Tab) -> None:
    """Wait until what was asked for is drawn."""
    tab.run(
        "new Promise(done => { const n = motioncollage.drawn; motioncollage.seek(motioncollage.clock.shown); "
        "const look = () => motioncollage.drawn > n ? done() : requestAnimationFrame(look); look(); })"
    )


def shown(tab: Tab) -> float:
    return float(tab.run("motioncollage.clock.shown"))


@pytest.mark.parametrize("tab", [DESKTOP, PHONE], indirect=True, ids=["desktop", "phone"])
@pytest.mark.parametrize(("name", "figures"), [("one.html", 1), ("four.html", 4)])
def test_every_figure_is_drawn_and_moves_when_scrubbed(
    tab: Tab, pages: Path, name: str, figures: int
) -> None:
    assert (pages / name).stat().st_size < 3_000_000
    stopped(tab, pages / name)
    rooms = tab.run(
        "[...document.querySelectorAll('.view')].map(v => { const b = v.getBoundingClientRect();"
        " return [b.left, b.top, b.width, b.height].map(Math.round); })"
    )
    assert len(rooms) == figures
    before = tab.picture()
    tab.run("motioncollage.seek(1.3)")
    settle(tab)
    after = tab.picture()
    height, width = before.shape[:2]
    for left, top, wide, high in rooms:
        assert left >= 0
        assert left + wide <= width
        if top + high > height:  # what lies below the fold is seen after scrolling
            continue
        room = np.s_[top : top + high, left : left + wide]
        # Limbs are orange and teal: colours that nothing else in the room has so much of.
        red, _, blue = before[room].astype(int).transpose(2, 0, 1)
        assert ((red - blue) > 80).sum() > 60, "no left limb"
        assert ((blue - red) > 60).sum() > 60, "no right limb"
        assert (before[room] != after[room]).any(axis=2).sum() > 60, "it did not move"
    assert tab.run("document.documentElement.scrollWidth") <= width
    assert tab.errors == []
    assert tab.run("window.hurt") is None
    assert tab.run("document.querySelector('.action').textContent") == EVIL


@pytest.mark.parametrize("tab", [DESKTOP], indirect=True)
def test_keys(tab: Tab, pages: Path) -> None:
    stopped(tab, pages / "one.html")
    for key, wanted in (("ArrowRight", 0.05), ("ArrowRight", 0.10), ("ArrowLeft", 0.05), ("End", 23.95), ("Home", 0.0)):  # fmt: skip
        tab.key(key)
        assert shown(tab) == pytest.approx(wanted, abs=1e-6)
    joins = tab.run("motioncollage.figures[0].movement.joins.map(j => j.frame / 20)")
    assert len(joins) == 2
    for key, shift, wanted in (("j", False, joins[0]), ("j", False, joins[1]), ("J", True, joins[0])):
        tab.key(key, shift=shift)
        assert shown(tab) == pytest.approx(wanted)
    settle(tab)
    assert tab.run("document.querySelectorAll('.join.active').length") == 1
    tab.key("+")
    assert tab.run("motioncollage.clock.speed") == 1.5
    tab.key("-")
    tab.key("-")
    assert tab.run("motioncollage.clock.speed") == 0.5
    tab.key("3")
    assert tab.run("motioncollage.orbit.yaw") == pytest.approx(np.pi / 2)
    for key, name in (("t", "trail"), ("c", "feet")):
        tab.key(key)
        settle(tab)
        assert tab.run(f"document.getElementById('{name}').getAttribute('aria-pressed')") == "false"
    tab.key(" ")
    assert tab.run("motioncollage.clock.playing") is True
    tab.key(" ")
    assert tab.run("motioncollage.clock.playing") is False
    tab.key("?")
    assert tab.run("document.getElementById('help').open") is True
    tab.key("?")
    assert tab.run("document.getElementById('help').open") is False
    # A focused button is pressed by its own keys, and one can see which it is.
    tab.key("Tab")
    for _ in range(30):
        if tab.run("document.activeElement.id") == "play":
            break
        tab.key("Tab")
    assert tab.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.key(" ")
    assert tab.run("motioncollage.clock.playing") is True
    assert tab.errors == []


@pytest.mark.parametrize("tab", [DESKTOP], indirect=True)
def test_pointers_scrub_and_turn(tab: Tab, pages: Path) -> None:
    stopped(tab, pages / "one.html")
    left, top, width = tab.run(
        "(b => [b.left, b.top + b.height / 2, b.width])(document.getElementById('scrubber').getBoundingClientRect())"
    )
    tab.drag((left + 0.1 * width, top), (left + 0.6 * width, top))
    assert shown(tab) == pytest.approx(0.6 * 24, abs=0.2)
    yaw, pitch = tab.run("[motioncollage.orbit.yaw, motioncollage.orbit.pitch]")
    tab.drag((600, 300), (700, 350))
    turned = tab.run("[motioncollage.orbit.yaw, motioncollage.orbit.pitch]")
    assert turned[0] < yaw - 0.5
    assert turned[1] > pitch + 0.2
    # A caption leads to where its action begins.
    tab.run("document.querySelectorAll('.action')[1].click()")
    assert shown(tab) == pytest.approx(12.0)
    settle(tab)
    assert tab.run("document.querySelector('.action[aria-current]').textContent") == "a person walks on"


@pytest.mark.parametrize("tab", [DESKTOP], indirect=True)
def test_what_is_decoded_is_the_motion(tab: Tab, pages: Path) -> None:
    tab.open(pages / "one.html")
    wanted = walk().joints[0]
    for frame in (0, 100, 479):
        found = np.array(tab.run(f"motioncollage.joints(0, {frame})")).reshape(22, 3)
        assert np.abs(found - wanted[frame]).max() < 0.001
    # Half way between frames of an even walk lies the middle, nearly.
    between = np.array(tab.run("motioncollage.joints(0, 100.5)")).reshape(22, 3)
    assert np.abs(between - 0.5 * (wanted[100] + wanted[101])).max() < 0.01


@pytest.mark.parametrize("tab", [DESKTOP], indirect=True)
def test_a_loop_goes_on_without_a_hitch(tab: Tab, pages: Path) -> None:
    tab.open(pages / "loop.html")
    loop = turning_loop()
    # Three cycles, as its features lead on: nothing of the page takes part.
    wanted = HUMANML3D.to_joints(tile(torch.from_numpy(loop.features).double(), 3, HUMANML3D))[0].numpy()
    for frame in (0, 39, 40, 57, 80, 119):
        found = np.array(tab.run(f"motioncollage.joints(0, {frame})")).reshape(22, 3)
        assert np.abs(found - wanted[frame]).max() < 0.001, frame
    # The camera's target and the joints go over the wrap in steps like those before it.
    targets = np.array(
        tab.run("Array.from({length: 60}, (_, i) => motioncollage.figures[0].movement.target(20 + i))")
    )
    assert np.abs(np.diff(targets, n=2, axis=0)).max() < 0.01
    tab.run("motioncollage.clock.playing = false; motioncollage.clock.now = 5.7")
    assert tab.run("motioncollage.clock.round") == 2
    assert shown(tab) == pytest.approx(1.7)
    settle(tab)
    assert tab.errors == []


@pytest.mark.parametrize(
    ("tab", "playing", "light"),
    [
        ({**PHONE, "prefers_reduced_motion": "reduce"}, False, True),
        ({**PHONE, "prefers_color_scheme": "dark"}, True, False),
    ],
    indirect=["tab"],
    ids=["calm", "dark"],
)
def test_what_the_reader_prefers(tab: Tab, pages: Path, playing: bool, light: bool) -> None:
    tab.open(pages / "one.html")
    assert tab.run("motioncollage.clock.playing") is playing
    tab.run("motioncollage.clock.playing = false")
    settle(tab)
    corner = tab.picture()[:5, :5].astype(int)
    assert (corner.min() > 230) if light else (corner.max() < 40)
    assert np.ptp(corner.reshape(-1, 3), axis=0).max() <= 2, "the picture is not of the page's colour"


@pytest.mark.parametrize("tab", [DESKTOP], indirect=True)
def test_a_notebook_shows_it_in_a_frame_of_its_own(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "notebook.html"
    page.write_text(
        "<!doctype html><meta charset=utf-8><body style='margin:0;background:#fff'>"
        + walk().show(height=600)._repr_html_(),
        encoding="utf-8",
    )
    tab.open(page)
    tab.run("new Promise(done => setTimeout(done, 3000))")
    red, _, blue = tab.picture()[:600].astype(int).transpose(2, 0, 1)
    assert ((red - blue) > 80).sum() > 200
    assert tab.errors == []
