"""Chromium under remote control, through pipes: real keys and pointers, pictures at any moment, what the console said."""

import base64
import io
import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from browser import BROWSER, FLAGS
from numpy.typing import NDArray
from PIL import Image

KEYS = {" ": ("Space", 32), "ArrowRight": ("ArrowRight", 39), "ArrowLeft": ("ArrowLeft", 37), "Home": ("Home", 36),
        "End": ("End", 35), "Tab": ("Tab", 9), "Enter": ("Enter", 13), "Escape": ("Escape", 27),
        "ArrowDown": ("ArrowDown", 40), "Delete": ("Delete", 46), "z": ("KeyZ", 90)}  # fmt: skip


class Tab:
    """A page in a browser; `errors` is what its console and its scripts complained of."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing, self.buffer = reading, writing, b""
        self.numbers = itertools.count(1)
        self.errors: list[str] = []
        self.seen: list[str] = []
        self.session: str | None = None
        self.allowed: tuple[str, ...] = ("file:",)  # how addresses may begin that are asked for

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the Chrome DevTools protocol and its result."""
        number = next(self.numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            found = self._receive()
            if found.get("id") == number:
                assert "error" not in found, found["error"]
                return dict(found["result"])

    def _receive(self, seconds: float = 90) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            ready, _, _ = select.select([self.reading], [], [], max(0.0, end - time.monotonic()))
            assert ready, "the browser says nothing"
            more = os.read(self.reading, 1 << 20)
            assert more, "the browser has gone"
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, given: dict[str, Any]) -> None:
        self.seen.append(method)
        if method == "Runtime.exceptionThrown":
            details = given["exceptionDetails"]
            self.errors.append(str(details.get("exception", {}).get("description", details["text"])))
        elif method == "Log.entryAdded" and given["entry"]["level"] == "error":
            self.errors.append(str(given["entry"]["text"]))
        elif method == "Runtime.consoleAPICalled" and given["type"] in ("error", "assert"):
            self.errors.append(str([part.get("value") for part in given["args"]]))
        elif method == "Network.requestWillBeSent" and not given["request"]["url"].startswith(self.allowed):
            self.errors.append(f"asked for {given['request']['url'][:100]}")

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript, which may be a promise."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def open(self, page: Path | str) -> None:
        """A file, or an address."""
        self.seen.clear()
        self.call("Page.navigate", url=page if isinstance(page, str) else page.resolve().as_uri())
        while "Page.loadEventFired" not in self.seen:
            self._receive()

    def key(self, key: str, *, shift: bool = False, control: bool = False) -> None:
        code, number = KEYS.get(key, ("", 0))
        held = (8 if shift else 0) + (2 if control else 0)
        common = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": held}
        text = {} if control else {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Into what has the focus."""
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """The middle of an element, by a real pointer."""
        box = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'nearest'}});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self.drag((box[0], box[1]), (box[0], box[1]))

    def choose(self, selector: str, path: Path) -> None:
        """A file for an input of files, as its dialog would."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def until(self, script: str, *, seconds: float = 60) -> Any:
        """Wait for an expression to be true; its value."""
        deadline = time.monotonic() + seconds
        while not (found := self.run(script)):
            assert time.monotonic() < deadline, f"{script} stays false; {self.errors}"
            time.sleep(0.05)
        return found

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press at a place, move to another, let go."""
        for kind, (x, y), buttons in (
            ("mouseMoved", start, 0), ("mousePressed", start, 1), ("mouseMoved", end, 1), ("mouseReleased", end, 0),
        ):  # fmt: skip
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if kind != "mouseMoved" or buttons
                      else "none", buttons=buttons, clickCount=1)  # fmt: skip

    def picture(self) -> NDArray[np.uint8]:
        """What is seen, [height, width, 3]."""
        return np.asarray(Image.open(io.BytesIO(self.png())).convert("RGB"))

    def png(self) -> bytes:
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


@contextmanager
def chrome(
    profile: Path, *, size: tuple[int, int] = (1280, 720), mobile: bool = False, scale: float = 1.0,
    **media: str,
) -> Iterator[Tab]:  # fmt: skip
    """A browser with one empty tab. media: features such as `prefers_color_scheme="dark"`."""
    theirs, to_browser = os.pipe()
    from_browser, answers = os.pipe()

    def pipes() -> None:
        # The browser reads commands from 3 and writes to 4; both ends are moved away first, lest one hits the other.
        low, high = os.dup(theirs), os.dup(answers)
        spare = [os.dup(low), os.dup(high)]
        os.dup2(spare[0], 3)
        os.dup2(spare[1], 4)

    process = subprocess.Popen(
        [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=pipes,
        pass_fds=(),
    )  # fmt: skip
    os.close(theirs)
    os.close(answers)
    tab = Tab(from_browser, to_browser)
    try:
        pages = [t for t in tab.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        tab.session = str(
            tab.call("Target.attachToTarget", targetId=pages[0]["targetId"], flatten=True)["sessionId"]
        )
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.call(f"{domain}.enable")
        tab.call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=scale,
            mobile=mobile,
        )  # fmt: skip
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in media.items()]
        tab.call("Emulation.setEmulatedMedia", features=features)
        yield tab
    finally:
        process.terminate()
        process.wait(timeout=20)
        os.close(from_browser)
        os.close(to_browser)
