"""A client for the text encoder that Kimodo's own tools run as a server (`kimodo_textencoder`, a Gradio page).

Only the standard library speaks to it: post a sentence, wait for the event, fetch the `.npy` that it names.
"""

import io
import json
import secrets
import urllib.error
import urllib.parse
import urllib.request
from typing import IO

import numpy as np
import torch
from torch import Tensor

from mdm_adapter.models.text import TextEmbedding, padded_embedding
from motioncollage.wording import reason

DEFAULT_URL = "http://127.0.0.1:9550"
WIDTH = 4096
CALL = "call/DemoWrapper"
PREFIXES = ("gradio_api/", "")  # newer servers, older ones
MAX_REPLY, MAX_EMBEDDING = 1 << 20, 64 << 20
MAX_TOKENS = 4096
PATIENCE = 300.0  # seconds; the first sentence loads the model


class ServerEncoder:
    """A text encoder (`mdm_adapter.models.text.TextEncoder`) behind an address."""

    def __init__(self, url: str = DEFAULT_URL, *, width: int = WIDTH, timeout: float = PATIENCE) -> None:
        """Raises:
        ValueError: no address of the web.
        """
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise ValueError(f"text encoder address {url!r} is none; give one such as {DEFAULT_URL}")
        self.url, self.width, self.timeout = url.rstrip("/"), width, timeout
        self._prefix: str | None = None

    def encode(self, texts: list[str]) -> TextEmbedding:
        """Tokens [len(texts), longest, width], zero padded.

        Raises:
            ValueError: the server cannot be reached, or answers with something else than embeddings.
        """
        return padded_embedding([self._embed(text) for text in texts], self.width)

    def _embed(self, text: str) -> Tensor:
        try:
            return self._fetch(self._wait(self._post(text)))
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            said = reason(error, 150)
            raise ValueError(
                f"text encoder {self.url} gives no embedding ({said}); start it (kimodo_textencoder), or give a file of"
                " embeddings"
            ) from error

    def _post(self, text: str) -> str:
        """Ask for a sentence; the name of the event that will answer."""
        body = json.dumps({"data": [text, f"{secrets.token_hex(16)}.npy"]}).encode()
        for prefix in PREFIXES if self._prefix is None else (self._prefix,):
            request = urllib.request.Request(
                f"{self.url}/{prefix}{CALL}", body, {"Content-Type": "application/json"}
            )
            try:
                with self._open(request) as reply:
                    event = json.loads(_bounded(reply, MAX_REPLY))["event_id"]
            except urllib.error.HTTPError as error:
                if error.code == 404 and prefix != PREFIXES[-1]:
                    continue
                raise
            self._prefix = prefix
            return str(event)
        raise ValueError("it has no such page")

    def _wait(self, event: str) -> str:
        """The path of the file that an event names."""
        address = f"{self.url}/{self._prefix}{CALL}/{urllib.parse.quote(event, safe='')}"
        with self._open(urllib.request.Request(address)) as reply:
            lines = _bounded(reply, MAX_REPLY).decode("utf-8").splitlines()
        kind = ""
        for line in lines:
            if line.startswith("event:"):
                kind = line.partition(":")[2].strip()
            elif line.startswith("data:") and kind in ("complete", "error"):
                answer = json.loads(line.partition(":")[2])
                if kind == "error" or not answer:
                    raise ValueError(f"it failed: {str(answer)[:80]}")
                value = answer[0]["value"] if "value" in answer[0] else answer[0]
                return str(value["path"])
        raise ValueError("it never finished")

    def _fetch(self, path: str) -> Tensor:
        # The path on our own server, never an address that the answer might name.
        address = f"{self.url}/{self._prefix}file={urllib.parse.quote(path)}"
        with self._open(urllib.request.Request(address)) as reply:
            array = np.load(io.BytesIO(_bounded(reply, MAX_EMBEDDING)), allow_pickle=False)
        if array.ndim != 2 or array.dtype.kind != "f" or array.shape[1] != self.width:
            raise ValueError(f"it embeds in shape {array.shape}, not [tokens, {self.width}]")
        if not 1 <= len(array) <= MAX_TOKENS or not np.isfinite(array).all():
            raise ValueError(f"it gave {len(array)} tokens, or numbers that are not finite")
        return torch.from_numpy(array.astype(np.float32))

    def _open(self, request: urllib.request.Request) -> IO[bytes]:
        reply: IO[bytes] = urllib.request.urlopen(request, timeout=self.timeout)
        return reply


def _bounded(reply: IO[bytes], limit: int) -> bytes:
    data = reply.read(limit + 1)
    if len(data) > limit:
        raise ValueError(f"an answer of more than {limit} bytes")
    return data
