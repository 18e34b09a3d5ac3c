"""The client of the encoder's server, against a server that answers as the published one does."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import torch

from mdm_adapter.models.kimodo.text.server import ServerEncoder


class Page(BaseHTTPRequestHandler):
    """A Gradio page of one function: post, wait for the event, fetch the file."""

    prefix = "/gradio_api"
    event = "complete"
    files: dict[str, bytes] = {}  # noqa: RUF012 (of the one test server)
    elsewhere = False

    def do_POST(self) -> None:
        if not self.path.startswith(f"{self.prefix}/call/DemoWrapper"):
            self.send_error(404)
            return
        text, name = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
        file = io.BytesIO()
        np.save(file, np.full((2, 4), len(text), dtype=np.float32))
        type(self).files.setdefault(name, file.getvalue())
        self._answer(json.dumps({"event_id": name}).encode())

    def do_GET(self) -> None:
        name = self.path.rpartition("/")[2]
        if "/file=" in self.path:
            self._answer(self.files[name])
            return
        where = {
            "path": f"/tmp/gradio/{name}",
            "url": "http://192.0.2.1/elsewhere" if self.elsewhere else None,
        }
        reply = [{"value": where, "__type__": "update"}, {"visible": True}]
        data = json.dumps(reply) if self.event == "complete" else "null"
        self._answer(f"event: heartbeat\ndata: null\n\nevent: {self.event}\ndata: {data}\n\n".encode())

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, type[Page]]]:
    page = type("OnePage", (Page,), {"files": {}})
    running = ThreadingHTTPServer(("127.0.0.1", 0), page)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}/", page
    running.shutdown()
    running.server_close()


@pytest.mark.parametrize("prefix", ["/gradio_api", ""])
def test_sentences_are_embedded(server: tuple[str, type[Page]], prefix: str) -> None:
    url, page = server
    page.prefix = prefix
    found = ServerEncoder(url, width=4).encode(["Walk.", "Bow twice."])
    assert found.tokens.shape == (2, 2, 4)
    assert found.tokens[:, 0, 0].tolist() == [5.0, 10.0]
    assert not found.padding.any()
    assert found.tokens.dtype == torch.float32
    assert ServerEncoder(url, width=4).encode([]).tokens.shape == (0, 1, 4)


def test_the_file_is_fetched_from_the_server_itself(server: tuple[str, type[Page]]) -> None:
    url, page = server
    page.elsewhere = True
    assert ServerEncoder(url, width=4).encode(["Walk."]).tokens.shape == (1, 2, 4)


def test_answers_that_are_none(server: tuple[str, type[Page]]) -> None:
    url, page = server
    with pytest.raises(ValueError, match=r"it embeds in shape \(2, 4\), not \[tokens, 9\]"):
        ServerEncoder(url, width=9).encode(["Walk."])

    class Any_(dict):  # type: ignore[type-arg]
        def __missing__(self, key: str) -> bytes:
            return b"no array"

        def setdefault(self, key: str, value: bytes) -> bytes:  # type: ignore[override]
            return value

    page.files = Any_()
    with pytest.raises(ValueError, match="gives no embedding"):
        ServerEncoder(url, width=4).encode(["Walk."])
    page.event = "error"
    with pytest.raises(ValueError, match=r"it failed: None.*start it \(kimodo_textencoder\)"):
        ServerEncoder(url, width=4).encode(["Walk."])
    page.prefix = "/nowhere"
    with pytest.raises(ValueError, match="gives no embedding"):
        ServerEncoder(url, width=4).encode(["Walk."])


def test_addresses_that_lead_nowhere() -> None:
    for address in ("file:///etc/passwd", "localhost:9550", "ftp://host"):
        with pytest.raises(ValueError, match="is none; give one such as http"):
            ServerEncoder(address)
    with pytest.raises(ValueError, match="gives no embedding"):
        ServerEncoder("http://127.0.0.1:9", timeout=2.0).encode(["Walk."])
