"""Who is let in: a table of headers, and what a server may be started with."""

import pytest

from mdm_adapter.serving.door import Door, is_loopback
from mdm_adapter.serving.refusal import Refusal

TOKEN = "0123456789abcdef"
AT_HOME = Door()
OPEN = Door("0.0.0.0", TOKEN, ("studio",))
BEARER = {"authorization": f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8765", "localhost", "LOCALHOST:1", "localhost.", "[::1]:8765", "127.0.0.2"]
)
def test_names_of_this_machine_are_let_in(host: str) -> None:
    AT_HOME.check("/v1/jobs", {"host": host})
    AT_HOME.check("/v1/jobs", {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"})


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8765", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]:1",
     "127.0.0.1@evil.example", "[evil.example]", "localhost\x00", "0x7f.1"],
)  # fmt: skip
def test_rebound_names_are_refused(host: str) -> None:
    with pytest.raises(Refusal, match="Host") as refusal:
        AT_HOME.check("/", {"host": host})
    assert refusal.value.status == 403


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"origin": "http://127.0.0.1:9999"}, {"origin": ""},
     {"origin": "file://"}, {"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}],
)  # fmt: skip
def test_pages_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    for door, more in ((AT_HOME, {}), (OPEN, BEARER)):
        with pytest.raises(Refusal, match="other sites") as refusal:
            door.check("/v1/health", {"host": "127.0.0.1:8765", **headers, **more})
        assert refusal.value.status == 403


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer 0123456789abcdeF", f"Basic {TOKEN}", TOKEN, "Bearer \xe9"]
)
def test_the_token_is_asked_for(given: str) -> None:
    with pytest.raises(Refusal, match="token") as refusal:
        OPEN.check("/v1/health", {"host": "192.168.1.5:8765", "authorization": given})
    assert refusal.value.status == 401


def test_with_the_token_other_machines_are_let_in() -> None:
    for host in ("192.168.1.5:8765", "Studio:8765", "localhost", "[fe80::1]:1"):
        OPEN.check("/v1/jobs", {"host": host, **BEARER})
        OPEN.check("/v1/openapi.json", {"host": host})
    with pytest.raises(Refusal, match="Host"):
        OPEN.check("/v1/jobs", {"host": "evil.example", **BEARER})


def test_no_token_no_other_machines() -> None:
    with pytest.raises(ValueError, match="MOTIONCOLLAGE_TOKEN"):
        Door("0.0.0.0")
    with pytest.raises(ValueError, match="5 characters"):
        Door("127.0.0.1", "short")
    assert [is_loopback(host) for host in ("127.1.2.3", "::1", "localhost", "0.0.0.0", "::", "studio")] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
