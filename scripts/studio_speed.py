#!/usr/bin/env python3
"""How quickly the studio cancels and scrubs, in a real browser that draws without a GPU.

    studio_speed.py

Prints how long it takes from Escape in mid-sampling until the page says so and until the server is free again, and
how many pictures a second a page of 1280 x 720 draws while a motion of five minutes is scrubbed, with what of it is
the page's own work (the rest is the browser's drawing, which a GPU does elsewhere).
"""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from mdm_adapter.motion import Motion

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from chrome import Tab, chrome
from moves import travelling
from served import Server, served

CANCELS, SECONDS = 5, 10
PROMPT = "a person walks for 120 seconds, then waves, then kicks, then jumps, then sits down"
# A new place in every picture, up and down the motion; how many were drawn.
SCRUB = """(async () => {{
  const {{ stage }} = studio, begin = performance.now(), first = stage.drawn, last = stage.clock.last;
  for (let i = 0; performance.now() - begin < {milliseconds}; i++) {{
    stage.seek(last * Math.abs(((i * 0.004) % 2) - 1));
    await new Promise(requestAnimationFrame);
  }}
  return (stage.drawn - first) / (performance.now() - begin) * 1000;
}})()"""


def open_studio(studio: Server, tab: Tab) -> None:
    tab.open(f"{studio.page}/{studio.ask('/v1/studio/projects', {}).json['id']}")
    tab.until("document.documentElement.classList.contains('ready')")


def cancelling(studio: Server, tab: Tab) -> tuple[float, float]:
    """Seconds from Escape until the page says that it is over, and until nothing runs."""
    tab.click("#make")
    tab.until("studio.making.seen > 0", seconds=300)
    began = time.monotonic()
    tab.key("Escape")
    tab.until("!studio.making.waiting")
    said = time.monotonic() - began
    while studio.ask("/v1/health").json["jobs"]["running"]:
        time.sleep(0.02)
    return said, time.monotonic() - began


def scrubbing(tab: Tab) -> tuple[float, float]:
    """Pictures a second, and milliseconds of the page's script for each."""

    def scripts() -> float:
        return next(
            m["value"] for m in tab.call("Performance.getMetrics")["metrics"] if m["name"] == "ScriptDuration"
        )

    tab.call("Performance.enable")
    before = scripts()
    rate = tab.run(SCRUB.format(milliseconds=1000 * SECONDS))
    return rate, 1000 * (scripts() - before) / (rate * SECONDS)


def import_long(tab: Tab, path: Path) -> None:
    """Five minutes of walking as a block that is kept, shown."""
    joints = travelling(300.0, (0.0, 1.0)).joints()[None].astype(np.float32)
    Motion(joints, np.zeros((1, len(joints[0]), 1), dtype=np.float32)).save(path)
    tab.choose("#motion-file", path)
    tab.until("document.querySelectorAll('.block.kept').length === 1")
    tab.until("!document.querySelector('#make').disabled")
    tab.click("#make")
    tab.until("studio.stage.clock && studio.stage.clock.length > 298", seconds=300)


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        served("--folder", name, "--no-open", command="studio") as studio,
    ):
        folder = Path(name)
        with chrome(folder / "first") as tab:
            open_studio(studio, tab)
            tab.click("#prompt")
            tab.type(PROMPT)
            tab.key("Enter")
            tab.until("document.querySelectorAll('.block').length === 5")
            found = np.array([cancelling(studio, tab) for _ in range(CANCELS)])
            for what, column in zip(("the page says so", "the server is free"), found.T, strict=True):
                print(f"cancel, until {what}: median {np.median(column):.2f} s, longest {column.max():.2f} s")
        with chrome(folder / "second") as tab:
            open_studio(studio, tab)
            import_long(tab, folder / "long.npz")
            rate, script = scrubbing(tab)
            print(f"scrubbing five minutes: {rate:.0f} pictures a second; {script:.1f} ms of script for each")


if __name__ == "__main__":
    main()
