"""Who may talk to the server: this machine's own programs, and whoever has the token; never another web site's pages.

A page in a browser can send requests to 127.0.0.1. Three things keep it out: its `Origin` (and `Sec-Fetch-Site`) is not
ours; a name that it made point here (DNS rebinding) is not among the names that `Host` may have; and bodies must be
JSON, which browsers send to other sites only after a preflight, which is never answered with leave.
"""

import hmac
import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mdm_adapter.serving.refusal import Refusal

SHORTEST_TOKEN = 16
PUBLIC = ("/", "/v1/openapi.json")  # the description of the server, without anything of anybody's


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


@dataclass(frozen=True)
class Door:
    """What is let in.

    Attributes:
        host: the address or name that the server listens at.
        token: what `Authorization: Bearer` must bring; empty for none, which only a loopback address may have.
        names: further names of this machine that clients may call it by.
        public: paths that need no token, since nothing of anybody's is there.
    """

    host: str = "127.0.0.1"
    token: str = ""
    names: tuple[str, ...] = ()
    public: Collection[str] = PUBLIC

    def __post_init__(self) -> None:
        if not self.token and not is_loopback(self.host):
            raise ValueError(
                f"--host {self.host} lets other machines in; give them a secret: set MOTIONCOLLAGE_TOKEN (or --token) to"
                f" {SHORTEST_TOKEN} characters or more"
            )
        if self.token and (
            len(self.token) < SHORTEST_TOKEN or not self.token.isascii() or not self.token.isprintable()
        ):
            raise ValueError(
                f"the token has {len(self.token)} characters; give {SHORTEST_TOKEN} or more plain letters and digits, such"
                " as those of: openssl rand -hex 16"
            )

    def check(self, path: str, headers: Mapping[str, str]) -> None:
        """Let a request in.

        Args:
            headers: by names in lower case.

        Raises:
            Refusal: 403 for a host or a site that is not ours, 401 without the token.
        """
        host = headers.get("host", "")
        if not self._is_ours(host):
            raise Refusal(f"the Host {host[:100]!r} is no name of this server; use its address", status=403)
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site", "none")
        if (
            origin is not None and origin.lower() not in (f"http://{host.lower()}", f"https://{host.lower()}")
        ) or (site not in ("none", "same-origin")):
            raise Refusal("requests from pages of other sites are refused", status=403)
        if self.token and path not in self.public:
            given = headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                raise Refusal("the token is missing or wrong; send Authorization: Bearer TOKEN", status=401)

    def _is_ours(self, header: str) -> bool:
        """A name that somebody points here is not ours; an address cannot be made to point elsewhere."""
        name = header.rpartition("]")[0][1:] if header.startswith("[") else header.partition(":")[0]
        name = name.lower().rstrip(".")
        if name == "localhost":
            return True
        address = _address(name)
        if is_loopback(self.host):
            return address is not None and address.is_loopback
        return address is not None or name in (self.host.lower(), *map(str.lower, self.names))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
