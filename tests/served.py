"""A real `motioncollage serve` in a process of its own, and a client of nothing but urllib."""

import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

COMMAND = (sys.executable, "-m", "motioncollage.shell.main")
OPTIONS = ("--port", "0", "--device", "cpu")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A process that serves; with the token that its address names, where it names one."""

    process: "subprocess.Popen[str]"
    address: str
    token: str = ""

    @property
    def page(self) -> str:
        """What a browser opens."""
        return f"{self.address}/#{self.token}"

    def ask(
        self, path: str, body: Any = None, *, method: str | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """What comes back, errors included; a body that is no bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data is not None else {}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(
            self.address + path, data, {**sent, **(headers or {})}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return Answer(answer.status, _lower(answer.headers), answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, _lower(error.headers), error.read())

    def finished(self, id: str, *, seconds: float = 120) -> list[dict[str, Any]]:
        """Everything that was told of a job until it was over."""
        told = [self.ask(f"/v1/jobs/{id}").json]
        deadline = time.monotonic() + seconds
        while told[-1]["state"] in ("waiting", "running"):
            assert time.monotonic() < deadline, told[-1]
            time.sleep(0.05)
            told.append(self.ask(f"/v1/jobs/{id}").json)
        return told


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def served(*options: str, command: str = "serve", killed: bool = False) -> Iterator[Server]:
    """A server, ended by Ctrl-C; it must then say so and exit with 0, and nothing that it logged may be a traceback.

    Args:
        killed: ended by SIGKILL instead, after which nothing is asked of it.
    """
    process = subprocess.Popen(
        [*COMMAND, command, *OPTIONS, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"listens at (http://\S+)", line)
    try:
        assert found, line + (process.communicate(timeout=10)[1] if process.poll() is not None else "")
        address, _, token = found[1].partition("/#")
        yield Server(process, address, token)
    except BaseException:
        process.kill()
        process.wait()
        raise
    if killed:
        process.kill()
        process.communicate()
        return
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "stopped" in out
    assert "Traceback" not in err
