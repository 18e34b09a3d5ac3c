"""The studio as a new user tries it: a real browser, real keys and pointers, a real server."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import needs_browser
from chrome import Tab, chrome
from moves import travelling
from other_programs import blender
from paths import REPOSITORY
from served import Server, served

import motioncollage as mc
from mdm_adapter.motion import Motion

pytestmark = [pytest.mark.slow, needs_browser]

# Opens a file as Blender does and tells how long what it found moves.
LOOK = """
import sys
import bpy
sys.path.insert(0, {scripts!r})
import blender_retarget
blender_retarget.mend()
bpy.ops.wm.read_factory_settings(use_empty=True)
blender_retarget.enable()
bpy.context.scene.render.fps = 20
armature = blender_retarget.load(sys.argv[-1])
start, end = armature.animation_data.action.frame_range
print("FRAMES", round(end - start), "BONES", len(armature.data.bones))
"""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("studio")
    with served("--folder", str(folder), "--no-open", command="studio") as running:
        yield running


@contextmanager
def tab_on(studio: Server, profile: Path, project: str = "", **media: str) -> Iterator[Tab]:
    """A browser with the page open; on a new project, or on a given one."""
    name = project or studio.ask("/v1/studio/projects", {}).json["id"]
    with chrome(profile, **media) as tab:
        tab.allowed = (studio.address, "data:", f"blob:{studio.address}")
        tab.open(f"{studio.page}/{name}")
        tab.until("document.documentElement.classList.contains('ready')")
        yield tab


@pytest.fixture
def tab(studio: Server, tmp_path: Path) -> Iterator[Tab]:
    with tab_on(studio, tmp_path / "profile", prefers_reduced_motion="reduce") as opened:
        yield opened
        assert not opened.errors


def blocks(tab: Tab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.run("studio.project.document.blocks")
    return found


def made(tab: Tab, press: str = "#make") -> None:
    tab.until(f"!document.querySelector('{press}').disabled")
    tab.click(press)
    tab.until("studio.making.waiting")
    tab.until("!studio.making.waiting", seconds=400)
    assert not tab.run("document.querySelector('#note.bad:not([hidden])')?.textContent")


def lay_out(tab: Tab, prompt: str, count: int) -> None:
    tab.click("#prompt")
    tab.type(prompt)
    tab.key("Enter")
    tab.until(f"document.querySelectorAll('.block').length === {count}")


def saved(tab: Tab) -> None:
    tab.until("!studio.project.dirty")
    tab.run("studio.project.flush()")


def test_a_loop_of_three_actions_in_ten(tab: Tab, tmp_path: Path) -> None:
    """Ten actions: type, lay out, loop, make, choose a block, make it again, and each export by two clicks."""
    files = tmp_path / "files"
    session, tab.session = tab.session, None
    tab.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(files))
    tab.session = session
    lay_out(tab, "a person walks forward, then waves with the right hand, then bows", 3)  # 1, 2
    tab.run(
        "(e => { e.value = 'in-place'; e.dispatchEvent(new Event('change')); })(document.querySelector('#loop'))"
    )  # 3
    made(tab)  # 4
    first = tab.run("studio.project.chosen")
    tab.click(".block:nth-child(2) .words")  # 5
    made(tab, "#again")  # 6
    second = tab.run("studio.project.chosen")
    assert (first["number"], second["number"], second["loop"]) == (1, 2, "in-place")
    for format in ("glb", "bvh"):  # 7 to 10
        tab.click("#export-menu")
        tab.until("!document.querySelector('#export-list').hidden")
        tab.click(f"[data-format={format}]")
        deadline = time.monotonic() + 60
        while not list(files.glob(f"*.{format}")):
            assert time.monotonic() < deadline
            time.sleep(0.1)
    frames = second["spans"][-1]["end"]
    for format in ("glb", "bvh"):
        (path,) = files.glob(f"*.{format}")
        look = tmp_path / "look.py"
        look.write_text(LOOK.format(scripts=str(REPOSITORY / "scripts")))
        said = next(line for line in blender(look, path).splitlines() if line.startswith("FRAMES")).split()
        assert int(said[3]) >= 22
        assert abs(int(said[1]) - frames) <= 1
    # Only the block was made again.
    one, two = (studio_motion(tab, take) for take in (first, second))
    start, end = second["spans"][1]["start"], second["spans"][1]["end"]
    assert np.abs(one - two)[:start].max() < 2e-3
    assert np.abs(one - two)[start + 10 : end - 10].max() > 0.02


def studio_motion(tab: Tab, take: dict[str, Any]) -> Any:
    """Joints [frames, 22, 3] of a take as the page shows them."""
    script = (
        f"(async () => {{ const t = studio.project.takes.find(t => t.id === '{take['id']}'); const s = await studio.making.scene(t);"
        " const m = new viewer.Movement(s.figures[0], s.buffers); const r = m.row(); return Array.from({length: m.frames}, (_, i) =>"
        " Array.from(m.pose(i, r).places)); })()"
    )
    return np.array(tab.run(script)).reshape(-1, 22, 3)


def test_cancel_in_mid_sampling_changes_nothing(tab: Tab) -> None:
    lay_out(tab, "a person walks for 120 seconds", 1)
    tab.click("#make")
    tab.until("studio.making.seen > 0", seconds=200)
    job = tab.run("studio.making.job")
    tab.key("Escape")
    tab.until("!studio.making.waiting")
    assert tab.run(f"(async () => (await (await fetch('/v1/jobs/{job}', {{headers: {{Authorization: 'Bearer ' + "
                   "location.hash.slice(1).split('/')[0]}})).json()).state)()") == "cancelled"  # fmt: skip
    assert tab.run("studio.project.takes.length") == 0
    assert not tab.run("document.querySelector('#make').hidden")


def test_late_news_of_a_job_that_is_over_takes_back_nothing(tab: Tab) -> None:
    """The page asks for the project and for the job side by side, and the older answer may arrive last."""
    lay_out(tab, "a person bows", 1)
    made(tab)
    made(tab)
    assert tab.run("studio.project.chosen.number") == 2
    jobs = tab.run("[...studio.making.over]")
    assert len(jobs) == 2
    for old in jobs:
        assert not tab.run(
            f"(studio.project.job = {json.dumps(old)}, studio.project.say('looked'), studio.making.waiting)"
        )
    assert tab.run("studio.project.chosen.number") == 2


def test_two_clicks_before_the_answer_make_one_take(tab: Tab) -> None:
    lay_out(tab, "a person bows", 1)
    tab.until("!document.querySelector('#make').disabled")
    tab.run("(() => { const b = document.querySelector('#make'); b.click(); b.click(); })()")
    tab.until("studio.making.waiting")
    tab.until("!studio.making.waiting", seconds=400)
    tab.run("studio.project.reload()")
    assert tab.run("studio.project.takes.length") == 1


def test_another_project_while_one_is_made(studio: Server, tab: Tab) -> None:
    """What is made goes on behind another project and arrives in its own."""
    lay_out(tab, "a person walks for 120 seconds", 1)
    home = tab.run("studio.project.id")
    tab.click("#make")
    tab.until("studio.making.seen > 0", seconds=200)
    job = tab.run("studio.making.job")
    other = studio.ask("/v1/studio/projects", {}).json["id"]
    tab.run(f"studio.project.open('{other}')")
    assert not tab.run("studio.making.waiting")
    tab.run(f"studio.project.open('{home}')")
    tab.until("studio.making.job")
    assert tab.run("studio.making.job") == job
    tab.until("!studio.making.waiting", seconds=400)
    assert tab.run("studio.project.takes.length") == 1
    tab.run(f"studio.project.open('{other}')")
    assert tab.run("studio.project.takes.length") == 0


def test_five_hundred_characters(tab: Tab) -> None:
    actions = [
        "walks forward slowly",
        "waves with the left hand",
        "turns around",
        "kicks with the right foot",
        "sits down",
    ]
    prompt = "A person " + ", then ".join(actions[i % 5] for i in range(20))
    lay_out(tab, prompt[:500].rpartition(",")[0], len(prompt[:500].rpartition(",")[0].split(", then ")))
    saved(tab)
    assert tab.run("document.querySelector('#problem').hidden")
    assert tab.run(
        "document.documentElement.scrollWidth <= innerWidth && document.documentElement.scrollHeight <= innerHeight"
    )


def test_blocks_by_pointer_and_keys(tab: Tab) -> None:
    lay_out(tab, "a person walks, then waves, then jumps", 3)
    texts = [block["text"] for block in blocks(tab)]

    def box(number: int) -> dict[str, float]:
        found: dict[str, float] = tab.run(
            f"document.querySelectorAll('.block')[{number}].getBoundingClientRect().toJSON()"
        )
        return found

    # The last in front of the first; the end of the first longer, and what follows moves.
    last, first = box(2), box(0)
    tab.drag(
        (last["left"] + 20, last["top"] + 20),
        (first["left"] + 5 - (last["width"] / 2 - 20), first["top"] + 20),
    )
    tab.until("studio.timeline.track.querySelectorAll('.block')[0].textContent.includes('jump')")
    before = sorted(blocks(tab), key=lambda block: block["start"])
    edge = box(0)
    tab.drag((edge["right"] - 3, edge["top"] + 20), (edge["right"] + 60, edge["top"] + 20))
    after = sorted(blocks(tab), key=lambda block: block["start"])
    assert after[0]["seconds"] > before[0]["seconds"] + 0.3
    assert after[1]["start"] == pytest.approx(
        before[1]["start"] + after[0]["seconds"] - before[0]["seconds"], abs=0.06
    )
    # Shift keeps the others: the first now reaches into the next.
    edge = box(0)
    tab.run("document.querySelectorAll('.block')[0].focus()")
    tab.key("Delete")
    tab.until("document.querySelectorAll('.block').length === 2")
    assert min(block["start"] for block in blocks(tab)) == 0
    for _ in range(3):
        tab.run("document.activeElement.blur()")
        tab.key("z", control=True)
    assert [block["text"] for block in sorted(blocks(tab), key=lambda block: block["start"])] == texts
    tab.run("studio.timeline.select(studio.project.document.blocks[1].id, {focus: true})")
    tab.key("Enter")
    tab.type("a person <b onclick=alert(1)>bows</b>")
    tab.key("Enter")
    tab.until("studio.project.document.blocks[1].text.includes('<b onclick')")
    assert tab.run("document.querySelectorAll('#track b, [onclick]').length") == 0


def test_known_actions_are_offered_and_the_unknown_marked(tab: Tab) -> None:
    tab.click("#prompt")
    tab.type("a person walks, then cartw")
    tab.until(
        "!document.querySelector('.offers').hidden && document.querySelectorAll('.offers li').length > 0"
    )
    tab.key("ArrowDown")
    tab.key("Enter")
    assert "cartwheel" in tab.run("document.querySelector('#prompt').value")
    tab.run("document.querySelector('#prompt').value = ''")
    lay_out(tab, "a person juggles flaming torches on a unicycle", 1)
    tab.until("document.querySelectorAll('.block.unsure').length === 1")


def test_two_tabs(studio: Server, tmp_path: Path) -> None:
    name = studio.ask("/v1/studio/projects", {}).json["id"]
    with tab_on(studio, tmp_path / "one", name) as one, tab_on(studio, tmp_path / "two", name) as two:
        lay_out(one, "a person walks, then waves", 2)
        saved(one)
        two.until("studio.project.document.blocks.length === 2", seconds=20)
        two.run("studio.project.change(d => { d.title = 'of two'; })")
        saved(two)
        one.until("studio.project.document.title === 'of two'", seconds=20)
        # Both at once: one wins, the other is told and can have its own back.
        one.run(
            "studio.project.change(d => { d.title = 'one at once'; }); studio.project.revision -= 1; studio.project.flush()"
        )
        one.until("!document.querySelector('#note').hidden")
        assert one.run("studio.project.document.title") == "of two"
        one.run("studio.project.undo()")
        saved(one)
        two.until("studio.project.document.title === 'one at once'", seconds=20)


def test_projects_of_strangers(tab: Tab, tmp_path: Path) -> None:
    evil = "<img src=x onerror=window.hurt=1>"
    document = {"title": evil, "blocks": [{"id": "a", "text": f"walks {evil}", "start": 0, "seconds": 4}]}
    good = {"format": "motioncollage studio", "version": 1, "document": document, "takes": []}
    before = tab.run("studio.project.id")

    def opened(body: str) -> None:
        tab.run(f"studio.files.open(new File([{json.dumps(body)}], 'x.json'))")

    for body, said in (
        ("{", "not JSON"), ("[" * 100_000, "deeper"), (json.dumps({**good, "version": 9}), "update"),
        (json.dumps({**good, "takes": [{"id": "../../x", "batch": "b", "motion": "0" * 32}]}), "is no name"),
        (json.dumps({**good, "motions": {"../../x": ""}}), "is no motion"), ('{"__proto__": {"x": 1}}', "no project"),
    ):  # fmt: skip
        opened(body)
        assert said in tab.run("document.querySelector('#note').textContent")
        assert tab.run("studio.project.id") == before
    tab.errors.clear()  # the browser's own log of what was refused
    opened(json.dumps(good))
    tab.until("document.querySelectorAll('.block').length === 1")
    assert tab.run("studio.project.id") != before
    assert tab.run("document.querySelector('.words').textContent") == f"walks {evil}"
    assert not tab.run("window.hurt")
    assert tab.run("document.images.length") == 0


def test_five_minutes_scrub(tab: Tab, tmp_path: Path) -> None:
    joints = travelling(300.0, (0.0, 1.0)).joints()[None].astype(np.float32)
    Motion(joints, np.zeros((1, len(joints[0]), 1), dtype=np.float32)).save(tmp_path / "long.npz")
    assert mc.read(tmp_path / "long.npz").frames == 6000
    tab.choose("#motion-file", tmp_path / "long.npz")
    tab.until("document.querySelectorAll('.block.kept').length === 1")
    made(tab)
    tab.until("studio.stage.clock && studio.stage.clock.length > 298")
    # Every place of the scrubber is drawn, and shows the frame that lies there.
    drawn = tab.run(
        "(async () => { const { stage } = studio; const places = []; for (let i = 0; i < 20; i++) { stage.seek(15 * i); const n = stage.drawn;"
        " while (stage.drawn === n) await new Promise(requestAnimationFrame);"
        " places.push(stage.panels[0].figure.row.places[2]); } return places; })()"
    )
    steps = np.diff(drawn)
    assert np.allclose(steps, 15.0, atol=0.5)


def test_focus_order_contrast_and_size(studio: Server, tmp_path: Path) -> None:
    for scheme in ("light", "dark"):
        with tab_on(studio, tmp_path / scheme, prefers_color_scheme=scheme) as tab:
            contrast = tab.run(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
            order = []
            tab.run("document.querySelector('#title').focus()")
            for _ in range(12):
                order.append(tab.run("document.activeElement.id"))
                tab.key("Tab")
            known = [name for name in order if name in ("title", "project-menu", "prompt", "play", "ruler")]
            assert known[:3] == ["title", "project-menu", "prompt"]
            nameless = tab.run(
                "[...document.querySelectorAll('button, input, select, textarea')].filter(e => e.offsetParent && !e.textContent.trim() &&"
                " !e.getAttribute('aria-label') && !e.labels?.length && !e.title).map(e => e.id)"
            )
            assert nameless == []


CONTRAST = """(() => {
  const style = getComputedStyle(document.documentElement);
  const pen = document.createElement('canvas').getContext('2d');
  const light = (name) => { pen.fillStyle = style.getPropertyValue('--' + name).trim(); pen.fillRect(0, 0, 1, 1);
    const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const of = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  return Object.fromEntries([['ink', 'panel'], ['ink', 'paper'], ['faint', 'panel'], ['faint', 'paper'], ['accent', 'panel'], ['accent-ink', 'accent'],
    ['warn', 'panel'], ['bad', 'panel'], ['good', 'panel']].map(([a, b]) => [a + ' on ' + b, of(a, b)]));
})()"""
