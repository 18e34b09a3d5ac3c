"""A real browser without a screen: what a page shows, and what a script finds in it."""

import html
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
)  # fmt: skip

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def look(
    page: Path, script: str, profile: Path, *, size: tuple[int, int] = (1200, 900), wait_ms: int = 4000
) -> str:
    """What an expression of JavaScript, which may be a promise, gives in a page once it is loaded."""
    assert BROWSER is not None
    probe = page.with_name(f"probe-{page.name}")
    ending = (
        "<script>addEventListener('load', async () => { let found; try { found = String(await (async () => "
        f"({script}))()); }} catch (e) {{ found = 'error: ' + e; }}"
        " const mark = document.createElement('pre'); mark.id = 'found'; mark.textContent = found;"
        " document.body.append(mark); });</script>"
    )
    probe.write_text(page.read_text(encoding="utf-8") + ending, encoding="utf-8")
    try:
        dom = _run(probe, profile, size, "--dump-dom", f"--virtual-time-budget={wait_ms}")
    finally:
        probe.unlink()
    match = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    assert match, f"the page never finished loading: {dom[-500:]}"
    return html.unescape(match[1])


def screenshot(page: Path, target: Path, profile: Path, *, size: tuple[int, int] = (1200, 900)) -> None:
    """The page as PNG."""
    _run(page, profile, size, f"--screenshot={target}", "--virtual-time-budget=4000")
    assert target.exists()


def _run(page: Path, profile: Path, size: tuple[int, int], *arguments: str) -> str:
    command = [
        str(BROWSER), *FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", *arguments,
        page.resolve().as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
