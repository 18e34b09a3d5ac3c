"""Cubes to look at: every direction where it belongs, and a page that shows the right face in a browser."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from browser import look, needs_browser, screenshot
from PIL import Image
from torch import Tensor

from motioncollage.collage.layouts import FACES, RINGS, ring_sites
from motioncollage.image.surround import (
    equirectangular,
    face_directions,
    write_surround_page,
)

COLORS = {"L": "#c03030", "F": "#30c030", "R": "#3030c0", "B": "#c0c030", "U": "#30c0c0", "D": "#c030c0"}
DIRECTIONS = {"L": (-90, 0), "F": (0, 0), "R": (90, 0), "B": (180, 0), "U": (0, 90), "D": (0, -90)}


def cube(colors: dict[str, str], face: int = 16) -> Tensor:
    """Six faces of one colour each."""
    rows = [[int(colors[name][i : i + 2], 16) for i in (1, 3, 5)] for name in FACES]
    return (torch.tensor(rows) / 127.5 - 1)[:, :, None, None].expand(6, 3, face, face)


def colors_of(colors: dict[str, str]) -> dict[str, list[int]]:
    return {name: [int(color[i : i + 2], 16) for i in (1, 3, 5)] for name, color in colors.items()}


def painted(face: int) -> Tensor:
    """A cube whose colours are the directions that its pixels lie in."""
    return face_directions(face).permute(0, 3, 1, 2)


def sphere(height: int) -> Tensor:
    """The directions [3, height, 2 height] that longitudes and latitudes say."""
    longitude = ((torch.arange(2 * height) + 0.5) / height - 1) * math.pi
    latitude = ((0.5 - (torch.arange(height) + 0.5) / height) * math.pi)[:, None]
    parts = (latitude.cos() * longitude.sin(), latitude.sin(), latitude.cos() * longitude.cos())
    return torch.stack(torch.broadcast_tensors(*parts))


def test_directions_continue_round_the_rings() -> None:
    n = 8
    points = face_directions(n).reshape(-1, 3)
    for ring in RINGS:
        strip = ring_sites(ring, n)
        cosine = (points[strip] * points[strip.roll(-1, 1)]).sum(-1)
        # No step is wider than a pixel in the middle of a face.
        assert cosine.min() > math.cos(2 / n), ring
    # The middle of each face, right and down of it: F ahead, R right, U up; z forward, x right, y up.
    middle = torch.nn.functional.normalize(face_directions(n).mean(dim=(1, 2)), dim=-1)
    expected = [[-1, 0, 0], [0, 0, 1], [1, 0, 0], [0, 0, -1], [0, 1, 0], [0, -1, 0]]
    torch.testing.assert_close(middle, torch.tensor(expected, dtype=torch.float32), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("face", "height"), [(16, 64), (16, 9), (64, 128), (5, 200), (33, 50)])
def test_every_place_shows_the_direction_that_it_says(face: int, height: int) -> None:
    made = equirectangular(painted(face), height)
    assert made.shape == (3, height, 2 * height)
    error = (torch.nn.functional.normalize(made, dim=0) - sphere(height)).norm(dim=0)
    # A tenth of the larger of a pixel of the cube and one of the picture, where a whole one was to be expected.
    assert error.max() < 0.1 * max(2 / face, math.pi / height)


def test_middle_and_sides_of_the_picture() -> None:
    made = equirectangular(cube(COLORS), 40)
    rgb = ((made + 1) * 127.5).round().to(torch.int64).permute(1, 2, 0).tolist()
    wanted = colors_of(COLORS)
    places = {"F": (20, 40), "L": (20, 20), "R": (20, 60), "B": (20, 0), "U": (0, 33), "D": (39, 7)}
    for name, (y, x) in places.items():
        assert rgb[y][x] == wanted[name], name
    assert rgb[20][79] == wanted["B"]


def test_edges_and_corners_of_the_cube_do_not_show() -> None:
    constant = torch.full((6, 3, 7, 7), 0.25)
    torch.testing.assert_close(equirectangular(constant, 100), torch.full((3, 100, 200), 0.25))
    # A colour that changes evenly over the sphere goes on doing so across every edge.
    made = equirectangular(painted(64), 256)
    step = torch.cat([made, made[:, :, :1]], dim=2).diff(dim=2).norm(dim=0)
    latitude = (0.5 - (torch.arange(256) + 0.5) / 256) * math.pi
    torch.testing.assert_close(
        step / latitude.cos()[:, None], torch.full((256, 512), math.pi / 256), rtol=0.2, atol=1e-4
    )


def test_fine_detail_is_averaged() -> None:
    board = ((torch.arange(64)[:, None] + torch.arange(64)) % 2 * 2.0 - 1).expand(6, 3, 64, 64)
    assert equirectangular(board, 12).abs().max() < 0.1


def test_agrees_with_py360convert() -> None:
    """Within a pixel: that library takes the corners of pixels for their middles, half a pixel off both ways."""
    library = pytest.importorskip("py360convert")
    face, height = 32, 128
    faces = {name: side.permute(1, 2, 0).numpy() for name, side in zip(FACES, painted(face), strict=True)}
    theirs = torch.from_numpy(library.c2e(faces, height, 2 * height, cube_format="dict")).permute(2, 0, 1)
    ours = equirectangular(painted(face), height)
    assert (theirs - ours).norm(dim=0).max() < 2 / face
    # And back, where it puts the outermost pixels on the edges.
    picture = equirectangular(painted(face), 256).permute(1, 2, 0).numpy()
    back = library.e2c(picture, face, cube_format="dict")
    for name, side in faces.items():
        assert np.linalg.norm(back[name] - side, axis=-1).max() < 2 / face, name


def test_what_is_no_cube_is_refused(tmp_path: Path) -> None:
    good = torch.zeros(6, 3, 4, 4)
    broken = good.clone()
    broken[2, 1, 0, 0] = math.nan
    cases = [
        (good[:5], "faces have the shape"),
        (good[:, :1], "faces have the shape"),
        (good[..., :3], "faces have the shape"),
        (good[..., :0, :0], "faces have the shape"),
        (good.to(torch.uint8), r"faces are torch\.uint8"),
        (broken, "1 values that are not finite"),
        (torch.zeros(1, 1, 1, 1).expand(6, 3, 4097, 4097), "4097 pixels a side"),
    ]
    for faces, message in cases:
        with pytest.raises(ValueError, match=message):
            equirectangular(faces, 16)
        with pytest.raises(ValueError, match=message):
            write_surround_page(tmp_path / "page.html", faces)
    for height in (0, -4, 8193):
        with pytest.raises(ValueError, match=f"height is {height}"):
            equirectangular(good, height)
    for title in ("", "  \n", "x" * 301):
        with pytest.raises(ValueError, match="the title has"):
            write_surround_page(tmp_path / "page.html", good, title=title)
    assert not list(tmp_path.iterdir())


def test_files_are_whole_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = tmp_path / "deep" / "page.html"
    write_surround_page(page, cube(COLORS), title="one")
    with pytest.raises(FileExistsError, match=r"page\.html exists already"):
        write_surround_page(page, cube(COLORS), title="two")
    assert "<title>one</title>" in page.read_text(encoding="utf-8")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "replace", full)
        with pytest.raises(OSError, match=r"^cannot write .*page\.html: the disk is full; [^\n]*$"):
            write_surround_page(page, cube(COLORS), title="three", force=True)
    assert [file.name for file in page.parent.iterdir()] == ["page.html"]
    assert "<title>one</title>" in page.read_text(encoding="utf-8")
    write_surround_page(page, cube(COLORS), title="two", force=True)
    assert "<title>two</title>" in page.read_text(encoding="utf-8")
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        write_surround_page(page.parent, cube(COLORS), force=True)
    with pytest.raises(OSError, match=r"^cannot write .*below\.html: "):
        write_surround_page(page / "below.html", cube(COLORS))


def test_page_needs_nothing_else_and_text_stays_text(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_surround_page(page, cube(COLORS), title='</title><script>alert("{{face-L}}")</script> \udcff')
    text = page.read_text(encoding="utf-8")
    assert text.count("<script") == 1
    assert "&lt;script&gt;alert(&quot;{{face-L}}&quot;)" in text
    assert text.count("data:image/png;base64,") == 6
    assert "http:" not in text
    assert "https:" not in text
    # Larger faces are stored as JPEG.
    write_surround_page(page, torch.zeros(6, 3, 513, 513), force=True)
    assert page.read_text(encoding="utf-8").count("data:image/jpeg;base64,") == 6


def asked(
    page: Path, script: str, profile: Path, size: tuple[int, int] = (800, 600), *, wait_ms: int = 4000
) -> object:
    """What an expression in the page gives, through JSON."""
    expression = f"JSON.stringify(await (async () => {{ {script} }})())"
    found = look(page, expression, profile, size=size, wait_ms=wait_ms)
    assert not found.startswith("error"), found
    return json.loads(found)


LOOK_ROUND = """
    const found = {};
    for (const [name, [yaw, pitch]] of Object.entries(DIRECTIONS)) {
      surround.look(yaw, pitch);
      const [x, y] = [innerWidth / 2, innerHeight / 2];
      found[name] = {
        color: surround.read(x, y),
        face: document.elementFromPoint(x, y).dataset.face ?? null,
        text: document.getElementById("reading").textContent,
      };
    }
    return { kind: surround.view().kind, found };
""".replace("DIRECTIONS", json.dumps(DIRECTIONS))


@needs_browser
def test_each_direction_shows_its_face(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_surround_page(page, cube(COLORS))
    result = asked(page, LOOK_ROUND, tmp_path / "profile")
    assert isinstance(result, dict)
    assert result["kind"] == "webgl"
    assert {name: seen["color"] for name, seen in result["found"].items()} == colors_of(COLORS)
    assert result["found"]["L"]["text"] == "yaw −90°, left\npitch 0°"
    assert result["found"]["U"]["text"] == "yaw 0°, up\npitch 90°"


@needs_browser
def test_pixels_agree_with_the_directions(tmp_path: Path) -> None:
    """Off the middle too, in wide and in high windows: the colour is the direction that the lens says."""
    page = tmp_path / "page.html"
    write_surround_page(page, painted(64))
    script = """
        const [w, h] = [innerWidth, innerHeight];
        const views = [[0, 0, 80], [45, 0, 100], [-135, 35, 60], [100, -70, 90], [10, 90, 40], [-30, -90, 40]];
        return [w, h, views.map(([yaw, pitch, field]) => {
          surround.look(yaw, pitch, field);
          return [yaw, pitch, field, [[5, 5], [w - 5, 7], [w / 2, h - 9], [w / 3, h / 4]].map(
            ([x, y]) => [x, y, surround.read(x, y)])];
        })];
    """
    for size in ((800, 500), (400, 700)):
        found = asked(page, script, tmp_path / "profile", size)
        assert isinstance(found, list)
        width, height, views = found
        for yaw, pitch, field, pixels in views:
            turn, lift = math.radians(yaw), math.radians(pitch)
            right = np.array([math.cos(turn), 0, -math.sin(turn)])
            ahead = np.array(
                [math.sin(turn) * math.cos(lift), math.sin(lift), math.cos(turn) * math.cos(lift)]
            )
            up = np.cross(ahead, right)
            scale = 2 * math.tan(math.radians(field / 2)) / max(width, height)
            for x, y, color in pixels:
                ray = ahead + (x + 0.5 - width / 2) * scale * right - (y + 0.5 - height / 2) * scale * up
                wanted = (ray / np.linalg.norm(ray) + 1) * 127.5
                assert np.abs(wanted - color).max() < 3, (size, yaw, pitch, field, x, y)


@needs_browser
def test_hands_and_keys_turn_the_view(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_surround_page(page, cube(COLORS))
    script = """
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const view = document.getElementById("view");
        const state = () => { const { yaw, pitch, field } = surround.view(); return [yaw, pitch, field]; };
        const finger = (kind, id, x, y) => (kind === "pointerdown" ? view : window).dispatchEvent(new PointerEvent(kind,
          { pointerId: id, clientX: x, clientY: y, bubbles: true, isPrimary: id === 1, pointerType: "touch" }));
        const press = (key, more = {}) => view.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...more }));
        const found = {};
        // The browser's clock is virtual and runs ahead of a busy machine's frames; reading a pixel waits for the painter.
        for (let i = 0; i < 500 && !surround.view().yaw; i++) { surround.read(400, 300); await wait(50); }
        found.turned = surround.view();
        finger("pointerdown", 1, 400, 300);
        await wait(100);
        found.held = surround.view();
        await wait(500);
        found.still = surround.view();
        surround.look(0, 0, 90);
        finger("pointermove", 1, 300, 340);
        finger("pointerup", 1, 300, 340);
        finger("pointermove", 1, 100, 100);
        found.dragged = state();
        surround.look(0, 0, 90);
        press("ArrowRight"); press("ArrowRight"); press("ArrowUp"); press("ArrowLeft", { ctrlKey: true });
        found.keys = state();
        press("Home");
        for (let i = 0; i < 30; i++) press("ArrowLeft");
        for (let i = 0; i < 30; i++) press("ArrowDown");
        for (let i = 0; i < 30; i++) press("+");
        found.far = state();
        found.color = surround.read(400, 300);
        view.dispatchEvent(new WheelEvent("wheel", { deltaY: 400, bubbles: true, cancelable: true }));
        found.wheel = state()[2];
        surround.look(170, 0, 60);
        press("ArrowRight"); press("ArrowRight"); press("ArrowRight");
        found.round = state();
        finger("pointerdown", 1, 300, 300);
        finger("pointerdown", 2, 400, 300);
        finger("pointermove", 2, 450, 300);
        found.pinched = state();
        return found;
    """
    found = asked(page, script, tmp_path / "profile", wait_ms=60_000)
    assert isinstance(found, dict)
    assert found["turned"]["turning"]
    assert 0 < found["turned"]["yaw"] < 10
    assert not found["held"]["turning"]
    assert found["still"] == found["held"]
    # Dragging 100 pixels left and 40 down turns right and up, by as much as the lens shows at the middle.
    degrees = math.degrees(2 * math.tan(math.radians(45)) / 800)
    assert found["dragged"] == pytest.approx([100 * degrees, 40 * degrees, 90])
    assert found["keys"] == pytest.approx([10, 5, 90])
    assert found["far"] == pytest.approx([-150, -90, 30])
    assert found["color"] == colors_of(COLORS)["D"]
    assert found["wheel"] == pytest.approx(30 * math.exp(0.4))
    assert found["round"] == pytest.approx([-175, 0, 60])
    assert found["pinched"] == pytest.approx([-175, 0, 40])


@needs_browser
def test_edges_between_equal_faces_do_not_show(tmp_path: Path) -> None:
    """F, R and U are white and the others black: not a pixel along their three edges is anything but white."""
    page = tmp_path / "page.html"
    colors = {name: "#ffffff" if name in "FRU" else "#000000" for name in FACES}
    write_surround_page(page, cube(colors, 9))
    script = """
        const pen = Object.assign(document.createElement("canvas"), { width: 400, height: 300 }).getContext("2d");
        return [[45, 0], [44.7, 30], [0, 45], [90, 45], [45, 35.26]].map(([yaw, pitch]) => {
          surround.look(yaw, pitch, 30);
          pen.drawImage(document.querySelector("#view canvas"), -200, -150);
          return pen.getImageData(0, 0, 400, 300).data.reduce((least, value) => Math.min(least, value), 255);
        });
    """
    assert asked(page, script, tmp_path / "profile") == [255] * 5
    # In CSS too, where only the picture of the screen can tell: squares that meet at the middle, and their corner.
    for yaw, pitch in ((45.3, 20), (0, 45), (45, 35.26)):
        pixels = pictured(page, tmp_path, f"location.hash = '#css'; surround.look({yaw}, {pitch}, 30)")
        assert pixels[200:400, 300:500].min() >= 250, (yaw, pitch)


def pictured(page: Path, folder: Path, script: str) -> np.ndarray:
    """Pixels [600, 800, 3] of the page after a script."""
    changed = folder / "changed.html"
    ending = f"<script>addEventListener('load', () => {{ {script} }})</script>"
    changed.write_text(page.read_text(encoding="utf-8") + ending, encoding="utf-8")
    screenshot(changed, folder / "seen.png", folder / "profile", size=(800, 600))
    with Image.open(folder / "seen.png") as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


@needs_browser
def test_without_webgl_squares_in_space_show_the_same(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_surround_page(page, painted(48))
    missing = "<script>HTMLCanvasElement.prototype.getContext = ((ask) => function (kind, ...more) {"
    missing += " return kind === 'webgl2' ? null : ask.call(this, kind, ...more); })(HTMLCanvasElement.prototype.getContext);</script>"
    page.write_text(page.read_text(encoding="utf-8").replace("<head>", f"<head>{missing}"), encoding="utf-8")
    result = asked(page, LOOK_ROUND, tmp_path / "profile")
    assert isinstance(result, dict)
    assert result["kind"] == "css"
    assert {name: seen["face"] for name, seen in result["found"].items()} == {name: name for name in FACES}

    write_surround_page(page, painted(48), force=True)
    for view in ("45, 20, 100", "-120, -60, 70"):
        shown = pictured(page, tmp_path, f"location.hash = '#css'; surround.look({view})")
        expected = pictured(page, tmp_path, f"surround.look({view})")
        # Not where the words are; a pixel's width of difference at the edges of the squares.
        middle = np.abs(shown - expected)[60:480]
        assert middle.mean() < 1, view
        assert middle.max() < 16, view


@needs_browser
def test_no_turning_where_motion_is_not_wanted(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    write_surround_page(page, cube(COLORS))
    calm = "<script>window.matchMedia = () => ({ matches: true, addEventListener() {} });</script>"
    page.write_text(page.read_text(encoding="utf-8").replace("<head>", f"<head>{calm}"), encoding="utf-8")
    script = "await new Promise((done) => setTimeout(done, 800)); return surround.view();"
    found = asked(page, script, tmp_path / "profile")
    assert found == {"yaw": 0, "pitch": 0, "field": 80, "turning": False, "kind": "webgl"}
