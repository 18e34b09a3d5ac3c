"""The files of the page, by their names: a fixed table that is read once, so that no request is ever a path."""

from importlib.resources import files

TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
}
# Nothing but the server itself is asked for anything, and nothing runs but what it sends.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
ROOT = "/app/"


def read_assets() -> dict[str, tuple[str, bytes]]:
    """Media type and content of every file of the page; the player is that of `motioncollage view`."""
    folder = files("mdm_adapter").joinpath("assets")
    found = {
        entry.name: entry
        for entry in folder.joinpath("studio").iterdir()
        if entry.name.rpartition(".")[2] in TYPES
    }
    found["viewer.js"] = folder / "viewer" / "viewer.js"
    return {
        name: (TYPES[name.rpartition(".")[2]], entry.read_bytes()) for name, entry in sorted(found.items())
    }
