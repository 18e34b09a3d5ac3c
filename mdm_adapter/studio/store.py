"""Where projects live: a folder with a JSON file each, and the motions that they need beside them, by their digest.

Every file is written under a temporary name and renamed, and everything is written when it happens: who kills the
program loses nothing.
"""

import base64
import binascii
import hashlib
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from mdm_adapter.io.npz import load_archive, save_archive
from mdm_adapter.motion import Motion
from mdm_adapter.serving.json_body import read_object
from mdm_adapter.serving.refusal import Refusal
from mdm_adapter.studio.project import (
    MOST_TAKES,
    Document,
    Project,
    Take,
    check_motion,
    check_name,
    read_project,
)
from motioncollage.files import check_file, write_text

MAX_FILE_BYTES = 64 << 20  # of a project with its motions
MAX_PROJECT_BYTES = 8 << 20  # of one in the folder
MAX_MOTION_BYTES = 128 << 20
MOST_PROJECTS = 500
UNUSED_SECONDS = (
    24 * 3600.0
)  # after which a motion that no project needs is removed; undo may bring it back until then
FOLDER_VARIABLE = "MOTIONCOLLAGE_STUDIO"


def usual_folder() -> Path:
    """Where projects are kept unless somebody says otherwise."""
    return Path(os.environ.get(FOLDER_VARIABLE) or Path.home() / ".motioncollage" / "studio")


class Store:
    """Projects and motions in a folder. Every method may be called from any thread; names are checked, so that none is a
    path."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.motions = folder, folder / "motions"
        self.motions.mkdir(parents=True, exist_ok=True)
        self.lock = threading.RLock()

    def rows(self) -> list[dict[str, Any]]:
        """Projects, the last saved first; what is no project is passed over."""
        found = []
        paths = sorted(self.folder.glob("*.json"), key=lambda path: -path.stat().st_mtime)
        for path in paths[:MOST_PROJECTS]:
            with suppress(ValueError, OSError):
                project = self.read(path.stem)
                found.append(
                    {"id": path.stem, "title": project.document.title, "saved": round(path.stat().st_mtime),
                     "blocks": len(project.document.blocks), "takes": len(project.takes), "origin": project.origin}
                )  # fmt: skip
        return found

    def read(self, name: str) -> Project:
        """A project.

        Raises:
            Refusal: there is none of that name, or its file is damaged.
        """
        path = self._path(name)
        try:
            body = check_file(path, "project", most=MAX_PROJECT_BYTES).read_bytes()
        except FileNotFoundError:
            raise Refusal(
                f"there is no project {name}; choose another, or begin a new one", status=404
            ) from None
        return read_project(read_object(body, MAX_PROJECT_BYTES))

    def create(self, project: Project | None = None) -> str:
        """Keep a new project; its name."""
        name = f"{time.strftime('%Y%m%d')}-{secrets.token_hex(4)}"
        with self.lock:
            self._write(name, project or Project())
        return name

    def save(self, name: str, revision: int, document: Document) -> Project:
        """Keep a changed document.

        Raises:
            Refusal: another page saved since `revision` (409), or no such project (404).
        """
        with self.lock:
            before = self.read(name)
            if before.revision != revision:
                raise Refusal("the project was changed in another tab, which was quicker", status=409)
            after = replace(before, document=document, revision=revision + 1)
            self._write(name, after)
            return after

    def add(self, name: str, takes: Sequence[Take]) -> None:
        """Keep new takes, numbered on; the oldest that is not chosen goes where there are too many."""
        with self.lock:
            project = self.read(name)
            number = max((take.number for take in project.takes), default=0)
            there = [*project.takes, *(replace(take, number=number + 1 + i) for i, take in enumerate(takes))]
            while len(there) > MOST_TAKES:
                there.remove(next(take for take in there if take.id != project.document.chosen))
            self._write(name, replace(project, takes=tuple(there)))

    def keep(self, motion: Motion) -> str:
        """Keep a motion of one sample; its name, which is the digest of its file."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".motion-") as folder:
            path = Path(folder) / "motion.npz"
            save_archive(path, motion)
            name = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
            os.replace(path, self.motions / f"{name}.npz")
        return name

    def motion(self, name: str) -> Motion:
        """A motion.

        Raises:
            Refusal: there is none of that name.
            ValueError: its file is damaged.
        """
        path = self._motion_path(name)
        if not path.is_file():
            raise Refusal(f"the motion {name} is missing; make the take again", status=404)
        return load_archive(path)

    def to_file(self, name: str) -> bytes:
        """A project with all its motions, for another machine.

        Raises:
            Refusal: there is none, or it would be too large.
        """
        project = self.read(name)
        motions, size = {}, 0
        for motion in sorted(project.motions):
            path = self._motion_path(motion)
            size += path.stat().st_size if path.is_file() else 0
            if 4 * size > 3 * MAX_FILE_BYTES:
                raise Refusal(
                    f"the project has more than {MAX_FILE_BYTES >> 20} MB of motion; export the takes"
                )
            if path.is_file():
                motions[motion] = base64.b64encode(path.read_bytes()).decode("ascii")
        return json.dumps({**project.to_json(), "revision": 0, "motions": motions}).encode()

    def from_file(self, body: bytes) -> str:
        """Take in a project that `to_file` wrote, or anything that claims to be one; its new name.

        Raises:
            ValueError: one line: it is damaged or none.
        """
        value = read_object(body, MAX_FILE_BYTES)
        project = replace(read_project(value), revision=0, origin=hashlib.sha256(body).hexdigest())
        for name, text in _motions(value).items():
            self._take_in(check_motion(name), text)
        missing = [name for name in project.motions if not self._motion_path(name).is_file()]
        kept = tuple(take for take in project.takes if take.motion not in missing)
        blocks = tuple(block for block in project.document.blocks if block.clip not in missing)
        return self.create(replace(project, takes=kept, document=replace(project.document, blocks=blocks)))

    def opened_from(self, body: bytes) -> str | None:
        """The name of the project that was opened from such a file before."""
        digest = hashlib.sha256(body).hexdigest()
        return next((row["id"] for row in self.rows() if row["origin"] == digest), None)

    def tidy(self) -> None:
        """Remove motions that no project has needed for a day."""
        with self.lock:
            used: set[str] = set()
            for path in self.folder.glob("*.json"):
                try:
                    used |= self.read(path.stem).motions
                except ValueError:
                    return  # a project that cannot be read may need any of them
            for path in self.motions.glob("*.npz"):
                with suppress(OSError):
                    if path.stem not in used and time.time() - path.stat().st_mtime > UNUSED_SECONDS:
                        path.unlink()

    def _take_in(self, name: str, text: object) -> None:
        try:
            body = base64.b64decode(text if isinstance(text, str) else b"?", validate=True)
        except (binascii.Error, ValueError) as error:
            raise Refusal(f"the motion {name} of the project is no base64; save the project again") from error
        if hashlib.sha256(body).hexdigest()[:32] != name:
            raise Refusal(
                f"the motion {name} of the project is not what its name says; save the project again"
            )
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".motion-") as folder:
            path = Path(folder) / "motion.npz"
            path.write_bytes(body)
            try:
                load_archive(path)
            except ValueError as error:
                raise Refusal(str(error).replace(f"{folder}/", "")) from error
            os.replace(path, self._motion_path(name))

    def _write(self, name: str, project: Project) -> None:
        text = json.dumps(project.to_json())
        if len(text) > MAX_PROJECT_BYTES:
            raise Refusal("the project has too many takes and blocks; begin a new one", status=413)
        write_text(self._path(name), text, force=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{check_name(name)}.json"

    def _motion_path(self, name: str) -> Path:
        return self.motions / f"{check_motion(name)}.npz"


def _motions(value: Mapping[str, Any]) -> dict[str, object]:
    found = value.get("motions") or {}
    return found if isinstance(found, dict) else {}
