"""`motioncollage serve`: what it refuses before it serves. That it serves is tested in `serving/test_server.py`."""

import socket
import sys

import pytest
from command_line import Command, one_line


def test_other_machines_need_a_token(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOTIONCOLLAGE_TOKEN", raising=False)
    assert "MOTIONCOLLAGE_TOKEN" in one_line(command("serve", "--host", "0.0.0.0"))
    monkeypatch.setenv("MOTIONCOLLAGE_TOKEN", "short")
    assert "5 characters" in one_line(command("serve", "--host", "0.0.0.0"))


def test_ports(command: Command) -> None:
    assert "--port is 70000" in one_line(command("serve", "--port", 70000))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}" in one_line(command("serve", "--port", port))


def test_what_is_missing_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("mdm_adapter.serving.server")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    said = one_line(command("serve"))
    assert "uvicorn" in said
    assert 'pip install "motioncollage[serve]"' in said
