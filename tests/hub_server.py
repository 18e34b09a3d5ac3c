"""A hub on this machine: the part of its interface that `huggingface_hub` uses to list and to fetch a model."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

OLD, NEW = "a1" * 20, "b2" * 20


@dataclass
class Repository:
    """Files by commit; `main` is a branch. `sizes` are told instead of the true ones."""

    commits: dict[str, dict[str, bytes]]
    references: dict[str, str]
    sizes: dict[str, int] = field(default_factory=dict)
    gated: bool = False
    licence: str | None = None
    discussions: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Hub:
    repositories: dict[str, Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""
    status: int = 200  # any other is answered to everything

    def add(self, name: str, files: dict[str, bytes], **more: Any) -> Repository:
        made = Repository({OLD: files}, {"main": OLD}, **more)
        self.repositories[name] = made
        return made

    def fetched(self) -> list[str]:
        """Files whose contents were asked for."""
        return [
            line.rsplit("/", 1)[1] for line in self.asked if line.startswith("GET") and "/resolve/" in line
        ]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if self.hub.status != 200:
            return self.reply(self.hub.status)
        api = path.startswith("/api/models/")
        parts = path.removeprefix("/api/models/").strip("/").split("/")
        repository = self.hub.repositories.get("/".join(parts[:2]))
        if repository is None:
            return self.reply(404, error="RepoNotFound")
        kind, rest = (parts[2] if len(parts) > 2 else "revision"), parts[3:]
        if api and kind == "discussions":
            entries = {
                "discussions": repository.discussions,
                "count": len(repository.discussions),
                "start": 0,
            }
            return self.reply(200, json.dumps(entries).encode())
        if api and kind == "commits":
            rows = [
                {"id": commit, "title": "", "message": "", "date": "2026-01-01T00:00:00.000Z", "authors": []}
                for commit in repository.commits
            ]
            return self.reply(200, json.dumps(rows).encode())
        revision = ("/".join(rest) if api else rest[0]) if rest else "main"
        commit = repository.references.get(revision, revision)
        files = repository.commits.get(commit)
        if files is None:
            return self.reply(404, error="RevisionNotFound")
        if api:
            siblings = [
                {"rfilename": name, "size": repository.sizes.get(name, len(content))}
                for name, content in files.items()
            ]
            about: dict[str, Any] = {"id": "/".join(parts[:2]), "sha": commit, "siblings": siblings}
            if repository.licence:
                about["cardData"] = {"license": repository.licence}
            return self.reply(200, json.dumps(about).encode())
        if repository.gated:
            return self.reply(403, error="GatedRepo")
        content = files["/".join(rest[1:])]
        self.reply(200, content, {"X-Repo-Commit": commit, "ETag": f'"{hashlib.sha1(content).hexdigest()}"'})

    def reply(
        self, status: int, content: bytes = b"", headers: dict[str, str] | None = None, *, error: str = ""
    ) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), **({"X-Error-Code": error} if error else {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


@contextmanager
def serving() -> Iterator[Hub]:
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield hub
        finally:
            server.shutdown()


def point_to(monkeypatch: pytest.MonkeyPatch, url: str, cache: str, *, offline: bool = False) -> None:
    """As HF_ENDPOINT, HF_HUB_CACHE and HF_HUB_OFFLINE would, had they been set before the library was imported."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", url)
    monkeypatch.setattr(
        constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(constants, "HF_HUB_CACHE", cache)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
