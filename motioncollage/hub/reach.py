"""Whether a server can be reached, known within a second or two: what libraries find out by many patient attempts."""

import socket
import threading
from urllib.parse import urlsplit

SECONDS = 1.5
PORTS = {"http": 80, "https": 443}


def answers(url: str, *, seconds: float = SECONDS) -> bool:
    """Whether something listens where a URL points to, or at the proxy that leads there.

    Looking up a name can take much longer than any timeout of a socket, so it is waited for beside.
    """
    from urllib.request import getproxies, proxy_bypass  # takes as long to import as half of the command line

    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 443)
    if not proxy_bypass(host) and (proxy := getproxies().get(parts.scheme)):
        through = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        host, port = through.hostname or "", through.port or PORTS.get(through.scheme, 1080)
    found: list[bool] = []

    def knock() -> None:
        try:
            socket.create_connection((host, port), timeout=seconds).close()
        except (OSError, UnicodeError, OverflowError):
            return
        found.append(True)

    waiting = threading.Thread(target=knock, daemon=True)
    waiting.start()
    waiting.join(seconds)
    return bool(found)
