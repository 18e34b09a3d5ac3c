"""Which project the studio opens."""

import math
from pathlib import Path

from mdm_adapter.motion import Motion, read_motion
from mdm_adapter.studio.project import Block, Document, Project
from mdm_adapter.studio.store import MAX_FILE_BYTES, Store
from motioncollage.files import check_file
from motioncollage.wording import shown


def first_project(store: Store, file: Path | None) -> str:
    """The project of a file, or without one that which was saved last; a new one where there is none.

    A project file that was opened before goes on where it was left.

    Raises:
        ValueError: the file is damaged, or nothing that the studio reads; one line.
    """
    if file is None:
        rows = store.rows()
        return str(rows[0]["id"]) if rows else store.create()
    if file.suffix.lower() != ".json":
        motion = read_motion(file).sample(0)
        name = "".join(c for c in file.stem if c.isprintable())[:60].strip()
        name = name if any(c.isalpha() for c in name) else "imported motion"
        block = Block("imported", name, 0.0, usable_seconds(motion), clip=store.keep(motion))
        return store.create(Project(Document(title=name, blocks=(block,))))
    body = check_file(file, "project", most=MAX_FILE_BYTES).read_bytes()
    before = store.opened_from(body)
    if before:
        return before
    try:
        return store.from_file(body)
    except ValueError as error:
        raise ValueError(f"{shown(file, 200)}: {error}") from error


def usable_seconds(motion: Motion) -> float:
    """How much of imported motion a block can keep: what models write motion down with may take a frame or two for speeds
    and frame rates."""
    return max(0.2, math.floor(20 * motion.seconds - 2) / 20)
